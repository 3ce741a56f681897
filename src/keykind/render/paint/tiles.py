"""The pixel grid that a surface is painted on, and the textures painted on it.

In:    box in mm, size in px
Out:   Frame (coordinates, noise with cells in mm), Tile (colour, roughness, metallic, height)
Needs: numpy, pillow    [render]
"""

from dataclasses import dataclass

import numpy as np

from keykind.render.paint.noise import fractal_noise

Field = np.ndarray | float


@dataclass(frozen=True, slots=True)
class Frame:
    """A pixel grid over a rectangle of the xy plane, seen from +z; row 0 is at the largest y."""

    box: tuple[float, float, float, float]  # x0, y0, x1, y1 in mm
    size: tuple[int, int]  # width, height in px

    @property
    def shape(self) -> tuple[int, int]:
        """Return (rows, columns)."""
        return self.size[1], self.size[0]

    @property
    def scale(self) -> float:
        """Return px per mm, the geometric mean of both directions."""
        x0, y0, x1, y1 = self.box
        return float(np.sqrt(self.size[0] / (x1 - x0) * self.size[1] / (y1 - y0)))

    @property
    def x(self) -> np.ndarray:
        """Return the x of the pixel centres, (1, w) float32 mm."""
        x0, _, x1, _ = self.box
        steps = (np.arange(self.size[0], dtype=np.float32) + 0.5) / self.size[0]
        return np.asarray(x0 + (x1 - x0) * steps, dtype=np.float32)[None, :]

    @property
    def y(self) -> np.ndarray:
        """Return the y of the pixel centres, (h, 1) float32 mm, decreasing."""
        _, y0, _, y1 = self.box
        steps = (np.arange(self.size[1], dtype=np.float32) + 0.5) / self.size[1]
        return np.asarray(y1 - (y1 - y0) * steps, dtype=np.float32)[:, None]

    def noise(self, cell: float | tuple[float, float], octaves: int, rng: np.random.Generator) -> np.ndarray:
        """Return (h, w) fractal noise 0..1 with cells of `cell` mm (y, x)."""
        size = cell if isinstance(cell, tuple) else (cell, cell)
        return fractal_noise(self.shape, (size[0] * self.scale, size[1] * self.scale), octaves, rng)

    def relief(
        self, cell: float | tuple[float, float], slope: float, octaves: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return a relief (h, w) mm around 0: fractal noise with slopes of about `slope` (1 is 45 degrees).

        Cells smaller than a pixel are made a pixel wide and keep their slope, which determines the shading.
        """
        smallest = min(cell) if isinstance(cell, tuple) else cell
        width = max(smallest, 1.0 / self.scale)
        return (self.noise(cell, octaves, rng) - 0.5) * np.float32(2.0 * slope * width)


@dataclass(frozen=True, slots=True)
class Tile:
    """Textures of a surface, all of one shape (h, w), for a principled BSDF."""

    colour: np.ndarray  # (h, w, 3) float32, linear RGB 0..1
    roughness: np.ndarray  # (h, w) float32, 0 mirror .. 1 matt
    metallic: np.ndarray  # (h, w) float32, 1 metal, 0 not
    height: np.ndarray  # (h, w) float32, mm


def make_tile(
    frame: Frame, colour: np.ndarray, roughness: Field, height: Field, metallic: Field = 0.0
) -> Tile:
    """Return a tile of fields, which may be scalars, clamped to their ranges."""
    shape = frame.shape

    def expand(field: Field, *channels: int) -> np.ndarray:
        return np.array(np.broadcast_to(field, (*shape, *channels)), dtype=np.float32)

    return clamped(Tile(expand(colour, 3), expand(roughness), expand(metallic), expand(height)))


def clamped(tile: Tile) -> Tile:
    """Clamp colour, roughness and metallic to 0..1 in place; return the tile."""
    for field in (tile.colour, tile.roughness, tile.metallic):
        np.clip(field, 0.0, 1.0, out=field)
    return tile
