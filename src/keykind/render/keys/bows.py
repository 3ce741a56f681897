"""Heads of keys: stamped metal bows; moulded heads by style.

In:    style, height and thickness of the blade in mm, random generator
Out:   Head
Needs: numpy, manifold3d    [render]

Bows of flat keys are 18-32 mm wide and 20-30 mm long, with a hole of 4-8 mm (catalogues of key blanks).
"""

from collections.abc import Callable, Mapping

import numpy as np
from manifold3d import CrossSection

from keykind.render.keys import brands
from keykind.render.keys.car_heads import (
    draw_emergency,
    draw_motorcycle,
    draw_remote_head,
    draw_smart_head,
)
from keykind.render.keys.fobs import draw_flip, draw_half_open
from keykind.render.keys.heads import draw_car, draw_plastic
from keykind.render.keys.outlines import BOWS, box, centre, ellipse
from keykind.render.keys.sweeps import filleted
from keykind.render.solids import Head, Stamp, polygon

JOIN = 0.4  # mm by which the outline overlaps the blade
RIM = 1.9  # mm of metal between a hole and the edge
WIDTHS = (18.0, 32.0)  # mm across the bow
BOW_SHARES = (0.22, 0.1, 0.12, 0.06, 0.12, 0.08, 0.08, 0.08, 0.06, 0.08)  # in the order of BOWS
WAISTED = ("clover", "winged", "eared")  # too narrow for a frame-like opening
NECKS = (2.0, 8.0)  # mm between bow and blade

Opening = Callable[[CrossSection, np.random.Generator], list[CrossSection]]


