"""Bits of lever and warded keys: the flat part at the tip of the shank.

In:    width along the shank and height below it in mm, random generator
Out:   CrossSection: x from 0 (toward the bow) to width, y from 0 (the shank) down to -height
Needs: numpy, manifold3d    [render]

Steps in the end of the bit lift the levers. The key of a five-lever lock has seven peaks, two of which move
the curtain and the bolt (als-locksmiths.co.uk, "Mortise Lock Replacement 2"); a key that works from both
sides is symmetrical. Sash wards pass through notches in the front and back edges, bridge wards through the
end (R. Phillips, "Skeleton keys explained correctly", 2021). Bits of old keys are cut to an S, a 5 or
initials (savoysafes.com, "Antique safe keys").
"""

from collections.abc import Callable

import numpy as np
from manifold3d import CrossSection, JoinType, OpType

from keykind.render.solids import DegenerateSolid

JOG = 0.06  # mm, separates cells that touch only at a corner
ROOT = 0.18  # of the height, left uncut next to the shank

Bit = Callable[[float, float, np.random.Generator], CrossSection]

PATTERNS = {  # rows from the shank outwards, columns from bow to tip; "." is cut away
    "castle": ("#######", ".#####.", "..###..", ".#####.", ".##.##."),
    "stepped": ("#######", ".#####.", "..###..", "#######", "##.#.##"),
    "feet": ("##.##", "##.##", ".#.#.", ".#.#.", "##.##"),
    "cross": ("#######", "###.###", "##...##", "###.###", "###.###"),
    "closed cross": ("#########", "####.####", "###...###", "####.####", "#########"),
    "legs": ("#######", "#######", ".##.##.", ".##.##.", "###.###", "###.###"),
    "S": ("#####", "#####", "#....", "#####", "....#", "#####"),
    "five": ("#####", "#####", "#....", "#####", "....#", ".####"),
    "E": ("###", "###", "##.", "###", "##.", "###"),
    "fret": ("######", "######", "##...#", "##.###", "##....", "######"),
    "T": ("#######", "#######", "##...##", "###.###", "###.###"),
    "L": ("######", "######", "##..##", "##.###", "##.###"),
    "H": ("#######", "#######", "###.###", ".##.##.", "###.###"),
    "comb": ("#######", "#######", "#.##.##", "#.##.##", "#.##.##"),
    "trident": ("#####", "#####", "#.#.#", "#.#.#"),
    "notched": ("####", "####", ".###", "####", "####"),
    "skeleton": ("...##", "..###", "#####", "#####"),
    "hook": ("..###", "..###", "..###", "#####", "#####"),
    "keyhole": ("#####", "##.##", "##.##", "#####"),
    "flag": ("####", "####", "####", "####"),
    "flag with foot": ("####", "####", "####", "#.##"),
    "back notch": ("####", "####", "###.", "####"),
    "both notches": ("#####", "#####", ".###.", "#####", "##.##"),
}
ORNATE = ("castle", "stepped", "cross", "closed cross", "legs", "fret", "T", "S", "E", "H")
PLAIN = (
    "flag",
    "flag with foot",
    "back notch",
    "notched",
    "skeleton",
    "hook",
    "both notches",
    "keyhole",
    "comb",
)
SHOWPIECE = ("feet", "castle", "stepped", "comb", "trident")


def edges(count: int, size: float, rng: np.random.Generator) -> np.ndarray:
    """Return `count` + 1 positions from 0 to `size` mm, uneven as if filed by hand."""
    steps = rng.uniform(0.75, 1.3, count)
    return np.concatenate([[0.0], np.cumsum(steps) / steps.sum() * size])


