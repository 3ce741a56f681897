"""Whatever is given as a photo -> its name and its pixels; names on a command line -> photos.

In:    files, folders, patterns, `-` for standard input; bytes, arrays (h, w, 3) uint8, PIL images
Out:   photos one after another, none opened yet; Photo(pixels, width, height, format)
Needs: numpy, pillow
"""

import fnmatch
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from keykind import photo
from keykind.errors import BadPhoto, printable
from keykind.listing import SET_FILE, SHEET, mode_of
from keykind.photo import MAX_PIXELS, Photo

STDIN = "-"
UNNAMED = "photo"  # what an answer and an error call a photo that came without a name
WILD = "*?["  # signs that make a name a pattern
PNG_MODES = ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA")  # of PIL, that PNG holds without loss

Visit = tuple[int, int, frozenset[int]]  # a folder, by device and inode, and how much of a pattern is matched
Pixels = bytes | NDArray[np.uint8] | Image.Image


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A photo that is no file on this disk, and the name that its answer carries."""

    name: str
    photo: Pixels
    most_pixels: int = MAX_PIXELS  # of bytes; a larger photo is not read


# What can be given as a photo. A BadPhoto is one whose fault was met on the way to it.
Source = Path | str | Pixels | Named | BadPhoto


def name_of(source: Source) -> str:
    """Return what an answer calls a photo."""
    match source:
        case Path() | str():
            return printable(source)
        case Named():
            return printable(source.name)
        case BadPhoto():
            return source.subject
    return UNNAMED


def pixels_of(source: Source, *, at_least: int | None = None) -> Photo:
    """Return a photo's pixels, upright; `at_least` as in photo.decode. Raises BadPhoto."""
    name = name_of(source)
    most = source.most_pixels if isinstance(source, Named) else MAX_PIXELS
    match source.photo if isinstance(source, Named) else source:
        case Path() | str() as path:
            return photo.read(Path(path), at_least=at_least)
        case bytes() as data:
            return photo.decode(data, name, at_least=at_least, most_pixels=most)
        case np.ndarray() as array:
            return _of_array(array, name)
        case Image.Image() as image:
            return _of_image(image, name)
        case BadPhoto() as error:
            raise error
        case other:
            raise TypeError(f"a photo is a path, bytes, an array or a PIL image, not {type(other).__name__}")


def _of_array(array: NDArray[Any], name: str) -> Photo:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        fault = f"is an array {array.shape} of {array.dtype}, not (height, width, 3) of uint8"
        raise BadPhoto(name, fault=fault, remedy="give red, green and blue as 0 to 255")
    height, width = array.shape[:2]
    if min(height, width) < photo.MIN_SIDE:
        fault = f"has {width} x {height} pixels, but needs {photo.MIN_SIDE} on each side"
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
    return photo.decode(buffer.getvalue(), name)


def how_many(names: Sequence[str]) -> int:
    """Return how many photos the names stand for; 0 where only reading folders would tell."""
    plain = all(not stat.S_ISDIR(mode_of(Path(name))) and not _is_pattern(name) for name in names)
    return len(names) if plain else 0


def photos_named(names: Sequence[str]) -> Iterator[Source]:
    """Yield the photos that names on a command line stand for: files, folders, patterns, `-`.

    Of folders and patterns the files with a photo's ending, sorted, hidden ones and the contact sheet of a
    rendered set left out, folders with all that is below; a folder that links lead to again is read once.
    `**` stands for any folders between. Memory grows with the names of one folder alone. A folder or pattern
    without photos is a BadPhoto in its place.
    Raises BadPhoto if there is nothing to read at all.
    """
    barren: list[BadPhoto] = []  # kept until a photo shows that there is something to read
    found = False
    for name in names:
        photos = _photos(name)
        first = next(photos, None)
        if first is None:
            barren.append(_without_photos(name))
            continue
        found = True
        yield from barren
        barren.clear()
        yield first
        yield from photos
    if not found:
        raise barren[0] if barren else BadPhoto("photos", fault="0 were named", remedy="name one")
    yield from barren


def photo_named(name: str) -> Source:
    """Return the one photo that a name on a command line stands for: a file, or `-`."""
    return _from_stdin() if name == STDIN else Path(name)


