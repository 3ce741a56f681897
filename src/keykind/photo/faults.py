"""Errors of the system and of Pillow -> BadPhoto with numbers and a remedy.

In:    the exception; the photo's name and bytes
Out:   BadPhoto, to be raised by the caller
Needs: pillow
"""

import errno
import os
import re
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from keykind.core.errors import BadPhoto, Unreachable, printable

SAVE_AS_JPEG = "open it in an image editor and save it as JPEG"
COPY_AGAIN = "copy the file again from its source"
_NO_PERMISSION = ("cannot be read (permission denied)", "change its permissions")
_OS_FAULTS = {
    errno.ENOENT: ("does not exist", "check the name and the folder"),
    errno.ENOTDIR: ("is inside something that is not a folder", "check the name and the folder"),
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.ELOOP: ("is part of a loop of symbolic links", "point the link at the photo"),
}


def too_many_pixels(pixels: int, name: str | Path, max_pixels: int, sides: str = "") -> BadPhoto:
    """Return the error for a photo with too many pixels; sides: its width and height as text, if known."""
    fault = f"has {sides}{pixels / 1e6:,.1f} megapixels, more than the limit of {max_pixels / 1e6:.0f}"
    return BadPhoto(name, fault=fault, remedy="save it smaller")


def unreadable(path: Path, error: OSError | ValueError) -> BadPhoto:
    """Return the error for a file that the system could not read."""
    code = error.errno if isinstance(error, OSError) else None
    fault, remedy = _OS_FAULTS.get(code or 0, (f"cannot be read ({_first_line(error)})", COPY_AGAIN))
    if code == errno.ENAMETOOLONG:
        fault = f"has a path of {len(os.fsencode(path)):,} bytes, too long for this system"
        remedy = "shorten its name"
    return Unreachable(path, fault=fault, remedy=remedy)


def undecodable(
    data: bytes, file_format: str, name: str | Path, error: Exception, max_pixels: int
) -> BadPhoto:
    """Return the error for a photo that Pillow could not decode, as specific as its bytes allow.

    file_format: as detected; max_pixels: the limit in force.
    """
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\d+", str(error))
        return too_many_pixels(int(pixels[0]) if pixels else 2 * max_pixels, name, max_pixels)
    actual, declared = len(data), 0  # bytes
    if file_format == "WEBP":
        declared = int.from_bytes(data[4:8], "little") + 8
    if file_format == "BMP":
        declared = int.from_bytes(data[2:6], "little")
    remedy = f"{COPY_AGAIN}, or {SAVE_AS_JPEG}"
    if isinstance(error, MemoryError):
        fault, remedy = (
            f"needs more memory than is free ({actual:,} bytes of {file_format})",
            "save it smaller",
        )
    elif actual < declared:
        fault = f"ends after {actual:,} of {declared:,} bytes"
    elif re.search("truncated|end of file", str(error), re.IGNORECASE):
        fault = f"is cut off: its {actual:,} bytes end before the {file_format} image does"
    elif isinstance(error, UnidentifiedImageError):
        fault = f"starts like {file_format}, but its header is damaged or cut off ({actual:,} bytes)"
    else:
        fault = f"cannot be decoded as {file_format} ({_first_line(error)}; {actual:,} bytes)"
    return BadPhoto(name, fault=fault, remedy=remedy)


def _first_line(error: Exception) -> str:
    return printable((str(error) or type(error).__name__).splitlines()[0])[:100]
