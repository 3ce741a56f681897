"""Files that lie elsewhere: at s3://, gs:// and whatever else fsspec knows.

In:    an address
Out:   what lies in a folder; a file's bytes; a file written there, whole or absent
Needs: fsspec, and for each kind of address what fsspec asks for (s3fs, gcsfs, ...)    [scale]

Who may read what, and where the store is, fsspec and its parts learn from their own settings and environment.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from keykind.core.errors import CannotWrite, KeykindError, MissingExtra, Unreachable
from keykind.core.files import whole_file

T = TypeVar("T")
SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
HERE = ("file://", "local://")  # these are on this disk, after all
# What tells a file from another of the same name and size, in the words of fsspec's file systems.
MARKS = (
    "ETag",
    "etag",
    "md5Hash",
    "generation",
    "content_md5",
    "mtime",
    "LastModified",
    "last_modified",
    "created",
)
FOLDERLESS = frozenset({"s3", "gs", "gcs", "abfs", "az"})  # making a folder there may make a bucket
CHECK = "check the address, the network and your rights"


@dataclass(frozen=True, slots=True)
class Address:
    """A file or folder elsewhere, and what the store told of it."""

    text: str  # s3://bucket/keys
    size: int | None = field(default=None, compare=False)  # bytes; None: not told
    mark: str | None = field(default=None, compare=False)  # changes with the content; None: not told
    is_folder: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def __truediv__(self, name: str) -> "Address":
        return Address(f"{self.text.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """Return the last part of it."""
        return self.text.rstrip("/").rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """Return the ending of its name, as Path does."""
        return Path(self.name).suffix


def parse_location(name: str) -> Path | Address:
    """Return what a name stands for: an address, or a path on this disk."""
    for here in HERE:
        if name.lower().startswith(here):
            return Path(name[len(here) :])
    return Address(name) if SCHEME.match(name) else Path(name)


def stat_address(address: Address) -> Address:
    """Return the address with what the store tells of it. Raises Unreachable if nothing is there."""
    return _entry(address.text, _asked(address, lambda files, path: files.info(path)))


def address_exists(address: Address) -> bool:
    """Tell whether a file or folder is at an address, as far as can be told."""
    try:
        stat_address(address)
    except Unreachable:
        return False
    return True


def entries(folder: Address) -> list[Address]:
    """Return what lies in a folder, in no fixed order. Raises Unreachable if the store does not tell."""

    def listed(files: Any, path: str) -> list[dict[str, Any]]:
        # Stores keep an empty file in the place of some folders.
        return [told for told in files.ls(path, detail=True) if told["name"].strip("/") != path.strip("/")]

    return [_entry(str(folder / _last(told["name"])), told) for told in _asked(folder, listed)]


def read(address: Address, most: int) -> bytes:
    """Return a file's bytes, of a long one `most` and at least one more. Raises Unreachable."""
    if address.size == 0:  # of an empty file a store gives no range
        return b""
    end = None if address.size is not None and address.size <= most else most + 1
    return bytes(
        _asked(address, lambda files, path: files.cat_file(path, start=None if end is None else 0, end=end))
    )


def read_if_there(place: Path | Address) -> bytes | None:
    """Return a file's bytes; None where none is. Raises KeykindError if it cannot be read."""
    if isinstance(place, Path):
        return place.read_bytes() if place.is_file() else None

    def fetched(files: Any, path: str) -> bytes | None:
        try:
            return bytes(files.cat_file(path))
        except FileNotFoundError:
            return None

    return _asked(place, fetched)


@contextmanager
def whole_at(place: Path | Address) -> Iterator[Path]:
    """Give a temporary path; on success its content is at `place`, whole, on failure nothing is changed.

    A store shows a file once all of it has arrived (S3, Google and Azure do). Raises CannotWrite.
    """
    if isinstance(place, Path):
        with whole_file(place) as temporary:
            yield temporary
        return
    with TemporaryDirectory(prefix="keykind-") as folder:
        temporary = Path(folder) / f"file{place.suffix}"
        temporary.touch()
        yield temporary
        _asked(place, lambda files, path: _put(files, temporary, path), CannotWrite)


def names_in(place: Path | Address) -> list[str]:
    """Return the names in a folder of results; none where it is not there."""
    if isinstance(place, Path):
        return sorted(one.name for one in place.iterdir()) if place.is_dir() else []

    def listed(files: Any, path: str) -> list[str]:
        try:
            names = files.ls(path, detail=False)
        except FileNotFoundError:
            return []
        return [_last(name) for name in names if name.strip("/") != path.strip("/")]

    return sorted(_asked(place, listed))


def remove(place: Path | Address) -> None:
    """Remove a file of results, if it is there."""
    if isinstance(place, Path):
        place.unlink(missing_ok=True)
    else:
        _asked(place, lambda files, path: files.rm_file(path), CannotWrite)


def _put(files: Any, source: Path, path: str) -> None:
    protocols = [files.protocol] if isinstance(files.protocol, str) else files.protocol
    if not FOLDERLESS.intersection(protocols):
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
    files.put_file(str(source), path)


def _asked(address: Address, question: Callable[[Any, str], T], fault: type[KeykindError] = Unreachable) -> T:
    """Return what the address's file system answers; whatever it raises is told as a fault of the address."""
    try:
        core: Any = import_module("fsspec.core")
    except ImportError as error:
        raise MissingExtra(address.text, extra="scale", missing="fsspec") from error
    try:
        # A listing that is kept would grow with the number of photos, and not see what was written since.
        files, path = core.url_to_fs(address.text, use_listings_cache=False)
        return question(files, path)
    except KeykindError:
        raise
    except ImportError as error:
        needs = f"needs a package that is not installed ({_first_line(error)})"
        raise KeykindError(address.text, fault=needs, remedy="install it with pip") from error
    except FileNotFoundError as error:
        raise fault(address.text, fault="does not exist", remedy=CHECK) from error
    except Exception as error:  # each store has exceptions of its own, and not all are OSErrors
        raise fault(address.text, fault=f"cannot be reached ({_first_line(error)})", remedy=CHECK) from error


def _entry(text: str, told: dict[str, Any]) -> Address:
    mark = next((str(told[key]) for key in MARKS if told.get(key)), None)
    return Address(text, told.get("size"), mark, told.get("type") == "directory")


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
