"""Samples -> groups of photos of the same physical key, and leaks from test to training photos.

In:    samples with their known keys; clusters of duplicates and near duplicates
Out:   samples with groups; conflicting keys and labels (one photo, several of them); leaks
Needs: numpy, pillow
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from keykind.dataset.duplicates import DisjointSets
from keykind.dataset.samples import KeyConflict, Leak, Sample

REASONS = SAME_BYTES, NEAR_DUPLICATE, SAME_KEY = "same bytes", "near duplicate", "same physical key"
ANY = "*"  # any stated key, or none
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
    """Return the samples with final groups: same stated key or same cluster means same group.

    clusters: those found first count first. A cluster joins no two groups whose stated keys differ; its
    photos without a stated key join the first of them.
    A group is named after its key, or else its first photo.
    """
    sets, keys = _stated_sets(samples)
    for cluster in clusters:
        by_key: dict[str, int] = {}
        for i in cluster:
            first = by_key.setdefault(keys.get(sets.find(i), ""), i)
            sets.union(first, i)
        stated = [key for key in by_key if key]
        if "" in by_key and stated:
            sets.union(by_key[""], by_key[stated[0]])
        keys |= {sets.find(by_key[key]): key for key in stated}
    roots = [sets.find(i) for i in range(len(samples))]
    known = {root: keys[root] for root in roots if root in keys}
    known = dict(sorted(known.items(), key=lambda item: item[1]))
    unknown = sorted({root for root in roots if root not in known})
    unique = make_unique([*known.values(), *(samples[root].name for root in unknown)])
    names = dict(zip([*known, *unknown], unique, strict=True))
    return [replace(sample, group=names[root]) for sample, root in zip(samples, roots, strict=True)]


def _stated_sets(samples: Sequence[Sample]) -> tuple[DisjointSets, dict[int, str]]:
    """Return the samples joined by their stated keys, and the key of each set that has one."""
    sets = DisjointSets(len(samples))
    first_of_key: dict[str, int] = {}
    for i, sample in enumerate(samples):
        if sample.group:
            sets.union(first_of_key.setdefault(sample.group, i), i)
    return sets, {sets.find(i): key for key, i in first_of_key.items()}


def same_group(samples: Sequence[Sample], clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Yield the parts of clusters that are in one group and not all equal bytes."""
    for cluster in clusters:
        parts: defaultdict[str, list[int]] = defaultdict(list)
        for i in cluster:
            parts[samples[i].group].append(i)
        for part in parts.values():
            if len({samples[i].sha256 for i in part}) > 1:
                yield tuple(part)


def key_conflicts(
    samples: Sequence[Sample], exact: Iterable[Cluster], near: Iterable[Cluster]
) -> tuple[KeyConflict, ...]:
    """Return the clusters of photos that look the same though different keys are stated for them.

    samples: with their stated keys as groups.
    """
    conflicts = []
    for reason, clusters in ((SAME_BYTES, exact), (NEAR_DUPLICATE, near)):
        for cluster in clusters:
            first: dict[str, str] = {}
            for i in cluster:
                if samples[i].group:
                    first.setdefault(samples[i].group, samples[i].name)
            files = {samples[i].sha256 for i in cluster}
            if len(first) > 1 and (reason == SAME_BYTES or len(files) > 1):
                conflicts.append(KeyConflict(tuple(first.values()), tuple(first), reason))
    return tuple(conflicts)


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


def find_leaks(
    samples: Sequence[Sample], near: Iterable[Sequence[str]], stated: Mapping[str, str]
) -> tuple[Leak, ...]:
    """Return a leak for each training photo whose group also has test photos, strongest reason first.

    near: clusters of names of near duplicates. stated: name -> key, "" if none is stated; near duplicates
    for which different keys are stated are no leak.
    """
    cluster_of = {name: i for i, names in enumerate(near) for name in names}
    tests: dict[tuple[str, object], str] = {}
    for sample in samples:
        if sample.split == "test":
            key = stated.get(sample.name, "")
            for identity in _identities(sample, cluster_of, {key, ANY}):
                tests.setdefault(identity, sample.name)
    leaks = []
    for sample in samples:
        key = stated.get(sample.name, "")
        wanted = _identities(sample, cluster_of, {key, ""} if key else {ANY})
        shared = [identity for identity in wanted if identity in tests]
        if sample.split == "train" and shared:
            leaks.append(Leak(sample.name, tests[shared[0]], shared[0][0]))
    return tuple(sorted(leaks, key=lambda leak: (REASONS.index(leak.reason), leak.train)))


def _identities(sample: Sample, cluster_of: dict[str, int], keys: set[str]) -> list[tuple[str, object]]:
    """Return (reason, value) pairs, strongest reason first; photos that share a pair leak into each other."""
    cluster = cluster_of.get(sample.name, sample.name)
    return [
        (SAME_BYTES, sample.sha256),
        *((NEAR_DUPLICATE, (cluster, key)) for key in sorted(keys)),
        (SAME_KEY, sample.group),
    ]
