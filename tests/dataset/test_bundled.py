"""Tests of sample_photos.py, and of the photos that ship."""

import pytest
from PIL import Image

from keykind.core.errors import BadDataset
from keykind.dataset.bundled import (
    COUNTS,
    FOLDER,
    NEGATIVES_FOLDER,
    NOTHING,
    bundled_negatives,
    bundled_photos,
)
from keykind.dataset.dataset import read_dataset, read_negatives

MOST = 6_000_000  # bytes


@pytest.fixture(scope="module")
def sample():
    return read_dataset(bundled_photos())


def test_the_sample_has_as_many_photos_of_each_kind_as_the_report(sample):
    kinds = ("cylinder", "dimple", "laser_track", "mortice")
    numbers = ((32, 54), (33, 18), (30, 12), (34, 21))
    assert sample.counts() == {
        kind: {"train": train, "test": test} for kind, (train, test) in zip(kinds, numbers, strict=True)
    }


def test_every_photo_of_the_sample_is_readable_and_shows_another_key(sample):
    assert (sample.faults, sample.warnings, sample.leaks, sample.near_duplicates) == ((), (), (), ())
    assert len({one.group for one in sample.samples}) == len(sample.samples)


def test_the_sample_is_small_and_nothing_else_lies_in_it(sample):
    files = {path for path in FOLDER.rglob("*") if path.is_file()}
    assert files == {one.path for one in sample.samples}
    assert sum(path.stat().st_size for path in files) <= MOST


def test_the_photos_of_the_sample_tell_nothing_but_their_pixels(sample):
    for one in sample.samples:
        with Image.open(one.path) as photo:
            photo.load()
            assert (photo.format, max(photo.size)) == ("JPEG", 320)
            assert not photo.getexif()
            assert {"icc_profile", "comment", "xmp", "photoshop"}.isdisjoint(photo.info)


def test_the_photos_without_a_key_are_readable_different_and_small():
    negatives, _ = read_negatives(bundled_negatives())
    assert len({one.sha256 for one in negatives}) == NOTHING
    assert sum(path.stat().st_size for path in NEGATIVES_FOLDER.iterdir()) < 1_000_000


def test_a_sample_that_lacks_photos_is_refused(tmp_path):
    with pytest.raises(BadDataset, match=r"holds 0 of the 234 photos.*install keykind again"):
        bundled_photos(tmp_path)
    place = tmp_path / "train" / "dimple"
    place.mkdir(parents=True)
    for number in range(sum(sum(kinds.values()) for kinds in COUNTS.values()) + 1):
        (place / f"{number}.jpg").touch()
    with pytest.raises(BadDataset, match="holds 235 of the 234"):
        bundled_photos(tmp_path)
