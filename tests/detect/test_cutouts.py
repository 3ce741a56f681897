"""Tests of cutouts.py: the key is opaque, its holes and the background are transparent."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from keykind.core.errors import BadPhoto, CannotWrite
from keykind.core.geometry import mask_corners, oriented_rectangle
from keykind.detect.crops import detect_keys
from keykind.detect.cutouts import cutouts, guided_filter, write_cutouts
from keykind.detect.detection import Detection
from keykind.detect.postprocess import SIDE
from keykind.photo.decode import Photo

BACKGROUND, METAL = (230, 226, 220), (70, 72, 78)
HEAD, TIP = np.array([300.0, 800.0]), np.array([300.0, 200.0])  # upright, tip up


def drawn(hole):
    """Return a photo (1000, 600, 3) of a single key, and its mask."""
    image = Image.new("RGB", (600, 1000), BACKGROUND)
    pen = ImageDraw.Draw(image)
    pen.ellipse((210, 620, 390, 800), fill=METAL)
    pen.rectangle((275, 200, 325, 640), fill=METAL)
    if hole:
        pen.ellipse((265, 690, 335, 760), fill=BACKGROUND)
    pixels = np.asarray(image)
    return pixels, (pixels == METAL).all(axis=2)


class DarkDetector:
    """Detects dark objects: without holes in the photo, with holes in the crop, coarsely in both."""

    digest = "dark"

    def __init__(self, *, in_crop=True):
        self.in_crop, self.calls = in_crop, 0

    def detect(self, photo, score_threshold=0.0):
        self.calls += 1
        if self.calls > 1 and not self.in_crop:
            return ()
        mask = (photo.pixels.mean(axis=2) < 150) if self.calls > 1 else drawn(hole=False)[1]
        scale = max(photo.width, photo.height) / SIDE
        size = round(photo.width / scale), round(photo.height / scale)
        coarse = np.asarray(Image.fromarray(mask).resize(size))
        box = oriented_rectangle(mask_corners(coarse), TIP - HEAD) * scale
        return (Detection(0.9, box, HEAD, TIP, 0.0, 0.0, coarse, coarse, scale),)


def cut(photo, detector):
    def read(min_side):
        return photo

    return cutouts(detect_keys(read, detector), read, detector)


@pytest.fixture
def photo():
    return Photo(drawn(hole=True)[0], 600, 1000, "array")


def test_the_key_is_opaque_its_hole_and_the_background_are_not(photo):
    (image,) = cut(photo, DarkDetector())
    height, width = image.shape[:2]
    assert width == pytest.approx(2 * height, abs=1)
    dark = image[..., :3].mean(axis=2) < 110
    light = image[..., :3].mean(axis=2) > 200
    assert (image[dark, 3] == 255).mean() > 0.97
    assert (image[light, 3] == 0).mean() > 0.98
    hole = image[height // 2, round(width * (0.08 + 0.84 * 75 / 600))]
    assert hole[3] == 0


def test_without_a_detection_in_the_crop_the_coarse_mask_is_used(photo):
    (image,) = cut(photo, DarkDetector(in_crop=False))
    dark = image[..., :3].mean(axis=2) < 110
    assert (image[dark, 3] > 250).mean() > 0.95
    assert (image[:5, :, 3] == 0).all()


def test_a_single_key_is_written_under_the_given_name(photo, tmp_path):
    (path,) = write_cutouts(photo.pixels, DarkDetector(), tmp_path / "key.png")
    assert path == tmp_path / "key.png"
    with Image.open(path) as image:
        assert image.mode == "RGBA"


def test_several_keys_are_numbered(photo, tmp_path):
    class Two(DarkDetector):
        def detect(self, photo, score_threshold=0.0):
            detections = super().detect(photo, score_threshold)
            return detections * 2 if self.calls == 1 else detections

    paths = list(write_cutouts(photo.pixels, Two(), tmp_path / "key.png"))
    assert [path.name for path in paths] == ["key-1.png", "key-2.png"]


def test_a_photo_without_a_key_and_a_name_without_png_are_errors(photo, tmp_path):
    class NoKeys:
        digest = "none"

        def detect(self, photo, score_threshold=0.0):
            return ()

    with pytest.raises(BadPhoto, match="has no detectable key"):
        list(write_cutouts(photo.pixels, NoKeys(), tmp_path / "key.png"))
    with pytest.raises(CannotWrite, match=r"ends in \.png"):
        list(write_cutouts(photo.pixels, DarkDetector(), tmp_path / "key.jpg"))
    assert not any(tmp_path.iterdir())


def test_the_guided_filter_moves_an_edge_to_that_of_the_guide():
    guide = np.zeros((40, 60), np.float32)
    guide[:, 30:] = 1
    values = np.zeros((40, 60), np.float32)
    values[:, 27:] = 1
    smooth = guided_filter(guide, values, 6)
    assert abs(smooth[:, :29] - 0).max() < abs(values[:, :29] - smooth[:, :29]).max()
    assert (smooth[5:-5, 28] < 0.5).all()
    assert (smooth[5:-5, 31] > 0.8).all()
    assert guided_filter(guide, np.full_like(guide, 0.5), 6) == pytest.approx(0.5, abs=1e-4)
