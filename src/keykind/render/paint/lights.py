"""Style of light -> environment map: what lights a key and what its metal mirrors.

In:    one of STYLES, a random generator
Out:   (128, 256, 3) float32 radiance, equirectangular, row 0 at the zenith (+z)
Needs: numpy, pillow    [render]

A horizontal white matt plane looks exactly 1.0 in it (irradiance pi in luminance). Polished metal shows its
surroundings, so they have crisp windows, furniture, and the dark shape of whoever takes the photo.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from keykind.render.paint.colours import LUMINANCE, blackbody, of_hue
from keykind.render.paint.noise import fractal, ramp
from keykind.render.paint.rooms import Room

ROWS, COLUMNS = 128, 256
HORIZON = ROWS // 2
DAYLIGHT = (5000.0, 7500.0)  # K, sun and sky to shade (CIE D50 to D75)
LAMPLIGHT = (2700.0, 4000.0)  # K, catalogue range of household lamps, warm white to neutral white
FLASH = 5500.0  # K, photographic flash
BALANCED = (0.55, 1.0)  # how much of the light's tint a camera's white balance takes away


@lru_cache(maxsize=1)
def directions() -> np.ndarray:
    """Return (128, 256, 3) float32 unit vectors of the pixels; column 0 starts at +x and turns to +y."""
    polar = ((np.arange(ROWS, dtype=np.float32) + 0.5) / ROWS * np.float32(math.pi))[:, None]
    azimuth = ((np.arange(COLUMNS, dtype=np.float32) + 0.5) / COLUMNS * np.float32(2 * math.pi))[None, :]
    flat = np.sin(polar)
    up = np.broadcast_to(np.cos(polar), (ROWS, COLUMNS))
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), up], axis=-1)


@lru_cache(maxsize=1)
def horizontal_weights() -> np.ndarray:
    """Return (128, 1) float64: of each row's pixels the cosine times the solid angle, 0 below the horizon."""
    edges = np.linspace(0.0, math.pi, ROWS + 1)
    band = (np.sin(edges[1:]) ** 2 - np.sin(edges[:-1]) ** 2) / 2  # integral of cos sin
    return np.asarray(np.maximum(band, 0.0)[:, None] * (2 * math.pi / COLUMNS))


def irradiance(light: np.ndarray) -> np.ndarray:
    """Return (3,) float64: what falls on a horizontal plane from above."""
    return np.asarray((light * horizontal_weights()[..., None]).sum(axis=(0, 1)))


def draw_light(style: str, rng: np.random.Generator) -> np.ndarray:
    """Return a (128, 256, 3) float32 environment of a style. Raises ValueError if the style is unknown."""
    if style not in MAKERS:
        raise ValueError(f'no light is called "{style}"; known are {", ".join(STYLES)}')
    light = np.maximum(MAKERS[style](rng), 0.0)
    falling = irradiance(light)
    tint = falling / (falling @ LUMINANCE)
    light = light / tint ** rng.uniform(*BALANCED)
    return np.asarray(light * (math.pi / (irradiance(light) @ LUMINANCE)), dtype=np.float32)


def add_occluder(light: np.ndarray, toward: np.ndarray, radius: float, level: float) -> np.ndarray:
    """Return a light with a soft dark disc: the phone and whoever holds it, close above the key.

    toward (3,) unit vector; radius in radians; level is the share of the light that is left in the middle.
    """
    away = np.arccos(np.clip(directions() @ toward.astype(np.float32), -1, 1))
    return np.asarray(light * (level + (1 - level) * ramp(away, 0.75 * radius, 1.15 * radius))[..., None])


def _panel(polar: float, azimuth: float, half: tuple[float, float], turn: float = 0.0) -> np.ndarray:
    """Return (128, 256) 0..1: a flat rectangle facing us, half sizes in tangents, turned."""
    toward = _toward(polar, azimuth)
    east = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    north = np.cross(toward, east)
    u = math.cos(turn) * east + math.sin(turn) * north
    v = math.cos(turn) * north - math.sin(turn) * east
    seen = directions() @ np.stack([toward, u, v], axis=1).astype(np.float32)
    depth = np.maximum(seen[..., 0], 1e-3)
    out = np.maximum(np.abs(seen[..., 1] / depth) - half[0], np.abs(seen[..., 2] / depth) - half[1])
    return ramp(out, 0.02, -0.02) * (seen[..., 0] > 0)


def _disc(polar: float, azimuth: float, radius: float) -> np.ndarray:
    """Return (128, 256) 0..1: a disc of an angular radius in radians, soft by a pixel."""
    cosine = directions() @ _toward(polar, azimuth).astype(np.float32)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    return ramp(angle, radius + 0.015, radius - 0.015)


