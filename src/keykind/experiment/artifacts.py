"""The results of a run -> its files: tables, report, figures, model.

In:    Context, and the results of all stages
Out:   RUN/: report.html, figures/, history.csv, photos.csv, predictions.csv, out_of_fold.csv; model.keras,
       prototypes.npy, keys.tflite
Needs: keras, tensorflow, matplotlib                                                       [train]
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keykind import __version__
from keykind.core.files import atomic_write, write_bytes, write_text
from keykind.dataset.key_ends import ends_text
from keykind.dataset.samples import Dataset
from keykind.evaluate.report.data import ReportData
from keykind.evaluate.report.layers import list_layers
from keykind.evaluate.report.page import write_report
from keykind.evaluate.thumbnails import Explainer, PhotoPrediction
from keykind.evaluate.wording import KEYS_DETECTED, subject_of
from keykind.experiment.context import Context
from keykind.experiment.experiment import Experiment
from keykind.experiment.provenance import trace
from keykind.experiment.run_folder import RunFolder
from keykind.experiment.stages.calibrate import Calibration
from keykind.experiment.stages.fine_tune import TrainingResult
from keykind.experiment.stages.out_of_fold import OutOfFold
from keykind.experiment.stages.test import TestResult
from keykind.export.from_run import TrainedModel, about_run, make_model_file
from keykind.export.graph import InferenceModel
from keykind.model.card import KEY
from keykind.model.head import Floats
from keykind.train.head_training import CURVES
from keykind.train.recipe import Recipe

RANDOM_WEIGHTS = "The network's weights are random, not pretrained: these scores say nothing about others."
Row = tuple[Any, ...]


def write_report_files(
    context: Context,
    result: TrainingResult,
    calibration: Calibration,
    tested: TestResult,
    classifier: Any,
    metrics: Mapping[str, Any],
) -> None:
    """Write the tables, the report and its figures.

    classifier: the trained Keras model. metrics: what metrics.json holds, but for times.
    """
    experiment, folder, dataset = context.experiment, context.folder, context.experiment.dataset
    folder.write_table("history.csv", ("step", "epoch", *CURVES), _history(result))
    folder.write_table(
        "predictions.csv",
        ("photo", "key", "view", "true", "answer", *(f"p({kind})" for kind in dataset.kinds)),
        _predictions(dataset, tested),
    )
    folder.write_table("photos.csv", *_photos(dataset))
    data = ReportData(
        dataset=dataset,
        recipe=experiment.recipe,
        plan=experiment.plan,
        folds=result.heads.trained,
        fine_tuning=result.partial.history if result.partial else None,
        full_fine_tuning=result.full.epochs if result.full else (),
        renders=len(experiment.renders),
        best_fold=result.heads.best,
        scores=tested.scores,
        calibrated=tested.calibrated,
        temperature=calibration.temperature,
        ood=tested.ood,
        saliency=tested.saliency,
        predictions={
            view: _photo_predictions(dataset, values) for view, values in tested.probabilities.items()
        },
        explainer=Explainer(result.network, result.head, dataset.kinds, experiment.plan),
        layers=list_layers(classifier, _trained_layers(context.recipe, result)),
        provenance=trace(experiment),
        details=_details(context, metrics["parameters"]),
        notice=_notice(experiment),
        subject=subject_of(metrics),
    )
    write_text(folder.path / "report.html", write_report(data, folder.path / "figures"))


def write_out_of_fold(context: Context, predicted: OutOfFold) -> None:
    """Write out_of_fold.csv, one row per training photo."""
    kinds = context.experiment.dataset.kinds
    columns = zip(predicted.samples, predicted.folds, predicted.probabilities, predicted.ood, strict=True)
    context.folder.write_table(
        "out_of_fold.csv",
        ("photo", "key", "fold", "true", "answer", "ood", *(f"p({kind})" for kind in kinds)),
        (
            (
                *(sample.name, sample.group, fold, sample.kind, kinds[row.argmax()], f"{ood:.6f}"),
                *(f"{value:.6f}" for value in row),
            )
            for sample, fold, row, ood in columns
        ),
    )


def write_model_files(
    folder: RunFolder,
    classifier: Any,
    result: TrainingResult,
    calibration: Calibration,
    metrics: Mapping[str, Any],
) -> None:
    """Write the Keras model, the prototypes that exporting it needs as well, and the model file."""
    model = InferenceModel(
        result.backbone,
        result.head,
        calibration.prototypes,
        calibration.temperature,
        metrics["novelty"]["view"],
    )
    crop, kinds = metrics["crop"], tuple(metrics["kinds"])
    trained = TrainedModel(
        classifier, model, crop, kinds, calibration.ood_threshold, about_run(dict(metrics))
    )
    write_trained_model(folder, trained)


def write_trained_model(folder: RunFolder, trained: TrainedModel) -> None:
    """Write the Keras model, the prototypes and the model file."""
    with atomic_write(folder.path / "model.keras") as temporary:
        trained.model.save(temporary)
    with atomic_write(folder.path / "prototypes.npy") as temporary:
        np.save(temporary, trained.inference.prototypes)
    write_bytes(folder.path / "keys.tflite", make_model_file(trained, "fp32"))


def _notice(experiment: Experiment) -> str:
    random = RANDOM_WEIGHTS if experiment.weights == "random" else ""
    return f"{experiment.notice or ''} {random}".strip()


def _history(result: TrainingResult) -> list[Row]:
    """Return the rows of history.csv, one per epoch."""
    steps = {f"fold {i}": head.history for i, head in enumerate(result.heads.trained)}
    if result.partial:
        steps["fine-tuning"] = result.partial.history
    return [
        (step, epoch, *values)
        for step, history in steps.items()
        for epoch, values in enumerate(zip(*(history[curve] for curve in CURVES), strict=True), 1)
    ]


def _predictions(dataset: Dataset, tested: TestResult) -> list[Row]:
    """Return the rows of predictions.csv, one per test photo and view."""
    return [
        (
            sample.name,
            sample.group,
            view,
            sample.kind,
            dataset.kinds[row.argmax()],
            *(f"{value:.6f}" for value in row),
        )
        for view, probabilities in tested.probabilities.items()
        for sample, row in zip(dataset.subset("test"), probabilities, strict=True)
    ]


def _photos(dataset: Dataset) -> tuple[tuple[str, ...], list[Row]]:
    """Return the heading and rows of photos.csv, which `keykind inspect` and `keykind train` read, too.

    Marked keys are listed if there are any.
    """
    heading = ("path", "label", "key_id", "split")
    rows = [
        (str(sample.path.absolute()), sample.kind, sample.group, sample.split) for sample in dataset.samples
    ]
    if all(sample.ends is None for sample in dataset.samples):
        return heading, list[Row](rows)
    marks = [ends_text(sample.ends) for sample in dataset.samples]
    return (*heading, "ends"), [(*row, cell) for row, cell in zip(rows, marks, strict=True)]


def _photo_predictions(dataset: Dataset, probabilities: Floats) -> tuple[PhotoPrediction, ...]:
    return tuple(
        PhotoPrediction(sample, dataset.kinds[row.argmax()], float(row.max()))
        for sample, row in zip(dataset.subset("test"), probabilities, strict=True)
    )


def _details(context: Context, parameters: Mapping[str, int]) -> dict[str, str]:
    """Return how the run was made, for the last table of the report."""
    experiment = context.experiment
    seconds = ", ".join(f"{stage} {value:.1f}" for stage, value in context.timer.seconds().items())
    details = {
        "keykind": __version__,
        "weights": Path(experiment.weights).name,
        "seed": str(experiment.seed),
        "devices": context.devices.description,
        "parameters": f"{parameters['total']:,}, of which {parameters['trainable']:,} trained",
        "seconds": f"{seconds}, before this report was written",
    }
    if context.recipe.crop == KEY:
        details[KEYS_DETECTED] = _detected(experiment.dataset)
    elif context.subject:
        details[KEYS_DETECTED] = context.subject.sentence(context.recipe.crop)
    return details


def _trained_layers(recipe: Recipe, result: TrainingResult) -> Callable[[Any], bool]:
    """Return what tells of a layer of the classifier whether the run trained it."""
    head = {"hidden", "probabilities"}
    last = result.backbone.network.layers[-recipe.fine_tune_layers :] if result.partial else []
    tuned = {layer.name for layer in last if "BatchNormalization" not in type(layer).__name__}
    return lambda layer: result.full is not None or layer.name in head | tuned


def _detected(dataset: Dataset) -> str:
    count = sum(sample.region is not None for sample in dataset.samples)
    marked = sum(bool(sample.ends) for sample in dataset.samples)
    by_hand = f" ({marked:,} marked by a person)" if marked else ""
    return f"in {count:,} of {len(dataset.samples):,} photos{by_hand}; the others were used whole"
