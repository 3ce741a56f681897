"""Dataset -> warnings about it, one sentence each.

In:    a Dataset and the kinds in its folders or table
Out:   sentences with numbers and what to do
Needs: numpy, pillow
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from keykind.dataset.groups import SAME_BYTES, conflicting_labels, mixed_groups
from keykind.dataset.listing import counted, first_few, shorten
from keykind.dataset.samples import Dataset, KeyConflict

IMBALANCE = 4  # ratio of the most to the least frequent kind's training photos that is worth a warning
BLANK = 0.5  # sharpness, grey levels squared, below which a photo is a single flat colour


def dataset_warnings(dataset: Dataset, listed_kinds: Iterable[str], *, kept_leaks: bool) -> Iterator[str]:
    """Yield the warnings about a dataset.

    listed_kinds: the kinds in the folders or the table; kept_leaks: whether leaking photos were kept.
    """
    yield from _empty_kinds(dataset, listed_kinds)
    yield from _conflicting_labels(dataset)
    yield from _key_conflicts(dataset)
    yield from _leaks(dataset, kept_leaks)
    yield from _unscorable(dataset)
    yield from _mixed_groups(dataset)
    yield from _blank_photos(dataset)
    yield from split_warnings(dataset)


def split_warnings(dataset: Dataset) -> Iterator[str]:
    """Yield the warnings that depend on the split into training and test photos."""
    counts = {kind: count["train"] for kind, count in dataset.counts().items()}
    large, small = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[large] >= IMBALANCE * counts[small]:
        yield (
            f"{large} has {counted(counts[large], 'training photo')}, {small} only {counts[small]:,}; "
            f"add photos of {small}, and treat its scores with caution."
        )


def _empty_kinds(dataset: Dataset, listed_kinds: Iterable[str]) -> Iterator[str]:
    filled = {sample.kind for sample in (*dataset.samples, *dataset.left_out)}
    empty = sorted(set(listed_kinds) - filled)
    if empty:
        listed = first_few(empty)
        yield f"Kinds without a readable photo: {len(empty):,} ({listed}); add photos or remove the kinds."


def _conflicting_labels(dataset: Dataset) -> Iterator[str]:
    files = conflicting_labels(dataset.left_out)
    if files:
        listed = first_few(
            first_few((f"{shorten(sample.name)} ({sample.kind})" for sample in same), " = ")
            for same in files.values()
        )
        yield (
            f"Photos labelled with several kinds: {len(files):,} ({listed}); left out; "
            "keep each under its correct kind only."
        )


def _key_conflicts(dataset: Dataset) -> Iterator[str]:
    conflicts = dataset.key_conflicts
    if conflicts:
        listed = first_few(map(conflict_text, conflicts), "; ")
        yield (
            f"Photos that look the same but are stated to show different keys: {len(conflicts):,} ({listed})"
            "; what is stated counts; check the table or pattern."
        )


def conflict_text(conflict: KeyConflict) -> str:
    """Return e.g. "a.jpg (key 1) ~ b.jpg (key 2)", with = for equal bytes."""
    sign = " = " if conflict.reason == SAME_BYTES else " ~ "
    pairs = zip(conflict.photos, conflict.keys, strict=True)
    return first_few((f"{shorten(name)} ({shorten(key)})" for name, key in pairs), sign)


def _leaks(dataset: Dataset, kept: bool) -> Iterator[str]:
    if dataset.leaks:
        reasons = Counter(leak.reason for leak in dataset.leaks)
        counts = ", ".join(f"{reason} {count:,}" for reason, count in reasons.most_common())
        outcome = "kept, so the test scores will be too high" if kept else "left out of training"
        yield (
            f"Training photos that duplicate a test photo or show the same key: {len(dataset.leaks):,} "
            f"({counts}); {outcome}; keep all photos of a key in one split."
        )


def _unscorable(dataset: Dataset) -> Iterator[str]:
    files = conflicting_labels(dataset.left_out)
    unknown = Counter(
        sample.kind
        for sample in dataset.left_out
        if sample.split == "test" and sample.kind not in dataset.kinds and sample.sha256 not in files
    )
    if unknown:
        counts = first_few(f"{kind} {count:,}" for kind, count in sorted(unknown.items()))
        yield (
            f"Test photos of a kind without training photos: {unknown.total():,} ({counts}); left out; "
            "add training photos of that kind or rename it to match a training kind."
        )


def _mixed_groups(dataset: Dataset) -> Iterator[str]:
    groups = mixed_groups(dataset.samples)
    if groups:
        listed = first_few(f"{group}: {' and '.join(kinds)}" for group, kinds in groups.items())
        yield (
            f"Physical keys labelled with several kinds: {len(groups):,} ({listed}); check the labels, "
            "or give keys of different kinds different names."
        )


def _blank_photos(dataset: Dataset) -> Iterator[str]:
    blank = [shorten(sample.name) for sample in dataset.samples if sample.sharpness < BLANK]
    if blank:
        yield f"Photos of a single flat colour: {len(blank):,} ({first_few(blank)}); remove them."
