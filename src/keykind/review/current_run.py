"""Which run and which model the desk works with.

In:    photos; the run and model that were asked for
Out:   RunFacts and a recogniser, or none; sentences about what does not fit
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keykind.core.errors import BadModel, BadRun
from keykind.core.kinds import NAMES
from keykind.dataset.listing import first_few
from keykind.experiment.train import default_out
from keykind.predict.recogniser import Recogniser
from keykind.review.catalogue import Catalogue
from keykind.review.predictions import MODEL, Judged, RunFacts, is_finished, read_run
from keykind.review.queues.queue import ModelFacts
from keykind.review.training_command import runs_after

BUNDLED = "the bundled model"
OWN = "the model"
NO_MODEL = (
    "No model knows the kinds of these photos yet, so only their files are looked at; train here, or give a "
    "model with --model."
)


@dataclass(frozen=True, slots=True, eq=False)
class CurrentRun:
    """A run, as far as its photos are these."""

    facts: RunFacts
    judged: Mapping[int, Judged]  # by id of the photo
    problems: tuple[str, ...]


def find_run(catalogue: Catalogue, wanted: Path | None) -> tuple[CurrentRun | None, list[str]]:
    """Return the run to begin with, and sentences about the choice.

    wanted: None for the newest of PHOTOS-run, PHOTOS-run-2, ... that fits. Raises BadRun if the wanted run
    cannot be read, or is of other photos or kinds.
    """
    if wanted is not None:
        return fit_run(catalogue, read_run(wanted)), []
    notes = []
    for folder in newest_runs(catalogue.source):
        try:
            run = fit_run(catalogue, read_run(folder))
        except BadRun as error:
            notes.append(f"Not used: {error}.")
        else:
            return run, [*notes, f"The run is {folder}; another one is chosen with --run."]
    return None, notes


def newest_runs(photos: Path) -> list[Path]:
    """Return the finished runs that have the names of runs on these photos, the newest first."""
    try:
        first = default_out(photos)
    except BadRun:
        return []
    folders = []
    for folder in runs_after(first):
        if folder.exists():
            folders.append(folder)
        elif folder != first:
            break
    finished = [folder for folder in reversed(folders) if is_finished(folder)]
    return sorted(finished, key=lambda folder: (folder / "metrics.json").stat().st_mtime_ns, reverse=True)


def fit_run(catalogue: Catalogue, facts: RunFacts) -> CurrentRun:
    """Return a run with the photos that are here. Raises BadRun if none is, or it knows none of the kinds."""
    found = zip(catalogue.find(facts.judged), facts.judged.values(), strict=True)
    judged = {photo: value for photo, value in found if photo is not None}
    counted = f"{len(judged):,} of the run's {len(facts.judged):,} photos are here"
    if facts.judged and not judged:
        none = f"none of its {len(facts.judged):,} are in {catalogue.source.name}"
        remedy = "name a run on these photos, or leave out --run"
        raise BadRun(facts.path, fault=f"was trained on other photos: {none}", remedy=remedy)
    kinds = catalogue.kinds()
    shared = [kind for kind in kinds if kind in facts.kinds]
    if kinds and not shared:
        fault = f"was trained on other kinds ({first_few(facts.kinds)}; these photos: {first_few(kinds)})"
        raise BadRun(facts.path, fault=fault, remedy="name a run on these photos, or leave out --run")
    problems = []
    if len(judged) < len(facts.judged):
        problems.append(f"{facts.path.name}: {counted}; the others are left out.")
    if len(shared) < len(kinds):
        new = [kind for kind in kinds if kind not in facts.kinds]
        problems.append(f"{facts.path.name}: it does not know {first_few(new)}; train again to include them.")
    return CurrentRun(facts, judged, tuple(problems))


def check_model_file(path: Path) -> None:
    """Raise BadModel for a folder with a model, which is more likely a run than a model file."""
    if is_finished(path):
        remedy = f"give --run {path}, or its model file alone: --model {path / MODEL}"
        raise BadModel(path, fault="is the folder of a run, not a model file", remedy=remedy)


def model_path(wanted: Path | None, run: RunFacts | None, kinds: Sequence[str]) -> tuple[Path | None, bool]:
    """Return the file of the model to scan with, and whether there is one; None: the bundled model."""
    if wanted is not None:
        return wanted, True
    if run is not None and run.model.is_file():
        return run.model, True
    return None, not kinds or any(kind in NAMES for kind in kinds)


def describe(recogniser: Recogniser, path: Path | None, kinds: Sequence[str]) -> tuple[ModelFacts, list[str]]:
    """Return what the queues need to know about a model, and sentences about what does not fit."""
    card = recogniser.model.card
    shared = [kind for kind in kinds if kind in card.kinds]
    facts = ModelFacts(
        BUNDLED if path is None else OWN,
        card.kinds,
        card.ood_threshold,
        recogniser.detector is not None,
        bool(shared) or not kinds,
    )
    name = BUNDLED[0].upper() + BUNDLED[1:] if path is None else path.name
    known, here = first_few(card.kinds), first_few(kinds)
    if not facts.fits:
        return facts, [f"{name} knows other kinds ({known}; these photos: {here}), so it suggests none."]
    if len(shared) < len(kinds):
        unknown = first_few(kind for kind in kinds if kind not in card.kinds)
        return facts, [f"{name} knows {len(shared)} of {len(kinds)} kinds, not {unknown}."]
    return facts, []
