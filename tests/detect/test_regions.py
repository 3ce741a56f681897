"""Tests of regions.py: connected regions are those of OpenCV."""

import numpy as np
import pytest

from keykind.detect.regions import cleaned, connected_regions


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (40, 70)])
@pytest.mark.parametrize("density", [0.0, 0.3, 0.6, 1.0])
def test_regions_are_those_of_opencv(shape, density):
    cv2 = pytest.importorskip("cv2", reason="the extra train is not installed")
    mask = np.random.default_rng(0).random(shape) < density
    ours = connected_regions(mask)
    count, theirs = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    assert ours.max() == count - 1
    assert len(np.unique(ours * 10_000 + theirs)) == len(np.unique(theirs))


def test_an_empty_and_a_full_mask_stay_as_they_are():
    for mask in (np.zeros((5, 8), bool), np.ones((5, 8), bool)):
        np.testing.assert_array_equal(cleaned(mask), mask)
