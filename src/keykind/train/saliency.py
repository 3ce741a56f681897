"""Class maps and rendered labels -> how much of the evidence is on the blade, the bow and the background.

In:    samples of a dataset that `keykind render` wrote; a function that returns a crop's class map
Out:   Saliency: shares of the class maps' energy, and of the area, on each part
Needs: numpy, pillow, ai-edge-litert

The energy-based pointing game (Wang et al. 2020, Score-CAM, arXiv:1910.01279), with masks of the key's parts
in place of a bounding box: labels say which pixels show a blade, so that reliance on it can be measured.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.files import LABELS
from keykind.core.geometry import decode_rle
from keykind.core.parallel import parallel_map
from keykind.dataset.samples import Sample
from keykind.detect.align import OrientedCrop
from keykind.model.card import SIZE
from keykind.model.gradcam import class_maps
from keykind.model.head import Floats, Head
from keykind.model.preprocess import Crop, to_unit
from keykind.train.features import Network, read_crop

ClassMap = Callable[[Crop], Floats]  # crop (SIZE, SIZE, 3) -> class map (n, n) of the predicted kind, >= 0

PARTS = ("blade", "bow", "ground")


@dataclass(frozen=True, slots=True)
class Saliency:
    """Where the evidence for predictions is, mean over photos; each dict: share of each of PARTS, sum 1."""

    photos: int
    energy: dict[str, float]  # of the class maps
    area: dict[str, float]  # of the crops: the energy of a uniform class map

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


def measure_saliency(samples: Sequence[Sample], class_map: ClassMap) -> Saliency | None:
    """Return the mean shares over the samples that have a rendered label; None if none has one.

    If a class map is zero everywhere, the shares of its energy are those of the area.
    """
    labelled = [(sample, label_path(sample)) for sample in samples if label_path(sample).is_file()]
    if not labelled:
        return None

    def shares(item: tuple[Sample, Path]) -> tuple[Floats, Floats]:
        sample, label = item
        energy = class_map(read_crop(sample, SIZE))
        parts = part_shares(label, sample.region, len(energy))
        return energy_shares(energy, parts), parts.mean(axis=(0, 1))

    energies, areas = zip(*parallel_map(shares, labelled), strict=True)
    return Saliency(len(labelled), _by_part(energies), _by_part(areas))


def class_map_of(network: Network, head: Head) -> ClassMap:
    """Return the function that computes the class map of the kind that a network and its head predict."""

    def class_map(crop: Crop) -> Floats:
        pooled, feature_map = network.run(to_unit(crop))
        return class_maps(feature_map, head)[..., int(head.logits(pooled[None])[0].argmax())]

    return class_map


def label_path(sample: Sample) -> Path:
    """Return the path of a rendered photo's label."""
    return sample.path.parent.parent / LABELS / f"{sample.path.stem}.json"


def energy_shares(class_map: Floats, parts: Floats) -> Floats:
    """Return the shares (3,) of a class map's (n, n) energy on parts (n, n, 3)."""
    total = float(class_map.sum())
    if not total > 0:
        return np.asarray(parts.mean(axis=(0, 1)))
    return np.asarray((class_map[..., None] * parts).sum(axis=(0, 1)) / total)


def part_shares(label: Path, region: OrientedCrop | None, grid: int) -> Floats:
    """Return the share of each of PARTS in each cell of a crop: (grid, grid, 3), sum 1 over the last axis.

    region: of the crop; None: the whole photo, stretched.
    """
    keys = json.loads(label.read_text("utf-8"))["keys"]
    shape = keys[0]["mask"]["size"] if keys else (1, 1)
    masks = np.zeros((*shape, 3), np.uint8)
    for channel, part in enumerate(PARTS[:2]):
        for key in keys:
            masks[decode_rle(key[part]), channel] = 255
    if region:
        crop: NDArray[np.uint8] = region.extract(masks, fill=0)
    else:
        crop = np.asarray(Image.fromarray(masks).resize((SIZE, SIZE), Image.Resampling.NEAREST))
    shares = np.asarray(Image.fromarray(crop).resize((grid, grid), Image.Resampling.BOX), np.float32) / 255
    shares[..., 2] = np.clip(1 - shares[..., 0] - shares[..., 1], 0, 1)
    return np.asarray(shares)


def _by_part(shares: Iterable[Floats]) -> dict[str, float]:
    return dict(zip(PARTS, np.mean(list(shares), axis=0).astype(float).tolist(), strict=True))
