"""Names on a command line -> photos.

In:    files, folders, patterns, each on this disk or at an address; `-` for standard input
Out:   photos one after another, none opened yet
Needs: for addresses fsspec    [scale]
"""

import fnmatch
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from keykind.core.errors import BadPhoto
from keykind.core.files import SET_FILE, SHEET, mode_of
from keykind.photo import decode, storage
from keykind.photo.source import NamedPhoto, Source
from keykind.photo.storage import Address, parse_location

STDIN = "-"
WILD = "*?["  # signs that make a name a pattern

Place = Path | Address
Entry = tuple[Place, bool]  # what lies in a folder, and whether it is a folder itself
Visit = tuple[int, int, frozenset[int]]  # a folder, by device and inode, and how much of a pattern is matched


def how_many(names: Sequence[str]) -> int:
    """Return how many photos the names stand for; 0 where only reading folders would tell."""

    def is_one(name: str) -> bool:
        place = parse_location(name)
        return isinstance(place, Path) and not stat.S_ISDIR(mode_of(place)) and not _is_pattern(place)

    return len(names) if all(map(is_one, names)) else 0


def photos_from(names: Sequence[str]) -> Iterator[Source]:
    """Yield the photos that names on a command line stand for: files, folders, patterns, addresses, `-`.

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


def photo_from(name: str) -> Source:
    """Return the one photo that a name on a command line stands for: a file, an address, or `-`."""
    return _from_stdin() if name == STDIN else parse_location(name)


def _photos(name: str) -> Iterator[Source]:
    place = parse_location(name)
    if name == STDIN:
        yield photo_from(name)
    elif _is_pattern(place):
        yield from _matching(place)
    elif isinstance(place, Address):
        yield from _at(place)
    elif stat.S_ISDIR(mode_of(place)):
        yield from _below(place, ())
    else:
        yield place


def _matching(pattern: Place) -> Iterator[Source]:
    """Yield the photos that match a pattern."""
    is_here = isinstance(pattern, Path)
    parts = pattern.parts if isinstance(pattern, Path) else tuple(pattern.text.split("/"))
    fixed = next(number for number, part in enumerate(parts) if _is_wild(part))
    root = Path(*parts[:fixed]) if is_here else Address("/".join(parts[:fixed]))
    yield from _below(root, parts[fixed:])


def _at(address: Address) -> Iterator[Source]:
    """Yield the photo at an address, or those below it."""
    try:
        told = storage.stat_address(address)
    except BadPhoto as error:
        yield error
        return
    if told.is_folder:
        yield from _below(told, ())
    else:
        yield told


def _from_stdin() -> NamedPhoto | BadPhoto:
    """Return it or its fault, which must not cost the photos beside it."""
    if sys.stdin is None:
        return BadPhoto(STDIN, fault="is closed: there is no standard input", remedy="give a file")
    try:
        # One byte more than the limit, for whoever decodes to see that it is too long.
        data = sys.stdin.buffer.read(decode.MAX_BYTES + 1)
        return NamedPhoto(STDIN, data)
    except OSError as error:
        fault = f"standard input cannot be read ({error.strerror})"
        return BadPhoto(STDIN, fault=fault, remedy="give a file")


def _without_photos(name: str) -> BadPhoto:
    what = "matches" if _is_pattern(parse_location(name)) else "holds"
    remedy = "give photos, or folders of photos; see docs/photos.md for the file endings"
    return BadPhoto(name, fault=f"{what} 0 photos", remedy=remedy)


def _is_wild(part: str) -> bool:
    return any(sign in part for sign in WILD)


def _is_pattern(place: Place) -> bool:
    """Tell whether a name is a pattern; a file may have its signs in its name, and a web address has them."""
    if isinstance(place, Address):
        if not _is_wild(place.text) or place.text.lower().startswith(("http:", "https:")):
            return False
        return not storage.address_exists(place)
    return _is_wild(str(place)) and not mode_of(place)


def _below(root: Place, pattern: Sequence[str]) -> Iterator[Place | BadPhoto]:
    """Yield the photos below a folder whose path from there matches; all of them for an empty pattern.

    What lies in a folder that matches, matches.
    """
    met: set[Visit] = set()
    begin = _closed({0}, pattern)
    left = [(begin, _entries(root, begin, met))]
    while left:
        states, entries = left[-1]
        entry = next(entries, None)
        if entry is None:
            left.pop()
        elif isinstance(entry, BadPhoto):
            yield entry
        else:
            place, is_folder = entry
            after = _step(states, place.name, pattern)
            if after and is_folder:
                left.append((after, _entries(place, after, met)))
            elif len(pattern) in after:
                yield place


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


def _entries(folder: Place, states: set[int], met: set[Visit]) -> Iterator[Entry | BadPhoto]:
    """Yield the photos and folders in a folder not met so before, sorted by name, `/` behind folders'."""
    try:
        if isinstance(folder, Address):
            yield from _sorted([(one, one.is_folder) for one in storage.entries(folder)])
            return
        status = folder.stat()
        visit = status.st_dev, status.st_ino, frozenset(states)
        if visit in met:
            return
        met.add(visit)
        with os.scandir(folder) as listed:
            found = [(folder / one.name, _is_folder(one)) for one in listed]
        yield from _sorted(found)
    except FileNotFoundError:  # the fixed part of a pattern, or a folder that went away
        return
    except BadPhoto as error:
        yield error
    except OSError as error:
        fault = f"is a folder that cannot be read ({error.strerror})"
        yield BadPhoto(str(folder), fault=fault, remedy="check its name and permissions")


def _sorted(entries: Sequence[Entry]) -> list[Entry]:
    """Return the folders and photos of a folder's entries in order; beside a set file there is its sheet."""
    rendered = any(place.name == SET_FILE for place, _ in entries)
    shown = {
        f"{place.name}/" if is_folder else place.name: (place, is_folder)
        for place, is_folder in entries
        if not place.name.startswith(".")
        and (is_folder or place.suffix.lower() in decode.SUFFIXES)
        and not (rendered and place.name == SHEET)
    }
    return [shown[name] for name in sorted(shown)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return stat.S_ISDIR(mode_of(Path(entry.path))) if entry.is_symlink() else entry.is_dir()
