"""Command-line arguments -> photos.

In:    names of files, folders and patterns, local or remote; `-` for standard input
Out:   the photos one by one, not yet opened
Needs: numpy, pillow; for addresses fsspec [scale]
"""

import fnmatch
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from keykind.core.errors import BadPhoto
from keykind.core.files import SET_FILE, SHEET, file_mode
from keykind.photo import decode, formats, storage
from keykind.photo.annotated import is_annotated
from keykind.photo.source import NamedPhoto, Source
from keykind.photo.storage import Address, Location, parse_location
from keykind.photo.system_files import PassedOver

STDIN = "-"
WILDCARDS = "*?["  # characters that make a name a pattern

Entry = tuple[Location, bool]  # location of an entry in a folder, and whether it is a folder
Visit = tuple[int, int, frozenset[int]]  # device and inode of a folder, and the pattern's states there


def count_photos(names: Sequence[str]) -> int:
    """Return the number of photos that the names stand for; 0 if counting them requires listing a folder."""

    def is_file(name: str) -> bool:
        location = parse_location(name)
        return (
            isinstance(location, Path) and not stat.S_ISDIR(file_mode(location)) and not _is_pattern(location)
        )

    return len(names) if all(map(is_file, names)) else 0


def iter_photos(names: Sequence[str | Path], passed_over: PassedOver | None = None) -> Iterator[Source]:
    """Yield the photos that command-line names stand for: files, folders, patterns, addresses, `-`.

    Folders are searched recursively. Folders and patterns yield the files with a photo's extension, and those
    without any extension whose first bytes are a photo's, sorted, except hidden files, the contact sheet of a
    rendered set, and what file servers and managers leave beside photos (`keykind.photo.system_files`), which
    `passed_over` counts, like videos and pictures that keykind annotated; a folder reached through several
    links is read once. `**` matches any number of folders. Only the names of one branch of folders are in
    memory. A single name is always read; among several, as a shell writes for `*`, such names are passed
    over.
    A folder or pattern without photos is yielded as a BadPhoto.
    Raises BadPhoto if there is nothing to read at all.
    """
    empty: list[BadPhoto] = []  # held back until there is a photo to read
    found = False
    skipped = PassedOver() if passed_over is None else passed_over
    for name in map(str, names):
        if len(names) > 1 and _is_system_name(name, skipped):
            continue
        photos, videos, annotated = _photos(name, skipped), skipped.videos, skipped.annotated
        first = next(photos, None)
        if first is None:
            empty.append(_no_photos(name, skipped.videos - videos, skipped.annotated - annotated))
            continue
        found = True
        yield from empty
        empty.clear()
        yield first
        yield from photos
    if not found:
        raise empty[0] if empty else BadPhoto("photos", fault="0 were given", remedy="give at least one")
    yield from empty


def root_of(name: str | Path) -> Location | None:
    """Return the folder that one command-line name stands for, or that a pattern begins with.

    None: a file, or `-`. An address may be of a file: it is returned as it is.
    """
    location = parse_location(name)
    if str(name) == STDIN:
        return None
    if _is_pattern(location):
        return _fixed_part(location)[0]
    is_folder = isinstance(location, Address) or stat.S_ISDIR(file_mode(location))
    return location if is_folder else None


def single_photo(name: str | Path) -> Source:
    """Return the photo that one command-line name stands for: a file, an address, or `-`."""
    return _read_stdin() if str(name) == STDIN else parse_location(name)


def _is_system_name(name: str, skipped: PassedOver) -> bool:
    location = parse_location(name)
    if not isinstance(location, Path):
        return False
    return skipped.skips(location.name, location, is_folder=stat.S_ISDIR(file_mode(location)))


def _photos(name: str, skipped: PassedOver) -> Iterator[Source]:
    location = parse_location(name)
    if name == STDIN:
        yield _read_stdin()
    elif _is_pattern(location):
        yield from _matching(location, skipped)
    elif isinstance(location, Address):
        yield from _at_address(location, skipped)
    elif stat.S_ISDIR(file_mode(location)):
        yield from _walk(location, (), skipped)
    else:
        yield location


def _matching(pattern: Location, skipped: PassedOver) -> Iterator[Source]:
    """Yield the photos that match a pattern."""
    yield from _walk(*_fixed_part(pattern), skipped)


def _fixed_part(pattern: Location) -> tuple[Location, tuple[str, ...]]:
    """Return the folder in which a pattern is searched, and its parts below that."""
    parts = pattern.parts if isinstance(pattern, Path) else tuple(pattern.text.split("/"))
    fixed = next(i for i, part in enumerate(parts) if _has_wildcard(part))
    root = Path(*parts[:fixed]) if isinstance(pattern, Path) else Address("/".join(parts[:fixed]))
    return root, parts[fixed:]


def _at_address(address: Address, skipped: PassedOver) -> Iterator[Source]:
    """Yield the photo at an address, or those in the folder there."""
    try:
        entry = storage.stat_address(address)
    except BadPhoto as error:
        yield error
        return
    if entry.is_folder:
        yield from _walk(entry, (), skipped)
    else:
        yield entry


def _read_stdin() -> NamedPhoto | BadPhoto:
    """Return the photo, or its error as a value, so that other photos are still read."""
    if sys.stdin is None:
        return BadPhoto(STDIN, fault="is closed: there is no standard input", remedy="give a file")
    try:
        # One byte over the limit is enough for the decoder to reject it.
        data = sys.stdin.buffer.read(decode.MAX_BYTES + 1)
        if not data:
            return BadPhoto(STDIN, fault="is empty (0 bytes)", remedy="send a photo to standard input")
        return NamedPhoto(STDIN, data)
    except OSError as error:
        fault = f"standard input cannot be read ({error.strerror})"
        return BadPhoto(STDIN, fault=fault, remedy="give a file")


