"""Samples -> groups of photos of the same physical key, and leaks from test to training photos.

In:    samples with their known keys; clusters of duplicates and near duplicates
Out:   samples with groups; conflicting labels (one photo, several kinds); leaks
Needs: numpy, pillow
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from keykind.dataset.duplicates import DisjointSets
from keykind.dataset.samples import Leak, Sample

REASONS = SAME_BYTES, NEAR_DUPLICATE, SAME_KEY = "same bytes", "near duplicate", "same physical key"
REASON_TEXTS = {SAME_KEY: "same object"}  # the names in JSON are older than classes of anything but keys
Cluster = tuple[int, ...]  # indices of samples that belong together, ascending


def reason_text(reason: str) -> str:
    """Return one of REASONS as text."""
    return REASON_TEXTS.get(reason, reason)


def exact_duplicates(samples: Sequence[Sample]) -> tuple[Cluster, ...]:
    """Return clusters of at least two samples whose files have equal bytes."""
    indices: defaultdict[str, list[int]] = defaultdict(list)
    for i, sample in enumerate(samples):
        indices[sample.sha256].append(i)
    return tuple(tuple(cluster) for cluster in indices.values() if len(cluster) > 1)


def assign_groups(samples: Sequence[Sample], clusters: Iterable[Cluster]) -> list[Sample]:
    """Return the samples with final groups: same known key or same cluster means same group.

    A group is named after its first known key, or else its first photo.
    """
    sets = DisjointSets(len(samples))
    first_of_key: dict[str, int] = {}
    for i, sample in enumerate(samples):
        if sample.group:
            sets.union(first_of_key.setdefault(sample.group, i), i)
    for cluster in clusters:
        sets.union_all(cluster)
    roots = [sets.find(i) for i in range(len(samples))]
    known: dict[int, str] = {}
    for root, sample in sorted(zip(roots, samples, strict=True), key=lambda pair: pair[1].group):
        if sample.group:
            known.setdefault(root, sample.group)
    unknown = sorted({root for root in roots if root not in known})
    unique = make_unique([*known.values(), *(samples[root].name for root in unknown)])
    names = dict(zip([*known, *unknown], unique, strict=True))
    return [replace(sample, group=names[root]) for sample, root in zip(samples, roots, strict=True)]


def make_unique(names: Iterable[str]) -> list[str]:
    """Return the names with a number appended to repeated ones: a, b, a (2)."""
    used: set[str] = set()
    result = []
    for name in names:
        i, unique = 1, name
        while unique in used:
            i += 1
            unique = f"{name} ({i})"
        used.add(unique)
        result.append(unique)
    return result


def conflicting_labels(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Return the files that are labelled with several kinds: SHA-256 -> their samples."""
    files: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        files[sample.sha256].append(sample)
    return {sha256: same for sha256, same in files.items() if len({sample.kind for sample in same}) > 1}


def mixed_groups(samples: Iterable[Sample]) -> dict[str, list[str]]:
    """Return the groups that are labelled with several kinds: group -> kinds, sorted."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for sample in samples:
        kinds[sample.group].add(sample.kind)
    return {group: sorted(names) for group, names in sorted(kinds.items()) if len(names) > 1}


def find_leaks(samples: Sequence[Sample], near: Iterable[Sequence[str]]) -> tuple[Leak, ...]:
    """Return a leak for each training photo whose group also has test photos, strongest reason first.

    near: clusters of names of near duplicates.
    """
    cluster_of = {name: i for i, names in enumerate(near) for name in names}
    tests: dict[tuple[str, object], str] = {}
    for sample in samples:
        if sample.split == "test":
            for identity in _identities(sample, cluster_of):
                tests.setdefault(identity, sample.name)
    leaks = []
    for sample in samples:
        shared = [identity for identity in _identities(sample, cluster_of) if identity in tests]
        if sample.split == "train" and shared:
            leaks.append(Leak(sample.name, tests[shared[0]], shared[0][0]))
    return tuple(sorted(leaks, key=lambda leak: (REASONS.index(leak.reason), leak.train)))


def _identities(sample: Sample, cluster_of: dict[str, int]) -> list[tuple[str, object]]:
    """Return (reason, value) pairs, strongest reason first; photos that share a pair leak into each other."""
    return [
        (SAME_BYTES, sample.sha256),
        (NEAR_DUPLICATE, cluster_of.get(sample.name, sample.name)),
        (SAME_KEY, sample.group),
    ]
