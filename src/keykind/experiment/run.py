"""An experiment -> its run folder, stage by stage: heads, fine-tuning, calibration, test.

In:    Experiment: dataset, recipe, weights, seed, folder
Out:   RUN/: report.html, metrics.json, history.csv, photos.csv, predictions.csv, out_of_fold.csv,
       recipe.json, figures/, model.keras, prototypes.npy, keys.tflite
Needs: keras, tensorflow, scikit-learn, matplotlib                                         [train]
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keykind import __version__
from keykind.core.cache import Cache, default_folder
from keykind.core.command import command_line
from keykind.core.errors import BadDataset
from keykind.core.timer import Timer
from keykind.dataset.listing import counted
from keykind.detect.detector import load_detector
from keykind.experiment.artifacts import write_model_files, write_out_of_fold, write_report_files
from keykind.experiment.context import Context
from keykind.experiment.experiment import Experiment
from keykind.experiment.run_folder import COMMAND, RunFolder
from keykind.experiment.stages.calibrate import Calibration, calibrate
from keykind.experiment.stages.fine_tune import TrainingResult, fine_tune
from keykind.experiment.stages.heads import train_heads
from keykind.experiment.stages.out_of_fold import predict_out_of_fold
from keykind.experiment.stages.test import TestResult, run_test
from keykind.model.card import KEY, OTHER, SUBJECT
from keykind.train.backbone import Backbone, load_backbone
from keykind.train.crossval import Fold, make_folds
from keykind.train.devices import find_devices
from keykind.train.head_training import build_classifier, count_parameters
from keykind.train.key_regions import Subject, examine, marks_sentence, subject_from_json
from keykind.train.recipe import AUTO


def run(experiment: Experiment, *, resume: bool = False) -> dict[str, Any]:
    """Run the experiment and return its metrics, which are also written to metrics.json.

    With `resume`, an interrupted run continues to the same result; a finished one is left unchanged.
    Raises BadRun if the folder holds another run, BadDataset for photos that cannot be trained on,
    BadWeights, BadDevices, CannotWrite for a full disk.
    """
    timer = Timer()
    if not experiment.dataset.subset("test"):
        raise BadDataset("test", fault="0 photos to test on", remedy="give --test, or hold out some photos")
    recipe = experiment.recipe
    folds = make_folds(experiment.dataset.subset("train"), recipe.folds, experiment.seed_for("folds"))
    timer.record(None)
    folder = RunFolder(experiment.out)
    folder.check(resume=resume)
    devices = find_devices(experiment.devices)
    seed = experiment.seed_for("weights")
    backbone = load_backbone(recipe.backbone, experiment.weights, scaling=recipe.scaling, seed=seed)
    detector = load_detector() if recipe.crop in (KEY, AUTO) else None
    identity = experiment.identity(backbone.digest, detector)
    with Cache(default_folder()) as cache, folder.locked():
        notes = {"options": dict(experiment.options), COMMAND: command_line()}
        finished = folder.claim(identity, notes, resume=resume)
        if finished is not None:
            return finished
        subject = _subject(experiment, folder, cache)
        experiment = experiment.cropped_for(subject)
        if detector and experiment.recipe.crop == KEY:
            experiment = experiment.crop_keys(detector, cache)
            if marks := marks_sentence(experiment.dataset.samples):
                experiment.announce(marks)
        context = Context(experiment, folder, cache, devices, timer, subject)
        metrics = _run_stages(context, backbone, folds, identity)
        folder.finish(metrics)
        return metrics


def _subject(experiment: Experiment, folder: RunFolder, cache: Cache) -> Subject | None:
    """Return what the photos show; None if the recipe crops keys anyway.

    What was detected is kept in recipe.json: a resumed run does not decide again.
    """
    if experiment.recipe.crop == KEY:
        return None

    def detected() -> dict[str, Any]:
        return examine(experiment.dataset, load_detector(), experiment.engine, cache).as_json()

    subject = subject_from_json(folder.remember("keys_detected", detected))
    experiment.announce(subject.sentence(experiment.cropped_for(subject).recipe.crop))
    return subject


def _run_stages(
    context: Context, backbone: Backbone, folds: Sequence[Fold], identity: Mapping[str, Any]
) -> dict[str, Any]:
    """Run all stages, write every file but metrics.json, and return the metrics."""
    timer, announce, dataset = context.timer, context.experiment.announce, context.experiment.dataset
    announce(f"Training on {counted(len(dataset.subset('train')), 'photo')}.")
    heads = train_heads(context, backbone, folds)
    write_out_of_fold(context, predict_out_of_fold(context, heads))
    result = fine_tune(context, heads)
    calibration = calibrate(context, result)
    timer.record("training")
    announce(f"Testing on {counted(len(dataset.subset('test')), 'photo')}.")
    tested = run_test(context, result, calibration)
    timer.record("features")
    classifier = build_classifier(result.backbone, result.head, context.recipe)
    metrics = {**identity, **_metrics(context, result, calibration, tested)}
    metrics["parameters"] = _parameters(classifier, result)
    write_report_files(context, result, calibration, tested, classifier, metrics)
    metrics["seconds"] = timer.seconds()
    if context.devices.strategy:
        metrics["devices"] = context.devices.description
    write_model_files(context.folder, classifier, result, calibration, metrics)
    return metrics


def _parameters(classifier: Any, result: TrainingResult) -> dict[str, int]:
    """Return the number of all parameters of the model, and of those that were trained."""
    counts = count_parameters(classifier)
    if result.full:
        return counts | {"trainable": counts["total"]}
    return counts | ({"trainable": result.partial.trainable} if result.partial else {})


def _metrics(
    context: Context, result: TrainingResult, calibration: Calibration, tested: TestResult
) -> dict[str, Any]:
    """Return what metrics.json holds besides the run's identity."""
    experiment, dataset, heads = context.experiment, context.experiment.dataset, result.heads
    return {
        "keykind": __version__,
        "weights": experiment.weights,
        "network": result.network.digest,
        "kinds": list(dataset.kinds),
        "crop": context.recipe.crop,
        SUBJECT: KEY if context.of_keys else OTHER,
        "keys_detected": context.subject and context.subject.as_json(),
        "counts": dataset.counts(),
        "unreadable": len(dataset.read_errors),
        "keys_found": sum(sample.region is not None for sample in dataset.samples),
        "folds": [{"val_loss": head.val_loss, "val_accuracy": head.val_accuracy} for head in heads.trained],
        "best_fold": heads.best,
        "all_layers": list(result.full.epochs) if result.full else [],
        "temperature": calibration.temperature,
        "test": {view: scores.as_json() for view, scores in tested.scores.items()},
        "calibrated": tested.calibrated.as_json()["calibration"],
        "attention": tested.saliency and tested.saliency.as_json(),
        "novelty": {
            "view": context.recipe.judging_view,
            "most": calibration.ood_threshold,
            "test": {name: metrics.as_json() for name, metrics in tested.ood.items()},
        },
    }
