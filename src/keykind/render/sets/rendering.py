"""Render a job into a folder of photos with labels. An interrupted job is resumed.

In:    Job, SetFolder, Studio
Out:   photos, labels, coco.json, contact-sheet.png, set.json; Summary
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
from keykind.core.files import COCO, SHEET, atomic_write
from keykind.core.kinds import KINDS
from keykind.core.lock import lock_folder
from keykind.core.parallel import Engine, cpu_count
from keykind.core.progress import progress
from keykind.dataset.listing import ReadError
from keykind.render.paint.assets import NO_ASSETS, Assets
from keykind.render.sets.asset_check import check_assets
from keykind.render.sets.coco import write_coco
from keykind.render.sets.job import Job, Task
from keykind.render.sets.set_folder import SetFolder
from keykind.render.sets.sheet import contact_sheet, evenly_spaced
from keykind.render.sets.workers import run_in_processes
from keykind.render.studio.render_photo import RenderedPhoto, render_photo
from keykind.render.studio.renderer import Renderer
from keykind.render.studio.variant import VARIANTS, Variant, choose_variant


@dataclass(frozen=True, slots=True)
class Studio:
    """Renders photos in worker processes, one thread each, so that workers do not compete for cores."""

    variant: Variant
    workers: int  # processes
    assets: Assets = NO_ASSETS

    def render(self, task: Task) -> RenderedPhoto:
        """Render one photo with its label, in this process."""
        renderer, seed = process_renderer(self.variant), (task.seed, task.index)
        return render_photo(renderer, task.scene, task.kinds, task.size, seed, assets=self.assets)


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of a job."""

    folder: Path
    rendered: int  # photos rendered by this call
    existing: int  # photos that were finished before
    seconds: float  # spent by this call
    redrawn: int  # degenerate solids discarded, in the whole dataset
    failures: tuple[ReadError, ...]  # photos that could not be rendered

    def __str__(self) -> str:
        pace = f" in {self.seconds:,.1f} s ({self.rendered / max(self.seconds, 1e-3):.2f} photos/s)"
        existing = f", {self.existing:,} already existed" if self.existing else ""
        failed = f", {len(self.failures):,} failed" if self.failures else ""
        photos = f"{self.rendered:,} photo{'s' * (self.rendered != 1)}"
        return (
            f"{photos} rendered{pace if self.rendered else ''}{existing}{failed}\n"
            f"{self.redrawn:,} degenerate solids redrawn\n{self.folder / SHEET}"
        )


def open_studio(folder: SetFolder, job: Job, variant: str | None, workers: int | None) -> Studio:
    """Return a studio that can render the job into the folder, which is created.

    variant: None for the one in the folder's set.json, or else the fastest. workers: None for one per core.
    Raises KeykindError if the folder holds anything else, disk space is short, a file to render with is
    unusable, or the variant fails here.
    """
    if workers is not None and workers < 1:
        raise KeykindError(f"workers {workers}", fault="is below 1", remedy="give at least 1")
    if variant not in (None, *VARIANTS):
        remedy = f"choose from {', '.join(VARIANTS)}"
        raise KeykindError(f"variant {variant!r}", fault="is not known", remedy=remedy)
    folder.prepare(job, variant)
    settings = folder.settings() or {}
    chosen = choose_variant(variant or settings.get("variant"))
    chosen.set_environment()  # the check may import Mitsuba
    check_assets(job.assets)
    return Studio(chosen, workers or cpu_count(), job.assets)