def _photos(name: str) -> Iterator[Source]:
    if name == STDIN:
        yield photo_named(name)
    elif stat.S_ISDIR(mode_of(Path(name))):
        yield from _below(Path(name), ())
    elif _is_pattern(name):
        parts = Path(name).parts
        fixed = next(number for number, part in enumerate(parts) if _is_wild(part))
        yield from _below(Path(*parts[:fixed]), parts[fixed:])
    else:
        yield photo_named(name)


def _from_stdin() -> Named | BadPhoto:
    """Return it or its fault, which must not cost the photos beside it."""
    if sys.stdin is None:
        return BadPhoto(STDIN, fault="is closed: there is no standard input", remedy="give a file")
    try:
        # One byte more than the limit, for whoever decodes to see that it is too long.
        data = sys.stdin.buffer.read(photo.MAX_BYTES + 1)
        return Named(STDIN, data)
    except OSError as error:
        fault = f"standard input cannot be read ({error.strerror})"
        return BadPhoto(STDIN, fault=fault, remedy="give a file")


def _without_photos(name: str) -> BadPhoto:
    what = "matches" if _is_pattern(name) else "holds"
    remedy = "give photos, or folders of photos; see docs/photos.md for the file endings"
    return BadPhoto(name, fault=f"{what} 0 photos", remedy=remedy)


def _is_wild(part: str) -> bool:
    return any(sign in part for sign in WILD)


def _is_pattern(name: str) -> bool:
    """Tell whether a name is a pattern; a file may have its signs in its name."""
    return _is_wild(name) and not mode_of(Path(name))


def _below(root: Path, pattern: Sequence[str]) -> Iterator[Path | BadPhoto]:
    """Yield the photos below a folder whose path from there matches; all of them for an empty pattern.

    What lies in a folder that matches, matches.
    """
    met: set[Visit] = set()
    begin = _closed({0}, pattern)
    left = [(root, begin, _names(root, begin, met))]
    while left:
        folder, states, names = left[-1]
        name = next(names, None)
        if name is None:
            left.pop()
        elif isinstance(name, BadPhoto):
            yield name
        elif (after := _step(states, name.rstrip("/"), pattern)) and name.endswith("/"):
            left.append((folder / name, after, _names(folder / name, after, met)))
        elif len(pattern) in after:
            yield folder / name


def _step(states: set[int], name: str, pattern: Sequence[str]) -> set[int]:
    """Return how many parts of a pattern may be matched after one more name; none if it can match no more."""
    after = set()
    for state in states:
        if state == len(pattern) or pattern[state] == "**":
            after.add(state)
        elif fnmatch.fnmatch(name, pattern[state]):
            after.add(state + 1)
    return _closed(after, pattern)


def _closed(states: set[int], pattern: Sequence[str]) -> set[int]:
    """Add the states that `**` reaches by standing for no folder at all."""
    for state, part in enumerate(pattern):
        if part == "**" and state in states:
            states.add(state + 1)
    return states


def _names(folder: Path, states: set[int], met: set[Visit]) -> Iterator[str | BadPhoto]:
    """Yield the names of photos and folders (these end in `/`) in a folder not met so before, sorted."""
    try:
        status = folder.stat()
        visit = status.st_dev, status.st_ino, frozenset(states)
        if visit in met:
            return
        met.add(visit)
        with os.scandir(folder) as entries:
            met_here = list(entries)
        rendered = any(entry.name == SET_FILE for entry in met_here)
        names = sorted(filter(None, map(_name, met_here)))
        yield from (name for name in names if not (rendered and name == SHEET))
    except FileNotFoundError:  # the fixed part of a pattern, or a folder that went away
        return
    except OSError as error:
        fault = f"is a folder that cannot be read ({error.strerror})"
        yield BadPhoto(folder, fault=fault, remedy="check its name and permissions")


def _name(entry: os.DirEntry[str]) -> str | None:
    if entry.name.startswith("."):
        return None
    if stat.S_ISDIR(mode_of(Path(entry.path))) if entry.is_symlink() else entry.is_dir():
        return f"{entry.name}/"
    return entry.name if Path(entry.name).suffix.lower() in photo.SUFFIXES else None
