"""Render several photos of each of many keys, as of the keys that somebody owns.

In:    KeySeries: number of keys and photos of each, kinds, seed, size in px; Studio
Out:   OUT/<kind>-<key>/<photo>.jpg and its label <photo>.json, with the box of the key
Needs: numpy, pillow, manifold3d, mitsuba    [render]

Shape, materials, colours and stamps of a key are the same in all its photos. Ground, light, pose, camera, and
which face is up are drawn for each photo, and so are scratches and fingerprints, which do not identify it.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from keykind.core.errors import KeykindError
from keykind.core.files import write_bytes
from keykind.core.progress import progress
from keykind.render.keys.catalogue import draw_key
from keykind.render.sets.rendering import Studio, process_renderer
from keykind.render.sets.workers import run_in_processes
from keykind.render.studio.render_photo import render_photo

SCENE = "phone"  # one key, rarely two, on any ground or in a hand, in any light
KINDS = (  # of the keys of one owner, in turn: several of one kind
    *("cylinder", "dimple", "cylinder", "laser_track", "mortice", "cylinder"),
    *("double_bit", "dimple", "cylinder", "laser_track", "cruciform", "tubular"),
)
MAX_PHOTOS = 100  # of one key; the number of a photo is part of its seed


@dataclass(frozen=True, slots=True)
class KeyPhoto:
    """One photo of one key."""

    folder: Path
    seed: int  # of the keys and their photos
    key: int  # its number, from 0
    kind: str
    number: int  # of the photo of this key, from 0
    size: int  # px, longer side

    @property
    def path(self) -> Path:
        """Return the photo's file."""
        return self.folder / f"{self.kind}-{self.key:04}" / f"{self.number:02}.jpg"


def series(
    folder: Path, keys: range, photos: int, *, seed: int, size: int, kinds: Sequence[str] = KINDS
) -> Iterator[KeyPhoto]:
    """Yield the photos of these keys, key by key. Raises KeykindError for more than MAX_PHOTOS of a key."""
    if not 1 <= photos <= MAX_PHOTOS:
        fault = f"is outside 1 to {MAX_PHOTOS}"
        raise KeykindError(f"{photos} photos of a key", fault=fault, remedy="choose another number")
    for key in keys:
        for number in range(photos):
            yield KeyPhoto(folder, seed, key, kinds[key % len(kinds)], number, size)


def render_series(photos: Sequence[KeyPhoto], studio: Studio) -> int:
    """Render the photos whose files do not exist; return their number.

    Raises KeykindError if a photo cannot be rendered, or a worker was killed; finished photos are kept.
    """
    missing = [photo for photo in photos if not photo.path.is_file()]
    if not missing:
        return 0
    workers = min(studio.workers, len(missing))
    with closing(run_in_processes(partial(_render_and_write, studio), missing, workers)) as done:
        for photo, error in progress(done, len(missing), "rendering"):
            if error is not None:
                fault = f"was not rendered ({error})"
                raise KeykindError(photo.path, fault=fault, remedy="repeat the command") from error
    return len(missing)


def _render_and_write(studio: Studio, photo: KeyPhoto) -> None:
    """Render one photo and write it after its label, in a worker."""
    solid, _ = draw_key(photo.kind, np.random.default_rng([photo.seed, photo.key]))
    index = photo.key * MAX_PHOTOS + photo.number
    renderer = process_renderer(studio.variant)
    rendered = render_photo(
        renderer,
        SCENE,
        (photo.kind,),
        photo.size,
        (photo.seed, index),
        assets=studio.assets,
        key=solid,
    )
    photo.path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(photo.path.with_suffix(".json"), json.dumps(rendered.label).encode())
    write_bytes(photo.path, rendered.jpeg)
