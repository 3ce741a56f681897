"""A decoded image -> 8 bits per channel, transparency composited on white; its orientation.

In:    a PIL image of any mode, loaded
Out:   an RGB image, with a note if little or nothing of it can be seen; the EXIF orientation
Needs: numpy, pillow
"""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageChops, ImageFile

XMP_FIELDS = ("xmp", "XML:com.adobe.xmp")  # where Pillow keeps a photo's XMP
TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF orientation -> the operation that makes the photo upright

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF tags
_WHITE_LEVELS = (1.0, 255.0, 65535.0)  # candidates for white in 32-bit images, which do not declare it
_PNG_DEPTH = 24  # byte of a PNG that holds the bits per channel
_DEPTH, _DIM_DEPTH = (
    16,
    12,
)  # bits; what a camera of 12 bits gives is a 16th as bright in 16
_INVISIBLE = "every pixel is transparent"
_PACKED_GREY = {"L;2": 255 // 3, "L;4": 255 // 15}  # Pillow's raw modes -> grey level of the value 1


def load_without_xmp(image: Image.Image) -> None:
    """Decode a photo; a TIFF is rotated then, for which Pillow would also use an orientation in XMP."""
    kept = {name: image.info.pop(name) for name in XMP_FIELDS if name in image.info}
    try:
        image.load()
    finally:
        image.info.update(kept)


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation still to be undone, 1 to 8; 1 if there is none or the block is broken.

    XMP is not asked: browsers do not either, and neither does the app.
    """
    if image.format == "HEIF":  # libheif has already applied it
        return 1
    source = image
    if any(name in image.info for name in XMP_FIELDS):  # kept: it is an image of the caller's
        source = Image.Image()
        source.info = {name: value for name, value in image.info.items() if name not in XMP_FIELDS}
    try:
        value = source.getexif().get(
            ExifTags.Base.Orientation
        )  # a TIFF is rotated by Pillow, without the tag
    except Exception:  # noqa: BLE001 - on hostile bytes Pillow's plugins raise almost anything
        return 1
    return value if value in TRANSPOSES else 1


def to_rgb(image: Image.Image, data: bytes) -> tuple[Image.Image, str | None]:
    """Convert to 8 bits per channel, transparency on white; with a note for `Photo.damage`, or None.

    data: the file, for 16-bit colours. Colours below an alpha that is 0 everywhere are read as if opaque:
    nobody saves a photo without any pixel.
    """
    note = _depth_note(image, data)
    if image.mode == "F" or image.mode.startswith("I"):
        rgb = Image.fromarray(_to_uint8(image)).convert("RGB")
        value = image.info.get("transparency")
        empty = value is not None and bool((np.asarray(image) == value).all())
        return rgb, f"{_INVISIBLE}: nothing can be seen" if empty else note
    if image.format == "BMP" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
        return image.convert("RGB"), note  # the fourth byte is unused
    clear = _transparent_pixels(image, data)
    if clear is not None:
        opaque = image.convert("RGB")
        opaque.paste("white", mask=clear)
        return opaque, f"{_INVISIBLE}: nothing can be seen" if clear.getextrema() == (255, 255) else note
    if image.has_transparency_data:
        return _composited(image.convert("RGBA"), note)
    return image if image.mode == "RGB" else image.convert("RGB"), note


def _composited(layer: Image.Image, note: str | None) -> tuple[Image.Image, str | None]:
    """Return an RGBA image on white, or its colours if all of it is transparent, and the note."""
    background = Image.new("RGB", layer.size, "white")
    if layer.getchannel("A").getextrema() != (0, 0):
        background.paste(layer, mask=layer)
        return background, note
    colours = layer.convert("RGB")
    if all(np.ptp(channel.getextrema()) == 0 for channel in colours.split()):
        return background, f"{_INVISIBLE}: nothing can be seen"
    return colours, f"{_INVISIBLE}; its colours are read as if it were opaque"


def _depth_note(image: Image.Image, data: bytes) -> str | None:
    """Return a note on a PNG or TIFF of 16 bits per channel whose values need no more than 12, else None."""
    tags: Any = getattr(image, "tag_v2", {})
    depth = data[_PNG_DEPTH] if image.format == "PNG" else max(tags.get(_BITS, (8,)))
    if depth != _DEPTH or tags.get(_PHOTOMETRIC) == 0 or tags.get(_SAMPLE_FORMAT, (1,))[0] != 1:
        return None
    if image.mode.startswith("I"):
        used = int(np.max(np.asarray(image))).bit_length()
    elif image.mode in ("RGB", "RGBA", "LA"):  # Pillow has cut the lower 8 bits
        used = 8 + int(np.asarray(image.convert("RGB")).max()).bit_length()
    else:
        return None
    if not 0 < used <= _DIM_DEPTH:
        return None
    return f"uses only {used} of {_DEPTH} bits; the photo may be too dark"


def _transparent_pixels(image: Image.Image, data: bytes) -> Image.Image | None:
    """Return a mask of the transparent pixels of a PNG whose tRNS chunk Pillow compares wrongly, else None.

    Pillow reads grey of 2 and 4 bits scaled to 8, and colours of 16 bits cut to 8, but not their tRNS chunk.
    """
    value, raw_mode = image.info.get("transparency"), image.info.pop("raw_mode", None)
    if raw_mode in _PACKED_GREY and isinstance(value, int):
        level = value * _PACKED_GREY[raw_mode]
        return image.point(lambda grey: 255 * (grey == level), "L")
    if raw_mode != "RGB;16B" or not isinstance(value, tuple):
        return None
    low = Image.open(BytesIO(data), formats=("PNG",))
    low.tile = [tile._replace(args="RGB;16L") for tile in low.tile]  # of two bytes it takes the other one
    del low.info["transparency"]
    masks = [
        channel.point(lambda level, wanted=wanted: 255 * (level == wanted))
        for part, shift in ((image, 8), (low, 0))
        for channel, wanted in zip(part.split(), [level >> shift & 255 for level in value], strict=True)
    ]
    mask = masks[0]
    for other in masks[1:]:
        mask = ImageChops.multiply(mask, other)
    return mask


def note_raw_mode(image: ImageFile.ImageFile) -> None:
    """Keep a PNG's raw mode, which Pillow forgets when it decodes, for `to_rgb`."""
    if image.format == "PNG" and "transparency" in image.info and image.tile:
        image.info["raw_mode"] = image.tile[0].args


def _to_uint8(image: Image.Image) -> NDArray[np.uint8]:
    """Scale grey (h, w) of 12, 16 or 32 bits linearly to uint8: 0 and below become 0, white becomes 255.

    White in 32 bits is the first of _WHITE_LEVELS that no value exceeds, else the largest finite value.
    """
    tags: Any = getattr(image, "tag_v2", {})
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
    grey: NDArray[np.uint8] = (levels + 0.5).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == 0:  # WhiteIsZero
        grey = 255 - grey
    if "transparency" in image.info:  # the transparent value of a 16-bit PNG
        grey[values == image.info["transparency"]] = 255
    return grey
