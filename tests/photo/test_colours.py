"""Tests of photo/colours.py: transparency that Pillow reads wrongly, and the orientation."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keykind.photo.decode import decode_photo, read_photo
from keykind.photo.source import load_pixels

CASES = Path(__file__).parents[3] / "shared" / "cases"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(pixels: np.ndarray, *, color: int, depth: int, extra: bytes, size: int) -> bytes:
    """Return a square PNG such as Pillow does not write."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, depth, color, 0, 0, 0))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    body = png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + extra + body


def bmp(alpha: np.ndarray) -> bytes:
    """Return a 32-bit BMP, red, with a declared alpha channel (h, w)."""
    height, width = alpha.shape
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 2], pixels[..., 3] = 200, alpha
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, width, -height, 1, 32, 3, pixels.nbytes, 0, 0, 0, 0)
    header = (header + masks).ljust(108, b"\0")
    start = b"BM" + struct.pack("<IHHI", 14 + 108 + pixels.nbytes, 0, 0, 14 + 108)
    return start + header + pixels.tobytes()


def test_a_bmp_with_alpha_zero_everywhere_is_opaque():
    pixels = decode_photo(bmp(np.zeros((16, 16), np.uint8)), "a.bmp").pixels
    assert (pixels == (200, 0, 0)).all()


def test_a_bmp_with_some_alpha_is_transparent_where_it_is_zero():
    alpha = np.zeros((16, 16), np.uint8)
    alpha[:8] = 255
    pixels = decode_photo(bmp(alpha), "a.bmp").pixels
    assert (pixels[:8] == (200, 0, 0)).all()
    assert (pixels[8:] == 255).all()


def test_the_transparent_colour_of_a_16_bit_png_is_compared_with_all_16_bits():
    deep = np.full((16, 16, 3), (0x1234, 0x8000, 0xFFFF), np.uint16)
    deep[:, 8:, 0] = 0x1235  # differs in the lower byte only
    data = png(
        deep.astype(">u2"),
        color=2,
        depth=16,
        extra=png_chunk(b"tRNS", bytes.fromhex("12348000ffff")),
        size=16,
    )
    pixels = decode_photo(data, "a.png").pixels
    assert (pixels[:, :8] == 255).all()
    assert (pixels[:, 8:] == (0x12, 0x80, 0xFF)).all()


def test_the_transparent_level_of_a_16_bit_grey_png_is_white():
    deep = np.full((16, 16), 0x1234, ">u2")
    deep[:, 8:] = 0x1235
    data = png(deep, color=0, depth=16, extra=png_chunk(b"tRNS", b"\x12\x34"), size=16)
    pixels = decode_photo(data, "a.png").pixels
    assert (pixels[:, :8] == 255).all()
    assert (pixels[:, 8:] == 0x12).all()


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_the_transparent_level_of_a_grey_png_is_white_at_every_depth(depth):
    top = 2**depth - 1
    packed = np.tile(np.packbits([0, 0, 0, 0, 0, 0, 0, 0]), (8, depth)).astype(
        np.uint8
    )  # 8 pixels of level 0
    packed[4:] = 255  # of the highest level
    for level, rows in ((0, slice(0, 4)), (top, slice(4, 8))):
        extra = png_chunk(b"tRNS", level.to_bytes(2, "big"))
        data = png(packed, color=0, depth=depth, extra=extra, size=8)
        pixels = decode_photo(data, "a.png").pixels
        assert (pixels[rows] == 255).all()
        assert (pixels[:4] == (255 if level == 0 else 0)).all()


def test_a_palette_with_transparency_becomes_white_there():
    image = Image.fromarray(np.repeat([[0, 1]], 8, axis=0).repeat(8, axis=1).astype(np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 100, 50])
    pixels = decode_photo(encode(image, "PNG", transparency=bytes([0, 255])), "a").pixels
    assert (pixels[:, :8] == 255).all()
    assert (pixels[:, 8:] == (200, 100, 50)).all()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_an_orientation_in_xmp_is_ignored_as_browsers_do(file_format):
    image = Image.new("RGB", (40, 24), "red")
    options = {"xmp": XMP}
    if file_format == "PNG":
        data = encode(image, "PNG")
        body = b"XML:com.adobe.xmp\0\0\0\0\0" + XMP
        data = data[:33] + png_chunk(b"iTXt", body) + data[33:]
    elif file_format == "TIFF":
        data = encode(image, "TIFF", tiffinfo={700: XMP})
    else:
        data = encode(image, file_format, **options)
    assert b"tiff:Orientation" in data
    assert decode_photo(data, "a").pixels.shape == (24, 40, 3)
    assert load_pixels(Image.open(BytesIO(data))).pixels.shape == (24, 40, 3)


def test_exif_decides_where_xmp_disagrees():
    exif = Image.Exif()
    exif[0x0112] = 3
    data = encode(Image.new("RGB", (40, 24)), "JPEG", exif=exif, xmp=XMP)
    assert decode_photo(data, "a").pixels.shape == (24, 40, 3)
    assert load_pixels(Image.open(BytesIO(data))).pixels.shape == (24, 40, 3)


def test_the_cases_that_were_read_wrongly_are_read_right():
    if not CASES.exists():
        pytest.skip("needs ../shared/cases")
    assert read_photo(CASES / "alpha0.bmp").pixels.mean() < 240
    assert (read_photo(CASES / "rgb16-trns.png").pixels == 255).all(axis=2).any()


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_a_photo_that_is_transparent_everywhere_is_read_as_opaque_with_a_note(file_format):
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:8, :, 0] = 200
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    photo = decode_photo(encode(Image.fromarray(pixels), file_format, **options), "a")
    np.testing.assert_array_equal(photo.pixels, pixels[..., :3])
    assert photo.damage == "every pixel is transparent; its colours are read as if it were opaque"


def test_an_empty_layer_is_white_with_a_note():
    layers = [Image.new("RGBA", (16, 16)), Image.new("LA", (16, 16)), Image.new("P", (16, 16))]
    layers[2].info["transparency"] = 0
    grey = Image.fromarray(np.full((16, 16), 300, np.uint16))
    files = [encode(layer, "PNG") for layer in layers] + [encode(grey, "PNG", transparency=300)]
    for data in files:
        photo = decode_photo(data, "a")
        assert photo.pixels.min() == 255
        assert photo.damage == "every pixel is transparent: nothing can be seen"


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
@pytest.mark.parametrize(("top", "note"), [(4095, True), (60000, False)])
def test_grey_of_12_bits_saved_in_16_gets_a_note(file_format, top, note):
    grey = np.linspace(0, top, 256).astype(np.uint16).reshape(16, 16)
    damage = decode_photo(encode(Image.fromarray(grey), file_format), "a").damage
    assert damage == ("uses only 12 of 16 bits; the photo may be too dark" if note else None)


@pytest.mark.parametrize(("top", "note"), [(4095, True), (60000, False)])
def test_colours_of_12_bits_saved_in_16_get_a_note(top, note):
    colours = np.linspace(0, top, 16 * 16 * 3).astype(">u2").reshape(16, 16, 3)
    damage = decode_photo(png(colours, color=2, depth=16, extra=b"", size=16), "a").damage
    assert damage == ("uses only 12 of 16 bits; the photo may be too dark" if note else None)
