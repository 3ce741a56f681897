"""Tests of key_mask.py: the mask of a crop lies where the key is in the photo."""

import numpy as np
import pytest

from keykind.detect.align import OrientedCrop
from keykind.detect.key_mask import KeyMask
from keykind.detect.metrics import mask_iou


def straight(width=96.0):
    """A key of 24 x 8 cells in the middle of a mask of 48 x 24; the right half of it is blade."""
    key, blade = np.zeros((2, 24, 48), np.float32)
    key[8:16, 12:36], blade[8:16, 24:36] = 1, 1
    return KeyMask(key, blade, OrientedCrop((100.0, 60.0), (1.0, 0.0), width))


def test_a_mask_lies_on_the_photo_where_its_region_is():
    key, blade = straight().on_photo((200, 120))
    expected = np.zeros((120, 200), bool)
    expected[52:68, 76:124] = True
    assert mask_iou(key, expected) == 1
    expected[:, :100] = False
    assert mask_iou(blade, expected) == 1


def test_a_mask_of_a_turned_key_is_turned():
    mask = straight()
    upwards = KeyMask(mask.key, mask.blade, OrientedCrop((60.0, 100.0), (0.0, -1.0), 96.0))
    key, blade = upwards.on_photo((120, 200))
    expected = np.zeros((200, 120), bool)
    expected[76:124, 52:68] = True
    assert mask_iou(key, expected) == 1
    assert np.nonzero(blade)[0].max() < 100  # the blade is above


def test_a_mask_on_another_region_shows_the_same_part_of_the_photo():
    mask = straight()
    key, _ = mask.on_region(OrientedCrop((100.0, 60.0), (1.0, 0.0), 48.0), (48, 24))
    assert key[4:20].all()
    assert not key[:4].any()
    assert not key[20:].any()


@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_the_width_is_the_extent_across_the_key(turn):
    mask = straight(960.0)
    along = np.array([np.cos(turn), np.sin(turn)])
    region = OrientedCrop((500.0, 400.0), (float(along[0]), float(along[1])), 960.0)
    turned = KeyMask(mask.key, mask.blade, region)
    middle = np.array(region.centre)
    assert turned.width(middle - 240 * along, middle + 240 * along) == pytest.approx(160, abs=6)


def test_a_mask_without_pixels_has_no_width():
    empty = np.zeros((24, 48), np.float32)
    mask = KeyMask(empty, empty, OrientedCrop((50.0, 50.0), (1.0, 0.0), 50.0))
    assert mask.width(np.array([20.0, 50]), np.array([80.0, 50])) == 0
