"""Training views -> aligned crops around candidates, with what the network is to say about them.

In:    View; KeyDetector; a random generator
Out:   Example(s): a crop, its targets, its masks
Needs: numpy, opencv, ai-edge-litert                                                       [train]

The candidates are those of the detector, so the network learns to reject what the detector takes for a key,
and the view's keys, moved by as much as the detector errs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.core.geometry import Points
from keykind.detect.align import OrientedCrop
from keykind.detect.detector import KeyDetector
from keykind.detect.postprocess import decode, pairwise_distance
from keykind.detect.refiner import HEAD as ENDS_HEAD
from keykind.detect.refiner import HEIGHT, MASK_SHAPE, OUTPUTS, WIDTH, crop_region
from keykind.detect.refiner import TIP as ENDS_TIP
from keykind.train.detector import keys
from keykind.train.detector.keys import View, map_points
from keykind.train.detector.warp import extract_unstretched, pixel_matrix

MIN_SCORE = 0.03  # of candidates
MAX_CANDIDATES, SCORE_NOISE = 7, 0.15  # of a view: those with the highest scores, to which noise is added
MAX_KEYS = 5  # of a view's keys that are taken with moved ends
MIN_LENGTH, MIN_VISIBILITY = 14.0, 0.2  # px and visible share of these keys
CLOSE_SHARE = 0.4  # of them are moved little
CLOSE, FAR = 0.03, 0.1  # standard deviation by which an end is moved, key lengths
EXCHANGED_SHARE = 0.06  # of them have head and tip exchanged
WIDTH_NOISE = 0.15  # standard deviation of the logarithm of the width
SAME, SIMILAR, UNLIKE = 0.25, 0.3, 0.5  # distance from the nearest key, key lengths: up to SAME a key
SIMILAR_TARGET = 0.5  # target score between SAME and SIMILAR; between SIMILAR and UNLIKE there is none
MAX_OUTSIDE = 0.5  # of the crop's width: targets of ends farther outside are moved to there

CLASS_WEIGHT, ENDS_WEIGHT, MASK_WEIGHT = (len(OUTPUTS) + i for i in range(3))  # columns after OUTPUTS
TARGETS = len(OUTPUTS) + 3
KEY, REMOTE, OCCLUSION, TRUNCATION, BLADE = (
    OUTPUTS.index(name) for name in ("key", "remote", "occlusion", "truncation", "blade_share")
)

Candidate = tuple[Points, Points, float]  # head, tip and width, px


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A crop and what the network is to say about it."""

    crop: NDArray[np.uint8]  # (HEIGHT, WIDTH, 3)
    targets: NDArray[np.float32]  # (TARGETS,): OUTPUTS as probabilities and crop widths; whether they count
    masks: NDArray[np.uint8]  # MASK_SHAPE, share of each cell, 0..255


def view_examples(view: View, detector: KeyDetector, rng: np.random.Generator) -> list[Example]:
    """Return the examples of a view, in random order."""
    candidates = [*_detected(view, detector, rng), *_moved_keys(view, rng)]
    return [example(view, candidates[i], rng) for i in rng.permutation(len(candidates))]


def example(view: View, candidate: Candidate, rng: np.random.Generator) -> Example:
    """Return the crop around a candidate, at random upside down, and its targets."""
    head, tip, width = candidate
    region = crop_region(head, tip, width)
    targets, masks = np.zeros(TARGETS, np.float32), np.zeros(MASK_SHAPE, np.uint8)
    targets[CLASS_WEIGHT] = 1
    i, distance = _nearest(view, head, tip)
    if distance < SIMILAR:
        _describe(targets, view.keys[i], distance, region)
        if i >= view.boxed:
            masks = _masks(view, i, region)
            targets[MASK_WEIGHT] = masks.any()
    elif distance < UNLIKE:
        targets[CLASS_WEIGHT] = 0
    crop = extract_unstretched(view.image, region, HEIGHT)
    if rng.random() < 0.5:
        crop, masks = crop[::-1], masks[::-1]
        for part in (ENDS_HEAD, ENDS_TIP):
            targets[part.stop - 1] = HEIGHT / WIDTH - targets[part.stop - 1]
    return Example(np.ascontiguousarray(crop), targets, np.ascontiguousarray(masks))


