"""Draw props by name.

In:    one of PROPS, random generator
Out:   Solid without a kind, lying flat around the origin; a ring through the hole of a key
Needs: numpy, manifold3d    [render]
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from keykind.render.keys import remotes
from keykind.render.props import (
    clutter,
    cutlery,
    door_fittings,
    hangers,
    hardware,
    household,
    jewellery,
    tools,
)
from keykind.render.solids import Part, Point, Solid

DRAW_FUNCTIONS: dict[str, Callable[[np.random.Generator], list[Part]]] = {
    "split ring": hangers.single_ring,
    "ring and chain": hangers.ring_and_chain,
    "chain": hangers.chain,
    "carabiner": hangers.carabiner,
    "snap hook": hangers.snap_hook,
    "tag": hangers.tag,
    "number tag": hangers.dog_tag,
    "leather tag": hangers.leather_tag,
    "lanyard": hangers.lanyard,
    "bottle opener": hangers.opener,
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
    "watch strap": jewellery.link_strap,
    "watch": jewellery.watch,
    "necklace": jewellery.necklace,
    "finger ring": jewellery.finger_ring,
    "bangle": jewellery.bangle,
    "handcuffs": jewellery.handcuffs,
    "lock pick": tools.lock_pick,
    "pick set": tools.pick_set,
    "screwdriver": tools.screwdriver,
    "spanner": tools.spanner,
    "pliers": tools.pliers,
    "pocket knife": tools.pocket_knife,
    "drill": tools.drill,
    "nail clipper": tools.nail_clipper,
    "hex driver set": tools.allen_set,
    "spoon": cutlery.spoon,
    "fork": cutlery.fork,
    "table knife": cutlery.table_knife,
    "scissors": cutlery.scissors,
    "comb": cutlery.comb,
    "zip": household.zip_fastener,
    "hair clip": household.hair_clip,
    "bottle": household.bottle,
    "cable": household.cable,
    "earbuds": household.earbuds,
    "glasses": household.glasses,
    "telephone": household.telephone,
    "door handle": door_fittings.door_handle,
    "knob": door_fittings.knob,
    "rim lock": door_fittings.rim_lock,
    "hinge": door_fittings.hinge,
    "car switch": door_fittings.car_switch,
}
BLADELESS: dict[str, Callable[[np.random.Generator], Solid]] = {  # labelled as remotes
    "remote": remotes.draw_smart,
    "folded flip key": remotes.draw_folded,
}
PROPS: tuple[str, ...] = (*DRAW_FUNCTIONS, *BLADELESS)
HANGING_PROPS = (  # on a ring, by their end at the smallest x
    *("ring and chain", "chain", "carabiner", "snap hook"),
    *("tag", "number tag", "leather tag", "lanyard", "bottle opener"),
)


def draw_prop(name: str, rng: np.random.Generator) -> Solid:
    """Return a prop lying flat around the origin, its z extent centred on 0.

    Raises ValueError for a name that is not in PROPS, DegenerateSolid if a solid is empty.
    """
    if name in BLADELESS:
        solid = BLADELESS[name](rng)
        centred = to_solid(list(solid.parts))
        return replace(solid, parts=centred.parts, thickness=centred.thickness)
    if name not in DRAW_FUNCTIONS:
        raise ValueError(f"prop {name!r}: expected one of {', '.join(PROPS)}")
    return to_solid(DRAW_FUNCTIONS[name](rng))


def to_solid(parts: list[Part]) -> Solid:
    """Return parts as one solid without a kind, its z extent centred on 0."""
    boxes = np.array([part.solid.bounding_box() for part in parts])
    low, high = boxes[:, :3].min(axis=0), boxes[:, 3:].max(axis=0)
    down = (0.0, 0.0, -float(low[2] + high[2]) / 2)
    moved = tuple(
        Part(part.solid.translate(down), part.name, part.surface, part.cut_surface, part.original_id)
        for part in parts
    )
    middle = float(low[1] + high[1]) / 2
    ends = (float(low[0]), middle), (float(high[0]), middle)
    return Solid(None, moved, *ends, thickness=float(high[2] - low[2]))


def draw_ring(hole: Point, radius: float, rng: np.random.Generator) -> Part:
    """Return a split ring through the hole of a plate at z = 0; radius: to the centre of its wire, mm.

    It lies nearly flat, one side above the plate and one below, or stands upright in the hole.
    """
    return hangers.ring_through(hole, radius, rng)
