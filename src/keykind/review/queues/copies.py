"""Queues about which photos show the same: near duplicates and leaks; one physical key or two.

In:    Known
Out:   pairs of photos that look the same; sets of photos whose keys contradict each other
Needs: numpy
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from keykind.dataset.listing import PhotoEntry, first_few
from keykind.dataset.name_groups import name_groups
from keykind.dataset.splits import TEST, TRAIN
from keykind.review.catalogue import PhotoState
from keykind.review.queues.queue import COMPARING, Built, Item, Known, Queue

LEAK = "one is in train, the other in test, so the scores would be too high"
MAX_PHOTOS = 40  # of one item


def build_duplicates(known: Known) -> Built:
    """Return pairs of photos that look the same: leaks first, then different labels, then the others."""
    pairs = [_pair(known, a, b) for cluster in _clusters(known) for a, b in _pairs(cluster)]
    pairs.sort(key=lambda pair: pair[0])
    return Built([item for _, item in pairs], stages=(COMPARING,))


def _clusters(known: Known) -> Iterator[list[PhotoState]]:
    """Yield photos that are used and look the same, or have the same bytes."""
    clustered = {i for cluster in known.clusters for i in cluster}
    same_bytes = defaultdict(list)
    for i, measured in enumerate(known.measured):
        if measured and measured.sha256 and i not in clustered:
            same_bytes[measured.sha256].append(i)
    for cluster in (*known.clusters, *same_bytes.values()):
        used = [known.photos[i] for i in cluster if known.photos[i].is_used]
        if len(used) > 1:
            yield used


def _pairs(cluster: Sequence[PhotoState]) -> Iterator[tuple[PhotoState, PhotoState]]:
    """Yield one photo with each other: a test photo if there is one, else the first."""
    first = next((photo for photo in cluster if photo.split == TEST), cluster[0])
    yield from ((first, photo) for photo in cluster if photo is not first)


def _pair(known: Known, first: PhotoState, other: PhotoState) -> tuple[int, Item]:
    """Return a pair and its rank."""
    a, b = known.measured[first.id], known.measured[other.id]
    same = a is not None and b is not None and a.sha256 == b.sha256
    leak, differ = first.split != other.split, first.kind != other.kind
    facts = ["The same file twice" if same else "These photos look the same"]
    facts += [LEAK] if leak else []
    facts += [f"labelled {first.kind or 'nothing'} and {other.kind or 'nothing'}"] if differ else []
    train = other if other.split == TRAIN or not leak else first
    item = Item((first.id, other.id), f"{'; '.join(facts)}.", {"exclude": train.id})
    return (0 if leak else 1 if differ else 2), item


def duplicates_decided(photos: Sequence[PhotoState]) -> bool:
    """Return whether one of two is left out, or a person named their keys, and nothing contradicts that."""
    if any(photo.row.excluded for photo in photos):
        return True
    keys = {photo.row.key for photo in photos}
    return "" not in keys and (len(keys) == len(photos) or not _contradict(photos))


def build_same_key(known: Known) -> Built:
    """Return sets of photos whose physical keys contradict what they show or are called."""
    items = [*_conflicting(known), *_mixed(known), *_split_keys(known), *_by_names(known)]
    note = "Photos are compared by name, and by look once the scan is finished."
    return Built(list({item.id: item for item in reversed(items)}.values())[::-1], note, (COMPARING,))


def _conflicting(known: Known) -> Iterator[Item]:
    """Yield photos that look the same though different keys are stated."""
    for cluster in _clusters(known):
        first = {photo.key: photo for photo in reversed(cluster) if photo.key}
        if len(first) > 1:
            photos = sorted(first.values(), key=lambda photo: photo.id)[:MAX_PHOTOS]
            keys = first_few(photo.key for photo in photos)
            text = f"These photos look the same, but are stated to show {len(first)} keys ({keys})."
            yield Item(tuple(photo.id for photo in photos), text)


def _by_key(known: Known) -> dict[str, list[PhotoState]]:
    keys = defaultdict(list)
    for photo in known.photos:
        if photo.is_used and photo.key:
            keys[photo.key].append(photo)
    return keys


def _mixed(known: Known) -> Iterator[Item]:
    """Yield keys whose photos are labelled as several kinds."""
    for key, photos in _by_key(known).items():
        counts = Counter(photo.kind for photo in photos if photo.kind)
        if len(counts) > 1:
            listed = ", ".join(f"{kind} {count:,}" for kind, count in counts.most_common())
            text = f"Photos of one key ({key}) are labelled as {len(counts)} kinds: {listed}."
            yield Item(tuple(photo.id for photo in photos[:MAX_PHOTOS]), text)


def _split_keys(known: Known) -> Iterator[Item]:
    """Yield keys with photos in both splits."""
    for key, photos in _by_key(known).items():
        counts = Counter(photo.split for photo in photos)
        if len(counts) > 1:
            text = (
                f"Key {key} has {counts[TRAIN]:,} photos in train and {counts[TEST]:,} in test, so the "
                "scores would be too high; put all into one split."
            )
            yield Item(tuple(photo.id for photo in photos[:MAX_PHOTOS]), text)


def _by_names(known: Known) -> Iterator[Item]:
    """Yield photos without a known key whose names suggest one object."""
    photos = {
        photo.entry.name: photo for photo in known.photos if photo.is_used and photo.kind and not photo.key
    }
    taken = {photo.key for photo in known.photos if photo.key}
    entries = [_entry(photo) for photo in photos.values()]
    for (kind, stem), names in name_groups(entries).items():
        key = stem if stem not in taken else f"{kind} {stem}"
        taken.add(key)
        text = (
            f"By their names, these {len(names)} photos show one key ({stem}), but each counts as a key of "
            "its own."
        )
        yield Item(tuple(photos[name].id for name in names), text, {"key": key})


def _entry(photo: PhotoState) -> PhotoEntry:
    entry = photo.entry
    return PhotoEntry(entry.path, entry.relative, entry.name, photo.kind, photo.split)


def same_key_decided(photos: Sequence[PhotoState]) -> bool:
    """Return whether a person named the key of each photo that is used, and no key contradicts itself."""
    used = [photo for photo in photos if not photo.row.excluded]
    return all(photo.row.key for photo in used) and not any(
        _contradict([photo for photo in used if photo.row.key == key]) for key in {p.row.key for p in used}
    )


def _contradict(photos: Sequence[PhotoState]) -> bool:
    """Return whether photos of one key have several kinds, or are in both splits."""
    kinds, splits = {photo.kind for photo in photos if photo.kind}, {photo.split for photo in photos}
    return len(kinds) > 1 or len(splits) > 1


DUPLICATES = Queue(
    "duplicates",
    "Near duplicates and leaks",
    "Photos that look the same, within a split or across train and test.",
    build_duplicates,
    duplicates_decided,
    asks_kind=False,
)
SAME_KEY = Queue(
    "same-key",
    "One key or two?",
    "Photos of which it is not clear whether they show one physical key.",
    build_same_key,
    same_key_decided,
    asks_kind=False,
)
