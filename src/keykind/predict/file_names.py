"""Names of the files that are made from photos.

In:    the command-line names of the photos; each photo
Out:   its path in an output folder: its own name and sub-folders, no two the same on any disk
Needs: numpy, pillow; for addresses fsspec [scale]
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from keykind.core.errors import CannotWrite
from keykind.photo.inputs import STDIN, root_of
from keykind.photo.source import Source, name_of
from keykind.photo.storage import Address, Location, parse_location

MAX_NAME = 100  # characters of a folder or file whose name comes from a kind or an address
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # by Windows, which forbids most
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names of devices there


class Taken:
    """The names that are in use in an output folder, compared as the least particular disk does."""

    def __init__(self) -> None:
        """Begin without any."""
        self._hashes: set[int] = set()

    def unique(self, path: PurePath) -> PurePath:
        """Return the path, numbered if it is taken, and take it: `a.jpg`, `a-2.jpg`, `a-3.jpg`."""
        number, candidate = 1, path
        while (key := _comparable(candidate)) in self._hashes:
            number += 1
            candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        self._hashes.add(key)
        return candidate


class RelativeNames:
    """Where each photo lies below the folder in which it was found."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Take the command-line names of the photos."""
        roots = [root for argument in arguments if (root := root_of(argument)) is not None]
        self._roots = sorted(set(roots), key=lambda root: -len(str(root)))  # the nearest first
        self._prefixes = _prefixes(self._roots)

    def of(self, source: Source) -> PurePath:
        """Return the path of a photo below its folder.

        If photos of several folders are given, the path begins with the folder's name, after those of as many
        folders above it as tell them apart.
        """
        if not isinstance(source, Path | str | Address):
            return PurePath("stdin" if name_of(source) == STDIN else safe_name(name_of(source)))
        location = parse_location(source) if isinstance(source, str) else source
        for root, prefix in zip(self._roots, self._prefixes, strict=True):
            parts = _below(location, root)
            if parts:
                return PurePath(*prefix, *parts)
        return PurePath(safe_name(location.name) if isinstance(location, Address) else location.name)


def safe_name(text: str) -> str:
    """Return a text as the name of a file or folder that any system accepts."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))
    name = "".join(char if char.isprintable() else "_" for char in name)[:MAX_NAME].rstrip(". ").lstrip(" ")
    if name.startswith("."):
        name = f"_{name[1:]}"
    return f"_{name}" if not name or _RESERVED.fullmatch(name) else name


def check_apart(folder: Path, arguments: Iterable[str]) -> None:
    """Raise CannotWrite if an output folder is, contains or is inside a folder of photos, or has one of them.

    Files written there could replace photos, or be taken for photos by the next command.
    """
    out = folder.resolve()
    for argument in arguments:
        root, location = root_of(argument), parse_location(argument)
        if argument == STDIN or not isinstance(location, Path):
            continue
        if isinstance(root, Path):
            found = root.resolve()
            apart = out != found and out not in found.parents and found not in out.parents
        else:
            found = location.resolve()
            apart = out not in found.parents and out != found
        if not apart:
            relation = "is" if out == found else "contains" if out in found.parents else "is inside"
            fault = f"{relation} {argument}, which is read by the same command"
            raise CannotWrite(folder, fault=fault, remedy="give a folder elsewhere")


def _prefixes(roots: Sequence[Location]) -> list[tuple[str, ...]]:
    """Return what the paths below each folder begin with: the least of its path that only it has."""
    if len(roots) < 2:
        return [()] * len(roots)
    paths = [_parts(root) for root in roots]
    longest, different = max(map(len, paths)), len(set(map(_comparable_parts, paths)))
    for count in range(1, longest):
        ends = [path[-count:] for path in paths]
        if len(set(map(_comparable_parts, ends))) == different:
            return ends
    return paths


def _parts(root: Location) -> tuple[str, ...]:
    """Return the names of a folder and of those above it, the disk's or the store's first."""
    if isinstance(root, Path):
        # without `..`, which leads out of the output folder; links keep the names that the user gave
        parts = Path(os.path.abspath(root)).parts[1:]  # noqa: PTH100 - `resolve` follows links
    else:
        parts = tuple(part for part in root.text.split("/") if part)
    return tuple(map(safe_name, parts))


def _comparable_parts(parts: tuple[str, ...]) -> int:
    return _comparable(PurePath(*parts))


def _below(location: Location, root: Location) -> tuple[str, ...]:
    """Return the parts of a path below a folder; none if it is not below."""
    if isinstance(location, Path):
        is_below = isinstance(root, Path) and location.is_relative_to(root)
        return location.relative_to(root).parts if is_below else ()  # type: ignore[arg-type]
    start = f"{str(root).rstrip('/')}/"
    if isinstance(root, Path) or not location.text.startswith(start):
        return ()
    parts = location.text.removeprefix(start).split("/")
    return tuple(safe_name(part) for part in parts if part)


def _comparable(path: PurePath) -> int:
    return hash(unicodedata.normalize("NFC", path.as_posix()).casefold())
