"""The first bytes of a file -> its format; the photos of a folder.

In:    bytes; the path of a file
Out:   the format, or BadPhoto for a raw photo of a camera and for what is no photo; whether a file is a photo
Needs: nothing beyond Python
"""

import re
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

from keykind.core.errors import BadPhoto, printable
from keykind.core.files import file_mode
from keykind.photo.other_files import GIVE_A_PHOTO, other_file

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
    | {".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jpx", ".jpf", ".jpc", ".j2c"}
)  # file extensions, lower case
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".3gp", ".wmv", ".mts", ".m2ts"}
)  # of `keykind.video`; in folders of photos they are passed over
HEAD = 64  # bytes that identify any of the formats
MAX_TAGS = 1000  # entries of a TIFF directory that are read; cameras write fewer than 100
MAX_PAGES = 100  # directories of a TIFF in which a full-size image is looked for

_SIGNATURES = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "BMP": re.compile(rb"BM"),
    "GIF": re.compile(rb"GIF8[79]a"),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
    "AVIF": re.compile(rb"....ftyp(avi[fs]|(mif1|msf1).{4}(....)*?avi[fs])", re.DOTALL),
    "HEIF": re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL),
    "JPEG2000": re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
}
_RAW_SIGNATURES = re.compile(  # those that are not TIFF
    rb"II[RU][OS\0]|MMOR|FUJIFILMCCD-RAW|....ftypcrx |FOVb|\0MRM|II\x1a\0\0\0HEAPCCDR", re.DOTALL
)  # Olympus, Panasonic, Olympus, Fujifilm, Canon CR3, Sigma, Minolta, Canon CRW
_CANON_CR2 = b"CR\2"  # at byte 8 of a TIFF
_BIG_TIFF = (b"+\0", b"\0+")  # bytes 2 and 3
_SUBFILE_TYPE, _PHOTOMETRIC, _SUB_IMAGES, _DNG_VERSION = 254, 262, 330, 50706  # TIFF tags
_REDUCED = 1  # bit of _SUBFILE_TYPE: a smaller version of another image of the file
_SENSOR_DATA = (32803, 34892)  # values of _PHOTOMETRIC: colour filter array, linear raw


def detect_format(data: bytes, name: str | Path) -> str:
    """Return the format that the first bytes indicate. Raises BadPhoto if it is not supported."""
    head = data[:HEAD]
    if _is_raw(data):
        fault = "is a raw photo of a camera, in which only a small preview is a picture"
        remedy = "export it as JPEG in the camera's or your photo program, and give that"
        raise BadPhoto(name, fault=fault, remedy=remedy)
    file_format = _match(head)
    if file_format == "TIFF" and _is_preview(data):
        fault = "is a TIFF with nothing but a small preview of a photo, perhaps of a raw photo"
        raise BadPhoto(name, fault=fault, remedy="export the whole photo as JPEG, and give that")
    if file_format is None and not data.strip(b"\0"):
        size = f"{len(data):,} byte{'s' * (len(data) != 1)}"
        fault = f"holds nothing but zeros ({size}): its content was never written"
        raise BadPhoto(
            name, fault=fault, remedy="copy it again, or open it once where it is kept in the cloud"
        )
    if file_format is None:
        start = printable(data[:16].decode("latin-1"))
        size = f"{len(data):,} byte{'s' * (len(data) != 1)}"
        what, remedy = other_file(data) or ("", GIVE_A_PHOTO)
        actual = f", but {what}" if what else ""
        fault = f"is not a photo keykind can read{actual} (starts with '{start}'; {size})"
        raise BadPhoto(name, fault=fault, remedy=remedy)
    return file_format


def is_photo_file(path: Path) -> bool:
    """Return whether a file of a folder is to be read as a photo.

    True if it has a photo's extension; a file on this disk without an extension is opened, and its first
    bytes decide. "IMG.0001", "St. Peter 1" and "photo.backup-2" have none.
    """
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return True
    return not _is_extension(suffix) and stat.S_ISREG(file_mode(path)) and _starts_like_photo(path)


def _is_extension(suffix: str) -> bool:
    """Return whether a suffix is a file extension: a dot, then letters and digits, not digits only."""
    return len(suffix) > 1 and suffix[1:].replace("_", "").isalnum() and not suffix[1:].isdigit()


def _starts_like_photo(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    return _match(head) not in (None, "BMP") or (head[:2] == b"BM" and head[6:10] == bytes(4))


def _match(head: bytes) -> str | None:
    return next((name for name, start in _SIGNATURES.items() if start.match(head)), None)


def _is_raw(data: bytes) -> bool:
    """Return whether a file holds a camera's sensor data; a preview is the first image of many of these."""
    if _RAW_SIGNATURES.match(data):
        return True
    if not _SIGNATURES["TIFF"].match(data) or data[2:4] in _BIG_TIFF:  # no camera writes that
        return False
    tags = next(_directories(data), {})
    if data[8:11] == _CANON_CR2 or _DNG_VERSION in tags or tags.get(_PHOTOMETRIC) in _SENSOR_DATA:
        return True
    return bool(tags.get(_SUBFILE_TYPE, 0) & _REDUCED) and _SUB_IMAGES in tags


def _is_preview(data: bytes) -> bool:
    """Return whether every image of a TIFF is a smaller version of another, which the file lacks."""
    if data[2:4] in _BIG_TIFF:
        return False
    pages = [tags.get(_SUBFILE_TYPE, 0) & _REDUCED for tags in islice(_directories(data), MAX_PAGES)]
    return bool(pages) and all(pages)


def _directories(data: bytes) -> Iterator[dict[int, int]]:
    """Yield tags and values of a TIFF's directories, one for each page; of a long value, its first bytes."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"

    def number(start: int, size: int) -> int:
        return int.from_bytes(data[start : start + size], order)

    directory, visited = number(4, 4), set[int]()
    while directory and directory + 2 <= len(data) and directory not in visited:
        visited.add(directory)
        count, tags = number(directory, 2), {}
        for entry in range(directory + 2, directory + 2 + 12 * min(count, MAX_TAGS), 12):
            is_short = number(entry + 2, 2) == 3  # 16 bits, in the first half of the value's field
            tags[number(entry, 2)] = number(entry + 8, 2 if is_short else 4)
        yield tags
        directory = number(directory + 2 + 12 * count, 4)
