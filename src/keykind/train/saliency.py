"""Rendered photos and their labels -> how much of the evidence stands on blade, bow and ground.

In:    samples of a set that `keykind render` left; what gives the class map of a crop's answer
Out:   Saliency: shares of the class maps' energy, and of the area, on each part
Needs: numpy, pillow, ai-edge-litert

The labels know which pixel shows a blade, so that where a network looks is a number, not an impression.
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
from keykind.core.geometry import decode
from keykind.core.parallel import ordered
from keykind.dataset.samples import Sample
from keykind.detect.align import OrientedCrop
from keykind.model.card import SIZE
from keykind.model.gradcam import class_maps
from keykind.model.head import Floats, Head
from keykind.model.preprocess import Crop, to_unit
from keykind.train.features import Network, read_crop

Look = Callable[[Crop], Floats]  # crop (SIZE, SIZE, 3) -> class map (n, n) of its answer, >= 0

PARTS = ("blade", "bow", "ground")


@dataclass(frozen=True, slots=True)
class Saliency:
    """Where the evidence for the answers stands, mean over photos; each dict PARTS -> share, together 1."""

    photos: int
    energy: dict[str, float]  # of the class maps
    area: dict[str, float]  # of the crops: what a network that looks everywhere alike would have

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


def measure_saliency(samples: Sequence[Sample], look: Look) -> Saliency | None:
    """Return where the evidence stands in the samples that have a rendered label; None if none has one.

    A photo whose answer no place speaks for has its area's shares.
    """
    labelled = [(sample, label_of(sample)) for sample in samples if label_of(sample).is_file()]
    if not labelled:
        return None

    def measured(one: tuple[Sample, Path]) -> tuple[Floats, Floats]:
        sample, label = one
        class_map = look(read_crop(sample, SIZE))
        parts = parts_seen(label, sample.cut, len(class_map))
        return energy_shares(class_map, parts), parts.mean(axis=(0, 1))

    energies, areas = zip(*ordered(measured, labelled), strict=True)
    return Saliency(len(labelled), _by_part(energies), _by_part(areas))


def looking(network: Network, head: Head) -> Look:
    """Return what a network and its head look at."""

    def look(crop: Crop) -> Floats:
        pooled, feature_map = network.run(to_unit(crop))
        return class_maps(feature_map, head)[..., int(head.logits(pooled[None])[0].argmax())]

    return look


def label_of(sample: Sample) -> Path:
    """Return where the label of a rendered photo lies."""
    return sample.path.parent.parent / LABELS / f"{sample.path.stem}.json"


def energy_shares(class_map: Floats, parts: Floats) -> Floats:
    """Return the shares (3,) of a class map's (n, n) energy on parts (n, n, 3) of its places."""
    total = float(class_map.sum())
    if not total > 0:
        return np.asarray(parts.mean(axis=(0, 1)))
    return np.asarray((class_map[..., None] * parts).sum(axis=(0, 1)) / total)


def parts_seen(label: Path, cut: OrientedCrop | None, grid: int) -> Floats:
    """Return which share of each place of a crop shows each of PARTS: (grid, grid, 3), together 1.

    cut: None for the whole photo, stretched.
    """
    keys = json.loads(label.read_text("utf-8"))["keys"]
    shape = keys[0]["mask"]["size"] if keys else (1, 1)
    picture = np.zeros((*shape, 3), np.uint8)
    for place, part in enumerate(PARTS[:2]):
        for key in keys:
            picture[decode(key[part]), place] = 255
    if cut:
        crop: NDArray[np.uint8] = cut.taken_from(picture, beyond=0)
    else:
        crop = np.asarray(Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.NEAREST))
    small = np.asarray(Image.fromarray(crop).resize((grid, grid), Image.Resampling.BOX), np.float32) / 255
    small[..., 2] = np.clip(1 - small[..., 0] - small[..., 1], 0, 1)
    return np.asarray(small)


def _by_part(shares: Iterable[Floats]) -> dict[str, float]:
    return dict(zip(PARTS, np.mean(list(shares), axis=0).astype(float).tolist(), strict=True))
