"""Folder of photos -> Dataset: checked, grouped by physical key, split.

In:    PHOTOS/<kind>/**, PHOTOS/{train,test}/<kind>/** or a CSV table; perhaps a second one, all for testing
Out:   Dataset(kinds, samples, faults, warnings, duplicates, near_duplicates, leaks, left_out)
Needs: numpy, pillow

Each photo is opened once; only facts and a fingerprint are kept of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from keykind.core.errors import BadDataset, printable
from keykind.core.parallel import ordered
from keykind.core.progress import progress
from keykind.dataset.bundled import RENDERED, bundled_negatives
from keykind.dataset.duplicates import Bytes, near_duplicates
from keykind.dataset.groups import (
    Cluster,
    contradictions,
    distinct,
    equal_bytes,
    find_leaks,
    grouped,
)
from keykind.dataset.key_ids import keys_by_pattern
from keykind.dataset.layout import list_photos
from keykind.dataset.listing import SPLITS, Listing, PhotoEntry, ReadError, relative, some
from keykind.dataset.samples import Dataset, Leak, Sample, examine
from keykind.dataset.warnings import advise, advise_on_split
from keykind.photo.decode import SUFFIXES

__all__ = ["Dataset", "Leak", "ReadError", "Sample", "hold_out", "read_dataset", "read_negatives"]


def read_dataset(
    photos: Path,
    test: Path | None = None,
    *,
    kinds: Sequence[str] | None = None,
    group_pattern: str | None = None,
    keep_leaks: bool = False,
) -> Dataset:
    """Read, check, group and split all photos of a folder or a CSV table.

    test: a second folder or table, all of it test photos. kinds: those to read, None for all.
    group_pattern: a regular expression over a photo's name whose group `key` (or first group) is the physical
    key, where no table tells it. keep_leaks: training photos of what the test shows stay.
    An unreadable photo becomes a ReadError. Raises BadDataset if nothing can be trained or tested on.
    """
    listings = [list_photos(photos)] + ([] if test is None else [list_photos(test, as_test=True)])
    listings = _selected(_with_printable_kinds(listings), kinds, photos)
    if group_pattern is not None:
        listings = [replace(one, photos=keys_by_pattern(one.photos, group_pattern)) for one in listings]
    listed = _named(listings)
    samples, fingerprints, unreadable = _examined(listed, photos)
    dataset = _assembled(samples, fingerprints, keep_leaks)
    _check(dataset, photos, test)
    named = {kind for listing in listings for kind in listing.kinds}
    warnings = [sentence for listing in listings for sentence in listing.warnings]
    warnings += advise(dataset, named, kept_leaks=keep_leaks)
    warnings += [] if group_pattern is None else _keyless(listed)
    faults = [fault for listing in listings for fault in listing.faults] + unreadable
    return replace(dataset, faults=tuple(faults), warnings=tuple(warnings))


def negative_sets(own: Path | None) -> tuple[dict[str, tuple[Sample, ...]], tuple[ReadError, ...]]:
    """Return the sets of photos without a key, by name: those that come along and one's own. Then faults.

    Raises BadDataset where none of a set can be read.
    """
    folders = {RENDERED: bundled_negatives()} | ({str(own): own} if own else {})
    read = {name: read_negatives(folder) for name, folder in folders.items()}
    faults = tuple(fault for _, broken in read.values() for fault in broken)
    return {name: samples for name, (samples, _) in read.items()}, faults


def read_negatives(folder: Path) -> tuple[tuple[Sample, ...], tuple[ReadError, ...]]:
    """Return the photos below a folder that show no key, to test what a model refuses; sorted. Then faults.

    Raises BadDataset where none can be read.
    """
    inside = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    names = sorted(path for path in inside if not path.name.startswith("."))
    if not names:
        raise BadDataset(folder, fault="holds no photo", remedy="name a folder of photos without a key")
    found = ordered(
        lambda path: examine(PhotoEntry(path, relative(path, folder), relative(path, folder), "", "test")),
        names,
    )
    samples, faults = [], []
    for one in found:
        if isinstance(one, ReadError):
            faults.append(one)
        else:
            samples.append(one[0])
    if not samples:
        fault = f"holds {len(names)} photos, and none can be read: {faults[0].reason}"
        raise BadDataset(folder, fault=fault, remedy="name a folder of photos without a key")
    return tuple(samples), tuple(faults)


def hold_out(dataset: Dataset, share: float, rng: np.random.Generator) -> Dataset:
    """Move whole groups to the test side, about `share` of each kind's photos, chosen by `rng`.

    share: between 0 and 1. Each kind keeps at least one group on both sides. The warnings fit the new split.
    Raises BadDataset if there are test photos already, or a kind has too few groups (physical keys).
    """
    if not 0 < share < 1:
        raise BadDataset(f"share {share:g}", fault="is not between 0 and 1", remedy="hold out 0.2, say")
    if present := len(dataset.of("test")):
        raise BadDataset("hold out", fault=f"the set has {present:,} test photos already", remedy="use those")
    moved: set[str] = set()
    for kind in dataset.kinds:
        moved |= _drawn(dataset.samples, kind, share, moved, rng)
    samples = [replace(one, split="test" if one.group in moved else "train") for one in dataset.samples]
    for kind in dataset.kinds:
        _check_sides(kind, [sample for sample in samples if sample.kind == kind])
    held = replace(dataset, samples=_ordered(samples))
    outdated = set(advise_on_split(dataset))
    warnings = [sentence for sentence in dataset.warnings if sentence not in outdated]
    return replace(held, warnings=(*warnings, *advise_on_split(held)))


def _drawn(
    samples: Iterable[Sample], kind: str, share: float, moved: set[str], rng: np.random.Generator
) -> set[str]:
    """Return groups of a kind for the test side, besides those that moved with another kind already."""
    sizes = Counter(sample.group for sample in samples if sample.kind == kind)
    wanted = share * sizes.total()
    have = sum(size for group, size in sizes.items() if group in moved)
    free = [group for group in sizes if group not in moved]  # in the order of the samples
    drawn: set[str] = set()
    for place in rng.permutation(len(free)):
        group = free[place]
        nearer = abs(have + sizes[group] - wanted) < abs(have - wanted)
        if nearer and len(free) - len(drawn) > 1:
            drawn.add(group)
            have += sizes[group]
    if not have and len(free) > 1:
        drawn = {min(free, key=sizes.__getitem__)}
    return drawn


def _check_sides(kind: str, samples: Sequence[Sample]) -> None:
    sides = {split: {sample.group for sample in samples if sample.split == split} for split in SPLITS}
    if all(sides.values()):
        return
    groups = len({sample.group for sample in samples})
    fault = f"its {len(samples):,} photos show {groups:,} physical keys; they cannot stand on both sides"
    remedy = "add photos of at least 2 different keys of this kind, or give test photos of your own"
    raise BadDataset(f"kind {kind}", fault=fault, remedy=remedy)


def _with_printable_kinds(listings: Sequence[Listing]) -> list[Listing]:
    """Return the listings with kinds that any terminal can take; those that differ on disk stay different."""
    kinds = {kind for listing in listings for kind in listing.kinds}
    spelled = sorted(
        kinds, key=lambda kind: (printable(kind) != kind, kind)
    )  # what is printable stays as it is
    called = dict(zip(spelled, distinct(map(printable, spelled)), strict=True))
    return [
        replace(
            listing,
            photos=tuple(replace(item, kind=called[item.kind]) for item in listing.photos),
            kinds=tuple(sorted(called[kind] for kind in listing.kinds)),
        )
        for listing in listings
    ]


def _selected(listings: Sequence[Listing], kinds: Sequence[str] | None, photos: Path) -> list[Listing]:
    """Return the listings with the wanted kinds alone."""
    if kinds is None:
        return list(listings)
    there = sorted({kind for listing in listings for kind in listing.kinds})
    unknown = [printable(kind) for kind in kinds if kind not in there]
    if unknown:
        fault = f"has no kind {' or '.join(unknown)}; it has {len(there):,}: {', '.join(there)}"
        raise BadDataset(photos, fault=fault, remedy="choose among those")
    return [
        replace(
            listing,
            photos=tuple(item for item in listing.photos if item.kind in kinds),
            kinds=tuple(kind for kind in listing.kinds if kind in kinds),
        )
        for listing in listings
    ]


def _named(listings: Sequence[Listing]) -> list[PhotoEntry]:
    """Return all photos in a fixed order with names that no two share.

    Photos of a second set in another folder carry that folder's name in front.
    """
    photos = list(listings[0].photos)
    for listing in listings[1:]:
        folder = "" if listing.root == listings[0].root else f"{printable(listing.root.resolve().name)}/"
        photos += [replace(item, name=folder + item.name) for item in listing.photos]
    photos.sort(key=lambda item: (item.split, item.kind, item.name, item.relative))
    names = distinct(item.name for item in photos)
    return [replace(item, name=name) for item, name in zip(photos, names, strict=True)]


def _examined(listed: Sequence[PhotoEntry], photos: Path) -> tuple[list[Sample], Bytes, list[ReadError]]:
    """Open each photo; return the samples, their fingerprints (n, 64, 64), and the unreadable ones."""
    results = list(progress(ordered(examine, listed), len(listed), "reading"))
    found = [result for result in results if not isinstance(result, ReadError)]
    faults = [result for result in results if isinstance(result, ReadError)]
    if not found:
        first = f"; the first is {faults[0].name}: {faults[0].reason}" if faults else ""
        fault = f"none of its {len(listed):,} photos can be read{first}"
        raise BadDataset(photos, fault=fault, remedy="give readable photos of at least 2 kinds")
    return [sample for sample, _ in found], np.stack([picture for _, picture in found]), faults


def _keyless(listed: Sequence[PhotoEntry]) -> Iterator[str]:
    count = sum(item.key is None for item in listed)
    if count:
        yield (
            f"Photos in whose name the group pattern finds no key: {count:,} of {len(listed):,}; "
            "each counts as a key of its own, so check the pattern."
        )


def _assembled(samples: Sequence[Sample], fingerprints: Bytes, keep_leaks: bool) -> Dataset:
    """Return the samples that may be used, grouped, and what was found about them."""
    equal, alike = equal_bytes(samples), near_duplicates(fingerprints)
    samples = grouped(samples, (*equal, *alike))
    look_same = [[samples[place].name for place in cluster] for cluster in alike]
    contradictory = contradictions(samples)
    clear = [sample for sample in samples if sample.sha256 not in contradictory]
    leaks = find_leaks(clear, look_same)
    leaking = set() if keep_leaks else {leak.train for leak in leaks}
    usable = [sample for sample in clear if sample.name not in leaking]
    kinds = sorted({sample.kind for sample in usable if sample.split == "train"})
    kept = _ordered(sample for sample in usable if sample.kind in kinds)
    return Dataset(
        kinds=tuple(kinds),
        samples=kept,
        faults=(),
        warnings=(),
        duplicates=_names(samples, equal),
        near_duplicates=_names(
            samples, (one for one in alike if len({samples[place].sha256 for place in one}) > 1)
        ),
        leaks=leaks,
        left_out=_ordered(set(samples) - set(kept)),
    )


def _names(samples: Sequence[Sample], clusters: Iterable[Cluster]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(tuple(samples[place].name for place in cluster) for cluster in clusters))


def _ordered(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    return tuple(sorted(samples, key=lambda sample: (sample.split, sample.kind, sample.name)))


def _check(dataset: Dataset, photos: Path, test: Path | None) -> None:
    """Raise BadDataset if nothing can be trained, or nothing tested where a test set was given."""
    counts = dataset.counts()
    if len(counts) < 2:
        held = ", ".join(f"{kind} with {count['train']:,} photos" for kind, count in counts.items()) or "none"
        twice = sum(map(len, contradictions(dataset.left_out).values()))
        fault = (
            f"{len(counts)} {'kind' if len(counts) == 1 else 'kinds'} can be trained ({held}); left out: "
            f"{twice:,} photos that stand under several kinds, {len(dataset.leaks):,} leaks"
        )
        raise BadDataset(
            photos, fault=fault, remedy="give readable photos of at least 2 kinds, one folder each"
        )
    if test is not None and not dataset.of("test"):
        fault = (
            f"none of its photos can be scored: they show none of the {len(counts):,} kinds {some(counts)}"
        )
        raise BadDataset(test, fault=fault, remedy="name the test kinds like those of the training photos")
