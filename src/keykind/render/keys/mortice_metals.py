"""Surfaces of old keys and showpieces.

In:    random generator
Out:   Surface
Needs: numpy, manifold3d    [render]

Colours are matched by eye to photos of old keys: no brighter than polished metal, and dulled by patina and
rust.
"""

from dataclasses import dataclass

import numpy as np

from keykind.render.solids import Colour, Surface


@dataclass(frozen=True, slots=True)
class Metal:
    """A metal, and the ranges of its condition."""

    share: float  # relative frequency
    colour: Colour
    roughness: tuple[float, float]
    finishes: tuple[str, ...]
    wear: tuple[float, float]
    rust: tuple[float, float]


OLD = {
    "rusty iron": Metal(0.17, (0.24, 0.16, 0.11), (0.5, 0.75), ("cast",), (0.4, 1.0), (0.45, 0.95)),
    "dark iron": Metal(0.17, (0.13, 0.12, 0.115), (0.32, 0.55), ("cast", "satin"), (0.2, 0.9), (0.0, 0.35)),
    "bare steel": Metal(
        0.11, (0.42, 0.41, 0.39), (0.25, 0.5), ("satin", "cast", "brushed"), (0.2, 1.0), (0.0, 0.3)
    ),
    "brass": Metal(0.13, (0.80, 0.57, 0.24), (0.15, 0.38), ("polished", "satin"), (0.0, 0.8), (0.0, 0.3)),
    "gold": Metal(0.09, (1.0, 0.72, 0.26), (0.06, 0.22), ("polished",), (0.0, 0.15), (0.0, 0.0)),
    "bronze": Metal(0.14, (0.40, 0.28, 0.15), (0.25, 0.5), ("cast", "satin"), (0.1, 0.8), (0.1, 0.5)),
    "copper": Metal(0.04, (0.62, 0.31, 0.18), (0.2, 0.4), ("polished", "cast"), (0.0, 0.6), (0.0, 0.4)),
    "pewter": Metal(0.06, (0.46, 0.45, 0.44), (0.25, 0.45), ("cast", "satin"), (0.0, 0.5), (0.0, 0.15)),
    "nickel": Metal(0.06, (0.66, 0.62, 0.56), (0.1, 0.28), ("polished", "satin"), (0.0, 0.6), (0.0, 0.15)),
}
SHOWPIECE_METALS = {name: OLD[name] for name in ("gold", "bronze", "pewter", "brass", "nickel")}
PAINTS: tuple[Colour, ...] = (
    (0.75, 0.74, 0.72),
    (0.03, 0.03, 0.03),
    (0.30, 0.34, 0.37),
    (0.45, 0.43, 0.44),
    (0.45, 0.05, 0.04),
    (0.07, 0.14, 0.25),
)
PAINTED = 0.05  # share of old keys that are painted


def draw_from(metals: dict[str, Metal], rng: np.random.Generator) -> Surface:
    """Return one of the metals, in a state drawn from its ranges."""
    shares = np.array([metal.share for metal in metals.values()])
    metal = list(metals.values())[int(rng.choice(len(shares), p=shares / shares.sum()))]
    shade = rng.uniform(0.82, 1.15) * (1 + rng.normal(0, 0.03, 3))
    red, green, blue = (float(c) for c in np.clip(np.array(metal.colour) * shade, 0.02, 1.0))
    return Surface(
        metal=True,
        colour=(red, green, blue),
        roughness=rng.uniform(*metal.roughness),
        finish=str(rng.choice(metal.finishes)),
        wear=rng.uniform(*metal.wear),
        rust=rng.uniform(*metal.rust),
    )


def draw_old(rng: np.random.Generator) -> Surface:
    """Return the surface of an old key: bare, plated or painted."""
    if rng.random() < PAINTED:
        paint = PAINTS[int(rng.integers(len(PAINTS)))]
        return Surface(
            False, paint, rng.uniform(0.25, 0.6), "painted", rng.uniform(0.0, 0.9), rng.uniform(0.0, 0.4)
        )
    return draw_from(OLD, rng)
