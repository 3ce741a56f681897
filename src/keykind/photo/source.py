"""Whatever is given as a photo -> its name and its pixels.

In:    files and addresses, bytes, arrays (h, w, 3) uint8, PIL images
Out:   Photo(pixels, width, height, format)
Needs: numpy, pillow; for addresses fsspec [scale]
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from keykind.core.errors import BadPhoto, printable
from keykind.photo import decode, storage
from keykind.photo.decode import MAX_PIXELS, Photo
from keykind.photo.storage import Address

UNNAMED = "photo"  # what an answer and an error call a photo that came without a name
PNG_MODES = ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA")  # of PIL, that PNG holds without loss

Pixels = bytes | NDArray[np.uint8] | Image.Image


@dataclass(frozen=True, slots=True, eq=False)
class NamedPhoto:
    """A photo that is no file on this disk, and the name that its answer carries."""

    name: str
    photo: Pixels
    most_pixels: int = MAX_PIXELS  # of bytes; a larger photo is not read


# What can be given as a photo. A BadPhoto is one whose fault was met on the way to it.
Source = Path | str | Address | Pixels | NamedPhoto | BadPhoto


def name_of(source: Source) -> str:
    """Return what an answer calls a photo."""
    match source:
        case Path() | str() | Address():
            return printable(str(source))
        case NamedPhoto():
            return printable(source.name)
        case BadPhoto():
            return source.subject
    return UNNAMED


def fetch(source: Source) -> Source:
    """Return the photo, one from elsewhere as its bytes, for it may be decoded twice. Raises BadPhoto."""
    return NamedPhoto(name_of(source), _fetched(source)) if isinstance(source, Address) else source


def load_pixels(source: Source, *, at_least: int | None = None) -> Photo:
    """Return a photo's pixels, upright; `at_least` as in decode.decode. Raises BadPhoto."""
    name = name_of(source)
    most = source.most_pixels if isinstance(source, NamedPhoto) else MAX_PIXELS
    match source.photo if isinstance(source, NamedPhoto) else source:
        case Path() | str() as path:
            return decode.read(Path(path), at_least=at_least)
        case Address() as address:
            return decode.decode(_fetched(address), name, at_least=at_least)
        case bytes() as data:
            return decode.decode(data, name, at_least=at_least, most_pixels=most)
        case np.ndarray() as array:
            return _of_array(array, name)
        case Image.Image() as image:
            return _of_image(image, name)
        case BadPhoto() as error:
            raise error
        case other:
            raise TypeError(f"a photo is a path, bytes, an array or a PIL image, not {type(other).__name__}")


def _fetched(address: Address) -> bytes:
    return storage.read(address, decode.MAX_BYTES)


def _of_array(array: NDArray[Any], name: str) -> Photo:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        fault = f"is an array {array.shape} of {array.dtype}, not (height, width, 3) of uint8"
        raise BadPhoto(name, fault=fault, remedy="give red, green and blue as 0 to 255")
    height, width = array.shape[:2]
    if min(height, width) < decode.MIN_SIDE:
        fault = f"has {width} x {height} pixels, but needs {decode.MIN_SIDE} on each side"
        raise BadPhoto(name, fault=fault, remedy="give the whole photo")
    return Photo(np.ascontiguousarray(array), width, height, "array")


def _of_image(image: Image.Image, name: str) -> Photo:
    """Read it as if it came from a file, so that the same rules hold for transparency, 16 bits and limits."""
    buffer = BytesIO()
    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "RGB" and not upright.has_transparency_data:
            return _of_array(np.asarray(upright), name)
        upright = upright if upright.mode in PNG_MODES else upright.convert("RGB")
        upright.save(buffer, "PNG", compress_level=0)
    except BadPhoto:
        raise
    except Exception as error:  # PIL may read the file only now, and raises almost anything
        fault = f"cannot be read as a picture ({str(error).partition(chr(10))[0][:100]})"
        raise BadPhoto(name, fault=fault, remedy="give its file instead") from error
    return decode.decode(buffer.getvalue(), name)
