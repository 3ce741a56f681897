"""A rendering job, and the tasks that it consists of.

In:    number of photos, kinds, scene, size in px, seed, Assets
Out:   Job, validated; one Task per photo
Needs: nothing beyond Python

A photo depends on its own task alone, so any worker can render any photo at any time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from keykind.core.errors import KeykindError
from keykind.core.kinds import NAMES
from keykind.render.paint.assets import NO_ASSETS, Assets
from keykind.render.scenes.names import SCENES, SINGLE_KIND_SCENES

MIN_SIZE = 64  # px; the cuts of a key cannot be resolved below this
MAX_SIZE = 2048  # px; memory grows with the area


@dataclass(frozen=True, slots=True)
class Task:
    """One photo to render."""

    index: int  # of the photo in its dataset, from 0
    scene: str
    kinds: tuple[str, ...]  # the kind of its key; in a scene with several keys, all kinds that may occur
    size: int  # px, longer side
    seed: int  # of the dataset

    @property
    def folder(self) -> str:
        """Return the name of the photo's folder: its kind, or the scene if that has no single kind."""
        return self.kinds[0] if self.scene in SINGLE_KIND_SCENES else self.scene

    @property
    def stem(self) -> str:
        """Return the file name without extension, unique in the dataset."""
        return f"{self.folder}-{self.index:06}"


@dataclass(frozen=True, slots=True)
class Job:
    """A dataset to render; equal jobs give equal datasets."""

    count: int  # photos
    kinds: tuple[str, ...]  # empty for the scene "nothing"
    scene: str | None  # None: product and phone alternate
    size: int  # px, longer side
    seed: int
    assets: Assets = NO_ASSETS

    def tasks(self) -> Iterator[Task]:
        """Yield one task per photo; kinds take turns, and so do the scenes of each kind."""
        for index in range(self.count):
            rounds, i = divmod(index, max(len(self.kinds), 1))
            scene = self.scene or SINGLE_KIND_SCENES[(rounds + i) % len(SINGLE_KIND_SCENES)]
            kinds = self.kinds[i : i + 1] if scene in SINGLE_KIND_SCENES else self.kinds
            yield Task(index, scene, kinds, self.size, self.seed)

    def as_json(self) -> dict[str, Any]:
        """Return the job as JSON values."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "assets"}
        return values | {"kinds": list(self.kinds)} | self.assets.as_json()


def make_job(
    count: int,
    kinds: Sequence[str] | None,
    scene: str | None,
    size: int,
    seed: int,
    assets: Assets = NO_ASSETS,
) -> Job:
    """Return a validated job; None stands for all kinds, and for the scenes product and phone in turn.

    Raises KeykindError if an argument is out of range or unknown.
    """
    if count < 1:
        raise KeykindError(f"count {count}", fault="is below 1", remedy="ask for at least 1 photo")
    if not MIN_SIZE <= size <= MAX_SIZE:
        fault = f"is outside {MIN_SIZE} to {MAX_SIZE} px"
        raise KeykindError(f"size {size}", fault=fault, remedy="choose a size in this range, such as 320")
    if scene not in (None, *SCENES):
        raise KeykindError(f"scene {scene!r}", fault="is not known", remedy=f"choose {_any_of(SCENES)}")
    if scene == "nothing" and kinds is not None:
        fault = "are given, but the scene nothing shows no key"
        raise KeykindError("kinds", fault=fault, remedy="omit the kinds, or choose another scene")
    for kind in kinds or ():
        if kind not in NAMES:
            raise KeykindError(
                f"kind {kind!r}", fault="is not known", remedy=f"choose from {', '.join(NAMES)}"
            )
    chosen = () if scene == "nothing" else tuple(dict.fromkeys(kinds or NAMES))
    return Job(count, chosen, scene, size, seed, assets)


def _any_of(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
