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
from PIL import Image, ImageDraw

from keykind.core.html import Tile
from keykind.core.parallel import parallel_map
from keykind.dataset.samples import Sample
from keykind.detect.align import ASPECT_RATIO
from keykind.model.gradcam import class_maps, is_empty, overlay
from keykind.model.head import Head
from keykind.model.preprocess import to_crop
from keykind.photo import decode
from keykind.train.features import Network, Plan, read_crop

SIDE = 176  # longest side of a tile, px
QUALITIES = (80, 60, 40, 20)  # JPEG qualities, tried in turn
MAX_BYTES = 7000  # of a tile, so that a page stays below 10 MB
PER_KIND = 5  # tiles of each kind, as in the 2024 report
OUTLINE = "#ffd400"  # of the key in a photo, on black: visible on any ground
MAX_TILES = 100  # of one gallery, to keep the page small

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


def make_tile(pixels: NDArray[np.uint8], caption: str, aspect_ratio: float | None = None) -> Tile:
    """Return pixels (h, w, 3) as a tile of at most SIDE px, without any metadata.

    aspect_ratio: width / height of what was stretched to these pixels, to undo that; None: as they are.
    """
    image = Image.fromarray(pixels)
    if aspect_ratio:
        image = image.resize(
            (SIDE, max(round(SIDE / aspect_ratio), 1))
            if aspect_ratio >= 1
            else (max(round(SIDE * aspect_ratio), 1), SIDE)
        )
    image.thumbnail((SIDE, SIDE))
    return Tile(_jpeg(image), caption)


def _jpeg(image: Image.Image) -> bytes:
    data = b""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        data = buffer.getvalue()
        if len(data) <= MAX_BYTES:
            break
    return data


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


def photo_tile(sample: Sample) -> Tile:
    """Return a tile of the original photo; the key that was cut out of it, if any, is outlined."""
    if not sample.region:
        return outlined_tile(sample)
    corners = sample.region.to_photo((1, 1)) @ np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
    return outlined_tile(sample, [(float(x), float(y)) for x, y in corners.T])


def outlined_tile(sample: Sample, corners: Sequence[tuple[float, float]] = ()) -> Tile:
    """Return a tile of the original photo; corners: of a key in it, px of the upright original.

    Raises BadPhoto if the photo cannot be read any more.
    """
    photo = decode.read_photo(sample.path, min_side=SIDE)
    image = Image.fromarray(photo.pixels)
    image.thumbnail((SIDE, SIDE))
    if corners:
        scale = image.width / sample.width
        points = [(scale * x, scale * y) for x, y in (*corners, corners[0])]
        draw = ImageDraw.Draw(image)
        draw.line(points, fill="black", width=4, joint="curve")
        draw.line(points, fill=OUTLINE, width=2, joint="curve")
    return Tile(_jpeg(image), sample.name)


def photo_tiles(samples: Iterable[Sample]) -> list[Tile]:
    """Return tiles of the original photos."""
    return list(parallel_map(photo_tile, samples))


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
    """Draws Grad-CAM maps: a network, its head, its kinds, and the views that they were made for."""

    network: Network
    head: Head
    kinds: tuple[str, ...]
    plan: Plan

    def explain(
        self, prediction: PhotoPrediction, kinds: Sequence[str], view: str = "plain"
    ) -> tuple[Tile, ...]:
        """Return tiles of the network's input, captioned with the prediction, and of each kind's map over it.

        They have the proportions of the photo. An empty map is not drawn; its caption says that there is no
        evidence.
        """
        sample = prediction.sample
        picture = self.plan.picture(view, read_crop(sample, self.network.size), sample.sha256)
        crop = to_crop(picture)
        _, feature_map = self.network.run(picture)
        maps = class_maps(feature_map, self.head)
        aspect_ratio = ASPECT_RATIO if sample.region else sample.width / sample.height
        tiles = [make_tile(crop, prediction.caption(), aspect_ratio)]
        for kind in kinds:
            class_map = maps[..., self.kinds.index(kind)]
            if is_empty(class_map):
                tiles.append(make_tile(crop, f"no evidence for {kind}", aspect_ratio))
            else:
                caption = f"for {kind}: {prediction.caption()}"
                tiles.append(make_tile(overlay(crop, class_map), caption, aspect_ratio))
        return tuple(tiles)
