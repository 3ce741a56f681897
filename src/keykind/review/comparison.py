"""Two runs, and the labels as they are now -> which model is better, and for which photos.

In:    RunFacts before and after; the photos with their decisions
Out:   Comparison: weighted F1 of both, the interval of the difference, photos that got better or worse
Needs: numpy
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keykind.evaluate.intervals import Interval, count_by_key, score_intervals
from keykind.evaluate.paired import WEIGHTED_F1, paired_difference
from keykind.model.head import Labels
from keykind.review.catalogue import Catalogue, PhotoState
from keykind.review.predictions import RunFacts

RESAMPLES = 2000  # of the physical keys; the interval's ends then vary by less than 0.005
SEED = 0  # of the resampling


@dataclass(frozen=True, slots=True)
class Score:
    """Weighted F1 on the compared photos."""

    f1: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Changed:
    """A photo whose prediction changed from right to wrong or back."""

    photo: int
    true: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two runs do on the same test photos."""

    photos: int
    keys: int
    after: Score
    before: Score | None = None  # None, like what follows: there was no run before
    difference: float | None = None
    interval: Interval | None = None
    improved: tuple[Changed, ...] = ()
    worsened: tuple[Changed, ...] = ()


def compare(before: RunFacts | None, after: RunFacts, catalogue: Catalogue) -> Comparison | None:
    """Compare two runs on the test photos of both that are labelled and used; None if there are none."""
    photos = _test_photos(before, after, catalogue)
    if not photos:
        return None
    kinds = sorted({*after.kinds, *(before.kinds if before else ()), *(photo.kind for photo in photos)})
    index = {kind: i for i, kind in enumerate(kinds)}
    labels = np.array([index[photo.kind] for photo in photos], np.intp)
    keys = [after.judged[photo.entry.name].key or photo.entry.name for photo in photos]
    new = _predicted(after, photos, index)
    score = _score(labels, new, keys, len(kinds))
    if before is None:
        return Comparison(len(photos), len(set(keys)), score)
    old = _predicted(before, photos, index)
    rng = np.random.default_rng(SEED)
    paired = paired_difference(labels, old, new, keys, len(kinds), resamples=RESAMPLES, rng=rng)

    def changed(rows: Sequence[int]) -> tuple[Changed, ...]:
        return tuple(Changed(photos[i].id, kinds[labels[i]], kinds[old[i]], kinds[new[i]]) for i in rows)

    return Comparison(
        len(photos),
        len(set(keys)),
        score,
        _score(labels, old, keys, len(kinds)),
        paired.difference,
        paired.interval,
        changed(paired.improved.tolist()),
        changed(paired.worsened.tolist()),
    )


def _test_photos(before: RunFacts | None, after: RunFacts, catalogue: Catalogue) -> list[PhotoState]:
    """Return the used, labelled photos that both runs were tested on."""
    names = [name for name, judged in after.judged.items() if judged.in_test]
    if before is not None:
        names = [name for name in names if name in before.judged and before.judged[name].in_test]
    states = (catalogue.state(photo) for photo in catalogue.find(names) if photo is not None)
    return [state for state in states if state.is_used and state.kind]


def _predicted(run: RunFacts, photos: Sequence[PhotoState], index: dict[str, int]) -> Labels:
    best = (int(run.judged[photo.entry.name].probabilities.argmax()) for photo in photos)
    return np.array([index[run.kinds[i]] for i in best], np.intp)


def _score(labels: Labels, predicted: Labels, keys: Sequence[str], kinds: int) -> Score:
    """Return weighted F1 with its interval."""
    rng = np.random.default_rng(SEED)
    counts = count_by_key(labels, predicted, keys, kinds).resampled(np.ones((1, len(set(keys)))))
    intervals = score_intervals(labels, predicted, keys, kinds, resamples=RESAMPLES, rng=rng)
    return Score(float(counts.scores()[0, WEIGHTED_F1]), intervals.overall["weighted_f1"])
