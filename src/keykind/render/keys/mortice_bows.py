"""Bows of old keys: bent rods, rings, scrollwork and cast plates.

In:    style, width in mm, random generator
Out:   OldBow: a solid that ends just behind the shoulder at x = 0
Needs: numpy, manifold3d    [render]

Estimated from photos of old keys: bows of door keys are 25-45 mm wide, of furniture keys 16-28 mm; the rod of
a ring is 2.5-7 mm thick.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from manifold3d import CrossSection, Manifold, OpType

from keykind.render.keys.outlines import centre
from keykind.render.keys.rounded import Line, cast, ring, rod
from keykind.render.solids import DegenerateSolid, Point, polygon

SMOOTH = 44  # points of the centre line of a bow
THIN = 8  # segments around the rods of scrollwork, 2-4 mm thick

CLEAR = 1e-3  # mm behind the shoulder, so that splitting the key there never touches the bow


@dataclass(frozen=True, slots=True)
class OldBow:
    """A bow whose nearest point is at x = 0; the stem of the shank may reach `bite` mm into it."""

    solid: Manifold
    end: Point  # mm
    hole: Point  # mm
    bite: float  # mm
    stem: float  # mm, largest radius of a stem that is hidden in the bow
    thickness: float  # mm


Draw = Callable[[float, np.random.Generator], OldBow]


def lobed(width: float, aspect: float, lobes: dict[int, float], dips: dict[float, float]) -> Line:
    """Return a closed line (SMOOTH, 2) mm around the origin: a circle with lobes and dips.

    lobes: frequency -> amplitude as a share of the radius, outward towards -x.
    dips: angle in degrees (180 is the far end) -> depth as a share of the radius.
    aspect: length along x / width.
    """
    angle = np.arange(SMOOTH) * 2 * np.pi / SMOOTH
    radius = np.ones(SMOOTH)
    for frequency, amplitude in lobes.items():
        radius += amplitude * np.cos(frequency * (angle - np.pi))
    for position, depth in dips.items():
        away = (angle - np.radians(position) + np.pi) % (2 * np.pi) - np.pi
        radius -= depth * np.exp(-((away / 0.42) ** 2))
    line = np.stack([aspect * radius * np.cos(angle), radius * np.sin(angle)], 1)
    return line * (width / np.ptp(line[:, 1]))


def outline(rng: np.random.Generator, width: float) -> Line:
    """Return the line of a ring, oval, bean, trefoil, quatrefoil or pear, (n, 2) mm."""
    form = rng.choice(["ring", "oval", "long", "bean", "waisted", "trefoil", "quatrefoil", "pear"], p=FRAMES)
    aspect = {"ring": 1.0, "oval": rng.uniform(0.66, 0.85), "long": rng.uniform(1.15, 1.45)}.get(form, 0.85)
    if form == "bean":
        return lobed(width, rng.uniform(0.65, 0.9), {}, {180.0: rng.uniform(0.15, 0.42)})
    if form == "waisted":
        return lobed(
            width, rng.uniform(0.6, 0.75), {}, {180.0: rng.uniform(0.1, 0.25), 0.0: rng.uniform(0.05, 0.2)}
        )
    if form == "trefoil":
        return lobed(width, rng.uniform(0.8, 1.0), {3: rng.uniform(0.12, 0.2)}, {})
    if form == "quatrefoil":
        return lobed(width, 1.0, {4: rng.uniform(0.08, 0.13)}, {})
    if form == "pear":
        return lobed(width, rng.uniform(1.05, 1.3), {1: rng.uniform(0.1, 0.22)}, {})
    return lobed(width, aspect, {}, {})


FRAMES = (0.22, 0.26, 0.1, 0.14, 0.1, 0.09, 0.04, 0.05)


def positioned(solid: Manifold, bite: float, stem: float) -> OldBow:
    """Return a bow moved so that its nearest point is at x = 0, without fragments between its rods."""
    pieces = solid.decompose()
    whole = max(pieces, key=Manifold.volume) if len(pieces) > 1 else solid
    whole = whole.translate((-solid.bounding_box()[3] - CLEAR, 0.0, 0.0))
    x0, _, z0, _, _, z1 = whole.bounding_box()
    return OldBow(whole, (x0, 0.0), widest(whole.project()), bite, stem, z1 - z0)


def widest(area: CrossSection) -> Point:
    """Return the point in the holes of an area farthest from an edge, mm.

    Raises DegenerateSolid if there is no hole.
    """
    filled = CrossSection.batch_boolean([polygon(line) for line in area.to_polygons()], OpType.Add)
    hole = filled - area
    for shrink in (3.0, 2.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.1, 0.1, 0.1):
        smaller = hole.offset(-shrink)
        hole = hole if smaller.is_empty() else smaller
    if hole.is_empty():
        raise DegenerateSolid("bow has no hole")
    return centre(max(hole.decompose(), key=CrossSection.area))


def framed(width: float, rng: np.random.Generator) -> OldBow:
    """Return a rod bent to a closed line, round or flattened, its thickness varying towards the far end."""
    line = outline(rng, width)
    thick = width * rng.uniform(0.065, 0.125)
    lean = 1.0 + rng.uniform(-0.25, 0.3) * line[:, 0] / np.abs(line[:, 0]).max()
    high = thick * rng.uniform(0.6, 1.15)
    near = float(lean[int(line[:, 0].argmax())])
    return positioned(
        ring(line, thick * lean, high * lean),
        1.1 * thick * near,
        0.95 * high * near,
    )


def hearted(width: float, rng: np.random.Generator) -> OldBow:
    """Return a heart of bent rod, its point at the shank, its lobes sometimes curled up."""
    thick = width * rng.uniform(0.06, 0.095)
    high = thick * rng.uniform(0.7, 1.1)
    curl = rng.uniform(0.0, 0.3) if rng.random() < 0.5 else rng.uniform(0.7, 1.3)
    half = lobe(width / 2 - thick, rng.uniform(0.55, 1.25), curl, rng.uniform(0.0, 0.09))
    taper = np.linspace(1.0, rng.uniform(0.55, 1.0), len(half))
    solid = rod(half, thick * taper, high * taper) + rod(half * (1, -1), thick * taper, high * taper)
    return positioned(solid, 1.2 * thick, 0.95 * high)


def lobe(reach: float, slim: float, curl: float, bulge: float = 0.0) -> Line:
    """Return half a heart (n, 2) mm: from the origin to y = reach, back to the axis, `curl` turns inward.

    slim: length of the straight side, in units of reach; bulge: its outward curvature, as a share of its
    length.
    """
    radius = reach / 2
    centre = np.array([-reach * (0.55 + slim), radius])
    # the straight side is tangent to the circle
    distance = float(np.hypot(*centre))
    touch = np.arctan2(-centre[1], -centre[0]) + np.arccos(radius / distance)
    meet = centre + radius * np.array([np.cos(touch), np.sin(touch)])
    part = np.linspace(0.0, 1.0, 8)[:-1, None]
    side = part * meet + np.sin(np.pi * part) ** 2 * bulge * np.array([meet[1], -meet[0]])
    sweep = (1.5 * np.pi - touch) % (2 * np.pi) + 2 * np.pi * curl
    turn = np.linspace(0.0, sweep, int(18 + 12 * curl))
    shrink = np.where(turn > sweep - 2 * np.pi * curl, np.exp(-0.24 * (turn - sweep + 2 * np.pi * curl)), 1.0)
    arc = centre + radius * shrink[:, None] * np.stack([np.cos(touch + turn), np.sin(touch + turn)], 1)
    return np.concatenate([side, arc])


def rings(width: float, rng: np.random.Generator) -> OldBow:
    """Return three rings in a clover leaf with a knot between them."""
    size = width * rng.uniform(0.2, 0.25)
    thick = size * rng.uniform(0.24, 0.36)
    high = thick * rng.uniform(0.75, 1.1)
    apart = size * rng.uniform(1.0, 1.18)
    far = size * (1.0 if rng.random() < 0.6 else rng.uniform(0.55, 0.8))
    positions = [(0.0, apart, size), (0.0, -apart, size), (-apart * 0.9 - far * 0.75, 0.0, far)]
    circle = lobed(2.0, 1.0, {}, {})[::2]
    solids = [ring(circle * r + (x, y), thick, high) for x, y, r in positions]
    knot = thick * rng.uniform(1.1, 1.9)
    solids.append(Manifold.sphere(1.0, 20).scale((knot, knot, max(high * 1.1, knot * 0.7))))
    stem = np.linspace((0.0, 0.0), (size * 0.95, 0.0), 5)
    solids.append(rod(stem, thick * np.linspace(1.0, 1.7, 5), high * 1.1))
    return positioned(Manifold.batch_boolean(solids, OpType.Add), size * 0.75, high)


def volute(start: Point, heading: float, size: float, turns: float, side: int) -> Line:
    """Return a spiral (n, 2) mm from `start`, heading in radians; side: 1 turns left, -1 right."""
    turn = np.linspace(0.0, 2 * np.pi * turns, int(10 + 10 * turns))
    radius = size * np.exp(-0.19 * turn)
    left = heading + side * np.pi / 2
    first = np.array([np.cos(left), np.sin(left)])
    angle = left + np.pi + side * turn
    return np.asarray(
        np.asarray(start) + size * first + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    )


def scrolled(width: float, rng: np.random.Generator) -> OldBow:
    """Return scrollwork: a heart of two scrolls either way up, curls at the neck, a ring or heart on top."""
    thick = width * rng.uniform(0.035, 0.055)
    high = thick * rng.uniform(0.8, 1.3)
    half = lobe(width / 2 - thick, rng.uniform(0.0, 0.5), rng.uniform(0.7, 1.2), rng.uniform(0.0, 0.1))
    far = float(half[:, 0].min())
    dip, tilt = far + width / 4, float(np.arctan2(half[4, 1], half[4, 0]))
    lines = [half]
    if rng.random() < 0.6:
        position = half[3 + int(rng.integers(0, 3))]
        lines.append(volute(position, tilt, width * rng.uniform(0.05, 0.08), 1.1, 1))
    axis = np.linspace((dip + thick, 0.0), (far, 0.0), 4)
    if rng.random() < 0.5:
        lines = [line * (-1, 1) + (far, 0.0) for line in lines]
        axis = np.linspace((far - dip - thick, 0.0), (0.0, 0.0), 4)
    elif rng.random() < 0.4:
        axis = np.linspace((0.0, 0.0), (far, 0.0), 4)
    lines.append(volute((0.0, thick * 0.5), np.pi * 0.62, width * rng.uniform(0.08, 0.12), 1.0, -1))
    rods = [rod(axis, thick * rng.uniform(0.9, 1.3), high, THIN)]
    for line in lines:
        taper = np.linspace(1.0, rng.uniform(0.65, 0.9), len(line))
        taper[-4:] *= (1.15, 1.45, 1.6, 1.5)
        rods += [rod(line * (1, side), thick * taper, high * taper, THIN) for side in (1, -1)]
    top = crest(far, width * rng.uniform(0.09, 0.15), thick, rng)
    return positioned(Manifold.batch_boolean([*rods, top], OpType.Add), 2.0 * thick, 0.95 * high)


def crest(x: float, size: float, thick: float, rng: np.random.Generator) -> Manifold:
    """Return the crest of scrollwork at (x, 0): a ring, a heart or a ring between balls."""
    form = rng.choice(["ring", "heart", "balls"], p=[0.45, 0.3, 0.25])
    if form == "heart":
        half = lobe(size * 1.1, 0.9, 0.05) + np.array((x + thick, 0.0))
        return rod(half, thick, None, THIN) + rod(half * (1, -1), thick, None, THIN)
    eye = lobed(2 * size, 1.0, {}, {})[::2] + np.array((x - size - thick * 0.2, 0.0))
    solids = [ring(eye, thick * rng.uniform(1.0, 1.4))]
    if form == "balls":
        ball = Manifold.sphere(thick * 1.9, 16)
        solids += [ball.translate((x - thick, s * thick * 2.2, 0.0)) for s in (1, -1)]
        solids.append(ball.translate((x - 2 * size - thick, 0.0, 0.0)))
    return Manifold.batch_boolean(solids, OpType.Add)


def pierced(width: float, rng: np.random.Generator) -> OldBow:
    """Return a cast plate with one opening, three or four round ones, or spokes."""
    thick = float(np.clip(width * rng.uniform(0.09, 0.15), 2.2, 5.0))
    rim = max(2.0, width * rng.uniform(0.1, 0.16))
    shape = (_windowed, _holed, _spoked)[int(rng.choice(3, p=[0.5, 0.35, 0.15]))](width, rim, rng)
    solid = cast(shape, thick, min(0.3 * thick, 0.2 * rim))
    return positioned(solid, rim * 0.9, 0.5 * thick)


def _windowed(width: float, rim: float, rng: np.random.Generator) -> CrossSection:
    line = outline(rng, width)
    window = polygon(line).offset(-rim)
    form = rng.choice(["same", "heart", "two lobes", "round"])
    if form == "heart":
        half = lobe((width / 2 - rim) * 0.95, 0.45, 0.0)
        heart = polygon(np.concatenate([half, half[::-1] * (1, -1)]))
        window ^= heart.translate((line[:, 0].max() - rim * 0.9, 0.0))
    elif form == "two lobes":
        lobes = CrossSection.circle(width * 0.24, 32).scale((1.1, 1.0))
        window ^= (lobes.translate((0.0, width * 0.18)) + lobes.translate((0.0, -width * 0.18))).offset(0.2)
    elif form == "round":
        window ^= CrossSection.circle(width / 2 - rim, 40).scale((0.8, 1.0))
    return polygon(line) - window


def _holed(width: float, rim: float, rng: np.random.Generator) -> CrossSection:
    size, count = width * rng.uniform(0.24, 0.27), int(rng.choice([3, 3, 3, 4]))
    step = np.pi / 2 if count == 3 else np.pi / 2.6
    angles = np.pi + (np.arange(count) - (count - 1) / 2) * step
    web = 1.18 * size * np.sin(step / 2) - 0.45 * rim
    hole = CrossSection.circle(min(size - rim * 0.75, web), 24)
    positions = [(float(size * 1.18 * np.cos(a)), float(size * 1.18 * np.sin(a))) for a in angles]
    lobes = [CrossSection.circle(size, 36).translate(position) for position in positions]
    body = CrossSection.batch_boolean([*lobes, CrossSection.circle(size * 0.8, 24)], OpType.Add)
    root = polygon([(0.0, -size), (size * 1.6, -rim), (size * 1.6, rim), (0.0, size)])
    body = (body + root).offset(1.5).offset(-1.5)
    return body - CrossSection.batch_boolean([hole.translate(p) for p in positions], OpType.Add)


def _spoked(width: float, rim: float, rng: np.random.Generator) -> CrossSection:
    count = int(rng.choice([4, 6, 8]))
    radius = width / 2
    outside = CrossSection.circle(radius, int(rng.choice([8, 48]))).rotate(22.5)
    bar = CrossSection.square((radius * 0.95, rim * 0.75), True).translate((radius * 0.5, 0.0))
    spokes = [bar.rotate(360.0 * i / count) for i in range(count)]
    hub = CrossSection.circle(radius * rng.uniform(0.2, 0.4), 24)
    inside = CrossSection.batch_boolean([*spokes, hub], OpType.Add) ^ outside
    return (outside - outside.offset(-rim * 0.8)) + inside


STYLES: dict[str, Draw] = {
    "framed": framed,
    "hearted": hearted,
    "rings": rings,
    "scrolled": scrolled,
    "pierced": pierced,
}


def draw_bow(style: str, width: float, rng: np.random.Generator) -> OldBow:
    """Return a bow `width` mm wide; style: one of STYLES. Raises ValueError for any other style."""
    if style not in STYLES:
        raise ValueError(f"bow style {style!r}: expected one of {', '.join(STYLES)}")
    return STYLES[style](width, rng)
