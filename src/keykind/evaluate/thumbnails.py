"""Photos and class maps -> tiles for a page.

In:    samples, their crops and class maps
Out:   Tile(s): small JPEGs with captions
Needs: numpy, pillow, ai-edge-litert
"""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.html import Tile
from keykind.dataset.samples import Sample
from keykind.model.gradcam import class_maps, is_empty, overlay
from keykind.model.head import Head
from keykind.model.preprocess import to_crop, to_unit
from keykind.photo import decode
from keykind.train.features import Network, Plan, read_crop

SIDE = 176  # longest side of a tile, px
QUALITY = 80  # JPEG
PER_KIND = 5  # tiles of each kind, as in the 2024 report
MAX_TILES = 60  # of one gallery, to keep the page small

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PhotoPrediction:
    """The predicted kind of one test photo."""

    sample: Sample
    kind: str
    probability: float

    @property
    def correct(self) -> bool:
        """Return whether the predicted kind is the true one."""
        return self.kind == self.sample.kind

    def caption(self) -> str:
        """Return true kind, predicted kind and probability."""
        return f"{self.sample.kind} → {self.kind} {self.probability:.2f}"


def make_tile(pixels: NDArray[np.uint8], caption: str) -> Tile:
    """Return pixels (h, w, 3) as a tile of at most SIDE px, without any metadata."""
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return Tile(buffer.getvalue(), caption)


def examples_per_kind(
    items: Iterable[T], sample_of: Callable[[T], Sample], per_kind: int = PER_KIND
) -> list[T]:
    """Return `per_kind` items of every kind, preferring different physical keys; at most MAX_TILES in all.

    sample_of: returns the sample of an item.
    """
    kinds: dict[str, list[tuple[int, int, T]]] = defaultdict(list)
    seen: Counter[str] = Counter()
    for i, item in enumerate(items):
        sample = sample_of(item)
        kinds[sample.kind].append((seen[sample.group], i, item))
        seen[sample.group] += 1
    limit = max(1, min(per_kind, MAX_TILES // max(len(kinds), 1)))
    return [item for group in kinds.values() for _, _, item in sorted(group, key=itemgetter(0, 1))[:limit]][
        :MAX_TILES
    ]


def photo_tiles(samples: Iterable[Sample]) -> list[Tile]:
    """Return tiles of the original photos."""
    return [
        make_tile(decode.read_photo(sample.path, min_side=SIDE).pixels, sample.name) for sample in samples
    ]


def view_tiles(samples: Iterable[Sample], plan: Plan, views: Sequence[str], size: int) -> list[Tile]:
    """Return tiles of each photo's views as input to the network: stretched to a square of `size` px."""
    return [
        make_tile(
            to_crop(plan.picture(view, crop, sample.sha256)), f"{sample.kind}, {view.replace('_', ' ')}"
        )
        for sample in samples
        for crop in [read_crop(sample, size)]
        for view in views
    ]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Draws Grad-CAM maps: a network, its head and its kinds."""

    network: Network
    head: Head
    kinds: tuple[str, ...]

    def explain(self, prediction: PhotoPrediction, kinds: Sequence[str]) -> tuple[Tile, ...]:
        """Return tiles of the network's input, captioned with the prediction, and of each kind's map over it.

        An empty map is not drawn; its caption says that there is no evidence.
        """
        crop = read_crop(prediction.sample, self.network.size)
        _, feature_map = self.network.run(to_unit(crop))
        maps = class_maps(feature_map, self.head)
        tiles = [make_tile(crop, prediction.caption())]
        for kind in kinds:
            class_map = maps[..., self.kinds.index(kind)]
            if is_empty(class_map):
                tiles.append(make_tile(crop, f"no evidence for {kind}"))
            else:
                caption = f"for {kind}: {prediction.caption()}"
                tiles.append(make_tile(overlay(crop, class_map), caption))
        return tuple(tiles)
