"""Tests of features.py."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from keykind.core.cache import Cache
from keykind.core.errors import BadPhoto, CannotWrite
from keykind.dataset.dataset import read_dataset
from keykind.model.preprocess import Augmentation
from keykind.train.features import Network, Plan, compute, read_crop, store_crops

PLAN = Plan(("plain", "edge", "plain_augmented", "edge_augmented"), Augmentation(0.2, 0.2, flip=True), seed=0)


class CountingNetwork(Network):
    """A network whose four features are means of the picture; it counts its calls."""

    calls: ClassVar[list[int]] = []

    def run(self, picture):
        self.calls.append(1)
        pooled = np.array(
            [picture.mean(), picture.std(), picture[:9].mean(), picture[:, :9].mean()], np.float32
        )
        return pooled, np.tile(pooled, (7, 7, 1))


@pytest.fixture
def network():
    CountingNetwork.calls.clear()
    return CountingNetwork(b"", "digest", 224, 4)


def calls(network) -> int:
    """Return the number of calls since the last time."""
    count = len(network.calls)
    network.calls.clear()
    return count


@pytest.fixture
def samples(drawn_photos):
    return read_dataset(drawn_photos).subset("train")


def test_features_are_those_of_each_photo_and_view(samples, network, tmp_path):
    with Cache(tmp_path) as cache:
        features = compute(samples, PLAN, network, cache, tmp_path / "features.npy")
    assert features.shape == (len(samples), 4, 4)
    for row, sample in enumerate(samples):
        crop = read_crop(sample, 224)
        for column, view in enumerate(PLAN.views):
            expected, _ = network.run(PLAN.picture(view, crop, sample.sha256))
            np.testing.assert_array_equal(features[row, column], expected)


def test_features_are_computed_once(samples, network, tmp_path):
    with Cache(tmp_path) as cache:
        first = np.array(compute(samples, PLAN, network, cache, tmp_path / "a.npy"))
        assert calls(network) == len(samples) * 4
    with Cache(tmp_path) as cache:
        again = compute(samples[::-1], PLAN, network, cache, tmp_path / "b.npy")
        assert calls(network) == 0
    np.testing.assert_array_equal(first[::-1], again)


def test_another_seed_recomputes_only_the_random_views(samples, network, tmp_path):
    with Cache(tmp_path) as cache:
        first = np.array(compute(samples, PLAN, network, cache, tmp_path / "a.npy"))
        calls(network)
        other = compute(samples, replace(PLAN, seed=1), network, cache, tmp_path / "b.npy")
        assert calls(network) == len(samples) * 2
    np.testing.assert_array_equal(first[:, :2], other[:, :2])
    assert not np.array_equal(first[:, 2:], other[:, 2:])


def test_another_network_shares_nothing(samples, network, tmp_path):
    with Cache(tmp_path) as cache:
        compute(samples, PLAN, network, cache, tmp_path / "a.npy")
        calls(network)
        compute(samples, PLAN, replace(network, digest="other"), cache, tmp_path / "b.npy")
    assert calls(network) == len(samples) * 4


def test_a_damaged_entry_is_computed_again(samples, network, tmp_path):
    with Cache(tmp_path) as cache:
        first = np.array(compute(samples, PLAN, network, cache, tmp_path / "a.npy"))
        calls(network)
    with sqlite3.connect(tmp_path / "cache.sqlite") as database:
        key, value = database.execute("SELECT key, value FROM entry").fetchone()
        database.execute("UPDATE entry SET value = ? WHERE key = ?", (b"\xff" * len(value), key))
    with Cache(tmp_path) as cache:
        again = compute(samples, PLAN, network, cache, tmp_path / "b.npy")
    assert calls(network) == 1
    np.testing.assert_array_equal(first, again)


def test_features_computed_before_an_error_are_cached(samples, network, tmp_path):
    last = samples[-1]
    data = last.path.read_bytes()
    last.path.write_bytes(data + b"changed")
    with Cache(tmp_path) as cache:
        with pytest.raises(BadPhoto, match="changed during the run"):
            compute(samples, PLAN, network, cache, tmp_path / "a.npy")
        calls(network)
        last.path.write_bytes(data)
        compute(samples, PLAN, network, cache, tmp_path / "a.npy")
    assert calls(network) == 4


def test_a_deleted_photo_is_named(samples, tmp_path):
    Path(samples[0].path).unlink()
    with pytest.raises(BadPhoto, match=samples[0].path.name):
        read_crop(samples[0], 224)


def test_a_view_does_not_depend_on_the_order_of_photos():
    crop = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    first = PLAN.picture("plain_augmented", crop, "a")
    PLAN.picture("plain_augmented", crop, "b")
    np.testing.assert_array_equal(first, PLAN.picture("plain_augmented", crop, "a"))
    assert not np.array_equal(first, PLAN.picture("plain_augmented", crop, "b"))


def test_a_full_disk_is_an_error_and_leaves_no_partial_file(samples, tmp_path, small_disk):
    class Wide(CountingNetwork):
        __slots__ = ()

        def run(self, picture):
            return np.full(100_000, picture.mean(), np.float32), np.zeros((7, 7, 1), np.float32)

    with Cache(tmp_path) as cache, pytest.raises(CannotWrite, match="No space left on device"):
        compute(samples, PLAN, Wide(b"", "wide", 224, 100_000), cache, small_disk / "features.npy")
    assert list(small_disk.iterdir()) == []


def test_stored_crops_are_those_that_are_read_one_by_one(samples, tmp_path):
    crops = store_crops(samples, 224, tmp_path / "crops.npy")
    for crop, sample in zip(crops, samples, strict=True):
        np.testing.assert_array_equal(crop, read_crop(sample, 224))
