"""Tests of bundled.py and of the bundled photos."""

import pytest
from PIL import Image

from keykind.core.errors import BadDataset
from keykind.dataset.bundled import (
    COUNTS,
    FOLDER,
    NEGATIVES,
    NEGATIVES_FOLDER,
    bundled_negatives,
    bundled_photos,
)
from keykind.dataset.dataset import read_dataset, read_negatives

MAX_BYTES = 6_000_000  # bytes


@pytest.fixture(scope="module")
def sample():
    return read_dataset(bundled_photos())


def test_the_sample_has_as_many_photos_per_kind_as_the_report(sample):
    kinds = ("cylinder", "dimple", "laser_track", "mortice")
    numbers = ((32, 54), (33, 18), (30, 12), (34, 21))
    assert sample.counts() == {
        kind: {"train": train, "test": test} for kind, (train, test) in zip(kinds, numbers, strict=True)
    }


def test_every_bundled_photo_is_readable_and_shows_a_different_key(sample):
    assert (sample.read_errors, sample.warnings, sample.leaks, sample.near_duplicates) == ((), (), (), ())
    assert len({photo.group for photo in sample.samples}) == len(sample.samples)


def test_the_sample_is_small_and_contains_no_other_files(sample):
    files = {path for path in FOLDER.rglob("*") if path.is_file()}
    assert files == {photo.path for photo in sample.samples}
    assert sum(path.stat().st_size for path in files) <= MAX_BYTES


def test_bundled_photos_carry_no_metadata(sample):
    for photo in sample.samples:
        with Image.open(photo.path) as image:
            image.load()
            assert (image.format, max(image.size)) == ("JPEG", 320)
            assert not image.getexif()
            assert {"icc_profile", "comment", "xmp", "photoshop"}.isdisjoint(image.info)


def test_bundled_negatives_are_readable_distinct_and_small():
    negatives, _ = read_negatives(bundled_negatives())
    assert len({photo.sha256 for photo in negatives}) == NEGATIVES
    assert sum(path.stat().st_size for path in NEGATIVES_FOLDER.iterdir()) < 1_000_000


def test_an_incomplete_sample_is_rejected(tmp_path):
    with pytest.raises(BadDataset, match=r"contains 0 of the 234 photos.*install keykind again"):
        bundled_photos(tmp_path)
    folder = tmp_path / "train" / "dimple"
    folder.mkdir(parents=True)
    for i in range(sum(sum(kinds.values()) for kinds in COUNTS.values()) + 1):
        (folder / f"{i}.jpg").touch()
    with pytest.raises(BadDataset, match="contains 235 of the 234"):
        bundled_photos(tmp_path)
