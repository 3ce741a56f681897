"""Draw environment maps, which light a key and are mirrored by its metal.

In:    one of STYLES, random generator
Out:   (128, 256, 3) float32 radiance, equirectangular, row 0 at the zenith (+z)
Needs: numpy, pillow    [render]

A horizontal white Lambertian plane has a radiance of exactly 1.0 (luminance irradiance pi). Polished metal
mirrors its surroundings, so they have sharp windows, furniture and the dark silhouette of the photographer.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from keykind.render.paint.colours import LUMINANCE, blackbody, hsv
from keykind.render.paint.noise import fractal_noise, smoothstep
from keykind.render.paint.rooms import Room

ROWS, COLUMNS = 128, 256
HORIZON = ROWS // 2
DAYLIGHT = (5000.0, 7500.0)  # K, from sun and sky to shade (CIE D50 to D75)
LAMPLIGHT = (2700.0, 4000.0)  # K, household lamps, from warm white to neutral white
FLASH = 5500.0  # K, photographic flash
MIN_TINT = 0.02  # of a channel that a monochrome lamp lacks
WHITE_BALANCE = (0.55, 1.0)  # share of the light's tint that the camera's white balance removes


@lru_cache(maxsize=2)
def directions(rows: int = ROWS) -> np.ndarray:
    """Return the (n, 2 n, 3) float32 unit vectors of the pixels; column 0 is at +x, columns turn to +y."""
    columns = 2 * rows
    polar = ((np.arange(rows, dtype=np.float32) + 0.5) / rows * np.float32(math.pi))[:, None]
    azimuth = ((np.arange(columns, dtype=np.float32) + 0.5) / columns * np.float32(2 * math.pi))[None, :]
    flat = np.sin(polar)
    up = np.broadcast_to(np.cos(polar), (rows, columns))
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), up], axis=-1)


@lru_cache(maxsize=2)
def horizontal_weights(rows: int = ROWS) -> np.ndarray:
    """Return (n, 1) float64: cosine times solid angle of a pixel in each row, 0 below the horizon."""
    edges = np.linspace(0.0, math.pi, rows + 1)
    band = (np.sin(edges[1:]) ** 2 - np.sin(edges[:-1]) ** 2) / 2  # integral of cos sin
    return np.asarray(np.maximum(band, 0.0)[:, None] * (2 * math.pi / (2 * rows)))


def irradiance(light: np.ndarray) -> np.ndarray:
    """Return the irradiance (3,) float64 of a horizontal plane from above; light: (n, 2 n, 3)."""
    return np.asarray((light * horizontal_weights(len(light))[..., None]).sum(axis=(0, 1)))


def draw_light(style: str, rng: np.random.Generator) -> np.ndarray:
    """Return a (128, 256, 3) float32 environment map. Raises ValueError if the style is unknown."""
    if style not in LIGHTS:
        raise ValueError(f"light {style!r}: expected one of {', '.join(STYLES)}")
    return balance_light(np.maximum(LIGHTS[style](rng), 0.0), rng)


def balance_light(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a light (n, 2 n, 3) with part of its tint removed, scaled as this module promises."""
    falling = irradiance(light)
    tint = np.maximum(falling / (falling @ LUMINANCE), MIN_TINT)
    light = light / tint ** rng.uniform(*WHITE_BALANCE)
    return np.asarray(light * (math.pi / (irradiance(light) @ LUMINANCE)), dtype=np.float32)


def add_occluder(light: np.ndarray, direction: np.ndarray, radius: float, level: float) -> np.ndarray:
    """Return the light with a soft dark disc, as of a phone held close above the key.

    direction: (3,) unit vector; radius: radians; level: share of the light that remains in the middle.
    """
    away = np.arccos(np.clip(directions(len(light)) @ direction.astype(np.float32), -1, 1))
    return np.asarray(
        light * (level + (1 - level) * smoothstep(away, 0.75 * radius, 1.15 * radius))[..., None]
    )


def _panel(polar: float, azimuth: float, half: tuple[float, float], turn: float = 0.0) -> np.ndarray:
    """Return the mask (128, 256) 0..1 of a rectangle facing the centre; half: half sizes as tangents."""
    direction = _direction(polar, azimuth)
    east = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    north = np.cross(direction, east)
    u = math.cos(turn) * east + math.sin(turn) * north
    v = math.cos(turn) * north - math.sin(turn) * east
    local = directions() @ np.stack([direction, u, v], axis=1).astype(np.float32)
    depth = np.maximum(local[..., 0], 1e-3)
    out = np.maximum(np.abs(local[..., 1] / depth) - half[0], np.abs(local[..., 2] / depth) - half[1])
    return smoothstep(out, 0.02, -0.02) * (local[..., 0] > 0)


