"""Shared by all tests: a cache of their own, drawn photos, the development data where it is there."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from keykind.drawings import draw_photos

SHARED = Path(__file__).parents[2] / "shared"
os.environ["KEYKIND_CACHE"] = tempfile.mkdtemp(prefix="keykind-tests-")  # never the user's


def shared(place: str) -> Path:
    path = SHARED / place
    if not path.exists():
        pytest.skip(f"the development data {place} is not here")
    return path


@pytest.fixture(scope="session")
def imagenet() -> Path:
    return shared("weights/mobilenet_v2_imagenet_notop.weights.h5")


@pytest.fixture
def drawn_photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    draw_photos(folder, {"train": 4, "test": 2}, np.random.default_rng(0))
    return folder
