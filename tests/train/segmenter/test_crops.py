"""Tests of crops.py: crops of a view's keys and their masks."""

import numpy as np
import pytest

pytest.importorskip("cv2", reason="the extra train is not installed")

from keykind.detect.refiner import HEIGHT, WIDTH
from keykind.detect.segmenter import COLUMNS, ROWS
from keykind.train.detector import keys
from keykind.train.detector.keys import COLUMNS as KEY_COLUMNS
from keykind.train.detector.keys import View
from keykind.train.segmenter.crops import view_examples


def view(remote=0.0, boxed=0):
    """Return a view of a bright bar, 200 px long, on black."""
    row = np.zeros(KEY_COLUMNS)
    row[keys.HEAD], row[keys.TIP], row[keys.WIDTH] = (100, 150), (300, 150), 40
    row[keys.REMOTE] = remote
    parts = np.zeros((320, 416), np.uint8)
    parts[130:170, 100:200], parts[130:170, 200:300] = 1, 2
    image = np.where(parts[..., None] > 0, 255, 0).astype(np.uint8).repeat(3, axis=2)
    return View(image, parts, row[None], boxed)


def test_the_mask_covers_the_key_s_pixels_of_the_crop():
    for seed in range(8):
        ((crop, mask),) = view_examples(view(), np.random.default_rng(seed))
        assert (crop.shape, mask.shape) == ((HEIGHT, WIDTH, 3), (ROWS, COLUMNS))
        bright = crop.reshape(ROWS, 2, COLUMNS, 2, 3).mean(axis=(1, 3, 4))
        assert abs(bright - mask).mean() < 4
        assert mask.mean() > 20


def test_remotes_and_keys_without_exact_masks_give_no_crop():
    rng = np.random.default_rng(0)
    assert not list(view_examples(view(remote=1.0), rng))
    assert not list(view_examples(view(boxed=1), rng))
