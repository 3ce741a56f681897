"""Tests of photo/formats.py: what a file is, by its first bytes."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.photo.decode import decode_photo
from keykind.photo.formats import detect_format, is_photo_file
from keykind.photo.inputs import iter_photos


def encode(file_format: str, size: tuple[int, int] = (32, 24)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, "red").save(buffer, file_format)
    return buffer.getvalue()


def tiff(tags: dict[int, int], order: str = "<", after: bytes = b"") -> bytes:
    """Return a TIFF's header and first directory with 32-bit values."""
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 16) + after.ljust(8, b"\0")
    return start + struct.pack(f"{order}H", len(tags)) + entries + bytes(4)


RAWS = {
    "DNG": tiff({254: 1, 256: 160, 257: 120, 50706: 0x01040000}),
    "DNG, big-endian": tiff({254: 1, 256: 160, 50706: 0x01040000}, ">"),
    "NEF, ARW: a preview, and the rest in sub-images": tiff({254: 1, 256: 160, 330: 4000}),
    "PEF: a colour filter array": tiff({256: 4000, 262: 32803}),
    "CR2": tiff({256: 4000, 262: 6}, after=b"CR\2\0"),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    "RAF": b"FUJIFILMCCD-RAW 0201" + bytes(20),
    "ORF": b"IIRO\x08\0\0\0" + bytes(20),
    "RW2": b"IIU\0\x18\0\0\0" + bytes(20),
    "X3F": b"FOVb" + bytes(20),
    "MRW": b"\0MRM" + bytes(20),
    "CRW": b"II\x1a\0\0\0HEAPCCDR" + bytes(20),
}


@pytest.mark.parametrize("raw", RAWS)
def test_a_raw_photo_is_refused_with_what_to_do(raw):
    with pytest.raises(BadPhoto, match=r"is a raw photo of a camera.*export it as JPEG"):
        decode_photo(RAWS[raw], "a.tif")


def test_a_dng_is_refused_although_its_preview_can_be_decoded():
    preview = np.zeros((120, 160, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(preview).save(buffer, "TIFF", tiffinfo={254: 1, 50706: b"\1\4\0\0"})
    with pytest.raises(BadPhoto, match="raw photo"):
        decode_photo(buffer.getvalue(), "a.dng")


def test_an_ordinary_tiff_is_no_raw_photo():
    for compression in (None, "tiff_lzw", "jpeg"):
        buffer = BytesIO()
        pages = [Image.new("RGB", (32, 24), colour) for colour in ("red", "blue")]
        pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], compression=compression)
        assert decode_photo(buffer.getvalue(), "a").format == "TIFF"


@pytest.mark.parametrize(
    ("start", "file_format"),
    [
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1miafavif", "AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG2000"),
    ],
)
def test_the_brand_in_the_first_bytes_decides(start, file_format):
    assert detect_format(start.ljust(64, b"\0"), "a") == file_format


NAMES = {
    "key.JP2": True,
    "key.avif": True,
    "key": True,
    "IMG.0001": True,
    "St. Peter 1": True,
    "key.txt": False,
    "key.jpg_original": False,
    "key.part": False,
}


