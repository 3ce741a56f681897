"""Dataset -> what its owner should know, one sentence each.

In:    a Dataset and the kinds that its folders or table name
Out:   sentences with numbers and what to do
Needs: nothing beyond Python
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from keykind.dataset.groups import contradictions, several_kinds
from keykind.dataset.listing import short, some
from keykind.dataset.samples import Dataset

IMBALANCE = 4  # times the photos of the smallest kind from which the largest is said to outweigh it
BLANK = 0.5  # grey levels squared of sharpness below which a photo shows nothing: one flat colour


def advise(dataset: Dataset, named: Iterable[str], *, kept_leaks: bool) -> Iterator[str]:
    """Yield the warnings about a dataset.

    named: the kinds that the folders or the table name; kept_leaks: whether leaking photos stayed.
    """
    yield from _empty(dataset, named)
    yield from _contradictory(dataset)
    yield from _leaking(dataset, kept_leaks)
    yield from _unscored(dataset)
    yield from _shared(dataset)
    yield from _blank(dataset)
    yield from advise_on_split(dataset)


def advise_on_split(dataset: Dataset) -> Iterator[str]:
    """Yield those of the warnings that change when photos move between training and test."""
    counts = {kind: count["train"] for kind, count in dataset.counts().items()}
    large, small = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[large] >= IMBALANCE * counts[small]:
        yield (
            f"{large} has {counts[large]:,} training photos, {small} only {counts[small]:,}; "
            f"add photos of {small}, and read its scores with care."
        )


def _empty(dataset: Dataset, named: Iterable[str]) -> Iterator[str]:
    filled = {sample.kind for sample in (*dataset.samples, *dataset.left_out)}
    empty = sorted(set(named) - filled)
    if empty:
        yield f"Kinds without a readable photo: {len(empty):,} ({some(empty)}); add photos or remove them."


def _contradictory(dataset: Dataset) -> Iterator[str]:
    files = contradictions(dataset.left_out)
    if files:
        pairs = some(
            some((f"{short(sample.name)} ({sample.kind})" for sample in same), " = ")
            for same in files.values()
        )
        yield (
            f"Photos that stand under several kinds with the same bytes: {len(files):,} ({pairs}); "
            "left out, keep each under its true kind alone."
        )


def _leaking(dataset: Dataset, kept: bool) -> Iterator[str]:
    if dataset.leaks:
        reasons = Counter(leak.why for leak in dataset.leaks)
        counts = ", ".join(f"{why} {count:,}" for why, count in reasons.most_common())
        fate = "kept, so the test scores come out too good" if kept else "left out of training"
        yield (
            f"Training photos that show what a test photo shows: {len(dataset.leaks):,} ({counts}); {fate}, "
            "keep each key on one side."
        )


def _unscored(dataset: Dataset) -> Iterator[str]:
    files = contradictions(dataset.left_out)
    unknown = Counter(
        sample.kind
        for sample in dataset.left_out
        if sample.split == "test" and sample.kind not in dataset.kinds and sample.sha256 not in files
    )
    if unknown:
        counts = some(f"{kind} {count:,}" for kind, count in sorted(unknown.items()))
        yield (
            f"Test photos of a kind without training photos: {unknown.total():,} ({counts}); left out, "
            "add training photos of it or name it like a training kind."
        )


def _shared(dataset: Dataset) -> Iterator[str]:
    groups = several_kinds(dataset.samples)
    if groups:
        listed = some(f"{group}: {' and '.join(kinds)}" for group, kinds in groups.items())
        yield (
            f"Physical keys that stand under several kinds: {len(groups):,} ({listed}); check the labels, "
            "or name the keys so that no two kinds share a name."
        )


def _blank(dataset: Dataset) -> Iterator[str]:
    blank = [short(sample.name) for sample in dataset.samples if sample.sharpness < BLANK]
    if blank:
        yield f"Photos that show nothing but one smooth colour: {len(blank):,} ({some(blank)}); remove them."
