"""Annotated photos -> picture files, which keykind recognises as its own.

In:    a picture; the photo's colour profile
Out:   a JPEG or PNG, upright and without the photo's metadata, written atomically
Needs: numpy, pillow
"""

from pathlib import Path, PurePath

from PIL import Image, PngImagePlugin

from keykind.core.errors import CannotWrite
from keykind.core.files import atomic_write
from keykind.core.quiet import suppress_warnings
from keykind.photo.annotated import MARK  # with it, a file may be replaced by another of the same name

JPEG_QUALITY = 90
JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")


def picture_name(path: PurePath) -> PurePath:
    """Return the name of the picture that is made of a photo: PNG of a PNG, JPEG of all others."""
    keeps = path.suffix.lower() in (*JPEG_SUFFIXES, ".png")
    return path if keeps else path.with_name(f"{path.stem}.jpg")


def save_picture(image: Image.Image, path: Path, profile: bytes | None = None) -> None:
    """Write a picture, RGB, as JPEG, or as PNG if its name says so. Raises CannotWrite."""
    with atomic_write(path) as temporary:
        if path.suffix.lower() == ".png":
            info = PngImagePlugin.PngInfo()
            info.add_text("Comment", MARK)
            image.save(temporary, "PNG", pnginfo=info, icc_profile=profile)
        else:
            image.save(
                temporary,
                "JPEG",
                quality=JPEG_QUALITY,
                subsampling=0,  # colours at full resolution, or edges of text would be blurred
                comment=MARK.encode(),
                icc_profile=profile,
            )


def check_own(path: Path) -> None:
    """Raise CannotWrite if a file exists that `save_picture` did not write."""
    if path.exists() and not _is_own(path):
        fault = "exists, and is no picture that keykind wrote"
        raise CannotWrite(path, fault=fault, remedy="give another folder, or add --force to replace it")


def _is_own(path: Path) -> bool:
    try:
        with suppress_warnings("PIL"), Image.open(path, formats=("JPEG", "PNG")) as image:
            comment = image.info.get("comment", image.info.get("Comment", ""))
    except Exception:  # noqa: BLE001 - not a picture; Pillow raises almost anything
        return False
    return comment in (MARK, MARK.encode())
