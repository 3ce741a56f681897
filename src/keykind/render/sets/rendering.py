"""An order -> a folder of photos with labels, whole at any moment.

In:    an Order, a folder, the Studio that takes the photos
Out:   the photos and labels, coco.json, contact-sheet.png, set.json; Summary
Needs: numpy, pillow, manifold3d, mitsuba    [render]
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from keykind.core.errors import KeykindError
from keykind.core.files import COCO, SHEET, whole_file
from keykind.core.kinds import KINDS
from keykind.core.lock import lock_folder
from keykind.core.parallel import Engine
from keykind.core.parallel import workers as cores
from keykind.core.progress import progress
from keykind.dataset.listing import ReadError
from keykind.render.sets.coco import write_coco
from keykind.render.sets.job import Order, Task
from keykind.render.sets.set_folder import SetFolder
from keykind.render.sets.sheet import contact_sheet, evenly
from keykind.render.sets.workers import spread
from keykind.render.studio.render_photo import Shot, shoot
from keykind.render.studio.renderer import Tracer
from keykind.render.studio.variant import ORDER, Variant, choose_variant


@dataclass(frozen=True, slots=True)
class Studio:
    """What takes the photos, set up once in each process; one thread each, so that workers do not compete."""

    variant: Variant
    workers: int

    def take(self, task: Task) -> Shot:
        """Return one photo with its label."""
        return shoot(tracer(self.variant), task.scene, task.kinds, task.size, (task.seed, task.number))


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of an order."""

    folder: Path
    rendered: int  # photos, by this command
    there: int  # photos that were finished before
    seconds: float  # of this command
    redrawn: int  # degenerate solids thrown away, of the whole set
    faults: tuple[ReadError, ...]  # photos that could not be rendered

    def __str__(self) -> str:
        pace = f" in {self.seconds:,.1f} s ({self.rendered / max(self.seconds, 1e-3):.2f} photos/s)"
        there = f", {self.there:,} were there" if self.there else ""
        failed = f", {len(self.faults):,} failed" if self.faults else ""
        return (
            f"{self.rendered:,} photos rendered{pace if self.rendered else ''}{there}{failed}\n"
            f"{self.redrawn:,} degenerate solids redrawn\n{self.folder / SHEET}"
        )


def open_studio(folder: SetFolder, order: Order, variant: str | None, workers: int | None) -> Studio:
    """Return what can render the order into the folder, which is made.

    variant: None stands for that of the set begun there, or else the fastest. workers: None for one a core.
    Raises KeykindError if the folder holds anything else, the disk has no room, or the variant fails here.
    """
    if workers is not None and workers < 1:
        raise KeykindError(f"workers {workers}", fault="is below 1", remedy="give at least 1")
    if variant not in (None, *ORDER):
        remedy = f"choose of {', '.join(ORDER)}"
        raise KeykindError(f"variant {variant!r}", fault="is not known", remedy=remedy)
    folder.check(order, variant)
    begun = folder.begun() or {}
    return Studio(choose_variant(variant or begun.get("variant")), workers or cores())


def render_set(folder: SetFolder, order: Order, studio: Studio, engine: Engine | None = None) -> Summary:
    """Render what is missing of the set, then its COCO file and contact sheet; return what was done.

    engine: None for processes of this machine, which write their photos themselves.

    A photo that fails is told in the summary, the others are rendered.
    Raises KeykindError if the folder holds another set or is in use, no photo can be rendered, a worker was
    killed, or the disk is full; finished photos stay.
    """
    start = time.monotonic()
    with lock_folder(folder.path):
        folder.claim(order, studio.variant.name)
        tasks = list(order.tasks())
        missing = list(folder.missing(tasks))
        faults = _render(folder, missing, studio, engine)
        rendered = len(missing) - len(faults)
        seconds = time.monotonic() - start
        failed = {task.number for task, _ in faults}
        finished = [task for task in tasks if task.number not in failed]
        if not finished:
            fault = f"none of {len(faults):,} photos could be rendered; {faults[0][0].stem}: {faults[0][1]}"
            raise KeykindError(folder.path, fault=fault, remedy="choose another variant or seed")
        redrawn = _conclude(folder, finished)
    told = tuple(ReadError(task.stem, reason) for task, reason in faults)
    return Summary(folder.path, rendered, len(tasks) - len(missing), seconds, redrawn, told)


def _render(
    folder: SetFolder, missing: Sequence[Task], studio: Studio, engine: Engine | None
) -> list[tuple[Task, str]]:
    """Render photos; return those that failed, in order, each with its reason."""
    if not missing:
        return []
    faults = []
    if engine:
        taking = _taken_far(folder, studio, missing, engine)
    else:
        taking = spread(partial(_take, folder, studio), missing, min(studio.workers, len(missing)))
    with closing(taking) as done:
        for task, fault in progress(done, len(missing), "rendering"):
            if isinstance(fault, KeykindError):
                raise fault
            if fault is not None:
                faults.append((task, f"{type(fault).__name__}: {fault}"))
    return sorted(faults, key=lambda one: one[0].number)


def _take(folder: SetFolder, studio: Studio, task: Task) -> None:
    """Take one photo and write it, in a worker."""
    _save(folder, task, studio.take(task))


def _taken_far(
    folder: SetFolder, studio: Studio, tasks: Sequence[Task], engine: Engine
) -> Generator[tuple[Task, BaseException | None], None, None]:
    """Yield each task once its photo, taken wherever the engine works, is written, and its fault."""
    for task, taken in zip(tasks, engine(partial(_attempt, studio), tasks), strict=True):
        if isinstance(taken, Exception):
            yield task, taken
        else:
            _save(folder, task, taken)
            yield task, None


def _attempt(studio: Studio, task: Task) -> Shot | Exception:
    """Return one photo, or why it cannot be taken, which must not cost the others."""
    try:
        return studio.take(task)
    except Exception as error:  # noqa: BLE001 - told in the summary, as `spread` has it
        return error


def _save(folder: SetFolder, task: Task, shot: Shot) -> None:
    place = folder.photo(task).relative_to(folder.path).as_posix()
    folder.save(task, shot.file, {"file": place, **shot.label, "redrawn": shot.redrawn})


@cache
def tracer(variant: Variant) -> Tracer:
    """Return Mitsuba as it is set up once in this process."""
    return Tracer(variant, threads=1)


def _conclude(folder: SetFolder, finished: Sequence[Task]) -> int:
    """Write what tells of the whole set; return how many solids were drawn again for it."""
    redrawn: list[int] = []

    def labels() -> Iterator[dict[str, Any]]:
        for task in progress(finished, len(finished), "labels"):
            label = folder.read_label(task)
            redrawn.append(label["redrawn"])
            yield label

    write_coco(folder.path / COCO, labels())
    shown = evenly(sorted(finished, key=lambda task: (task.folder, task.scene, task.number)))
    sheet = contact_sheet([(folder.photo(task), _caption(task)) for task in shown])
    with whole_file(folder.path / SHEET) as temporary:
        sheet.save(temporary)
    return sum(redrawn)


def _caption(task: Task) -> str:
    names = {kind.name: kind.label for kind in KINDS}
    return f"{names.get(task.folder, task.folder)}, {task.number}"
