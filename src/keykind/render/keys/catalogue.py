"""Draw a random key of a kind, retrying if a cut makes it degenerate.

In:    name of a kind, random generator
Out:   Solid, number of degenerate solids discarded
Needs: numpy, manifold3d    [render]

The draw functions are found by name, keykind.kinds.<kind>.draw, so that a new kind needs no entry here.
"""

from collections.abc import Callable
from importlib import import_module

import numpy as np

from keykind.render.solids import DegenerateSolid, Solid

Draw = Callable[[np.random.Generator], Solid]

MAX_TRIES = 50  # draws of one key; a kind that is degenerate this often in a row has a bug


def draw_function(kind: str) -> Draw:
    """Return the function that draws a kind. Raises ModuleNotFoundError if there is no such kind."""
    draw: Draw = import_module(f"keykind.kinds.{kind}.draw").draw
    return draw


def draw_key(kind: str, rng: np.random.Generator) -> tuple[Solid, int]:
    """Return a key and the number of degenerate ones discarded before it.

    Raises DegenerateSolid after MAX_TRIES degenerate keys.
    """
    draw = draw_function(kind)
    for discarded in range(MAX_TRIES):
        try:
            return draw(rng), discarded
        except DegenerateSolid:
            continue
    raise DegenerateSolid(f"{kind}: {MAX_TRIES} keys in a row were degenerate")
