"""Ground textures of print: pages with text, headings, tables and pictures.

In:    Frame, random generator
Out:   Tile
Needs: numpy, pillow, manifold3d    [render]

All words are invented.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from keykind.render.paint.colours import LINEAR_OF_BYTE, hex_colours, hsv
from keykind.render.paint.noise import fractal_noise
from keykind.render.paint.stamps import default_font
from keykind.render.paint.tiles import Frame, Tile, make_tile

SYLLABLES = "ka lo mi ter van sol re di no par qui tes ma bru fen os lim tra ge dor wel pin su ar hat"
PAPERS = "ffffff fbfaf5 f4efe2 e9e2cf dfe8ee f6e3b8 efe9e4 d8d2c4"
Draw = ImageDraw.ImageDraw
Rgb = tuple[int, int, int]
Position = tuple[float, float, float]  # left, top, width, px


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page being drawn, with its ink and type size."""

    picture: Image.Image
    draw: Draw
    size: int  # px, of the type
    ink: Rgb


def random_words(count: int, rng: np.random.Generator) -> str:
    """Return `count` invented words."""
    lengths = rng.integers(1, 5, count)
    return " ".join("".join(rng.choice(SYLLABLES.split(" "), n)) for n in lengths)


def page(frame: Frame, rng: np.random.Generator) -> Tile:
    """Return a printed page: columns of text, headings, tables and pictures."""
    picture = Image.new("RGB", frame.size, _rgb(hex_colours(PAPERS)[rng.integers(len(PAPERS.split()))]))
    type_size = int(np.clip(rng.uniform(2.2, 6.5) * frame.scale, 7, 60))  # 9 to 26 points
    sheet = Sheet(
        picture, ImageDraw.Draw(picture), type_size, _rgb(hsv(rng.random(), 0.5, rng.uniform(0, 0.1)))
    )
    columns, margin = int(rng.integers(1, 4)), 0.04 * frame.size[0]
    wide = (frame.size[0] - margin) / columns - margin
    for column in range(columns):
        top, left = margin * rng.uniform(0.2, 1.5), margin + column * (wide + margin)
        while top < frame.size[1]:
            block = BLOCKS[rng.choice(len(BLOCKS), p=BLOCK_SHARES)]
            top += block(sheet, (left, top, wide), rng) + type_size
    colour = (
        np.take(LINEAR_OF_BYTE, np.asarray(picture)) * (0.94 + 0.08 * frame.noise(0.4, 2, rng))[..., None]
    )
    height = frame.relief(60.0, rng.uniform(0.0, 0.12), 2, rng)
    return make_tile(frame, colour, rng.uniform(0.25, 0.9), height)


def _rgb(colour: np.ndarray) -> Rgb:
    r, g, b = (int(v) for v in 255 * np.sqrt(colour))
    return r, g, b


def _paragraph(sheet: Sheet, position: Position, rng: np.random.Generator) -> float:
    left, top, wide = position
    font, step = default_font(sheet.size), 1.35 * sheet.size
    per_line = max(2, int(wide / (3.2 * sheet.size)))
    lines = int(rng.integers(3, 10))
    for line in range(lines):
        if top + line * step > sheet.picture.height:
            break
        text = random_words(per_line, rng)
        while sheet.draw.textlength(text, font) > wide and " " in text:
            text = text.rsplit(" ", 1)[0]
        sheet.draw.text((left, top + line * step), text, sheet.ink, font)
    return lines * step


def _heading(sheet: Sheet, position: Position, rng: np.random.Generator) -> float:
    left, top, wide = position
    large = round(sheet.size * rng.uniform(1.5, 4))
    tone = sheet.ink if rng.random() < 0.5 else _rgb(hsv(rng.random(), 0.8, 0.7))
    text = random_words(2, rng).title()
    if rng.random() < 0.3:
        sheet.draw.rectangle((left, top, left + wide, top + 1.4 * large), tone)
        tone = (250, 250, 250)
    sheet.draw.text((left + 0.2 * sheet.size, top), text, tone, default_font(large), stroke_width=large // 20)
    return 1.4 * large


def _table(sheet: Sheet, position: Position, rng: np.random.Generator) -> float:
    left, top, wide = position
    rows, columns = int(rng.integers(3, 9)), int(rng.integers(2, 5))
    high, font = 1.7 * sheet.size, default_font(sheet.size)
    head = _rgb(hsv(rng.random(), 0.2, 0.9))
    sheet.draw.rectangle((left, top, left + wide, top + high), head)
    for row in range(rows + 1):
        sheet.draw.line((left, top + row * high, left + wide, top + row * high), sheet.ink, 1)
    for column in range(columns + 1):
        x = left + column * wide / columns
        sheet.draw.line((x, top, x, top + rows * high), sheet.ink, 1)
        for row in range(rows if column < columns else 0):
            cell = f"{rng.integers(1, 99999) / 100:.2f}" if column else random_words(1, rng)
            sheet.draw.text(
                (x + 0.3 * sheet.size, top + (row + 0.25) * high),
                cell[: int(wide / columns / sheet.size * 1.6)],
                sheet.ink,
                font,
            )
    return rows * high


def _picture(sheet: Sheet, position: Position, rng: np.random.Generator) -> float:
    """Draw a picture: coloured shapes over a gradient."""
    left, top, wide = position
    high = wide * rng.uniform(0.4, 1.0)
    grid = (
        fractal_noise((24, 36), 14.0, 3, rng)[..., None]
        * 255
        * np.sqrt(hsv(rng.random(), rng.uniform(0, 0.5), 1.0))
    ).astype(np.uint8)
    picture = Image.fromarray(grid).resize((max(1, int(wide)), max(1, int(high))), Image.Resampling.BICUBIC)
    inside = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(2, 7))):
        tone = _rgb(hsv(rng.random(), rng.uniform(0.05, 0.8), rng.uniform(0.1, 1.0)))
        x, y, r = rng.uniform(0, wide), rng.uniform(0, high), rng.uniform(0.05, 0.3) * wide
        (inside.ellipse if rng.random() < 0.5 else inside.rectangle)((x - r, y - r, x + r, y + r * 0.8), tone)
    sheet.picture.paste(picture, (int(left), int(top)))
    return float(high)


BLOCKS: tuple[Callable[[Sheet, Position, np.random.Generator], float], ...] = (
    _paragraph,
    _heading,
    _table,
    _picture,
)
BLOCK_SHARES = (0.55, 0.2, 0.1, 0.15)
