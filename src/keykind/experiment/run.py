"""An experiment -> the folder of its run, every file whole or absent.

In:    Experiment: dataset, recipe, weights, seed, folder
Out:   RUN/: report.html, metrics.json, history.csv, photos.csv, predictions.csv, recipe.json, figures/,
       model.keras, prototypes.npy, keys.tflite
Needs: keras, tensorflow, scikit-learn, matplotlib                                         [train]
"""

from pathlib import Path
from typing import Any

import numpy as np

from keykind import __version__
from keykind.core.cache import Cache, default_folder
from keykind.core.errors import BadDataset
from keykind.core.files import whole_file, write_bytes, write_text
from keykind.core.timer import Timer
from keykind.dataset.dataset import Dataset
from keykind.detect.detector import load_detector
from keykind.evaluate.report import Outcome, write_report
from keykind.evaluate.thumbnails import Answer, Explainer
from keykind.experiment.experiment import Experiment, TestResult, TrainingResult, learn, test
from keykind.experiment.run_folder import RunFolder
from keykind.export.from_run import TrainedModel, about, make_file
from keykind.export.graph import InferenceModel
from keykind.model.card import KEY
from keykind.model.head import Floats
from keykind.train.backbone import load_backbone
from keykind.train.crossval import make_folds
from keykind.train.head_training import CURVES, count_parameters, whole_model

RANDOM_WEIGHTS = "The network's weights are random, not pretrained: these scores say nothing about real keys."


def run(experiment: Experiment, *, resume: bool = False) -> dict[str, Any]:
    """Run the experiment and return its metrics, which metrics.json holds too.

    With `resume`, a killed run goes on with the same result; a finished one stays as it is.
    Raises BadRun if the folder holds another run, BadDataset for photos one cannot train on, BadWeights,
    CannotWrite for a full disk.
    """
    clock = Timer()
    if not experiment.dataset.of("test"):
        raise BadDataset(
            "test", fault="0 photos to test on", remedy="give --test, or hold some of the photos out"
        )
    folds = make_folds(experiment.dataset.of("train"), experiment.recipe.folds, experiment.seed_for("folds"))
    clock.book(None)
    folder = RunFolder(experiment.out)
    folder.check(resume=resume)
    recipe, seed = experiment.recipe, experiment.seed_for("weights")
    backbone = load_backbone(recipe.backbone, experiment.weights, scaling=recipe.scaling, seed=seed)
    detector = load_detector() if recipe.crop == KEY else None
    identity = experiment.identity(backbone) | ({"detector": detector.digest} if detector else {})
    with Cache(default_folder()) as cache, folder.locked():
        finished = folder.claim(identity, resume=resume)
        if finished is not None:
            return finished
        if detector:
            experiment = experiment.cut_out(detector)
        learned = learn(experiment, backbone, folds, folder, cache, clock)
        tested = test(experiment, learned, folder, cache)
        clock.book("features")
        model = whole_model(learned.backbone, learned.head, recipe)
        parameters = _parameters(model, learned)
        _write(experiment, learned, tested, folder, _facts(experiment, parameters, clock))
        metrics = identity | _metrics(experiment, learned, tested)
        metrics |= {"parameters": parameters, "seconds": clock.seconds()}
        if experiment.devices.strategy:
            metrics["devices"] = experiment.devices.words
        _write_model(model, learned, metrics, folder)
        folder.finish(metrics)
        return metrics


def _parameters(model: Any, learned: TrainingResult) -> dict[str, int]:
    """Return how many parameters the model has, and how many of them were trained."""
    counted = count_parameters(model)
    if learned.deep:
        return counted | {"trainable": counted["total"]}
    return counted | ({"trainable": learned.fine_tuning.trainable} if learned.fine_tuning else {})


def _write_model(model: Any, learned: TrainingResult, metrics: dict[str, Any], folder: RunFolder) -> None:
    """Write the model as Keras keeps it, what exporting needs besides, and the model file."""
    with whole_file(folder.path / "model.keras") as temporary:
        model.save(temporary)
    with whole_file(folder.path / "prototypes.npy") as temporary:
        np.save(temporary, learned.judged.prototypes)
    judged = learned.judged
    whole = InferenceModel(
        learned.backbone, learned.head, judged.prototypes, judged.temperature, metrics["novelty"]["view"]
    )
    crop, kinds = metrics["recipe"]["crop"], tuple(metrics["kinds"])
    trained = TrainedModel(model, whole, crop, kinds, judged.ood_threshold, about(metrics))
    write_bytes(folder.path / "keys.tflite", make_file(trained, "fp32"))