def _disc(polar: float, azimuth: float, radius: float) -> np.ndarray:
    """Return the mask (128, 256) 0..1 of a disc; radius: radians, with an edge soft by a pixel."""
    cosine = directions() @ _direction(polar, azimuth).astype(np.float32)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    return smoothstep(angle, radius + 0.015, radius - 0.015)


def _direction(polar: float, azimuth: float) -> np.ndarray:
    flat = math.sin(polar)
    return np.array([flat * math.cos(azimuth), flat * math.sin(azimuth), math.cos(polar)])


def _paint(light: np.ndarray, colour: np.ndarray | float, mask: np.ndarray) -> None:
    """Set the radiance to a colour where the mask is 1, in place."""
    light += (np.asarray(colour, dtype=np.float32) - light) * mask[..., None]


def _photographer(light: np.ndarray, rng: np.random.Generator) -> None:
    """Paint the photographer near the zenith: torso from one side, head, arms and the camera."""
    side = rng.uniform(0, 2 * math.pi)
    lean = rng.uniform(0.1, 0.6)  # radians between zenith and camera
    level = float(irradiance(light) @ LUMINANCE) / math.pi
    cloth = hsv(rng.random(), rng.uniform(0, 0.6), rng.uniform(0.1, 0.6)) * (0.35 * level)
    skin = np.array([0.35, 0.2, 0.14]) * (rng.uniform(0.2, 0.8) * level)
    head = lean + rng.uniform(0.15, 0.35)
    _paint(light, cloth, _panel(head + 0.7, side, (rng.uniform(0.4, 0.7), 0.65)))
    _paint(light, skin, _disc(head, side, rng.uniform(0.14, 0.24)))
    _paint(light, 0.03 * level, _disc(head + 0.06, side, 0.15))
    for arm in (-1, 1):
        _paint(light, cloth, _panel(lean + 0.2, side + arm * rng.uniform(0.6, 1.1), (0.07, 0.35), arm * 0.5))
    _paint(
        light,
        0.02 * level,
        _panel(lean, side, (rng.uniform(0.1, 0.2), rng.uniform(0.06, 0.12)), rng.uniform(-0.3, 0.3)),
    )


