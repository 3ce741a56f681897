"""Photos and maps -> tiles for a page.

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
from keykind.dataset.dataset import Sample
from keykind.model.gradcam import class_maps, is_empty, overlay
from keykind.model.head import Head
from keykind.model.preprocess import to_crop, to_unit
from keykind.photo import decode
from keykind.train.features import Network, Plan, read_crop

SIDE = 176  # longest side of a tile, px
QUALITY = 80  # JPEG
EACH = 5  # pictures of each kind, as in the report
MOST = 60  # pictures of one gallery; more would make the page heavy and nobody looks at them

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said of one test photo."""

    sample: Sample
    kind: str
    probability: float

    @property
    def right(self) -> bool:
        """Whether it is the true kind."""
        return self.kind == self.sample.kind

    def caption(self) -> str:
        """Return the answer in a few words."""
        return f"{self.sample.kind} → {self.kind} {self.probability:.2f}"


def tile(pixels: NDArray[np.uint8], caption: str) -> Tile:
    """Return pixels (h, w, 3) as a tile of at most SIDE px; nothing of the file but its pixels is kept."""
    small = Image.fromarray(pixels)
    small.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return Tile(buffer.getvalue(), caption)


def of_each(items: Iterable[T], shown: Callable[[T], Sample], each: int = EACH) -> list[T]:
    """Return `each` items of every kind, of as many different keys as there are; never more than MOST in all.

    shown: the photo of an item.
    """
    kinds: dict[str, list[tuple[int, int, T]]] = defaultdict(list)
    met: Counter[str] = Counter()
    for place, item in enumerate(items):
        sample = shown(item)
        kinds[sample.kind].append((met[sample.group], place, item))
        met[sample.group] += 1
    fair = max(1, min(each, MOST // max(len(kinds), 1)))
    return [item for group in kinds.values() for _, _, item in sorted(group, key=itemgetter(0, 1))[:fair]][
        :MOST
    ]


def examples(samples: Iterable[Sample]) -> list[Tile]:
    """Return the photos as they were taken."""
    return [tile(decode.read(sample.path, at_least=SIDE).pixels, sample.name) for sample in samples]


def views(samples: Iterable[Sample], plan: Plan, wanted: Sequence[str], size: int) -> list[Tile]:
    """Return each photo's views as the network sees them: stretched to a square."""
    return [
        tile(to_crop(plan.picture(view, crop, sample.sha256)), f"{sample.kind}, {view.replace('_', ' ')}")
        for sample in samples
        for crop in [read_crop(sample, size)]
        for view in wanted
    ]


@dataclass(frozen=True, slots=True)
class Explainer:
    """The network, the head and the kinds: what is needed to show why."""

    network: Network
    head: Head
    kinds: tuple[str, ...]

    def show(self, answer: Answer, kinds: Sequence[str]) -> tuple[Tile, ...]:
        """Return the photo as the network sees it with the answer, then for each kind the evidence over it.

        An empty map is said, not drawn.
        """
        crop = read_crop(answer.sample, self.network.size)
        _, feature_map = self.network.run(to_unit(crop))
        maps = class_maps(feature_map, self.head)
        tiles = [tile(crop, answer.caption())]
        for kind in kinds:
            one = maps[..., self.kinds.index(kind)]
            if is_empty(one):
                tiles.append(tile(crop, f"no place speaks for {kind}"))
            else:
                tiles.append(tile(overlay(crop, one), f"for {kind}: {answer.caption()}"))
        return tuple(tiles)
