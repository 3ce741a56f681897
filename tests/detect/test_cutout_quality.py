"""Tests of cutout_quality.py: the measures themselves, and cut-outs of 20 rendered photos by them."""

from pathlib import Path

import numpy as np
import pytest

from keykind.detect.cutout_quality import boundary_f, cut_out_keys, labelled, quality
from keykind.detect.detector import load_detector

RENDERED = Path(__file__).parents[1] / "data" / "rendered"
SETS = ("single", "multi", "hand")


def square(left, top, side, size=100):
    mask = np.zeros((size, 2 * size), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def cutout(mask, colours=(100, 100, 100)):
    image = np.zeros((*mask.shape, 4), np.uint8)
    image[..., :3], image[..., 3] = colours, 255 * mask
    return image


def test_a_perfect_cutout_has_the_best_of_each_measure():
    mask = square(60, 30, 40)
    perfect = quality(cutout(mask), mask, square(140, 30, 40))
    assert (perfect.iou, perfect.boundary_f, perfect.halo, perfect.neighbours) == (1, 1, 0, 0)


def test_the_edge_may_be_off_by_the_tolerance_and_no_farther():
    mask = square(60, 30, 40)
    assert boundary_f(square(62, 30, 40), mask) == 1  # of a diagonal of 224 px, 0.8% are 2 px
    assert boundary_f(square(64, 34, 40), mask) < 0.2


def test_a_neighbour_s_pixels_are_counted():
    both = square(60, 30, 40) | square(110, 30, 40)
    assert quality(cutout(both), square(60, 30, 40), square(110, 30, 40)).neighbours == 0.5


def test_a_half_transparent_edge_in_the_background_s_colour_is_a_halo():
    mask = square(60, 30, 40)
    clean, halo = (cutout(square(58, 28, 44)) for _ in range(2))
    edge = square(58, 28, 44) & ~mask
    clean[edge, 3] = halo[edge, 3] = 90
    halo[edge, :3] = (250, 40, 40)
    nothing = np.zeros_like(mask)
    assert quality(clean, mask, nothing).halo == pytest.approx(0, abs=0.5)
    assert quality(halo, mask, nothing).halo > 50


@pytest.fixture(scope="module")
def measured():
    """The quality of each key that is found in the rendered photos, by set."""
    detector = load_detector()
    return {
        name: [one for photo in labelled(RENDERED / name) for _, one, _ in cut_out_keys(photo, detector)]
        for name in SETS
    }


def mean(qualities, name):
    return np.mean([getattr(one, name) for one in qualities])


def test_cutouts_of_single_keys_are_no_worse_than_measured(measured):
    """Without segmenter and matting: IoU 0.783, boundary F 0.687, halo 21."""
    single = measured["single"]
    assert len(single) == 8
    assert mean(single, "iou") > 0.87
    assert mean(single, "boundary_f") > 0.85
    assert mean(single, "halo") < 11


def test_cutouts_among_others_and_in_hands_are_no_worse_than_measured(measured):
    """Without segmenter and matting: IoU 0.738, boundary F 0.630, halo 16, neighbours 1.5%."""
    several = measured["multi"] + measured["hand"]
    assert len(several) >= 12
    assert mean(several, "iou") > 0.77
    assert mean(several, "boundary_f") > 0.7
    assert mean(several, "halo") < 13
    assert mean(several, "neighbours") < 0.012


@pytest.mark.xfail(
    strict=True, reason="the segmenter was trained on 64,000 crops only; see docs/benchmarks.md"
)
def test_cutouts_of_all_20_photos_reach_the_target(measured):
    everything = [one for name in SETS for one in measured[name]]
    assert mean(everything, "iou") >= 0.93
    assert mean(everything, "boundary_f") >= 0.9
