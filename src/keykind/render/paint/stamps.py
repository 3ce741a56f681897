"""Struck and printed signs: text, logos, frames, patterns, icons -> where on a sheet they are.

In:    Stamp, Frame, a random generator for the letterform
Out:   Sign: a window of the sheet, 1 inside the sign and 0 outside, soft at its edge
Needs: numpy, pillow    [render]

Shapes are named "logo:NAME" (an invented sign, always the same for one name), "frame:round", "frame:outline",
"pattern:stripes", "pattern:knurl", "icon:lock|unlock|trunk|horn"; any other text is written out.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keykind.render.paint.tiles import Frame
from keykind.render.solids import Stamp

CAPITAL = 0.70  # height of a capital letter in Pillow's own font, in font sizes
MOST_PIXELS = 256  # height of a drawn sign; it is scaled down to the sheet
LEAST_PIXELS = 12
RIM = 0.5  # mm, width of the rim line that follows the edge of a sheet
RIM_INSET = 1.2  # mm from the edge of the sheet to that line
HOLLOW = 0.12  # share of the texts in outlined letters
PUNCHED = 0.4  # share of the numbers that are punched digit by digit

Draw = ImageDraw.ImageDraw


@lru_cache(maxsize=64)
def lettering(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return Pillow's own font at a size in pixels."""
    return ImageFont.load_default(size)


@dataclass(frozen=True, slots=True)
class Sign:
    """A stamp laid on a sheet: the part of it that the stamp lies in, and where the stamp is there."""

    rows: slice
    columns: slice
    mask: np.ndarray  # (rows, columns) float32 within 0..1


def place(stamp: Stamp, frame: Frame, rng: np.random.Generator) -> Sign:
    """Return where a stamp lies on the sheet. Raises ValueError for an unknown shape."""
    kind, _, name = stamp.text.partition(":")
    if stamp.text == "frame:outline":
        return Sign(slice(0, frame.size[1]), slice(0, frame.size[0]), _outline(frame))
    least = 2 * LEAST_PIXELS if kind in SHAPES else LEAST_PIXELS
    tall = int(np.clip(stamp.height * frame.scale * 1.3, least, MOST_PIXELS))
    if kind not in SHAPES:
        return _laid(_written(stamp.text, tall, rng), stamp, frame, tall)
    picture = Image.new("L", (tall + 2, tall + 2))
    SHAPES[kind](ImageDraw.Draw(picture), tall, name)
    return _laid(picture, stamp, frame, tall)


def _laid(sign: Image.Image, stamp: Stamp, frame: Frame, tall: int) -> Sign:
    """Lay a picture in which `tall` pixels are the stamp's height onto the sheet."""
    x0, y0, x1, y1 = frame.box
    per_x, per_y = frame.size[0] / (x1 - x0), frame.size[1] / (y1 - y0)
    grain = tall / stamp.height  # pixels of the sign per mm
    c, s = math.cos(math.radians(stamp.angle)), math.sin(math.radians(stamp.angle))
    column, row = (stamp.centre[0] - x0) * per_x, (y1 - stamp.centre[1]) * per_y
    wide = (abs(c) * sign.width + abs(s) * sign.height) / 2 / grain * per_x
    high = (abs(s) * sign.width + abs(c) * sign.height) / 2 / grain * per_y
    left, right = (int(np.clip(v, 0, frame.size[0])) for v in (column - wide, column + wide + 1))
    top, bottom = (int(np.clip(v, 0, frame.size[1])) for v in (row - high, row + high + 1))
    a, b = c * grain / per_x, -s * grain / per_y
    d, e = s * grain / per_x, c * grain / per_y
    column, row = column - left, row - top
    data = (a, b, sign.width / 2 - a * column - b * row, d, e, sign.height / 2 - d * column - e * row)
    size = (right - left, bottom - top)
    if min(size) <= 0:
        return Sign(slice(0, 0), slice(0, 0), np.zeros((0, 0), dtype=np.float32))
    laid = sign.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    return Sign(slice(top, bottom), slice(left, right), np.asarray(laid, dtype=np.float32) / 255.0)


