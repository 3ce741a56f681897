"""The bytes of a HEIC photo -> a PIL image.

In:    bytes; the name of the photo for the error; how many pixels it may have
Out:   the image, its pixels not decoded yet
Needs: pillow, pi_heif [heif]
"""

import re
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import ImageFile

from keykind.core.errors import BadPhoto
from keykind.photo.faults import too_many

_SIZE = re.compile(rb"ispe.{4}(.{4})(.{4})", re.DOTALL)  # width and height


def open_heif(data: bytes, name: Path | str, most_pixels: int) -> ImageFile.ImageFile:
    """Read the header. Raises BadPhoto without pi_heif and for more pixels, and whatever pi_heif does.

    What is decoded counts: the picture may be a small part of it (`clap`).
    """
    try:
        plugin: Any = import_module("pi_heif")
    except ImportError as error:
        fault = "is a HEIC photo, which needs pi_heif, which is not installed"
        remedy = "run: pip install 'keykind[heif]', or save the photo as JPEG"
        raise BadPhoto(name, fault=fault, remedy=remedy) from error
    boxes = list(_without_metadata(data))
    for size in (size for box in boxes if box[4:8] != b"mdat" for size in _SIZE.finditer(box)):
        pixels = int.from_bytes(size[1], "big") * int.from_bytes(size[2], "big")
        if pixels > most_pixels:
            raise too_many(pixels, name, most_pixels)
    image: ImageFile.ImageFile = plugin.HeifImageFile(BytesIO(b"".join(boxes)))
    return image


def _without_metadata(data: bytes) -> Iterator[bytes]:
    """Untie EXIF and XMP from the picture in a HEIF file: the links (`cdsc`) outside of its media data.

    Nothing here needs them, and pi_heif 1.4.0 ends the process (segmentation fault) on damaged ones.
    """
    place = 0
    while place < len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if size == 1:  # the size has eight bytes and stands behind the kind
            size = int.from_bytes(data[place + 8 : place + 16], "big")
        box = data[place : place + max(size, 8)] if size else data[place:]  # 0: to the end
        yield box if kind == b"mdat" else box.replace(b"cdsc", b"free")
        place += len(box)
