"""A photo's file -> its size, and JPEGs of it for the page.

In:    the paths of the photos; a side in px
Out:   upright JPEGs without metadata, kept in memory up to a limit; the size of the photo, or its problem
Needs: numpy, pillow
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.photo import decode

SIDES = (256, 640, 1280, 2560)  # px of the longer side that the page may ask for
QUALITY = 85  # of the JPEGs; artefacts of lower ones pass for scratches on a key
MAX_CACHED = 64_000_000  # bytes of JPEGs in memory: 250 photos of 1280 px


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """What the file of a photo is at the moment."""

    version: str  # changes with the file; "" if there is none
    width: int | None = None  # px of the upright photo; None: it cannot be read
    height: int | None = None
    problem: str | None = None  # why it cannot be read


class PhotoFiles:
    """The files of all photos. Thread-safe."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._known: dict[int, PhotoFile] = {}

    def version(self, photo: int) -> str:
        """Return a text that changes with the file; "" if there is none."""
        return file_version(self._paths[photo])

    def look(self, photo: int) -> PhotoFile:
        """Return the size of a photo; its header is read once, unless the file changes."""
        version, known = self.version(photo), self._known.get(photo)
        if known is None or known.version != version:
            known = self._known[photo] = self._read(photo, version)
        return known

    def _read(self, photo: int, version: str) -> PhotoFile:
        try:
            header = decode.read_header(self._paths[photo])
            return PhotoFile(version, header.width, header.height)
        except BadPhoto as error:
            return PhotoFile(version, problem=problem_of(error))


class Images:
    """JPEGs of the photos, the latest kept in memory. Thread-safe."""

    def __init__(self, paths: Sequence[Path], files: PhotoFiles, max_bytes: int = MAX_CACHED) -> None:
        self._paths, self._files, self._max_bytes = paths, files, max_bytes
        self._kept: OrderedDict[tuple[int, int, str], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def kept(self, photo: int, side: int) -> bytes | None:
        """Return the JPEG if it is in memory and the photo's file is still the same."""
        key = photo, side, self._files.version(photo)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def jpeg(self, photo: int, side: int) -> bytes:
        """Return the upright photo as a JPEG, its longer side at most `side` px. Raises BadPhoto."""
        if (data := self.kept(photo, side)) is not None:
            return data
        file = self._files.look(photo)
        shorter = side
        if file.width and file.height:
            shorter = max(round(side * min(file.width, file.height) / max(file.width, file.height)), 1)
        data = make_jpeg(self._paths[photo], side, shorter)
        self._keep((photo, side, file.version), data)
        return data

    def _keep(self, key: tuple[int, int, str], data: bytes) -> None:
        with self._lock:
            self._bytes += len(data) - len(self._kept.pop(key, b""))
            self._kept[key] = data
            while self._bytes > self._max_bytes and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= len(dropped)


def make_jpeg(path: Path, side: int, shorter: int) -> bytes:
    """Return the upright photo as a JPEG, its longer side at most `side` px.

    shorter: px that its shorter side needs. Raises BadPhoto.
    """
    image = decode.read_photo(path, min_side=shorter).reductions.by(1)
    scale = side / max(image.size)
    if scale < 1:
        size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
        image = image.resize(size, Image.Resampling.BILINEAR)
    stream = BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def file_version(path: Path) -> str:
    """Return a text that changes whenever the file does; "" if there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ""
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"


def about_file(error: str) -> str:
    """Return why a photo cannot be read, "fault; remedy", as two sentences about its file."""
    fault, _, remedy = error.replace("; copy the file again", "; copy it again").partition("; ")
    return f"The file {fault}. {remedy[:1].upper()}{remedy[1:]}." if remedy else f"The file {fault}."


def problem_of(error: BadPhoto) -> str:
    """Return the error as sentences that do not name the photo."""
    return about_file(f"{error.fault}; {error.remedy}")
