"""Photo -> its keys: head and tip, oriented box, occlusion, mask.

In:    Photo; the network's .tflite file, and a Refiner; both ship with keykind
Out:   Detection(s), highest score first, in pixels of the upright original
Needs: numpy, pillow, ai-edge-litert

If no key, or only small keys, are detected, the photo is processed again in overlapping tiles, at up to two
finer scales. The refiner (refiner.py) classifies an aligned crop of each candidate again.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadModel
from keykind.core.geometry import Points
from keykind.core.parallel import short_map
from keykind.detect.align import PAD_VALUE
from keykind.detect.detection import Detection, Detector
from keykind.detect.duplicates import are_among, by_score, suppress_duplicates
from keykind.detect.postprocess import (
    HEIGHT,
    LOCATIONS,
    OUTPUTS,
    WIDTH,
    Candidates,
    DenseOutputs,
    decode,
)
from keykind.detect.refiner import Refiner, load_refiner
from keykind.model import shipped
from keykind.model.interpreter import InterpreterPool
from keykind.photo.decode import Photo

SCORE_THRESHOLD = 0.5
CANDIDATE_THRESHOLD = 0.12  # score from which a candidate is refined
MAX_DOUBTFUL = 12  # candidates below the score threshold that are refined, those with the highest scores
SMALL_KEY = 0.2  # of the longer side: if the median key is shorter, the next finer scale is processed
TILE_SCALES = (0.6, 0.3)  # longer side of a tile as a share of the photo's, coarse to fine
TILE_OVERLAP = 0.2  # minimum overlap of neighbouring tiles, as a share of a tile's side
MIN_TILE = 0.7  # of WIDTH: smaller tiles would be enlarged and show nothing new
TILE_BORDER = 2  # px: a key nearer to a tile's inner edge may continue beyond it
LARGE_KEY = 0.5  # of a tile's longer side: longer keys are left to the pass over the whole photo

Size = tuple[int, int]  # width and height, px
Tile = tuple[int, int, int, int]  # left, top, right and bottom, px


class KeyDetector:
    """The detector that ships with keykind: a network, its post-processing, a refiner. Thread-safe."""

    def __init__(self, flatbuffer: bytes, refiner: Refiner | None = None) -> None:
        """Load the bytes of a .tflite file. refiner: None leaves the detections as they are, without masks.

        Raises ValueError or RuntimeError if LiteRT cannot read them or they are of another network.
        """
        self._refiner = refiner
        self.digest = hashlib.sha256(flatbuffer).hexdigest() + (refiner.digest if refiner else "")
        self._interpreters = InterpreterPool(flatbuffer)
        shapes = self._interpreters.output_shapes(HEIGHT, WIDTH, 3)
        if shapes != [(1, LOCATIONS, len(OUTPUTS))]:
            raise ValueError(f"its outputs are {shapes}, not (1, {LOCATIONS}, {len(OUTPUTS)})")

    @classmethod
    def load(cls, path: str | Path | None = None, refiner: Refiner | None = None) -> "KeyDetector":
        """Return the detector in a file; None: the one that ships with keykind, with its refiner.

        refiner: for the detector in a file; None leaves its detections as they are, without masks.
        Raises BadModel.
        """
        refiner = load_refiner() if path is None and refiner is None else refiner
        try:
            data = shipped.read_model(shipped.DETECTOR) if path is None else Path(path).read_bytes()
            return cls(data, refiner)
        except (OSError, ValueError, RuntimeError) as error:
            name, remedy = path or shipped.DETECTOR, "give the .tflite file of a detector"
            reason = "no such file" if isinstance(error, FileNotFoundError) else error
            raise BadModel(name, fault=f"is not a detector ({reason})", remedy=remedy) from error

    def detect(self, photo: Photo, score_threshold: float = SCORE_THRESHOLD) -> tuple[Detection, ...]:
        """Return the keys with at least this score, highest score first. Thread-safe."""
        return tuple(key for key in self.detect_all(photo, score_threshold) if not key.remote)

    def detect_all(self, photo: Photo, score_threshold: float = SCORE_THRESHOLD) -> tuple[Detection, ...]:
        """Return the keys and the remotes with at least this score, highest score first. Thread-safe.

        Below SCORE_THRESHOLD, a lower threshold does not change whether finer scales are processed.
        """
        image = photo.reductions.by(1)
        longer = max(photo.width, photo.height)
        threshold = min(score_threshold, CANDIDATE_THRESHOLD) if self._refiner else score_threshold
        candidates = self._detect_pass(image, photo.scale, threshold)
        detections = self._refined(photo, candidates, score_threshold)
        last_scale = 1.0
        for scale in TILE_SCALES:
            if max(image.size) * scale <= WIDTH * MIN_TILE:
                break
            sure = [key for key in detections if key.score >= SCORE_THRESHOLD]
            if not _needs_finer_scale(sure, longer, last_scale):
                break
            last_scale = scale
            tiles = _tiles(image.size, scale)
            passes = short_map(lambda tile: self._detect_tile(photo, tile, threshold), tiles)
            detections = self._merged(photo, detections, chain.from_iterable(passes), score_threshold)
        return detections

    def _merged(
        self, photo: Photo, coarse: Sequence[Detection], finer: Iterable[Detection], score_threshold: float
    ) -> tuple[Detection, ...]:
        """Return the detections of a finer scale and those of the scales before, refined, each once."""
        finer = by_score(finer)
        if self._refiner is None:  # ends are more exact at the finer scale
            return suppress_duplicates([*finer, *coarse])
        finer = suppress_duplicates(finer)
        known = are_among(finer, coarse)
        new = [key for key, is_known in zip(finer, known, strict=True) if not is_known]
        refined = self._refined(photo, new, score_threshold)
        return suppress_duplicates(by_score([*coarse, *refined]))

    def _refined(
        self, photo: Photo, candidates: Sequence[Detection], score_threshold: float
    ) -> tuple[Detection, ...]:
        """Return the candidates with at least this score once they are refined, each once.

        candidates: highest score first.
        """
        if self._refiner is None:
            return tuple(candidates)
        certain = sum(key.score >= SCORE_THRESHOLD for key in candidates)
        return self._refiner.refine(photo, candidates[: certain + MAX_DOUBTFUL], score_threshold)

    def dense_outputs(self, image: NDArray[np.uint8]) -> DenseOutputs:
        """Return the network's outputs for an image (HEIGHT, WIDTH, 3) uint8."""
        (outputs,) = self._interpreters.run(image)
        return np.asarray(outputs[0])

    def _detect_pass(self, image: Image.Image, scale: float, score_threshold: float) -> tuple[Detection, ...]:
        """Return the keys and remotes in an image; scale: its pixels per pixel of the original."""
        fitted, view = letterbox(image)
        candidates = decode(self.dense_outputs(fitted), score_threshold)
        return _to_photo(candidates, replace(view, scale=view.scale / scale))

    def _detect_tile(self, photo: Photo, tile: Tile, score_threshold: float) -> list[Detection]:
        """Return what is inside a tile and not large in it, in coordinates of the photo."""
        image = photo.reductions.by(1)
        part = image.crop(tile)
        shift = np.array(tile[:2]) / photo.scale
        found = []
        for key in self._detect_pass(part, photo.scale, score_threshold):
            corners = np.concatenate([[key.head, key.tip], key.box]) * photo.scale
            small = key.length * photo.scale <= LARGE_KEY * max(part.size)
            if small and _is_inside(corners, tile, image.size):
                found.append(replace(key, head=key.head + shift, tip=key.tip + shift))
        return found


