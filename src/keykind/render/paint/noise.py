"""Seeded random fields: what makes a painted surface irregular.

In:    a shape and a cell size in pixels, a random generator
Out:   float32 fields: fractal noise 0..1, nearest-seed cells, smooth thresholds
Needs: numpy, pillow    [render]
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

SPREAD = 0.2  # standard deviation of fractal noise around 0.5: 2.5 of them reach 0 and 1
FINER = 1.83  # of an octave to the next; not 2, or the grids would lie on each other and show
WEAKER = 0.58  # strength of an octave to the one before
LEAST_CELL = 1.0  # pixels; finer noise cannot be shown

Shape = tuple[int, int]


def stretch(grid: np.ndarray, shape: Shape, smooth: bool = True) -> np.ndarray:
    """Return a (m, n) float32 grid resized to (h, w), bicubic or, not smooth, bilinear."""
    picture = Image.fromarray(np.ascontiguousarray(grid, dtype=np.float32))
    method = Image.Resampling.BICUBIC if smooth else Image.Resampling.BILINEAR
    return np.array(picture.resize((shape[1], shape[0]), method))


def fractal(
    shape: Shape, cell: float | tuple[float, float], octaves: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (h, w) float32 noise within 0..1, mean 0.5, whose largest blobs are `cell` pixels (y, x) wide.

    It is summed from coarse to fine, so that only the last step is at full size.
    Raises ValueError without octaves.
    """
    if octaves < 1:
        raise ValueError(f"fractal noise needs at least 1 octave, got {octaves}")
    across = cell if isinstance(cell, tuple) else (cell, cell)
    field = np.zeros((1, 1), dtype=np.float32)
    for octave in range(octaves):
        sides = [max(LEAST_CELL, c / FINER**octave) for c in across]
        grid = [min(n, int(np.ceil(n / side)) + 1) for n, side in zip(shape, sides, strict=True)]
        field = stretch(field, (grid[0], grid[1]))
        field += rng.random((grid[0], grid[1]), dtype=np.float32) * np.float32(WEAKER**octave)
    field -= field.mean()
    field *= SPREAD / max(float(field.std()), 1e-6)
    field += 0.5
    if field.shape != shape:
        field = stretch(field, shape)
    return np.clip(field, 0.0, 1.0, out=field)


def ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 where values <= low, 1 where >= high, smooth between (reversed if low > high)."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def ridges(field: np.ndarray, width: float) -> np.ndarray:
    """Return 1 along the lines where a field crosses 0.5, falling to 0 within `width` of it."""
    return ramp(np.abs(field - 0.5), width, 0.0)


@dataclass(frozen=True, slots=True)
class Cells:
    """The plane shared among scattered seeds (a Voronoi diagram)."""

    gap: np.ndarray  # (h, w) float32, cells; how much farther the second seed is: 0 on the border
    index: np.ndarray  # (h, w) int64, number of the cell
    count: int  # how many numbers there are

    def pick(self, table: np.ndarray) -> np.ndarray:
        """Return (h, w, ...) float32: of a table (count, ...) the row of each pixel's cell."""
        return np.take(table.astype(np.float32), self.index, axis=0)


def cells(shape: Shape, cell: tuple[float, float], rng: np.random.Generator, jitter: float = 0.9) -> Cells:
    """Return the cells of seeds strewn `cell` pixels (y, x) apart; jitter 0 is a square grid.

    Source: Worley 1996, "A cellular texture basis function". Drawn smaller where the cells are large.
    """
    step = int(np.clip(min(cell) // 2.5, 1, 2))
    small = (-(-shape[0] // step), -(-shape[1] // step))
    y = ((np.arange(small[0], dtype=np.float32) + 0.5) * (step / cell[0]))[:, None]
    x = ((np.arange(small[1], dtype=np.float32) + 0.5) * (step / cell[1]))[None, :]
    rows, columns = int(y[-1, 0]) + 3, int(x[0, -1]) + 3
    seeds = 0.5 + jitter * (rng.random((2, rows, columns), dtype=np.float32) - 0.5)
    top, left = y.astype(np.int64), x.astype(np.int64)
    first = np.full(small, 9.0, dtype=np.float32)
    second = first.copy()
    index = np.zeros(small, dtype=np.int64)
    for down in range(3):
        for right in range(3):
            number = (top + down) * columns + (left + right)
            square = (np.take(seeds[0], number) + (top + down - 1) - y) ** 2
            square += (np.take(seeds[1], number) + (left + right - 1) - x) ** 2
            nearer = square < first
            np.minimum(second, np.maximum(first, square), out=second)
            np.copyto(index, number, where=nearer)
            np.minimum(first, square, out=first)
    gap = np.sqrt(second) - np.sqrt(first)
    if step == 1:
        return Cells(gap, index, rows * columns)
    index = index.repeat(step, 0).repeat(step, 1)[: shape[0], : shape[1]]
    return Cells(stretch(gap, shape, False), index, rows * columns)
