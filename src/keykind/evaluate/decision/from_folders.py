"""Folders -> a decision fitted to the held-out photos of rendered sets and to photos without a key.

In:    FitPhotos; model files, or those that ship with keykind; Limits
Out:   Decision, DecisionScores
Needs: scipy, scikit-learn, opencv                                                         [train]
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from keykind import __version__
from keykind.core.errors import BadPhoto
from keykind.evaluate.decision.candidates import LOW_SCORE, gather
from keykind.evaluate.decision.fit import DecisionScores, fit_decision, least_score, score_decision
from keykind.evaluate.real_photos.score import load_recogniser
from keykind.model.decision import Decision, default_decision
from keykind.photo.inputs import iter_photos
from keykind.train.detector.labels import split_set


@dataclass(frozen=True, slots=True)
class FitPhotos:
    """The photos that a decision is fitted to."""

    sets: Sequence[Path]  # written by `keykind render`; their held-out photos are used
    negatives: Sequence[str | Path]  # photos without a key, or folders of them
    max_photos: int  # per set, of which one in HELD_OUT is held out


@dataclass(frozen=True, slots=True)
class FitModels:
    """The files of the models that a decision is fitted to; None: those that ship with keykind."""

    classifier: Path | None = None
    detector: Path | None = None
    refiner: Path | None = None  # of the detector in a file; None: it has none


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a decision, which are chosen, not fitted; see Decision."""

    min_score: float | None  # None: such that hardly a key is lost
    key_threshold: float
    kind_threshold: float


def fit_from_folders(
    photos: FitPhotos, models: FitModels, limits: Limits
) -> tuple[Decision, DecisionScores, tuple[BadPhoto, ...]]:
    """Return the decision for a classifier and a detector, how good it is, and the unreadable negatives.

    Raises BadModel, BadDataset, and BadPhoto if a rendered photo or all negatives cannot be read.
    """
    recogniser = load_recogniser(models.classifier, models.detector, models.refiner)
    assert recogniser.detector is not None  # noqa: S101 - load_recogniser gives one
    held_out = [photo for folder in photos.sets for photo in split_set(folder, photos.max_photos)[1]]
    negatives = list(iter_photos(photos.negatives))
    candidates = gather(recogniser, held_out, negatives)
    if len(candidates.unreadable) == len(negatives):
        raise candidates.unreadable[0]
    base = replace(default_decision(recogniser.model.card), **asdict(limits) | {"min_score": LOW_SCORE})
    scores = score_decision(candidates, base)
    fitted = fit_decision(candidates, base)
    min_score = least_score(fitted, candidates) if limits.min_score is None else limits.min_score
    about = {
        "keykind": __version__,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "rendered_photos": len(held_out),
        "photos_without_key": len(negatives) - len(candidates.unreadable),
        "detections_of_keys": scores.keys,
        "other_detections": scores.candidates - scores.keys,
        "auroc": {name: round(value, 4) for name, value in scores.auroc.items()},
        "ece": {name: round(value, 4) for name, value in scores.ece.items()},
    }
    decision = replace(
        fitted,
        min_score=min_score,
        classifier=recogniser.model.digest,
        detector=recogniser.detector.digest,
        about=about,
    )
    return decision, scores, candidates.unreadable
