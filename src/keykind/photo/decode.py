"""A photo's path or bytes -> upright RGB pixels.

In:    JPEG (including MPO), PNG, WebP, BMP, GIF, TIFF, AVIF, JPEG 2000; HEIC with the extra `heif`
Out:   Photo, without EXIF, so without its location, and with a note if data is lost; its Header; or BadPhoto
Needs: numpy, pillow; for HEIC pi_heif [heif]
"""

import logging
import re
import stat
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile

from keykind.core.errors import BadPhoto
from keykind.core.quiet import suppress_warnings
from keykind.photo import formats
from keykind.photo.checksums import damage_of
from keykind.photo.colours import TRANSPOSES, load_without_xmp, note_raw_mode, orientation, to_rgb
from keykind.photo.faults import COPY_AGAIN, SAVE_AS_JPEG, too_many_pixels, undecodable, unreadable
from keykind.photo.heif import open_heif
from keykind.photo.jpeg import load_jpeg
from keykind.photo.reductions import Reductions

MAX_BYTES = 256_000_000  # bytes of one file; photos of the largest phone sensors stay below 100 MB
MAX_PIXELS = 120_000_000  # phones reach 108 megapixels; decoding 120 takes 1.6 GB
MAX_HALVED = 4_000_000  # pixels; JPEGs up to this size are halved after decoding, see _draft
MIN_SIDE = 8  # pixels; anything smaller shows no shape
MAX_SCANS = 100  # passes of a progressive JPEG; encoders write about 10, a hostile file 6,000 per megabyte
SUFFIXES = formats.SUFFIXES
RESIZE = "pillow-bilinear-antialias"  # what `resize` does, for the model card

_PLUGINS = {
    "WEBP": "PIL.WebPImagePlugin",
    "TIFF": "PIL.TiffImagePlugin",
    "AVIF": "PIL.AvifImagePlugin",
    "JPEG2000": "PIL.Jpeg2KImagePlugin",
}  # else Pillow loads all 40 (0.3 s)
_SIZE_WHEN_DECODED = ("HEIF", "TIFF")
_FIRST_TRANSPOSED = 5  # of the EXIF orientations that exchange width and height
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]")  # those followed by a length, and end of image
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"

# What Pillow logs is reported as a BadPhoto; without a handler Python would also print it to stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to a single bool
class Photo:
    """An upright photo."""

    reductions: Reductions  # of the decoded image, RGB; smaller than the original if `min_side` allows
    width: int  # pixels of the upright original
    height: int  # pixels of the upright original
    format: str  # JPEG, MPO, PNG, WEBP, BMP, GIF, TIFF, HEIF, AVIF or JPEG2000
    damage: str | None = None  # what is wrong with its data, as a phrase; None: nothing

    @property
    def pixels(self) -> np.ndarray:
        """The decoded image (h, w, 3) uint8, read-only."""
        return self.reductions.pixels

    @property
    def scale(self) -> float:
        """Decoded pixels per pixel of the original, at most 1."""
        return self.reductions.size[0] / self.width


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a photo before its pixels are decoded."""

    width: int  # pixels of the upright original
    height: int  # pixels of the upright original
    format: str  # as of a Photo
    turned: bool  # whether the stored pixels are not upright, or only some programs show them so


def read_header(path: str | Path) -> Header:
    """Return size and format of the photo in a file. Raises BadPhoto if the header cannot be read.

    HEIC and TIFF are decoded, because their size may be known only then. Thread-safe.
    """
    data = read_bytes(path)
    file_format = formats.detect_format(data, path)
    if file_format in _SIZE_WHEN_DECODED:
        photo = decode_photo(data, path)
        return Header(photo.width, photo.height, photo.format, turned=True)
    try:
        with suppress_warnings("PIL"), _open(data, file_format, path, MAX_PIXELS) as image:
            width, height = image.size
            _check_size(width, height, path, MAX_PIXELS)
            turned = orientation(image)
            size = (height, width) if turned >= _FIRST_TRANSPOSED else (width, height)
            return Header(*size, str(image.format), turned in TRANSPOSES)
    except BadPhoto:
        raise
    except Exception as error:  # on hostile bytes Pillow's plugins raise almost anything
        raise undecodable(data, file_format, path, error, MAX_PIXELS) from error


def read_photo(path: str | Path, *, min_side: int | None = None) -> Photo:
    """Return the photo in a file; `min_side` as in `decode_photo`. Raises BadPhoto. Thread-safe."""
    return decode_photo(read_bytes(path), path, min_side=min_side)


def read_bytes(path: str | Path) -> bytes:
    """Return the bytes of a photo's file. Raises BadPhoto if it cannot be read, is empty or too large."""
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe could block for ever
            actual = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
            raise BadPhoto(path, fault=f"is {actual}, not a file", remedy="give the file of a photo")
        _check_bytes(status.st_size, path)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise unreadable(path, error) from error


