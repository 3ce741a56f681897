"""What a hand wears: a sleeve.

In:    frames of the hand's joints, random generator
Out:   parts in the frame of the hand, mm
Needs: numpy, manifold3d    [render]
"""

from dataclasses import dataclass

import numpy as np
from manifold3d import Manifold

from keykind.render.keys.fittings import VIVID, dark_colour
from keykind.render.keys.sweeps import loft
from keykind.render.props.hand_mesh import FOREARM_X, FOREARM_Y, FOREARM_Z
from keykind.render.solids import Part, Surface

SLEEVE_SHARE = 0.4
AXIS = (1.0, -0.7)  # mm, y and z of the forearm's axis
SIDES = 40


@dataclass(frozen=True, slots=True)
class Wearer:
    """The hand that wears something."""

    frames: np.ndarray  # (j, 4, 4)
    names: tuple[str, ...]  # of its joints
    size: float  # times the mesh

    def put_on(self, body: Manifold) -> Manifold:
        """Return a solid that was made in the frame of the forearm at rest, in the frame of the hand."""
        return body.transform(self.frames[-1][:3])


def draw_wear(wearer: Wearer, rng: np.random.Generator) -> list[Part]:
    """Return the parts that a hand wears, often none."""
    if rng.random() < SLEEVE_SHARE:
        return [sleeve(wearer, rng)]
    return []


def forearm_ring(x: float, gap: float, turns: np.ndarray) -> np.ndarray:
    """Return (n, 3) points around the forearm at x, `gap` mm outside its skin."""
    y = np.interp(-x, [-a for a in FOREARM_X], FOREARM_Y) + gap
    z = np.interp(-x, [-a for a in FOREARM_X], FOREARM_Z) + gap
    return np.column_stack([np.full(len(turns), x), AXIS[0] - y * np.cos(turns), AXIS[1] + z * np.sin(turns)])


def sleeve(wearer: Wearer, rng: np.random.Generator) -> Part:
    """Return a sleeve with folds, from the wrist or farther up to the elbow."""
    turns = np.linspace(0.0, 2 * np.pi, SIDES, endpoint=False)
    start, end, count = -float(rng.uniform(12, 140)), FOREARM_X[-1] - 25, 16
    gap, wave = rng.uniform(4, 10), rng.normal(0.0, 0.6, (count, 4)).cumsum(axis=0)
    rings = []
    for k, x in enumerate(np.linspace(start, end, count)):
        loose = gap + 0.15 * k * gap / 2
        folds = wave[k, 0] * np.cos(turns) + wave[k, 1] * np.cos(3 * turns + k)
        folds = folds + wave[k, 2] * np.sin(2 * turns - k) + wave[k, 3] * np.cos(5 * turns)
        rings.append(forearm_ring(float(x), 0.0, turns) + _outwards(turns, np.maximum(loose + folds, 2.0)))
    flat = np.column_stack([np.cos(turns), np.sin(turns)])
    inner = [ring - _outwards(turns, np.full(SIDES, 1.6)) for ring in rings[:4]]
    inner[0] = inner[0] + (1.0, 0.0, 0.0)
    cloth = VIVID[rng.integers(len(VIVID))] if rng.random() < 0.4 else dark_colour(rng)
    body = loft(rings, flat) - loft(inner, flat)
    return Part(wearer.put_on(body), "sleeve", Surface(False, cloth, 0.85, "woven"))


def _outwards(turns: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Return (n, 3) offsets away from the forearm's axis."""
    return np.column_stack([np.zeros(len(turns)), -gap * np.cos(turns), gap * np.sin(turns)])
