"""Draw a distant, defocused background, for a key held up in a hand.

In:    size in px, random generator
Out:   (size, size, 3) float32 linear RGB, up to about 3 at lamps
Needs: numpy, pillow    [render]
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from keykind.render.paint.colours import LINEAR_OF_BYTE, blend, colour_map, hex_colours, hsv
from keykind.render.paint.noise import fractal_noise, resize, smoothstep

SIZE = 192  # px of the drawing; blurred, it has no finer detail
BLUR = (1.5, 9.0)  # px of the drawing, from slightly to fully out of focus
BOKEH_SHARE = 0.3  # of backdrops, with out-of-focus points of light
Draw = ImageDraw.ImageDraw
Rgb = tuple[int, int, int]


def draw_backdrop(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a (size, size, 3) float32 backdrop: a room, office, greenery, street, car, house or surface."""
    scene = BACKDROPS[rng.integers(len(BACKDROPS))](rng)
    picture = scene.filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR)))
    far = np.take(LINEAR_OF_BYTE, np.asarray(picture))
    grid = 0.85 + 0.3 * fractal_noise((SIZE, SIZE), 60.0, 3, rng)[..., None]
    far = far * grid + _bokeh(rng)
    bands = [resize(far[..., band], (size, size)) for band in range(3)]
    return np.stack([np.maximum(band, 0.0) for band in bands], axis=-1)


def _bokeh(rng: np.random.Generator) -> np.ndarray:
    """Return (SIZE, SIZE, 3): discs of out-of-focus lights, brighter at the rim; mostly none."""
    glow = np.zeros((SIZE, SIZE, 3), dtype=np.float32)
    if rng.random() > BOKEH_SHARE:
        return glow
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    radius, band = rng.uniform(3.0, 14.0), rng.uniform(0.0, SIZE)
    for _ in range(int(rng.integers(4, 28))):
        column, row = rng.uniform(0, SIZE), rng.normal(band, 0.25 * SIZE)
        r = radius * rng.uniform(0.7, 1.1)
        top, left = max(0, int(row - r - 2)), max(0, int(column - r - 2))
        window = (slice(top, max(top, int(row + r + 3))), slice(left, max(left, int(column + r + 3))))
        away = np.hypot(x[window] - column, y[window] - row)
        disc = smoothstep(away, r + 1.0, r - 0.5) * (0.6 + 0.4 * (away / r) ** 3)
        glow[window] += (
            disc[..., None] * hsv(rng.uniform(0, 0.16), rng.uniform(0, 0.6), 1.0) * rng.uniform(0.05, 0.8)
        )
    return glow


def _tone(rng: np.random.Generator, saturation: tuple[float, float], lightness: tuple[float, float]) -> Rgb:
    colour = 255 * np.sqrt(hsv(rng.random(), rng.uniform(*saturation), rng.uniform(*lightness)))
    return int(colour[0]), int(colour[1]), int(colour[2])


def _grey(rng: np.random.Generator, low: float, high: float) -> Rgb:
    return _tone(rng, (0.0, 0.15), (low, high))


