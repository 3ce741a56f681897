"""The colour profile of a photo, for a picture made from its pixels.

In:    the bytes of a photo's file
Out:   its ICC profile, if it is one of RGB
Needs: pillow; for HEIC pi_heif [heif]
"""

from importlib import import_module
from io import BytesIO

from PIL import Image

from keykind.core.quiet import suppress_warnings
from keykind.photo.decode import MAX_PIXELS
from keykind.photo.heif import open_heif

MAX_PROFILE = 1_000_000  # bytes; those of phones and cameras have up to 4,000
_SPACE = slice(16, 20)  # where a profile names its colour space
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")  # that have profiles, besides HEIF


def rgb_profile(data: bytes) -> bytes | None:
    """Return the ICC profile in a photo's file; None if it has none, or one of CMYK or grey."""
    try:
        with suppress_warnings("PIL"), _open(data) as image:
            profile = image.info.get("icc_profile")
    except Exception:  # noqa: BLE001 - Pillow raises almost anything; the pixels are good without a profile
        return None
    is_rgb = isinstance(profile, bytes) and len(profile) <= MAX_PROFILE and profile[_SPACE] == b"RGB "
    return profile if is_rgb else None


def _open(data: bytes) -> Image.Image:
    if data[4:8] == b"ftyp":
        return open_heif(data, "photo", MAX_PIXELS)
    for plugin in ("WebPImagePlugin", "TiffImagePlugin"):  # Pillow does not load these by itself
        import_module(f"PIL.{plugin}")
    return Image.open(BytesIO(data), formats=_FORMATS)
