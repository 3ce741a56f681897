"""Tests of segmenter.py: the bundled file, files of other networks."""

import numpy as np
import pytest

from keykind.core.errors import BadModel
from keykind.detect.detection import Detection
from keykind.detect.segmenter import COLUMNS, ROWS, Segmenter, load_segmenter
from keykind.model import shipped
from keykind.photo.decode import Photo
from keykind.photo.reductions import Reductions


def test_files_of_other_networks_are_refused(tmp_path):
    with pytest.raises(BadModel, match="no such file"):
        Segmenter.load(tmp_path / "none.tflite")
    with pytest.raises(BadModel, match="is not a segmenter"):
        Segmenter.load(shipped.FOLDER / shipped.REFINER)


def test_a_mask_upside_down_is_that_of_the_photo_upside_down():
    segmenter = load_segmenter()
    if segmenter is None:
        pytest.skip("this version ships no segmenter")
    pixels = np.random.default_rng(0).integers(0, 256, (100, 200, 3), np.uint8)
    key = Detection(0.9, np.array([20.0, 50.0]), np.array([180.0, 50.0]), 60.0)
    masks = [
        segmenter.mask(Photo(Reductions(np.ascontiguousarray(view)), 200, 100, "array"), key).key
        for view in (pixels, pixels[::-1])
    ]
    assert masks[0].shape == (ROWS, COLUMNS)
    np.testing.assert_allclose(masks[0], masks[1][::-1], atol=0.02)
