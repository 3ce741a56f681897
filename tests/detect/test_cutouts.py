"""Tests of cutouts.py: the key is opaque, its holes and the background are transparent."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from keykind.core.errors import BadPhoto, CannotWrite, KeykindError
from keykind.detect import cutouts as module
from keykind.detect.align import crop_around
from keykind.detect.crops import detect_keys
from keykind.detect.cutouts import cutouts, write_cutouts
from keykind.detect.detection import Detection
from keykind.detect.key_mask import KeyMask
from keykind.detect.refiner import crop_region
from keykind.photo.decode import Photo
from keykind.photo.reductions import Reductions

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


class OneKey:
    """Detects the key of `drawn`, with a coarse mask."""

    digest = "one"
    masked = True

    def detect(self, photo, score_threshold=0.0):
        region = crop_region(HEAD, TIP, 180.0)
        dark = region.extract_unstretched(photo.pixels, 1, 96).mean(axis=2) < 150
        coarse = np.asarray(Image.fromarray(dark.astype(np.float32)).resize((64, 32), Image.Resampling.BOX))
        mask = KeyMask(coarse, np.zeros_like(coarse), region) if self.masked else None
        return (Detection(0.9, HEAD, TIP, 180.0, mask=mask),)


def cut(photo, detector):
    def read(min_side):
        return photo

    return cutouts(detect_keys(read, detector), read)


@pytest.fixture(autouse=True)
def only_the_detector_s_masks(monkeypatch):
    """The segmenter has never seen drawn keys."""
    monkeypatch.setattr(module, "load_segmenter", lambda: None)


@pytest.fixture
def photo():
    return Photo(Reductions(drawn(hole=True)[0]), 600, 1000, "array")


def test_the_key_is_opaque_its_hole_and_the_background_are_not(photo):
    (image,) = cut(photo, OneKey())
    height, width = image.shape[:2]
    assert width == pytest.approx(2 * height, abs=1)
    (detection,) = OneKey().detect(photo)
    region = crop_around(detection.head, detection.tip, detection.box)
    pixels = region.extract_unstretched(photo.pixels, 1, height).mean(axis=2)
    assert (image[pixels < 110, 3] == 255).mean() > 0.97
    assert (image[pixels > 200, 3] == 0).mean() > 0.98
    hole = image[height // 2, round(width * (0.08 + 0.84 * 75 / 600))]
    assert hole[3] == 0


def test_transparent_pixels_show_nothing_of_the_background(photo):
    (image,) = cut(photo, OneKey())
    outside = image[image[..., 3] == 0][:, :3].astype(int)
    assert (abs(outside - BACKGROUND).sum(axis=1) > 100).mean() > 0.99


def test_the_half_transparent_edge_has_the_key_s_colour(photo):
    (image,) = cut(photo, OneKey())
    edge = image[(image[..., 3] > 20) & (image[..., 3] < 255)][:, :3].astype(int)
    assert len(edge)
    assert np.median(abs(edge - METAL).sum(axis=1)) < 120  # of 476 between it and the background


def test_beyond_the_photo_s_frame_nothing_is_opaque(photo):
    moved = Photo(Reductions(photo.pixels[:650]), 600, 650, "array")
    (image,) = cut(moved, OneKey())
    columns = image.shape[1]
    assert not image[:, : round(columns * 0.25), 3].any()  # the head is cut off
    assert image[:, columns // 2 :, 3].any()


def test_of_two_keys_the_one_with_the_surer_mask_has_the_pixel(photo):
    class Doubtful(OneKey):
        def detect(self, photo, score_threshold=0.0):
            (key,) = super().detect(photo)
            mask = KeyMask(key.mask.key * np.float32(0.6), key.mask.blade, key.mask.region)
            return key, replace(key, mask=mask)

    sure, doubtful = cut(photo, Doubtful())
    assert (sure[..., 3] == 255).mean() > 0.1
    assert (doubtful[..., 3] == 255).mean() < 0.01


def test_a_photo_without_keys_gives_no_cutouts(photo):
    class NoKeys(OneKey):
        def detect(self, photo, score_threshold=0.0):
            return ()

    assert list(cut(photo, NoKeys())) == []


def test_a_single_key_is_written_under_the_given_name(photo, tmp_path):
    (path,) = write_cutouts(photo.pixels, OneKey(), tmp_path / "key.png")
    assert path == tmp_path / "key.png"
    with Image.open(path) as image:
        assert image.mode == "RGBA"


def test_several_keys_are_numbered(photo, tmp_path):
    class Two(OneKey):
        def detect(self, photo, score_threshold=0.0):
            return super().detect(photo) * 2

    paths = list(write_cutouts(photo.pixels, Two(), tmp_path / "key.png"))
    assert [path.name for path in paths] == ["key-1.png", "key-2.png"]


def test_a_cutout_never_replaces_its_photo(photo, tmp_path):
    class Two(OneKey):
        def detect(self, photo, score_threshold=0.0):
            return super().detect(photo) * 2

    source = tmp_path / "key-2.png"
    Image.fromarray(photo.pixels).save(source)
    before = source.read_bytes()
    for detector, out in ((OneKey(), source), (Two(), tmp_path / "key.png")):
        with pytest.raises(CannotWrite, match=r"key-2\.png: is read by the same command"):
            list(write_cutouts(source, detector, out))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_a_photo_without_a_key_and_a_name_without_png_are_errors(photo, tmp_path):
    class NoKeys:
        digest = "none"

        def detect(self, photo, score_threshold=0.0):
            return ()

        detect_all = detect

    class OnlyRemotes(NoKeys):
        def detect_all(self, photo, score_threshold=0.0):
            return OneKey().detect(photo) * 2

    with pytest.raises(BadPhoto, match=r"only remotes or folded flip keys \(2\), which have no cut-out"):
        list(write_cutouts(photo.pixels, OnlyRemotes(), tmp_path / "key.png"))
    with pytest.raises(BadPhoto, match="has no detectable key"):
        list(write_cutouts(photo.pixels, NoKeys(), tmp_path / "key.png"))
    with pytest.raises(CannotWrite, match=r"ends in \.png"):
        list(write_cutouts(photo.pixels, OneKey(), tmp_path / "key.jpg"))
    assert not any(tmp_path.iterdir())


def test_a_detector_without_masks_gives_no_cutouts(photo, tmp_path):
    class Unmasked(OneKey):
        masked = False

    with pytest.raises(KeykindError, match="gives no masks"):
        list(write_cutouts(photo.pixels, Unmasked(), tmp_path / "key.png"))
