"""Listings of one dataset -> its photos: kinds and names made consistent; and the photos, opened.

In:    Listing(s) of the photos and of separate test photos
Out:   ListedPhotos: photos with unique names, sentences about them; Sample(s), fingerprints, ReadError(s)
Needs: numpy, pillow
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keykind.core.errors import BadDataset, printable
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.dataset.duplicates import Bytes
from keykind.dataset.groups import make_unique
from keykind.dataset.key_ids import key_ids_from_names
from keykind.dataset.kind_names import merge_kinds, select_kinds, with_printable_kinds
from keykind.dataset.listing import Decisions, Listing, PhotoEntry, ReadError, counted
from keykind.dataset.name_groups import proposal
from keykind.dataset.samples import Sample, read_sample
from keykind.photo.system_files import PassedOver


@dataclass(frozen=True, slots=True)
class ListedPhotos:
    """The photos of a dataset, from one or two listings; none is opened."""

    photos: tuple[PhotoEntry, ...]  # sorted by split, kind and name; names are unique
    kinds: frozenset[str]  # including those without photos
    read_errors: tuple[ReadError, ...]
    warnings: tuple[str, ...]  # about folders and tables
    notes_on_keys: tuple[str, ...]  # about names that say which key a photo shows
    decisions: Decisions  # of labels.csv


def merge_listings(
    listings: Sequence[Listing],
    photos: Path,
    *,
    kinds: Sequence[str] | None = None,
    group_pattern: str | None = None,
) -> ListedPhotos:
    """Return all photos of the listings in a fixed order.

    photos: the first listing's folder or table, for errors. kinds, group_pattern: see `read_dataset`.
    Raises BadDataset for a kind that is not there.
    """
    listings, merged = merge_kinds(listings)
    listings = select_kinds(with_printable_kinds(listings), kinds, photos)
    if group_pattern is not None:
        listings = [
            replace(listing, photos=key_ids_from_names(listing.photos, group_pattern)) for listing in listings
        ]
    entries = _merge(listings)
    notes = _unmatched(entries) if group_pattern is not None else filter(None, [proposal(entries)])
    sentences = (sentence for listing in listings for sentence in listing.warnings)
    return ListedPhotos(
        tuple(entries),
        frozenset(kind for listing in listings for kind in listing.kinds),
        tuple(error for listing in listings for error in listing.read_errors),
        (*merged, *sentences, *_passed_over(listings)),
        tuple(notes),
        sum((listing.decisions for listing in listings), Decisions()),
    )


def read_samples(
    entries: Sequence[PhotoEntry], photos: Path
) -> tuple[list[Sample], Bytes, tuple[ReadError, ...]]:
    """Open each photo; return the samples, their fingerprints (n, 64, 64), and the read errors.

    Raises BadDataset if none can be read.
    """
    results = list(progress(parallel_map(read_sample, entries), len(entries), "reading"))
    readable = [result for result in results if not isinstance(result, ReadError)]
    read_errors = tuple(result for result in results if isinstance(result, ReadError))
    if not readable:
        first = f"; the first is {read_errors[0].name}: {read_errors[0].reason}" if read_errors else ""
        fault = f"none of its {counted(len(entries), 'photo')} can be read{first}"
        raise BadDataset(photos, fault=fault, remedy="give readable photos of at least 2 kinds")
    return [sample for sample, _ in readable], np.stack([image for _, image in readable]), read_errors


def _merge(listings: Sequence[Listing]) -> list[PhotoEntry]:
    """Return all photos in a fixed order with unique names.

    Names of photos from a second folder are prefixed with its name.
    """
    photos = list(listings[0].photos)
    for listing in listings[1:]:
        folder = "" if listing.root == listings[0].root else f"{printable(listing.root.resolve().name)}/"
        photos += [replace(entry, name=folder + entry.name) for entry in listing.photos]
    photos.sort(key=lambda entry: (entry.split, entry.kind, entry.name, entry.relative))
    names = make_unique(entry.name for entry in photos)
    return [replace(entry, name=name) for entry, name in zip(photos, names, strict=True)]


def _passed_over(listings: Iterable[Listing]) -> list[str]:
    """Return one sentence about the thumbnails and system files beside the photos, if there are any."""
    passed_over = PassedOver()
    for listing in listings:
        passed_over.counts.update(dict(listing.passed_over))
    sentence = passed_over.sentence()
    return [sentence] if sentence else []


def _unmatched(entries: Sequence[PhotoEntry]) -> Iterator[str]:
    count = sum(entry.key_id is None for entry in entries)
    if count:
        yield (
            f"Photo names in which the group pattern finds no name: {count:,} of {len(entries):,}; "
            "each of these photos counts as another object; check the pattern."
        )
