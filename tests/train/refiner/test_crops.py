"""Tests of crops.py and batches.py: targets and masks lie where the key is in the crop."""

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("cv2", reason="the extra train is not installed")

from dense import scene
from drawn_refiner import drawn_key
from keykind.detect.detector import KeyDetector
from keykind.detect.metrics import mask_iou
from keykind.detect.postprocess import HEIGHT, WIDTH
from keykind.detect.refiner import HEAD, MASK_SHAPE, TIP, crop_region
from keykind.detect.refiner import HEIGHT as CROP_HEIGHT
from keykind.detect.refiner import WIDTH as CROP_WIDTH
from keykind.train.detection_recipes import RefinerRecipe
from keykind.train.detector.keys import View, no_keys
from keykind.train.recipe import REPORT
from keykind.train.refiner.batches import BatchMaker
from keykind.train.refiner.crops import (
    BLADE,
    CLASS_WEIGHT,
    ENDS_WEIGHT,
    KEY,
    MASK_WEIGHT,
    REMOTE,
    TARGETS,
    example,
    view_examples,
)

ANGLES = (0.0, 0.8, 2.6, -1.5)
MAPS = ((24, 48, 3), (6, 12, 8))  # shapes of the features of a fake trunk


def drawn_view(angle=0.3, *, remote=False, hidden=0.0, boxed=0):
    """Return a view of one key or remote of 150 px, and its ends."""
    photo, head, tip = drawn_key((200, 150), 150, angle, size=(WIDTH, HEIGHT), remote=remote)
    colours = photo.pixels.astype(int)
    key = colours.max(axis=2) - colours.min(axis=2) > 100
    parts = key.astype(np.uint8) + (key & (colours[..., 1] > 150))
    row = [*head, *tip, 45, hidden, 0, float(remote), 0.0 if remote else 0.4, key.sum(), -1.0]
    return View(photo.pixels.copy(), parts, np.array([row], float), boxed), head, tip


class OneCandidate(KeyDetector):
    """A detector with one candidate in any view."""

    def __init__(self, head, tip):
        self.candidate, self._refiner = scene((head, tip, 40)), None

    def dense_outputs(self, image):
        return self.candidate


def rng(seed=0):
    return np.random.default_rng(seed)


def moved(head, tip, by):
    return head + np.array(by), tip + np.array(by), 40.0


def colour_shares(crop):
    """Return the shares of the mask's cells that are key and blade."""
    colours = crop.astype(int)
    key = colours.max(axis=2) - colours.min(axis=2) > 100
    both = np.stack([key, key & (colours[..., 1] > colours[..., 0])], axis=-1)
    rows, columns, _ = MASK_SHAPE
    return both.reshape(rows, 4, columns, 4, 2).mean(axis=(1, 3))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("angle", ANGLES)
def test_ends_and_masks_are_where_the_key_is_in_the_crop(angle, seed):
    view, head, tip = drawn_view(angle)
    made = example(view, moved(head, tip, (6, -9)), rng(seed))
    assert made.crop.shape == (CROP_HEIGHT, CROP_WIDTH, 3)
    assert (made.targets[KEY], made.targets[REMOTE]) == (1, 0)
    assert made.targets[[CLASS_WEIGHT, ENDS_WEIGHT, MASK_WEIGHT]].tolist() == [1, 1, 1]
    shares = colour_shares(made.crop)
    for part in (0, 1):
        assert mask_iou(made.masks[..., part] > 127, shares[..., part] > 0.5) > 0.85
    x, y = np.array([made.targets[HEAD], made.targets[TIP]]).T * CROP_WIDTH
    rows, columns = np.nonzero(made.masks[..., 0])
    assert x == pytest.approx([4 * columns.min(), 4 * columns.max() + 4], abs=10)
    assert y.mean() == pytest.approx(4 * rows.mean() + 2, abs=6)


