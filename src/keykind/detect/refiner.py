"""Detections -> refined detections: keypoints corrected, scores recalculated, masks added.

In:    Photo; Detection(s); the network's .tflite file; one ships with keykind
Out:   Detection(s), highest score first
Needs: numpy, pillow, ai-edge-litert

A second network reads each detection's aligned crop of WIDTH x HEIGHT px and says what the first, which sees
the whole photo at once, cannot: whether this is a key, or a remote, where exactly its ends are, and which
pixels belong to it. Where that moves the ends, a second crop is read.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadModel
from keykind.core.geometry import Points
from keykind.core.logistic import SCORE_LOGIT, logit, sigmoid
from keykind.core.parallel import short_map
from keykind.detect.align import OrientedCrop
from keykind.detect.detection import Detection
from keykind.detect.duplicates import are_among, by_score, suppress_duplicates
from keykind.detect.key_mask import KeyMask, Probabilities
from keykind.model import shipped
from keykind.model.interpreter import InterpreterPool
from keykind.model.preprocess import Crop
from keykind.photo.decode import Photo

WIDTH, HEIGHT = 192, 96  # px of the network's input
CONTEXT = 1.43  # width of the crop, in key lengths: the ends may be off by a fifth of the length
OUTPUTS = (
    *("key", "remote"),  # logits
    *("head_x", "head_y", "tip_x", "tip_y"),  # from the crop's upper left corner, in widths of the crop
    *("occlusion", "truncation", "blade_share"),  # logits
)
CLASSES, HEAD, TIP, ATTRIBUTES = slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 9)
MASK_STRIDE = 4  # px of the crop per cell of the masks
MASK_SHAPE = (HEIGHT // MASK_STRIDE, WIDTH // MASK_STRIDE, 2)  # key, blade; probabilities
DETECTOR_WEIGHT, REFINER_WEIGHT = 1.0, 0.5  # of the logits of both networks in that of the combined score
MOVED = 0.04  # key lengths that an end must have moved for the crop to be taken again
SECOND_CROP_SCORE = 0.1  # below it after the first crop, none is taken again: hardly any became a key
CERTAIN_SCORE = 0.85  # of a refined key, from which other detections of the same key are not refined
MIN_LENGTH = 4.0  # px: crops of shorter detections show nothing


class Refiner:
    """The second stage of keykind's detector. Thread-safe."""

    def __init__(self, flatbuffer: bytes) -> None:
        """Load the bytes of a .tflite file.

        Raises ValueError or RuntimeError if LiteRT cannot read them or they are of another network.
        """
        self.digest = hashlib.sha256(flatbuffer).hexdigest()
        self._interpreters = InterpreterPool(flatbuffer)
        shapes = self._interpreters.output_shapes(HEIGHT, WIDTH, 3)
        expected = {(1, len(OUTPUTS)), (1, *MASK_SHAPE)}
        if len(shapes) != 2 or set(shapes) != expected:
            raise ValueError(f"its outputs are {shapes}, not {sorted(expected, key=len)}")

    @classmethod
    def load(cls, path: str | Path | None = None) -> "Refiner":
        """Return the refiner in a file; None: the one that ships with keykind. Raises BadModel."""
        try:
            return cls(shipped.read_model(shipped.REFINER) if path is None else Path(path).read_bytes())
        except (OSError, ValueError, RuntimeError) as error:
            name, remedy = path or shipped.REFINER, "give the .tflite file of a refiner"
            reason = "no such file" if isinstance(error, FileNotFoundError) else error
            raise BadModel(name, fault=f"is not a refiner ({reason})", remedy=remedy) from error

    def refine(
        self, photo: Photo, detections: Sequence[Detection], score_threshold: float = 0.0
    ) -> tuple[Detection, ...]:
        """Return the keys with at least this score once they are refined, each once, highest score first.

        Their ends, widths, scores and attributes are corrected, and they have masks. Keys may be reclassified
        as remotes and remotes as keys; a false detection gets a low score.
        """
        first = suppress_duplicates(detections)
        refined = self._refine_all(photo, first, score_threshold)
        certain = [key for key in refined if key.score >= CERTAIN_SCORE]
        known = are_among(detections, certain)
        others = [  # they may have better keypoints
            key for key, is_known in zip(detections, known, strict=True) if not is_known and key not in first
        ]
        refined += self._refine_all(photo, others, score_threshold)
        return suppress_duplicates(by_score(refined))

    def outputs(self, crop: Crop) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the network's values (9,) and masks MASK_SHAPE for a crop (HEIGHT, WIDTH, 3) uint8."""
        values, masks = sorted(self._interpreters.run(crop), key=lambda output: output.ndim)
        return np.asarray(values[0]), np.asarray(masks[0])

    def _refine_all(
        self, photo: Photo, detections: Sequence[Detection], score_threshold: float
    ) -> list[Detection]:
        refined = short_map(lambda detection: self._refine(photo, detection), detections)
        return [_measured(key) for key in refined if key.score >= score_threshold]

    def _refine(self, photo: Photo, detection: Detection) -> Detection:
        """Return a detection as the network corrects it, except for its width."""
        if detection.length < MIN_LENGTH:
            return detection
        key = self._read(photo, detection, detection)
        moved = max(np.linalg.norm(key.head - detection.head), np.linalg.norm(key.tip - detection.tip))
        again = (
            moved > MOVED * detection.length and key.length >= MIN_LENGTH and key.score >= SECOND_CROP_SCORE
        )
        return self._read(photo, detection, key) if again else key

    def _read(self, photo: Photo, detection: Detection, at: Detection) -> Detection:
        """Return a detection as the network corrects it in the crop around another one, `at`."""
        region = crop_region(at.head, at.tip, detection.width)
        crop = region.extract_unstretched(photo.reductions, photo.scale, HEIGHT)
        return refined_by(detection, region, *self.outputs(crop))


