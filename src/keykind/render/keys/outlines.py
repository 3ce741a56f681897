"""Outlines of bows and heads around the origin, the blade at their right.

In:    width across the key in mm, random generator
Out:   CrossSection in one piece, without holes
Needs: numpy, manifold3d    [render]

Bows of flat keys are 18-32 mm wide and 20-30 mm long (catalogues of key blanks).
"""

from collections.abc import Callable

import numpy as np
from manifold3d import CrossSection, OpType

from keykind.render.keys.sweeps import circle_points, filleted
from keykind.render.solids import Point, polygon

Outline = Callable[[float, np.random.Generator], CrossSection]


def ellipse(along: float, across: float) -> CrossSection:
    """Return an ellipse with these axes (diameters) in mm around the origin."""
    return CrossSection.circle(0.5, 48).scale((along, across))


def box(along: float, across: float, radius: float) -> CrossSection:
    """Return a rectangle with rounded corners around the origin, mm."""
    radius = max(0.1, min(radius, along / 2 - 0.1, across / 2 - 0.1))
    return CrossSection.square((along - 2 * radius, across - 2 * radius), True).offset(radius)


def centre(outline: CrossSection) -> Point:
    """Return the centre of the bounding box of an outline, mm."""
    left, low, right, high = outline.bounds()
    return (left + right) / 2, (low + high) / 2


def round_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a nearly round bow."""
    return ellipse(width * rng.uniform(0.94, 1.04), width)


def oval_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return an oval bow, along or across the key."""
    return ellipse(width * float(rng.choice([rng.uniform(0.72, 0.86), rng.uniform(1.1, 1.25)])), width)


def square_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a square or oblong bow with rounded corners."""
    return box(width * rng.uniform(0.75, 1.05), width, rng.uniform(1.5, 6.0))


def clover_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a clover with three lobes."""
    lobe, out = width * rng.uniform(0.25, 0.29), width * 0.23
    centres = [(-out * rng.uniform(1.1, 1.5), 0.0), (0.0, out), (0.0, -out), (-out * 0.4, 0.0)]
    lobes = [CrossSection.circle(lobe, 40).translate(centre_point) for centre_point in centres]
    return filleted(CrossSection.batch_boolean(lobes, OpType.Add), 1.2)


def sided_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a regular polygon with rounded corners."""
    sides = int(rng.choice([5, 6, 6, 8, 8]))
    corners = polygon(circle_points(width / 2 * 1.06, sides)).rotate(float(rng.choice([0.0, 180.0 / sides])))
    return filleted(corners, rng.uniform(0.8, 3.0))


def keystone_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a trapezoid, mostly wider at the far end."""
    long, near, far = width * rng.uniform(0.85, 1.1), width * rng.uniform(0.2, 0.4), width / 2
    if rng.random() < 0.2:
        near, far = far, width * 0.35
    line = [(-long / 2, -far), (long / 2, -near), (long / 2, near), (-long / 2, far)]
    return filleted(polygon(line), rng.uniform(1.5, 4.0))


def shield_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a shield: far edge nearly straight, sides converging towards the blade."""
    long, half = width * rng.uniform(0.9, 1.1), width / 2
    bulge, waist = rng.uniform(0.0, 2.5), rng.uniform(0.55, 0.9)
    upper = [(-long / 2 - bulge, 0.0), (-long / 2, half * 0.9), (-long * 0.2, half)]
    upper += [(long * 0.2, half * waist), (long / 2, half * 0.3)]
    return filleted(polygon(upper + [(x, -y) for x, y in reversed(upper[1:])]), rng.uniform(1.0, 3.0))


def winged_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a wide bar and a narrower far part for the hole."""
    bar, top = rng.uniform(8.0, 11.0), width * rng.uniform(0.55, 0.75)
    wings = box(bar, width * 1.15, rng.uniform(0.8, 3.0))
    crest = box(bar + 9.0, top, rng.uniform(2.0, 5.0)).translate((-rng.uniform(6.5, 8.0), 0.0))
    root = box(5.0, top * 0.9, 1.0).translate((bar / 2, 0.0))
    return filleted(wings + crest + root, 0.7)


def eared_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a wide oval with an eyelet at its far end."""
    eye = width * rng.uniform(0.22, 0.27)
    body = ellipse(width * rng.uniform(0.5, 0.65), width)
    far = CrossSection.circle(eye, 40).translate((-width * 0.27 - eye * 0.6, 0.0))
    return filleted((body + far).offset(1.5).offset(-1.5), 0.8)


def fan_bow(width: float, rng: np.random.Generator) -> CrossSection:
    """Return a fan: far edge round, straight sides converging towards the blade."""
    half = width / 2
    disc = CrossSection.circle(half, 64).scale((rng.uniform(0.75, 1.0), 1.0))
    root = polygon([(0.0, -half), (half * 1.05, -half * 0.42), (half * 1.05, half * 0.42), (0.0, half)])
    left = CrossSection.square((100.0, 100.0)).translate((-99.9, -50.0))
    return filleted((disc ^ left) + root, rng.uniform(0.6, 2.5))


BOWS: dict[str, Outline] = {
    "round": round_bow,
    "oval": oval_bow,
    "square": square_bow,
    "clover": clover_bow,
    "sided": sided_bow,
    "keystone": keystone_bow,
    "shield": shield_bow,
    "winged": winged_bow,
    "eared": eared_bow,
    "fan": fan_bow,
}
