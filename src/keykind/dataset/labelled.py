"""Labelled photos -> Dataset to measure a model on: every readable photo, whatever its split.

In:    PHOTOS/<kind>/**, also below train/ and test/, or a CSV table; optionally a second one with test photos
Out:   Dataset whose samples are all photos, of all kinds, grouped by physical key
Needs: numpy, pillow

Unlike `read_dataset` it needs no photos to train on, and leaves nothing out but photos with several labels.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from keykind.dataset.dataset import sorted_samples
from keykind.dataset.duplicates import near_duplicates
from keykind.dataset.groups import assign_groups, conflicting_labels, exact_duplicates, key_conflicts
from keykind.dataset.layout import list_photos
from keykind.dataset.merging import merge_listings, read_samples
from keykind.dataset.samples import Dataset
from keykind.dataset.warnings import photo_warnings


def read_labelled(
    photos: str | Path,
    test: str | Path | None = None,
    *,
    kinds: Sequence[str] | None = None,
    group_pattern: str | None = None,
) -> Dataset:
    """Read and group all labelled photos of a folder or a CSV table; see `read_dataset` for the arguments.

    `kinds` of the result are those of all photos. Photos whose bytes are labelled with several kinds are in
    `left_out`. An unreadable photo becomes a ReadError. Raises BadDataset if no photo can be read.
    """
    photos, test = Path(photos), None if test is None else Path(test)
    listings = [list_photos(photos, has_test=test is not None, any_split=True)]
    listings += [] if test is None else [list_photos(test, as_test=True)]
    listed = merge_listings(listings, photos, kinds=kinds, group_pattern=group_pattern)
    stated, fingerprints, unreadable = read_samples(listed.photos, photos)
    exact, near = exact_duplicates(stated), near_duplicates(fingerprints)
    samples = assign_groups(stated, (*exact, *near))
    conflicts = conflicting_labels(samples)
    dataset = Dataset(
        kinds=tuple(sorted({sample.kind for sample in samples})),
        samples=sorted_samples(sample for sample in samples if sample.sha256 not in conflicts),
        read_errors=(*listed.read_errors, *unreadable),
        warnings=(),
        duplicates=(),
        near_duplicates=(),
        leaks=(),
        key_conflicts=key_conflicts(stated, exact, near),
        left_out=sorted_samples(sample for sample in samples if sample.sha256 in conflicts),
        decisions=listed.decisions,
    )
    warnings = (*listed.warnings, *photo_warnings(dataset, listed.kinds), *listed.notes_on_keys)
    return replace(dataset, warnings=warnings)
