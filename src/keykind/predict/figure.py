"""Explanation -> a picture for people: the photo, and beside it where the evidence stands.

In:    Explanation; one kind, or all
Out:   PIL image: pictures side by side on white, words below each, the scale of the colours; a PNG file
Needs: numpy, pillow
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from keykind.core.errors import BadModel, CannotWrite
from keykind.core.files import whole_file
from keykind.model.gradcam import Explanation, colours, is_empty, overlay

ALL = "all"  # in place of a kind: every kind
ONE_HEIGHT, GRID_HEIGHT = 800, 360  # px of a picture at most, for one kind and for all of them
BROAD = 1.5  # widths of a picture at most, as a share of the largest height
SMALL = 400  # px; a picture whose longer side has fewer is enlarged to them
COLUMNS = 5  # pictures in a row at most
NARROW = 260  # px that words have at least
MARGIN, GAP = 32, 28  # px of white around everything, and between pictures
TITLE, WORDS = 20, 16  # px of letters
LEADING = 1.4  # lines of text, as a share of their letters
INK, SOFT, GROUND = (29, 33, 38), (91, 101, 112), (255, 255, 255)  # as on the report page
SCALE = (220, 14)  # px of the scale of colours


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A picture with words below."""

    picture: Image.Image
    title: str
    words: str

    @property
    def width(self) -> int:
        """Return how many px it takes: long words are cut, not the picture."""
        return max(self.picture.width, NARROW)

    @property
    def height(self) -> int:
        """Return how many px it takes."""
        return self.picture.height + round((TITLE + WORDS) * LEADING) + WORDS // 2


def draw(explanation: Explanation, kind: str | None = None) -> Image.Image:
    """Return the photo beside the evidence for a kind; None: for the most probable one; ALL: for each.

    An empty map is said, not drawn. Maps of one picture have the same scale.
    Raises BadModel for a kind that the model does not know.
    """
    kinds = list(explanation.maps) if kind == ALL else [kind or explanation.best]
    for unknown in set(kinds) - explanation.maps.keys():
        fault = f"the model knows the kinds {', '.join(explanation.maps)}, but not this one"
        raise BadModel(unknown, fault=fault, remedy="give one of them, or all")
    tallest = GRID_HEIGHT if len(kinds) > 1 else ONE_HEIGHT
    shown = _fitted(explanation.pixels, tallest)
    panels = [Panel(Image.fromarray(shown), PurePath(explanation.photo).name, _answer(explanation))]
    panels += _evidence(explanation, kinds, shown)
    return _laid_out(panels)


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture as PNG, whole or not at all. Raises CannotWrite for another ending or a full disk."""
    check_ending(path)
    with whole_file(path) as temporary:
        picture.save(temporary, "PNG")


def check_ending(path: Path) -> None:
    """Raise CannotWrite unless the file's name ends in .png."""
    if path.suffix.lower() != ".png":
        fault = f"ends in '{path.suffix}', but pictures are written as .png"
        raise CannotWrite(path, fault=fault, remedy="give it that ending")


def _fitted(pixels: NDArray[np.uint8], tallest: int) -> NDArray[np.uint8]:
    """Return a photo in the size in which it is shown, in its own shape."""
    height, width = pixels.shape[:2]
    enlarge = max(1.0, SMALL / max(width, height))
    share = min(tallest / height, BROAD * tallest / width, enlarge)
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _answer(explanation: Explanation) -> str:
    """Return the answer in words."""
    best = f"{explanation.best} {explanation.probabilities[explanation.best]:.2f}"
    return best if explanation.answer == explanation.best else f"{explanation.answer}; nearest: {best}"


def _evidence(explanation: Explanation, kinds: Sequence[str], shown: NDArray[np.uint8]) -> Iterator[Panel]:
    top = max(float(explanation.maps[kind].max(initial=0)) for kind in kinds)
    for kind in kinds:
        class_map, title = explanation.maps[kind], f"{kind} {explanation.probabilities[kind]:.2f}"
        if is_empty(class_map):
            yield Panel(Image.fromarray(shown), title, "no place speaks for it")
        else:
            drawn = overlay(shown, class_map, top=top)
            yield Panel(Image.fromarray(drawn), title, "where the evidence for it stands")


def _laid_out(panels: Sequence[Panel]) -> Image.Image:
    """Return the panels in rows, with the scale of the colours below."""
    across = max(panel.width for panel in panels) + GAP
    down = max(panel.height for panel in panels) + GAP
    rows = -(-len(panels) // COLUMNS)
    columns = -(-len(panels) // rows)
    size = 2 * MARGIN + columns * across - GAP, 2 * MARGIN + rows * down + round(WORDS * LEADING)
    ground = Image.new("RGB", size, GROUND)
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        _place(ground, panel, (MARGIN + column * across, MARGIN + row * down))
    _place_scale(ground, (MARGIN, MARGIN + rows * down))
    return ground


def _place(ground: Image.Image, panel: Panel, corner: tuple[int, int]) -> None:
    left, top = corner
    ground.paste(panel.picture, corner)
    pen = ImageDraw.Draw(ground)
    line = top + panel.picture.height + WORDS // 2
    for text, size, colour in ((panel.title, TITLE, INK), (panel.words, WORDS, SOFT)):
        font = ImageFont.load_default(size)
        pen.text((left, line), _cut(text, panel.width, font), fill=colour, font=font)
        line += round(size * LEADING)


def _cut(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return a text with its middle left out where it is wider than that many px."""
    for kept in range(len(text), 0, -1):
        shorter = text if kept == len(text) else f"{text[: kept // 2]}…{text[len(text) - kept + kept // 2 :]}"
        if font.getlength(shorter) <= width:
            return shorter
    return ""


def _place_scale(ground: Image.Image, corner: tuple[int, int]) -> None:
    left, top = corner
    pen, font = ImageDraw.Draw(ground), ImageFont.load_default(WORDS)
    middle = top + SCALE[1] // 2
    pen.text((left, middle), "no evidence", fill=SOFT, font=font, anchor="lm")
    left += round(font.getlength("no evidence")) + WORDS // 2
    ramp = np.tile(np.linspace(0, 1, SCALE[0], dtype=np.float32), (SCALE[1], 1))
    ground.paste(Image.fromarray(np.rint(colours(ramp)).astype(np.uint8)), (left, top))
    left += SCALE[0] + WORDS // 2
    pen.text((left, middle), "most evidence", fill=SOFT, font=font, anchor="lm")