def render_set(folder: SetFolder, job: Job, studio: Studio, engine: Engine | None = None) -> Summary:
    """Render the missing photos of a job, then its COCO file and contact sheet.

    engine: distributes the photos; None for processes on this machine, which write their photos themselves.
    A photo that fails is listed in the summary, and the others are rendered.
    Raises KeykindError if the folder holds another dataset or is in use, no photo can be rendered, a worker
    was killed, or the disk is full; finished photos are kept.
    """
    start = time.monotonic()
    with lock_folder(folder.path):
        folder.claim(job, studio.variant.name)
        tasks = list(job.tasks())
        missing = list(folder.missing(tasks))
        failures = _render_missing(folder, missing, studio, engine)
        rendered = len(missing) - len(failures)
        seconds = time.monotonic() - start
        failed = {task.index for task, _ in failures}
        finished = [task for task in tasks if task.index not in failed]
        if not finished:
            task, reason = failures[0]
            fault = f"none of {len(failures):,} photos could be rendered; {task.stem}: {reason}"
            raise KeykindError(folder.path, fault=fault, remedy="choose another variant or seed")
        redrawn = _write_overview(folder, finished)
    errors = tuple(ReadError(task.stem, reason) for task, reason in failures)
    return Summary(folder.path, rendered, len(tasks) - len(missing), seconds, redrawn, errors)


def _render_missing(
    folder: SetFolder, missing: Sequence[Task], studio: Studio, engine: Engine | None
) -> list[tuple[Task, str]]:
    """Render photos; return the failed tasks in order, each with its reason."""
    if not missing:
        return []
    failures = []
    if engine:
        results = _render_with_engine(folder, studio, missing, engine)
    else:
        workers = min(studio.workers, len(missing))
        results = run_in_processes(partial(_render_and_save, folder, studio), missing, workers)
    with closing(results) as done:
        for task, error in progress(done, len(missing), "rendering"):
            if isinstance(error, KeykindError):
                raise error
            if error is not None:
                failures.append((task, f"{type(error).__name__}: {error}"))
    return sorted(failures, key=lambda failure: failure[0].index)


def _render_and_save(folder: SetFolder, studio: Studio, task: Task) -> None:
    """Render one photo and write it, in a worker."""
    _save(folder, task, studio.render(task))


def _render_with_engine(
    folder: SetFolder, studio: Studio, tasks: Sequence[Task], engine: Engine
) -> Generator[tuple[Task, BaseException | None], None, None]:
    """Yield (task, exception or None) once the photo, rendered by the engine, is written here."""
    for task, result in zip(tasks, engine(partial(_try_render, studio), tasks), strict=True):
        if isinstance(result, Exception):
            yield task, result
        else:
            _save(folder, task, result)
            yield task, None


def _try_render(studio: Studio, task: Task) -> RenderedPhoto | Exception:
    """Render one photo; return the exception instead if it fails, so that the others are rendered."""
    try:
        return studio.render(task)
    except Exception as error:  # noqa: BLE001 - listed in the summary, as for run_in_processes
        return error


def _save(folder: SetFolder, task: Task, photo: RenderedPhoto) -> None:
    path = folder.photo_path(task).relative_to(folder.path).as_posix()
    folder.save(task, photo.jpeg, {"file": path, **photo.label, "redrawn": photo.redrawn})


@cache
def process_renderer(variant: Variant) -> Renderer:
    """Return this process's renderer, which is set up once."""
    return Renderer(variant, threads=1)


def _write_overview(folder: SetFolder, finished: Sequence[Task]) -> int:
    """Write the COCO file and the contact sheet; return the number of solids redrawn for all photos."""
    redrawn: list[int] = []

    def labels() -> Iterator[dict[str, Any]]:
        for task in progress(finished, len(finished), "labels"):
            label = folder.read_label(task)
            redrawn.append(label["redrawn"])
            yield label

    write_coco(folder.path / COCO, labels())
    shown = evenly_spaced(sorted(finished, key=lambda task: (task.folder, task.scene, task.index)))
    sheet = contact_sheet([(folder.photo_path(task), _caption(task)) for task in shown])
    with atomic_write(folder.path / SHEET) as temporary:
        sheet.save(temporary)
    return sum(redrawn)


def _caption(task: Task) -> str:
    labels = {kind.name: kind.label for kind in KINDS}
    return f"{labels.get(task.folder, task.folder)}, {task.index}"
