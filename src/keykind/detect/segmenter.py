"""A key's aligned crop -> its mask, on a grid twice as fine as the refiner's.

In:    Photo; Detection; the network's .tflite file; one ships with keykind
Out:   KeyMask of the key, without a blade
Needs: numpy, pillow, ai-edge-litert

The refiner's masks serve detection: they are fast and coarse. For cut-outs a third network reads the crop of
each key. It sees the crop as it is and upside down, so that its errors average out.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from keykind.core.errors import BadModel
from keykind.core.geometry import Points
from keykind.detect.align import OrientedCrop
from keykind.detect.detection import Detection
from keykind.detect.key_mask import KeyMask, Probabilities
from keykind.detect.refiner import HEIGHT, WIDTH, crop_region
from keykind.model import shipped
from keykind.model.interpreter import InterpreterPool
from keykind.model.preprocess import Crop
from keykind.photo.decode import Photo

ZOOM = 0.88  # width of the crop relative to the refiner's: the ends are known by now
STRIDE = 2  # px of the crop per cell of the mask
ROWS, COLUMNS = HEIGHT // STRIDE, WIDTH // STRIDE  # of the mask


class Segmenter:
    """The network that gives the masks of cut-outs. Thread-safe."""

    def __init__(self, flatbuffer: bytes) -> None:
        """Load the bytes of a .tflite file.

        Raises ValueError or RuntimeError if LiteRT cannot read them or they are of another network.
        """
        self._interpreters = InterpreterPool(flatbuffer)
        shapes = self._interpreters.output_shapes(HEIGHT, WIDTH, 3)
        if shapes != [(1, ROWS, COLUMNS, 1)]:
            raise ValueError(f"its outputs are {shapes}, not (1, {ROWS}, {COLUMNS}, 1)")

    @classmethod
    def load(cls, path: str | Path | None = None) -> "Segmenter":
        """Return the segmenter in a file; None: the one that ships with keykind. Raises BadModel."""
        try:
            return cls(shipped.read_model(shipped.SEGMENTER) if path is None else Path(path).read_bytes())
        except (OSError, ValueError, RuntimeError) as error:
            name, remedy = path or shipped.SEGMENTER, "give the .tflite file of a segmenter"
            reason = "no such file" if isinstance(error, FileNotFoundError) else error
            raise BadModel(name, fault=f"is not a segmenter ({reason})", remedy=remedy) from error

    def mask(self, photo: Photo, detection: Detection) -> KeyMask:
        """Return the mask of a key."""
        region = segmented_region(detection.head, detection.tip, detection.width)
        crop = region.extract_unstretched(photo.reductions, photo.scale, HEIGHT)
        upside_down = self.probabilities(np.ascontiguousarray(crop[::-1]))[::-1]
        key = (self.probabilities(crop) + upside_down) / np.float32(2)
        return KeyMask(key, np.zeros_like(key), region)

    def probabilities(self, crop: Crop) -> Probabilities:
        """Return the mask (ROWS, COLUMNS) of a crop (HEIGHT, WIDTH, 3) uint8."""
        (mask,) = self._interpreters.run(crop)
        return np.asarray(mask[0, ..., 0], np.float32)


def segmented_region(head: Points, tip: Points, width: float) -> OrientedCrop:
    """Return the region around a key that the network reads: head left, tip right."""
    return crop_region(head, tip, width).expand(ZOOM)


@lru_cache(maxsize=1)
def load_segmenter() -> Segmenter | None:
    """Return the segmenter that ships with keykind; None: this version ships none. Raises BadModel."""
    return Segmenter.load() if shipped.has_model(shipped.SEGMENTER) else None