def _no_photos(name: str, videos: int, annotated: int) -> BadPhoto:
    verb = "matches" if _is_pattern(parse_location(name)) else "holds"
    if videos:
        fault = f"{verb} 0 photos, but {videos:,} video{'s' * (videos > 1)}"
        return BadPhoto(name, fault=fault, remedy="`keykind predict` reads videos that are named one by one")
    if annotated:
        fault = f"{verb} 0 photos, but {annotated:,} picture{'s' * (annotated > 1)} that keykind annotated"
        return BadPhoto(name, fault=fault, remedy="give the photos of which they were made")
    remedy = f"give photos, or folders of photos, which end in {', '.join(sorted(decode.SUFFIXES))}"
    return BadPhoto(name, fault=f"{verb} 0 photos", remedy=remedy)


def _has_wildcard(part: str) -> bool:
    return any(character in part for character in WILDCARDS)


def _is_pattern(location: Location) -> bool:
    """Return whether a name is a pattern. File names may contain wildcards, and web addresses do."""
    if isinstance(location, Address):
        if not _has_wildcard(location.text) or location.text.lower().startswith(("http:", "https:")):
            return False
        return not storage.address_exists(location)
    return _has_wildcard(str(location)) and not file_mode(location)


def _walk(root: Location, pattern: Sequence[str], skipped: PassedOver) -> Iterator[Location | BadPhoto]:
    """Yield the photos below a folder whose relative path matches; all of them for an empty pattern.

    Everything inside a matching folder matches. Sets of states track how far a path has matched, as in a
    nondeterministic automaton: state n means that the first n parts of the pattern are matched.
    """
    visited: set[Visit] = set()
    start = _expand({0}, pattern)
    stack = [(start, _list_folder(root, start, visited, skipped))]
    while stack:
        states, entries = stack[-1]
        entry = next(entries, None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, BadPhoto):
            yield entry
        else:
            location, is_folder = entry
            after = _step(states, location.name, pattern)
            if after and is_folder:
                stack.append((after, _list_folder(location, after, visited, skipped)))
            elif len(pattern) in after and _is_video(location):
                skipped.videos += 1
            elif len(pattern) in after and isinstance(location, Path) and is_annotated(location):
                skipped.annotated += 1
            elif len(pattern) in after:
                yield location


def _step(states: set[int], name: str, pattern: Sequence[str]) -> set[int]:
    """Return the states after one more name; none if the path cannot match any more."""
    after = set()
    for state in states:
        if state == len(pattern) or pattern[state] == "**":
            after.add(state)
        elif fnmatch.fnmatch(name, pattern[state]):
            after.add(state + 1)
    return _expand(after, pattern)


def _expand(states: set[int], pattern: Sequence[str]) -> set[int]:
    """Add the states reached when `**` matches no folder."""
    for state, part in enumerate(pattern):
        if part == "**" and state in states:
            states.add(state + 1)
    return states


def _list_folder(
    folder: Location, states: set[int], visited: set[Visit], skipped: PassedOver
) -> Iterator[Entry | BadPhoto]:
    """Yield a folder's photos, videos and subfolders, sorted; nothing if visited before in these states."""
    try:
        if isinstance(folder, Address):
            yield from _sorted([(entry, entry.is_folder) for entry in storage.list_entries(folder)], skipped)
            return
        status = folder.stat()
        visit = status.st_dev, status.st_ino, frozenset(states)
        if visit in visited:
            return
        visited.add(visit)
        with os.scandir(folder) as entries:
            listed = [(folder / entry.name, _is_folder(entry)) for entry in entries]
        yield from _sorted(listed, skipped)
    except FileNotFoundError:  # the fixed part of a pattern, or a folder that was removed meanwhile
        return
    except BadPhoto as error:
        yield error
    except OSError as error:
        fault = f"is a folder that cannot be read ({error.strerror})"
        yield BadPhoto(str(folder), fault=fault, remedy="check its name and permissions")


def _sorted(entries: Sequence[Entry], skipped: PassedOver) -> list[Entry]:
    """Return the visible folders, photos and videos, sorted as if folder names ended in `/`.

    The contact sheet of a rendered set is not a photo.
    """
    is_set = any(location.name == SET_FILE for location, _ in entries)
    visible = {
        f"{location.name}/" if is_folder else location.name: (location, is_folder)
        for location, is_folder in entries
        if not _is_skipped(location, is_folder, skipped)
        and not location.name.startswith(".")
        and (is_folder or _is_video(location) or _is_photo(location))
        and not (is_set and location.name == SHEET)
    }
    return [visible[name] for name in sorted(visible)]


def _is_photo(location: Location) -> bool:
    """Return whether a file is to be read; remote ones are not opened to find out."""
    if isinstance(location, Path):
        return formats.is_photo_file(location)
    return location.suffix.lower() in formats.SUFFIXES


def _is_video(location: Location) -> bool:
    return location.suffix.lower() in formats.VIDEO_SUFFIXES


def _is_skipped(location: Location, is_folder: bool, skipped: PassedOver) -> bool:
    if isinstance(location, Path):
        return skipped.skips(location.name, location, is_folder=is_folder)
    return skipped.skips(location.name, None, is_folder=is_folder, parents=location.text.split("/")[:-1])


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return stat.S_ISDIR(file_mode(Path(entry.path))) if entry.is_symlink() else entry.is_dir()