def _skyline(light: np.ndarray, rng: np.random.Generator, ground: np.ndarray) -> None:
    """Paint trees or houses along the horizon, and the ground below it."""
    blocky = rng.random() < 0.5
    profile = fractal_noise((1, COLUMNS), (1.0, rng.uniform(6, 25)), 1 if blocky else 4, rng)[0]
    if blocky:
        profile = np.repeat(profile[:: COLUMNS // 32], COLUMNS // 32)
    tall = 1 + profile * rng.uniform(4, 30)  # rows
    rows = np.arange(ROWS)[:, None]
    tone = fractal_noise((ROWS, COLUMNS), 3.0, 2, rng)[..., None]
    dark = hsv(rng.uniform(0.05, 0.4), rng.uniform(0.1, 0.6), rng.uniform(0.15, 0.55)) * (0.3 + 1.2 * tone)
    light[:] = np.where((rows > HORIZON - tall)[..., None], dark, light)
    light[HORIZON:] = ground


def _tent(rng: np.random.Generator) -> np.ndarray:
    """Return a light tent: white all round, softboxes, and dark cards that give metal its contours."""
    light = np.full((ROWS, COLUMNS, 3), rng.uniform(0.25, 0.8), dtype=np.float32)
    light *= 0.7 + 0.6 * directions()[..., 2:] * rng.uniform(-0.5, 1.0)
    around = rng.uniform(0, 2 * math.pi)
    for box in range(int(rng.integers(1, 4))):
        half = (rng.uniform(0.25, 0.8), rng.uniform(0.2, 0.7))
        azimuth = around + box * rng.uniform(1.3, 2.6)
        glow = blackbody(rng.uniform(4800, 6200)) * rng.uniform(2.0, 7.0)
        _paint(light, glow, _panel(rng.uniform(0.3, 1.15), azimuth, half, rng.uniform(-0.4, 0.4)))
    for _ in range(int(rng.integers(1, 5))):
        half = (rng.uniform(0.06, 0.5), rng.uniform(0.08, 0.4))
        _paint(
            light, rng.uniform(0.0, 0.1), _panel(rng.uniform(0.5, 1.45), rng.uniform(0, 2 * math.pi), half)
        )
    _paint(light, 0.02, _disc(rng.uniform(0, 0.5), rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.15)))
    light[HORIZON:] = rng.uniform(0.5, 0.9)
    return light


def _window(rng: np.random.Generator) -> np.ndarray:
    room = Room.draw(directions(), rng)
    light = room.draw_radiance(rng) * np.float32(rng.uniform(0.4, 1.0))
    for _ in range(int(rng.integers(1, 3))):
        room.add_window(light, blackbody(rng.uniform(*DAYLIGHT)) * rng.uniform(6, 25), rng)
    _photographer(light, rng)
    return light


def _lamp(rng: np.random.Generator) -> np.ndarray:
    room = Room.draw(directions(), rng)
    warm = blackbody(rng.uniform(*LAMPLIGHT))
    light = room.draw_radiance(rng) * (warm * rng.uniform(0.5, 1.0)).astype(np.float32)
    _photographer(light, rng)
    for _ in range(int(rng.integers(1, 5))):
        polar, radius = rng.uniform(0.25, 1.2), rng.uniform(0.03, 0.16)
        _paint(
            light, warm * rng.uniform(0.4, 1.5) / radius**2, _disc(polar, rng.uniform(0, 2 * math.pi), radius)
        )
    return light


def _office(rng: np.random.Generator) -> np.ndarray:
    room = Room.draw(directions(), rng)
    light = room.draw_radiance(rng) * np.float32(rng.uniform(0.5, 1.0))
    tube = blackbody(rng.uniform(3500, 6500)) * rng.uniform(6, 20)
    room.add_ceiling_panels(light, tube, rng)
    if rng.random() < 0.4:
        room.add_window(light, blackbody(rng.uniform(*DAYLIGHT)) * rng.uniform(3, 12), rng)
    _photographer(light, rng)
    return light


def _mixed(rng: np.random.Generator) -> np.ndarray:
    """Return daylight from one side and lamps: many phone photos are half bluish, half orange."""
    light = _lamp(rng)
    room = Room.draw(directions(), rng)
    room.add_window(light, blackbody(rng.uniform(6000, 7500)) * rng.uniform(4, 20), rng)
    return light


def _dim(rng: np.random.Generator) -> np.ndarray:
    """Return one small light in a dark room: deep shadows, most of the metal black."""
    room = Room.draw(directions(), rng)
    light = room.draw_radiance(rng) * np.float32(rng.uniform(0.02, 0.12))
    _photographer(light, rng)
    glow = blackbody(rng.uniform(2000, 7000))
    half = (rng.uniform(0.05, 0.5), rng.uniform(0.05, 0.4))
    _paint(light, glow * rng.uniform(2, 12), _panel(rng.uniform(0.3, 1.3), rng.uniform(0, 2 * math.pi), half))
    return light


def _flash(rng: np.random.Generator) -> np.ndarray:
    room = Room.draw(directions(), rng)
    light = room.draw_radiance(rng) * (blackbody(rng.uniform(2700, 5000)) * rng.uniform(0.1, 0.5)).astype(
        np.float32
    )
    _photographer(light, rng)
    radius = rng.uniform(0.025, 0.08)
    power = rng.uniform(1.0, 4.0) / radius**2
    _paint(
        light, blackbody(FLASH) * power, _disc(rng.uniform(0.05, 0.5), rng.uniform(0, 2 * math.pi), radius)
    )
    return light


def _sky(rng: np.random.Generator) -> np.ndarray:
    """Return a blue sky, paler towards the horizon, with or without clouds."""
    up = np.clip(directions()[..., 2:], 0.0, 1.0)
    blue, haze = hsv(0.58, rng.uniform(0.4, 0.75), 0.75), hsv(0.57, 0.12, 0.95)
    light = haze + (blue - haze) * np.sqrt(up)
    clouds = smoothstep(fractal_noise((ROWS, COLUMNS), (18.0, 40.0), 5, rng), 0.5, 0.75) * np.float32(
        rng.uniform(0, 1)
    )
    _paint(light, 1.3, clouds)
    return np.asarray(light, dtype=np.float32)


def _sun(rng: np.random.Generator) -> np.ndarray:
    light = _sky(rng)
    _skyline(light, rng, hsv(rng.uniform(0.05, 0.3), 0.3, 0.5))
    _photographer(light, rng)
    radius = 0.02  # radians, the sun with its glare; a pixel is 0.025
    polar = rng.uniform(0.3, 1.2)
    power = float(irradiance(light) @ LUMINANCE) * rng.uniform(1.5, 6.0) / (math.pi * radius**2)
    _paint(
        light, blackbody(rng.uniform(4800, 5800)) * power, _disc(polar, rng.uniform(0, 2 * math.pi), radius)
    )
    return light


def _overcast(rng: np.random.Generator) -> np.ndarray:
    """Return the CIE overcast sky, three times as bright at the zenith as at the horizon, with clouds."""
    up = np.clip(directions()[..., 2:], 0.0, 1.0)
    clouds = 0.7 + 0.6 * fractal_noise((ROWS, COLUMNS), (25.0, 50.0), 4, rng)[..., None]
    light = (1.0 + 2.0 * up) / 3.0 * clouds * blackbody(rng.uniform(6000, 7500))
    light = np.asarray(light, dtype=np.float32)
    _skyline(light, rng, hsv(rng.uniform(0.05, 0.3), 0.2, 0.5))
    _photographer(light, rng)
    return light


LIGHTS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
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
STYLES = tuple(LIGHTS)
