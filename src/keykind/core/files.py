"""Results -> files that are whole or absent.

In:    bytes or text, and the final path
Out:   the file under its final name, only once all of it is on the disk
Needs: nothing beyond Python
"""

import json
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from keykind.core.errors import CannotWrite

# What reading a damaged archive or JSON file may raise.
DAMAGE = (OSError, EOFError, LookupError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
UNFINISHED = ".unfinished-"  # how the name of a file begins that is not whole yet
SET_FILE, LABELS, COCO, SHEET = "set.json", "labels", "coco.json", "contact-sheet.png"
BESIDE = (SET_FILE, LABELS, COCO, SHEET)  # what `keykind render` puts beside the folders of the kinds


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it takes the final name, on failure it is removed.

    A reader, or a run killed at any moment, sees the old file or the new one, never a part.
    The temporary name keeps the ending, because libraries choose the format by it.
    Raises CannotWrite if the folder cannot be written or the disk is full.
    """
    with writing_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f"{UNFINISHED}{secrets.token_hex(8)}{''.join(path.suffixes)}"
        temporary.touch(exist_ok=False)  # permissions as the user's umask says, unlike those of mkstemp
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
def writing_to(path: Path) -> Iterator[None]:
    """Turn an OSError while writing `path` into CannotWrite, with the space left on that disk."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(
            path, fault=_why(error, path), remedy="free some space or choose another folder"
        ) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all; signs that UTF-8 cannot hold become '?'."""
    write_bytes(path, text.encode("utf-8", "replace"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all. Raises ValueError for NaN and infinity."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def clear_unfinished(folder: Path) -> None:
    """Remove what a killed run left half-written in `folder`."""
    for leftover in folder.glob(f"{UNFINISHED}*"):
        leftover.unlink(missing_ok=True)


def free_space(path: Path) -> int:
    """Return how many bytes are free on the disk where `path` is or would be."""
    for place in (path.absolute(), *path.absolute().parents):
        with suppress(OSError):  # it is not there yet, or may not be looked into
            return shutil.disk_usage(place).free
    return 0


def _why(error: OSError, path: Path) -> str:
    return (
        f"cannot be written ({error.strerror or error}; {free_space(path) / 1e6:,.0f} MB free on that disk)"
    )


def mode_of(path: Path) -> int:
    """Return the file mode of what is at a path; 0 if nothing is, or the name cannot be a file's."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0