def load_detector(path: str | Path | None = None, refiner: str | Path | None = None) -> Detector:
    """Return the detector that keykind uses; None: the one that ships with it. Plug in another one here.

    refiner: the file of its second stage; None: the bundled one if path is None too, otherwise none.
    Raises BadModel.
    """
    return KeyDetector.load(path, load_refiner(refiner) if refiner else None)


def load_from_folder(folder: str | Path) -> Detector:
    """Return the detector in a folder of models, with the refiner that is there, if there is one.

    The folder needs no index, so hashes are not checked, unlike those of the bundled models. Raises BadModel.
    """
    refiner = Path(folder) / shipped.REFINER
    return load_detector(Path(folder) / shipped.DETECTOR, refiner if refiner.exists() else None)


@dataclass(frozen=True, slots=True)
class View:
    """How pixels were fitted into the network's input."""

    scale: float  # pixels of the photo per input pixel
    width: float | None  # of the photo in input pixels, if it was turned to landscape; None: it was not

    def to_photo(self, points: Points) -> Points:
        """Return points (..., 2) of the input in pixels of the photo."""
        if self.width is not None:
            points = np.stack([self.width - points[..., 1], points[..., 0]], axis=-1)
        return np.asarray(points * self.scale)


def letterbox(image: NDArray[np.uint8] | Image.Image) -> tuple[NDArray[np.uint8], View]:
    """Return an image, (h, w, 3), turned to landscape and resized into the upper left of the network's input.

    A portrait is turned a quarter turn counterclockwise: its right edge becomes the upper one.
    """
    resized = image if isinstance(image, Image.Image) else Image.fromarray(image)
    width, height = resized.size
    turned = height > width
    scale = max(max(height, width) / WIDTH, min(height, width) / HEIGHT)
    size = max(round(width / scale), 1), max(round(height / scale), 1)
    if turned:  # its sides in this order, for the same pixels as if it were turned first, which is slower
        resized = resized.resize((width, size[1]), Image.Resampling.BILINEAR)
    resized = resized.resize(size, Image.Resampling.BILINEAR)
    if turned:
        resized = resized.transpose(Image.Transpose.ROTATE_90)
    fitted = np.full((HEIGHT, WIDTH, 3), PAD_VALUE, np.uint8)
    fitted[: resized.height, : resized.width] = np.asarray(resized)
    return fitted, View(scale, width / scale if turned else None)


