"""Photos as another program names and measures them -> the photos of a folder, with keys in their pixels.

In:    PhotoIn(s); the folder, and the paths of its photos
Out:   the keys of each photo, px of the upright photo; what is wrong with others
Needs: numpy, pillow, ai-edge-litert
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from keykind.core.errors import BadPhoto, printable
from keykind.core.parallel import parallel_map
from keykind.dataset.formats.marks import LEFT_OUT, BadEntry, PhotoIn
from keykind.dataset.formats.names import NoPhotoError, PhotoNames
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.listing import ReadError
from keykind.dataset.marked_photos import outside
from keykind.photo.decode import Header, read_header

MAX_STRETCH = 0.01  # by which the proportions of a rescaled photo may differ
MIN_LENGTH = 1.0  # px of a key: labels.csv has tenths of them

Keys = tuple[KeyEnds, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A photo of the source, and the photo that it is."""

    photo: PhotoIn
    name: str  # path in the folder
    keys: Keys

    @property
    def has_its_path(self) -> bool:
        """Return whether its name in the source ends in its path here, but for the extension."""
        file, path = (
            PurePosixPath(f"/{text}".replace("\\", "/")).with_suffix("").parts[1:]
            for text in (self.photo.file, self.name)
        )
        return file[-len(path) :] == path


def place(
    folder: Path, paths: Sequence[str], photos: Iterable[PhotoIn]
) -> tuple[dict[str, Keys], list[ReadError]]:
    """Return the keys of each photo that is found, by its path, and what is wrong with the others.

    paths: of the photos in the folder, relative to it, with /.
    """
    names = PhotoNames(paths)

    def find(photo: PhotoIn) -> _Placed | ReadError:
        try:
            name = names.find(photo.file)
            return _Placed(photo, name, _scaled(photo, name, read_header(folder / name)))
        except (NoPhotoError, BadEntry) as error:
            return ReadError(photo.origin, f"{printable(str(error))}; {LEFT_OUT}")
        except BadPhoto as error:
            return ReadError(photo.origin, f"{error.subject} {error.fault}; {error.remedy}")

    results = list(parallel_map(find, photos))
    problems = [result for result in results if isinstance(result, ReadError)]
    by_name: defaultdict[str, list[_Placed]] = defaultdict(list)
    for result in results:
        if isinstance(result, _Placed):
            by_name[result.name].append(result)
    found = {}
    for name, same in by_name.items():
        exact = [item for item in same if item.has_its_path] if len(same) > 1 else same
        chosen = exact[0] if len(exact) == 1 else None
        if chosen:
            found[name] = chosen.keys
        fault = f"is {name}, like {len(same) - 1:,} other entries; {LEFT_OUT}"
        problems += [ReadError(item.photo.origin, fault) for item in same if item is not chosen]
    return found, problems


def _scaled(photo: PhotoIn, name: str, header: Header) -> Keys:
    """Return the keys in px of the photo in the folder. Raises BadEntry if the shape of the photo differs."""
    width, height = header.width, header.height
    across, down = 1.0, 1.0
    if photo.is_relative:
        across, down = float(width), float(height)
    elif photo.size:
        across, down = width / photo.size[0], height / photo.size[1]
        if abs(across / down - 1) > MAX_STRETCH:
            stated = f"{photo.size[0]} x {photo.size[1]}"
            turned = ", before it is turned upright" if photo.size == (height, width) else ""
            raise BadEntry(f"has {stated} pixels{turned}, but {name} has {width} x {height}")
    keys = []
    for key in photo.keys:
        (x, y), (u, v) = key.head, key.tip
        keys.append(KeyEnds((x * across, y * down), (u * across, v * down), key.kind))
    wrong = outside(keys, width, height)
    if wrong:
        points = f"{wrong.head[0]:.1f}, {wrong.head[1]:.1f} to {wrong.tip[0]:.1f}, {wrong.tip[1]:.1f}"
        raise BadEntry(f"has a key from {points}, but {name} has {width} x {height} pixels")
    lengths = [math.dist(key.head, key.tip) for key in keys]
    if lengths and min(lengths) < MIN_LENGTH:
        raise BadEntry(f"has a key of {min(lengths):.2f} pixels")
    return tuple(keys)
