"""The sheet a surface is painted on: where its pixels lie, and what they hold.

In:    a box in millimetres and a size in pixels
Out:   Frame (coordinates, noise in millimetres), Tile (colour, roughness, metallic, height)
Needs: numpy, pillow    [render]
"""

from dataclasses import dataclass

import numpy as np

from keykind.render.paint.noise import fractal

Field = np.ndarray | float


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of the plane seen from +z; row 0 is its top, the largest y."""

    box: tuple[float, float, float, float]  # x0, y0, x1, y1 in mm
    size: tuple[int, int]  # width, height in pixels

    @property
    def shape(self) -> tuple[int, int]:
        """Return (rows, columns)."""
        return self.size[1], self.size[0]

    @property
    def scale(self) -> float:
        """Return pixels per mm, the mean of both directions."""
        x0, y0, x1, y1 = self.box
        return float(np.sqrt(self.size[0] / (x1 - x0) * self.size[1] / (y1 - y0)))

    @property
    def x(self) -> np.ndarray:
        """Return (1, w) float32 mm of the pixels' centres."""
        x0, _, x1, _ = self.box
        steps = (np.arange(self.size[0], dtype=np.float32) + 0.5) / self.size[0]
        return np.asarray(x0 + (x1 - x0) * steps, dtype=np.float32)[None, :]

    @property
    def y(self) -> np.ndarray:
        """Return (h, 1) float32 mm of the pixels' centres, falling."""
        _, y0, _, y1 = self.box
        steps = (np.arange(self.size[1], dtype=np.float32) + 0.5) / self.size[1]
        return np.asarray(y1 - (y1 - y0) * steps, dtype=np.float32)[:, None]

    def noise(self, cell: float | tuple[float, float], octaves: int, rng: np.random.Generator) -> np.ndarray:
        """Return (h, w) noise 0..1 with blobs of `cell` mm (y, x)."""
        across = cell if isinstance(cell, tuple) else (cell, cell)
        return fractal(self.shape, (across[0] * self.scale, across[1] * self.scale), octaves, rng)

    def relief(
        self, cell: float | tuple[float, float], slope: float, octaves: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return (h, w) mm around 0: noise whose sides are about as steep as `slope` (1 is 45 degrees).

        Blobs finer than a pixel become a pixel wide and keep their slope, which is what is seen of them.
        """
        least = min(cell) if isinstance(cell, tuple) else cell
        across = max(least, 1.0 / self.scale)
        return (self.noise(cell, octaves, rng) - 0.5) * np.float32(2.0 * slope * across)


@dataclass(frozen=True, slots=True)
class Tile:
    """Pictures of a surface, all of one shape (h, w), for a renderer's principled material."""

    colour: np.ndarray  # (h, w, 3) float32, linear RGB 0..1
    roughness: np.ndarray  # (h, w) float32, 0 mirror .. 1 matt
    metallic: np.ndarray  # (h, w) float32, 1 metal, 0 not
    height: np.ndarray  # (h, w) float32, mm


def tile(frame: Frame, colour: np.ndarray, roughness: Field, height: Field, metallic: Field = 0.0) -> Tile:
    """Return the tile of fields that may still be single values, kept within their ranges."""
    shape = frame.shape

    def whole(field: Field, *more: int) -> np.ndarray:
        return np.array(np.broadcast_to(field, (*shape, *more)), dtype=np.float32)

    return limited(Tile(whole(colour, 3), whole(roughness), whole(metallic), whole(height)))


def limited(made: Tile) -> Tile:
    """Return the tile with its colours, roughness and metallic kept within 0..1, in place."""
    for field in (made.colour, made.roughness, made.metallic):
        np.clip(field, 0.0, 1.0, out=field)
    return made
