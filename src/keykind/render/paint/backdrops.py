"""What lies far behind a key held up in a hand: out of focus, drawn small and blurred.

In:    a size in pixels, a random generator
Out:   (size, size, 3) float32 linear RGB, 0 to about 3 where lamps are
Needs: numpy, pillow    [render]
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from keykind.render.paint.colours import BYTES, blend, codes, of_hue, shade
from keykind.render.paint.noise import fractal, ramp, stretch

SMALL = 192  # pixels of the drawing; blurred, it holds no more
BLUR = (1.5, 9.0)  # pixels of the drawing, from slightly to wholly out of focus
LIGHTS = 0.3  # share of the backgrounds with points of light
Draw = ImageDraw.ImageDraw
Ink = tuple[int, int, int]


def draw_backdrop(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a (size, size, 3) float32 far background: a room, lights, greenery, a street, a car, a house."""
    scene = SCENES[rng.integers(len(SCENES))](rng)
    picture = scene.filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR)))
    far = np.take(BYTES, np.asarray(picture))
    grid = 0.85 + 0.3 * fractal((SMALL, SMALL), 60.0, 3, rng)[..., None]
    far = far * grid + _glare(rng)
    bands = [stretch(far[..., band], (size, size)) for band in range(3)]
    return np.stack([np.maximum(band, 0.0) for band in bands], axis=-1)


def _glare(rng: np.random.Generator) -> np.ndarray:
    """Return (SMALL, SMALL, 3): discs of light points out of focus, brighter at the rim; mostly none."""
    glow = np.zeros((SMALL, SMALL, 3), dtype=np.float32)
    if rng.random() > LIGHTS:
        return glow
    y, x = np.mgrid[:SMALL, :SMALL].astype(np.float32)
    radius, band = rng.uniform(3.0, 14.0), rng.uniform(0.0, SMALL)
    for _ in range(int(rng.integers(4, 28))):
        column, row = rng.uniform(0, SMALL), rng.normal(band, 0.25 * SMALL)
        r = radius * rng.uniform(0.7, 1.1)
        top, left = max(0, int(row - r - 2)), max(0, int(column - r - 2))
        window = (slice(top, max(top, int(row + r + 3))), slice(left, max(left, int(column + r + 3))))
        away = np.hypot(x[window] - column, y[window] - row)
        disc = ramp(away, r + 1.0, r - 0.5) * (0.6 + 0.4 * (away / r) ** 3)
        glow[window] += (
            disc[..., None] * of_hue(rng.uniform(0, 0.16), rng.uniform(0, 0.6), 1.0) * rng.uniform(0.05, 0.8)
        )
    return glow


def _tone(rng: np.random.Generator, saturation: tuple[float, float], lightness: tuple[float, float]) -> Ink:
    colour = 255 * np.sqrt(of_hue(rng.random(), rng.uniform(*saturation), rng.uniform(*lightness)))
    return int(colour[0]), int(colour[1]), int(colour[2])


def _grey(rng: np.random.Generator, low: float, high: float) -> Ink:
    return _tone(rng, (0.0, 0.15), (low, high))


