"""The name of a kind -> a key of that kind, drawn again where a cut ruins it.

In:    a kind, a random generator
Out:   Solid, and how many ruined ones were thrown away
Needs: numpy, manifold3d    [render]
"""

from collections.abc import Callable

import numpy as np

from keykind.render.keys import cruciform, cylinder, dimple, double_bit, laser_track, mortice, tubular
from keykind.render.solids import DegenerateSolid, Solid

Draw = Callable[[np.random.Generator], Solid]

DRAW: dict[str, Draw] = {
    "cylinder": cylinder.draw,
    "dimple": dimple.draw,
    "laser_track": laser_track.draw,
    "mortice": mortice.draw,
    "double_bit": double_bit.draw,
    "cruciform": cruciform.draw,
    "tubular": tubular.draw,
}
TRIES = 50  # a kind of which so many in a row are ruined has a fault of its own


def draw_key(kind: str, rng: np.random.Generator) -> tuple[Solid, int]:
    """Return a key and the number of degenerate ones before it.

    Raises DegenerateSolid if every one of TRIES is degenerate.
    """
    for ruined in range(TRIES):
        try:
            return DRAW[kind](rng), ruined
        except DegenerateSolid:
            continue
    raise DegenerateSolid(f"{kind}: {TRIES} drawn keys in a row were degenerate")
