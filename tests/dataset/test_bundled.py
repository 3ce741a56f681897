"""Tests of bundled.py and of the bundled photos."""

import pytest
from PIL import Image

from keykind.core.errors import BadDataset
from keykind.dataset.bundled import (
    COUNTS,
    NEGATIVES,
    NEGATIVES_FOLDER,
    PHOTOS_FOLDER,
    bundled_negatives,
    bundled_photos,
)
from keykind.dataset.dataset import read_dataset, read_negatives

MAX_BYTES = 6_000_000  # bytes


@pytest.fixture(scope="module")
def bundled():
    return read_dataset(bundled_photos())


def test_there_are_as_many_bundled_photos_per_kind_as_in_the_report(bundled):
    kinds = ("cylinder", "dimple", "laser_track", "mortice")
    counts = ((32, 54), (33, 18), (30, 12), (34, 21))
    assert bundled.counts() == {
        kind: {"train": train, "test": test} for kind, (train, test) in zip(kinds, counts, strict=True)
    }


def test_every_bundled_photo_is_readable_and_shows_a_different_key(bundled):
    assert (bundled.read_errors, bundled.warnings, bundled.leaks, bundled.near_duplicates) == ((), (), (), ())
    assert len({photo.group for photo in bundled.samples}) == len(bundled.samples)


def test_the_bundled_photos_are_small_and_the_only_files(bundled):
    files = {path for path in PHOTOS_FOLDER.rglob("*") if path.is_file()}
    assert files == {photo.path for photo in bundled.samples}
    assert sum(path.stat().st_size for path in files) <= MAX_BYTES


def test_bundled_photos_carry_no_metadata(bundled):
    for photo in bundled.samples:
        with Image.open(photo.path) as image:
            image.load()
            assert (image.format, max(image.size)) == ("JPEG", 320)
            assert not image.getexif()
            assert {"icc_profile", "comment", "xmp", "photoshop"}.isdisjoint(image.info)


def test_bundled_negatives_are_readable_distinct_and_small():
    negatives, _ = read_negatives(bundled_negatives())
    assert len({photo.sha256 for photo in negatives}) == NEGATIVES
    assert sum(path.stat().st_size for path in NEGATIVES_FOLDER.iterdir()) < 1_000_000


def test_incomplete_bundled_photos_are_rejected(tmp_path):
    with pytest.raises(BadDataset, match=r"contains 0 of the 234 photos.*install keykind again"):
        bundled_photos(tmp_path)
    folder = tmp_path / "train" / "dimple"
    folder.mkdir(parents=True)
    for i in range(sum(sum(kinds.values()) for kinds in COUNTS.values()) + 1):
        (folder / f"{i}.jpg").touch()
    with pytest.raises(BadDataset, match="contains 235 of the 234"):
        bundled_photos(tmp_path)
