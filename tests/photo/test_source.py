"""Tests of photo/source.py."""

import io
import os

import numpy as np
import pytest
from PIL import ExifTags, Image

from keykind.core.errors import BadPhoto
from keykind.photo import decode
from keykind.photo.source import NamedPhoto, load_pixels, prefetch


def test_a_pil_image_gives_the_same_pixels_as_its_file():
    rng = np.random.default_rng(0)
    grey16 = Image.fromarray(rng.integers(0, 65536, (20, 30), dtype=np.uint16))
    translucent = Image.fromarray(rng.integers(0, 256, (20, 30, 4), dtype=np.uint8), "RGBA")
    for image in (grey16, translucent, *(translucent.convert(mode) for mode in ("P", "LA", "1"))):
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        np.testing.assert_array_equal(
            load_pixels(image).pixels, decode.decode_photo(buffer.getvalue(), "file").pixels
        )
    cmyk = translucent.convert("CMYK")
    np.testing.assert_array_equal(load_pixels(cmyk).pixels, np.asarray(cmyk.convert("RGB")))


def test_a_pil_image_is_rotated_upright(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(
        tmp_path / "rotated.png", exif=exif
    )
    with Image.open(tmp_path / "rotated.png") as image:
        np.testing.assert_array_equal(
            load_pixels(image).pixels, decode.read_photo(tmp_path / "rotated.png").pixels
        )


def test_a_truncated_pil_image_is_a_bad_photo(tmp_path):
    buffer = io.BytesIO()
    Image.effect_noise((200, 200), 80).save(buffer, "PNG")
    with pytest.raises(BadPhoto, match="cannot be read as an image"):
        load_pixels(Image.open(io.BytesIO(buffer.getvalue()[:2000])))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((20, 20), np.uint8),
        np.zeros((20, 20, 4), np.uint8),
        np.zeros((20, 20, 3)),
        np.zeros((7, 20, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
    ],
)
def test_an_array_of_another_shape_or_type_is_a_bad_photo(array):
    with pytest.raises(
        BadPhoto, match=r"shop.png: (is an array \(20, 20.*not \(height, width, 3\)|has \d+ x \d+)"
    ):
        load_pixels(NamedPhoto("shop.png", array))


def test_an_array_may_have_any_memory_layout():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    rotated = pixels.transpose(1, 0, 2)[::-1]
    np.testing.assert_array_equal(load_pixels(rotated).pixels, rotated)


def test_any_other_type_is_a_bad_photo():
    with pytest.raises(BadPhoto, match="photo: is an object of type int; give a path"):
        load_pixels(3)


def test_a_pil_image_may_exceed_the_byte_limit_of_files():
    wide = Image.new("RGB", (10_000, 9_000), "red")  # 270 MB
    assert load_pixels(wide).pixels.shape == (9_000, 10_000, 3)


def test_prefetching_a_photo_changes_nothing(tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"anything")
    os.mkfifo(tmp_path / "pipe")  # opening it would block
    for source in (photo, str(photo), tmp_path, tmp_path / "pipe", tmp_path / "missing", "a\0b", b"bytes"):
        assert prefetch(source) is source


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="only Linux reads ahead on demand")
def test_a_file_is_read_ahead(tmp_path, monkeypatch):
    advised = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *advice: advised.append(advice))
    (tmp_path / "a.jpg").write_bytes(b"anything")
    prefetch(tmp_path / "a.jpg")
    ((_, *advice),) = advised
    assert advice == [0, 0, os.POSIX_FADV_WILLNEED]
