"""Rasterise stamped or printed text, logos, frames, patterns and icons.

In:    Stamp, Frame, random generator (for the letterform)
Out:   StampMask: a window of the frame, with a mask that is 1 inside the stamp and 0 outside
Needs: numpy, pillow, manifold3d    [render]

Shapes are named "logo:NAME" (an invented logo that depends on the name alone), "frame:round",
"frame:outline", "pattern:stripes", "pattern:knurl", "icon:lock|unlock|trunk|horn"; any other text is itself.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keykind.render.paint.tiles import Frame
from keykind.render.solids import Stamp

CAP_HEIGHT = 0.70  # height of a capital letter in Pillow's default font, in font sizes
MAX_HEIGHT = 256  # px, of the drawn stamp before it is resampled to the frame
MIN_HEIGHT = 12
RIM = 0.5  # mm, width of the line that follows the edge of a frame
RIM_INSET = 1.2  # mm from the edge of the frame to that line
OUTLINED_SHARE = 0.12  # of texts, in outlined letters
PUNCHED_SHARE = 0.4  # of numbers, punched digit by digit

Draw = ImageDraw.ImageDraw


@lru_cache(maxsize=64)
def default_font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's default font; size: px."""
    return ImageFont.load_default(size)


@dataclass(frozen=True, slots=True)
class StampMask:
    """The mask of a stamp in a window of a frame."""

    rows: slice
    columns: slice
    mask: np.ndarray  # (rows, columns) float32, 0..1


def stamp_mask(stamp: Stamp, frame: Frame, rng: np.random.Generator) -> StampMask:
    """Return the mask of a stamp on a frame. Raises ValueError for an unknown shape."""
    shape, _, name = stamp.text.partition(":")
    if stamp.text == "frame:outline":
        return StampMask(slice(0, frame.size[1]), slice(0, frame.size[0]), _outline(frame))
    min_height = 2 * MIN_HEIGHT if shape in SHAPES else MIN_HEIGHT
    height = int(np.clip(stamp.height * frame.scale * 1.3, min_height, MAX_HEIGHT))
    if shape not in SHAPES:
        return _transform(_draw_text(stamp.text, height, rng), stamp, frame, height)
    picture = Image.new("L", (height + 2, height + 2))
    SHAPES[shape](ImageDraw.Draw(picture), height, name)
    return _transform(picture, stamp, frame, height)


def _transform(image: Image.Image, stamp: Stamp, frame: Frame, height: int) -> StampMask:
    """Transform an image, in which `height` px are the height of the stamp, to the frame."""
    x0, y0, x1, y1 = frame.box
    per_x, per_y = frame.size[0] / (x1 - x0), frame.size[1] / (y1 - y0)
    grain = height / stamp.height  # px of the image per mm
    c, s = math.cos(math.radians(stamp.angle)), math.sin(math.radians(stamp.angle))
    column, row = (stamp.centre[0] - x0) * per_x, (y1 - stamp.centre[1]) * per_y
    stretch = (abs(c) * image.width + abs(s) * image.height) / 2 / grain * per_x
    high = (abs(s) * image.width + abs(c) * image.height) / 2 / grain * per_y
    left, right = (int(np.clip(v, 0, frame.size[0])) for v in (column - stretch, column + stretch + 1))
    top, bottom = (int(np.clip(v, 0, frame.size[1])) for v in (row - high, row + high + 1))
    a, b = c * grain / per_x, -s * grain / per_y
    d, e = s * grain / per_x, c * grain / per_y
    column, row = column - left, row - top
    data = (a, b, image.width / 2 - a * column - b * row, d, e, image.height / 2 - d * column - e * row)
    size = (right - left, bottom - top)
    if min(size) <= 0:
        return StampMask(slice(0, 0), slice(0, 0), np.zeros((0, 0), dtype=np.float32))
    transformed = image.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    return StampMask(
        slice(top, bottom), slice(left, right), np.asarray(transformed, dtype=np.float32) / 255.0
    )


