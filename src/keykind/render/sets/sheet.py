"""Photos -> one picture that shows them all.

In:    paths of photos with captions
Out:   a contact sheet
Needs: pillow
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageDraw, ImageFont, ImageOps

T = TypeVar("T")
TILE = 160  # px, side of a photo's place
CAPTION = 18  # px below it
GAP = 6  # px
MOST = 64  # photos on a sheet
COLUMNS = 8
PAPER, INK = (250, 250, 250), (40, 40, 40)


def contact_sheet(photos: Sequence[tuple[Path, str]]) -> Image.Image:
    """Return the photos in rows, each scaled into its place, with its caption below."""
    columns = min(COLUMNS, len(photos))
    rows = -(-len(photos) // columns)
    size = (columns * (TILE + GAP) + GAP, rows * (TILE + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for place, (path, caption) in enumerate(photos):
        x = GAP + place % columns * (TILE + GAP)
        y = GAP + place // columns * (TILE + CAPTION + GAP)
        with Image.open(path) as photo:
            sheet.paste(ImageOps.pad(photo.convert("RGB"), (TILE, TILE), color=PAPER), (x, y))
        pen.text((x + TILE // 2, y + TILE + CAPTION // 2), caption, fill=INK, font=font, anchor="mm")
    return sheet


def evenly(items: Sequence[T], most: int = MOST) -> list[T]:
    """Return at most that many of the items, at even distances."""
    count = min(most, len(items))
    return [items[place * len(items) // count] for place in range(count)]