def _to_photo(candidates: Candidates, view: View) -> tuple[Detection, ...]:
    heads, tips = view.to_photo(candidates.heads), view.to_photo(candidates.tips)
    return tuple(
        Detection(score, head, tip, width * view.scale, occlusion, truncation, blade, remote)
        for score, head, tip, width, (occlusion, truncation, blade), remote in zip(
            candidates.scores.tolist(),
            heads,
            tips,
            candidates.widths.tolist(),
            candidates.attributes.tolist(),
            candidates.remote.tolist(),
            strict=True,
        )
    )


def _needs_finer_scale(detections: Sequence[Detection], longer: int, scale: float) -> bool:
    """Return whether processing at a finer scale is worthwhile.

    longer: longer side of the photo, px. scale: of the last pass; where it was finer than the whole photo and
    nothing was detected, there is hardly anything still smaller.
    """
    lengths = sorted(key.length for key in detections if not key.remote)
    if not lengths:
        return scale == 1.0
    median = (lengths[(len(lengths) - 1) // 2] + lengths[len(lengths) // 2]) / 2
    return median <= SMALL_KEY * scale * longer


def _tiles(size: Size, scale: float) -> list[Tile]:
    """Return overlapping tiles that cover an image, in the proportions of the network's input."""
    long_side = round(scale * max(size))
    short_side = max(round(long_side * HEIGHT / WIDTH), 1)
    width, height = (short_side, long_side) if size[1] > size[0] else (long_side, short_side)

    def spans(length: int, side: int) -> list[tuple[int, int]]:
        if length <= side:
            return [(0, length)]
        count = math.ceil((length - side) / ((1 - TILE_OVERLAP) * side)) + 1
        starts = np.linspace(0, length - side, count).astype(int).tolist()
        return [(start, start + side) for start in starts]

    return [
        (left, top, right, bottom)
        for top, bottom in spans(size[1], height)
        for left, right in spans(size[0], width)
    ]


def _is_inside(corners: Points, tile: Tile, size: Size) -> bool:
    """Return whether corners (n, 2), px of the tile, are clear of every tile edge inside the image."""
    left, top, right, bottom = tile
    low = [TILE_BORDER if start > 0 else -math.inf for start in (left, top)]
    high = [
        end - start - TILE_BORDER if end < length else math.inf
        for start, end, length in zip((left, top), (right, bottom), size, strict=True)
    ]
    return bool((corners >= low).all() and (corners <= high).all())