def _draw_text(text: str, height: int, rng: np.random.Generator) -> Image.Image:
    """Draw a text with capitals `height` px high in a random letterform."""
    font = default_font(round(height / CAP_HEIGHT))
    bold = round(height * rng.choice([0.0, 0.03, 0.05, 0.08]))
    loose = height * rng.choice([0.0, 0.05, 0.12]) + bold
    punched = any(c.isdigit() for c in text) and rng.random() < PUNCHED_SHARE
    jitter = rng.normal(0.0, 0.05 * height if punched else 0.0, len(text))
    width = sum(font.getlength(c) + loose for c in text)
    margin = round(0.45 * height) + 2
    picture = Image.new("L", (round(width) + 2 * margin, height + 2 * margin))
    draw, left = ImageDraw.Draw(picture), float(margin)
    for character, raised in zip(text, jitter, strict=True):
        draw.text((left, margin + height + raised), character, 255, font, anchor="ls", stroke_width=bold)
        left += font.getlength(character) + loose
    if not punched and rng.random() < OUTLINED_SHARE:
        inner = _erode(picture, max(1, round(0.05 * height)))
        picture = Image.fromarray(np.asarray(picture) - np.asarray(inner))
    stretch, slant = float(rng.uniform(0.75, 1.35)), float(rng.choice([0.0, 0.0, 0.0, 0.2]))
    size = (round(picture.width * stretch), picture.height)
    data = (1 / stretch, slant, -slant * picture.height / 2, 0.0, 1.0, 0.0)
    return picture.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)


def _erode(picture: Image.Image, pixels: int) -> Image.Image:
    """Erode the white area by this many px."""
    field = np.asarray(picture)
    for axis in (0, 1):
        field = np.minimum(np.minimum(field, np.roll(field, pixels, axis)), np.roll(field, -pixels, axis))
    return Image.fromarray(field)


def _outline(frame: Frame) -> np.ndarray:
    """Draw a line parallel to the edge of the frame."""
    x0, y0, x1, y1 = frame.box
    inset = min(RIM_INSET, (x1 - x0) / 6, (y1 - y0) / 6) * frame.scale
    picture = Image.new("L", frame.size)
    edges = (inset, inset, frame.size[0] - 1 - inset, frame.size[1] - 1 - inset)
    round_by = min(frame.size) / 3
    width = max(1, round(RIM * frame.scale))
    ImageDraw.Draw(picture).rounded_rectangle(edges, round_by, outline=255, width=width)
    return np.asarray(picture, dtype=np.float32) / 255.0


