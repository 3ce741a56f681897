"""The bytes of a HEIC photo -> a PIL image.

In:    bytes; the name of the photo for the error
Out:   the image, its pixels not decoded yet
Needs: pillow, pi_heif [heif]
"""

from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import ImageFile

from keykind.errors import BadPhoto


def open_heif(data: bytes, name: Path | str) -> ImageFile.ImageFile:
    """Read the header. Raises BadPhoto without pi_heif, and whatever that raises on bad bytes."""
    try:
        plugin: Any = import_module("pi_heif")
    except ImportError as error:
        fault = "is a HEIC photo, which needs pi_heif, which is not installed"
        remedy = "run: pip install 'keykind[heif]', or save the photo as JPEG"
        raise BadPhoto(name, fault=fault, remedy=remedy) from error
    image: ImageFile.ImageFile = plugin.HeifImageFile(BytesIO(_without_metadata(data)))
    return image


def _without_metadata(data: bytes) -> bytes:
    """Untie EXIF and XMP from the picture in a HEIF file: the links (`cdsc`) outside of its media data.

    Nothing here needs them, and pi_heif 1.4.0 ends the process (segmentation fault) on damaged ones.
    """
    parts, place = [], 0
    while place < len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if size == 1:  # the size has eight bytes and stands behind the kind
            size = int.from_bytes(data[place + 8 : place + 16], "big")
        box = data[place : place + max(size, 8)] if size else data[place:]  # 0: to the end
        parts.append(box if kind == b"mdat" else box.replace(b"cdsc", b"free"))
        place += len(box)
    return b"".join(parts)
