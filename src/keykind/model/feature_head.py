"""The layers that make features of a crop's appearance from the feature maps of the bundled classifier.

In:    maps (7, 7, CHANNELS) of a crop: three stages of MobileNetV2 and the pixels, averaged to one size
Out:   features (n,), the closer in direction the more alike two keys look; a file of the layers, and back
Needs: numpy
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from keykind.core.errors import BadModel
from keykind.core.files import READ_ERRORS
from keykind.model.head import Floats

# What the head reads: side and channels of three feature maps of MobileNetV2, and of the pixels, 0..255.
TAPS = ((7, 320), (14, 96), (14, 64), (224, 3))
CHANNELS = sum(channels for _, channels in TAPS)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureHead:
    """The linear layers from concatenated feature maps (7, 7, CHANNELS) to features (n,)."""

    point: Floats  # (d, CHANNELS) 1 x 1 convolution
    point_bias: Floats  # (d,)
    rows: Floats  # (7, m d) depthwise: weighs the rows, so that the columns along the key remain
    mix: Floats  # (n, 7 m d) dense
    mix_bias: Floats  # (n,)

    def run(self, maps: Floats) -> Floats:
        """Return the features (n,) of maps (7, 7, CHANNELS), as the appended operators compute them."""
        hidden = maps @ self.point.T + self.point_bias
        repeated = np.repeat(hidden, self.rows.shape[1] // hidden.shape[2], axis=2)  # channel by channel
        columns = (repeated * self.rows[:, None]).sum(axis=0)
        return np.asarray(self.mix @ columns.reshape(-1) + self.mix_bias)

    def save(self, path: Path) -> None:
        """Write the layers as float16."""
        arrays = {field.name: getattr(self, field.name).astype(np.float16) for field in fields(self)}
        np.savez(path, allow_pickle=False, **arrays)


def load_head(path: Path) -> FeatureHead:
    """Return the layers in a file. Raises BadModel."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return FeatureHead(
                **{field.name: arrays[field.name].astype(np.float32) for field in fields(FeatureHead)}
            )
    except READ_ERRORS as error:
        fault = f"holds no head of features ({error})"
        raise BadModel(path, fault=fault, remedy="make it with keykind dev train-features") from error
