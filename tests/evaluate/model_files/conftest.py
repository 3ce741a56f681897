"""Photos and models for tests of `keykind evaluate`: drawn keys, and models of a few kilobytes."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra evaluate is not installed")

from drawings import draw_key
from keykind.evaluate.model_files.evaluation import evaluate
from tiny_model import KINDS, tiny_file

PHOTOS_PER_KIND = 4


@pytest.fixture(scope="session")
def labelled(tmp_path_factory) -> Path:
    """Photos of four kinds, without a split."""
    folder, rng = tmp_path_factory.mktemp("labelled") / "photos", np.random.default_rng(1)
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
        for i in range(PHOTOS_PER_KIND):
            draw_key(kind, rng).save(folder / kind / f"{i}.png")
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A model of whole photos, and of the same four kinds."""
    return tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")


@pytest.fixture
def measure(tmp_path):
    """Evaluate models on photos in a new folder; return the Evaluation."""

    def run(models, photos, out="out", **options):
        rng = np.random.default_rng(0)
        return evaluate(models, photos, rng=rng, out=tmp_path / out, **options)

    return run
