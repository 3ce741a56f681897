"""Dataset -> warnings about it, one sentence each.

In:    a Dataset and the kinds in its folders or table
Out:   sentences with numbers and what to do
Needs: numpy, pillow
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from keykind.dataset.groups import SAME_BYTES, conflicting_labels, mixed_groups, reason_text
from keykind.dataset.listing import PhotoEntry, counted, first_few, shorten
from keykind.dataset.samples import Dataset, KeyConflict, Sample

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
    yield from _damaged_photos(dataset)
    yield from _single_objects(dataset)
    yield from split_warnings(dataset)


def photo_warnings(dataset: Dataset, listed_kinds: Iterable[str]) -> Iterator[str]:
    """Yield the warnings that matter for photos that a model is only measured on."""
    yield from _empty_kinds(dataset, listed_kinds)
    yield from _conflicting_labels(dataset)
    yield from _key_conflicts(dataset)
    yield from _mixed_groups(dataset)
    yield from _blank_photos(dataset)
    yield from _damaged_photos(dataset)


def split_warnings(dataset: Dataset) -> Iterator[str]:
    """Yield the warnings that depend on the split into training and test photos."""
    counts = {kind: count["train"] for kind, count in dataset.counts().items()}
    large, small = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[large] >= IMBALANCE * counts[small]:
        yield (
            f"{large} has {counted(counts[large], 'training photo')}, {small} only {counts[small]:,}; "
            f"add photos of {small}, and treat its scores with caution."
        )


def marks_outside(entries: Iterable[PhotoEntry], samples: Iterable[Sample]) -> Iterator[str]:
    """Yield a warning about photos whose marked keys are outside their frame, and so were not used."""
    marked = {entry.name for entry in entries if entry.ends}
    outside = [sample for sample in samples if sample.name in marked and sample.ends is None]
    if outside:
        listed = first_few(
            f"{shorten(sample.name)}, {sample.width} x {sample.height} px" for sample in outside
        )
        yield (
            f"Photos with keys marked outside their frame: {len(outside):,} ({listed}); the marks are not "
            "used; they are of the photo at another size: mark the keys again."
        )


def _empty_kinds(dataset: Dataset, listed_kinds: Iterable[str]) -> Iterator[str]:
    filled = {sample.kind for sample in (*dataset.samples, *dataset.left_out)}
    empty = sorted(set(listed_kinds) - filled)
    if empty:
        listed = first_few(empty)
        yield f"Kinds without a readable photo: {len(empty):,} ({listed}); add photos or remove the kinds."


def _single_objects(dataset: Dataset) -> Iterator[str]:
    """Yield a warning about kinds that `train` refuses: no object is left to validate on."""
    groups: dict[str, set[str]] = {}
    for sample in dataset.subset("train"):
        groups.setdefault(sample.kind, set()).add(sample.group)
    counts = dataset.counts()
    single = [
        f"{kind}: {counted(counts[kind]['train'], 'photo')}"
        for kind in dataset.kinds
        if len(groups.get(kind, ())) == 1
    ]
    if single:
        yield (
            f"Kinds with training photos of one object only: {len(single):,} ({first_few(single)}); "
            "keykind train refuses them; add photos of other objects, or leave the kinds out with --kinds."
        )


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
            "Photos that look the same but are stated to show different keys: "
            f"{len(conflicts):,} ({listed}); what is stated counts; check the table or pattern."
        )


def conflict_text(conflict: KeyConflict) -> str:
    """Return e.g. "a.jpg (key 1) ~ b.jpg (key 2)", with = for equal bytes."""
    sign = " = " if conflict.reason == SAME_BYTES else " ~ "
    pairs = zip(conflict.photos, conflict.keys, strict=True)
    return first_few((f"{shorten(name)} ({shorten(key)})" for name, key in pairs), sign)


def _leaks(dataset: Dataset, kept: bool) -> Iterator[str]:
    if dataset.leaks:
        reasons = Counter(leak.reason for leak in dataset.leaks)
        counts = ", ".join(f"{reason_text(reason)} {count:,}" for reason, count in reasons.most_common())
        outcome = "kept, so the test scores will be too high" if kept else "left out of training"
        yield (
            f"Training photos that duplicate a test photo or show the same object: {len(dataset.leaks):,} "
            f"({counts}); {outcome}; keep all photos of an object in one split."
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
            f"Objects labelled with several kinds: {len(groups):,} ({listed}); check the labels, "
            "or give objects of different kinds different names."
        )


def _blank_photos(dataset: Dataset) -> Iterator[str]:
    blank = [shorten(sample.name) for sample in dataset.samples if sample.sharpness < BLANK]
    if blank:
        yield f"Photos of a single flat colour: {len(blank):,} ({first_few(blank)}); remove them."


def _damaged_photos(dataset: Dataset) -> Iterator[str]:
    damaged = [sample for sample in dataset.samples if sample.damage]
    if damaged:
        listed = first_few(f"{shorten(sample.name)}: {sample.damage}" for sample in damaged)
        yield (
            f"Damaged photos: {len(damaged):,} ({listed}); they are used as they are; "
            "copy the files again from their source, or remove them."
        )
