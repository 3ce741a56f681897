"""What keys lie with and hang on, by name.

In:    a name of THINGS, rng
Out:   Solid without a kind, lying flat around the origin; a ring through a key's hole
Needs: numpy, manifold3d    [render]
"""

from collections.abc import Callable

import numpy as np

from keykind.render.keys import fobs
from keykind.render.props import clutter, hangers, hardware
from keykind.render.solids import Part, Point, Solid

DRAW_FUNCTIONS: dict[str, Callable[[np.random.Generator], list[Part]]] = {
    "split ring": hangers.ring_only,
    "ring and chain": hangers.ring_and_chain,
    "chain": hangers.chain,
    "carabiner": hangers.carabiner,
    "snap hook": hangers.snap_hook,
    "tag": hangers.tag,
    "number tag": hangers.dog_tag,
    "leather tag": hangers.leather_tag,
    "lanyard": hangers.lanyard,
    "bottle opener": hangers.opener,
    "remote": fobs.remote,
    "coin": clutter.coin,
    "cell": clutter.cell,
    "paper clip": clutter.paper_clip,
    "pen": clutter.pen,
    "pencil": clutter.pencil,
    "stick": clutter.stick,
    "lighter": clutter.lighter,
    "card": clutter.card,
    "paper": clutter.paper,
    "cup": clutter.cup,
    "screw": hardware.screw,
    "bolt": hardware.bolt,
    "nut": hardware.nut,
    "washer": hardware.washer,
    "nail": hardware.nail,
    "hex driver": hardware.hex_key,
    "bit": hardware.bit,
    "lock cylinder": hardware.euro_cylinder,
    "padlock": hardware.padlock,
    "plate": hardware.hinge_plate,
}
PROPS: tuple[str, ...] = tuple(DRAW_FUNCTIONS)
HANGING_PROPS = (
    *("ring and chain", "chain", "carabiner", "snap hook"),
    *("tag", "number tag", "leather tag", "lanyard", "bottle opener"),
)
"""Those that hang on a ring by the end at which they begin."""


def draw_prop(name: str, rng: np.random.Generator) -> Solid:
    """Return a thing of THINGS lying flat around the origin, its z extent centred on 0.

    Raises ValueError for a name that is not in THINGS, DegenerateSolid if nothing is left of a moulding.
    """
    if name not in DRAW_FUNCTIONS:
        raise ValueError(f"thing {name!r}: expected one of {', '.join(PROPS)}")
    return lying(DRAW_FUNCTIONS[name](rng))


def lying(parts: list[Part]) -> Solid:
    """Return parts as one solid without a kind, moved along z until its extent is centred on 0."""
    boxes = np.array([part.solid.bounding_box() for part in parts])
    low, high = boxes[:, :3].min(axis=0), boxes[:, 3:].max(axis=0)
    down = (0.0, 0.0, -float(low[2] + high[2]) / 2)
    moved = tuple(
        Part(part.solid.translate(down), part.name, part.surface, part.cut_surface, part.body)
        for part in parts
    )
    middle = float(low[1] + high[1]) / 2
    ends = (float(low[0]), middle), (float(high[0]), middle)
    return Solid(None, moved, *ends, thickness=float(high[2] - low[2]))


def draw_ring(hole: Point, radius: float, rng: np.random.Generator) -> Part:
    """Return a split ring through the hole of a plate on z = 0, `radius` mm to the middle of its wire.

    It lies nearly flat, one side over the plate and one under it, or stands up in the hole.
    """
    return hangers.hung_ring(hole, radius, rng)
