"""Draw a room as seen from a table in it, which the metal of a key mirrors.

In:    (rows, columns, 3) unit vectors, random generator
Out:   Room: the wall that each direction hits; radiance with furniture, windows, ceiling lamps
Needs: numpy    [render]
"""

import math
from dataclasses import dataclass

import numpy as np

from keykind.render.paint.colours import hsv

TABLE = 0.75  # m above the floor, usual height of a table (ISO 5970, adults)
CEILING = (2.4, 3.2)  # m above the floor, from dwellings to offices
WALL = (1.2, 5.0)  # m from the key to a wall
FLOOR_SIDE, CEILING_SIDE = 4, 5


@dataclass(frozen=True, slots=True)
class Room:
    """A box around the key; side 0..3 are the walls, 4 the floor, 5 the ceiling."""

    side: np.ndarray  # (rows, columns) int64
    along: np.ndarray  # (rows, columns) float32 m: horizontal position on a wall; x on floor and ceiling
    up: np.ndarray  # (rows, columns) float32 m: height above the table on a wall; y on floor and ceiling
    ceiling: float  # m above the table

    @classmethod
    def draw(cls, directions: np.ndarray, rng: np.random.Generator) -> "Room":
        """Return a room of random size, and where each direction hits it."""
        ceiling = float(rng.uniform(*CEILING)) - TABLE
        turn = rng.uniform(0, 2 * math.pi)
        x = directions[..., 0] * math.cos(turn) + directions[..., 1] * math.sin(turn)
        y = directions[..., 1] * math.cos(turn) - directions[..., 0] * math.sin(turn)
        z = directions[..., 2]
        reach = [*rng.uniform(*WALL, 4), TABLE, ceiling]
        components = np.stack([x, y, -x, -y, -z, z])
        distance = np.array(reach, dtype=np.float32)[:, None, None] / np.maximum(components, 1e-4)
        side = distance.argmin(axis=0)
        nearest = distance.min(axis=0)
        flat = side >= FLOOR_SIDE
        along = np.where(flat | (side % 2 == 1), x, y) * nearest
        up = np.where(flat, y, z) * nearest
        return cls(side, along.astype(np.float32), up.astype(np.float32), ceiling)

    def rectangle(self, side: int, along: tuple[float, float], up: tuple[float, float]) -> np.ndarray:
        """Return the mask (rows, columns) bool of a rectangle on one side; along, up: ranges in m."""
        inside = (self.side == side) & (self.along > along[0]) & (self.along < along[1])
        return np.asarray(inside & (self.up > up[0]) & (self.up < up[1]))

    def draw_radiance(self, rng: np.random.Generator) -> np.ndarray:
        """Return the radiance of walls, floor and furniture, (rows, columns, 3) float32, about 0..1."""
        tint = hsv(rng.uniform(0.0, 0.65), rng.uniform(0.0, 0.35), rng.uniform(0.4, 0.95))
        floor = hsv(rng.uniform(0.04, 0.12), rng.uniform(0.1, 0.6), rng.uniform(0.2, 0.6))
        white = np.full(3, rng.uniform(0.5, 0.85))
        sides = np.stack([tint, tint * 0.7, tint * 0.9, tint * 0.5, floor, white])
        sides[:4] *= rng.uniform(0.5, 1.1, (4, 1))
        light = np.take(sides.astype(np.float32), self.side, axis=0)
        corner = np.where(self.side < FLOOR_SIDE, self.up / self.ceiling, 0.5)
        light *= (0.65 + 0.5 * np.clip(corner, 0, 1))[..., None].astype(np.float32)
        for _ in range(int(rng.integers(4, 12))):
            wide, tall, low = (
                rng.uniform(0.2, 2.0),
                rng.uniform(0.1, 1.3),
                rng.choice([-TABLE, -TABLE, 0.2, 0.6]),
            )
            left = rng.uniform(-3.0, 3.0 - wide)
            area = self.rectangle(
                int(rng.integers(4)), (left, left + wide), (low, low + tall + (0.6 if low < 0 else 0))
            )
            light[area] = hsv(rng.random(), rng.uniform(0.1, 0.7), rng.uniform(0.05, 0.7) ** 1.3) * 0.6
        return np.asarray(light)

    def add_window(self, light: np.ndarray, glow: np.ndarray, rng: np.random.Generator) -> None:
        """Paint a window or glass door: sky above, a darker view below, frame and glazing bars."""
        side, wide = int(rng.integers(4)), rng.uniform(0.8, 3.0)
        low = float(rng.choice([-TABLE, 0.1, 0.3]))
        high = min(self.ceiling - 0.15, low + rng.uniform(1.0, 2.2))
        left = rng.uniform(-1.6, 1.2) - wide / 2
        light[self.rectangle(side, (left - 0.08, left + wide + 0.08), (low - 0.08, high + 0.08))] = (
            rng.uniform(0.1, 0.8)
        )
        pane = self.rectangle(side, (left, left + wide), (low, high))
        view = rng.uniform(0.0, 0.6) * self.ceiling  # m, height where the sky begins
        outside = hsv(rng.uniform(0.1, 0.4), 0.3, 0.55)
        sky = np.clip((self.up - view) / 0.1, 0.0, 1.0)[..., None]
        scenery = (outside + (1.0 - outside) * sky) * glow
        bars = int(rng.integers(1, 4))
        step = wide / bars
        bar = np.abs((self.along - left + step / 2) % step - step / 2) < 0.04
        bar |= np.abs(self.up - (low + 0.66 * (high - low))) < 0.03
        light[pane] = np.where(bar[..., None], rng.uniform(0.1, 0.7), scenery)[pane]
        if rng.random() < 0.4:  # curtain, lit from behind
            edge = left + wide * rng.uniform(0.15, 0.4)
            light[self.rectangle(side, (left - 0.2, edge), (-TABLE, high + 0.1))] *= np.float32(0.15)

    def add_ceiling_panels(self, light: np.ndarray, glow: np.ndarray, rng: np.random.Generator) -> None:
        """Paint rows of rectangular ceiling lamps, 0.15 to 0.6 m by 0.6 or 1.2 m."""
        step_x, step_y = rng.uniform(1.2, 2.4, 2)
        long, wide = float(rng.choice([0.6, 1.2])), float(rng.choice([0.15, 0.3, 0.6]))
        x = (self.along + rng.uniform(0, step_x)) % step_x
        y = (self.up + rng.uniform(0, step_y)) % step_y
        light[(self.side == CEILING_SIDE) & (x < long) & (y < wide)] = glow
