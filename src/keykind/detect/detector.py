"""Photo -> its keys: oriented box, head and tip, mask, occlusion.

In:    Photo; the network's .tflite file; one ships with keykind
Out:   Detection(s), highest score first, in pixels of the upright original
Needs: numpy, pillow, ai-edge-litert

If several keys are detected, the network is also run on the transposed image and the outputs are averaged
(test-time augmentation). If no key, or only small keys, are detected, the photo is processed again in
overlapping tiles, at up to two finer scales.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadModel
from keykind.core.geometry import Mask, Points
from keykind.detect.align import PAD_VALUE
from keykind.detect.detection import Detection, Detector
from keykind.detect.postprocess import SIDE, DenseOutputs, decode, keypoint_distance, transpose_outputs
from keykind.model import shipped
from keykind.model.interpreter import InterpreterPool
from keykind.photo.decode import Photo

SCORE_THRESHOLD = 0.45
SMALL_KEY = 0.2  # of the longer side: if the median key is shorter, the next finer scale is processed
TILE_SCALES = (0.6, 0.3)  # side of a tile as a share of the photo's longer side, coarse to fine
TILE_OVERLAP = 0.2  # minimum overlap of neighbouring tiles, as a share of a tile's side
MIN_TILE = 0.7  # of SIDE: smaller tiles would be enlarged and show nothing new
TILE_BORDER = 2  # px: a key nearer to a tile's inner edge may continue beyond it
LARGE_KEY = 0.5  # of a tile's side: longer keys are left to the pass over the whole photo
NMS_DISTANCE = 0.3  # mean keypoint distance, in key lengths, up to which two detections are the same key
LOOSE_NMS_DISTANCE = 0.5  # the same if the boxes' centres are nearer than half of NMS_DISTANCE

Tile = tuple[slice, slice]  # rows and columns


class KeyDetector:
    """The detector that ships with keykind: a network and its post-processing. Thread-safe."""

    def __init__(self, flatbuffer: bytes) -> None:
        """Load the bytes of a .tflite file. Raises ValueError or RuntimeError if LiteRT cannot read them."""
        self.digest = hashlib.sha256(flatbuffer).hexdigest()
        self._interpreters = InterpreterPool(flatbuffer)
        self._interpreters.warm_up()

    @classmethod
    def load(cls, path: str | Path | None = None) -> "KeyDetector":
        """Return the detector in a file; None: the one that ships with keykind. Raises BadModel."""
        try:
            return cls(shipped.read_model(shipped.DETECTOR) if path is None else Path(path).read_bytes())
        except (OSError, ValueError, RuntimeError) as error:
            name, remedy = path or shipped.DETECTOR, "give the .tflite file of a detector"
            raise BadModel(name, fault=f"is not a detector ({error})", remedy=remedy) from error

    def detect(self, photo: Photo, score_threshold: float = SCORE_THRESHOLD) -> tuple[Detection, ...]:
        """Return the keys with at least this score, highest score first. Thread-safe."""
        reduction = photo.width / photo.pixels.shape[1]  # above 1 if decoded at a reduced scale
        longer = max(photo.width, photo.height)
        detections = self._detect_pass(photo.pixels, reduction, score_threshold)
        field_of_view = float(longer)
        for scale in TILE_SCALES:
            if max(photo.pixels.shape) * scale <= SIDE * MIN_TILE:
                break
            if not _needs_finer_scale(detections, field_of_view):
                break
            field_of_view = scale * longer
            tiles = _tiles(photo.pixels, scale)
            finer = [
                key for tile in tiles for key in self._detect_tile(photo, tile, reduction, score_threshold)
            ]
            detections = _suppress_duplicates([*sorted(finer, key=lambda key: -key.score), *detections])
        return detections

    def dense_outputs(self, image: NDArray[np.uint8]) -> DenseOutputs:
        """Return the network's outputs for an image (SIDE, SIDE, 3) uint8."""
        (outputs,) = self._interpreters.run(image)
        return np.asarray(outputs[0])

    def _detect_pass(
        self, pixels: NDArray[np.uint8], reduction: float, score_threshold: float
    ) -> tuple[Detection, ...]:
        """Return the keys in pixels (h, w, 3); reduction: pixels of the photo per pixel.

        Several detections may be parts of one key, so the outputs are then averaged with those for the
        transposed image, unless no key is detected in that.
        """
        image, scale = letterbox(pixels)
        height, width = (max(min(SIDE, round(side / scale)), 1) for side in pixels.shape[:2])

        def decoded(outputs: DenseOutputs) -> tuple[Detection, ...]:
            return decode(outputs, (height, width), scale * reduction, score_threshold)

        outputs = self.dense_outputs(image)
        detections = decoded(outputs)
        if len(detections) > 1:
            mirrored = transpose_outputs(self.dense_outputs(np.ascontiguousarray(image.transpose(1, 0, 2))))
            if decoded(mirrored):
                detections = decoded(np.float32(0.5) * (outputs + mirrored))
        return detections

    def _detect_tile(
        self, photo: Photo, tile: Tile, reduction: float, score_threshold: float
    ) -> Iterator[Detection]:
        """Yield the keys that are inside a tile and not large in it, in coordinates of the photo."""
        rows, columns = tile
        pixels = photo.pixels[rows, columns]
        shift = np.array([columns.start, rows.start]) * reduction
        for key in self._detect_pass(pixels, reduction, score_threshold):
            corners = np.concatenate([[key.head, key.tip], key.box]) / reduction
            small = key.length <= LARGE_KEY * max(pixels.shape) * reduction
            if small and _is_inside(corners, tile, photo.pixels.shape):
                size = round(photo.height / key.scale), round(photo.width / key.scale)
                yield replace(
                    key,
                    box=key.box + shift,
                    head=key.head + shift,
                    tip=key.tip + shift,
                    mask=_paste_mask(key.mask, shift / key.scale, size),
                    blade=_paste_mask(key.blade, shift / key.scale, size),
                )


