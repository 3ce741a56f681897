"""A photo -> what a model says about it, for the queues.

In:    the path of a photo; a Recogniser
Out:   Seen
Needs: numpy, pillow, ai-edge-litert
"""

import math
from pathlib import Path

import numpy as np

from keykind.model.decision import REASON_TEXTS, Verdict, default_decision
from keykind.predict.recogniser import Recogniser
from keykind.predict.regions import Region, see
from keykind.review.observations import Found, Seen

MAX_FEATURES = 256  # numbers of a crop's appearance that are kept; of longer vectors, evenly spaced ones


def view(path: Path, recogniser: Recogniser) -> Seen:
    """Return what a model says about a photo: the kind of the key with the highest score, and all keys.

    Raises BadPhoto if the photo cannot be read.
    """
    card = recogniser.model.card
    rule = recogniser.decision or default_decision(card)
    regions = see(path, recogniser.model, recogniser.detector, rule.min_score).regions
    if not regions:
        return Seen()
    verdicts = [rule.decide(region.evidence, card) for region in regions]
    first = next((i for i, verdict in enumerate(verdicts) if verdict.is_key), 0)
    region, verdict = regions[first], verdicts[first]
    kind = None if verdict.kind is None else card.kinds[verdict.kind]
    return Seen(
        kind,
        None if verdict.reason is None else REASON_TEXTS[verdict.reason],
        np.asarray(region.output.probabilities, np.float32),
        region.output.ood_score,
        region.evidence.sharpness,
        tuple(
            _found(region) for region, key in zip(regions, verdicts, strict=True) if _is_found(region, key)
        ),
        _features(region),
    )


def _is_found(region: Region, verdict: Verdict) -> bool:
    return verdict.is_key and region.head is not None


def _found(region: Region) -> Found:
    assert region.head is not None  # noqa: S101 - see _is_found
    assert region.tip is not None  # noqa: S101
    width = math.dist(region.box[0], region.box[3])
    return Found(region.head, region.tip, round(width, 1), float(region.evidence.score or 0))


def _features(region: Region) -> np.ndarray | None:
    features = region.output.features
    if features is None:
        return None
    step = math.ceil(len(features) / MAX_FEATURES)
    return np.asarray(features[::step], np.float16)
