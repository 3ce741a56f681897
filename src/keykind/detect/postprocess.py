"""Dense outputs of the detector's network -> candidates: keys, and remotes without a visible blade.

In:    DenseOutputs
Out:   Candidates, highest score first, in pixels of the network's input
Needs: numpy

The network's input is a landscape photo in the upper left of WIDTH x HEIGHT px. For each location of three
grids, of strides 8, 16 and 32 px, it predicts 10 values (OUTPUTS): how well a key, or a remote, is detected
here; its head and tip, as offsets from the centre of the location's cell; its width; how much of it is
occluded and truncated; what share of it is blade. Several locations detect the same key:
non-maximum suppression keeps the one with the highest score, and drops others whose head and tip are near.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keykind.core.logistic import SCORE_LOGIT, logit, sigmoid

WIDTH, HEIGHT = 416, 320  # px of the network's input
STRIDES = (8, 16, 32)
GRIDS = tuple((HEIGHT // stride, WIDTH // stride) for stride in STRIDES)  # rows and columns
LOCATIONS = sum(rows * columns for rows, columns in GRIDS)
OUTPUTS = (
    *("key", "remote"),  # logits of the score
    *("head_x", "head_y", "tip_x", "tip_y"),  # in OFFSET_UNITs
    "log_width",  # of the width in OFFSET_UNITs
    *("occlusion", "truncation", "blade_share"),  # logits
)
CLASSES, HEAD, TIP, LOG_WIDTH, ATTRIBUTES = slice(0, 2), slice(2, 4), slice(4, 6), 6, slice(7, 10)
OFFSET_UNIT = 4.0  # strides: unit of offsets and widths, so that the network's outputs are of the order of 1
NMS_DISTANCE = 0.25  # mean keypoint distance, in key lengths, below which two of a pass are the same key
MAX_CANDIDATES = 400  # locations of a class that are considered, those with the highest scores
MAX_DETECTIONS = 100  # of a class
MAX_LOG_WIDTH = 8.0  # larger outputs would overflow

# (LOCATIONS, 10), see OUTPUTS; strides in the order of STRIDES, row by row
DenseOutputs = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Keys and remotes detected in an input, highest score first."""

    scores: Floats  # (n,) 0..1
    heads: Floats  # (n, 2) px of the input
    tips: Floats  # (n, 2)
    widths: Floats  # (n,) px
    attributes: Floats  # (n, 3) 0..1: occlusion, truncation, the share of it that is blade
    remote: NDArray[np.bool_]  # (n,)

    def __len__(self) -> int:
        return len(self.scores)


def locations() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the centre of each location's cell (LOCATIONS, 2), px of the input, and its stride, px."""
    centres = [
        (np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2) + 0.5) * stride
        for (rows, columns), stride in zip(GRIDS, STRIDES, strict=True)
    ]
    strides = [np.full(len(group), stride) for group, stride in zip(centres, STRIDES, strict=True)]
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


CENTRES, CELL_STRIDES = locations()


def decode(outputs: DenseOutputs, score_threshold: float) -> Candidates:
    """Return the keys and remotes with at least this score, each once, highest score first.

    A remote where a key is detected is not returned: that key's blade can be seen.
    """
    keys, remotes = (_decode_class(outputs, column, score_threshold) for column in (0, 1))
    if len(keys) and len(remotes):
        distances = pairwise_distance(
            remotes.heads[:, None], remotes.tips[:, None], keys.heads[None], keys.tips[None]
        )
        remotes = _select(remotes, np.flatnonzero((distances >= NMS_DISTANCE).all(axis=1)))
    merged = Candidates(
        *(
            np.concatenate([getattr(keys, name), getattr(remotes, name)])
            for name in ("scores", "heads", "tips", "widths", "attributes", "remote")
        )
    )
    return _select(merged, np.argsort(-merged.scores, kind="stable"))


def pairwise_distance(heads: Floats, tips: Floats, other_heads: Floats, other_tips: Floats) -> Floats:
    """Return the mean distance of keys' endpoints, in either direction, in lengths of the longer key.

    Points (..., 2); the leading axes broadcast.
    """
    straight = _norm(heads - other_heads) + _norm(tips - other_tips)
    crossed = _norm(heads - other_tips) + _norm(tips - other_heads)
    lengths = np.maximum(_norm(heads - tips), _norm(other_heads - other_tips))
    return np.asarray(np.minimum(straight, crossed) / 2 / np.maximum(lengths, 1e-6))


def _decode_class(outputs: DenseOutputs, column: int, score_threshold: float) -> Candidates:
    """Return the detections of one of the two classes, without duplicates, highest score first."""
    logits = outputs[:, column]
    chosen = np.flatnonzero(logits >= logit(score_threshold, SCORE_LOGIT))
    chosen = chosen[np.argsort(-logits[chosen], kind="stable")[:MAX_CANDIDATES]]
    values, strides = outputs[chosen].astype(np.float64), CELL_STRIDES[chosen].astype(np.float64)
    unit, centres = OFFSET_UNIT * strides, CENTRES[chosen].astype(np.float64)
    candidates = Candidates(
        sigmoid(logits[chosen]),
        centres + values[:, HEAD] * unit[:, None],
        centres + values[:, TIP] * unit[:, None],
        np.exp(np.minimum(values[:, LOG_WIDTH], MAX_LOG_WIDTH)) * unit,
        sigmoid(values[:, ATTRIBUTES]),
        np.full(len(chosen), column == 1),
    )
    return _select(candidates, _suppress(candidates))


def _suppress(candidates: Candidates) -> NDArray[np.intp]:
    """Return the indices that non-maximum suppression keeps; candidates: highest score first."""
    kept: list[int] = []
    remaining = np.arange(len(candidates))
    while len(remaining) and len(kept) < MAX_DETECTIONS:
        best, remaining = int(remaining[0]), remaining[1:]
        kept.append(best)
        heads, tips = candidates.heads[remaining], candidates.tips[remaining]
        distances = pairwise_distance(heads, tips, candidates.heads[best], candidates.tips[best])
        remaining = remaining[distances >= NMS_DISTANCE]
    return np.array(kept, np.intp)


def _select(candidates: Candidates, indices: NDArray[np.intp]) -> Candidates:
    return Candidates(
        candidates.scores[indices],
        candidates.heads[indices],
        candidates.tips[indices],
        candidates.widths[indices],
        candidates.attributes[indices],
        candidates.remote[indices],
    )


def _norm(vectors: Floats) -> Floats:
    """Return the length of vectors (..., 2)."""
    return np.hypot(vectors[..., 0], vectors[..., 1])
