"""The kinds of key that keykind knows by itself: what they are called and how to tell them.

In:    nothing
Out:   KINDS, their names in the same order
Needs: nothing beyond Python
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of key."""

    name: str  # of its folder
    label: str  # for people
    tell: str  # how a person tells it from the others


KINDS = (
    Kind("cylinder", "cylinder", "a flat blade, grooves along it, notches in one or both edges"),
    Kind("dimple", "dimple", "a flat blade with straight edges, round dimples drilled into its faces"),
    Kind("laser_track", "laser track", "a thick blade with straight edges, a wavy track milled along it"),
    Kind("mortice", "mortice", "a round shank with a collar, one flag with slots at its end"),
    Kind("double_bit", "double-bit", "a round shank with two flags opposite each other, as for safes"),
    Kind("cruciform", "cruciform", "a blade that is a cross or a star from its end, each wing cut"),
    Kind("tubular", "tubular", "a short round tube, cuts around the rim of its open end"),
)
NAMES = tuple(kind.name for kind in KINDS)