def _box(
    rng: np.random.Generator, wide: tuple[float, float], floor: float, tall: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of a thing that stands on a floor."""
    w, h = rng.uniform(*wide) * SMALL, rng.uniform(*tall) * SMALL
    left = rng.uniform(-0.3 * w, SMALL - 0.7 * w)
    return left, floor - h, left + w, floor


def _sheet(ink: Ink) -> tuple[Image.Image, Draw]:
    picture = Image.new("RGB", (SMALL, SMALL), ink)
    return picture, ImageDraw.Draw(picture)


def _room(rng: np.random.Generator) -> Image.Image:
    """Draw a wall with a window, a door, pictures, a lamp and furniture on a floor."""
    picture, draw = _sheet(_tone(rng, (0.0, 0.12), (0.5, 0.98)))
    floor = rng.uniform(0.6, 1.0) * SMALL
    draw.rectangle((0, floor, SMALL, SMALL), _tone(rng, (0.1, 0.5), (0.2, 0.6)))
    if rng.random() < 0.6:
        _pane(draw, rng, rng.uniform(0.1, 0.3) * SMALL)
    for _ in range(int(rng.integers(1, 4))):
        draw.rectangle(
            _box(rng, (0.05, 0.25), rng.uniform(0.2, 0.5) * SMALL, (0.1, 0.25)),
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


def _pane(draw: Draw, rng: np.random.Generator, top: float) -> None:
    left, wide, tall = (
        rng.uniform(-0.1, 0.6) * SMALL,
        rng.uniform(0.25, 0.6) * SMALL,
        rng.uniform(0.3, 0.5) * SMALL,
    )
    draw.rectangle((left, top, left + wide, top + tall), (252, 253, 255), _grey(rng, 0.3, 0.95), 3)
    draw.rectangle(
        (left + 3, top + 0.7 * tall, left + wide - 3, top + tall - 3), _tone(rng, (0.1, 0.4), (0.5, 0.9))
    )
    draw.line((left + wide / 2, top, left + wide / 2, top + tall), _grey(rng, 0.3, 0.95), 4)


def _office(rng: np.random.Generator) -> Image.Image:
    """Draw rows of windows, screens and desks."""
    picture, draw = _sheet(_grey(rng, 0.6, 0.95))
    for left in np.arange(rng.uniform(-30, 0), SMALL, rng.uniform(30, 60)):
        draw.rectangle((left, 10, left + 24, 90), (245, 249, 255))
    desk = rng.uniform(0.6, 0.85) * SMALL
    for _ in range(int(rng.integers(2, 5))):
        draw.rectangle(_box(rng, (0.12, 0.3), desk, (0.1, 0.22)), _grey(rng, 0.03, 0.3))
    draw.rectangle((0, desk, SMALL, SMALL), _tone(rng, (0.0, 0.5), (0.3, 0.9)))
    return picture


def _greenery(rng: np.random.Generator) -> Image.Image:
    """Draw leaves with the sky through them, trunks, a lawn."""
    plan = (
        "0c1408 24361a 47682c 7f9a45 c5d38a f4f8e6"
        if rng.random() < 0.7
        else "150f08 3c2812 7a4a1c b8802e e0bc6a f6eed8"
    )
    clumps = fractal((SMALL, SMALL), rng.uniform(20, 60), 5, rng)
    fall = np.linspace(rng.uniform(0.0, 0.4), rng.uniform(-0.3, 0.0), SMALL, dtype=np.float32)[:, None]
    colour = shade(np.clip(0.5 + 1.3 * (clumps - 0.5) + fall, 0, 1), codes(plan))
    picture = Image.fromarray((255 * np.sqrt(colour)).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 5))):
        x, wide = rng.uniform(0, SMALL), rng.uniform(3, 18)
        lean = rng.normal(0, 15)
        draw.polygon(
            [(x, 0), (x + wide, 0), (x + wide + lean, SMALL), (x + lean, SMALL)],
            _tone(rng, (0.2, 0.4), (0.08, 0.3)),
        )
    if rng.random() < 0.4:
        draw.rectangle((0, rng.uniform(0.65, 0.9) * SMALL, SMALL, SMALL), (95, 130, 55))
    return picture


def _street(rng: np.random.Generator) -> Image.Image:
    """Draw facades, the sky, a road and parked cars."""
    picture, draw = _sheet((190, 210, 235) if rng.random() < 0.7 else (222, 224, 226))
    road = rng.uniform(0.55, 0.8) * SMALL
    left = -20.0
    while left < SMALL:
        wide, top = rng.uniform(25, 70), rng.uniform(0.0, 0.4) * SMALL
        draw.rectangle((left, top, left + wide, road), _tone(rng, (0.05, 0.45), (0.35, 0.9)))
        for x in np.arange(left + 5, left + wide - 6, 14):
            for y in np.arange(top + 8, road - 12, 20):
                draw.rectangle((x, y, x + 6, y + 11), _grey(rng, 0.1, 0.5))
        left += wide
    draw.rectangle((0, road, SMALL, SMALL), _grey(rng, 0.3, 0.6))
    for _ in range(int(rng.integers(1, 4))):
        _car(draw, rng, road + rng.uniform(5, 25))
    return picture


def _car(draw: Draw, rng: np.random.Generator, floor: float) -> None:
    x, wide, ink = rng.uniform(-30, SMALL - 40), rng.uniform(60, 130), _tone(rng, (0.0, 0.9), (0.1, 0.98))
    tall = 0.22 * wide
    draw.rounded_rectangle((x, floor - tall, x + wide, floor), tall / 3, ink)
    draw.polygon(
        [
            (x + 0.18 * wide, floor - tall),
            (x + 0.3 * wide, floor - 1.8 * tall),
            (x + 0.7 * wide, floor - 1.8 * tall),
            (x + 0.86 * wide, floor - tall),
        ],
        (45, 52, 60),
        ink,
    )
    for wheel in (0.2, 0.8):
        draw.ellipse(
            (x + wheel * wide - tall / 2, floor - tall / 2, x + wheel * wide + tall / 2, floor + tall / 2),
            (20, 20, 22),
        )


def _cabin(rng: np.random.Generator) -> Image.Image:
    """Draw the inside of a car: a bright windscreen, dashboard, steering wheel, instruments."""
    picture, draw = _sheet(_grey(rng, 0.04, 0.3))
    top = rng.uniform(0.3, 0.5) * SMALL
    glass = (225, 235, 242) if rng.random() < 0.6 else _tone(rng, (0.1, 0.4), (0.3, 0.8))
    draw.polygon(
        [(rng.uniform(-20, 30), 0), (SMALL, 0), (SMALL, top * rng.uniform(0.8, 1.2)), (0, top)], glass
    )
    draw.line((rng.uniform(0, 40), 0, rng.uniform(-30, 20), top), (18, 18, 20), 14)
    for _ in range(int(rng.integers(1, 4))):
        draw.rounded_rectangle(
            _box(rng, (0.1, 0.3), top + rng.uniform(30, 90), (0.06, 0.2)), 5, _grey(rng, 0.1, 0.6)
        )
    x, y, r = rng.uniform(0, SMALL), rng.uniform(0.6, 1.1) * SMALL, rng.uniform(0.3, 0.55) * SMALL
    draw.ellipse((x - r, y - r, x + r, y + r), outline=(14, 14, 16), width=14)
    draw.ellipse((x - 0.3 * r, y - 0.25 * r, x + 0.3 * r, y + 0.25 * r), _grey(rng, 0.05, 0.25))
    return picture


def _house(rng: np.random.Generator) -> Image.Image:
    """Draw a house to be sold: sky, roof, pale walls, windows, a door, a lawn."""
    picture, draw = _sheet(_tone(rng, (0.0, 0.05), (0.85, 1.0)) if rng.random() < 0.4 else (150, 190, 232))
    floor, left = rng.uniform(0.65, 0.85) * SMALL, rng.uniform(-0.1, 0.25) * SMALL
    right, eaves = left + rng.uniform(0.6, 0.9) * SMALL, rng.uniform(0.3, 0.45) * SMALL
    draw.rectangle((0, floor - 25, SMALL, floor), _tone(rng, (0.3, 0.5), (0.2, 0.4)))
    draw.rectangle((left, eaves, right, floor), _tone(rng, (0.0, 0.3), (0.75, 0.98)))
    roof = codes("7a3b2a 4a4a50 8a5a44 5c4436")[rng.integers(4)]
    ridge = eaves - rng.uniform(0.12, 0.25) * SMALL
    ink = tuple(int(v) for v in 255 * np.sqrt(roof))
    draw.polygon(
        [(left - 12, eaves + 4), ((left + right) / 2, ridge), (right + 12, eaves + 4)],
        (ink[0], ink[1], ink[2]),
    )
    for x in np.linspace(left + 10, right - 26, int(rng.integers(2, 5))):
        for y in (eaves + 12, (eaves + floor) / 2 + 6):
            draw.rectangle((x, y, x + 16, y + 20), (60, 72, 84), (240, 240, 238), 2)
    draw.rectangle((0, floor, SMALL, SMALL), (110, 145, 70))
    return picture


def _surface(rng: np.random.Generator) -> Image.Image:
    """Draw next to nothing: a wall or cloth, shaded across, perhaps the edge of another."""
    one, two = (of_hue(rng.random(), rng.uniform(0, 0.5), rng.uniform(0.03, 0.98)) for _ in range(2))
    across = np.linspace(0, 1, SMALL, dtype=np.float32)[None, :]
    slope = across if rng.random() < 0.5 else across.T
    mask = np.broadcast_to(slope, (SMALL, SMALL)) * 0.5
    if rng.random() < 0.4:
        mask = ramp(slope + 0.3 * slope.T, rng.uniform(0.3, 0.8), rng.uniform(0.81, 0.9)) * np.ones(
            (SMALL, SMALL)
        )
    colour = blend(np.broadcast_to(one, (SMALL, SMALL, 3)), two, mask)
    return Image.fromarray((255 * np.sqrt(np.clip(colour, 0, 1))).astype(np.uint8))


SCENES: tuple[Callable[[np.random.Generator], Image.Image], ...] = (
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
