"""Photos as a camera stores them in any orientation, with a dot at each end of a key.

In:    the path of the file, an EXIF orientation, head and tip
Out:   a JPEG, which shows a red dot at the head and a blue one at the tip once it is turned upright
Needs: numpy, pillow
"""

from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageDraw

STORED = {  # EXIF orientation -> what a camera does to the upright picture when it stores it
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

Point = tuple[float, float]


def save_turned(path: Path, orientation: int, size: tuple[int, int], head: Point, tip: Point) -> None:
    """Save a photo; size, head and tip: of the upright one, px."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    radius = max(size) // 60
    draw.circle(head, radius, "red")
    draw.circle(tip, radius, "blue")
    turn = STORED[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture if turn is None else picture.transpose(turn)).save(path, exif=exif, quality=95)


def ends_are_at(picture: Image.Image, head: Point, tip: Point) -> bool:
    """Return whether a picture, as it is stored, shows the dots there (px)."""
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    (x, y), (u, v) = np.rint([head, tip]).astype(int)
    red, blue = pixels[y, x], pixels[v, u]
    return bool(red[0] - max(red[1:]) > 150 and blue[2] - max(blue[:2]) > 150)
