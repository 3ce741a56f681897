"""Surfaces of rings, coins and hardware.

In:    random generator, name of a metal (optional)
Out:   Surface
Needs: numpy, manifold3d    [render]
"""

import numpy as np

from keykind.render.solids import Colour, Stamp, Surface

# Linear RGB reflectance at normal incidence (measured n and k, refractiveindex.info).
METALS: dict[str, Colour] = {
    "steel": (0.56, 0.55, 0.53),
    "nickel": (0.66, 0.61, 0.53),
    "zinc": (0.60, 0.61, 0.62),
    "aluminium": (0.85, 0.86, 0.86),
    "brass": (0.80, 0.62, 0.32),
    "copper": (0.85, 0.50, 0.34),
    "blackened": (0.06, 0.06, 0.06),
}
SHARES = (0.35, 0.2, 0.12, 0.08, 0.15, 0.04, 0.06)
FINISHES = ("polished", "satin", "brushed", "cast")


def metal_surface(
    rng: np.random.Generator, stamps: tuple[Stamp, ...] = (), name: str | None = None
) -> Surface:
    """Return a metal surface with random finish, wear and tarnish; name: None for a random metal."""
    name = name or str(rng.choice(list(METALS), p=SHARES))
    finish = str(rng.choice(FINISHES))
    rough = rng.uniform(0.12, 0.3) if finish == "polished" else rng.uniform(0.25, 0.5)
    rust = float(rng.choice([0.0, rng.uniform(0.0, 0.5)], p=[0.75, 0.25]))
    return Surface(True, METALS[name], float(rough), finish, float(rng.uniform(0.0, 0.8)), rust, stamps)