def test_a_folder_yields_photos_by_extension_and_those_without_one_by_their_first_bytes(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_bytes(encode("JPEG"))
    (tmp_path / "README").write_text("BMW keys")
    (tmp_path / "empty").touch()
    found = {path.name for path in iter_photos([tmp_path])}
    assert found == {name for name, is_photo in NAMES.items() if is_photo}


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000"])
def test_every_format_is_recognised_without_an_extension(tmp_path, file_format):
    (tmp_path / "photo").write_bytes(encode(file_format))
    assert is_photo_file(tmp_path / "photo")


@pytest.mark.parametrize("file_format", ["AVIF", "JPEG2000", "WEBP", "PNG", "TIFF", "GIF"])
def test_a_truncated_photo_of_any_format_is_refused(file_format):
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8))
    buffer = BytesIO()
    image.save(buffer, file_format)
    data = buffer.getvalue()
    with pytest.raises(BadPhoto):
        decode_photo(data[: len(data) * 6 // 10], "a")


def test_a_wrong_checksum_in_the_pixels_of_a_png_is_noted():
    data = bytearray(encode("PNG", (64, 64)))
    assert decode_photo(bytes(data), "a").damage is None
    at = data.index(b"IEND") - 8  # its checksum
    data[at + 2] ^= 1
    assert "the checksum of 1 of 1 blocks of pixels is wrong" in decode_photo(bytes(data), "a").damage


def test_one_byte_is_not_one_bytes():
    with pytest.raises(BadPhoto, match=r"starts with 'x'; 1 byte\)"):
        decode_photo(b"x", "a.jpg")


def test_a_file_of_zeros_is_refused_as_such():
    with pytest.raises(BadPhoto, match=r"holds nothing but zeros \(70,000 bytes\)"):
        decode_photo(bytes(70_000), "a.jpg")


@pytest.mark.parametrize("file_format", ["WEBP", "AVIF", "JPEG2000"])
def test_an_empty_sector_in_a_compressed_photo_is_noted_or_refused(file_format):
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8))
    buffer = BytesIO()
    image.save(buffer, file_format)
    data = buffer.getvalue()
    assert decode_photo(data, "a").damage is None
    at = len(data) // 2
    try:
        damage = decode_photo(data[:at] + bytes(4096) + data[at + 4096 :], "a").damage
    except BadPhoto:
        return
    assert "in a row are zero" in damage


@pytest.mark.parametrize("name", ["a.tif", "a.arw"])
def test_a_tiff_that_holds_only_a_preview_is_refused(name):
    buffer = BytesIO()
    Image.new("RGB", (160, 120), "red").save(buffer, "TIFF", tiffinfo={254: 1})
    with pytest.raises(BadPhoto, match=r"nothing but a small preview.*export the whole photo"):
        decode_photo(buffer.getvalue(), name)


def test_a_preview_beside_the_whole_photo_is_no_reason_to_refuse():
    buffer = BytesIO()
    preview, whole = Image.new("RGB", (32, 24), "red"), Image.new("RGB", (64, 48), "red")
    whole.encoderinfo = {"tiffinfo": {254: 0}}
    preview.save(buffer, "TIFF", save_all=True, append_images=[whole], tiffinfo={254: 1})
    assert decode_photo(buffer.getvalue(), "a.tif").format == "TIFF"


OTHERS = {
    "a video (MP4 or QuickTime)": (b"\0\0\0\x20ftypisom\0\0\2\0", "save a frame"),
    "a video (AVI)": (b"RIFF\1\2\3\4AVI LIST", "save a frame"),
    "a video (Matroska or WebM)": (b"\x1a\x45\xdf\xa3\x9f", "save a frame"),
    "a web page": (b"\xef\xbb\xbf\n<!DOCTYPE HTML><html>", "save the photo itself"),
    "an SVG drawing": (b'<?xml version="1.0"?><!-- a --><svg>', "export it as PNG"),
    "a Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
    "a Windows shortcut": (b"L\0\0\0\1\x14\2\0\0\0", "points to"),
    "a shortcut": (b"[InternetShortcut]\r\nURL=https://a.b/c.jpg", "points to"),
    "a gzip archive": (b"\x1f\x8b\x08", "unpack it"),
    "a PDF": (b"%PDF-1.7", "as JPEG"),
    "JSON": (b'{"error": "not found"}', "say why"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_file_that_is_no_photo_is_named_with_what_to_do(what):
    data, remedy = OTHERS[what]
    with pytest.raises(BadPhoto) as caught:
        decode_photo(data.ljust(60), "a.jpg")
    assert f"is not a photo keykind can read, but {what} (starts with" in caught.value.fault
    assert remedy in caught.value.remedy
