"""Samples -> which of them show the same physical key, and what leaks from the test photos into training.

In:    samples with the keys that are known, clusters of photos that look the same
Out:   samples with groups; contradictions (one photo, two kinds); leaks
Needs: nothing beyond Python
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from keykind.dataset.duplicates import Partition
from keykind.dataset.samples import Leak, Sample

REASONS = SAME_BYTES, SAME_PICTURE, SAME_KEY = "same bytes", "near duplicate", "same physical key"
Cluster = tuple[int, ...]  # places of samples that belong together, ascending


def equal_bytes(samples: Sequence[Sample]) -> tuple[Cluster, ...]:
    """Return the places of samples whose files are equal, at least two a cluster."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, sample in enumerate(samples):
        places[sample.sha256].append(place)
    return tuple(tuple(cluster) for cluster in places.values() if len(cluster) > 1)


def grouped(samples: Sequence[Sample], clusters: Iterable[Cluster]) -> list[Sample]:
    """Return the samples with final groups: those of one known key and those of one cluster are joined.

    A group is called by its first known key, or else by its first photo.
    """
    sets = Partition(len(samples))
    keyed: dict[str, int] = {}
    for place, sample in enumerate(samples):
        if sample.group:
            sets.join(keyed.setdefault(sample.group, place), place)
    for cluster in clusters:
        sets.join_all(cluster)
    firsts = [sets.first(place) for place in range(len(samples))]
    known: dict[int, str] = {}
    for first, sample in sorted(zip(firsts, samples, strict=True), key=lambda pair: pair[1].group):
        if sample.group:
            known.setdefault(first, sample.group)
    unknown = sorted({first for first in firsts if first not in known})
    names = distinct([*known.values(), *(samples[first].name for first in unknown)])
    called = dict(zip([*known, *unknown], names, strict=True))
    return [replace(sample, group=called[first]) for sample, first in zip(samples, firsts, strict=True)]


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names, each that came before with a number: a, b, a (2)."""
    taken: set[str] = set()
    result = []
    for name in names:
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name} ({number})"
        taken.add(free)
        result.append(free)
    return result


def contradictions(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Return the files that stand under several kinds: sha256 -> their samples."""
    files: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        files[sample.sha256].append(sample)
    return {sha256: same for sha256, same in files.items() if len({sample.kind for sample in same}) > 1}


def several_kinds(samples: Iterable[Sample]) -> dict[str, list[str]]:
    """Return the groups that stand under several kinds: group -> kinds, sorted."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for sample in samples:
        kinds[sample.group].add(sample.kind)
    return {group: sorted(found) for group, found in sorted(kinds.items()) if len(found) > 1}


def find_leaks(samples: Sequence[Sample], alike: Iterable[Sequence[str]]) -> tuple[Leak, ...]:
    """Return a leak for each training photo whose group also has test photos, the strongest reasons first.

    alike: clusters of names that look the same.
    """
    cluster_of = {name: number for number, names in enumerate(alike) for name in names}
    tests: dict[tuple[str, object], str] = {}
    for sample in samples:
        if sample.split == "test":
            for mark in _marks(sample, cluster_of):
                tests.setdefault(mark, sample.name)
    found = []
    for sample in samples:
        shared = [mark for mark in _marks(sample, cluster_of) if mark in tests]
        if sample.split == "train" and shared:
            found.append(Leak(sample.name, tests[shared[0]], shared[0][0]))
    return tuple(sorted(found, key=lambda leak: (REASONS.index(leak.why), leak.train)))


def _marks(sample: Sample, cluster_of: dict[str, int]) -> list[tuple[str, object]]:
    """Return by what a photo is known again, the strongest first."""
    return [
        (SAME_BYTES, sample.sha256),
        (SAME_PICTURE, cluster_of.get(sample.name, sample.name)),
        (SAME_KEY, sample.group),
    ]
