"""Draw overlays of product photos: watermarks, captions, frames, arrows, logos, prices.

In:    size in px, random generator
Out:   RGBA image, mostly transparent
Needs: numpy, pillow, manifold3d    [render]

All words, names and prices are invented.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from keykind.render.paint.prints import random_words
from keykind.render.paint.stamps import default_font

SITES = ("kelvanta", "fotorilo", "norvexa", "pixomar", "stokveld", "luminado")


def draw_graphic(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return an RGBA overlay of this (width, height), mostly transparent."""
    graphic = Image.new("RGBA", size)
    count = 1 + int(rng.random() < 0.4)
    for index in rng.choice(len(GRAPHICS), count, replace=False):
        GRAPHICS[index](graphic, rng)
    return graphic


def _strong(rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Return an opaque colour, as used in advertisements."""
    choice = rng.integers(4)
    if choice == 0:
        return (255, 255, 255, 255)
    if choice == 1:
        return (15, 15, 18, 255)
    r, g, b = (int(v) for v in rng.permutation([int(rng.integers(180, 256)), int(rng.integers(0, 150)), 30]))
    return (r, g, b, 255)


def _watermark(graphic: Image.Image, rng: np.random.Generator) -> None:
    """Draw a translucent name, once or in slanted rows."""
    wide, high = graphic.size
    size = max(8, int(min(wide, high) * rng.uniform(0.04, 0.12)))
    name, font = str(rng.choice(SITES)), default_font(size)
    layer = Image.new("RGBA", (2 * wide, 2 * high))
    draw = ImageDraw.Draw(layer)
    grey = int(rng.choice([20, 255]))
    tone = (grey, grey, grey, int(rng.integers(40, 140)))
    step = size * rng.uniform(2.5, 6)
    rows = [high] if rng.random() < 0.4 else np.arange(0, 2 * high, step)
    for row in rows:
        for left in np.arange(0.0, 2 * wide, size * len(name) * 0.9) if len(rows) > 1 else [0.8 * wide]:
            draw.text((left, row), name, tone, font)
    turned = layer.rotate(float(rng.choice([0, 20, 30, 45])), Image.Resampling.BILINEAR)
    graphic.alpha_composite(turned.crop((wide // 2, high // 2, wide // 2 + wide, high // 2 + high)))


def _caption(graphic: Image.Image, rng: np.random.Generator) -> None:
    """Draw a bar with a line of text along the top or the bottom."""
    wide, high = graphic.size
    tall = int(high * rng.uniform(0.06, 0.15))
    top = high - tall if rng.random() < 0.75 else 0
    dark = rng.random() < 0.5
    draw = ImageDraw.Draw(graphic)
    draw.rectangle((0, top, wide, top + tall), (0, 0, 0, 255) if dark else (255, 255, 255, 255))
    text = (
        f"{rng.choice(SITES)}.example · {rng.integers(10**6, 10**9)}"
        if rng.random() < 0.5
        else random_words(3, rng).title()
    )
    tone = (240, 240, 240, 255) if dark else (40, 40, 40, 255)
    left, anchor = (0.5 * wide, "mm") if rng.random() < 0.6 else (0.04 * wide, "lm")
    draw.text((left, top + tall / 2), text, tone, default_font(max(7, int(0.45 * tall))), anchor=anchor)


def _border(graphic: Image.Image, rng: np.random.Generator) -> None:
    wide = max(1, int(min(graphic.size) * rng.uniform(0.005, 0.04)))
    edges = (0, 0, graphic.width - 1, graphic.height - 1)
    ImageDraw.Draw(graphic).rectangle(edges, outline=_strong(rng), width=wide)


def _arrow(graphic: Image.Image, rng: np.random.Generator) -> None:
    """Draw an arrow towards the middle, or a ring around a detail."""
    wide, high = graphic.size
    draw, tone = ImageDraw.Draw(graphic), _strong(rng)
    thick = max(2, int(min(wide, high) * rng.uniform(0.008, 0.02)))
    start = rng.uniform(0.05, 0.95, 2) * (wide, high)
    end = start + (np.array([wide, high]) * rng.uniform(0.35, 0.65, 2) - start) * rng.uniform(0.4, 0.8)
    if rng.random() < 0.3:
        reach = rng.uniform(0.08, 0.2) * wide
        draw.ellipse(
            (end[0] - reach, end[1] - reach, end[0] + reach, end[1] + reach), outline=tone, width=thick
        )
        return
    along = (end - start) / max(1.0, float(np.hypot(*(end - start))))
    aside = np.array([-along[1], along[0]]) * 3 * thick
    draw.line([tuple(start), tuple(end)], tone, thick)
    draw.polygon([tuple(end + along * 3 * thick), tuple(end + aside), tuple(end - aside)], tone)


def _logo(graphic: Image.Image, rng: np.random.Generator) -> None:
    """Draw a small logo with a name in a corner."""
    size = max(8, int(min(graphic.size) * rng.uniform(0.06, 0.16)))
    left = size // 2 if rng.random() < 0.5 else graphic.width - 5 * size
    top = size // 2 if rng.random() < 0.5 else graphic.height - 3 * size // 2
    draw, tone = ImageDraw.Draw(graphic), _strong(rng)
    (draw.ellipse if rng.random() < 0.5 else draw.rectangle)((left, top, left + size, top + size), tone)
    draw.polygon(
        [
            (left + size / 2, top + 0.2 * size),
            (left + 0.8 * size, top + 0.8 * size),
            (left + 0.2 * size, top + 0.8 * size),
        ],
        _strong(rng),
    )
    draw.text(
        (left + 1.3 * size, top + size / 2),
        str(rng.choice(SITES)).title(),
        tone,
        default_font(max(7, size // 2)),
        anchor="lm",
    )


def _price(graphic: Image.Image, rng: np.random.Generator) -> None:
    """Draw a price on a star or a box."""
    size = int(min(graphic.size) * rng.uniform(0.08, 0.16))
    x = rng.choice([0.15, 0.85]) * graphic.width
    y = rng.choice([0.15, 0.85]) * graphic.height
    draw, tone = ImageDraw.Draw(graphic), _strong(rng)
    if rng.random() < 0.5:
        points = [
            (x + r * size * np.cos(a), y + r * size * np.sin(a))
            for a, r in zip(np.linspace(0, 2 * np.pi, 24, endpoint=False), [1.0, 0.8] * 12, strict=True)
        ]
        draw.polygon(points, tone)
    else:
        draw.rounded_rectangle(
            (x - 1.2 * size, y - 0.5 * size, x + 1.2 * size, y + 0.5 * size), size // 5, tone
        )
    text = f"{rng.choice(['$', ''])}{rng.integers(1, 60)}.{rng.choice(['99', '50', '95'])}"
    ink = (15, 15, 15, 255) if sum(tone[:3]) > 380 else (255, 255, 255, 255)
    draw.text((x, y), text, ink, default_font(max(7, int(0.55 * size))), anchor="mm")


GRAPHICS: tuple[Callable[[Image.Image, np.random.Generator], None], ...] = (
    _watermark,
    _caption,
    _border,
    _arrow,
    _logo,
    _price,
)
