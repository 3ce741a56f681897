"""Files on remote storage: s3://, gs:// and everything else that fsspec supports.

In:    an address
Out:   the entries of a folder; the bytes of a file; a file written completely or not at all
Needs: fsspec, and for each scheme the package that fsspec asks for (s3fs, gcsfs, ...)    [scale]

Credentials and endpoints come from the settings and environment variables of fsspec and those packages.
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
from keykind.core.files import atomic_write, check_new

T = TypeVar("T")
SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
LOCAL_SCHEMES = ("file://", "local://")
# Fields of fsspec's file info that change with a file's content, best first.
VERSION_FIELDS = (
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
BUCKET_STORES = frozenset({"s3", "gs", "gcs", "abfs", "az"})  # makedirs there could create a bucket
REMEDY = "check the address, the network and your permissions"


@dataclass(frozen=True, slots=True)
class Address:
    """A remote file or folder, and what the store reports about it."""

    text: str  # e.g. s3://bucket/keys/1.jpg
    size: int | None = field(default=None, compare=False)  # bytes; None: unknown
    version: str | None = field(default=None, compare=False)  # changes with the content; None: unknown
    is_folder: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def __truediv__(self, name: str) -> "Address":
        return Address(f"{self.text.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """Return the last part of the address."""
        return _basename(self.text)

    @property
    def suffix(self) -> str:
        """Return the file extension, as Path does."""
        return Path(self.name).suffix


Location = Path | Address


def parse_location(name: str | Path) -> Location:
    """Return an address if the name has a scheme such as s3://, otherwise a path on this disk."""
    text = str(name)
    for scheme in LOCAL_SCHEMES:
        if text.lower().startswith(scheme):
            return Path(text[len(scheme) :])
    return Address(text) if SCHEME.match(text) else Path(name)


def stat_address(address: Address) -> Address:
    """Return the address with size, version and type from the store. Raises Unreachable if it is absent."""
    return _from_info(address.text, _call(address, lambda files, path: files.info(path)))


def address_exists(address: Address) -> bool:
    """Return whether a file or folder is at an address; False also if the store does not answer."""
    try:
        stat_address(address)
    except Unreachable:
        return False
    return True


def check_new_location(location: Location, *, force: bool) -> None:
    """Raise CannotWrite if there is a file already, unless `force` is set, or anything else."""
    if isinstance(location, Path):
        check_new(location, force=force)
    elif not force and address_exists(location):
        remedy = "give another name, or --force to replace it"
        raise CannotWrite(location.text, fault="already exists", remedy=remedy)


def list_entries(folder: Address) -> list[Address]:
    """Return the entries of a folder, in no particular order. Raises Unreachable if it cannot be listed."""

    def list_folder(files: Any, path: str) -> list[dict[str, Any]]:
        # Some stores represent a folder by an empty file of the same name.
        return [info for info in files.ls(path, detail=True) if info["name"].strip("/") != path.strip("/")]

    infos = _call(folder, list_folder)
    return [_from_info(str(folder / _basename(info["name"])), info) for info in infos]


def read_address(address: Address, max_bytes: int) -> bytes:
    """Return a file's bytes; of a longer file only the first `max_bytes` + 1. Raises Unreachable."""
    if address.size == 0:  # a store rejects a range request for an empty file
        return b""
    end = None if address.size is not None and address.size <= max_bytes else max_bytes + 1
    return bytes(
        _call(address, lambda files, path: files.cat_file(path, start=None if end is None else 0, end=end))
    )


def read_if_exists(location: Location) -> bytes | None:
    """Return a file's bytes, or None if it does not exist.

    Raises OSError if a local file cannot be read, KeykindError for a remote one.
    """
    if isinstance(location, Path):
        return location.read_bytes() if location.is_file() else None

    def read(files: Any, path: str) -> bytes | None:
        try:
            return bytes(files.cat_file(path))
        except FileNotFoundError:
            return None

    return _call(location, read)


@contextmanager
def write_atomically(location: Location) -> Iterator[Path]:
    """Yield a temporary path; on success its content is moved to `location`, on failure nothing changes.

    Remote stores such as S3, Google's and Azure's show a file only once it is complete. Raises CannotWrite.
    """
    if isinstance(location, Path):
        with atomic_write(location) as temporary:
            yield temporary
        return
    with TemporaryDirectory(prefix="keykind-") as folder:
        temporary = Path(folder) / f"file{location.suffix}"
        temporary.touch()
        yield temporary
        _call(location, lambda files, path: _upload(files, temporary, path), CannotWrite)


def list_names(folder: Location) -> list[str]:
    """Return the names in a folder, sorted; none if it does not exist.

    Raises Unreachable if a remote folder cannot be listed.
    """
    if isinstance(folder, Path):
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def list_folder(files: Any, path: str) -> list[str]:
        try:
            names = files.ls(path, detail=False)
        except FileNotFoundError:
            return []
        return [_basename(name) for name in names if name.strip("/") != path.strip("/")]

    return sorted(_call(folder, list_folder))


def remove(location: Location) -> None:
    """Remove a file. A local file may be missing. Raises CannotWrite for a remote one that stays."""
    if isinstance(location, Path):
        location.unlink(missing_ok=True)
    else:
        _call(location, lambda files, path: files.rm_file(path), CannotWrite)


def _upload(files: Any, source: Path, path: str) -> None:
    protocols = [files.protocol] if isinstance(files.protocol, str) else files.protocol
    if not BUCKET_STORES.intersection(protocols):
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
    files.put_file(str(source), path)


def _call(
    address: Address, function: Callable[[Any, str], T], error_type: type[KeykindError] = Unreachable
) -> T:
    """Return function(file system, path); anything that it raises becomes an `error_type` of the address."""
    try:
        core: Any = import_module("fsspec.core")
    except ImportError as error:
        raise MissingExtra(address.text, extra="scale", missing="fsspec") from error
    try:
        # A cached listing would grow with the number of photos and become stale.
        files, path = core.url_to_fs(address.text, use_listings_cache=False)
        return function(files, path)
    except KeykindError:
        raise
    except ImportError as error:
        fault = f"needs a package that is not installed ({_first_line(error)})"
        raise KeykindError(address.text, fault=fault, remedy="install it with pip") from error
    except FileNotFoundError as error:
        raise error_type(address.text, fault="does not exist", remedy=REMEDY) from error
    except Exception as error:  # each store has its own exceptions, and not all are OSErrors
        fault = f"cannot be reached ({_first_line(error)})"
        raise error_type(address.text, fault=fault, remedy=REMEDY) from error


def _from_info(text: str, info: dict[str, Any]) -> Address:
    version = next((str(info[key]) for key in VERSION_FIELDS if info.get(key)), None)
    return Address(text, info.get("size"), version, info.get("type") == "directory")


def _basename(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