def test_the_crop_is_the_one_that_the_refiner_reads():
    view, head, tip = drawn_view()
    for length in (0.3, 1, 2):
        middle = (head + tip) / 2
        ends = middle + (head - middle) * length, middle + (tip - middle) * length
        made = [example(view, (*ends, 20.0), rng(seed)).crop.astype(int) for seed in range(4)]
        theirs = crop_region(*ends, 20.0).extract_unstretched(view.image, 1.0, CROP_HEIGHT)
        assert min(abs(crop - theirs).mean() for crop in made) < 0.6  # one is not upside down


def test_exchanged_ends_are_to_be_exchanged():
    view, head, tip = drawn_view()
    made = example(view, (tip, head, 40.0), rng())
    assert made.targets[HEAD][0] == pytest.approx(0.85, abs=0.01)
    assert made.targets[TIP][0] == pytest.approx(0.15, abs=0.01)


def test_what_is_far_from_any_key_is_none():
    view, head, tip = drawn_view()
    for other in (view, View(view.image, view.parts * 0, no_keys())):
        made = example(other, moved(head, tip, (0, 120)), rng())
        assert made.targets[KEY] == made.targets[REMOTE] == 0
        assert made.targets[[CLASS_WEIGHT, ENDS_WEIGHT, MASK_WEIGHT]].tolist() == [1, 0, 0]
        assert not made.masks.any()


def test_what_is_neither_far_nor_near_says_nothing_about_scores():
    view, head, tip = drawn_view(0.0)
    made = example(view, moved(head, tip, (60, 0)), rng())
    assert made.targets[CLASS_WEIGHT] == made.targets[ENDS_WEIGHT] == 0


def test_a_hidden_key_says_where_it_is_but_not_whether_it_is_one():
    view, head, tip = drawn_view(hidden=0.9)
    made = example(view, (head, tip, 40.0), rng())
    assert (made.targets[CLASS_WEIGHT], made.targets[ENDS_WEIGHT]) == (0, 1)


def test_a_remote_is_no_key_and_has_no_blade():
    view, head, tip = drawn_view(remote=True)
    made = example(view, (head, tip, 40.0), rng())
    assert (made.targets[KEY], made.targets[REMOTE], made.targets[BLADE]) == (0, 1, 0)
    assert made.masks[..., 0].any()


def test_a_key_of_which_only_the_box_is_known_has_no_masks():
    view, head, tip = drawn_view(boxed=1)
    made = example(view, (head, tip, 40.0), rng())
    assert (made.targets[KEY], made.targets[MASK_WEIGHT]) == (1, 0)


def test_examples_are_of_candidates_and_of_keys():
    view, _, _ = drawn_view()
    made = view_examples(view, OneCandidate((20, 20), (120, 20)), rng())
    assert sorted(example.targets[KEY] for example in made) == [0, 1]
    assert all(np.isfinite(example.targets).all() for example in made)


def test_a_batch_is_the_same_whenever_it_is_made(pools):
    def trunk(crop):
        return [np.full(shape, crop.mean(), np.float16) for shape in MAPS]

    recipe = replace(REPORT, refiner=RefinerRecipe(batch=6))
    detector = OneCandidate((20, 20), (120, 20))
    makers = [BatchMaker(pools, detector, trunk, recipe, 3) for _ in range(2)]
    makers[0](0)
    (*features, targets, masks), (*same, same_targets, same_masks) = makers[0](1), makers[1](1)
    assert [maps.shape for maps in features] == [(6, *shape) for shape in MAPS]
    assert (targets.shape, masks.shape) == ((6, TARGETS), (6, *MASK_SHAPE))
    assert np.array_equal(features[0], same[0])
    assert np.array_equal(targets, same_targets)
    assert np.array_equal(masks, same_masks)
    assert not np.array_equal(targets, makers[0](2)[-2])
    crops, crop_targets, _ = BatchMaker(pools, detector, None, recipe, 3)(1)
    assert crops.shape == (6, CROP_HEIGHT, CROP_WIDTH, 3)
    assert crops.dtype == np.uint8
    assert np.array_equal(crop_targets, targets)
    assert math.isclose(float(crops[0].mean()), float(features[0][0].mean()), rel_tol=0.01)
