"""What is asked of a set -> every photo of it by number.

In:    how many photos, of which kinds and scene, how large, the seed
Out:   Order, checked; a Task for each photo
Needs: nothing beyond Python

A photo depends on its own task alone, so any worker can take any photo at any time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from keykind.core.errors import KeykindError
from keykind.core.kinds import NAMES
from keykind.render.scenes.names import OF_ONE_KIND, SCENES

LEAST_SIZE = 64  # px; on less no cut of a key can be seen
MOST_SIZE = 2048  # px; memory grows with the area


@dataclass(frozen=True, slots=True)
class Task:
    """One photo to take."""

    number: int  # in its set, from 0
    scene: str
    kinds: tuple[str, ...]  # the one of its key; all that may appear, in a scene of several keys
    size: int  # px, longer side
    seed: int  # of the set

    @property
    def folder(self) -> str:
        """Return the name of the folder it belongs into: its kind's, or that of a scene without one kind."""
        return self.kinds[0] if self.scene in OF_ONE_KIND else self.scene

    @property
    def stem(self) -> str:
        """Return the name of its files, without ending; no two photos of a set share one."""
        return f"{self.folder}-{self.number:06}"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a set; equal orders give equal sets."""

    count: int
    kinds: tuple[str, ...]  # none for the scene "nothing"
    scene: str | None  # None: product and phone in turn
    size: int  # px, longer side
    seed: int

    def tasks(self) -> Iterator[Task]:
        """Yield every photo of the set; kinds come in turn, and so do the scenes of each kind."""
        for number in range(self.count):
            rounds, place = divmod(number, max(len(self.kinds), 1))
            scene = self.scene or OF_ONE_KIND[(rounds + place) % len(OF_ONE_KIND)]
            kinds = self.kinds[place : place + 1] if scene in OF_ONE_KIND else self.kinds
            yield Task(number, scene, kinds, self.size, self.seed)

    def as_json(self) -> dict[str, Any]:
        """Return the order as values that JSON can hold."""
        return asdict(self) | {"kinds": list(self.kinds)}


def checked_order(count: int, kinds: Sequence[str] | None, scene: str | None, size: int, seed: int) -> Order:
    """Return the order; no kinds stand for all of them.

    Raises KeykindError if no such set can be rendered.
    """
    if count < 1:
        raise KeykindError(f"count {count}", fault="is below 1", remedy="ask for at least 1 photo")
    if not LEAST_SIZE <= size <= MOST_SIZE:
        fault = f"is outside {LEAST_SIZE} to {MOST_SIZE} px"
        raise KeykindError(f"size {size}", fault=fault, remedy="choose one in between, such as 320")
    if scene not in (None, *SCENES):
        raise KeykindError(f"scene {scene!r}", fault="is not known", remedy=f"choose {_any_of(SCENES)}")
    if scene == "nothing" and kinds is not None:
        fault = "are asked for, but the scene nothing shows no key"
        raise KeykindError("kinds", fault=fault, remedy="leave the kinds away, or choose another scene")
    for kind in kinds or ():
        if kind not in NAMES:
            raise KeykindError(f"kind {kind!r}", fault="is not known", remedy=f"choose of {', '.join(NAMES)}")
    chosen = () if scene == "nothing" else tuple(dict.fromkeys(kinds or NAMES))
    return Order(count, chosen, scene, size, seed)


def _any_of(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
