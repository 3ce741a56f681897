"""Atomic file writes: a file is complete, or not there.

In:    bytes or text, and the final path
Out:   the file under its final name, once all of it is on the disk
Needs: nothing beyond Python
"""

import errno
import json
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from keykind.core.errors import CannotWrite

# What reading a damaged archive or JSON file may raise.
READ_ERRORS = (OSError, EOFError, LookupError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
UNFINISHED = ".unfinished-"  # prefix of the temporary name of an incomplete file
SET_FILE, LABELS, COCO, SHEET = "set.json", "labels", "coco.json", "contact-sheet.png"
RENDER_FILES = (SET_FILE, LABELS, COCO, SHEET)  # what `keykind render` writes beside the class folders


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, delete it on failure.

    A concurrent reader, or a process killed at any moment, leaves the old file or the new one, never a part.
    The temporary name keeps the extension, because libraries choose the format by it.
    Raises CannotWrite if the folder is not writable or the disk is full.
    """
    path = Path(path)
    with writing_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f"{UNFINISHED}{os.urandom(8).hex()}{''.join(path.suffixes)}"
        temporary.touch(exist_ok=False)  # honours the user's umask, unlike mkstemp
    try:
        with writing_to(path):
            yield temporary
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def writing_to(path: str | Path) -> Iterator[None]:
    """Turn an OSError while writing `path` into CannotWrite; of a full disk, it says how much is free."""
    try:
        yield
    except OSError as error:
        raise _cannot_write(Path(path), error) from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` atomically. Raises CannotWrite."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, atomically; what UTF-8 cannot encode becomes '?'. Raises CannotWrite."""
    write_bytes(path, text.encode("utf-8", "replace"))


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically. Raises ValueError for NaN and infinity, CannotWrite."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def clear_unfinished(folder: str | Path) -> None:
    """Delete the temporary files that a killed process left in `folder`."""
    for leftover in Path(folder).glob(f"{UNFINISHED}*"):
        leftover.unlink(missing_ok=True)


def free_space(path: str | Path) -> int:
    """Return the free bytes of the disk that `path` is on, or would be on once it is created."""
    absolute = Path(path).absolute()
    for ancestor in (absolute, *absolute.parents):
        with suppress(OSError):  # it does not exist yet, or is not accessible
            return shutil.disk_usage(ancestor).free
    return 0


def is_same_file(path: str | Path, other: str | Path) -> bool:
    """Return whether two paths lead to one file that exists, however they are spelled."""
    try:  # resolved first: a folder before `..` that does not exist yet would be made
        return Path(path).resolve().samefile(Path(other).resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def check_not_input(out: str | Path, inputs: Iterable[object]) -> None:
    """Raise CannotWrite if `out` is one of the files among `inputs`; inputs that are no paths are skipped."""
    if any(isinstance(path, str | Path) and is_same_file(out, path) for path in inputs):
        remedy = "give another name for the output"
        raise CannotWrite(out, fault="is read by the same command, and would be replaced", remedy=remedy)


def check_new(out: str | Path, *, force: bool) -> None:
    """Raise CannotWrite if `out` exists, unless `force` is set and it is a file, which is then replaced.

    Raises it, too, if its folder cannot be written.
    """
    mode = file_mode(out)
    if stat.S_ISDIR(mode) or (mode and not stat.S_ISREG(mode)):
        actual = "a folder" if stat.S_ISDIR(mode) else "a pipe or device"
        remedy = "give the name of a file"
        raise CannotWrite(out, fault=f"is {actual}, not a file", remedy=remedy)
    if mode and not force:
        remedy = "give another name, or --force to replace it"
        raise CannotWrite(out, fault="already exists", remedy=remedy)
    check_writable(Path(out).parent, Path(out))


def check_writable(folder: Path, path: Path | None = None) -> None:
    """Raise CannotWrite if no file can be made in a folder, or, if it is still to be made, in one above it.

    A file is made and deleted there: permissions alone do not tell. path: which the error names.
    """
    absolute = folder.absolute()
    nearest = next((each for each in (absolute, *absolute.parents) if file_mode(each)), absolute)
    probe = nearest / f"{UNFINISHED}{os.urandom(8).hex()}"
    with writing_to(path or folder):
        probe.touch(exist_ok=False)
        probe.unlink()


def place_outside(inputs: Sequence[str | Path], ending: str) -> Path | None:
    """Return a folder for results, named after the first input: in the current folder, or beside that input.

    It is never inside an input, where results would be taken for input later; None if there is no such place.
    """
    resolved = [Path(path).resolve() for path in inputs]
    first = resolved[0]
    name = f"{first.stem if first.is_file() else first.name}{ending}"
    for folder in (Path(), first.parent):
        if first.name and not any(is_inside(folder / name, path) for path in resolved):
            return folder / name
    return None


def is_inside(path: str | Path, folder: str | Path) -> bool:
    """Return whether a path is a folder or in it, whatever links lead there."""
    return Path(path).resolve().is_relative_to(Path(folder).resolve())


def file_mode(path: str | Path) -> int:
    """Return the mode of the file at a path; 0 if there is none, or the name is invalid."""
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0


def _cannot_write(path: Path, error: OSError) -> CannotWrite:
    reason, remedy = str(error.strerror or error), "choose another name or folder"
    if error.errno in NO_SPACE:
        reason += f"; {free_space(path) / 1e6:,.0f} MB free on that disk"
        remedy = "free some space or choose another folder"
    elif isinstance(error, FileExistsError | NotADirectoryError):
        modes = {part: file_mode(part) for part in (path, *path.parents)}
        in_place = [part for part, mode in modes.items() if mode and not stat.S_ISDIR(mode)]
        reason = f"{in_place[0]} is a file, not a folder" if in_place else reason
    return CannotWrite(path, fault=f"cannot be written ({reason})", remedy=remedy)
