"""Answers of a model -> scores of its most probable kinds, and the shares of its verdicts.

In:    photos with their labels, each with one model's answer
Out:   ModelScores: classification scores, shares of answers; the verdicts for kinds that are not scored
Needs: scikit-learn, scipy                                                            [evaluate]
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keykind.dataset.samples import Sample
from keykind.evaluate.intervals import Interval, wilson_interval
from keykind.evaluate.metrics import Calibration, Scores, calibration, score
from keykind.evaluate.model_files.answers import NOTHING_FOUND, Answer
from keykind.model.head import Labels
from keykind.predict.prediction import ANSWERED, NOT_SURE
from keykind.predict.wording import NOT_A_KEY

RESAMPLES = 2000  # of the keys, for the intervals, as of a run


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPhoto:
    """A labelled photo and the answers of the models, one each."""

    sample: Sample  # its kind as the models spell it
    answers: tuple[Answer, ...]  # their kinds, too

    def is_right(self, model: int) -> bool:
        """Return whether the most probable kind of a model is the true one."""
        return self.answers[model].kind == self.sample.kind


@dataclass(frozen=True, slots=True)
class Share:
    """A share of photos, with its 95% Wilson interval over physical keys."""

    count: int
    of: int
    interval: Interval

    @property
    def value(self) -> float:
        """Return the share; 0 of nothing."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ModelScores:
    """How good the answers of a model are for photos of the scored kinds."""

    scores: Scores  # of the most probable kind, taken as certain; where nothing was found, it is wrong
    answered: Share  # photos that get a kind
    correct: Share  # of those, the right ones
    not_sure: Share
    not_a_key: Share  # seen, but refused
    nothing_found: Share
    calibration: Calibration  # of the most probable kinds, where something was found

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, as in the metrics.json of a run but for the log loss; and `answers`."""
        values = self.scores.as_json() | {"calibration": self.calibration.as_json()}
        kinds = {kind: entry for kind, entry in values["per_class"].items() if entry["support"]}
        rows = [list(self.scores.kinds).index(kind) for kind in kinds]
        names = ("answered", "correct", "not_sure", "not_a_key", "nothing_found")
        shares: dict[str, Share] = {name: getattr(self, name) for name in names}
        return values | {
            "per_class": kinds,
            "confusion": [values["confusion"][row] for row in rows],
            "columns": list(self.scores.kinds),
            "answers": {
                name: {**asdict(share), "share": share.value, "interval": list(share.interval)}
                for name, share in shares.items()
            },
        }


def columns_of(photos: Sequence[JudgedPhoto], kinds: Sequence[str]) -> tuple[str, ...]:
    """Return those kinds that the photos show or a model predicts, and NOTHING_FOUND if it occurs."""
    seen = {photo.sample.kind for photo in photos}
    predicted = {answer.kind for photo in photos for answer in photo.answers}
    columns = tuple(kind for kind in kinds if kind in seen | predicted)
    return (*columns, NOTHING_FOUND) if None in predicted else columns


def labels_of(photos: Sequence[JudgedPhoto], columns: Sequence[str]) -> Labels:
    """Return the true kind of each photo, (n,), as an index into the columns."""
    index = {kind: i for i, kind in enumerate(columns)}
    return np.array([index[photo.sample.kind] for photo in photos])


def predicted_of(photos: Sequence[JudgedPhoto], model: int, columns: Sequence[str]) -> Labels:
    """Return a model's most probable kind of each photo, (n,), as an index into the columns."""
    index = {kind: i for i, kind in enumerate(columns)}
    return np.array([index[photo.answers[model].kind or NOTHING_FOUND] for photo in photos])


def score_model(
    photos: Sequence[JudgedPhoto], model: int, columns: Sequence[str], rng: np.random.Generator
) -> ModelScores:
    """Return the scores of a model. columns: of `columns_of`. Raises ValueError if there is no photo."""
    certain = np.eye(len(columns), dtype=np.float32)[predicted_of(photos, model, columns)]
    groups = [photo.sample.group for photo in photos]
    by_verdict = {
        verdict: [photo for photo in photos if photo.answers[model].verdict == verdict]
        for verdict in (ANSWERED, NOT_SURE, NOT_A_KEY, NOTHING_FOUND)
    }
    answered = by_verdict[ANSWERED]
    return ModelScores(
        score(certain, labels_of(photos, columns), groups, columns, resamples=RESAMPLES, rng=rng),
        _share(answered, photos),
        _share([photo for photo in answered if photo.is_right(model)], answered),
        _share(by_verdict[NOT_SURE], photos),
        _share(by_verdict[NOT_A_KEY], photos),
        _share(by_verdict[NOTHING_FOUND], photos),
        _calibration([photo for photo in photos if photo.answers[model].kind is not None], model),
    )


def _calibration(found: Sequence[JudgedPhoto], model: int) -> Calibration:
    confidence = np.array([photo.answers[model].probability for photo in found], np.float32)
    return calibration(confidence, np.array([photo.is_right(model) for photo in found], bool))


def _share(part: Sequence[JudgedPhoto], whole: Sequence[JudgedPhoto]) -> Share:
    keys = len({photo.sample.group for photo in whole})
    value = len(part) / len(whole) if whole else 0.0
    return Share(len(part), len(whole), wilson_interval(value, keys))


def verdicts_by_kind(photos: Iterable[JudgedPhoto], model: int) -> dict[str, Counter[str]]:
    """Return for each kind of photo how often a model gives each verdict; ANSWERED: it gets some kind."""
    counts: dict[str, Counter[str]] = {}
    for photo in photos:
        counts.setdefault(photo.sample.kind, Counter())[photo.answers[model].verdict] += 1
    return dict(sorted(counts.items()))