def _box(
    rng: np.random.Generator, wide: tuple[float, float], floor: float, tall: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of an object standing on a floor."""
    w, h = rng.uniform(*wide) * SIZE, rng.uniform(*tall) * SIZE
    left = rng.uniform(-0.3 * w, SIZE - 0.7 * w)
    return left, floor - h, left + w, floor


def _canvas(colour: Rgb) -> tuple[Image.Image, Draw]:
    picture = Image.new("RGB", (SIZE, SIZE), colour)
    return picture, ImageDraw.Draw(picture)


def _room(rng: np.random.Generator) -> Image.Image:
    """Draw a room: wall with window, pictures and door, furniture on a floor."""
    picture, draw = _canvas(_tone(rng, (0.0, 0.12), (0.5, 0.98)))
    floor = rng.uniform(0.6, 1.0) * SIZE
    draw.rectangle((0, floor, SIZE, SIZE), _tone(rng, (0.1, 0.5), (0.2, 0.6)))
    if rng.random() < 0.6:
        _window(draw, rng, rng.uniform(0.1, 0.3) * SIZE)
    for _ in range(int(rng.integers(1, 4))):
        draw.rectangle(
            _box(rng, (0.05, 0.25), rng.uniform(0.2, 0.5) * SIZE, (0.1, 0.25)),
            _tone(rng, (0.1, 0.7), (0.2, 0.9)),
        )
    if rng.random() < 0.5:
        left, top, right, low = _box(rng, (0.3, 0.4), floor, (0.7, 0.95))
        draw.rectangle((left, top, right, low), _tone(rng, (0.0, 0.5), (0.3, 0.98)), _grey(rng, 0.3, 0.9), 4)
        draw.ellipse((right - 18, (top + low) / 2, right - 10, (top + low) / 2 + 8), _grey(rng, 0.2, 0.8))
    for _ in range(int(rng.integers(1, 6))):
        draw.rounded_rectangle(
            _box(rng, (0.15, 0.6), floor + rng.uniform(0, 20), (0.1, 0.4)),
            8,
            _tone(rng, (0.05, 0.7), (0.08, 0.7)),
        )
    return picture


def _window(draw: Draw, rng: np.random.Generator, top: float) -> None:
    left, wide, tall = (
        rng.uniform(-0.1, 0.6) * SIZE,
        rng.uniform(0.25, 0.6) * SIZE,
        rng.uniform(0.3, 0.5) * SIZE,
    )
    draw.rectangle((left, top, left + wide, top + tall), (252, 253, 255), _grey(rng, 0.3, 0.95), 3)
    draw.rectangle(
        (left + 3, top + 0.7 * tall, left + wide - 3, top + tall - 3), _tone(rng, (0.1, 0.4), (0.5, 0.9))
    )
    draw.line((left + wide / 2, top, left + wide / 2, top + tall), _grey(rng, 0.3, 0.95), 4)


def _office(rng: np.random.Generator) -> Image.Image:
    """Draw rows of windows, screens and desks."""
    picture, draw = _canvas(_grey(rng, 0.6, 0.95))
    for left in np.arange(rng.uniform(-30, 0), SIZE, rng.uniform(30, 60)):
        draw.rectangle((left, 10, left + 24, 90), (245, 249, 255))
    desk = rng.uniform(0.6, 0.85) * SIZE
    for _ in range(int(rng.integers(2, 5))):
        draw.rectangle(_box(rng, (0.12, 0.3), desk, (0.1, 0.22)), _grey(rng, 0.03, 0.3))
    draw.rectangle((0, desk, SIZE, SIZE), _tone(rng, (0.0, 0.5), (0.3, 0.9)))
    return picture


def _greenery(rng: np.random.Generator) -> Image.Image:
    """Draw foliage with sky between the leaves, trunks, a lawn."""
    plan = (
        "0c1408 24361a 47682c 7f9a45 c5d38a f4f8e6"
        if rng.random() < 0.7
        else "150f08 3c2812 7a4a1c b8802e e0bc6a f6eed8"
    )
    clumps = fractal_noise((SIZE, SIZE), rng.uniform(20, 60), 5, rng)
    fall = np.linspace(rng.uniform(0.0, 0.4), rng.uniform(-0.3, 0.0), SIZE, dtype=np.float32)[:, None]
    colour = colour_map(np.clip(0.5 + 1.3 * (clumps - 0.5) + fall, 0, 1), hex_colours(plan))
    picture = Image.fromarray((255 * np.sqrt(colour)).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 5))):
        x, wide = rng.uniform(0, SIZE), rng.uniform(3, 18)
        lean = rng.normal(0, 15)
        draw.polygon(
            [(x, 0), (x + wide, 0), (x + wide + lean, SIZE), (x + lean, SIZE)],
            _tone(rng, (0.2, 0.4), (0.08, 0.3)),
        )
    if rng.random() < 0.4:
        draw.rectangle((0, rng.uniform(0.65, 0.9) * SIZE, SIZE, SIZE), (95, 130, 55))
    return picture


def _street(rng: np.random.Generator) -> Image.Image:
    """Draw facades, sky, a road and parked cars."""
    picture, draw = _canvas((190, 210, 235) if rng.random() < 0.7 else (222, 224, 226))
    road = rng.uniform(0.55, 0.8) * SIZE
    left = -20.0
    while left < SIZE:
        wide, top = rng.uniform(25, 70), rng.uniform(0.0, 0.4) * SIZE
        draw.rectangle((left, top, left + wide, road), _tone(rng, (0.05, 0.45), (0.35, 0.9)))
        for x in np.arange(left + 5, left + wide - 6, 14):
            for y in np.arange(top + 8, road - 12, 20):
                draw.rectangle((x, y, x + 6, y + 11), _grey(rng, 0.1, 0.5))
        left += wide
    draw.rectangle((0, road, SIZE, SIZE), _grey(rng, 0.3, 0.6))
    for _ in range(int(rng.integers(1, 4))):
        _car(draw, rng, road + rng.uniform(5, 25))
    return picture


def _car(draw: Draw, rng: np.random.Generator, floor: float) -> None:
    x, wide, colour = rng.uniform(-30, SIZE - 40), rng.uniform(60, 130), _tone(rng, (0.0, 0.9), (0.1, 0.98))
    tall = 0.22 * wide
    draw.rounded_rectangle((x, floor - tall, x + wide, floor), tall / 3, colour)
    draw.polygon(
        [
            (x + 0.18 * wide, floor - tall),
            (x + 0.3 * wide, floor - 1.8 * tall),
            (x + 0.7 * wide, floor - 1.8 * tall),
            (x + 0.86 * wide, floor - tall),
        ],
        (45, 52, 60),
        colour,
    )
    for wheel in (0.2, 0.8):
        draw.ellipse(
            (x + wheel * wide - tall / 2, floor - tall / 2, x + wheel * wide + tall / 2, floor + tall / 2),
            (20, 20, 22),
        )


def _cabin(rng: np.random.Generator) -> Image.Image:
    """Draw the inside of a car: bright windscreen, dashboard, steering wheel, instruments."""
    picture, draw = _canvas(_grey(rng, 0.04, 0.3))
    top = rng.uniform(0.3, 0.5) * SIZE
    glass = (225, 235, 242) if rng.random() < 0.6 else _tone(rng, (0.1, 0.4), (0.3, 0.8))
    draw.polygon([(rng.uniform(-20, 30), 0), (SIZE, 0), (SIZE, top * rng.uniform(0.8, 1.2)), (0, top)], glass)
    draw.line((rng.uniform(0, 40), 0, rng.uniform(-30, 20), top), (18, 18, 20), 14)
    for _ in range(int(rng.integers(1, 4))):
        draw.rounded_rectangle(
            _box(rng, (0.1, 0.3), top + rng.uniform(30, 90), (0.06, 0.2)), 5, _grey(rng, 0.1, 0.6)
        )
    x, y, r = rng.uniform(0, SIZE), rng.uniform(0.6, 1.1) * SIZE, rng.uniform(0.3, 0.55) * SIZE
    draw.ellipse((x - r, y - r, x + r, y + r), outline=(14, 14, 16), width=14)
    draw.ellipse((x - 0.3 * r, y - 0.25 * r, x + 0.3 * r, y + 0.25 * r), _grey(rng, 0.05, 0.25))
    return picture


def _house(rng: np.random.Generator) -> Image.Image:
    """Draw a house: sky, roof, pale walls, windows, a lawn."""
    picture, draw = _canvas(_tone(rng, (0.0, 0.05), (0.85, 1.0)) if rng.random() < 0.4 else (150, 190, 232))
    floor, left = rng.uniform(0.65, 0.85) * SIZE, rng.uniform(-0.1, 0.25) * SIZE
    right, eaves = left + rng.uniform(0.6, 0.9) * SIZE, rng.uniform(0.3, 0.45) * SIZE
    draw.rectangle((0, floor - 25, SIZE, floor), _tone(rng, (0.3, 0.5), (0.2, 0.4)))
    draw.rectangle((left, eaves, right, floor), _tone(rng, (0.0, 0.3), (0.75, 0.98)))
    roof = hex_colours("7a3b2a 4a4a50 8a5a44 5c4436")[rng.integers(4)]
    ridge = eaves - rng.uniform(0.12, 0.25) * SIZE
    colour = tuple(int(v) for v in 255 * np.sqrt(roof))
    draw.polygon(
        [(left - 12, eaves + 4), ((left + right) / 2, ridge), (right + 12, eaves + 4)],
        (colour[0], colour[1], colour[2]),
    )
    for x in np.linspace(left + 10, right - 26, int(rng.integers(2, 5))):
        for y in (eaves + 12, (eaves + floor) / 2 + 6):
            draw.rectangle((x, y, x + 16, y + 20), (60, 72, 84), (240, 240, 238), 2)
    draw.rectangle((0, floor, SIZE, SIZE), (110, 145, 70))
    return picture


def _surface(rng: np.random.Generator) -> Image.Image:
    """Draw a plain gradient, as of a wall or cloth, sometimes with the edge of another."""
    first, second = (hsv(rng.random(), rng.uniform(0, 0.5), rng.uniform(0.03, 0.98)) for _ in range(2))
    across = np.linspace(0, 1, SIZE, dtype=np.float32)[None, :]
    slope = across if rng.random() < 0.5 else across.T
    mask = np.broadcast_to(slope, (SIZE, SIZE)) * 0.5
    if rng.random() < 0.4:
        mask = smoothstep(slope + 0.3 * slope.T, rng.uniform(0.3, 0.8), rng.uniform(0.81, 0.9)) * np.ones(
            (SIZE, SIZE)
        )
    colour = blend(np.broadcast_to(first, (SIZE, SIZE, 3)), second, mask)
    return Image.fromarray((255 * np.sqrt(np.clip(colour, 0, 1))).astype(np.uint8))


BACKDROPS: tuple[Callable[[np.random.Generator], Image.Image], ...] = (
    _room,
    _room,
    _office,
    _greenery,
    _greenery,
    _street,
    _cabin,
    _house,
    _surface,
    _surface,
)
