"""Photos -> features of each view, computed once and kept.

In:    samples, the views wanted, a converted network
Out:   features (n, views, k) float32 in a file; feature maps (7, 7, k) for single photos
Needs: numpy, pillow, ai-edge-litert
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.cache import Cache
from keykind.core.errors import BadPhoto
from keykind.core.files import whole_file
from keykind.core.parallel import Engine, ordered
from keykind.core.progress import progress
from keykind.dataset.dataset import Sample
from keykind.detect.crops import detect_keys, take_crop
from keykind.detect.detector import KeyDetector
from keykind.model.head import Floats
from keykind.model.interpreter import InterpreterPool
from keykind.model.preprocess import Augmentation, Crop, Picture, make_view
from keykind.photo import decode

COMMIT = 64  # photos between two writes to the cache; so many are lost at most when a run is killed
FORMULA = "1"  # raised whenever a view or the crop changes: older cache entries then no longer match


@dataclass(frozen=True, slots=True)
class Plan:
    """Which views of each photo are wanted, and the seed of those that are random."""

    views: tuple[str, ...]
    augmentation: Augmentation
    seed: int

    def picture(self, view: str, crop: Crop, sha256: str) -> Picture:
        """Return a view of the photo with that hash: the same for the same seed, in any order of photos."""
        words = hashlib.sha256(f"{self.seed} {view} {sha256}".encode()).digest()[:16]
        return make_view(view, crop, self.augmentation, np.random.default_rng(int.from_bytes(words)))

    def describe(self, view: str) -> str:
        """Return all that decides what a view looks like, as text."""
        return f"{view} {self.augmentation} seed {self.seed}" if view.endswith("_augmented") else view


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A frozen network as LiteRT file: (1, size, size, 3) float32 in 0..1 -> pooled (k,), map (h, w, k)."""

    model: bytes = field(repr=False)
    digest: str  # of architecture, scaling and weights
    size: int  # side of the crop, px
    channels: int  # k
    runner: InterpreterPool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "runner", InterpreterPool(self.model))

    def run(self, picture: Picture) -> tuple[Floats, Floats]:
        """Return pooled features (k,) and feature map (h, w, k). Safe in threads."""
        outputs = [output[0] for output in self.runner.run(picture)]
        pooled, feature_map = sorted(outputs, key=lambda output: output.ndim)
        return pooled, feature_map


def read_crop(sample: Sample, size: int, wider: float = 1.0) -> Crop:
    """Return the photo, or its cut, stretched to (size, size, 3) uint8.

    wider: how many times as much is shown to either side of the key; a whole photo is mirrored there.
    Raises BadPhoto if it can no longer be read, or is no longer the photo that was checked.
    """
    data = decode.load(sample.path)
    if hashlib.sha256(data).hexdigest() != sample.sha256:
        raise BadPhoto(
            sample.path, fault="changed while the run was reading it", remedy="start the run again"
        )

    def read(least: int) -> decode.Photo:
        return decode.decode(data, sample.path, at_least=least)

    if sample.cut:
        return take_crop(read, sample.cut.wider(wider), size)
    edge = round(size * (1 - 1 / wider) / 2)
    whole = decode.resize(read(size).pixels, size - 2 * edge)
    return np.pad(whole, ((edge, edge), (edge, edge), (0, 0)), mode="symmetric") if edge else whole


def with_key_crops(
    samples: Sequence[Sample], detector: KeyDetector, engine: Engine = ordered
) -> tuple[Sample, ...]:
    """Return the samples, each with the cut of its surest key; where none is found it stays whole.

    Raises BadPhoto for a photo that went away.
    """

    def cut(sample: Sample) -> Sample:
        found = detect_keys(lambda least: decode.read(sample.path, at_least=least), detector)
        return replace(sample, cut=found.cuts[0] if found.cuts else None)

    return tuple(progress(engine(cut, samples), len(samples), "finding keys"))


def store_crops(
    samples: Sequence[Sample], size: int, out: Path, wider: float = 1.0, engine: Engine = ordered
) -> NDArray[np.uint8]:
    """Write every photo's crop to `out` and return them, (n, size, size, 3) uint8, mapped from the disk.

    Raises BadPhoto for a photo that went away, CannotWrite for a full disk.
    """
    crop = partial(read_crop, size=size, wider=wider)
    crops = progress(engine(crop, samples), len(samples), "crops")
    mapped: NDArray[np.uint8] = _mapped(out, "|u1", (len(samples), size, size, 3), crops)
    return mapped


def compute(
    samples: Sequence[Sample],
    plan: Plan,
    network: Network,
    cache: Cache,
    out: Path,
    engine: Engine = ordered,
) -> NDArray[np.float32]:
    """Write the pooled features of every view of every photo to `out` and return them, mapped from the disk.

    -> (n, views, k) float32. What the cache holds is not computed again. Memory stays bounded.
    Raises BadPhoto for a photo that went away, CannotWrite for a full disk.
    """
    shape = len(samples), len(plan.views), network.channels
    mapped: NDArray[np.float32] = _mapped(out, "<f4", shape, _rows(samples, plan, network, cache, engine))
    return mapped


def _mapped(out: Path, kind: str, shape: tuple[int, ...], rows: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Write rows to a .npy file, whole or not at all, and return it mapped from the disk.

    Not written through a map: on a full disk that ends the process with a signal, not with an error.
    """
    with whole_file(out) as temporary, temporary.open("wb") as stream:
        header = {"descr": kind, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        for row in rows:
            stream.write(row.tobytes())
    mapped: NDArray[Any] = np.load(out, mmap_mode="r")
    return mapped


def _rows(
    samples: Sequence[Sample], plan: Plan, network: Network, cache: Cache, engine: Engine
) -> Iterator[Floats]:
    """Yield (views, k) for each photo, from the cache where it is there, and keep what is new."""
    texts = {view: f"{plan.describe(view)} {decode.RESIZE} {FORMULA} {network.digest}" for view in plan.views}

    def key(sample: Sample, view: str) -> bytes:
        shown = f"{sample.sha256} {sample.cut}" if sample.cut else sample.sha256
        return hashlib.sha256(f"{shown} {texts[view]}".encode()).digest()

    def unknown(sample: Sample) -> tuple[str, ...]:
        return tuple(view for view in plan.views if cache.get(key(sample, view)) is None)

    work = partial(_pooled, plan, network)
    wanted = [(sample, unknown(sample)) for sample in samples]
    computed = engine(work, (item for item in wanted if item[1]))
    fresh: dict[bytes, bytes] = {}
    try:
        for sample, views in progress(wanted, len(wanted), "features"):
            found = dict(zip(views, next(computed), strict=True)) if views else {}
            fresh |= {key(sample, view): value for view, value in found.items()}
            row = [
                found.get(view) or cache.get(key(sample, view)) or work((sample, (view,)))[0]
                for view in plan.views
            ]
            if len(fresh) >= COMMIT * len(plan.views):
                cache.put(fresh)
                fresh = {}
            yield np.stack([np.frombuffer(value, np.float32) for value in row])
    finally:
        cache.put(fresh)


def _pooled(plan: Plan, network: Network, item: tuple[Sample, Sequence[str]]) -> list[bytes]:
    """Return the pooled features of some views of a photo."""
    sample, views = item
    crop = read_crop(sample, network.size)
    return [network.run(plan.picture(view, crop, sample.sha256))[0].tobytes() for view in views]