def load_refiner(path: str | Path | None = None) -> Refiner | None:
    """Return the refiner that keykind uses; None: the one that ships with it, if one does.

    A version that ships none does not refine: its detections have no masks. Raises BadModel.
    """
    if path is None and not shipped.has_model(shipped.REFINER):
        return None
    return Refiner.load(path)


def crop_region(head: Points, tip: Points, width: float) -> OrientedCrop:
    """Return the region around a detection that the network reads: head left, tip right."""
    length = max(float(np.linalg.norm(tip - head)), 1e-6)
    x, y = ((tip - head) / length).tolist()
    centre_x, centre_y = ((head + tip) / 2).tolist()
    return OrientedCrop((centre_x, centre_y), (x, y), CONTEXT * max(length, WIDTH / HEIGHT * width))


def refined_by(
    detection: Detection, region: OrientedCrop, outputs: NDArray[np.float32], masks: Probabilities
) -> Detection:
    """Return a detection as the second network corrects it, except for its width.

    region: the crop. outputs (9,): see OUTPUTS. masks: see MASK_SHAPE.
    """
    values = outputs.astype(np.float64)
    matrix = region.to_photo((WIDTH, HEIGHT))
    head, tip = (matrix[:, :2] @ (WIDTH * values[part]) + matrix[:, 2] for part in (HEAD, TIP))
    key, remote = values[CLASSES].tolist()
    occlusion, truncation, blade_share = sigmoid(values[ATTRIBUTES]).tolist()
    return replace(
        detection,
        score=combined_score(detection.score, max(key, remote)),
        head=head,
        tip=tip,
        occlusion=occlusion,
        truncation=truncation,
        blade_share=blade_share,
        remote=remote > key,
        mask=KeyMask(masks[..., 0], masks[..., 1], region),
    )


def _measured(key: Detection) -> Detection:
    """Return a key with the width of its mask, if it has a mask that is not empty."""
    width = key.mask.width(key.head, key.tip) if key.mask else 0
    return replace(key, width=width) if width else key


def combined_score(score: float, refiner_logit: float) -> float:
    """Return the score of a detection, given the first network's score and the second's logit."""
    return float(sigmoid(DETECTOR_WEIGHT * logit(score, SCORE_LOGIT) + REFINER_WEIGHT * refiner_logit))
