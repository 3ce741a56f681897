"""The files of the web app -> a folder for any static host, new or in place of an app that is there.

In:    the files of the app by their path; a folder
Out:   the folder with these files
Needs: nothing beyond Python

An app lists its files in its service worker. Only these are replaced or removed, so what else is in the
folder, such as a host's `CNAME` or `.git`, stays as it is.
"""

import json
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from keykind.core.errors import CannotWrite, printable
from keykind.core.files import UNFINISHED, writing_to

INDEX, WORKER = "index.html", "sw.js"
WORKER_LIST = re.compile(r"self\.FILES=(\[.*\]);")  # its first line
PAGE_URL = "./"  # of INDEX in that list


def write_folder(out: Path, contents: Mapping[str, bytes | Path], *, force: bool) -> None:
    """Write the files to a new or empty folder, or with `force` over the app there; INDEX last.

    Raises CannotWrite for a folder that holds anything else, a file that is in the way, a full disk.
    """
    replaced = check_folder(out, force=force)
    _check_others(out, contents.keys() - replaced)
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
    temporary = out / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        with writing_to(out):
            for name, content in contents.items():
                _write(temporary / name, content)
            for name in sorted(contents, key=lambda name: (name == INDEX, name)):
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (temporary / name).replace(out / name)
            for name in replaced - contents.keys():
                _remove(out, name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def files_of_app(folder: Path) -> set[str] | None:
    """Return the paths of an app's files, as its service worker lists them; None: the folder holds no app."""
    try:
        match = WORKER_LIST.search((folder / WORKER).read_text("utf-8"))
        (folder / INDEX).read_bytes()
        urls = [entry["url"] for entry in json.loads(match[1])] if match else []
    except (OSError, ValueError, TypeError, KeyError):
        return None
    names = {WORKER, *(INDEX if url == PAGE_URL else url for url in urls)}
    return names if INDEX in names and all(_is_inside(folder, name) for name in names) else None


def check_folder(out: Path, *, force: bool) -> set[str]:
    """Return the files of the app in a folder, none if it is new or empty.

    Raises CannotWrite if it holds anything else, or an app and `force` is not set.
    """
    with writing_to(out):
        occupied = out.is_dir() and any(out.iterdir())
    if not occupied:
        return set()
    names = files_of_app(out)
    if names is None:
        fault = "already exists and is not empty, and holds no app that keykind wrote"
        remedy = "give another folder; --force replaces nothing but an app"
        raise CannotWrite(out, fault=fault, remedy=remedy)
    if not force:
        remedy = "give another folder, or --force to replace it"
        raise CannotWrite(out, fault="already holds an app", remedy=remedy)
    return names


def _check_others(out: Path, new: set[str]) -> None:
    """Raise CannotWrite if a file that the app before did not have is there."""
    for name in sorted(new):
        path = out / name
        folders = (out / folder for folder in Path(name).parents if folder.name)
        in_the_way = path.exists() or path.is_symlink() or any(map(Path.is_file, folders))
        if in_the_way or not _is_inside(out, name):
            fault = "is in the way of a file of the app, but was not written by keykind"
            raise CannotWrite(path, fault=fault, remedy="move it elsewhere, or give another folder")


def _is_inside(folder: Path, name: object) -> bool:
    """Return whether a path of a list is one below the folder, also after links of folders are followed."""
    if not isinstance(name, str) or not name or printable(name) != name:
        return False
    return (folder / name).parent.resolve().is_relative_to(folder.resolve()) and not name.endswith("..")


def _remove(out: Path, name: str) -> None:
    """Remove a file of the app before, and the folders that are then empty."""
    path = out / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == out or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def _write(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        shutil.copyfile(content, path)
