"""Photos -> features of each view, computed once and cached.

In:    samples, the requested views, a converted network
Out:   features (n, views, k) float32 in a file; feature maps (7, 7, k) of single photos
Needs: numpy, pillow, ai-edge-litert
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.cache import Cache
from keykind.core.errors import BadPhoto
from keykind.core.files import atomic_write
from keykind.core.parallel import Engine, parallel_map
from keykind.core.progress import progress
from keykind.dataset.samples import Sample
from keykind.detect.crops import take_crop
from keykind.model.head import Floats
from keykind.model.interpreter import InterpreterPool
from keykind.model.preprocess import Augmentation, Crop, Picture, make_view
from keykind.photo import decode

CACHE_BATCH = 64  # photos per write to the cache: the most whose features a killed run loses
CACHE_VERSION = "1"  # raised when views or crops change, so that older cache entries no longer match


@dataclass(frozen=True, slots=True)
class Plan:
    """Which views of each photo are needed, and the seed of the random ones."""

    views: tuple[str, ...]
    augmentation: Augmentation
    seed: int

    def picture(self, view: str, crop: Crop, sha256: str) -> Picture:
        """Return a view of the photo with that hash; it depends on the seed, not on the order of photos."""
        digest = hashlib.sha256(f"{self.seed} {view} {sha256}".encode()).digest()[:16]
        return make_view(view, crop, self.augmentation, np.random.default_rng(int.from_bytes(digest)))

    def describe(self, view: str) -> str:
        """Return everything that determines a view, as text."""
        return f"{view} {self.augmentation} seed {self.seed}" if view.endswith("_augmented") else view


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A frozen network in LiteRT: (1, size, size, 3) float32 in 0..1 -> pooled (k,), map (h, w, k)."""

    model: bytes = field(repr=False)
    digest: str  # of architecture, scaling and weights
    size: int  # side of the crop, px
    channels: int  # k
    interpreters: InterpreterPool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "interpreters", InterpreterPool(self.model))

    def run(self, picture: Picture) -> tuple[Floats, Floats]:
        """Return pooled features (k,) and the feature map (h, w, k). Thread-safe."""
        outputs = [output[0] for output in self.interpreters.run(picture)]
        pooled, feature_map = sorted(outputs, key=lambda output: output.ndim)
        return pooled, feature_map


def read_crop(sample: Sample, size: int, scale: float = 1.0) -> Crop:
    """Return the photo, or its region, stretched to (size, size, 3) uint8.

    scale: how much wider than the region the crop is; a whole photo is padded by reflection instead.
    Raises BadPhoto if the photo can no longer be read, or has changed since it was checked.
    """
    data = decode.read_bytes(sample.path)
    if hashlib.sha256(data).hexdigest() != sample.sha256:
        raise BadPhoto(sample.path, fault="changed during the run", remedy="start the run again")

    def read(min_side: int) -> decode.Photo:
        return decode.decode_photo(data, sample.path, min_side=min_side)

    if sample.region:
        return take_crop(read, sample.region.expand(scale), size)
    edge = round(size * (1 - 1 / scale) / 2)
    whole = decode.resize(read(size).pixels, size - 2 * edge)
    return np.pad(whole, ((edge, edge), (edge, edge), (0, 0)), mode="symmetric") if edge else whole


def store_crops(
    samples: Sequence[Sample], size: int, out: Path, scale: float = 1.0, engine: Engine = parallel_map
) -> NDArray[np.uint8]:
    """Write the crop of every photo to `out` and return them, (n, size, size, 3) uint8, memory-mapped.

    scale: see `read_crop`.
    Raises BadPhoto for a photo that can no longer be read, CannotWrite for a full disk.
    """
    crop = partial(read_crop, size=size, scale=scale)
    crops = progress(engine(crop, samples), len(samples), "crops")
    mapped: NDArray[np.uint8] = _store(out, "|u1", (len(samples), size, size, 3), crops)
    return mapped


def compute(
    samples: Sequence[Sample],
    plan: Plan,
    network: Network,
    cache: Cache,
    out: Path,
    engine: Engine = parallel_map,
) -> NDArray[np.float32]:
    """Write the pooled features of every view of every photo to `out` and return them, memory-mapped.

    -> (n, views, k) float32. Cached features are not computed again. Memory use does not grow with n.
    Raises BadPhoto for a photo that can no longer be read, CannotWrite for a full disk.
    """
    shape = len(samples), len(plan.views), network.channels
    mapped: NDArray[np.float32] = _store(out, "<f4", shape, _rows(samples, plan, network, cache, engine))
    return mapped


def _store(out: Path, dtype: str, shape: tuple[int, ...], rows: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Write rows to a .npy file, completely or not at all, and return it memory-mapped.

    It is not written through the memory map: on a full disk that kills the process instead of raising.
    """
    with atomic_write(out) as temporary, temporary.open("wb") as stream:
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        for row in rows:
            stream.write(row.tobytes())
    mapped: NDArray[Any] = np.load(out, mmap_mode="r")
    return mapped


def _rows(
    samples: Sequence[Sample], plan: Plan, network: Network, cache: Cache, engine: Engine
) -> Iterator[Floats]:
    """Yield (views, k) for each photo, from the cache if possible, and cache what is new."""
    descriptions = {
        view: f"{plan.describe(view)} {decode.RESIZE} {CACHE_VERSION} {network.digest}" for view in plan.views
    }

    def key(sample: Sample, view: str) -> bytes:
        crop = f"{sample.sha256} {sample.region}" if sample.region else sample.sha256
        return hashlib.sha256(f"{crop} {descriptions[view]}".encode()).digest()

    def missing_views(sample: Sample) -> tuple[str, ...]:
        return tuple(view for view in plan.views if cache.get(key(sample, view)) is None)

    work = partial(_pooled, plan, network)
    missing = [(sample, missing_views(sample)) for sample in samples]
    computed = engine(work, (item for item in missing if item[1]))
    new: dict[bytes, bytes] = {}
    try:
        for sample, views in progress(missing, len(missing), "features"):
            values = dict(zip(views, next(computed), strict=True)) if views else {}
            new |= {key(sample, view): value for view, value in values.items()}
            row = [
                values.get(view) or cache.get(key(sample, view)) or work((sample, (view,)))[0]
                for view in plan.views
            ]
            if len(new) >= CACHE_BATCH * len(plan.views):
                cache.put(new)
                new = {}
            yield np.stack([np.frombuffer(value, np.float32) for value in row])
    finally:
        cache.put(new)


def _pooled(plan: Plan, network: Network, item: tuple[Sample, Sequence[str]]) -> list[bytes]:
    """Return the pooled features of some views of a photo."""
    sample, views = item
    crop = read_crop(sample, network.size)
    return [network.run(plan.picture(view, crop, sample.sha256))[0].tobytes() for view in views]
