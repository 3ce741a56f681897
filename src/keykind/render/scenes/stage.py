"""A scene in the making: what is on the table so far, and the chances that decide what comes next.

In:    a random generator, kinds, the photo's longer side
Out:   Stage
Needs: numpy, manifold3d    [render]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from keykind.render.keys.catalogue import draw_key
from keykind.render.scenes.layout import Body, Table, body, laid, rotation
from keykind.render.solids import Solid, Surface

PLAIN_METAL = Surface(True, (0.62, 0.6, 0.56), 0.3)  # of keys that must not vary


@dataclass(frozen=True, slots=True)
class Variety:
    """What differs from photo to photo; a part is switched off only to measure what it brings."""

    clutter: bool = True  # rings, other keys, things, hands
    tilt: bool = True  # else the camera looks straight down
    heads: bool = True  # else plain metal bows only
    metals: bool = True  # else one clean metal, cuts included
    light: bool = True  # else the same even light from everywhere


EVERYTHING = Variety()


@dataclass(slots=True)
class Stage:
    """A scene in the making."""

    rng: np.random.Generator
    size: int  # px, longer side
    kinds: Sequence[str]
    variety: Variety = EVERYTHING
    things: list[Body] = field(default_factory=list)
    table: Table = field(default_factory=Table)
    ruined: int = 0  # degenerate solids drawn again
    facts: dict[str, object] = field(default_factory=dict)

    def chance(self, probability: float) -> bool:
        """Return True that often."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Return a number from an even spread."""
        return float(self.rng.uniform(low, high))

    def several(self, probability: float) -> int:
        """Return 0 or more: each further one with this probability."""
        return int(self.rng.geometric(1 - probability)) - 1

    def one(self, choices: Mapping[str, float]) -> str:
        """Return one of the names, by weight."""
        weights = np.array(list(choices.values()))
        return str(self.rng.choice(list(choices), p=weights / weights.sum()))

    def key(self, kind: str) -> Body:
        """Return a new key of the kind, rolled onto one of its sides, its middle over the origin."""
        solid = self._solid(kind)
        face = 180.0 * float(self.rng.integers(2))
        roll = face + float(self.rng.normal(0, 20)) if self.chance(0.94) else self.between(0, 360)
        return laid(body(solid).turned(rotation("x", roll)))

    def _solid(self, kind: str) -> Solid:
        while True:
            solid, ruined = draw_key(kind, self.rng)
            self.ruined += ruined
            if self.variety.heads or all(part.surface.metal for part in solid.parts):
                break
        if self.variety.metals:
            return solid
        parts = [
            replace(part, surface=PLAIN_METAL, cut_surface=None) if part.surface.metal else part
            for part in solid.parts
        ]
        return replace(solid, parts=tuple(parts))
