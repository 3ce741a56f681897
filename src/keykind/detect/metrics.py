"""Detections and labels -> detection metrics.

In:    for each photo its detections and the keys of its label
Out:   DetectionMetrics: average precision of oriented boxes, false positives, head-tip swaps, mask IoU
Needs: numpy, pillow

Source: average precision at an IoU of 0.5 (Everingham et al. 2010, doi:10.1007/s11263-009-0275-4), all points
of the curve.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.geometry import Mask, Points, segment_box
from keykind.detect.detection import Detection

MIN_IOU = 0.5  # of two boxes, to match
MIN_VISIBILITY = 0.5  # of a labelled key, to count; less visible ones are neither misses nor false positives


@dataclass(frozen=True, eq=False)
class LabelledKey:
    """A key of a label, in pixels of the photo."""

    head: Points  # (2,)
    tip: Points  # (2,)
    width: float  # of its visible part, across the line from head to tip
    visibility: float  # share of the key that is neither hidden nor outside the frame
    mask: Mask | None = None  # (h, w) of the photo

    @property
    def box(self) -> Points:
        """Return the corners (4, 2) of the oriented box from head to tip."""
        return segment_box(self.head, self.tip, self.width)


@dataclass(frozen=True, slots=True)
class DetectionMetrics:
    """How well keys are detected."""

    photos: int
    keys: int  # with at least MIN_VISIBILITY
    ap50: float
    recall: float  # at the score threshold
    false: float  # false positives per photo, at the score threshold
    swapped: float  # share of the true positives with head and tip swapped
    mask_iou: float | None = None  # mean over the true positives; None if they have no masks

    def as_json(self) -> dict[str, Any]:
        """Return the metrics as plain JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        """Return the metrics as one line."""
        masks = "" if self.mask_iou is None else f"  mask IoU {self.mask_iou:.3f}"
        return (
            f"{self.photos:5,} photos {self.keys:5,} keys  AP50 {self.ap50:.3f}  recall {self.recall:.3f}  "
            f"{self.false:.2f} false per photo  {self.swapped:.1%} swapped{masks}"
        )


def score_detections(
    photos: Iterable[tuple[Sequence[Detection], Sequence[LabelledKey]]], score_threshold: float
) -> DetectionMetrics:
    """Return the metrics over photos: pairs of detections and labelled keys.

    Detections below `score_threshold` count for the average precision only.
    """
    photo_count = key_count = 0
    matches: list[tuple[float, bool]] = []  # score of each detection, and whether it is a true positive
    swapped: list[bool] = []
    mask_ious: list[float] = []
    for detections, keys in photos:
        photo_count += 1
        key_count += sum(key.visibility >= MIN_VISIBILITY for key in keys)
        unmatched = list(keys)
        for detection in sorted(detections, key=lambda detection: -detection.score):
            best = max(unmatched, key=lambda key: box_iou(detection.box, key.box), default=None)
            if best is None or box_iou(detection.box, best.box) < MIN_IOU:
                matches.append((detection.score, False))
                continue
            unmatched = [key for key in unmatched if key is not best]
            if best.visibility >= MIN_VISIBILITY:
                matches.append((detection.score, True))
                if detection.score >= score_threshold:
                    swapped.append(_is_swapped(detection, best))
                    mask_ious.extend(_mask_ious(detection, best))
    kept = [correct for score, correct in matches if score >= score_threshold]
    return DetectionMetrics(
        photo_count,
        key_count,
        ap50=average_precision(matches, key_count),
        recall=sum(kept) / max(key_count, 1),
        false=(len(kept) - sum(kept)) / max(photo_count, 1),
        swapped=float(np.mean(swapped)) if swapped else 0.0,
        mask_iou=float(np.mean(mask_ious)) if mask_ious else None,
    )


def average_precision(matches: Sequence[tuple[float, bool]], key_count: int) -> float:
    """Return the area under the precision-recall curve, given each detection's score and correctness."""
    correct = np.array([match for _, match in sorted(matches, key=lambda match: -match[0])], bool)
    if not key_count or not correct.size:
        return 0.0
    precision = np.cumsum(correct) / np.arange(1, len(correct) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]  # best precision at this recall or above
    return float(envelope[correct].sum() / key_count)


def _is_swapped(detection: Detection, key: LabelledKey) -> bool:
    straight = np.linalg.norm(detection.head - key.head) + np.linalg.norm(detection.tip - key.tip)
    crossed = np.linalg.norm(detection.head - key.tip) + np.linalg.norm(detection.tip - key.head)
    return bool(crossed < straight)


def _mask_ious(detection: Detection, key: LabelledKey) -> Iterator[float]:
    """Yield the IoU of the masks of a detection and a labelled key, if both have one."""
    if detection.mask is not None and key.mask is not None:
        height, width = key.mask.shape
        yield mask_iou(detection.mask.on_photo((width, height))[0], key.mask)


def mask_iou(mask: Mask, other: Mask) -> float:
    """Return the intersection over union of two masks (h, w); 0 if both are empty."""
    return float((mask & other).sum() / max((mask | other).sum(), 1))


def box_iou(box: Points, other: Points) -> float:
    """Return the intersection over union of two convex polygons (n, 2)."""
    intersection = _area(_clip(_counterclockwise(box), _counterclockwise(other)))
    return intersection / max(_area(box) + _area(other) - intersection, 1e-9)


def _clip(polygon: Points, clip: Points) -> Points:
    """Return the part of a polygon inside a convex one (Sutherland and Hodgman 1974)."""
    for start, end in zip(clip, np.roll(clip, -1, axis=0), strict=True):
        if not len(polygon):
            break
        (x, y), (dx, dy) = start, end - start
        inside: NDArray[np.float64] = dx * (polygon[:, 1] - y) - dy * (polygon[:, 0] - x)
        kept = []
        for i in range(len(polygon)):
            previous = i - 1
            if inside[previous] * inside[i] < 0:
                share = inside[previous] / (inside[previous] - inside[i])
                kept.append(polygon[previous] + share * (polygon[i] - polygon[previous]))
            if inside[i] >= 0:
                kept.append(polygon[i])
        polygon = np.array(kept).reshape(-1, 2)
    return polygon


def _counterclockwise(polygon: Points) -> Points:
    """Return the corners in the order of positive signed area, which `_clip` needs."""
    return polygon if _signed_area(polygon) >= 0 else polygon[::-1]


def _area(polygon: Points) -> float:
    return abs(_signed_area(polygon))


def _signed_area(polygon: Points) -> float:
    if len(polygon) < 3:
        return 0.0
    x, y = polygon.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
