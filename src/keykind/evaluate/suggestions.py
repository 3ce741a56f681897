"""Scores and photos -> what to photograph next.

In:    Dataset, Scores, the answers to the test photos
Out:   a few sentences, the most useful first, each with the numbers it rests on
Needs: scikit-learn, through the scores                                                    [train]
"""

from collections.abc import Iterator, Sequence
from statistics import median

from keykind.dataset.dataset import Dataset
from keykind.evaluate.metrics import KindScore, Scores
from keykind.evaluate.thumbnails import Answer

FEW_KEYS = 10  # physical keys of a kind in the test below which its interval says little
BALANCE = 2.0  # times as many training photos as the rarest kind before it is worth saying
BLUR = 0.6  # sharpness of wrong answers as a share of that of right ones
LARGE = 20  # wrong answers and right ones needed before their sharpness is compared


def suggest(dataset: Dataset, scores: Scores, answers: Sequence[Answer]) -> list[str]:
    """Return what would help most: more keys of weak kinds, more test keys, better photos."""
    return [*_weak(scores), *_few(scores), *_rare(dataset), *_blurred(answers)] or [
        "Nothing stands out: more photos of new keys, on grounds that are not here yet, would test it harder."
    ]


def _weak(scores: Scores) -> Iterator[str]:
    for true, answer, count in scores.confusions()[:2]:
        share = f"{count} of {scores.support(true)} test photos"
        yield (
            f"To train: more {true} keys of the sort that was called {answer} ({share}; "
            "the galleries below show which), each on several grounds."
        )


def _few(scores: Scores) -> Iterator[str]:
    thin = [kind for kind in scores.per_kind if kind.keys < FEW_KEYS]
    if thin:
        yield f"To test: more different keys, for narrower intervals: {'; '.join(map(_width, thin))}."


def _width(kind: KindScore) -> str:
    low, high = kind.recall_interval
    return f"{kind.kind} has {kind.keys}, so its recall lies somewhere from {low:.2f} to {high:.2f}"


def _rare(dataset: Dataset) -> Iterator[str]:
    counts = {kind: number["train"] for kind, number in dataset.counts().items()}
    rarest, commonest = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[commonest] > BALANCE * counts[rarest]:
        yield f"To train: more {rarest} ({counts[rarest]} photos, {commonest} has {counts[commonest]})."


def _blurred(answers: Sequence[Answer]) -> Iterator[str]:
    sharp = [answer.sample.sharpness for answer in answers if answer.right]
    dull = [answer.sample.sharpness for answer in answers if not answer.right]
    if min(len(sharp), len(dull)) >= LARGE and median(dull) < BLUR * median(sharp):
        share = median(dull) / median(sharp)
        yield f"Sharper photos: the sharpness of the wrong answers is {share:.0%} of that of the right ones."