def _detected(view: View, detector: KeyDetector, rng: np.random.Generator) -> Iterator[Candidate]:
    """Yield candidates of the detector, mostly those with high scores."""
    found = decode(detector.dense_outputs(view.image), MIN_SCORE)
    for i in np.argsort(-found.scores + rng.normal(0, SCORE_NOISE, len(found)))[:MAX_CANDIDATES]:
        yield found.heads[i], found.tips[i], float(found.widths[i])


def _moved_keys(view: View, rng: np.random.Generator) -> Iterator[Candidate]:
    """Yield some of the view's keys and remotes with moved ends."""
    for i in rng.permutation(len(view.keys))[:MAX_KEYS]:
        key = view.keys[i]
        length = float(np.linalg.norm(key[keys.TIP] - key[keys.HEAD]))
        if length < MIN_LENGTH or _visibility(key) < MIN_VISIBILITY:
            continue
        deviation = length * (CLOSE if rng.random() < CLOSE_SHARE else FAR)
        head, tip = (key[part] + rng.normal(0, deviation, 2) for part in (keys.HEAD, keys.TIP))
        if rng.random() < EXCHANGED_SHARE:
            head, tip = tip, head
        yield head, tip, float(key[keys.WIDTH] * math.exp(rng.normal(0, WIDTH_NOISE)))


def _nearest(view: View, head: Points, tip: Points) -> tuple[int, float]:
    """Return the row of the key nearest to a candidate, and its distance in key lengths; inf without keys."""
    if not len(view.keys):
        return 0, math.inf
    heads, tips = view.keys[:, keys.HEAD], view.keys[:, keys.TIP]
    distances = pairwise_distance(heads, tips, head, tip)
    i = int(distances.argmin())
    return i, float(distances[i])


def _describe(
    targets: NDArray[np.float32], key: NDArray[np.float64], distance: float, region: OrientedCrop
) -> None:
    """Set the targets for a candidate that is this key."""
    score = 1.0 if distance < SAME else SIMILAR_TARGET
    targets[KEY], targets[REMOTE] = (0.0, score) if key[keys.REMOTE] > 0.5 else (score, 0.0)
    linear = region.to_photo((WIDTH, HEIGHT))
    inverse = np.linalg.inv(linear[:, :2])
    to_crop = np.column_stack([inverse, -inverse @ linear[:, 2]]) / WIDTH
    for part, end in ((ENDS_HEAD, keys.HEAD), (ENDS_TIP, keys.TIP)):
        targets[part] = np.clip(map_points(key[end], to_crop), -MAX_OUTSIDE, 1 + MAX_OUTSIDE)
    targets[[OCCLUSION, TRUNCATION]] = np.clip(key[[keys.OCCLUSION, keys.TRUNCATION]], 0, 1)
    targets[BLADE] = min(key[keys.BLADE], 1)
    targets[CLASS_WEIGHT] = _visibility(key) >= MIN_VISIBILITY
    targets[ENDS_WEIGHT] = 1


def _visibility(key: NDArray[np.float64]) -> float:
    return float((1 - key[keys.OCCLUSION]) * (1 - key[keys.TRUNCATION]))


def _masks(view: View, row: int, region: OrientedCrop) -> NDArray[np.uint8]:
    """Return the shares of the mask's cells that are this key, and its blade, 0..255."""
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    parts = cv2.warpAffine(view.parts, pixel_matrix(region, (WIDTH, HEIGHT)), (WIDTH, HEIGHT), flags=flags)
    both = np.zeros((2, 256), np.uint8)
    both[0, [2 * row + 1, 2 * row + 2]] = both[1, 2 * row + 2] = 255
    rows, columns, _ = MASK_SHAPE
    shares = (
        cv2.resize(cv2.LUT(parts, part), (columns, rows), interpolation=cv2.INTER_AREA) for part in both
    )
    return np.stack(list(shares), axis=-1)