def load_detector(path: str | Path | None = None) -> Detector:
    """Return the detector that keykind uses; None: the one that ships with it. Plug in another one here.

    Raises BadModel.
    """
    return KeyDetector.load(path)


def letterbox(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """Return pixels (h, w, 3) resized into the upper left of (SIDE, SIDE, 3), and pixels per output pixel."""
    height, width = pixels.shape[:2]
    scale = max(height, width) / SIDE
    size = max(round(width / scale), 1), max(round(height / scale), 1)
    image = np.full((SIDE, SIDE, 3), PAD_VALUE, np.uint8)
    resized = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    image[: size[1], : size[0]] = np.asarray(resized)
    return image, scale


def _needs_finer_scale(detections: Sequence[Detection], field_of_view: float) -> bool:
    """Return whether processing at a finer scale is worthwhile; field_of_view: of the last pass, px."""
    return not detections or float(np.median([key.length for key in detections])) <= SMALL_KEY * field_of_view


def _tiles(pixels: NDArray[np.uint8], scale: float) -> list[Tile]:
    """Return overlapping tiles that cover pixels (h, w, 3)."""
    side = round(scale * max(pixels.shape))

    def spans(length: int) -> list[slice]:
        if length <= side:
            return [slice(0, length)]
        count = math.ceil((length - side) / ((1 - TILE_OVERLAP) * side)) + 1
        starts = np.linspace(0, length - side, count).astype(int).tolist()
        return [slice(start, start + side) for start in starts]

    return [(rows, columns) for rows in spans(pixels.shape[0]) for columns in spans(pixels.shape[1])]


def _is_inside(corners: Points, tile: Tile, shape: tuple[int, ...]) -> bool:
    """Return whether corners (n, 2), px of the tile, are clear of every tile edge inside the photo."""
    low = [TILE_BORDER if span.start > 0 else -math.inf for span in tile[::-1]]
    high = [
        span.stop - span.start - TILE_BORDER if span.stop < length else math.inf
        for span, length in zip(tile[::-1], shape[1::-1], strict=True)
    ]
    return bool((corners >= low).all() and (corners <= high).all())


def _paste_mask(mask: Mask, shift: NDArray[np.float64], size: tuple[int, int]) -> Mask:
    """Return a tile's mask pasted into an empty one of the whole photo, size (h, w), at shift (x, y)."""
    whole = np.zeros(size, bool)
    left, top = np.rint(shift).astype(int)
    inside = whole[top : top + mask.shape[0], left : left + mask.shape[1]]
    inside[:] = mask[: inside.shape[0], : inside.shape[1]]
    return whole


def _suppress_duplicates(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Return each key once, as the first of its detections, highest score first."""
    kept: list[Detection] = []
    for key in detections:
        if not any(_is_duplicate(key, other) for other in kept):
            kept.append(key)
    return tuple(sorted(kept, key=lambda key: -key.score))


def _is_duplicate(key: Detection, other: Detection) -> bool:
    """Return whether two detections from different passes are the same key.

    Keypoints of small keys are noisy, so their distance may be larger if the boxes' centres agree.
    """
    centres = np.linalg.norm(key.box.mean(axis=0) - other.box.mean(axis=0)) / max(other.length, 1e-6)
    distance = keypoint_distance(key, other)
    return bool(distance <= NMS_DISTANCE or (distance <= LOOSE_NMS_DISTANCE and centres <= NMS_DISTANCE / 2))
