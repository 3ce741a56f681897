"""The bytes of a HEIC photo -> a PIL image.

In:    bytes; the photo's name for errors; the maximum number of pixels
Out:   the image, not yet decoded
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
from keykind.photo.faults import too_many_pixels

_SIZE = re.compile(rb"ispe.{4}(.{4})(.{4})", re.DOTALL)  # width and height


def open_heif(data: bytes, name: str | Path, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header. Raises BadPhoto if pi_heif is missing or the limit is exceeded, and pi_heif's errors.

    The limit applies to what is decoded: the visible image may be a small crop of it (`clap`).
    """
    try:
        plugin: Any = import_module("pi_heif")
    except ImportError as error:
        fault = "is a HEIC photo and needs pi_heif, which is not installed"
        remedy = "run: pip install 'keykind[heif]', or save the photo as JPEG"
        raise BadPhoto(name, fault=fault, remedy=remedy) from error
    boxes = list(_without_metadata(data))
    for size in (size for box in boxes if box[4:8] != b"mdat" for size in _SIZE.finditer(box)):
        pixels = int.from_bytes(size[1], "big") * int.from_bytes(size[2], "big")
        if pixels > max_pixels:
            raise too_many_pixels(pixels, name, max_pixels)
    image: ImageFile.ImageFile = plugin.HeifImageFile(BytesIO(b"".join(boxes)))
    return image


def _without_metadata(data: bytes) -> Iterator[bytes]:
    """Yield a HEIF file's boxes with EXIF and XMP unlinked from the image: no `cdsc` outside the media data.

    Nothing here needs them, and pi_heif 1.4.0 crashes (segmentation fault) on damaged ones.
    """
    offset = 0
    while offset < len(data):
        size, box_type = int.from_bytes(data[offset : offset + 4], "big"), data[offset + 4 : offset + 8]
        if size == 1:  # a 64-bit size follows the box type
            size = int.from_bytes(data[offset + 8 : offset + 16], "big")
        box = data[offset : offset + max(size, 8)] if size else data[offset:]  # 0: to the end
        yield box if box_type == b"mdat" else box.replace(b"cdsc", b"free")
        offset += len(box)
