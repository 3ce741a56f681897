"""Scores and predictions -> suggestions for what to photograph next.

In:    Dataset, Scores, predictions on the test photos
Out:   a few sentences with numbers, most useful first
Needs: scikit-learn, scipy                                                                 [train]
"""

from collections.abc import Iterator, Sequence
from statistics import median

from keykind.dataset.samples import Dataset
from keykind.evaluate.metrics import KindScore, Scores
from keykind.evaluate.thumbnails import PhotoPrediction
from keykind.evaluate.wording import KEYS, Subject

MIN_KEYS = 10  # physical keys of a kind in the test; with fewer its interval is too wide
IMBALANCE = 2.0  # ratio of the most to the least frequent kind's training photos that is worth a suggestion
BLUR = 0.6  # ratio of the sharpness of wrong to correct predictions below which a suggestion is made
MAX_KINDS = 5  # named in one sentence, those with the fewest keys
MIN_PHOTOS = 20  # wrong, and correct, predictions needed to compare their sharpness


def suggest(
    dataset: Dataset, scores: Scores, predictions: Sequence[PhotoPrediction], subject: Subject = KEYS
) -> list[str]:
    """Return sentences about what would help most: more keys of weak kinds, more test keys, better photos."""
    return [
        *_confused_kinds(scores, subject),
        *_few_test_keys(scores, subject),
        *_rare_kind(dataset),
        *_blurred_photos(predictions),
    ] or [
        f"No weak point stands out: test with more photos of new {subject.items}, "
        "on backgrounds not used so far."
    ]


def _confused_kinds(scores: Scores, subject: Subject) -> Iterator[str]:
    for true, predicted, count in scores.confusions()[:2]:
        share = f"{count} of {scores.support(true)} test photos"
        yield (
            f"Training: more {true} {subject.items} like those predicted as {predicted} ({share}; "
            "see the wrong photos below), each on several backgrounds."
        )


def _few_test_keys(scores: Scores, subject: Subject) -> Iterator[str]:
    few = [kind for kind in scores.per_kind if kind.keys < MIN_KEYS]
    if few:
        first = sorted(few, key=lambda kind: kind.keys)[:MAX_KINDS]
        more = f"; {len(few) - len(first)} other kinds have few, too" if len(few) > len(first) else ""
        yield (
            f"Testing: more different {subject.items}, for narrower intervals: "
            f"{'; '.join(map(_recall_range, first))}{more}."
        )


def _recall_range(kind: KindScore) -> str:
    low, high = kind.recall_interval
    return f"{kind.kind} has {kind.keys}, so its recall is between {low:.2f} and {high:.2f}"


def _rare_kind(dataset: Dataset) -> Iterator[str]:
    counts = {kind: count["train"] for kind, count in dataset.counts().items()}
    rarest, commonest = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[commonest] > IMBALANCE * counts[rarest]:
        yield f"Training: more {rarest} ({counts[rarest]} photos, {commonest} has {counts[commonest]})."


def _blurred_photos(predictions: Sequence[PhotoPrediction]) -> Iterator[str]:
    correct = [prediction.sample.sharpness for prediction in predictions if prediction.correct]
    wrong = [prediction.sample.sharpness for prediction in predictions if not prediction.correct]
    if min(len(correct), len(wrong)) >= MIN_PHOTOS and median(wrong) < BLUR * median(correct):
        ratio = median(wrong) / median(correct)
        yield f"Sharper photos: the misclassified ones have {ratio:.0%} of the sharpness of the others."
