"""Anything that can be given as a photo -> its name and its pixels.

In:    files and addresses, bytes, arrays (h, w, 3) uint8, PIL images
Out:   Photo
Needs: numpy, pillow; for addresses fsspec [scale]
"""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadPhoto, printable
from keykind.core.files import file_mode
from keykind.photo import decode, storage
from keykind.photo.colours import TRANSPOSES, load_without_xmp, orientation
from keykind.photo.decode import MAX_PIXELS, Photo
from keykind.photo.reductions import Reductions
from keykind.photo.storage import Address

UNNAMED = "photo"  # in results and errors, the name of a photo without a name
PNG_MODES = ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA")  # PIL modes that PNG stores losslessly

Content = bytes | NDArray[np.uint8] | Image.Image


@dataclass(frozen=True, slots=True, eq=False)
class NamedPhoto:
    """A photo that is not a file on this disk, with its name in results and errors."""

    name: str
    content: Content
    max_pixels: int = MAX_PIXELS  # applies to bytes; a larger photo is not decoded


# Anything that can be given as a photo. A BadPhoto stands for one that failed before it could be read.
Source = Path | str | Address | Content | NamedPhoto | BadPhoto


def name_of(source: Source) -> str:
    """Return the name of a photo in results and errors."""
    match source:
        case Path() | str() | Address():
            return printable(str(source))
        case NamedPhoto():
            return printable(source.name)
        case BadPhoto():
            return source.subject
    return UNNAMED


def prefetch(source: Source) -> Source:
    """Return the photo; if it is a file on this disk, the system begins to read it in the background."""
    if isinstance(source, str | Path) and stat.S_ISREG(file_mode(source)) and hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # it is reported when the photo is read
            descriptor = os.open(source, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(descriptor)
    return source


def fetch(source: Source) -> Source:
    """Return the photo; a remote one is downloaded, since it may be decoded twice. Raises BadPhoto."""
    return NamedPhoto(name_of(source), _download(source)) if isinstance(source, Address) else source


def load_pixels(source: Source, *, min_side: int | None = None) -> Photo:
    """Return a photo's upright pixels; `min_side` as in decode.decode_photo. Raises BadPhoto."""
    name = name_of(source)
    max_pixels = source.max_pixels if isinstance(source, NamedPhoto) else MAX_PIXELS
    match source.content if isinstance(source, NamedPhoto) else source:
        case Path() | str() as path:
            return decode.read_photo(path, min_side=min_side)
        case Address() as address:
            return decode.decode_photo(_download(address), name, min_side=min_side)
        case bytes() as data:
            return decode.decode_photo(data, name, min_side=min_side, max_pixels=max_pixels)
        case np.ndarray() as array:
            return _from_array(array, name)
        case Image.Image() as image:
            return _from_image(image, name)
        case BadPhoto() as error:
            raise error
        case other:
            remedy = "give a path, bytes, an array or a PIL image"
            raise BadPhoto(name, fault=f"is an object of type {type(other).__name__}", remedy=remedy)


def _download(address: Address) -> bytes:
    return storage.read_address(address, decode.MAX_BYTES)


def _from_array(array: NDArray[Any], name: str) -> Photo:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        fault = f"is an array {array.shape} of {array.dtype}, not (height, width, 3) of uint8"
        raise BadPhoto(name, fault=fault, remedy="give RGB values from 0 to 255")
    height, width = array.shape[:2]
    if min(height, width) < decode.MIN_SIDE:
        fault = f"has {width} x {height} pixels, but needs at least {decode.MIN_SIDE} on each side"
        raise BadPhoto(name, fault=fault, remedy="give the whole photo")
    return Photo(Reductions(np.ascontiguousarray(array)), width, height, "array")


def _from_image(image: Image.Image, name: str) -> Photo:
    """Return the photo, decoded via PNG so that transparency, 16 bits and limits are handled as for files."""
    buffer = BytesIO()
    try:
        load_without_xmp(image)
        turned = TRANSPOSES.get(orientation(image))
        upright = image if turned is None else image.transpose(turned)
        if upright.mode == "RGB" and not upright.has_transparency_data:
            return _from_array(np.asarray(upright), name)
        upright = upright if upright.mode in PNG_MODES else upright.convert("RGB")
        upright.save(buffer, "PNG", compress_level=0)
    except BadPhoto:
        raise
    except Exception as error:  # PIL may only read the file now, and raises almost anything
        fault = f"cannot be read as an image ({str(error).partition(chr(10))[0][:100]})"
        raise BadPhoto(name, fault=fault, remedy="give its file instead") from error
    return decode.decode_photo(buffer.getvalue(), name)