def _toward(polar: float, azimuth: float) -> np.ndarray:
    flat = math.sin(polar)
    return np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.cos(polar)])


def _cover(light: np.ndarray, colour: np.ndarray | float, mask: np.ndarray) -> None:
    """Paint a colour of radiance where the mask is 1, in place."""
    light += (np.asarray(colour, dtype=np.float32) - light) * mask[..., None]


def _photographer(light: np.ndarray, rng: np.random.Generator) -> None:
    """Paint whoever holds the camera near the zenith: a body from one side, head, arms and the camera."""
    side = rng.uniform(0, 2 * math.pi)
    lean = rng.uniform(0.1, 0.6)  # radians from the zenith to the camera
    level = float(irradiance(light) @ LUMINANCE) / math.pi
    cloth = of_hue(rng.random(), rng.uniform(0, 0.6), rng.uniform(0.1, 0.6)) * (0.35 * level)
    skin = np.array([0.35, 0.2, 0.14]) * (rng.uniform(0.2, 0.8) * level)
    head = lean + rng.uniform(0.15, 0.35)
    _cover(light, cloth, _panel(head + 0.7, side, (rng.uniform(0.4, 0.7), 0.65)))
    _cover(light, skin, _disc(head, side, rng.uniform(0.14, 0.24)))
    _cover(light, 0.03 * level, _disc(head + 0.06, side, 0.15))
    for arm in (-1, 1):
        _cover(light, cloth, _panel(lean + 0.2, side + arm * rng.uniform(0.6, 1.1), (0.07, 0.35), arm * 0.5))
    _cover(
        light,
        0.02 * level,
        _panel(lean, side, (rng.uniform(0.1, 0.2), rng.uniform(0.06, 0.12)), rng.uniform(-0.3, 0.3)),
    )


