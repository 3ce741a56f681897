"""Paths as a table spells them -> files on this disk.

In:    the folder of a table; the paths in its cells
Out:   a path for each cell; notes about what was needed to find them
Needs: nothing beyond Python

Tables come from other systems: macOS spells accents in two characters where others use one, Windows writes
backslashes between folders and takes `1.JPG` for `1.jpg`, and paths may be of folders on another machine.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from keykind.core.errors import printable
from keykind.core.files import file_mode
from keykind.dataset.listing import first_few, shorten
from keykind.dataset.table_text import WINDOWS, has_surrogates, normal, twice_encoded

ENCODINGS = (*WINDOWS, "mac_roman", "cp850")  # of file names in a table that is not UTF-8
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # of two letters or more: C:/ is a drive


class PathFinder:
    """Finds files by the spelling of other systems; each folder is listed at most once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[Path, dict[str, str | None]] = {}  # folder -> spelling -> name; None: several

    def find(self, cell: str) -> Path | None:
        """Return the file that a cell names, relative to the root; None if there is none."""
        for spelling in _spellings(cell):
            if file_mode(path := self._root / spelling):
                return path
        parts = (PurePosixPath(spelling).parts for spelling in _spellings(cell))
        return next(filter(None, map(self._find_parts, parts)), None)

    def _find_parts(self, parts: Sequence[str]) -> Path | None:
        path = self._root
        for part in parts:
            if part in ("/", ".."):
                path = path / part
                continue
            name = self._name_in(path, part)
            if name is None:
                return None
            path = path / name
        return path if path != self._root else None

    def _name_in(self, folder: Path, part: str) -> str | None:
        """Return how a folder spells a name: the same but for normal form, else but for case too."""
        if folder not in self._names:
            self._names[folder] = _spelled(folder)
        names = self._names[folder]
        return names.get(normal(part)) or names.get(f"/{normal(part).casefold()}")


def is_address(cell: str) -> bool:
    """Return whether a cell is an address such as https://..., s3://... or file://..., not a path."""
    return ADDRESS.match(cell) is not None


def find_paths(root: Path, cells: Iterable[str], table: str) -> tuple[dict[str, Path], list[str]]:
    """Return the path of each cell of a table, those of missing files too, and notes.

    root: the folder of the table. Absolute paths of another machine are read below the root if all of them
    exist there once the same number of folders is left out.
    """
    finder = PathFinder(root)
    found, missing = {}, []
    for cell in dict.fromkeys(cells):
        if path := finder.find(cell):
            found[cell] = path
        else:
            missing.append(cell)
            found[cell] = root / cell.replace("\\", "/") if "\\" in cell else root / cell
    foreign = {cell: parts for cell in missing if (parts := _foreign_parts(cell))}
    moved = _below(finder, foreign)
    notes = []
    if moved:
        cell, path = next(iter(moved.items()))
        notes.append(
            f"Paths in {table} of another machine: {len(moved):,}, found below the table's folder "
            f"(e.g. {shorten(printable(cell))} is {shorten(printable(os.path.relpath(path, root)))}); "
            "check that they are the same photos."
        )
    elif foreign:
        listed = first_few(shorten(printable(cell)) for cell in foreign)
        notes.append(
            f"Paths in {table} of another machine: {len(foreign):,} ({listed}), not found; "
            "write paths relative to the table's folder."
        )
    return found | moved, notes


def _spellings(cell: str) -> list[str]:
    """Return the ways in which a cell may be meant: as it is, with / for \\, in other encodings."""
    spellings = [cell]
    if has_surrogates(cell):
        data = cell.encode("utf-8", "surrogateescape")
        texts = (data.decode(encoding, "replace") for encoding in ENCODINGS)
        spellings += dict.fromkeys(text for text in texts if "\ufffd" not in text)
    elif meant := twice_encoded(cell):
        spellings.append(meant)
    return spellings + [spelling.replace("\\", "/") for spelling in spellings if "\\" in spelling]


def _spelled(folder: Path) -> dict[str, str | None]:
    """Return the names in a folder by normal form, and by / and case folded; None: several are alike."""
    try:
        listed = sorted(path.name for path in folder.iterdir())
    except (OSError, ValueError):
        return {}
    names: dict[str, str | None] = {}
    for name in listed:
        for key in (normal(name), f"/{normal(name).casefold()}"):
            names[key] = None if key in names else name
    return names


def _foreign_parts(cell: str) -> tuple[str, ...]:
    """Return the parts below the top of an absolute path; none for a relative one."""
    windows, posix = PureWindowsPath(cell), PurePosixPath(cell)
    if windows.drive:
        return windows.parts[1:]
    return posix.parts[1:] if posix.is_absolute() else ()


def _below(finder: PathFinder, foreign: dict[str, tuple[str, ...]]) -> dict[str, Path]:
    """Return where all foreign paths are below the root without the same number of folders, the fewest."""
    shortest = min(map(len, foreign.values()), default=0)
    for left_out in range(shortest):
        paths = {}
        for cell, parts in foreign.items():
            path = finder.find("/".join(parts[left_out:]))
            if path is None:
                break
            paths[cell] = path
        else:
            return paths
    return {}