def _written(text: str, tall: int, rng: np.random.Generator) -> Image.Image:
    """Write a text in capitals `tall` pixels high, in a letterform of its own."""
    font = lettering(round(tall / CAPITAL))
    bold = round(tall * rng.choice([0.0, 0.03, 0.05, 0.08]))
    loose = tall * rng.choice([0.0, 0.05, 0.12]) + bold
    punched = any(c.isdigit() for c in text) and rng.random() < PUNCHED
    jitter = rng.normal(0.0, 0.05 * tall if punched else 0.0, len(text))
    width = sum(font.getlength(c) + loose for c in text)
    margin = round(0.45 * tall) + 2
    picture = Image.new("L", (round(width) + 2 * margin, tall + 2 * margin))
    draw, left = ImageDraw.Draw(picture), float(margin)
    for character, raised in zip(text, jitter, strict=True):
        draw.text((left, margin + tall + raised), character, 255, font, anchor="ls", stroke_width=bold)
        left += font.getlength(character) + loose
    if not punched and rng.random() < HOLLOW:
        inner = _thinner(picture, max(1, round(0.05 * tall)))
        picture = Image.fromarray(np.asarray(picture) - np.asarray(inner))
    wide, slant = float(rng.uniform(0.75, 1.35)), float(rng.choice([0.0, 0.0, 0.0, 0.2]))
    size = (round(picture.width * wide), picture.height)
    data = (1 / wide, slant, -slant * picture.height / 2, 0.0, 1.0, 0.0)
    return picture.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)


def _thinner(picture: Image.Image, pixels: int) -> Image.Image:
    """Shrink what is white by some pixels on each side."""
    field = np.asarray(picture)
    for axis in (0, 1):
        field = np.minimum(np.minimum(field, np.roll(field, pixels, axis)), np.roll(field, -pixels, axis))
    return Image.fromarray(field)


def _outline(frame: Frame) -> np.ndarray:
    """Draw a rim line that follows the edge of the sheet at a distance."""
    x0, y0, x1, y1 = frame.box
    inset = min(RIM_INSET, (x1 - x0) / 6, (y1 - y0) / 6) * frame.scale
    picture = Image.new("L", frame.size)
    edges = (inset, inset, frame.size[0] - 1 - inset, frame.size[1] - 1 - inset)
    round_by = min(frame.size) / 3
    width = max(1, round(RIM * frame.scale))
    ImageDraw.Draw(picture).rounded_rectangle(edges, round_by, outline=255, width=width)
    return np.asarray(picture, dtype=np.float32) / 255.0


