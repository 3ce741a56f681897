"""Tests of photo/decode.py, faults.py and heif.py."""

import base64
import os
import pickle
import struct
import subprocess
import sys
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.photo import decode

PHONE_PHOTOS = Path(__file__).parents[3] / "shared" / "photos-12mp"
ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825  # EXIF tags

# 64 x 48, EXIF orientation 6, so upright 48 x 64: red above, below it blue on the left, green on the right.
# Encoded once with x265, which nothing here installs: pi_heif only reads.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWl4AAAAAG1pZjFoZWl4bWlhZgAAAcltZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ADRpbG9jAAAAAERAAAIAAQAAAAAB7QABAAAAAAAAADMAAgAAAAACIAABAAAAAAAAAFgAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABCGlwcnAAAADnaXBjbwAAAHdodmNDAQQIAAAA"
    "njgAAAAAHvAA/P/4+AAADwNgAAEAF0ABDAH//wQIAAADAJ44AAADAAAeugJAYQABACpCAQEECAAAAwCeOAAAAwAAHpAEECCy3VyU"
    "1zcBDQYEAAADAGQAAAMABCBiAAEACEQBwXMYMAiQAAAAE2NvbHJuY2x4AAEADQAGgAAAABRpc3BlAAAAAAAAAEAAAABAAAAAKGNs"
    "YXAAAABAAAAAAQAAADAAAAABAAAAAAAAAAL////wAAAAAgAAABBwaXhpAAAAAAMICAgAAAAJaXJvdAMAAAAZaXBtYQAAAAAAAAAB"
    "AAEGgQIDBYSGAAAAGmlyZWYAAAAAAAAADmNkc2MAAgABAAEAAACTbWRhdAAAAC8oAa8ZgO9Jpb//4oYf+a1r/r/Z3tI7NNg8WX9O"
    "xft6RMRv7F47cLPws5oT/zF/+AAAAAZFeGlmAABNTQAqAAAACAADAQ8AAgAAAAoAAAAyARIAAwAAAAEABgAAiCUABAAAAAEAAAA8"
    "AAAAAFNFQ1JFVENBTQAAAQABAAIAAAACTgAAAAAAAAA="
)


