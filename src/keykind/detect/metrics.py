"""What the detector said and what is there -> how well it finds.

In:    for each photo the keys found, and the keys of its label
Out:   DetectionMetrics: average precision of oriented boxes, heads taken for tips, overlap of masks
Needs: numpy

Source: average precision at an overlap of one half (Everingham et al. 2010, doi:10.1007/s11263-009-0275-4),
all points of the curve.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.geometry import Mask, Points, corners_of, rectangle_along
from keykind.detect.postprocess import Detection

MATCH = 0.5  # overlap of two boxes that are one key's
VISIBLE = 0.5  # share of a key that is seen for it to be asked for; the others neither count nor harm


@dataclass(frozen=True, eq=False)
class Wanted:
    """A key of a label, in pixels of the photo."""

    head: Points  # (2,)
    tip: Points  # (2,)
    mask: Mask  # (h, w), not empty
    visible: float  # share of the key that is neither hidden nor outside

    @cached_property
    def box(self) -> Points:
        """Return the corners (4, 2) of the rectangle around what is seen, along the key."""
        return rectangle_along(corners_of(self.mask), self.tip - self.head)


@dataclass(frozen=True, slots=True)
class DetectionMetrics:
    """How well keys are found."""

    photos: int
    keys: int  # that are asked for
    ap50: float
    recall: float  # at the detector's own threshold
    false: float  # keys a photo that are none, at that threshold
    swapped: float  # share of the keys found whose head is told nearer to their tip
    mask_iou: float  # mean over the keys found

    def as_json(self) -> dict[str, Any]:
        """Return the scores as plain JSON values."""
        return asdict(self)


def score_detections(
    photos: Iterable[tuple[Sequence[Detection], Sequence[Wanted]]], least: float
) -> DetectionMetrics:
    """Return the scores over photos; `least` is the detector's own threshold of a key's score."""
    count = asked = 0
    hits: list[tuple[float, bool]] = []  # score, and whether a key is there, of each key found
    swapped: list[bool] = []
    overlaps: list[float] = []
    for found, wanted in photos:
        count += 1
        asked += sum(key.visible >= VISIBLE for key in wanted)
        free = list(wanted)
        for one in sorted(found, key=lambda each: -each.score):
            best = max(free, key=lambda key: box_iou(one.box, key.box), default=None)
            if best is None or box_iou(one.box, best.box) < MATCH:
                hits.append((one.score, False))
                continue
            free = [key for key in free if key is not best]
            if best.visible >= VISIBLE:
                hits.append((one.score, True))
                if one.score >= least:
                    swapped.append(_is_swapped(one, best))
                    overlaps.append(mask_iou(one, best.mask))
    kept = [right for score, right in hits if score >= least]
    return DetectionMetrics(
        count,
        asked,
        ap50=average_precision(hits, asked),
        recall=sum(kept) / max(asked, 1),
        false=(len(kept) - sum(kept)) / max(count, 1),
        swapped=float(np.mean(swapped)) if swapped else 0.0,
        mask_iou=float(np.mean(overlaps)) if overlaps else 0.0,
    )


def average_precision(hits: Sequence[tuple[float, bool]], asked: int) -> float:
    """Return the area under precision over recall; hits are scores and whether they are right."""
    right = np.array([hit for _, hit in sorted(hits, key=lambda one: -one[0])], bool)
    if not asked or not right.size:
        return 0.0
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    ceiling = np.maximum.accumulate(precision[::-1])[::-1]  # the best that any lower threshold still has
    return float(ceiling[right].sum() / asked)


def _is_swapped(found: Detection, wanted: Wanted) -> bool:
    straight = np.linalg.norm(found.head - wanted.head) + np.linalg.norm(found.tip - wanted.tip)
    crossed = np.linalg.norm(found.head - wanted.tip) + np.linalg.norm(found.tip - wanted.head)
    return bool(crossed < straight)


def mask_iou(found: Detection, wanted: Mask) -> float:
    """Return the overlap of a coarse mask and one of the photo's own pixels."""
    height, width = wanted.shape
    rows, columns = (
        np.minimum(((np.arange(side) + 0.5) / found.scale).astype(int), last - 1)
        for side, last in zip((height, width), found.mask.shape, strict=True)
    )
    mask = found.mask[np.ix_(rows, columns)]
    return float((mask & wanted).sum() / max((mask | wanted).sum(), 1))


def box_iou(one: Points, other: Points) -> float:
    """Return the overlap of two convex polygons (n, 2): intersection over union of their areas."""
    both = _area(_clipped(_one_way(one), _one_way(other)))
    return both / max(_area(one) + _area(other) - both, 1e-9)


def _clipped(polygon: Points, by: Points) -> Points:
    """Return the part of a polygon inside a convex one (Sutherland and Hodgman 1974)."""
    for start, end in zip(by, np.roll(by, -1, axis=0), strict=True):
        if not len(polygon):
            break
        (x, y), (dx, dy) = start, end - start
        inside: NDArray[np.float64] = dx * (polygon[:, 1] - y) - dy * (polygon[:, 0] - x)
        kept = []
        for place in range(len(polygon)):
            before = place - 1
            if inside[before] * inside[place] < 0:
                share = inside[before] / (inside[before] - inside[place])
                kept.append(polygon[before] + share * (polygon[place] - polygon[before]))
            if inside[place] >= 0:
                kept.append(polygon[place])
        polygon = np.array(kept).reshape(-1, 2)
    return polygon


def _one_way(polygon: Points) -> Points:
    """Return the corners so that the inside lies to the same side of each edge."""
    return polygon if _signed_area(polygon) >= 0 else polygon[::-1]


def _area(polygon: Points) -> float:
    return abs(_signed_area(polygon))


def _signed_area(polygon: Points) -> float:
    if len(polygon) < 3:
        return 0.0
    x, y = polygon.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
