"""Small objects other than keys in a view: coins, screws, cutlery, scissors.

In:    View; things cut out of photos
Out:   the View with some of them
Needs: numpy, opencv, pillow                                                               [train]
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from keykind.core.errors import BadDataset
from keykind.train.detector.copy_paste import Pose, paste_thing
from keykind.train.detector.keys import AREA, COLUMNS, HEAD, TIP, WIDTH, View
from keykind.train.detector.pool import CutOut
from keykind.train.detector.warp import log_uniform

MAX_SIDE = 220  # px of a thing
MIN_TRANSPARENT = 0.05  # share of a picture's pixels; one with fewer is not cut out
COUNTS = (1, 6)  # of things in a view, upper limit excluded
LENGTHS, MAX_LENGTH_RATIO = (0.06, 0.5), 1.4  # relative to the frame's longer side; of a thing to that
SAME_SHARE = 0.5  # of views with things of one sort only


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A thing cut out of a photo."""

    cut: CutOut  # its key goes along the longer side
    sort: str  # first word of the file's name: coin, screw, ...


def read_things(folder: Path) -> tuple[Thing, ...]:
    """Return the things in the PNG files of a folder that have transparent pixels. Raises BadDataset."""
    things = []
    for path in sorted(folder.glob("*.png")):
        try:
            with Image.open(path) as image:
                picture = image.convert("RGBA")
                picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
        except (OSError, ValueError) as error:
            fault = f"cannot be read ({error})"
            raise BadDataset(path, fault=fault, remedy="delete it from the folder") from error
        pixels = np.asarray(picture)
        if (pixels[..., 3] < 128).mean() >= MIN_TRANSPARENT:
            things.append(Thing(_cut(pixels), path.stem.partition("_")[0]))
    if not things:
        fault = "has 0 PNG files with transparent pixels"
        raise BadDataset(folder, fault=fault, remedy="give a folder of cut-out things")
    return tuple(things)


def litter(view: View, things: Sequence[Thing], rng: np.random.Generator) -> None:
    """Put some things into the view, on top of what is there."""
    typical = log_uniform(rng, *LENGTHS) * max(view.size)
    sort = things[int(rng.integers(len(things)))].sort
    if rng.random() < SAME_SHARE:
        things = [thing for thing in things if thing.sort == sort]
    for _ in range(int(rng.integers(*COUNTS))):
        thing = things[int(rng.integers(len(things)))]
        angle = float(rng.uniform(0, 2 * math.pi))
        length = typical * log_uniform(rng, 1 / MAX_LENGTH_RATIO, MAX_LENGTH_RATIO)
        middle = np.array(view.size) * rng.uniform(0.05, 0.95, 2)
        head = middle - length / 2 * np.array([math.cos(angle), math.sin(angle)])
        paste_thing(view, thing.cut, Pose(head, angle, length), rng)


def _cut(pixels: np.ndarray) -> CutOut:
    """Return RGBA pixels as a cut-out whose key goes through the middle, along the longer side."""
    height, width = pixels.shape[:2]
    key = np.zeros(COLUMNS)
    key[HEAD], key[TIP] = (0, height / 2), (width, height / 2)
    if height > width:
        key[HEAD], key[TIP] = (width / 2, 0), (width / 2, height)
    key[WIDTH], key[AREA] = min(height, width), height * width / 2
    return CutOut(pixels, np.zeros((height, width), np.uint8), key)