def scene(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Return smooth colours, which lossy formats preserve, without any symmetry."""
    coarse = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def encode(picture: np.ndarray | Image.Image, file_format: str, **options: object) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    pixels: np.ndarray, *, color: int, depth: int, extra: bytes = b"", size: tuple[int, int] = (0, 0)
) -> bytes:
    """Return a PNG such as Pillow does not write."""
    width, height = size if any(size) else (pixels.shape[1], pixels.shape[0])
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    body = png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + extra + body


def tiff(pixels: np.ndarray, bits: int, *, photometric: int = 1, sample: int = 1, order: str = "<") -> bytes:
    """Return a TIFF of one strip, such as Pillow does not write. sample: 1 unsigned, 2 signed, 3 float."""
    height, width, channels = (*pixels.shape, 1)[:3]
    body = pixels.tobytes()
    depths = struct.pack(f"{order}3H", bits, bits, bits)
    entries = [
        (256, 4, width),
        (257, 4, height),
        (259, 3, 1),
        (262, 3, photometric),
        (273, 4, 8),
        (277, 3, channels),
    ]
    entries += [(278, 4, height), (279, 4, len(body)), (339, 3, sample)]
    entries += [(258, 3, bits)] if channels == 1 else [(258, -3, 8 + len(body))]
    directory = struct.pack(f"{order}H", len(entries))
    for tag, field_type, value in sorted(entries):
        count = 3 if field_type < 0 else 1
        packed = struct.pack(f"{order}H", value) if field_type == 3 else struct.pack(f"{order}I", value)
        directory += struct.pack(f"{order}HHI", tag, abs(field_type), count) + packed.ljust(4, b"\0")
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(f"{order}I", 8 + len(body) + 6) + body + depths + directory + b"\0\0\0\0"


def error_of(data: bytes, name: str = "a.jpg", **options: int) -> str:
    with pytest.raises(BadPhoto) as caught:
        decode.decode_photo(data, name, **options)
    return str(caught.value)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


# Formats


FORMATS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "BMP": {},
    "TIFF": {},
    "JPEG2000": {},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_gives_the_pixels_that_were_saved(file_format):
    picture = scene(40, 24)
    result = decode.decode_photo(encode(picture, file_format, **FORMATS[file_format]), "a")
    assert (result.width, result.height, result.format) == (40, 24, file_format)
    assert result.pixels.dtype == np.uint8
    assert difference(result.pixels, picture) < (2 if file_format in ("JPEG", "AVIF") else 1e-9)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate", "packbits"])
def test_a_tiff_is_decoded_with_every_lossless_compression(compression):
    picture = scene(40, 24)
    np.testing.assert_array_equal(
        decode.decode_photo(encode(picture, "TIFF", compression=compression), "a").pixels, picture
    )


@pytest.mark.parametrize("file_format", ["GIF", "TIFF", "WEBP", "PNG"])
def test_the_first_of_several_frames_or_pages_is_decoded(file_format):
    frames = [Image.new("RGB", (16, 12), color) for color in ("red", "blue", "lime")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    result = decode.decode_photo(
        encode(frames[0], file_format, save_all=True, append_images=frames[1:], **options), "a"
    )
    assert result.pixels.shape == (12, 16, 3)
    assert (result.pixels == (255, 0, 0)).all()


def test_the_first_image_of_an_mpo_is_decoded_also_at_a_reduced_scale():
    first, second = Image.fromarray(scene(320, 240)), Image.new("RGB", (320, 240), "blue")
    data = encode(first, "MPO", save_all=True, append_images=[second], quality=95)
    result = decode.decode_photo(data, "a", min_side=50)
    assert (result.format, result.width, result.height) == ("MPO", 320, 240)
    assert result.pixels.shape == (60, 80, 3)
    assert difference(decode.resize(result.pixels, 16), decode.resize(np.asarray(first), 16)) < 3


def test_the_format_is_detected_from_the_bytes_not_the_name():
    data = encode(scene(16, 16), "PNG")
    assert decode.decode_photo(data, "photo.jpg").format == "PNG"


def test_other_formats_are_rejected_even_if_pillow_can_read_them():
    for file_format in ("TGA", "PPM", "ICO"):
        data = encode(scene(16, 16), file_format)
        assert "is not a photo keykind can read (starts with" in error_of(data)


def test_a_heic_is_rotated_once_and_loses_its_metadata():
    pytest.importorskip("pi_heif")
    result = decode.decode_photo(HEIC, "a.heic")
    assert (result.width, result.height, result.format, result.pixels.shape) == (48, 64, "HEIF", (64, 48, 3))
    corners = [result.pixels[y, x].argmax() for y, x in ((5, 5), (5, -5), (-5, 5), (-5, -5))]
    assert corners == [0, 0, 2, 1]
    assert b"SECRETCAM" in HEIC
    assert b"SECRETCAM" not in pickle.dumps(result)


def test_a_damaged_metadata_item_does_not_crash_the_process():
    pytest.importorskip("pi_heif")
    damaged = HEIC.replace(b"Exif\0\0\0\0\x0epitm", b"\xcexif\0\0\0\0\x0epitm")
    assert decode.decode_photo(damaged, "a").width == 48


def test_a_heic_that_declares_a_wrong_size_gets_the_size_of_its_pixels():
    pytest.importorskip("pi_heif")
    offset = HEIC.index(b"clap") + 6  # its cropped width, which is the upright height
    result = decode.decode_photo(HEIC[:offset] + b"\x01" + HEIC[offset + 1 :], "a")
    assert (result.height, result.width) == result.pixels.shape[:2] == (64, 48)


def test_the_pixel_limit_applies_to_what_a_heic_decodes_not_to_its_visible_crop():
    pytest.importorskip("pi_heif")
    offset = HEIC.index(b"clap") + 4
    cropped = HEIC[:offset] + (16).to_bytes(4, "big") + HEIC[offset + 4 :]
    assert decode.decode_photo(cropped, "a", max_pixels=64 * 64).pixels.shape == (16, 48, 3)
    with pytest.raises(BadPhoto, match=r"megapixels, more than the limit of 0"):
        decode.decode_photo(cropped, "a", max_pixels=64 * 64 - 1)


def test_without_pi_heif_the_error_of_a_heic_names_the_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    assert "pip install 'keykind[heif]'" in error_of(HEIC, "a.heic")


def test_importing_the_module_loads_no_optional_decoder():
    code = "import sys, keykind.photo.decode\n"
    code += "print(sorted({'pi_heif', 'PIL.TiffImagePlugin'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_suffixes_are_lower_case_and_cover_every_format():
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in decode.SUFFIXES)
    assert {
        ".jpg",
        ".jpeg",
        ".png",
        ".webp",
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
    } <= decode.SUFFIXES


# Upright


STORED = {  # EXIF orientation -> how a camera in that orientation stores the upright image
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_photos_are_upright_for_every_orientation_of_the_camera(orientation, file_format):
    upright = scene(40, 24)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    result = decode.decode_photo(encode(stored, file_format, exif=exif, **FORMATS[file_format]), "a")
    assert (result.width, result.height) == (40, 24)
    assert result.pixels.shape == upright.shape
    assert difference(result.pixels, upright) < 2


@pytest.mark.parametrize("orientation", STORED)
def test_a_reduced_photo_is_upright_too_and_reports_the_original_size(orientation):
    upright = scene(643, 402)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encode(np.ascontiguousarray(STORED[orientation](upright)), "JPEG", exif=exif, quality=95)
    result = decode.decode_photo(data, "a", min_side=100)
    assert (result.width, result.height) == (643, 402)
    assert result.pixels.shape == (101, 161, 3)
    assert difference(decode.resize(result.pixels, 32), decode.resize(upright, 32)) < 3


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("orientation", STORED)
def test_a_header_has_the_size_of_the_upright_photo(orientation, file_format, tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = np.ascontiguousarray(STORED[orientation](scene(40, 24)))
    path = tmp_path / "photo"
    path.write_bytes(encode(stored, file_format, exif=exif, **FORMATS[file_format]))
    photo, header = decode.read_photo(path), decode.read_header(path)
    assert (header.width, header.height, header.format) == (photo.width, photo.height, photo.format)
    if not header.turned:  # the stored pixels are the photo's
        assert difference(photo.pixels, stored) < 2


def test_the_header_of_a_heic_is_that_of_its_upright_pixels(tmp_path):
    pytest.importorskip("pi_heif", reason="the extra heif is not installed")
    (tmp_path / "a.heic").write_bytes(HEIC)
    header = decode.read_header(tmp_path / "a.heic")
    assert (header.width, header.height, header.turned) == (48, 64, True)


def test_a_photo_whose_header_is_damaged_is_rejected(tmp_path):
    (tmp_path / "a.png").write_bytes(encode(scene(40, 24), "PNG")[:20])
    with pytest.raises(BadPhoto, match=r"a\.png"):
        decode.read_header(tmp_path / "a.png")


@pytest.mark.parametrize("orientation", [0, 9, 700])
def test_an_invalid_orientation_is_ignored(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert decode.decode_photo(encode(scene(16, 24), "JPEG", exif=exif), "a").pixels.shape == (24, 16, 3)


def test_a_broken_exif_block_is_ignored_without_a_warning(recwarn, capfd):
    exif = Image.Exif()
    exif[MAKER] = "x" * 50
    data = encode(scene(16, 24), "JPEG", exif=exif.tobytes()[:-45])
    assert decode.decode_photo(data, "a").pixels.shape == (24, 16, 3)
    assert decode.decode_photo(encode(scene(16, 24), "JPEG", exif=b"Exif\0\0garbage"), "a").width == 16
    assert not recwarn.list
    assert capfd.readouterr().err == ""


def test_a_photo_holds_only_pixels_size_and_format():
    exif = Image.Exif()
    exif[MAKER] = "SECRETCAM"
    exif.get_ifd(GPS)[1] = "N"
    for file_format in ("JPEG", "PNG", "WEBP", "TIFF"):
        data = encode(scene(24, 16), file_format, exif=exif)
        assert b"SECRETCAM" in data
        result = decode.decode_photo(data, "a")
        assert b"SECRETCAM" not in pickle.dumps(result)
        assert type(result.pixels) is np.ndarray
    assert decode.Photo.__slots__ == ("reductions", "width", "height", "format", "damage")


# Reduced decoding and resizing


@given(width=st.integers(8, 400), height=st.integers(8, 400), min_side=st.integers(1, 300))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_reduced_decoding_keeps_the_minimal_side_and_the_aspect_ratio(width, height, min_side):
    result = decode.decode_photo(
        encode(np.zeros((height, width, 3), np.uint8), "JPEG"), "a", min_side=min_side
    )
    rows, columns = result.pixels.shape[:2]
    assert min(rows, columns) >= min(min_side, width, height)
    factor = next(factor for factor in (1, 2, 4, 8) if -(-width // factor) == columns)
    assert -(-height // factor) == rows


@pytest.mark.parametrize("size", [(400, 300), (301, 401)])
def test_a_half_is_averaged_from_the_full_image_as_in_a_browser(size):
    data = encode(scene(*size), "JPEG", quality=60)
    full = Image.fromarray(decode.decode_photo(data, "a").pixels)
    half = decode.decode_photo(data, "a", min_side=min(size) // 2)
    assert (half.pixels == np.asarray(full.reduce(2))).all()
    assert (half.width, half.height) == size


def test_a_large_photo_is_decoded_at_half_its_size(monkeypatch):
    data = encode(scene(400, 300), "JPEG", quality=90)
    averaged = decode.decode_photo(data, "a", min_side=150).pixels
    monkeypatch.setattr(decode, "MAX_HALVED", 400 * 300 - 1)
    half = decode.decode_photo(data, "a", min_side=150).pixels
    assert half.shape == averaged.shape
    assert 0 < np.abs(half.astype(int) - averaged).mean() < 1


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_reduced_photo_resizes_to_nearly_the_same_pixels_as_the_full_one(mode):
    noise = np.random.default_rng(1).integers(-20, 20, (900, 1200, 3))
    picture = np.clip(scene(1200, 900) + noise, 0, 255).astype(np.uint8)
    data = encode(Image.fromarray(picture).convert(mode), "JPEG", quality=90)
    reduced, full = decode.decode_photo(data, "a", min_side=96), decode.decode_photo(data, "a")
    assert reduced.pixels.size < full.pixels.size / 30
    assert difference(decode.resize(reduced.pixels, 96), decode.resize(full.pixels, 96)) < 2


def test_a_min_side_below_one_is_a_value_error():
    with pytest.raises(ValueError, match="min_side is 0"):
        decode.decode_photo(encode(scene(16, 16), "JPEG"), "a", min_side=0)


def test_resize_stretches_to_a_square_and_antialiases():
    board = (np.indices((300, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = decode.resize(np.repeat(board[..., None], 3, axis=2), 20)
    assert small.shape == (20, 20, 3)
    assert small.dtype == np.uint8
    assert np.abs(small.astype(int) - 127).max() <= 2
    np.testing.assert_array_equal(decode.resize(small, 20), small)


@pytest.fixture(scope="module")
def phone_photos():
    found = sorted(PHONE_PHOTOS.glob("*.jpg"))
    if not found:
        pytest.skip("the phone photos (shared/photos-12mp) are missing")
    return found[:4]


def test_reduced_phone_photos_look_the_same_and_take_less_than_half_the_time(phone_photos):
    seconds = {None: 0.0, 224: 0.0}
    for path in phone_photos:
        small = {}
        for min_side in seconds:
            start = time.perf_counter()
            result = decode.read_photo(path, min_side=min_side)
            small[min_side] = decode.resize(result.pixels, 224)
            seconds[min_side] += time.perf_counter() - start
            assert {result.width, result.height} == {3024, 4032}
        assert difference(small[None], small[224]) < 3
    assert seconds[224] < seconds[None] / 2


# Pixel formats


def test_grey_becomes_three_equal_channels():
    grey = scene(16, 12)[..., 0]
    for file_format in ("PNG", "TIFF", "BMP"):
        pixels = decode.decode_photo(encode(grey, file_format), "a").pixels
        np.testing.assert_array_equal(pixels, np.dstack([grey] * 3))


def test_one_bit_images_are_black_and_white():
    bits = scene(16, 12)[..., 0] > 127
    for file_format in ("PNG", "TIFF", "BMP"):
        pixels = decode.decode_photo(encode(Image.fromarray(bits), file_format), "a").pixels
        np.testing.assert_array_equal(pixels, np.dstack([bits * np.uint8(255)] * 3))


def test_palette_images_get_the_colours_of_their_palette():
    picture = Image.fromarray(scene(16, 12)).quantize(8)
    for file_format in ("PNG", "GIF", "TIFF", "BMP"):
        pixels = decode.decode_photo(encode(picture, file_format), "a").pixels
        np.testing.assert_array_equal(pixels, picture.convert("RGB"))


def transparent() -> dict[str, bytes]:
    """Return images that are black on the left and transparent (over black or red) on the right."""
    alpha = np.zeros((8, 16), np.uint8)
    alpha[:, :8] = 255
    black = np.zeros((8, 16, 3), np.uint8)
    rgba = Image.fromarray(np.dstack([black, alpha]))
    halves = np.repeat(np.array([[0] * 8 + [1] * 8], np.uint8), 8, axis=0)
    palette = Image.frombytes("P", (16, 8), halves.tobytes())
    palette.putpalette([0, 0, 0, 255, 0, 0])
    deep = (halves * np.uint16(1000)).astype(">u2")
    return {
        "PNG RGBA": encode(rgba, "PNG"),
        "PNG LA": encode(rgba.convert("LA"), "PNG"),
        "PNG P, alpha of each colour": encode(palette, "PNG", transparency=b"\xff\x00"),
        "PNG P, one colour": encode(palette, "PNG", transparency=1),
        "PNG L, one grey": encode(halves * 9, "PNG", transparency=9),
        "PNG RGB, one colour": encode(np.dstack([halves * 9] * 3), "PNG", transparency=(9, 9, 9)),
        "PNG 16-bit grey": png(deep, color=0, depth=16, extra=png_chunk(b"tRNS", struct.pack(">H", 1000))),
        "PNG 16-bit LA": png(np.dstack([deep, 65535 * (deep == 0)]).astype(">u2"), color=4, depth=16),
        "WEBP": encode(rgba, "WEBP", lossless=True),
        "GIF": encode(palette, "GIF", transparency=1),
        "TIFF RGBA": encode(rgba, "TIFF"),
        "TIFF LA": encode(rgba.convert("LA"), "TIFF"),
    }


@pytest.mark.parametrize("case", transparent())
def test_transparent_pixels_become_white(case):
    pixels = decode.decode_photo(transparent()[case], "a").pixels
    assert (pixels[:, :8] == 0).all()
    assert (pixels[:, 8:] == 255).all()


def test_half_transparent_pixels_are_blended_with_white():
    rgba = np.full((8, 8, 4), (0, 0, 200, 128), np.uint8)
    np.testing.assert_allclose(
        decode.decode_photo(encode(rgba, "PNG"), "a").pixels[0, 0], (127, 127, 227), atol=1
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_grey_is_scaled_linearly(order):
    levels = np.arange(256, dtype=np.uint16).reshape(8, 32)
    deep = levels * 257
    expected = np.dstack([levels] * 3)
    np.testing.assert_array_equal(
        decode.decode_photo(tiff(deep.astype(f"{order}u2"), 16, order=order), "a").pixels, expected
    )
    np.testing.assert_array_equal(
        decode.decode_photo(png(deep.astype(">u2"), color=0, depth=16), "a").pixels, expected
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_colour_is_scaled_linearly(order):
    picture = scene(16, 12)
    deep = (picture.astype(np.uint16) * 257).astype(f"{order}u2")
    data = tiff(deep, 16, photometric=2, order=order)
    np.testing.assert_array_equal(decode.decode_photo(data, "a").pixels, picture)
    if order == ">":
        np.testing.assert_array_equal(decode.decode_photo(png(deep, color=2, depth=16), "a").pixels, picture)


def test_a_white_is_zero_tiff_is_inverted():
    deep = np.full((8, 8), 65535, np.uint16)
    assert (decode.decode_photo(tiff(deep, 16, photometric=0), "a").pixels == 0).all()


def test_twelve_bit_grey_is_scaled_linearly():
    packed = np.full((8, 12), 255, np.uint8)  # eight values of 4095 per row
    data = tiff(packed, 12).replace(struct.pack("<HHII", 256, 4, 1, 12), struct.pack("<HHII", 256, 4, 1, 8))
    assert (decode.decode_photo(data, "a").pixels == 255).all()


@pytest.mark.parametrize(
    ("white", "dtype"), [(255, "<i4"), (65535, "<i4"), (4_294_967_295, "<u4"), (1, "<f4"), (9e9, "<f4")]
)
def test_thirty_two_bit_grey_is_scaled_to_its_white(white, dtype):
    ramp = np.repeat(np.linspace(0, white, 16)[None], 8, axis=0).astype(dtype)
    sample = {"i": 2, "u": 1, "f": 3}[dtype[1]]
    pixels = decode.decode_photo(tiff(ramp, 32, sample=sample), "a").pixels
    np.testing.assert_allclose(pixels[0, :, 0], np.linspace(0, 255, 16), atol=1)


def test_a_float_image_with_invalid_values_is_decoded(recwarn):
    values = np.full((8, 8), 0.5, "<f4")
    values[0, :4] = np.nan, np.inf, -np.inf, -3
    values.view("<u4")[0, 4] = 0x7F800001  # a signalling NaN: processors raise a flag on it
    pixels = decode.decode_photo(tiff(values, 32, sample=3), "a").pixels
    assert pixels[0, :6, 0].tolist() == [0, 255, 0, 0, 0, 128]
    assert not recwarn.list


def test_cmyk_and_ycck_jpegs_of_image_editors_are_not_inverted():
    picture = scene(48, 32)
    inks = Image.fromarray(255 - picture)
    black = Image.new("L", inks.size, 0)
    plain = encode(Image.merge("CMYK", (*inks.split(), black)), "JPEG", quality=95)
    assert b"Adobe" in plain
    assert difference(decode.decode_photo(plain, "a").pixels, picture) < 2
    # Pillow stores a CMYK image inverted, as image editors do. To get luma and chroma of the inks into the
    # file, pass them inverted; then declare it in Adobe's marker, where transform 2 is YCCK.
    lumas = Image.fromarray(255 - np.asarray(inks.convert("YCbCr")))
    stored = encode(Image.merge("CMYK", (*lumas.split(), black)), "JPEG", quality=95)
    offset = stored.index(b"Adobe") + 11
    ycck = stored[:offset] + b"\x02" + stored[offset + 1 :]
    assert difference(decode.decode_photo(ycck, "a").pixels, picture) < 3


def test_colour_profiles_are_ignored():
    picture = scene(16, 12)
    data = encode(picture, "PNG", icc_profile=b"not a profile")
    np.testing.assert_array_equal(decode.decode_photo(data, "a").pixels, picture)


# Photos that cannot be read


def test_zero_bytes_are_rejected():
    assert "is empty (0 bytes)" in error_of(b"")


def test_the_error_of_a_text_quotes_its_start():
    assert "a.jpg: is not a photo keykind can read (starts with 'Hello, this is a'; 22 bytes)" in error_of(
        b"Hello, this is a text\n"
    )


def test_unprintable_bytes_are_replaced_in_the_message():
    assert error_of(b"\x1b[2Jevil\x00\xff" * 4).isprintable()


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (400, 7)])
def test_a_tiny_image_is_rejected_with_its_size(size):
    assert f"has {size[0]} x {size[1]} pixels, but needs at least 8 on each side" in error_of(
        encode(Image.new("L", size), "PNG")
    )


def test_the_smallest_allowed_photo_is_decoded():
    assert decode.decode_photo(encode(scene(8, 8), "JPEG"), "a", min_side=224).pixels.shape == (8, 8, 3)


def bombs() -> dict[str, tuple[bytes, str]]:
    nothing = np.zeros((0, 0), np.uint8)
    screen = struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x44\x01\x00;"
    bmp = bytearray(encode(scene(16, 16), "BMP"))
    bmp[18:26] = struct.pack("<ii", 30000, 30000)
    return {
        "PNG beyond Pillow's limit": (
            png(nothing, color=2, depth=8, size=(30000, 30000)),
            "900.0 megapixels",
        ),
        "PNG beyond keykind's limit": (
            png(nothing, color=2, depth=8, size=(11000, 11000)),
            "11,000 x 11,000 = 121.0 megapixels",
        ),
        "GIF": (b"GIF89a" + screen + frame, "4,294.8 megapixels"),
        "BMP": (bytes(bmp), "900.0 megapixels"),
        "TIFF": (
            tiff(np.zeros((8, 8), np.uint8), 8).replace(
                struct.pack("<HHII", 256, 4, 1, 8), struct.pack("<HHII", 256, 4, 1, 20_000_000)
            ),
            "160.0 megapixels",
        ),
    }


@pytest.mark.parametrize("case", bombs())
def test_an_image_with_too_many_pixels_is_rejected_by_its_header(case, recwarn, capfd):
    data, numbers = bombs()[case]
    decode.decode_photo(encode(scene(8, 8), "TIFF"), "a")  # load the plugin
    start = time.perf_counter()
    assert f"{numbers}, more than the limit of 120" in error_of(data)
    assert time.perf_counter() - start < 0.2
    assert not recwarn.list
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("chunk", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_png_whose_text_or_profile_decompresses_to_100_megabytes_is_rejected(chunk):
    compressed = zlib.compress(bytes(100_000_000), 1)
    start = b"key\0\1\0\0\0" if chunk == b"iTXt" else b"key\0\0"
    data = png(scene(16, 16), color=2, depth=8, extra=png_chunk(chunk, start + compressed))
    assert "cannot be decoded as PNG" in error_of(data)


def test_a_small_jpeg_with_too_many_scans_is_rejected():
    data = encode(scene(64, 64), "JPEG", progressive=True)
    assert decode.decode_photo(data, "a").width == 64
    scan = data.rindex(b"\xff\xda")
    assert "with more than 100 scans" in error_of(data[:-2] + data[scan:-2] * 200 + data[-2:])


def test_scans_in_a_thumbnail_or_an_attached_video_do_not_count():
    data = encode(scene(64, 64), "JPEG", progressive=True, comment=b"\xff\xda\0\x08" * 500)
    assert decode.decode_photo(data + b"\xff\xda\0\x08" * 500, "a").width == 64


def test_a_file_with_too_many_bytes_is_rejected_before_reading(tmp_path, monkeypatch):
    large = tmp_path / "large.jpg"
    with large.open("wb") as stream:
        stream.truncate(decode.MAX_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("was read"))
    with pytest.raises(BadPhoto, match="has 256,000,001 bytes, more than the limit of 256,000,000"):
        decode.read_bytes(large)


def test_bytes_in_memory_have_the_same_limit(monkeypatch):
    monkeypatch.setattr(decode, "MAX_BYTES", 1000)
    assert "has 1,001 bytes, more than the limit of 1,000" in error_of(bytes(1001))


def samples() -> dict[str, bytes]:
    picture = np.random.default_rng(3).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    image = Image.fromarray(picture)
    return {
        "JPEG": encode(image, "JPEG"),
        "JPEG progressive": encode(image, "JPEG", progressive=True),
        "JPEG CMYK": encode(image.convert("CMYK"), "JPEG"),
        "MPO": encode(image, "MPO", save_all=True, append_images=[image]),
        "PNG": encode(image, "PNG"),
        "PNG palette": encode(image.quantize(16), "PNG"),
        "WEBP": encode(image, "WEBP"),
        "WEBP lossless": encode(image.convert("RGBA"), "WEBP", lossless=True),
        "BMP": encode(image, "BMP"),
        "GIF": encode(image, "GIF"),
        "TIFF": encode(image, "TIFF"),
        "TIFF LZW": encode(image, "TIFF", compression="tiff_lzw"),
        "TIFF float": encode(picture[..., 0].astype(np.float32), "TIFF"),
        "HEIF": HEIC,
    }


SAMPLES = samples()


@pytest.mark.parametrize("case", SAMPLES)
def test_the_error_of_a_truncated_photo_counts_its_bytes(case):
    data = SAMPLES[case][: len(SAMPLES[case]) // (3 if case == "MPO" else 2)]
    if case == "HEIF":
        pytest.importorskip("pi_heif")
    assert f"{len(data):,} " in error_of(data)


@pytest.mark.parametrize("case", ["WEBP", "BMP"])
def test_the_error_of_a_truncated_photo_that_declares_its_length_has_both_numbers(case):
    data = SAMPLES[case]
    assert f"ends after 500 of {len(data):,} bytes" in error_of(data[:500])


@pytest.mark.parametrize("case", SAMPLES)
def test_a_photo_truncated_anywhere_is_rejected_or_decoded_completely(case):
    data = SAMPLES[case]
    for length in {*range(60), *range(60, len(data), 97), len(data) - 2, len(data) - 1}:
        try:
            result = decode.decode_photo(data[:length], "a")
        except BadPhoto:
            continue
        assert result.pixels.shape == (result.height, result.width, 3)


@pytest.mark.parametrize("case", SAMPLES)
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255), st.booleans()), max_size=8),
    keep=st.floats(0, 2),
)
def test_damaged_bytes_raise_bad_photo_or_give_a_complete_image(case, flips, keep):
    data = bytearray(SAMPLES[case])
    for position, change, in_header in flips:
        data[int(position * ((120 if in_header else len(data)) - 1))] ^= change
    kept = bytes(data[: int(keep * len(data))])
    for min_side in (None, 8):
        try:  # the limit keeps each under a second
            result = decode.decode_photo(kept, "a", min_side=min_side, max_pixels=1_000_000)
        except BadPhoto:
            continue
        assert result.pixels.dtype == np.uint8
        assert result.pixels.shape[2:] == (3,)
        assert min_side or result.pixels.shape[:2] == (result.height, result.width)


def test_running_out_of_memory_is_an_error_of_the_photo(monkeypatch):
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(decode, "to_rgb", exhausted)
    assert "needs more memory than is free" in error_of(encode(scene(16, 16), "PNG"))


# Files


def read_error(path: Path) -> str:
    with pytest.raises(BadPhoto) as caught:
        decode.read_photo(path)
    return str(caught.value)


def test_a_file_with_any_name_is_read(tmp_path):
    picture = scene(16, 12)
    for name in (
        "Schlüssel 鍵 🔑.png",
        "no suffix",
        "-dash.png",
        os.fsdecode(b"\xff\xfe.png"),
        "x" * 240 + ".png",
    ):
        path = tmp_path / name
        path.write_bytes(encode(picture, "PNG"))
        np.testing.assert_array_equal(decode.read_photo(path).pixels, picture)


def test_the_error_of_a_missing_file_names_it(tmp_path):
    assert read_error(tmp_path / "none.jpg").startswith(f"{tmp_path}/none.jpg: does not exist; ")


def test_an_empty_file_is_rejected(tmp_path):
    (tmp_path / "a.jpg").touch()
    assert "is empty (0 bytes)" in read_error(tmp_path / "a.jpg")


def test_a_folder_or_a_pipe_is_rejected_without_blocking(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "is a folder, not a file" in read_error(tmp_path)
    assert "is a pipe or device, not a file" in read_error(tmp_path / "pipe.jpg")


def test_a_path_through_a_file_is_rejected(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    assert "is inside something that is not a folder" in read_error(tmp_path / "a" / "b.jpg")


def test_a_loop_of_links_is_rejected(tmp_path):
    (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert "is part of a loop of symbolic links" in read_error(tmp_path / "a.jpg")


def test_the_error_of_a_name_too_long_for_the_system_has_its_length(tmp_path):
    path = tmp_path / ("ü" * 300)
    assert f"has a path of {len(os.fsencode(path))} bytes" in read_error(path)


def test_a_null_byte_in_a_name_is_rejected(tmp_path):
    assert "cannot be read (embedded null byte)" in read_error(tmp_path / "a\0b.jpg")


def test_a_file_without_read_permission_is_rejected(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encode(scene(16, 16), "JPEG"))
    path.chmod(0)
    user = os.geteuid()
    if not user:
        os.seteuid(65534)  # root may read everything: become nobody meanwhile
    try:
        assert "cannot be read (permission denied)" in read_error(path)
    finally:
        os.seteuid(user)


# Threads and warnings


def test_decoding_in_threads_gives_the_same_and_leaves_the_warning_filters_alone():
    before = list(warnings.filters)
    items = [*SAMPLES.values()] * 4
    serial = [decoded_or_error(data) for data in items]
    with ThreadPoolExecutor(8) as pool:
        threaded = list(pool.map(decoded_or_error, items))
    assert serial == threaded
    assert list(warnings.filters) == before


def decoded_or_error(data: bytes) -> bytes | str:
    try:
        return decode.decode_photo(data, "a", min_side=8).pixels.tobytes()
    except BadPhoto as error:
        return str(error)


def test_pillows_warnings_are_suppressed_even_where_warnings_are_errors(capfd):
    no_pixels = np.zeros((0, 0), np.uint8)
    large = png(no_pixels, color=2, depth=8, size=(10000, 10000))  # Pillow warns above 89 megapixels
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "is cut off" in error_of(large)
    odd = tiff(np.zeros((8, 8, 5), np.uint8), 8, photometric=2)
    assert "starts like TIFF" in error_of(odd)
    assert capfd.readouterr().err == ""


def test_a_photo_is_rejected_as_too_large_by_its_header_alone():
    truncated = encode(scene(64, 48), "JPEG")[:700]  # a header and no pixels
    with pytest.raises(BadPhoto, match="is cut off"):
        decode.decode_photo(truncated, "a.jpg", max_pixels=64 * 48)
    with pytest.raises(BadPhoto, match=r"64 x 48 = 0\.0 megapixels, more than the limit of 0"):
        decode.decode_photo(truncated, "a.jpg", max_pixels=64 * 48 - 1)
