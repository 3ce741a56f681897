"""A photo's bytes or path -> upright RGB pixels.

In:    JPEG (MPO too), PNG, WebP, BMP, GIF, TIFF; HEIC with the extra `heif`
Out:   Photo(pixels, width, height, format) without EXIF or place; or BadPhoto
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
from keykind.core.quiet import unwarned
from keykind.photo.faults import COPY_AGAIN, SAVE_ANEW, too_many, undecodable, unreadable
from keykind.photo.heif import open_heif

MAX_BYTES = 256_000_000  # bytes of one file; photos of the largest phone sensors stay below 100 MB
MAX_PIXELS = 120_000_000  # pixels; phones reach 108 megapixels, and so many take 1.6 GB while decoded
MIN_SIDE = 8  # pixels; below it there is no shape to see
MAX_SCANS = 100  # passes of a progressive JPEG; encoders write about 10, a hostile file 6,000 a megabyte
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
    | {".heic", ".heif", ".hif"}
)  # file endings, lower case
RESIZE = "pillow-bilinear-antialias"  # what `resize` does, for the model's card

_SIGNATURES = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "BMP": re.compile(rb"BM"),
    "GIF": re.compile(rb"GIF8[79]a"),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
    "HEIF": re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL),
}
_PLUGINS = {"WEBP": "PIL.WebPImagePlugin", "TIFF": "PIL.TiffImagePlugin"}  # or Pillow loads all 40 (0.3 s)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF orientation -> the turn that sets it upright
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]")  # those followed by a length, and the end
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF tags
_WHITES = (1.0, 255.0, 65535.0)  # what white may be in 32-bit pictures, which do not say

# What Pillow logs reaches the caller as BadPhoto; without a handler Python would print it on stderr too.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, eq=False)  # eq: arrays have no single answer to ==
class Photo:
    """An upright photo."""

    pixels: np.ndarray  # (h, w, 3) uint8 RGB, read-only; smaller than the original if `at_least` allowed it
    width: int  # pixels of the upright original
    height: int  # pixels of the upright original
    format: str  # JPEG, MPO, PNG, WEBP, BMP, GIF, TIFF or HEIF


def read(source: Path, *, at_least: int | None = None) -> Photo:
    """Return the photo in the file `source`; `at_least` as in `decode`. Raises BadPhoto."""
    return decode(load(source), source, at_least=at_least)


def load(source: Path) -> bytes:
    """Return the bytes of the file `source`. Raises BadPhoto if it cannot be read, is empty or too long."""
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe could keep us waiting for ever
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
            raise BadPhoto(source, fault=f"is {what}, not a file", remedy="give the file of a photo")
        _check_bytes(status.st_size, source)
        return source.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise unreadable(source, error) from error


def decode(
    data: bytes, name: Path | str, *, at_least: int | None = None, most_pixels: int = MAX_PIXELS
) -> Photo:
    """Return the photo in `data`; `name` is what an error calls it.

    at_least: the shortest side needed, px. A JPEG comes at 1/2, 1/4 or 1/8 while both sides stay that long,
    the last two in a fraction of the time; other formats come in full. None: in full.
    most_pixels: a larger photo is not decoded.
    Raises BadPhoto for whatever cannot be read. Safe in threads.
    """
    if at_least is not None and at_least < 1:
        raise ValueError(f"at_least is {at_least} px, but a side has 1 or more")
    kind = _kind_of(data, name)
    try:
        with unwarned("PIL"), _open(data, kind, name, most_pixels) as image:
            return _upright(image, data, name, at_least, most_pixels)
    except BadPhoto:
        raise
    except Exception as error:  # on hostile bytes Pillow's plugins raise almost anything
        raise undecodable(data, kind, name, error, most_pixels) from error


def _kind_of(data: bytes, name: Path | str) -> str:
    """Return the format that the first bytes tell. Raises BadPhoto for none that is known."""
    _check_bytes(len(data), name)
    kind = next((kind for kind, signature in _SIGNATURES.items() if signature.match(data)), None)
    if kind is None:
        start = printable(data[:16].decode("latin-1"))
        fault = f"is not a photo keykind can read (starts with '{start}'; {len(data):,} bytes)"
        raise BadPhoto(name, fault=fault, remedy="give a JPEG, PNG, WebP, BMP, GIF, TIFF or HEIC file")
    return kind


def resize(pixels: np.ndarray, size: int) -> np.ndarray:
    """Stretch to a square, the same everywhere in keykind (see RESIZE): no crop, no padding.

    pixels (h, w, 3) uint8 -> (size, size, 3) uint8.
    """
    if pixels.shape[:2] == (size, size):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def _open(data: bytes, kind: str, name: Path | str, most_pixels: int) -> ImageFile.ImageFile:
    """Read the header, with the one decoder that the first bytes ask for, whatever the file is called."""
    if kind == "HEIF":
        return open_heif(data, name, most_pixels)
    if kind in _PLUGINS:
        import_module(_PLUGINS[kind])
    return Image.open(BytesIO(data), formats=(kind,))


def _upright(
    image: ImageFile.ImageFile, data: bytes, name: Path | str, at_least: int | None, most_pixels: int
) -> Photo:
    width, height = image.size
    _check_size(width, height, name, most_pixels)
    if image.info.get("progressive"):
        _check_scans(data, name)
    halved = at_least is not None and _draft(image, at_least)
    announced = image.size
    image.load()
    if image.size != announced:  # libheif may learn the true size only by decoding
        width, height = image.size
        _check_size(width, height, name, most_pixels)
    orientation = _orientation(image)
    rgb = _rgb(image)
    if orientation in _TURNS:
        rgb = rgb.transpose(_TURNS[orientation])
    if halved:
        rgb = rgb.reduce(2)
    if orientation >= 5:
        width, height = height, width
    return Photo(np.asarray(rgb), width, height, str(image.format))


def _draft(image: ImageFile.ImageFile, at_least: int) -> bool:
    """Ask a JPEG's decoder for a quarter or an eighth; tell whether it is to be halved once it is decoded.

    libjpeg makes halves without the smoothing of colours that it gives to the whole, and browsers decode the
    whole: so that both see the same pixels, halves are means of the whole's.
    """
    halved = image.format in ("JPEG", "MPO") and 2 <= min(image.size) // at_least < 4
    if not halved:
        image.draft(None, (at_least, at_least))
    return halved


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation still to be undone, 1 to 8. A broken EXIF block must not cost the photo."""
    if image.format == "HEIF":  # libheif has turned it already; its EXIF only repeats that
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)  # Pillow turns a TIFF itself and drops the tag
    except Exception:  # noqa: BLE001 - as in decode
        return 1
    return value if value in _TURNS else 1


