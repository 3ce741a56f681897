"""Model files and labelled photos -> how good the models are, without training; two are compared.

In:    one or two models: files, folders of runs, or `keykind`; a folder or table of labelled photos
Out:   Evaluation; OUT/ with report.html, metrics.json and predictions.csv
Needs: scikit-learn, scipy, matplotlib                                                [evaluate]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import BadModel, CannotWrite
from keykind.core.extras import require
from keykind.core.files import place_outside
from keykind.core.parallel import Engine, parallel_map
from keykind.dataset.labelled import read_labelled
from keykind.dataset.listing import ReadError

MAX_MODELS = 2  # that can be compared


def silent(_: str) -> None:
    """Ignore a sentence."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A finished evaluation."""

    path: Path  # its folder
    metrics: dict[str, Any]  # what metrics.json holds
    read_errors: tuple[ReadError, ...]  # photos that could not be read and are not measured

    @property
    def report(self) -> Path:
        """The report, an HTML page."""
        return self.path / "report.html"


def evaluate(  # noqa: PLR0913 - the options of a command
    models: Sequence[str | Path],
    photos: str | Path,
    *,
    rng: np.random.Generator,
    out: str | Path | None = None,
    test: str | Path | None = None,
    kinds: Sequence[str] | None = None,
    group_pattern: str | None = None,
    everything: bool = False,
    whole: bool = False,
    force: bool = False,
    engine: Engine = parallel_map,
    notify: Callable[[str], None] = silent,
) -> Evaluation:
    """Measure one or two models on labelled photos, and write the folder `out`.

    models: files, folders of runs, or "keykind" for the bundled models. photos, test, kinds, group_pattern:
    see `read_labelled`. everything: measure also the training split, and photos that a model was trained on.
    whole: skip key detection. out: None: see `default_out`. force: replace an evaluation in `out`. rng: draws
    the resamples of the intervals. notify: called with each sentence about the photos.

    Raises BadModel, BadRun for models that cannot be used; BadDataset for photos of other kinds, or none that
    is new to the models; CannotWrite; MissingExtra without keykind[evaluate].
    """
    require("evaluate")
    from keykind.evaluate.model_files.choice import choose_models  # noqa: PLC0415 - what follows needs scipy
    from keykind.evaluate.model_files.files import check_out, write_files  # noqa: PLC0415
    from keykind.evaluate.model_files.measured import measure  # noqa: PLC0415
    from keykind.evaluate.model_files.selection import select_photos  # noqa: PLC0415
    from keykind.evaluate.model_files.vocabulary import vocabulary_of  # noqa: PLC0415

    if not 1 <= len(models) <= MAX_MODELS:
        raise BadModel("models", fault=f"{len(models)} are given", remedy="give one, or two to compare them")
    chosen = choose_models(models, whole=whole)
    inputs = [Path(path) for path in (photos, test) if path is not None]
    folder = Path(out) if out is not None else default_out(photos, test)
    check_out(folder, inputs, force=force)
    dataset = read_labelled(photos, test, kinds=kinds, group_pattern=group_pattern)
    vocabulary = vocabulary_of(chosen)
    dataset = vocabulary.respelled(dataset)
    vocabulary.check(chosen, dataset.samples, photos)  # before a reason that is less to the point
    selection = select_photos(dataset, chosen, photos, everything=everything)
    vocabulary.check(chosen, selection.samples, photos)
    measured = measure(chosen, vocabulary, dataset, selection, engine=engine, rng=rng)
    for sentence in (*_unread(measured.read_errors), *measured.warnings(), *measured.notes()):
        notify(sentence)
    metrics = write_files(folder, measured, inputs)
    return Evaluation(folder, metrics, measured.read_errors)


def _unread(errors: Sequence[ReadError]) -> list[str]:
    return [f"{error.name}: {error.reason}" for error in errors]


def default_out(photos: str | Path, test: str | Path | None = None) -> Path:
    """Return the folder of an evaluation if none is chosen: PHOTOS-evaluation, never inside the photos.

    Raises CannotWrite if there is no such place.
    """
    place = place_outside([path for path in (photos, test) if path is not None], "-evaluation")
    if place is None:
        fault = "leaves no place beside it for the evaluation"
        raise CannotWrite(photos, fault=fault, remedy="add --out FOLDER")
    return place
