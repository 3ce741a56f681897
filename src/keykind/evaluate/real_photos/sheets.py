"""Answers for real photos -> contact sheets that show what fails.

In:    AnsweredPhoto(s)
Out:   misses.png, false.png (the worst first), all-01.png, ...: photos with marks, detections and answers
Needs: numpy, pillow

Thick lines, with a ring at the head, are marked keys, green if they are detected and red if not, and false
keys of the answer, magenta. Thin lines are all detections: of marked keys (white), not counted (cyan), false
(plum). Each key of the answer has its kind and probability; the caption compares label and answer.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keykind.core.files import atomic_write
from keykind.core.geometry import Points
from keykind.core.parallel import parallel_map
from keykind.evaluate.real_photos.answers import AnsweredPhoto
from keykind.photo.decode import read_photo

TILE = 320  # px, longest side of a photo
CAPTION = 32  # px, height of two lines below it
GAP = 6  # px
COLUMNS, ROWS = 6, 8
FONT = 12  # px
FOUND, MISSED, FALSE = "lime", "red", "magenta"  # marked keys, false keys of the answer
MATCHED, NOT_COUNTED, FALSE_DETECTION = "white", "cyan", "plum"
BACKGROUND, TEXT = "white", "black"
RING = 5  # px, radius at the head


def write_sheets(photos: Sequence[AnsweredPhoto], folder: Path) -> tuple[Path, ...]:
    """Write the sheets and return their paths. Raises CannotWrite, BadPhoto if a photo has disappeared."""
    tiles = list(parallel_map(draw_photo, photos))
    misses = [(_missed(photo), tile) for photo, tile in zip(photos, tiles, strict=True)]
    false = [(_false(photo), tile) for photo, tile in zip(photos, tiles, strict=True)]
    page = COLUMNS * ROWS
    sheets = {
        "misses.png": _worst_first(misses)[:page],
        "false.png": _worst_first(false)[:page],
        **{
            f"all-{start // page + 1:02}.png": tiles[start : start + page]
            for start in range(0, len(tiles), page)
        },
    }
    for name, chosen in sheets.items():
        with atomic_write(folder / name) as temporary:
            arrange(chosen).save(temporary)
    return tuple(folder / name for name in sheets)


def draw_photo(photo: AnsweredPhoto) -> Image.Image:
    """Return a photo with its marks, its false detections and its caption (TILE, TILE + CAPTION)."""
    item = photo.detected
    small = Image.fromarray(read_photo(item.photo.path, min_side=TILE).pixels)
    small.thumbnail((TILE, TILE))
    scale = small.width / item.width
    pen, font = ImageDraw.Draw(small), ImageFont.load_default(FONT)
    found = {match.mark for match in item.default}
    for i, mark in enumerate(item.photo.marks):
        _draw_key(pen, mark.keypoints * scale, FOUND if i in found else MISSED, 3)
    for match in item.default:
        colour = FALSE_DETECTION if match.false else NOT_COUNTED if match.mark is None else MATCHED
        _draw_key(pen, match.keypoints * scale, colour, 1)
    for entry in photo.keys:
        x, y = (entry.match.keypoints.mean(axis=0) * scale).tolist()
        if entry.match.false:
            _draw_key(pen, entry.match.keypoints * scale, FALSE, 3)
        answer = f"{entry.key.kind or '?'} {entry.key.probability:.2f}"
        pen.text((x, y), answer, fill="yellow", font=font, stroke_width=2, stroke_fill="black", anchor="mm")
    tile = Image.new("RGB", (TILE, TILE + CAPTION), BACKGROUND)
    tile.paste(small, ((TILE - small.width) // 2, (TILE - small.height) // 2))
    ImageDraw.Draw(tile).text((2, TILE + 2), f"{item.photo.name}\n{_caption(photo)}", fill=TEXT, font=font)
    return tile


def arrange(tiles: Sequence[Image.Image]) -> Image.Image:
    """Return tiles in rows of COLUMNS; an empty tile if there is none."""
    width, height = TILE + GAP, TILE + CAPTION + GAP
    columns, rows = min(COLUMNS, max(len(tiles), 1)), max(-(-len(tiles) // COLUMNS), 1)
    sheet = Image.new("RGB", (columns * width + GAP, rows * height + GAP), BACKGROUND)
    for i, tile in enumerate(tiles):
        sheet.paste(tile, (GAP + i % COLUMNS * width, GAP + i // COLUMNS * height))
    return sheet


def _draw_key(pen: ImageDraw.ImageDraw, keypoints: Points, colour: str, width: int) -> None:
    (x, y), (u, v) = keypoints.tolist()
    pen.line((x, y, u, v), fill=colour, width=width)
    pen.ellipse((x - RING, y - RING, x + RING, y + RING), outline=colour, width=2)


def _caption(photo: AnsweredPhoto) -> str:
    """Return label and answer, and how many of the marked keys are detected."""
    answer = photo.kind or ("not sure" if photo.keys else "no key")
    marks = len(photo.detected.photo.marks)
    found = f"; {marks - _missed(photo)} of {marks} detected" if marks else ""
    return f"{photo.label} > {answer}{found}"


def _missed(photo: AnsweredPhoto) -> int:
    """Return how many marked keys the detector misses at its own threshold; a photo of one kind has one."""
    item = photo.detected
    if not item.photo.marks:
        return int(photo.shows_one_kind and not item.default)
    return len(item.photo.marks) - len({match.mark for match in item.default} - {None})


def _false(photo: AnsweredPhoto) -> float:
    """Return how many false keys are in the answer, and a bit more for those that are left out of it."""
    reported = sum(entry.match.false and entry.key.kind is not None for entry in photo.keys)
    return reported + 0.01 * sum(match.false for match in photo.detected.default)


def _worst_first(tiles: Sequence[tuple[float, Image.Image]]) -> list[Image.Image]:
    """Return the tiles with something wrong."""
    order = np.argsort([-wrong for wrong, _ in tiles], kind="stable")
    return [tiles[i][1] for i in order if tiles[i][0] > 0]