def _frame(draw: Draw, tall: int, name: str) -> None:
    if name != "round":
        raise ValueError(f'no frame is called "{name}"; known are "round" and "outline"')
    draw.ellipse((0, 0, tall, tall), outline=255, width=max(1, tall // 16))


def _pattern(draw: Draw, tall: int, name: str) -> None:
    """Fill a disc with lines: a knurl is two sets of them."""
    if name not in ("stripes", "knurl"):
        raise ValueError(f'no pattern is called "{name}"; known are "stripes" and "knurl"')
    step, radius = max(4, tall // 14), tall / 2
    for offset in range(-tall, tall + 1, step):
        if name == "stripes":
            half = math.sqrt(max(0.0, radius**2 - offset**2))
            draw.line((radius + offset, radius - half, radius + offset, radius + half), 255, step // 2)
            continue
        half = math.sqrt(max(0.0, radius**2 - offset**2 / 2))  # of the chord, along a diagonal
        near, far = offset / 2 - half / math.sqrt(2), offset / 2 + half / math.sqrt(2)
        if half > 0:
            line = (radius + near, radius - near + offset, radius + far, radius - far + offset)
            draw.line(line, 255, step // 4)
            draw.line([tall - v if i % 2 == 0 else v for i, v in enumerate(line)], 255, step // 4)


def _logo(draw: Draw, tall: int, name: str) -> None:
    """Draw the sign that this name always gets: a border, something inside it, its first letters."""
    number = int.from_bytes(name.encode(), "big")  # chooses among the signs
    line = max(1, tall // (10 + number % 9))
    _border(draw, tall, line, number % 5)
    inside, middle = number % 7, tall / 2
    if inside < 3 and name:
        letters = name[: 1 + inside].upper()
        font = lettering(round(tall * (0.75, 0.55, 0.4)[inside]))
        draw.text((middle, middle), letters, 255, font, anchor="mm", stroke_width=line // 4)
    elif inside < 5:
        arms = 3 + number % 11 % 4
        for arm in range(arms):
            turn = 2 * math.pi * arm / arms - math.pi / 2
            reach = (middle + 0.4 * tall * math.cos(turn), middle + 0.4 * tall * math.sin(turn))
            draw.line((middle, middle, *reach), 255, line)
    else:
        for part in (0.32, 0.5, 0.68):
            draw.polygon(
                [
                    (0.25 * tall, part * tall + line),
                    (middle, (part - 0.14) * tall),
                    (0.75 * tall, part * tall + line),
                    (middle, (part - 0.02) * tall),
                ],
                255,
            )


def _border(draw: Draw, tall: int, line: int, kind: int) -> None:
    middle = tall / 2
    if kind == 0:
        draw.ellipse((0, 0, tall, tall), outline=255, width=line)
    elif kind == 1:
        draw.ellipse((0, 0.15 * tall, tall, 0.85 * tall), outline=255, width=line)
    elif kind == 2:
        draw.rounded_rectangle((0, 0.1 * tall, tall, 0.9 * tall), 0.2 * tall, outline=255, width=line)
    else:
        corners = 4 if kind == 3 else 6
        draw.regular_polygon(
            (middle, middle, middle), corners, 45 if kind == 3 else 0, outline=255, width=line
        )


def _icon(draw: Draw, tall: int, name: str) -> None:
    if name not in ICONS:
        raise ValueError(f'no icon is called "{name}"; known are {", ".join(ICONS)}')
    ICONS[name](draw, tall)


def _lock(draw: Draw, tall: int, lift: float = 0.0) -> None:
    line = max(1, tall // 10)
    draw.rounded_rectangle(
        (0.2 * tall, 0.48 * tall, 0.8 * tall, 0.95 * tall), 0.06 * tall, outline=255, width=line
    )
    draw.line((tall / 2, 0.65 * tall, tall / 2, 0.8 * tall), 255, line)
    left, right, top = (0.3 + lift) * tall, (0.7 + lift) * tall, 0.08 * tall
    draw.arc((left, top, right, top + 0.45 * tall), 180, 360, 255, line)
    draw.line((left + line / 2, 0.3 * tall, left + line / 2, (0.4 if lift else 0.5) * tall), 255, line)
    draw.line((right - line / 2, 0.3 * tall, right - line / 2, 0.5 * tall), 255, line)


def _trunk(draw: Draw, tall: int) -> None:
    """Draw a car from the side with its boot lid up."""
    line = max(1, tall // 12)
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
    draw.line([(x * tall, y * tall) for x, y in [*body, body[0]]], 255, line, joint="curve")
    draw.line((0.72 * tall, 0.36 * tall, 0.95 * tall, 0.18 * tall), 255, line)
    for wheel in (0.25, 0.75):
        draw.ellipse(((wheel - 0.1) * tall, 0.6 * tall, (wheel + 0.1) * tall, 0.8 * tall), 0, 255, line)


def _horn(draw: Draw, tall: int) -> None:
    """Draw a loudspeaker with sound arcs: the panic button."""
    line = max(1, tall // 12)
    cone = [(0.1, 0.4), (0.25, 0.4), (0.5, 0.2), (0.5, 0.8), (0.25, 0.6), (0.1, 0.6)]
    draw.polygon([(x * tall, y * tall) for x, y in cone], 255)
    for reach in (0.16, 0.3, 0.44):
        box = ((0.5 - reach) * tall, (0.5 - reach) * tall, (0.5 + reach) * tall, (0.5 + reach) * tall)
        draw.arc(box, -45, 45, 255, line)


SHAPES: dict[str, Callable[[Draw, int, str], None]] = {
    "frame": _frame,
    "pattern": _pattern,
    "logo": _logo,
    "icon": _icon,
}
ICONS: dict[str, Callable[[Draw, int], None]] = {
    "lock": _lock,
    "unlock": lambda draw, tall: _lock(draw, tall, 0.22),
    "trunk": _trunk,
    "horn": _horn,
}
