"""Tests of dataset/labelled.py: photos to measure on."""

import shutil

import pytest

from keykind.core.errors import BadDataset
from keykind.dataset.dataset import read_dataset
from keykind.dataset.labelled import read_labelled


def test_every_photo_is_there_whatever_its_split(drawn_photos):
    dataset = read_labelled(drawn_photos)
    assert len(dataset.samples) == len(list(drawn_photos.rglob("*.png")))
    assert {sample.split for sample in dataset.samples} == {"train", "test"}


def test_training_photos_that_duplicate_a_test_photo_stay_and_share_its_group(drawn_photos):
    shutil.copy(drawn_photos / "test/dimple/drawn-00.png", drawn_photos / "train/dimple/copy.png")
    assert len(read_dataset(drawn_photos).leaks) == 1
    groups = {sample.name: sample.group for sample in read_labelled(drawn_photos).samples}
    assert groups["train/dimple/copy.png"] == groups["test/dimple/drawn-00.png"]


def test_test_photos_alone_are_enough_and_so_is_one_kind(drawn_photos):
    for split in ("train", "test"):
        for kind in ("cylinder", "laser_track", "mortice"):
            shutil.rmtree(drawn_photos / split / kind)
    shutil.rmtree(drawn_photos / "train")
    with pytest.raises(BadDataset):
        read_dataset(drawn_photos)
    dataset = read_labelled(drawn_photos)
    assert dataset.kinds == ("dimple",)
    assert len(dataset.samples) == 2


def test_groups_of_the_test_photos_are_those_that_training_uses(drawn_photos):
    trained = {sample.name: sample.group for sample in read_dataset(drawn_photos).subset("test")}
    assert {sample.name: sample.group for sample in read_labelled(drawn_photos).subset("test")} == trained
