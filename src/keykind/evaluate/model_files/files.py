"""A measured evaluation -> its files.

In:    Measured; the folder
Out:   OUT/report.html, OUT/predictions.csv and, last, OUT/metrics.json
Needs: scikit-learn, scipy, matplotlib                                                [evaluate]
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keykind import __version__
from keykind.core.errors import CannotWrite
from keykind.core.files import READ_ERRORS, check_writable, is_inside, write_json, write_text
from keykind.evaluate.model_files.answers import Answer
from keykind.evaluate.model_files.choice import RECORD
from keykind.evaluate.model_files.measured import Measured
from keykind.evaluate.model_files.page import evaluation_page
from keykind.evaluate.model_files.scores import JudgedPhoto, verdicts_by_kind
from keykind.predict.prediction import ANSWERED

SCHEMA = 1  # of metrics.json; incremented when names in it change their meaning
REPORT, METRICS, PREDICTIONS = FILES = "report.html", "metrics.json", "predictions.csv"
EVALUATION = "evaluation"  # entry of metrics.json: SCHEMA
ANOTHER = "name another folder with --out"


def check_out(folder: Path, inputs: Sequence[Path], *, force: bool) -> None:
    """Raise CannotWrite unless an evaluation can be written to a folder.

    It must not be among the photos, nor hold a run, and with `force` only another evaluation is replaced.
    """
    if any(path.is_dir() and is_inside(folder, path) for path in inputs):
        fault = "is inside the photos, where predictions.csv would be read as a table of photos"
        raise CannotWrite(folder, fault=fault, remedy=ANOTHER)
    existing = [name for name in FILES if (folder / name).exists()]
    if (folder / RECORD).exists():
        fault = "is the folder of a run, whose report would be replaced"
        raise CannotWrite(folder, fault=fault, remedy=ANOTHER)
    if existing and not force:
        fault = f"already holds {', '.join(existing)}"
        raise CannotWrite(folder, fault=fault, remedy=f"{ANOTHER}, or add --force to replace an evaluation")
    if METRICS in existing and not _is_evaluation(folder / METRICS):
        raise CannotWrite(folder / METRICS, fault="is not of an evaluation", remedy=ANOTHER)
    check_writable(folder)


def _is_evaluation(path: Path) -> bool:
    try:
        return EVALUATION in json.loads(path.read_text("utf-8"))
    except (*READ_ERRORS, TypeError):
        return False


def write_files(folder: Path, measured: Measured, inputs: Sequence[Path]) -> dict[str, Any]:
    """Write the report, the predictions and the metrics; return the metrics. Raises CannotWrite."""
    metrics = metrics_of(measured, inputs)
    write_text(folder / PREDICTIONS, _table(measured))
    write_text(folder / REPORT, evaluation_page(measured, inputs, (METRICS, PREDICTIONS)))
    write_json(folder / METRICS, metrics)
    return metrics


def metrics_of(measured: Measured, inputs: Sequence[Path]) -> dict[str, Any]:
    """Return what metrics.json holds, as plain JSON values."""
    selection = measured.selection
    return {
        EVALUATION: SCHEMA,
        "keykind": __version__,
        "photos": [str(path) for path in inputs],
        "split": selection.split,
        "kinds": list(measured.kinds),
        "counts": {
            "scored": len(measured.photos),
            "keys": measured.keys,
            "other_kinds": len(measured.others),
            "training_split": selection.training_split,
            "not_new": len(selection.left_out),
            "several_labels": len(measured.dataset.left_out),
            "excluded": len(measured.dataset.decisions.excluded),
            "unreadable": len(measured.read_errors),
        },
        "models": [_model(measured, i) for i in range(len(measured.models))],
        "difference": _difference(measured),
        "unreadable": [{"photo": error.name, "reason": error.reason} for error in measured.read_errors],
        "warnings": [*measured.warnings(), *measured.notes()],
    }


def _model(measured: Measured, index: int) -> dict[str, Any]:
    model, selection = measured.models[index], measured.selection
    overlap, card = selection.overlaps[index].within(selection.samples), model.recogniser.model.card
    return {
        "name": model.name,
        "file": str(model.path),
        "digest": model.recogniser.model.digest,
        "kinds": list(card.kinds),
        "crop": "whole" if model.recogniser.detector is None else card.crop,
        "trained_on": None if model.table is None else len(overlap.trained_on),
        "same_key": None if model.table is None else len(overlap.same_key),
        **measured.scores[index].as_json(),
        "other_kinds": {
            kind: {"photos": counts.total(), "answered": counts[ANSWERED]}
            for kind, counts in verdicts_by_kind(measured.others, index).items()
        },
    }


def _difference(measured: Measured) -> dict[str, Any] | None:
    """Return the paired differences, second model minus first, and the photos that changed."""
    paired = measured.difference
    if paired is None:
        return None
    accuracy = paired.after_accuracy - paired.before_accuracy
    names = [photo.sample.name for photo in measured.photos]
    return {
        "weighted_f1": {"difference": paired.difference, "interval": list(paired.interval)},
        "accuracy": {"difference": accuracy, "interval": list(paired.accuracy_interval)},
        "improved": [names[i] for i in paired.improved],
        "worsened": [names[i] for i in paired.worsened],
    }


def _table(measured: Measured) -> str:
    """Return predictions.csv: a row for each photo and model."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ("photo", "key", "model", "true", "scored", "predicted", "probability", "answer")
    writer.writerow((*head, *(f"p({kind})" for kind in measured.vocabulary.kinds)))
    for photos, scored in ((measured.photos, "yes"), (measured.others, "no")):
        for photo in photos:
            writer.writerows(_rows(measured, photo, scored))
    return text.getvalue()


def _rows(measured: Measured, photo: JudgedPhoto, scored: str) -> Iterator[Sequence[str]]:
    sample = photo.sample
    for i, (model, answer) in enumerate(zip(measured.models, photo.answers, strict=True)):
        given = answer.kind if answer.verdict == ANSWERED else answer.verdict
        probability = "" if answer.kind is None else f"{answer.probability:.6f}"
        yield (
            *(sample.name, sample.group, model.name, sample.kind, scored),
            *(answer.kind or "", probability, given or ""),
            *_probabilities(measured, i, answer),
        )


def _probabilities(measured: Measured, index: int, answer: Answer) -> list[str]:
    """Return the probability of each kind of all models; empty for those that the model does not know."""
    if answer.probabilities is None:
        return [""] * len(measured.vocabulary.kinds)
    spelled = measured.vocabulary.spellings[index].values()
    values = dict(zip(spelled, answer.probabilities.tolist(), strict=True))
    return [f"{values[kind]:.6f}" if kind in values else "" for kind in measured.vocabulary.kinds]
