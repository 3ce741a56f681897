"""Tests of cutouts.py: the key stays, its holes and the ground go."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from keykind.core.errors import BadPhoto, CannotWrite
from keykind.core.geometry import corners_of, rectangle_along
from keykind.detect.crops import detect_keys
from keykind.detect.cutouts import cut_outs, guided, write_cut_outs
from keykind.detect.postprocess import SIDE, Detection
from keykind.photo.decode import Photo

GROUND, METAL = (230, 226, 220), (70, 72, 78)
HEAD, TIP = np.array([300.0, 800.0]), np.array([300.0, 200.0])  # it stands upright, tip up


def drawn(hole):
    """Return a photo (1000, 600, 3) of a key on its own, and where it is."""
    image = Image.new("RGB", (600, 1000), GROUND)
    pen = ImageDraw.Draw(image)
    pen.ellipse((210, 620, 390, 800), fill=METAL)
    pen.rectangle((275, 200, 325, 640), fill=METAL)
    if hole:
        pen.ellipse((265, 690, 335, 760), fill=GROUND)
    pixels = np.asarray(image)
    return pixels, (pixels == METAL).all(axis=2)


class DrawnFinder:
    """Finds dark things: from afar as one blot, from near with their holes, coarsely in both cases."""

    digest = "drawn"

    def __init__(self, *, near=True):
        self.near, self.asked = near, 0

    def find(self, photo, least=0.0):
        self.asked += 1
        if self.asked > 1 and not self.near:
            return ()
        mask = (photo.pixels.mean(axis=2) < 150) if self.asked > 1 else drawn(hole=False)[1]
        scale = max(photo.width, photo.height) / SIDE
        size = round(photo.width / scale), round(photo.height / scale)
        coarse = np.asarray(Image.fromarray(mask).resize(size))
        box = rectangle_along(corners_of(coarse), TIP - HEAD) * scale
        return (Detection(0.9, box, HEAD, TIP, 0.0, 0.0, coarse, coarse, scale),)


def cut(photo, detector):
    def read(least):
        return photo

    return cut_outs(detect_keys(read, detector), read, detector)


@pytest.fixture
def photo():
    return Photo(drawn(hole=True)[0], 600, 1000, "array")


def test_the_key_is_opaque_its_hole_and_the_ground_are_not(photo):
    (picture,) = cut(photo, DrawnFinder())
    height, width = picture.shape[:2]
    assert width == pytest.approx(2 * height, abs=1)
    dark = picture[..., :3].mean(axis=2) < 110
    light = picture[..., :3].mean(axis=2) > 200
    assert (picture[dark, 3] == 255).mean() > 0.97
    assert (picture[light, 3] == 0).mean() > 0.98
    hole = picture[height // 2, round(width * (0.08 + 0.84 * 75 / 600))]
    assert hole[3] == 0


def test_where_the_second_look_finds_nothing_the_first_counts(photo):
    (picture,) = cut(photo, DrawnFinder(near=False))
    dark = picture[..., :3].mean(axis=2) < 110
    assert (picture[dark, 3] > 250).mean() > 0.95
    assert (picture[:5, :, 3] == 0).all()


def test_a_picture_a_key_is_written(photo, tmp_path):
    (path,) = write_cut_outs(photo.pixels, DrawnFinder(), tmp_path / "key.png")
    assert path == tmp_path / "key.png"
    with Image.open(path) as image:
        assert image.mode == "RGBA"


def test_several_keys_are_numbered(photo, tmp_path):
    class Two(DrawnFinder):
        def find(self, photo, least=0.0):
            found = super().find(photo, least)
            return found * 2 if self.asked == 1 else found

    paths = list(write_cut_outs(photo.pixels, Two(), tmp_path / "key.png"))
    assert [path.name for path in paths] == ["key-1.png", "key-2.png"]


def test_a_photo_without_a_key_and_a_name_without_png_are_told(photo, tmp_path):
    class Blind:
        def find(self, photo, least=0.0):
            return ()

    with pytest.raises(BadPhoto, match="shows no key"):
        list(write_cut_outs(photo.pixels, Blind(), tmp_path / "key.png"))
    with pytest.raises(CannotWrite, match=r"ends in \.png"):
        list(write_cut_outs(photo.pixels, DrawnFinder(), tmp_path / "key.jpg"))
    assert not any(tmp_path.iterdir())


def test_the_filter_moves_an_edge_to_that_of_the_guide():
    guide = np.zeros((40, 60), np.float32)
    guide[:, 30:] = 1
    values = np.zeros((40, 60), np.float32)
    values[:, 27:] = 1
    smooth = guided(guide, values, 6)
    assert abs(smooth[:, :29] - 0).max() < abs(values[:, :29] - smooth[:, :29]).max()
    assert (smooth[5:-5, 28] < 0.5).all()
    assert (smooth[5:-5, 31] > 0.8).all()
    assert guided(guide, np.full_like(guide, 0.5), 6) == pytest.approx(0.5, abs=1e-4)