def draw_head(style: str, neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return a head for a blade `neck` mm high and `thickness` mm thick.

    Raises ValueError for a style that is not in STYLES.
    """
    if style not in STYLES:
        raise ValueError(f"head style {style!r}: expected one of {', '.join(STYLES)}")
    return STYLES[style](neck, thickness, rng)


def choose_style(shares: Mapping[str, float], rng: np.random.Generator) -> str:
    """Return one of the styles of a table, with probabilities proportional to their shares."""
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def draw_stamped(neck: float, thickness: float, rng: np.random.Generator) -> Head:
    """Return a bow stamped from the same sheet as the blade."""
    name = str(rng.choice(list(BOWS), p=BOW_SHARES))
    width = float(np.clip(rng.normal(24.5, 3.0), *WIDTHS))
    bow = BOWS[name](width, rng)
    reach = rng.uniform(*NECKS)
    bow = bow.translate((-reach - bow.bounds()[2], 0.0))
    body = joined(bow, neck, neck * rng.uniform(0.85, 1.25), rng.uniform(1.0, 3.0))
    holes = openings(bow, name not in WAISTED, rng)
    stamps = draw_stamps(bow, holes, rng) if rng.random() < 0.9 else ()
    for hole in holes:
        body -= hole
    left = body.bounds()[0]
    middle = (bow.bounds()[1] + bow.bounds()[3]) / 2
    return Head(body, (), (left, middle), centre(holes[0]), stamps, thickness)


def joined(bow: CrossSection, neck: float, throat: float, fillet: float) -> CrossSection:
    """Return a bow with a filleted throat, which meets the blade at x = 0; mm."""
    left, _, right, _ = bow.bounds()
    start = right - 0.35 * (right - left)
    bar = CrossSection.square((-start, throat)).translate((start, -throat / 2))
    body = filleted(bow + bar.offset(0.01), 0.3) + bow
    body = body.offset(fillet).offset(-fillet)
    body ^= CrossSection.square((200.0, 200.0)).translate((-200.3, -100.0))
    return body + CrossSection.square((0.8 + JOIN, neck)).translate((-0.8, -neck / 2))


def openings(bow: CrossSection, framed: bool, rng: np.random.Generator) -> list[CrossSection]:
    """Return the openings of a bow, the hole for a ring first; framed: whether one may leave only a rim."""
    inner = bow.offset(-RIM)
    draw = HOLES[int(rng.choice(len(HOLES), p=HOLE_SHARES))]
    if draw is frame_opening and not framed:
        draw = round_hole
    holes = [filleted(hole ^ inner, 0.4) for hole in draw(bow, rng)]
    holes = [hole for hole in holes if hole.area() > 6.0 and hole.num_contour() == 1]
    if holes:
        return holes
    left, low, _, high = inner.bounds()
    return [CrossSection.circle(2.2, 32).translate((left + 3.0, (low + high) / 2)) ^ inner]


def round_hole(bow: CrossSection, rng: np.random.Generator) -> list[CrossSection]:
    """Return a round hole near the far end, the most common opening."""
    radius = rng.uniform(2.2, 4.3)
    x = bow.bounds()[0] + RIM + radius + rng.uniform(0.2, 2.0)
    return [CrossSection.circle(radius, 36).translate((x, 0.0))]


def slot(bow: CrossSection, rng: np.random.Generator) -> list[CrossSection]:
    """Return a slot across the far end."""
    left, low, _, high = bow.bounds()
    tall, wide = rng.uniform(4.0, 6.5), (high - low) * rng.uniform(0.35, 0.65)
    draw = ellipse if rng.random() < 0.3 else lambda a, b: box(a, b, rng.uniform(1.0, 3.2))
    return [draw(tall, wide).translate((left + RIM + tall / 2 + rng.uniform(0.2, 1.5), 0.0))]


def arch(bow: CrossSection, rng: np.random.Generator) -> list[CrossSection]:
    """Return a D-shaped or triangular hole that follows the far edge."""
    left, low, right, high = bow.bounds()
    depth = (right - left) * rng.uniform(0.25, 0.45)
    span = (high - low) * rng.uniform(0.25, 0.5)
    near = span * rng.choice([0.4, 0.8, 1.0])
    x = left + RIM
    wedge = polygon([(x, -span), (x + depth, -near), (x + depth, near), (x, span)])
    return [filleted(bow.offset(-RIM - 0.3) ^ wedge, 1.2)]


def windows(bow: CrossSection, rng: np.random.Generator) -> list[CrossSection]:
    """Return three windows separated by spokes, the far one for the ring."""
    left, _, right, _ = bow.bounds()
    near = CrossSection.square((200.0, 200.0)).translate((left + 0.62 * (right - left), -100.0))
    inner = bow.offset(-2.6) - near
    spoke, hub = rng.uniform(2.2, 3.2), (left + 0.6 * (right - left), 0.0)
    bars = CrossSection()
    for angle in (rng.uniform(115.0, 130.0), -rng.uniform(115.0, 130.0)):
        bar = CrossSection.square((60.0, spoke)).translate((0.0, -spoke / 2))
        bars += bar.rotate(angle + 30.0).translate(hub)
    panes = filleted(inner - bars - CrossSection.circle(3.6, 24).translate(hub), 0.7).decompose()
    return sorted(panes, key=lambda pane: pane.bounds()[0])


def frame_opening(bow: CrossSection, rng: np.random.Generator) -> list[CrossSection]:
    """Return one large opening that leaves only a rim."""
    inner = bow.offset(-rng.uniform(3.0, 4.5))
    left, _, right, _ = inner.bounds()
    cut = left + (right - left) * rng.uniform(0.6, 1.0)
    return [filleted(inner ^ CrossSection.square((200.0, 200.0)).translate((cut - 200.0, -100.0)), 1.5)]


def eyes(bow: CrossSection, rng: np.random.Generator) -> list[CrossSection]:
    """Return a round hole, and two or three smaller ones around the middle of the bow."""
    left, low, right, high = bow.bounds()
    x, away = (left + right) / 2, (high - low) * 0.25
    small = CrossSection.circle(rng.uniform(1.4, 2.4), 24)
    positions = [(x, away), (x, -away), (x + away, 0.0)][: int(rng.integers(2, 4))]
    return [*round_hole(bow, rng), *(small.translate(position) for position in positions)]


HOLES: tuple[Opening, ...] = (round_hole, slot, arch, windows, frame_opening, eyes)
HOLE_SHARES = (0.5, 0.18, 0.14, 0.07, 0.06, 0.05)


def draw_stamps(bow: CrossSection, holes: list[CrossSection], rng: np.random.Generator) -> tuple[Stamp, ...]:
    """Return the brand, numbers, frames and patterns on a bow, clear of its holes."""
    _, low, right, high = bow.bounds()
    start = min(max(hole.bounds()[2] for hole in holes) + 1.0, right - 4.0)
    room, wide = right - start, (high - low) * 0.72
    middle = (start + 0.5 * room, (low + high) / 2)
    angle = float(rng.choice([90.0, -90.0, 0.0], p=[0.5, 0.35, 0.15]))
    depth = float(rng.choice([-0.2, -0.12, 0.15]))
    stamps: list[Stamp] = []
    if rng.random() < 0.3:
        stamps.append(Stamp("frame:outline", centre(bow), high - low - 2.5, 0.0, 0.2))
    elif rng.random() < 0.15:
        pattern = str(rng.choice(["pattern:stripes", "pattern:knurl"]))
        stamps.append(Stamp(pattern, middle, min(room, wide) * 0.9, angle, -0.1))
    texts = [brands.brand(rng), brands.code(rng), brands.origin(rng)][: int(rng.integers(1, 4))]
    if rng.random() < 0.15:
        texts[0] = brands.logo(rng)
    if rng.random() < 0.3:
        texts = texts[::-1]
    across = wide if angle else room
    lines = room if angle else wide
    for row, text in enumerate(texts):
        letters = 2.0 if ":" in text else len(text)
        height = min(across / (0.72 * letters), lines / (1.7 * len(texts)), 5.0)
        shift = (len(texts) / 2 - row - 0.5) * lines / (len(texts) + 0.4)
        turn = np.radians(angle)
        position = (middle[0] - shift * np.sin(turn), middle[1] + shift * np.cos(turn))
        stamps.append(Stamp(text, (float(position[0]), float(position[1])), float(height), angle, depth))
    return tuple(stamps)


STYLES: dict[str, Callable[[float, float, np.random.Generator], Head]] = {
    "metal": draw_stamped,
    "plastic": draw_plastic,
    "car": draw_car,
    "remote": draw_remote_head,
    "flip": draw_flip,
    "half_open": draw_half_open,
    "smart": draw_smart_head,
    "emergency": draw_emergency,
    "motorcycle": draw_motorcycle,
}
