"""What went wrong with a photo -> what its user is told.

In:    the errors of the system and of Pillow; the bytes
Out:   BadPhoto
Needs: pillow
"""

import errno
import os
import re
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from keykind.core.errors import BadPhoto, Unreachable, printable

SAVE_ANEW = "open it in a photo program and save it as JPEG"
COPY_AGAIN = "copy the file again from where it came"
_NO_RIGHT = ("may not be read by you (no permission)", "give yourself the right to read it")
_TROUBLES = {
    errno.ENOENT: ("does not exist", "check the name and the folder"),
    errno.ENOTDIR: ("lies below something that is not a folder", "check the name and the folder"),
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.ELOOP: ("is a symbolic link that leads in a circle", "point the link at the photo"),
}


def too_many(pixels: int, name: Path | str, most: int, sides: str = "") -> BadPhoto:
    """Return the fault of a photo of so many pixels; sides: the same as width x height."""
    fault = f"has {sides}{pixels / 1e6:,.1f} megapixels, more than the limit of {most / 1e6:.0f}"
    return BadPhoto(name, fault=fault, remedy="save it smaller")


def unreadable(source: Path, error: OSError | ValueError) -> BadPhoto:
    """Return the fault of a file that the system gave up on."""
    number = error.errno if isinstance(error, OSError) else None
    fault, remedy = _TROUBLES.get(number or 0, (f"cannot be read ({_first_line(error)})", COPY_AGAIN))
    if number == errno.ENAMETOOLONG:
        fault = f"has a path of {len(os.fsencode(source)):,} bytes, too long for this system"
        remedy = "shorten its name"
    return Unreachable(source, fault=fault, remedy=remedy)


def undecodable(data: bytes, kind: str, name: Path | str, error: Exception, most: int) -> BadPhoto:
    """Return the fault of a photo that Pillow gave up on, as exactly as its bytes allow.

    kind: its format; most: pixels that a photo may have.
    """
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\d+", str(error))
        return too_many(int(pixels[0]) if pixels else 2 * most, name, most)
    count, declared = len(data), 0  # bytes
    if kind == "WEBP":
        declared = int.from_bytes(data[4:8], "little") + 8
    if kind == "BMP":
        declared = int.from_bytes(data[2:6], "little")
    remedy = f"{COPY_AGAIN}, or {SAVE_ANEW}"
    if isinstance(error, MemoryError):
        fault, remedy = f"needs more memory than is free ({count:,} bytes of {kind})", "save it smaller"
    elif count < declared:
        fault = f"ends after {count:,} of {declared:,} bytes"
    elif re.search("truncated|end of file", str(error), re.IGNORECASE):
        fault = f"is cut off: its {count:,} bytes end before the {kind} picture does"
    elif isinstance(error, UnidentifiedImageError):
        fault = f"starts like {kind}, but its header is damaged or cut off ({count:,} bytes)"
    else:
        fault = f"cannot be decoded as {kind} ({_first_line(error)}; {count:,} bytes)"
    return BadPhoto(name, fault=fault, remedy=remedy)


def _first_line(error: Exception) -> str:
    return printable((str(error) or type(error).__name__).splitlines()[0])[:100]