def _frame(draw: Draw, height: int, name: str) -> None:
    if name != "round":
        raise ValueError(f"frame {name!r}: expected round or outline")
    draw.ellipse((0, 0, height, height), outline=255, width=max(1, height // 16))


def _pattern(draw: Draw, height: int, name: str) -> None:
    """Fill a disc with parallel lines; a knurl has two sets of them."""
    if name not in ("stripes", "knurl"):
        raise ValueError(f"pattern {name!r}: expected stripes or knurl")
    step, radius = max(4, height // 14), height / 2
    for offset in range(-height, height + 1, step):
        if name == "stripes":
            half = math.sqrt(max(0.0, radius**2 - offset**2))
            draw.line((radius + offset, radius - half, radius + offset, radius + half), 255, step // 2)
            continue
        half = math.sqrt(max(0.0, radius**2 - offset**2 / 2))  # of the chord along a diagonal
        near, far = offset / 2 - half / math.sqrt(2), offset / 2 + half / math.sqrt(2)
        if half > 0:
            line = (radius + near, radius - near + offset, radius + far, radius - far + offset)
            draw.line(line, 255, step // 4)
            draw.line([height - v if i % 2 == 0 else v for i, v in enumerate(line)], 255, step // 4)


def _logo(draw: Draw, height: int, name: str) -> None:
    """Draw the logo that belongs to a name: a border around its initials or a shape."""
    seed = int.from_bytes(name.encode(), "big")  # selects the elements
    line = max(1, height // (10 + seed % 9))
    _border(draw, height, line, seed % 5)
    inside, middle = seed % 7, height / 2
    if inside < 3 and name:
        letters = name[: 1 + inside].upper()
        font = default_font(round(height * (0.75, 0.55, 0.4)[inside]))
        draw.text((middle, middle), letters, 255, font, anchor="mm", stroke_width=line // 4)
    elif inside < 5:
        arms = 3 + seed % 11 % 4
        for arm in range(arms):
            turn = 2 * math.pi * arm / arms - math.pi / 2
            reach = (middle + 0.4 * height * math.cos(turn), middle + 0.4 * height * math.sin(turn))
            draw.line((middle, middle, *reach), 255, line)
    else:
        for part in (0.32, 0.5, 0.68):
            draw.polygon(
                [
                    (0.25 * height, part * height + line),
                    (middle, (part - 0.14) * height),
                    (0.75 * height, part * height + line),
                    (middle, (part - 0.02) * height),
                ],
                255,
            )


def _border(draw: Draw, height: int, line: int, shape: int) -> None:
    middle = height / 2
    if shape == 0:
        draw.ellipse((0, 0, height, height), outline=255, width=line)
    elif shape == 1:
        draw.ellipse((0, 0.15 * height, height, 0.85 * height), outline=255, width=line)
    elif shape == 2:
        draw.rounded_rectangle((0, 0.1 * height, height, 0.9 * height), 0.2 * height, outline=255, width=line)
    else:
        corners = 4 if shape == 3 else 6
        draw.regular_polygon(
            (middle, middle, middle), corners, 45 if shape == 3 else 0, outline=255, width=line
        )


def _icon(draw: Draw, height: int, name: str) -> None:
    if name not in ICONS:
        raise ValueError(f"icon {name!r}: expected one of {', '.join(ICONS)}")
    ICONS[name](draw, height)


def _lock(draw: Draw, height: int, lift: float = 0.0) -> None:
    line = max(1, height // 10)
    draw.rounded_rectangle(
        (0.2 * height, 0.48 * height, 0.8 * height, 0.95 * height), 0.06 * height, outline=255, width=line
    )
    draw.line((height / 2, 0.65 * height, height / 2, 0.8 * height), 255, line)
    left, right, top = (0.3 + lift) * height, (0.7 + lift) * height, 0.08 * height
    draw.arc((left, top, right, top + 0.45 * height), 180, 360, 255, line)
    draw.line((left + line / 2, 0.3 * height, left + line / 2, (0.4 if lift else 0.5) * height), 255, line)
    draw.line((right - line / 2, 0.3 * height, right - line / 2, 0.5 * height), 255, line)


def _trunk(draw: Draw, height: int) -> None:
    """Draw a car from the side with an open boot."""
    line = max(1, height // 12)
    body = [
        (0.05, 0.68),
        (0.08, 0.55),
        (0.3, 0.5),
        (0.42, 0.34),
        (0.68, 0.34),
        (0.76, 0.5),
        (0.95, 0.54),
        (0.95, 0.68),
    ]
    draw.line([(x * height, y * height) for x, y in [*body, body[0]]], 255, line, joint="curve")
    draw.line((0.72 * height, 0.36 * height, 0.95 * height, 0.18 * height), 255, line)
    for wheel in (0.25, 0.75):
        draw.ellipse(
            ((wheel - 0.1) * height, 0.6 * height, (wheel + 0.1) * height, 0.8 * height), 0, 255, line
        )


def _horn(draw: Draw, height: int) -> None:
    """Draw a loudspeaker with sound waves, the icon of a panic button."""
    line = max(1, height // 12)
    cone = [(0.1, 0.4), (0.25, 0.4), (0.5, 0.2), (0.5, 0.8), (0.25, 0.6), (0.1, 0.6)]
    draw.polygon([(x * height, y * height) for x, y in cone], 255)
    for reach in (0.16, 0.3, 0.44):
        box = ((0.5 - reach) * height, (0.5 - reach) * height, (0.5 + reach) * height, (0.5 + reach) * height)
        draw.arc(box, -45, 45, 255, line)


SHAPES: dict[str, Callable[[Draw, int, str], None]] = {
    "frame": _frame,
    "pattern": _pattern,
    "logo": _logo,
    "icon": _icon,
}
ICONS: dict[str, Callable[[Draw, int], None]] = {
    "lock": _lock,
    "unlock": lambda draw, height: _lock(draw, height, 0.22),
    "trunk": _trunk,
    "horn": _horn,
}
