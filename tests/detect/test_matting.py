"""Tests of matting.py: edges move to the image's, colours are those of the object."""

import numpy as np
import pytest
from PIL import Image

from keykind.detect.matting import alpha_of, box_filter, foreground

GROUND, METAL = (200, 60, 40), (90, 95, 100)


def disc(size, radius, centre=None):
    rows, columns = np.mgrid[: size[1], : size[0]] + 0.5
    x, y = centre or (size[0] / 2, size[1] / 2)
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


def scene(mask):
    return np.where(mask[..., None], METAL, GROUND).astype(np.uint8)


def coarse(mask, cell):
    height, width = mask.shape
    image = Image.fromarray(mask.astype(np.float32))
    return np.asarray(image.resize((width // cell, height // cell), Image.Resampling.BOX))


@pytest.mark.parametrize("width", [320, 1280])
def test_the_edge_of_a_displaced_mask_moves_to_that_of_the_image(width):
    size = width, width // 2
    truth = disc(size, width / 6)
    displaced = disc(size, width / 6, (size[0] / 2 + width / 100, size[1] / 2))
    alpha = alpha_of(coarse(displaced, width // 80), scene(truth))
    before, after = (displaced != truth).sum(), ((alpha >= 0.5) != truth).sum()
    assert after < before / 5


def test_specks_vanish_and_pinholes_are_filled_but_a_bow_s_hole_stays_open():
    size = 320, 160
    hole, pinhole, speck = (
        disc(size, *place) for place in ((14, (120, 80)), (1.6, (190, 80)), (3, (20, 20)))
    )
    truth = disc(size, 60) & ~hole
    mask = (truth & ~pinhole) | speck
    alpha = alpha_of(mask.astype(np.float32), scene(mask))
    assert alpha[80, 190] == 1
    assert not alpha[:40, :40].any()
    assert not alpha[75:85, 115:125].any()


def test_a_half_transparent_edge_keeps_nothing_of_the_background():
    alpha = np.clip((np.arange(320) - 150) / 4, 0, 1).astype(np.float32)[None].repeat(160, axis=0)
    pixels = alpha[..., None] * METAL + (1 - alpha[..., None]) * GROUND
    colours = foreground(np.rint(pixels).astype(np.uint8), alpha)
    assert abs(colours[:, 150:160].astype(int) - METAL).max() <= 12


def test_the_box_filter_averages_what_is_inside_the_image():
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    filtered = box_filter(values, 1)
    assert filtered[0, 0] == pytest.approx(values[:2, :2].mean())
    assert filtered[1, 1] == pytest.approx(values[:3, :3].mean())