def _rgb(image: Image.Image) -> Image.Image:
    """Return 8 bits a channel, transparency laid on white."""
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer)
        return ground
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(image: Image.Image) -> np.ndarray:
    """Scale grey (h, w) of 12, 16 or 32 bits to uint8 by value: 0 and below is black, white is 255.

    White in 32 bits is the first of _WHITES that no value exceeds, else the largest finite value.
    """
    tags = getattr(image, "tag_v2", {})
    values = np.asarray(image)
    if image.mode == "I" and tags.get(_SAMPLE_FORMAT) == (1,):
        values = values.view(np.uint32)  # Pillow has no mode for it
    if image.mode.startswith("I;16"):
        white = 2.0 ** tags.get(_BITS, (16,))[0] - 1
    else:
        top = float(np.max(values, where=np.isfinite(values), initial=0))
        white = next((white for white in _WHITES if top <= white), top)
    levels = np.nan_to_num(values.astype(np.float32), copy=False)
    np.clip(levels, 0, white, out=levels)
    levels *= 255 / white
    grey: np.ndarray = (levels + 0.5).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == 0:  # in this picture 0 is white
        grey = 255 - grey
    if "transparency" in image.info:  # one value of a 16-bit PNG
        grey[values == image.info["transparency"]] = 255
    return grey


def _check_bytes(count: int, name: Path | str) -> None:
    if not count:
        raise BadPhoto(name, fault="is empty (0 bytes)", remedy=COPY_AGAIN)
    if count > MAX_BYTES:
        fault = f"has {count:,} bytes, more than the limit of {MAX_BYTES:,}"
        raise BadPhoto(name, fault=fault, remedy=SAVE_ANEW)


def _check_size(width: int, height: int, name: Path | str, most: int) -> None:
    if min(width, height) < MIN_SIDE:
        fault = f"has {width} x {height} pixels, but needs {MIN_SIDE} on each side"
        raise BadPhoto(name, fault=fault, remedy="give the original photo, not a thumbnail")
    if width * height > most:
        raise too_many(width * height, name, most, f"{width:,} x {height:,} = ")


def _check_scans(data: bytes, name: Path | str) -> None:
    """Refuse a small progressive JPEG that takes hours: each scan can cost as much as a whole picture."""
    scans, place = 0, 2
    while scans <= MAX_SCANS and (marker := _JPEG_MARKER.search(data, place)) and marker[0] != _JPEG_END:
        scans += marker[0] == _JPEG_SCAN
        place = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    if scans > MAX_SCANS:
        raise BadPhoto(name, fault=f"is a JPEG of more than {MAX_SCANS} scans", remedy=SAVE_ANEW)