def decode_photo(
    data: bytes, name: str | Path, *, min_side: int | None = None, max_pixels: int = MAX_PIXELS
) -> Photo:
    """Return the photo in `data`; `name` identifies it in errors.

    min_side: length that the shorter side needs, px. A JPEG is decoded at 1/2, 1/4 or 1/8 scale if both sides
    keep that length (which takes a fraction of the time); other formats in full. None: in full.
    max_pixels: a larger photo is not decoded.
    Raises BadPhoto for anything that cannot be decoded. Thread-safe.
    """
    if min_side is not None and min_side < 1:
        raise ValueError(f"min_side is {min_side} px, but must be at least 1")
    _check_bytes(len(data), name)
    file_format = formats.detect_format(data, name)
    try:
        with suppress_warnings("PIL"), _open(data, file_format, name, max_pixels) as image:
            return _load_upright(image, data, name, min_side, max_pixels)
    except BadPhoto:
        raise
    except Exception as error:  # on hostile bytes Pillow's plugins raise almost anything
        raise undecodable(data, file_format, name, error, max_pixels) from error


def resize(pixels: np.ndarray, size: int) -> np.ndarray:
    """Return pixels stretched to a square, without cropping or padding (see RESIZE).

    pixels (h, w, 3) uint8 -> (size, size, 3) uint8.
    """
    if pixels.shape[:2] == (size, size):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def _open(data: bytes, file_format: str, name: str | Path, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header with the decoder of the detected format, whatever the file's extension."""
    if file_format == "HEIF":
        return open_heif(data, name, max_pixels)
    if file_format in _PLUGINS:
        import_module(_PLUGINS[file_format])
    return Image.open(BytesIO(data), formats=(file_format,))


def _load_upright(
    image: ImageFile.ImageFile, data: bytes, name: str | Path, min_side: int | None, max_pixels: int
) -> Photo:
    width, height = image.size
    _check_size(width, height, name, max_pixels)
    if image.info.get("progressive"):
        _check_scans(data, name)
    halve = min_side is not None and _draft(image, min_side)
    declared = image.size
    damage = _load(image, data)
    if image.size != declared:  # libheif may know the true size only after decoding
        width, height = image.size
        _check_size(width, height, name, max_pixels)
    turned = orientation(image)
    rgb, note = to_rgb(image, data)
    damage = "; ".join(filter(None, (damage, note))) or None
    if turned in TRANSPOSES:
        rgb = rgb.transpose(TRANSPOSES[turned])
    if halve:
        rgb = rgb.reduce(2)
    if turned >= _FIRST_TRANSPOSED:
        width, height = height, width
    rgb = rgb.copy() if rgb is image else rgb  # the file's object holds all of its metadata
    rgb.info = {}
    return Photo(Reductions(rgb), width, height, str(image.format), damage)


def _load(image: ImageFile.ImageFile, data: bytes) -> str | None:
    """Decode the pixels; return a note on lost data, None if there is none."""
    if image.format in ("JPEG", "MPO"):
        return load_jpeg(image, data)
    note_raw_mode(image)
    load_without_xmp(image)
    return damage_of(str(image.format), data)


def _draft(image: ImageFile.ImageFile, min_side: int) -> bool:
    """Set a JPEG's decoder to a reduced scale; return whether to halve the photo after decoding instead.

    At 1/2 scale libjpeg skips the chroma smoothing that it applies at full scale. Browsers decode at full
    scale, so halving the full image gives the same pixels as in the app. Of a large photo, that would take
    more than twice the time, and few pixels would differ by more than a level.
    """
    width, height = image.size
    is_half = image.format in ("JPEG", "MPO") and 2 <= min(width, height) // min_side < 4
    halve = is_half and width * height <= MAX_HALVED
    if not halve:
        image.draft(None, (min_side, min_side))
    return halve


def _check_bytes(count: int, name: str | Path) -> None:
    if not count:
        raise BadPhoto(name, fault="is empty (0 bytes)", remedy=COPY_AGAIN)
    if count > MAX_BYTES:
        fault = f"has {count:,} bytes, more than the limit of {MAX_BYTES:,}"
        raise BadPhoto(name, fault=fault, remedy=SAVE_AS_JPEG)


def _check_size(width: int, height: int, name: str | Path, max_pixels: int) -> None:
    if min(width, height) < MIN_SIDE:
        fault = f"has {width} x {height} pixels, but needs at least {MIN_SIDE} on each side"
        raise BadPhoto(name, fault=fault, remedy="give the whole photo in its original size")
    if width * height > max_pixels:
        raise too_many_pixels(width * height, name, max_pixels, f"{width:,} x {height:,} = ")


def _check_scans(data: bytes, name: str | Path) -> None:
    """Reject a small progressive JPEG that would take hours: each scan can cost as much as a whole image."""
    scans, offset = 0, 2
    while scans <= MAX_SCANS and (marker := _JPEG_MARKER.search(data, offset)) and marker[0] != _JPEG_END:
        scans += marker[0] == _JPEG_SCAN
        offset = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    if scans > MAX_SCANS:
        raise BadPhoto(name, fault=f"is a JPEG with more than {MAX_SCANS} scans", remedy=SAVE_AS_JPEG)
