"""Seeded noise, for irregular surfaces.

In:    shape and cell size in px, random generator
Out:   float32 arrays: fractal noise 0..1, Voronoi cells, smooth thresholds
Needs: numpy, pillow    [render]
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

NOISE_STD = 0.2  # standard deviation of fractal noise around 0.5; 2.5 of them reach 0 and 1
LACUNARITY = 1.83  # frequency ratio of successive octaves; with 2 the grids would coincide and show
GAIN = 0.58  # amplitude ratio of successive octaves
MIN_CELL = 1.0  # px; finer noise cannot be represented

Shape = tuple[int, int]


def resize(grid: np.ndarray, shape: Shape, smooth: bool = True) -> np.ndarray:
    """Return an (m, n) float32 grid resized to (h, w): bicubic, or bilinear if not smooth."""
    image = Image.fromarray(np.ascontiguousarray(grid, dtype=np.float32))
    method = Image.Resampling.BICUBIC if smooth else Image.Resampling.BILINEAR
    return np.array(image.resize((shape[1], shape[0]), method))


def fractal_noise(
    shape: Shape, cell: float | tuple[float, float], octaves: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (h, w) float32 noise in 0..1, mean 0.5, whose coarsest octave has cells of `cell` px (y, x).

    Octaves are summed from coarse to fine, so that only the last step is at full size.
    Raises ValueError if octaves < 1.
    """
    if octaves < 1:
        raise ValueError(f"fractal noise needs at least 1 octave, got {octaves}")
    sizes = cell if isinstance(cell, tuple) else (cell, cell)
    field = np.zeros((1, 1), dtype=np.float32)
    for octave in range(octaves):
        sides = [max(MIN_CELL, size / LACUNARITY**octave) for size in sizes]
        grid = [min(n, int(np.ceil(n / side)) + 1) for n, side in zip(shape, sides, strict=True)]
        field = resize(field, (grid[0], grid[1]))
        field += rng.random((grid[0], grid[1]), dtype=np.float32) * np.float32(GAIN**octave)
    field -= field.mean()
    field *= NOISE_STD / max(float(field.std()), 1e-6)
    field += 0.5
    if field.shape != shape:
        field = resize(field, shape)
    return np.clip(field, 0.0, 1.0, out=field)


def smoothstep(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 where values <= low, 1 where >= high, cubic in between (reversed if low > high)."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def ridges(field: np.ndarray, width: float) -> np.ndarray:
    """Return 1 where a field crosses 0.5, falling to 0 where it differs from 0.5 by `width`."""
    return smoothstep(np.abs(field - 0.5), width, 0.0)


@dataclass(frozen=True, slots=True)
class Voronoi:
    """A Voronoi diagram."""

    gap: np.ndarray  # (h, w) float32, cells: second smallest minus smallest distance to a seed; 0 on borders
    index: np.ndarray  # (h, w) int64, index of the cell
    count: int  # number of indices

    def lookup(self, table: np.ndarray) -> np.ndarray:
        """Return (h, w, ...) float32: the row of a table (count, ...) that belongs to each pixel's cell."""
        return np.take(table.astype(np.float32), self.index, axis=0)


def voronoi(
    shape: Shape, cell: tuple[float, float], rng: np.random.Generator, jitter: float = 0.9
) -> Voronoi:
    """Return the Voronoi diagram of seeds about `cell` px (y, x) apart; jitter 0 gives a square grid.

    Computed at half the resolution if the cells are large.
    Source: Worley 1996, "A cellular texture basis function".
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
            candidate = (top + down) * columns + (left + right)
            square = (np.take(seeds[0], candidate) + (top + down - 1) - y) ** 2
            square += (np.take(seeds[1], candidate) + (left + right - 1) - x) ** 2
            nearer = square < first
            np.minimum(second, np.maximum(first, square), out=second)
            np.copyto(index, candidate, where=nearer)
            np.minimum(first, square, out=first)
    gap = np.sqrt(second) - np.sqrt(first)
    if step == 1:
        return Voronoi(gap, index, rows * columns)
    index = index.repeat(step, 0).repeat(step, 1)[: shape[0], : shape[1]]
    return Voronoi(resize(gap, shape, False), index, rows * columns)
