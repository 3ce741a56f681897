"""Folder of photos -> Dataset: checked, grouped by physical key, split.

In:    PHOTOS/<kind>/**, PHOTOS/{train,test}/<kind>/** or a CSV table; optionally a second one to test on
Out:   Dataset(kinds, samples, read_errors, warnings, duplicates, near_duplicates, leaks, left_out)
Needs: numpy, pillow

Each photo is opened once; only its properties and a fingerprint are kept.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from keykind.core.errors import BadDataset
from keykind.core.parallel import parallel_map
from keykind.dataset.bundled import RENDERED, bundled_negatives
from keykind.dataset.duplicates import Bytes, near_duplicates
from keykind.dataset.groups import (
    Cluster,
    assign_groups,
    conflicting_labels,
    exact_duplicates,
    find_leaks,
    key_conflicts,
    same_group,
)
from keykind.dataset.layout import list_photos
from keykind.dataset.listing import SPLITS, PhotoEntry, ReadError, counted, first_few, relative_path
from keykind.dataset.merging import merge_listings, read_samples
from keykind.dataset.samples import Dataset, Sample, read_sample
from keykind.dataset.split_of import with_split_of
from keykind.dataset.warnings import dataset_warnings, marks_outside, split_warnings
from keykind.photo.formats import is_photo_file
from keykind.photo.system_files import is_system_file, is_system_folder


def read_dataset(
    photos: str | Path,
    test: str | Path | None = None,
    *,
    kinds: Sequence[str] | None = None,
    group_pattern: str | None = None,
    keep_leaks: bool = False,
    split_of: str | Path | None = None,
) -> Dataset:
    """Read, check, group and split all photos of a folder or a CSV table.

    test: a second folder or table, used for testing only. kinds: the kinds to read, None for all.
    group_pattern: a regular expression for photo names; its group named `key`, or else its first group, is
    the physical key of photos for which no table gives one. keep_leaks: keep training photos that duplicate a
    test photo or show the same key. split_of: the folder of a run whose split the photos get, see
    `with_split_of`.
    An unreadable photo becomes a ReadError. Raises BadDataset if there is nothing to train or test on, BadRun
    if the split of the run cannot be used.
    """
    photos, test = Path(photos), None if test is None else Path(test)
    listings = [list_photos(photos, has_test=test is not None)]
    listings += [] if test is None else [list_photos(test, as_test=True)]
    listed = merge_listings(listings, photos, kinds=kinds, group_pattern=group_pattern)
    entries, notes = (
        (listed.photos, list[str]()) if split_of is None else with_split_of(listed.photos, split_of)
    )
    samples, fingerprints, unreadable = read_samples(entries, photos)
    dataset = replace(_build(samples, fingerprints, keep_leaks), decisions=listed.decisions)
    _check(dataset, photos, test)
    warnings = (
        *listed.warnings,
        *notes,
        *dataset_warnings(dataset, listed.kinds, kept_leaks=keep_leaks),
        *listed.notes_on_keys,
        *marks_outside(entries, samples),
    )
    return replace(dataset, read_errors=(*listed.read_errors, *unreadable), warnings=warnings)


def read_negative_sets(
    folder: str | Path | None,
) -> tuple[dict[str, tuple[Sample, ...]], tuple[ReadError, ...]]:
    """Return the sets of photos without a key, the bundled one and that in `folder`, and the read errors.

    The sets are keyed by their name in reports.

    Raises BadDataset if no photo of a set can be read.
    """
    folders = {RENDERED: bundled_negatives()} | ({str(folder): Path(folder)} if folder else {})
    results = {name: read_negatives(path) for name, path in folders.items()}
    read_errors = tuple(error for _, errors in results.values() for error in errors)
    return {name: samples for name, (samples, _) in results.items()}, read_errors


def read_negatives(folder: str | Path) -> tuple[tuple[Sample, ...], tuple[ReadError, ...]]:
    """Return the photos without a key below a folder, sorted, and the read errors.

    Raises BadDataset if none can be read.
    """
    folder = Path(folder)
    files = (path for path in folder.rglob("*") if path.is_file() and is_photo_file(path))
    paths = sorted(path for path in files if not _is_hidden(path, folder))
    if not paths:
        raise BadDataset(
            folder, fault="contains no photos", remedy="give a folder of photos of none of the kinds"
        )
    names = [relative_path(path, folder) for path in paths]
    entries = (PhotoEntry(path, name, name, "", "test") for path, name in zip(paths, names, strict=True))
    samples, read_errors = [], []
    for result in parallel_map(read_sample, entries):
        if isinstance(result, ReadError):
            read_errors.append(result)
        else:
            samples.append(result[0])
    if not samples:
        fault = f"none of its {counted(len(paths), 'photo')} can be read: {read_errors[0].reason}"
        raise BadDataset(folder, fault=fault, remedy="give a folder of photos of none of the kinds")
    return tuple(samples), tuple(read_errors)


def _is_hidden(path: Path, root: Path) -> bool:
    """Return whether a file is hidden, or was left by a file server or file manager."""
    folders = path.relative_to(root).parts[:-1]
    above = root.absolute().parts
    is_system = any(is_system_folder(name, above + folders[:i]) for i, name in enumerate(folders))
    return path.name.startswith(".") or is_system_file(path.name) or is_system


def hold_out(dataset: Dataset, share: float, rng: np.random.Generator) -> Dataset:
    """Move random whole groups to the test split, about `share` of each kind's photos.

    share: between 0 and 1. Each kind keeps at least one group in both splits. Warnings are updated.
    Raises BadDataset if there are test photos already, or a kind has too few groups (physical keys).
    """
    if not 0 < share < 1:
        raise BadDataset(f"share {share:g}", fault="is not between 0 and 1", remedy="use a share such as 0.2")
    if present := len(dataset.subset("test")):
        fault = f"the dataset already has {counted(present, 'test photo')}"
        raise BadDataset("hold out", fault=fault, remedy="use those")
    moved: set[str] = set()
    for kind in dataset.kinds:
        moved |= _draw_groups(dataset.samples, kind, share, moved, rng)
    samples = [
        replace(sample, split="test" if sample.group in moved else "train") for sample in dataset.samples
    ]
    for kind in dataset.kinds:
        _check_splits(kind, [sample for sample in samples if sample.kind == kind])
    result = replace(dataset, samples=sorted_samples(samples))
    outdated = set(split_warnings(dataset))
    warnings = [sentence for sentence in dataset.warnings if sentence not in outdated]
    return replace(result, warnings=(*warnings, *split_warnings(result)))


def _draw_groups(
    samples: Iterable[Sample], kind: str, share: float, moved: set[str], rng: np.random.Generator
) -> set[str]:
    """Return further groups of a kind to move to the test split; `moved`: those already moved."""
    sizes = Counter(sample.group for sample in samples if sample.kind == kind)
    target = share * sizes.total()
    count = sum(size for group, size in sizes.items() if group in moved)
    free = [group for group in sizes if group not in moved]  # in the order of the samples
    drawn: set[str] = set()
    for i in rng.permutation(len(free)):
        group = free[i]
        closer = abs(count + sizes[group] - target) < abs(count - target)
        if closer and len(free) - len(drawn) > 1:
            drawn.add(group)
            count += sizes[group]
    if not count and len(free) > 1:
        drawn = {min(free, key=sizes.__getitem__)}
    return drawn


def _check_splits(kind: str, samples: Sequence[Sample]) -> None:
    groups = {split: {sample.group for sample in samples if sample.split == split} for split in SPLITS}
    if all(groups.values()):
        return
    count = len({sample.group for sample in samples})
    shown = f"{counted(len(samples), 'photo')} of {counted(count, 'different object')}"
    fault = f"has {shown}; training and test need different ones"
    remedy = "add photos of at least 2 different objects of this kind, or provide your own test photos"
    raise BadDataset(f"kind {kind}", fault=fault, remedy=remedy)


def _build(samples: Sequence[Sample], fingerprints: Bytes, keep_leaks: bool) -> Dataset:
    """Return the usable samples, grouped, with duplicates and leaks."""
    exact, near = exact_duplicates(samples), near_duplicates(fingerprints)
    conflicts_of_keys = key_conflicts(samples, exact, near)
    stated = {sample.name: sample.group for sample in samples}
    samples = assign_groups(samples, (*exact, *near))
    near_names = [[samples[i].name for i in cluster] for cluster in near]
    conflicts = conflicting_labels(samples)
    consistent = [sample for sample in samples if sample.sha256 not in conflicts]
    leaks = find_leaks(consistent, near_names, stated)
    leaking = set() if keep_leaks else {leak.train for leak in leaks}
    usable = [sample for sample in consistent if sample.name not in leaking]
    kinds = sorted({sample.kind for sample in usable if sample.split == "train"})
    kept = sorted_samples(sample for sample in usable if sample.kind in kinds)
    return Dataset(
        kinds=tuple(kinds),
        samples=kept,
        read_errors=(),
        warnings=(),
        duplicates=_cluster_names(samples, exact),
        near_duplicates=_cluster_names(samples, same_group(samples, near)),
        leaks=leaks,
        key_conflicts=conflicts_of_keys,
        left_out=sorted_samples(set(samples) - set(kept)),
    )


def _cluster_names(samples: Sequence[Sample], clusters: Iterable[Cluster]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(tuple(samples[i].name for i in cluster) for cluster in clusters))


def sorted_samples(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Return the samples by split, kind and name."""
    return tuple(sorted(samples, key=lambda sample: (sample.split, sample.kind, sample.name)))


def _check(dataset: Dataset, photos: Path, test: Path | None) -> None:
    """Raise BadDataset if there is nothing to train on, or a given test set cannot be scored."""
    counts = dataset.counts()
    if len(counts) < 2:
        trainable = (
            ", ".join(f"{kind}: {counted(count['train'], 'photo')}" for kind, count in counts.items())
            or "none"
        )
        kinds = "1 kind" if len(counts) == 1 else f"{len(counts)} kinds"
        fault = f"only {kinds} can be trained ({trainable})"
        conflicting = sum(map(len, conflicting_labels(dataset.left_out).values()))
        left_out = {
            "photos labelled with several kinds": conflicting,
            "leaks": len(dataset.leaks),
            "photos that are excluded": len(dataset.decisions.excluded),
        }
        if any(left_out.values()):
            fault += "; left out: " + ", ".join(f"{n:,} {what}" for what, n in left_out.items() if n)
        raise BadDataset(
            photos, fault=fault, remedy="give readable photos of at least 2 kinds, one folder per kind"
        )
    if test is not None and not dataset.subset("test"):
        fault = f"none of its photos shows one of the {len(counts):,} training kinds ({first_few(counts)})"
        raise BadDataset(test, fault=fault, remedy="name the test kinds like the training kinds")