def _write(
    experiment: Experiment,
    learned: TrainingResult,
    tested: TestResult,
    folder: RunFolder,
    facts: dict[str, str],
) -> None:
    """Write the run's tables, its page and the page's figures."""
    dataset = experiment.dataset
    folder.write_table("history.csv", ("step", "epoch", *CURVES), _history(learned))
    folder.write_table(
        "predictions.csv",
        ("photo", "key", "view", "true", "answer", *(f"p({kind})" for kind in dataset.kinds)),
        _predictions(dataset, tested),
    )
    folder.write_table("photos.csv", ("path", "label", "key_id", "split"), _photos(dataset))
    outcome = Outcome(
        dataset=dataset,
        recipe=experiment.recipe,
        plan=experiment.plan,
        folds=learned.folds,
        fine_tuning=learned.fine_tuning.history if learned.fine_tuning else None,
        all_layers=learned.deep.epochs if learned.deep else (),
        renders=len(experiment.renders),
        best_fold=learned.best,
        scores=tested.scores,
        calibrated=tested.calibrated,
        temperature=learned.judged.temperature,
        rejection=tested.rejection,
        attention=tested.attention,
        answers=_answers(dataset, tested.probabilities["plain"]),
        explainer=Explainer(learned.network, learned.head, dataset.kinds),
        facts=facts,
        notice=_notice(experiment),
    )
    write_text(folder.path / "report.html", write_report(outcome, folder.path / "figures"))


def _notice(experiment: Experiment) -> str:
    random = RANDOM_WEIGHTS if experiment.weights == "random" else ""
    return f"{experiment.notice or ''} {random}".strip()


def _history(learned: TrainingResult) -> list[tuple[Any, ...]]:
    steps = {f"fold {number}": fold.history for number, fold in enumerate(learned.folds)}
    if learned.fine_tuning:
        steps["fine-tuning"] = learned.fine_tuning.history
    return [
        (step, epoch, *values)
        for step, history in steps.items()
        for epoch, values in enumerate(zip(*(history[curve] for curve in CURVES), strict=True), 1)
    ]


def _predictions(dataset: Dataset, tested: TestResult) -> list[tuple[Any, ...]]:
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
        for sample, row in zip(dataset.of("test"), probabilities, strict=True)
    ]


def _photos(dataset: Dataset) -> list[tuple[str, ...]]:
    """Return the photos as a table that `keykind inspect` and `keykind train` read, too."""
    return [
        (str(sample.path.absolute()), sample.kind, sample.group, sample.split) for sample in dataset.samples
    ]


def _answers(dataset: Dataset, probabilities: Floats) -> tuple[Answer, ...]:
    return tuple(
        Answer(sample, dataset.kinds[row.argmax()], float(row.max()))
        for sample, row in zip(dataset.of("test"), probabilities, strict=True)
    )


def _facts(experiment: Experiment, parameters: dict[str, int], clock: Timer) -> dict[str, str]:
    """Return how the run was made, for the page's last table."""
    seconds = ", ".join(f"{part} {value:.1f}" for part, value in clock.seconds().items())
    facts = {
        "keykind": __version__,
        "weights": Path(experiment.weights).name,
        "seed": str(experiment.seed),
        "devices": experiment.devices.words,
        "parameters": f"{parameters['total']:,}, of which {parameters['trainable']:,} trained",
        "seconds": f"{seconds} up to this page",
    }
    if experiment.recipe.crop == KEY:
        facts["keys found"] = _found(experiment)
    for key, value in experiment.recipe.as_json().items():
        facts[key] = ", ".join(value) if isinstance(value, list) else str(value)
    return facts


def _found(experiment: Experiment) -> str:
    samples = experiment.dataset.samples
    count = sum(sample.cut is not None for sample in samples)
    return f"in {count:,} of {len(samples):,} photos; the others were looked at as a whole"


def _metrics(experiment: Experiment, learned: TrainingResult, tested: TestResult) -> dict[str, Any]:
    dataset = experiment.dataset
    return {
        "keykind": __version__,
        "weights": experiment.weights,
        "network": learned.network.digest,
        "kinds": list(dataset.kinds),
        "counts": dataset.counts(),
        "unreadable": len(dataset.faults),
        "keys_found": sum(sample.cut is not None for sample in dataset.samples),
        "folds": [{"val_loss": fold.val_loss, "val_accuracy": fold.val_accuracy} for fold in learned.folds],
        "best_fold": learned.best,
        "all_layers": list(learned.deep.epochs) if learned.deep else [],
        "temperature": learned.judged.temperature,
        "test": {view: scores.as_json() for view, scores in tested.scores.items()},
        "calibrated": tested.calibrated.as_json()["calibration"],
        "attention": tested.attention and tested.attention.as_json(),
        "novelty": {
            "view": experiment.recipe.judging_view,
            "most": learned.judged.ood_threshold,
            "test": {name: rejection.as_json() for name, rejection in tested.rejection.items()},
        },
    }