def patterned(names: tuple[str, ...]) -> Bit:
    """Return a function that draws a bit with one of the named patterns."""

    def bit(width: float, height: float, rng: np.random.Generator) -> CrossSection:
        rows = PATTERNS[str(rng.choice(names))]
        if rng.random() < 0.5:
            rows = tuple(row[::-1] for row in rows)
        across = edges(len(rows[0]), width, rng)
        if all(row == row[::-1] for row in rows):
            across = (across + width - across[::-1]) / 2
        down = -edges(len(rows), height, rng)
        cells = [
            CrossSection.square((across[j + 1] - across[j], down[i] - down[i + 1])).translate(
                (across[j], down[i + 1])
            )
            for i, row in enumerate(rows)
            for j, mark in enumerate(row)
            if mark == "#"
        ]
        whole = CrossSection.batch_boolean(cells, OpType.Add).offset(JOG, JoinType.Miter)
        return whole.offset(-2 * JOG, JoinType.Miter).offset(JOG, JoinType.Miter)

    return bit


def levered(width: float, height: float, rng: np.random.Generator) -> CrossSection:
    """Return a bit with a step for each of 2-7 levers, and two for bolt and curtain."""
    return stepped(width, height, int(rng.choice([2, 3, 5, 5, 5, 7])) + 2, rng)


def stepped(width: float, height: float, count: int, rng: np.random.Generator) -> CrossSection:
    """Return a bit whose end has `count` steps of six depths, up to 4.5 mm; 70% are symmetrical."""
    depths = rng.integers(0, 6, count) / 5 * min(height * 0.5, 4.5)
    if rng.random() < 0.7:
        depths = depths[np.minimum(np.arange(count), np.arange(count)[::-1])]
    if rng.random() < 0.5:
        depths[0] = depths[-1] = 0.0
    pitch = width / count
    slit = pitch * rng.uniform(0.0, 0.18)
    blank = CrossSection.square((width, height)).translate((0.0, -height))
    cuts = [
        CrossSection.square((pitch + slit, depth + 1.0)).translate((i * pitch - slit / 2, -height - 1.0))
        for i, depth in enumerate(depths)
        if depth > 0
    ]
    return blank - CrossSection.batch_boolean(cuts, OpType.Add) if cuts else blank


def warded(width: float, height: float, rng: np.random.Generator) -> CrossSection:
    """Return a bit with one to four notches for wards in its end, front or back."""
    bit = CrossSection.square((width, height)).translate((0.0, -height))
    for side in rng.choice(["front", "back", "end"], int(rng.integers(1, 5))):
        wide = rng.uniform(0.9, 1.8)
        if side == "end":
            deep, x = height * rng.uniform(0.2, 0.55), rng.uniform(0.15, 0.85) * width - wide / 2
            notch = CrossSection.square((wide, deep)).translate((x, -height))
        else:
            deep, y = width * rng.uniform(0.15, 0.38), -height * rng.uniform(ROOT + 0.05, 0.85)
            x = 0.0 if side == "front" else width - deep
            notch = CrossSection.square((deep, wide)).translate((x, y))
        bit -= notch.offset(1e-3)
    return bit


FORMS: dict[str, Bit] = {
    "levered": levered,
    "warded": warded,
    "ornate": patterned(ORNATE),
    "plain": patterned(PLAIN),
    "show": patterned(SHOWPIECE),
}


def draw_bit(form: str, width: float, height: float, rng: np.random.Generator) -> CrossSection:
    """Return the outline of a bit, in one piece; form: one of FORMS.

    Raises DegenerateSolid if the cuts split it, ValueError for an unknown form.
    """
    if form not in FORMS:
        raise ValueError(f"bit form {form!r}: expected one of {', '.join(FORMS)}")
    bit = FORMS[form](width, height, rng)
    root = CrossSection.square((width, height * 0.05)).translate((0.0, -height * 0.05))
    pieces = [piece for piece in bit.decompose() if not (piece ^ root).is_empty()]
    if len(pieces) != len(bit.decompose()) or not pieces:
        raise DegenerateSolid(
            f"bit {form}: cut into {len(bit.decompose())} pieces, {len(pieces)} of them attached"
        )
    return bit
