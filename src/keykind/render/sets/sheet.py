"""Arrange photos on a contact sheet.

In:    paths of photos with captions
Out:   one image with all of them
Needs: pillow
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageDraw, ImageFont, ImageOps

T = TypeVar("T")
TILE = 160  # px, side of a photo's tile
CAPTION = 18  # px, height of the caption below it
GAP = 6  # px
MAX_PHOTOS = 64  # per sheet
COLUMNS = 8
BACKGROUND, TEXT = (250, 250, 250), (40, 40, 40)


def contact_sheet(photos: Sequence[tuple[Path, str]]) -> Image.Image:
    """Return the photos in rows, each fitted into its tile with its caption below."""
    columns = min(COLUMNS, len(photos))
    rows = -(-len(photos) // columns)
    size = (columns * (TILE + GAP) + GAP, rows * (TILE + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for i, (path, caption) in enumerate(photos):
        x = GAP + i % columns * (TILE + GAP)
        y = GAP + i // columns * (TILE + CAPTION + GAP)
        with Image.open(path) as photo:
            sheet.paste(ImageOps.pad(photo.convert("RGB"), (TILE, TILE), color=BACKGROUND), (x, y))
        draw.text((x + TILE // 2, y + TILE + CAPTION // 2), caption, fill=TEXT, font=font, anchor="mm")
    return sheet


def evenly_spaced(items: Sequence[T], limit: int = MAX_PHOTOS) -> list[T]:
    """Return at most `limit` of the items, evenly spaced."""
    count = min(limit, len(items))
    return [items[i * len(items) // count] for i in range(count)]
