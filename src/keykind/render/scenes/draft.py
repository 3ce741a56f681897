"""A scene under construction: the bodies placed so far, and the random choices.

In:    random generator, kinds, longer side of the photo in px
Out:   SceneDraft
Needs: numpy, pillow, manifold3d    [render]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from keykind.render.keys.catalogue import draw_key
from keykind.render.paint.assets import NO_ASSETS, Assets
from keykind.render.scenes.layout import Body, Table, make_body, rotation_matrix, settle
from keykind.render.solids import Solid, Surface

PLAIN_METAL = Surface(True, (0.62, 0.6, 0.56), 0.3)  # of keys whose metal must not vary


@dataclass(frozen=True, slots=True)
class Variation:
    """What varies between photos; switch one off only to measure its effect (ablation)."""

    clutter: bool = True  # rings, further keys, props, hands
    tilt: bool = True  # off: the camera looks straight down
    heads: bool = True  # off: plain metal bows only
    metals: bool = True  # off: one clean metal, cuts included
    light: bool = True  # off: the same uniform light from all directions


FULL_VARIATION = Variation()


@dataclass(slots=True)
class SceneDraft:
    """A scene under construction."""

    rng: np.random.Generator
    size: int  # px, longer side
    kinds: Sequence[str]
    variation: Variation = FULL_VARIATION
    assets: Assets = NO_ASSETS
    key: Solid | None = None  # the first key that is drawn is this one, e.g. for several photos of one key
    bodies: list[Body] = field(default_factory=list)
    table: Table = field(default_factory=Table)
    discarded: int = 0  # degenerate solids
    facts: dict[str, object] = field(default_factory=dict)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < probability)

    def uniform(self, low: float, high: float) -> float:
        """Return a uniformly distributed number."""
        return float(self.rng.uniform(low, high))

    def geometric(self, probability: float) -> int:
        """Return a count, 0 or more; `probability` is that of each further one."""
        return int(self.rng.geometric(1 - probability)) - 1

    def choose(self, weights: Mapping[str, float]) -> str:
        """Return one of the names, with probabilities proportional to the weights."""
        values = np.array(list(weights.values()))
        return str(self.rng.choice(list(weights), p=values / values.sum()))

    def draw_key(self, kind: str) -> Body:
        """Return a new key of the kind, lying on one of its sides, centred on the origin."""
        solid = self._solid(kind)
        face = 180.0 * float(self.rng.integers(2))
        roll = face + float(self.rng.normal(0, 20)) if self.chance(0.94) else self.uniform(0, 360)
        return settle(make_body(solid).rotated(rotation_matrix("x", roll)))

    def _solid(self, kind: str) -> Solid:
        if self.key is not None:
            solid, self.key = self.key, None
            return solid
        while True:
            solid, discarded = draw_key(kind, self.rng)
            self.discarded += discarded
            if self.variation.heads or all(part.surface.metal for part in solid.parts):
                break
        if self.variation.metals:
            return solid
        parts = [
            replace(part, surface=PLAIN_METAL, cut_surface=None) if part.surface.metal else part
            for part in solid.parts
        ]
        return replace(solid, parts=tuple(parts))
