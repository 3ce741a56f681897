"""Keys of a view -> the rows that the network is trained on, a fixed number for each view.

In:    KeyRows
Out:   targets (MAX_TARGETS, COLUMNS + 1) float32: the keys' rows and their state
Needs: numpy
"""

import numpy as np
from numpy.typing import NDArray

from keykind.train.detector.keys import AREA, COLUMNS, HEAD, OCCLUSION, TIP, TRUNCATION, KeyRows

MAX_TARGETS = 40  # of a view; of more keys the least visible are left out
STATE = COLUMNS  # column: a target, ignored (neither a target nor background), or no key
TRIMMED = 8
TARGET, IGNORED, NONE = 1.0, -1.0, 0.0
MIN_VISIBILITY, MIN_LENGTH = 0.04, 6.0  # visible share and px of a key that is not simply background
TARGET_VISIBILITY, TARGET_AREA, TARGET_LENGTH = 0.22, 60.0, 14.0  # visible share, visible px, px of a target

Targets = NDArray[np.float32]


def target_rows(keys: KeyRows) -> Targets:
    """Return the targets for the keys of a view; hardly visible and tiny keys are to be ignored."""
    targets = np.zeros((MAX_TARGETS, COLUMNS + 1), np.float32)
    length = np.linalg.norm(keys[:, TIP] - keys[:, HEAD], axis=1)
    visibility = (1 - keys[:, OCCLUSION]) * (1 - keys[:, TRUNCATION])
    certain = (
        (visibility >= TARGET_VISIBILITY)
        & (visibility * keys[:, AREA] >= TARGET_AREA)
        & (length >= TARGET_LENGTH)
    )
    rows = np.hstack([keys, np.where(certain, TARGET, IGNORED)[:, None]])
    seen = np.flatnonzero((visibility > MIN_VISIBILITY) & (length > MIN_LENGTH))
    seen = seen[np.argsort(-visibility[seen], kind="stable")][:MAX_TARGETS]
    targets[: len(seen)] = rows[seen]
    return targets


def trim(targets: Targets) -> Targets:
    """Return the targets of a batch (n, MAX_TARGETS, 12) without most of the rows that no view uses.

    The number of rows is a multiple of TRIMMED, so that TensorFlow traces the training step a few times only.
    """
    used = int((targets[..., STATE] != NONE).sum(axis=1).max())
    return targets[:, : max(-(-used // TRIMMED) * TRIMMED, TRIMMED)]
