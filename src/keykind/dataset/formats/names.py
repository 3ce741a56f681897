"""Names of photos in files of other programs -> the photos of a folder.

In:    paths of the photos; a name: a path on another machine, below another folder, or with another extension
Out:   the path of the photo that is meant; or a sentence why none is
Needs: nothing beyond Python
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote

from keykind.dataset.listing import first_few
from keykind.dataset.table_text import normal

UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")  # what Label Studio writes before the name of an uploaded file


class NoPhotoError(LookupError):
    """Why a name is of no photo, or not of one only, in words."""


class PhotoNames:
    """The photos of a folder by path, by name, and by either without its extension."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Take the paths of the photos, relative to their folder, with /."""
        paths = list(paths)
        stems = [_stem(path) for path in paths]
        self._count = len(paths)
        self._indices = [
            (_index(paths, spelled), _index(paths, [path.rpartition("/")[2] for path in spelled]))
            for spelled in (paths, stems)
        ]

    def find(self, name: str) -> str:
        """Return the photo whose path ends the name, or else the only one with its last part.

        With its extension first, and then without. Raises NoPhotoError if there is none, or several.
        """
        for parts in filter(None, map(_parts, _spellings(name))):
            for spelled in (parts, [*parts[:-1], _stem(parts[-1])]):
                for by_path, by_name in self._indices:
                    if photo := _only(_by_path(spelled, by_path) or by_name.get(spelled[-1], [])):
                        return photo
        raise NoPhotoError(f"is none of the {self._count:,} photos")


def _by_path(parts: Sequence[str], photos: Mapping[str, list[str]]) -> list[str]:
    """Return the photos whose path is the name without the fewest of its first folders."""
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((photos[end] for end in ends if end in photos), [])


def _only(photos: Sequence[str]) -> str | None:
    if len(photos) > 1:
        raise NoPhotoError(f"may be any of {len(photos):,} photos: {first_few(photos)}")
    return photos[0] if photos else None


def _spellings(name: str) -> list[str]:
    """Return the ways in which a name may be meant: as it is, from an address, or of an upload."""
    plain = list(dict.fromkeys((name, unquote(name))))
    folders = [re.split(r"[/\\]", spelling) for spelling in plain]
    return plain + ["/".join([*parts[:-1], UPLOADED.sub("", parts[-1])]) for parts in folders]


def _index(paths: Sequence[str], spelled: Sequence[str]) -> Mapping[str, list[str]]:
    index: defaultdict[str, list[str]] = defaultdict(list)
    for path, spelling in zip(paths, spelled, strict=True):
        index[_fold(spelling)].append(path)
    return index


def _parts(name: str) -> list[str]:
    """Return the parts of a path of any system below its top, without `.` and `..`."""
    path = PureWindowsPath(name)
    return [_fold(part) for part in path.relative_to(path.anchor).parts if part not in (".", "..")]


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _fold(name: str) -> str:
    return normal(normal(name).casefold())
