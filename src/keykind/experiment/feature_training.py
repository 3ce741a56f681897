"""Rendered photos -> the layers of the bundled classifier's features.

In:    a folder of key series (several photos of each key), folders of rendered sets (one photo of each key),
       folders of photos without keys
Out:   OUT/features.npz, for `keykind dev ship --features`; OUT/maps, with which an interrupted call goes on
Needs: keras, tensorflow, opencv                                                           [train]
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keykind.core.errors import BadDataset
from keykind.core.files import atomic_write
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.export.features_output import with_taps
from keykind.model.interpreter import InterpreterPool
from keykind.model.model import unpack
from keykind.model.shipped import CLASSIFIER, read_model
from keykind.photo.decode import SUFFIXES, read_photo
from keykind.train.appearance.training import Maps, TrainingKey, train_head
from keykind.train.appearance.views import random_view, read_key
from keykind.train.detector.labels import LabelledPhoto, labelled_photos

FILE, MAPS = "features.npz", "maps"
SEVERAL_VIEWS, SINGLE_VIEWS = 5, 3  # of each photo of a series, and of a set
MAX_SINGLE = 3500  # keys of sets


@dataclass(frozen=True, slots=True)
class FeaturePhotos:
    """What the features are trained on."""

    series: Path  # a folder that render.sets.key_series wrote: <kind>-<key>/<photo>.jpg and .json
    sets: Sequence[Path]  # datasets of single keys, by `keykind render`
    backgrounds: Sequence[Path]  # photos without keys, also in subfolders


def train_features(photos: FeaturePhotos, out: Path, seed: int, report: Callable[[str], None]) -> Path:
    """Train the layers and return their file. Raises BadDataset, BadPhoto, BadModel, CannotWrite."""
    backgrounds = _photos(photos.backgrounds)
    flatbuffer, _ = unpack(read_model(CLASSIFIER), CLASSIFIER)
    maker = _ViewMaker(InterpreterPool(with_taps(flatbuffer)), backgrounds, out / MAPS, seed)
    maker.folder.mkdir(parents=True, exist_ok=True)
    several = [
        LabelledPhoto(label.with_suffix(".jpg"), label) for label in sorted(photos.series.glob("*/*.json"))
    ]
    if not several:
        remedy = "give a folder that `keykind dev render-keys` wrote"
        raise BadDataset(photos.series, fault="has no series of keys", remedy=remedy)
    by_key: dict[str, list[Maps]] = defaultdict(list)
    for photo, maps in maker.all_of(several, SEVERAL_VIEWS):
        by_key[photo.photo.parent.name] += [maps]
    singles = [photo for folder in photos.sets for photo in labelled_photos(folder)]
    chosen = np.random.default_rng(seed).permutation(len(singles))[:MAX_SINGLE]
    single = [
        TrainingKey(photo.photo.parent.name, maps)
        for photo, maps in maker.all_of([singles[i] for i in sorted(chosen)], SINGLE_VIEWS)
    ]
    keys = [TrainingKey(name.rpartition("-")[0], np.concatenate(maps)) for name, maps in by_key.items()]
    report(f"{len(keys)} keys with several photos, {len(single)} with one")
    head = train_head(keys, single, seed, report)
    with atomic_write(out / FILE) as temporary:
        head.save(temporary)
    return out / FILE


@dataclass(frozen=True, slots=True)
class _ViewMaker:
    """Makes the feature maps of random views of photos, or reads those that were made before."""

    taps: InterpreterPool
    backgrounds: Sequence[Path]
    folder: Path
    seed: int

    def all_of(self, photos: Sequence[LabelledPhoto], views: int) -> list[tuple[LabelledPhoto, Maps]]:
        """Return the maps (views, 7, 7, k) of each photo whose key can be seen."""
        made = parallel_map(lambda photo: self._maps(photo, views), photos)
        pairs = zip(photos, progress(made, len(photos), "feature maps"), strict=True)
        return [(photo, maps) for photo, maps in pairs if len(maps)]

    def _maps(self, photo: LabelledPhoto, views: int) -> Maps:
        name = hashlib.sha256(f"{photo.photo.resolve()} {views} {self.seed}".encode()).hexdigest()[:24]
        path = self.folder / f"{name}.npy"
        if path.is_file():
            return np.asarray(np.load(path, allow_pickle=False), np.float16)
        rng = np.random.default_rng(int(name, 16))
        key = read_key(photo.photo, photo.label)
        crops = [] if key is None else [key.crop()]
        while key is not None and len(crops) < views:
            background = read_photo(self.backgrounds[int(rng.integers(len(self.backgrounds)))]).pixels
            crops.append(random_view(key, background, rng))
        maps = [self.taps.run(crop)[0][0] for crop in crops]
        result = np.stack(maps).astype(np.float16) if maps else np.zeros((0,), np.float16)
        with atomic_write(path) as temporary:
            np.save(temporary, result, allow_pickle=False)
        return result


def _photos(folders: Sequence[Path]) -> list[Path]:
    """Return the photos in folders and their subfolders. Raises BadDataset if there are none."""
    found = [
        path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES
    ]
    if not found:
        fault, remedy = "have no photos", "give folders of photos without keys"
        raise BadDataset(", ".join(map(str, folders)) or "backgrounds", fault=fault, remedy=remedy)
    return found
