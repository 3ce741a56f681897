"""What a hand wears: sleeve, watch, bracelet, finger ring.

In:    frames of the hand's joints, random generator
Out:   parts in the frame of the hand, mm
Needs: numpy, manifold3d    [render]
"""

from dataclasses import dataclass

import numpy as np
from manifold3d import Manifold

from keykind.render.keys.fittings import VIVID, dark_colour, plastic_surface
from keykind.render.keys.metals import metal_surface
from keykind.render.keys.outlines import box, ellipse
from keykind.render.keys.sweeps import loft, moulded, wire
from keykind.render.props.hand_mesh import FOREARM_X, FOREARM_Y, FOREARM_Z
from keykind.render.props.hangers import LEATHERS
from keykind.render.solids import Part, Surface

SLEEVE_SHARE, WATCH_SHARE, BRACELET_SHARE, RING_SHARE = 0.4, 0.14, 0.1, 0.15
WATCH_X = -24.0  # mm behind the wrist joint
RING_FINGERS = ("ring", "middle", "index", "pinky")
RING_BACK = -14.0  # mm from the knuckle towards the fingertip
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
    parts = []
    if rng.random() < SLEEVE_SHARE:
        parts.append(sleeve(wearer, rng))
    elif rng.random() < WATCH_SHARE / (1 - SLEEVE_SHARE):
        parts += watch(wearer, rng)
    elif rng.random() < BRACELET_SHARE:
        parts.append(bracelet(wearer, rng))
    if rng.random() < RING_SHARE:
        parts.append(finger_ring(wearer, rng))
    return parts


def watch(wearer: Wearer, rng: np.random.Generator) -> list[Part]:
    """Return a watch: strap, case on the back of the wrist, dial."""
    turns = np.linspace(0.0, 2 * np.pi, SIDES, endpoint=False)
    wide, thick, gap = rng.uniform(15, 23), rng.uniform(1.8, 4.0), rng.uniform(0.5, 2.0)
    strap = _band(WATCH_X, wide, gap, thick, turns)
    across, high = rng.uniform(30, 46), rng.uniform(7, 12)
    outline = ellipse(across, across) if rng.random() < 0.6 else box(across, across * 0.85, 6.0)
    back = AXIS[1] - np.interp(-WATCH_X, [-a for a in FOREARM_X], FOREARM_Z) - gap - high / 2
    at = (WATCH_X - wide / 2, AXIS[0], float(back))
    case = moulded(outline, high, min(2.0, high / 3)).translate(at)
    dial = moulded(outline.scale((0.84, 0.84)), 1.0, 0.3).translate((at[0], at[1], at[2] - high / 2))
    bright = metal_surface(rng)
    dark = plastic_surface(dark_colour(rng), rng)
    leather = Surface(False, LEATHERS[rng.integers(len(LEATHERS))], 0.6, "moulded")
    cover = (bright, dark, leather)[rng.integers(3)]
    face = Surface(False, dark_colour(rng) if rng.random() < 0.7 else (0.7, 0.7, 0.68), 0.12, "moulded")
    parts = (
        (strap, "watch", cover),
        (case, "watch", bright if rng.random() < 0.6 else dark),
        (dial, "dial", face),
    )
    return [Part(wearer.put_on(body), name, surface) for body, name, surface in parts]


def bracelet(wearer: Wearer, rng: np.random.Generator) -> Part:
    """Return a bangle, a cord or a band around the wrist."""
    turns = np.linspace(0.0, 2 * np.pi, SIDES, endpoint=False)
    if rng.random() < 0.5:
        loop = forearm_ring(-float(rng.uniform(18, 30)), rng.uniform(1.5, 5.0), turns)
        loop[:, 0] += rng.uniform(-6, 6) * np.cos(turns + rng.uniform(0, 6))
        body, surface = wire(loop, rng.uniform(0.8, 2.6), closed=True), metal_surface(rng)
    else:
        body = _band(-float(rng.uniform(16, 28)), rng.uniform(3, 16), 0.6, rng.uniform(1.2, 2.5), turns)
        surface = Surface(False, VIVID[rng.integers(len(VIVID))], 0.8, "woven")
    return Part(wearer.put_on(body), "bracelet", surface)


def finger_ring(wearer: Wearer, rng: np.random.Generator) -> Part:
    """Return a ring near the root of a finger."""
    finger = str(rng.choice(RING_FINGERS, p=[0.55, 0.2, 0.15, 0.1]))
    frame = wearer.frames[wearer.names.index(f"{finger}-finger-phalanx-proximal")]
    radius, thick = {"pinky": 8.2}.get(finger, 9.6), rng.uniform(0.8, 1.6)
    turns = np.linspace(0.0, 2 * np.pi, 36, endpoint=False)
    loop = np.column_stack([radius * np.cos(turns), radius * np.sin(turns), np.full(36, RING_BACK)])
    body = wire(loop, thick, closed=True).translate((0.0, -1.5, 0.0))
    return Part(body.transform(frame[:3]), "finger ring", metal_surface(rng))


def _band(start: float, wide: float, gap: float, thick: float, turns: np.ndarray) -> Manifold:
    """Return a band around the forearm from x = start backwards, `gap` mm outside the skin."""
    flat = np.column_stack([np.cos(turns), np.sin(turns)])
    outer, inner = (
        loft([forearm_ring(x, extra, turns) for x in np.linspace(*ends, 4)], flat)
        for ends, extra in (
            ((start, start - wide), gap + thick),
            ((start + 1.0, start - wide - 1.0), gap),
        )
    )
    return outer - inner


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