def _skyline(light: np.ndarray, rng: np.random.Generator, ground: np.ndarray) -> None:
    """Paint trees or houses along the horizon and the ground below it."""
    blocky = rng.random() < 0.5
    profile = fractal((1, COLUMNS), (1.0, rng.uniform(6, 25)), 1 if blocky else 4, rng)[0]
    if blocky:
        profile = np.repeat(profile[:: COLUMNS // 32], COLUMNS // 32)
    tall = 1 + profile * rng.uniform(4, 30)  # rows
    rows = np.arange(ROWS)[:, None]
    tone = fractal((ROWS, COLUMNS), 3.0, 2, rng)[..., None]
    dark = of_hue(rng.uniform(0.05, 0.4), rng.uniform(0.1, 0.6), rng.uniform(0.15, 0.55)) * (0.3 + 1.2 * tone)
    light[:] = np.where((rows > HORIZON - tall)[..., None], dark, light)
    light[HORIZON:] = ground


def _tent(rng: np.random.Generator) -> np.ndarray:
    """A photographer's table: white all round, softboxes, dark cards that draw the edges of metal."""
    light = np.full((ROWS, COLUMNS, 3), rng.uniform(0.25, 0.8), dtype=np.float32)
    light *= 0.7 + 0.6 * directions()[..., 2:] * rng.uniform(-0.5, 1.0)
    around = rng.uniform(0, 2 * math.pi)
    for box in range(int(rng.integers(1, 4))):
        half = (rng.uniform(0.25, 0.8), rng.uniform(0.2, 0.7))
        where = around + box * rng.uniform(1.3, 2.6)
        glow = blackbody(rng.uniform(4800, 6200)) * rng.uniform(2.0, 7.0)
        _cover(light, glow, _panel(rng.uniform(0.3, 1.15), where, half, rng.uniform(-0.4, 0.4)))
    for _ in range(int(rng.integers(1, 5))):
        half = (rng.uniform(0.06, 0.5), rng.uniform(0.08, 0.4))
        _cover(
            light, rng.uniform(0.0, 0.1), _panel(rng.uniform(0.5, 1.45), rng.uniform(0, 2 * math.pi), half)
        )
    _cover(light, 0.02, _disc(rng.uniform(0, 0.5), rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.15)))
    light[HORIZON:] = rng.uniform(0.5, 0.9)
    return light


def _window(rng: np.random.Generator) -> np.ndarray:
    room = Room.drawn(directions(), rng)
    light = room.furnished(rng) * np.float32(rng.uniform(0.4, 1.0))
    for _ in range(int(rng.integers(1, 3))):
        room.put_window(light, blackbody(rng.uniform(*DAYLIGHT)) * rng.uniform(6, 25), rng)
    _photographer(light, rng)
    return light


def _lamp(rng: np.random.Generator) -> np.ndarray:
    room = Room.drawn(directions(), rng)
    warm = blackbody(rng.uniform(*LAMPLIGHT))
    light = room.furnished(rng) * (warm * rng.uniform(0.5, 1.0)).astype(np.float32)
    _photographer(light, rng)
    for _ in range(int(rng.integers(1, 5))):
        polar, radius = rng.uniform(0.25, 1.2), rng.uniform(0.03, 0.16)
        _cover(
            light, warm * rng.uniform(0.4, 1.5) / radius**2, _disc(polar, rng.uniform(0, 2 * math.pi), radius)
        )
    return light


def _office(rng: np.random.Generator) -> np.ndarray:
    room = Room.drawn(directions(), rng)
    light = room.furnished(rng) * np.float32(rng.uniform(0.5, 1.0))
    tube = blackbody(rng.uniform(3500, 6500)) * rng.uniform(6, 20)
    room.put_ceiling_panels(light, tube, rng)
    if rng.random() < 0.4:
        room.put_window(light, blackbody(rng.uniform(*DAYLIGHT)) * rng.uniform(3, 12), rng)
    _photographer(light, rng)
    return light


def _mixed(rng: np.random.Generator) -> np.ndarray:
    """Daylight from one side and lamps: the bluish and the orange half of many phone photos."""
    light = _lamp(rng)
    room = Room.drawn(directions(), rng)
    room.put_window(light, blackbody(rng.uniform(6000, 7500)) * rng.uniform(4, 20), rng)
    return light


def _dim(rng: np.random.Generator) -> np.ndarray:
    """One small light in the dark: deep shadows, most of the metal black."""
    room = Room.drawn(directions(), rng)
    light = room.furnished(rng) * np.float32(rng.uniform(0.02, 0.12))
    _photographer(light, rng)
    glow = blackbody(rng.uniform(2000, 7000))
    half = (rng.uniform(0.05, 0.5), rng.uniform(0.05, 0.4))
    _cover(light, glow * rng.uniform(2, 12), _panel(rng.uniform(0.3, 1.3), rng.uniform(0, 2 * math.pi), half))
    return light


def _flash(rng: np.random.Generator) -> np.ndarray:
    room = Room.drawn(directions(), rng)
    light = room.furnished(rng) * (blackbody(rng.uniform(2700, 5000)) * rng.uniform(0.1, 0.5)).astype(
        np.float32
    )
    _photographer(light, rng)
    radius = rng.uniform(0.025, 0.08)
    power = rng.uniform(1.0, 4.0) / radius**2
    _cover(
        light, blackbody(FLASH) * power, _disc(rng.uniform(0.05, 0.5), rng.uniform(0, 2 * math.pi), radius)
    )
    return light


def _sky(rng: np.random.Generator) -> np.ndarray:
    """Return a blue sky, paler to the horizon, with or without clouds."""
    up = np.clip(directions()[..., 2:], 0.0, 1.0)
    blue, haze = of_hue(0.58, rng.uniform(0.4, 0.75), 0.75), of_hue(0.57, 0.12, 0.95)
    light = haze + (blue - haze) * np.sqrt(up)
    clouds = ramp(fractal((ROWS, COLUMNS), (18.0, 40.0), 5, rng), 0.5, 0.75) * np.float32(rng.uniform(0, 1))
    _cover(light, 1.3, clouds)
    return np.asarray(light, dtype=np.float32)


def _sun(rng: np.random.Generator) -> np.ndarray:
    light = _sky(rng)
    _skyline(light, rng, of_hue(rng.uniform(0.05, 0.3), 0.3, 0.5))
    _photographer(light, rng)
    radius = 0.02  # radians: the sun and the glare around it; a pixel is 0.025
    polar = rng.uniform(0.3, 1.2)
    power = float(irradiance(light) @ LUMINANCE) * rng.uniform(1.5, 6.0) / (math.pi * radius**2)
    _cover(
        light, blackbody(rng.uniform(4800, 5800)) * power, _disc(polar, rng.uniform(0, 2 * math.pi), radius)
    )
    return light


def _overcast(rng: np.random.Generator) -> np.ndarray:
    """Return the CIE overcast sky, three times as bright at the zenith as at the horizon, in cloud."""
    up = np.clip(directions()[..., 2:], 0.0, 1.0)
    clouds = 0.7 + 0.6 * fractal((ROWS, COLUMNS), (25.0, 50.0), 4, rng)[..., None]
    light = (1.0 + 2.0 * up) / 3.0 * clouds * blackbody(rng.uniform(6000, 7500))
    light = np.asarray(light, dtype=np.float32)
    _skyline(light, rng, of_hue(rng.uniform(0.05, 0.3), 0.2, 0.5))
    _photographer(light, rng)
    return light


MAKERS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "tent": _tent,
    "window": _window,
    "lamp": _lamp,
    "sun": _sun,
    "overcast": _overcast,
    "flash": _flash,
    "dim": _dim,
    "office": _office,
    "mixed": _mixed,
}
STYLES = tuple(MAKERS)
