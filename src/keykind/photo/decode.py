"""A photo's path or bytes -> upright RGB pixels.

In:    JPEG (including MPO), PNG, WebP, BMP, GIF, TIFF; HEIC with the extra `heif`
Out:   Photo, without EXIF, so without its location; or BadPhoto
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
from PIL import ExifTags, Image, ImageFile

from keykind.core.errors import BadPhoto, printable
from keykind.core.quiet import suppress_warnings
from keykind.photo.faults import COPY_AGAIN, SAVE_AS_JPEG, too_many_pixels, undecodable, unreadable
from keykind.photo.heif import open_heif
from keykind.photo.reductions import Reductions

MAX_BYTES = 256_000_000  # bytes of one file; photos of the largest phone sensors stay below 100 MB
MAX_PIXELS = 120_000_000  # phones reach 108 megapixels; decoding 120 takes 1.6 GB
MAX_HALVED = 4_000_000  # pixels; JPEGs up to this size are halved after decoding, see _draft
MIN_SIDE = 8  # pixels; anything smaller shows no shape
MAX_SCANS = 100  # passes of a progressive JPEG; encoders write about 10, a hostile file 6,000 per megabyte
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
    | {".heic", ".heif", ".hif"}
)  # file extensions, lower case
RESIZE = "pillow-bilinear-antialias"  # what `resize` does, for the model card

_SIGNATURES = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "BMP": re.compile(rb"BM"),
    "GIF": re.compile(rb"GIF8[79]a"),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
    "HEIF": re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL),
}
_PLUGINS = {"WEBP": "PIL.WebPImagePlugin", "TIFF": "PIL.TiffImagePlugin"}  # else Pillow loads all 40 (0.3 s)
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF orientation -> the operation that makes the photo upright
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]")  # those followed by a length, and end of image
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF tags
_WHITE_LEVELS = (1.0, 255.0, 65535.0)  # candidates for white in 32-bit images, which do not declare it

# What Pillow logs is reported as a BadPhoto; without a handler Python would also print it to stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to a single bool
class Photo:
    """An upright photo."""

    reductions: Reductions  # of the decoded image, RGB; smaller than the original if `min_side` allows
    width: int  # pixels of the upright original
    height: int  # pixels of the upright original
    format: str  # JPEG, MPO, PNG, WEBP, BMP, GIF, TIFF or HEIF

    @property
    def pixels(self) -> np.ndarray:
        """The decoded image (h, w, 3) uint8, read-only."""
        return self.reductions.pixels

    @property
    def scale(self) -> float:
        """Decoded pixels per pixel of the original, at most 1."""
        return self.reductions.size[0] / self.width


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
    file_format = _detect_format(data, name)
    try:
        with suppress_warnings("PIL"), _open(data, file_format, name, max_pixels) as image:
            return _load_upright(image, data, name, min_side, max_pixels)
    except BadPhoto:
        raise
    except Exception as error:  # on hostile bytes Pillow's plugins raise almost anything
        raise undecodable(data, file_format, name, error, max_pixels) from error


def _detect_format(data: bytes, name: str | Path) -> str:
    """Return the format that the first bytes indicate. Raises BadPhoto if it is not supported."""
    _check_bytes(len(data), name)
    matching = (file_format for file_format, start in _SIGNATURES.items() if start.match(data))
    file_format = next(matching, None)
    if file_format is None:
        start = printable(data[:16].decode("latin-1"))
        fault = f"is not a photo keykind can read (starts with '{start}'; {len(data):,} bytes)"
        raise BadPhoto(name, fault=fault, remedy="give a JPEG, PNG, WebP, BMP, GIF, TIFF or HEIC file")
    return file_format


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
    image.load()
    if image.size != declared:  # libheif may know the true size only after decoding
        width, height = image.size
        _check_size(width, height, name, max_pixels)
    orientation = _orientation(image)
    rgb = _to_rgb(image)
    if orientation in _TRANSPOSES:
        rgb = rgb.transpose(_TRANSPOSES[orientation])
    if halve:
        rgb = rgb.reduce(2)
    if orientation >= 5:
        width, height = height, width
    rgb = rgb.copy() if rgb is image else rgb  # the file's object holds all of its metadata
    rgb.info = {}
    return Photo(Reductions(rgb), width, height, str(image.format))


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


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation still to be undone, 1 to 8; 1 if the EXIF block is broken."""
    if image.format == "HEIF":  # libheif has already applied it
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)  # a TIFF is rotated by Pillow, without the tag
    except Exception:  # noqa: BLE001 - as in decode_photo
        return 1
    return value if value in _TRANSPOSES else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert to 8 bits per channel, transparency composited on white."""
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_to_uint8(image)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        background = Image.new("RGB", layer.size, "white")
        background.paste(layer, mask=layer)
        return background
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_uint8(image: Image.Image) -> np.ndarray:
    """Scale grey (h, w) of 12, 16 or 32 bits linearly to uint8: 0 and below become 0, white becomes 255.

    White in 32 bits is the first of _WHITE_LEVELS that no value exceeds, else the largest finite value.
    """
    tags = getattr(image, "tag_v2", {})
    values = np.asarray(image)
    if image.mode == "I" and tags.get(_SAMPLE_FORMAT) == (1,):
        values = values.view(np.uint32)  # Pillow has no mode for it
    if image.mode.startswith("I;16"):
        white = 2.0 ** tags.get(_BITS, (16,))[0] - 1
    else:
        top = float(np.max(values, where=np.isfinite(values), initial=0))
        white = next((white for white in _WHITE_LEVELS if top <= white), top)
    levels = np.nan_to_num(values.astype(np.float32), copy=False)
    np.clip(levels, 0, white, out=levels)
    levels *= 255 / white
    grey: np.ndarray = (levels + 0.5).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == 0:  # WhiteIsZero
        grey = 255 - grey
    if "transparency" in image.info:  # the transparent value of a 16-bit PNG
        grey[values == image.info["transparency"]] = 255
    return grey


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
