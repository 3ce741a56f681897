"""Shared by all tests: a cache of their own, drawn photos, the development data where it is there."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from commands import shared
from drawings import draw_photos
from tiny_backbone import tiny_registered

# Dr.Jit crashes on being loaded after TensorFlow, and not before it: tests of both share this process.
with suppress(ImportError):
    import mitsuba  # noqa: F401

pytest_plugins = ["app_pages", "browsers"]
CACHE = os.environ["KEYKIND_CACHE"] = tempfile.mkdtemp(prefix="keykind-tests-")  # never the user's


def pytest_unconfigure() -> None:
    """Delete the cache of this process."""
    shutil.rmtree(CACHE, ignore_errors=True)


@pytest.fixture(scope="session")
def imagenet() -> Path:
    return shared("weights/mobilenet_v2_imagenet_notop.weights.h5")


@pytest.fixture
def drawn_photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    draw_photos(folder, {"train": 4, "test": 2}, np.random.default_rng(0))
    return folder


@pytest.fixture(scope="session")
def many_drawn(tmp_path_factory) -> Path:
    """Photos to train and test on, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("many")
    draw_photos(folder, {"train": 6, "test": 3}, np.random.default_rng(0))
    (folder / "train" / "dimple" / "torn.jpg").write_bytes(b"")
    for drawn in folder.rglob("drawn-00.png"):  # these carry a place, which no page may show
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 0.0)
        with Image.open(drawn) as picture:
            picture.save(drawn.with_suffix(".jpg"), exif=exif)
        drawn.unlink()
    return folder


@pytest.fixture(scope="session")
def tiny_backbone():
    """The name of a tiny backbone, for recipes."""
    pytest.importorskip("keras", reason="the extra train is not installed")
    with tiny_registered() as name:
        yield name


@pytest.fixture(scope="session")
def finished(many_drawn, tiny_backbone, tmp_path_factory):
    """A finished run with a tiny backbone, by the report recipe but for fewer epochs: experiment, metrics."""
    from keykind.dataset.bundled import bundled_negatives
    from keykind.dataset.dataset import read_dataset, read_negatives
    from keykind.experiment.experiment import Experiment
    from keykind.experiment.run import run
    from keykind.train.recipe import REPORT

    out = tmp_path_factory.mktemp("finished") / "run"
    recipe = replace(REPORT, backbone=tiny_backbone, epochs=4)
    negatives = {"drawn": read_negatives(bundled_negatives())[0][:8]}
    experiment = Experiment(read_dataset(many_drawn), recipe, "random", 0, out, "Drawn keys.", negatives)
    return experiment, run(experiment)


@pytest.fixture(scope="session")
def finished_full_size(many_drawn, tmp_path_factory):
    """A finished run with MobileNetV2, of one epoch and one view: experiment, metrics."""
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.dataset.dataset import read_dataset
    from keykind.experiment.experiment import Experiment
    from keykind.experiment.run import run
    from keykind.train.recipe import REPORT

    out = tmp_path_factory.mktemp("full-size") / "run"
    recipe = replace(REPORT, views=("plain",), epochs=1)
    experiment = Experiment(read_dataset(many_drawn), recipe, "random", 0, out)
    return experiment, run(experiment)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 3 MB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if (
        os.name != "posix"
        or os.geteuid()
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip("a small disk can only be made by root on Linux")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def interruptible():
    """Restore the default handling of Ctrl-C, which background jobs and their children ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
