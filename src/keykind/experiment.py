"""A checked set of photos and a recipe -> a run's folder: the whole experiment, end to end.

In:    Experiment: dataset, recipe, weights, seed, folder
Out:   RUN/: report.html, metrics.json, history.csv, predictions.csv, recipe.json, model.keras, figures/
Needs: keras, tensorflow, scikit-learn, matplotlib                                         [train]
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keykind import __version__
from keykind.backbone import Backbone, load_backbone, to_network
from keykind.cache import Cache, default_folder
from keykind.crossval import Fold, Rows, best_fold, make_folds
from keykind.dataset import Dataset, Sample
from keykind.errors import BadDataset
from keykind.evaluate import Scores, fit_temperature, score
from keykind.features import Network, Plan, compute, read_crop
from keykind.files import whole_file, write_text
from keykind.finetune import fine_tune
from keykind.head import Floats, Head, Labels, softmax
from keykind.pictures import Answer, Explainer
from keykind.progress import progress
from keykind.recipe import Recipe
from keykind.report import Outcome, write_report
from keykind.run_folder import RunFolder
from keykind.train import CURVES, Task, Trained, count_parameters, train_head, whole_model
from keykind.views import Augmentation

TEST_VIEWS = ("plain", "edge")
RANDOM_WEIGHTS = "The network's weights are random, not pretrained: these scores say nothing about real keys."


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is to be run, and where its results go."""

    dataset: Dataset
    recipe: Recipe
    weights: str  # imagenet, random, or a weights file
    seed: int
    out: Path
    notice: str | None = None  # the page's first line, where its reader must know something first

    @property
    def plan(self) -> Plan:
        """Which views the network is trained on."""
        recipe = self.recipe
        return Plan(recipe.views, Augmentation(recipe.rotation, recipe.zoom, recipe.flip), self.seed)

    def identity(self) -> dict[str, Any]:
        """Return all that decides the result, as JSON values: what recipe.json holds."""
        lines = [f"{s.split} {s.kind} {s.group} {s.sha256}" for s in self.dataset.samples]
        return {
            "recipe": self.recipe.as_json(),
            "weights": self.weights,
            "seed": self.seed,
            "photos": hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest(),
        }

    def seed_for(self, *purpose: str | int) -> int:
        """Return a seed for one purpose alone, so that no step depends on how many draws another took."""
        return int.from_bytes(hashlib.sha256(repr((self.seed, purpose)).encode()).digest()[:4])

    def labels(self, samples: Sequence[Sample]) -> Labels:
        """Return each sample's kind as a number."""
        number = {kind: index for index, kind in enumerate(self.dataset.kinds)}
        return np.array([number[sample.kind] for sample in samples], np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What training gave: the model that goes to the test, and how it was chosen."""

    backbone: Backbone
    network: Network
    head: Head
    folds: tuple[Trained, ...]
    best: int
    fine_tuning: dict[str, list[float]] | None
    temperature: float


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """What the model said of the test photos."""

    probabilities: dict[str, Floats]  # of each view, (n, c), as trained
    scores: dict[str, Scores]  # of each view
    calibrated: Scores  # of the plain view, after the temperature


class Clock:
    """How long each part took in this process, in seconds."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._parts = {"features": 0.0, "training": 0.0}

    def book(self, part: str | None) -> None:
        """Book the time since the last booking on `part`, or on nothing."""
        now = time.monotonic()
        if part:
            self._parts[part] += now - self._last
        self._last = now

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each part and in total."""
        return {part: round(value, 2) for part, value in self._parts.items()} | {
            "total": round(time.monotonic() - self._start, 2)
        }


def run(experiment: Experiment, *, resume: bool = False) -> dict[str, Any]:
    """Run the experiment and return its metrics, which metrics.json holds too.

    With `resume`, a killed run goes on with the same result; a finished one stays as it is.
    Raises BadRun if the folder holds another run, BadDataset for photos one cannot train on, BadWeights,
    CannotWrite for a full disk.
    """
    clock = Clock()
    if not experiment.dataset.of("test"):
        raise BadDataset(
            "test", fault="0 photos to test on", remedy="give --test, or hold some of the photos out"
        )
    folds = make_folds(experiment.dataset.of("train"), experiment.recipe.folds, experiment.seed_for("folds"))
    folder = RunFolder(experiment.out)
    finished = folder.claim(experiment.identity(), resume=resume)
    if finished is not None:
        return finished
    clock.book(None)
    with Cache(default_folder()) as cache:
        learned = learn(experiment, folds, folder, cache, clock)
        tested = test(experiment, learned, folder, cache)
        clock.book("features")
    return _write(experiment, learned, tested, folder, clock)


def learn(
    experiment: Experiment, folds: Sequence[Fold], folder: RunFolder, cache: Cache, clock: Clock
) -> Learned:
    """Train a head a fold on cached features, choose the best, fine-tune it where the recipe says so."""
    recipe, samples = experiment.recipe, experiment.dataset.of("train")
    labels, kinds = experiment.labels(samples), len(experiment.dataset.kinds)
    seed = experiment.seed_for("weights")
    backbone = load_backbone(recipe.backbone, experiment.weights, scaling=recipe.scaling, seed=seed)
    network = to_network(backbone, cache)
    features = compute(samples, experiment.plan, network, cache, folder.work / "features-train.npy")
    clock.book("features")

    def task(fold: Fold) -> Task:
        return Task(lambda photos, views: features[photos, views], labels, kinds, fold, recipe)

    steps = progress(enumerate(folds), len(folds), "training")
    trained = tuple(
        _train_fold(folder, number, task(fold), backbone.channels, experiment.seed_for("fold", number))
        for number, fold in steps
    )
    best = best_fold([fold.val_accuracy for fold in trained], [fold.val_loss for fold in trained])
    judged = [(fold.head, features, split.validation) for fold, split in zip(trained, folds, strict=True)]
    learned = Learned(backbone, network, trained[best].head, trained, best, None, 1.0)
    if recipe.fine_tune_layers:
        learned = _fine_tune(experiment, learned, folds[best], folder, cache)
        tuned = compute(samples, experiment.plan, learned.network, cache, folder.work / "features-tuned.npy")
        judged = [(learned.head, tuned, folds[best].validation)]
    clock.book("training")
    return replace(learned, temperature=_temperature(judged, labels, recipe))


def _train_fold(folder: RunFolder, number: int, task: Task, channels: int, seed: int) -> Trained:
    step = f"fold-{number}"
    kept = folder.load(step)
    if kept is None:
        trained = train_head(task, channels, seed)
        arrays = dict(zip(("w1", "b1", "w2", "b2"), trained.head.arrays(), strict=True))
        curves = {curve: np.array(values) for curve, values in trained.history.items()}
        folder.keep(step, arrays | curves | {"result": np.array([trained.val_loss, trained.val_accuracy])})
        return trained
    head = Head(kept["w1"], kept["b1"], kept["w2"], kept["b2"])
    return Trained(head, {curve: kept[curve].tolist() for curve in CURVES}, *kept["result"].tolist())


def _fine_tune(
    experiment: Experiment, learned: Learned, fold: Fold, folder: RunFolder, cache: Cache
) -> Learned:
    samples, plan, size = experiment.dataset.of("train"), experiment.plan, learned.network.size

    def pixels(photos: Rows, views: Rows) -> Floats:
        chosen = [(samples[photo], plan.views[view]) for photo, view in zip(photos, views, strict=True)]
        pictures = [plan.picture(view, read_crop(sample, size), sample.sha256) for sample, view in chosen]
        return np.stack(pictures) * np.float32(255)

    task = Task(pixels, experiment.labels(samples), len(experiment.dataset.kinds), fold, experiment.recipe)
    seed = experiment.seed_for("fine-tune")
    tuned = fine_tune(learned.backbone, learned.head, task, folder.work / "fine-tune", seed)
    network = to_network(tuned.backbone, cache)
    return replace(
        learned, backbone=tuned.backbone, network=network, head=tuned.head, fine_tuning=tuned.history
    )


def _temperature(judged: Sequence[tuple[Head, Floats, Rows]], labels: Labels, recipe: Recipe) -> float:
    """Return the temperature fitted on photos that the judging head was not trained on."""
    view = recipe.views.index("plain") if "plain" in recipe.views else 0
    logits = [head.logits(np.asarray(features[rows, view])) for head, features, rows in judged]
    return fit_temperature(np.concatenate(logits), np.concatenate([labels[rows] for _, _, rows in judged]))


def test(experiment: Experiment, learned: Learned, folder: RunFolder, cache: Cache) -> Tested:
    """Ask the model for every test photo, plain and as edges."""
    samples, plan = experiment.dataset.of("test"), replace(experiment.plan, views=TEST_VIEWS)
    features = compute(samples, plan, learned.network, cache, folder.work / "features-test.npy")
    logits = {view: learned.head.logits(np.asarray(features[:, i])) for i, view in enumerate(TEST_VIEWS)}
    probabilities = {view: softmax(values) for view, values in logits.items()}
    return Tested(
        probabilities,
        {view: _score(experiment, values) for view, values in probabilities.items()},
        _score(experiment, softmax(logits["plain"], learned.temperature)),
    )


def _score(experiment: Experiment, probabilities: Floats) -> Scores:
    samples = experiment.dataset.of("test")
    return score(
        probabilities,
        experiment.labels(samples),
        [sample.group for sample in samples],
        experiment.dataset.kinds,
        resamples=experiment.recipe.bootstrap,
        rng=np.random.default_rng(experiment.seed_for("bootstrap")),
    )


def _write(
    experiment: Experiment, learned: Learned, tested: Tested, folder: RunFolder, clock: Clock
) -> dict[str, Any]:
    """Write every file of the run, metrics.json last, and return the metrics."""
    dataset = experiment.dataset
    folder.write_table("history.csv", ("step", "epoch", *CURVES), _history(learned))
    folder.write_table(
        "predictions.csv",
        ("photo", "key", "view", "true", "answer", *(f"p({kind})" for kind in dataset.kinds)),
        _predictions(dataset, tested),
    )
    model = whole_model(learned.backbone, learned.head, experiment.recipe)
    with whole_file(folder.path / "model.keras") as temporary:
        model.save(temporary)
    parameters = count_parameters(model)
    outcome = Outcome(
        dataset=dataset,
        recipe=experiment.recipe,
        plan=experiment.plan,
        histories=[fold.history for fold in learned.folds],
        fine_tuning=learned.fine_tuning,
        best_fold=learned.best,
        scores=tested.scores,
        calibrated=tested.calibrated,
        temperature=learned.temperature,
        answers=_answers(dataset, tested.probabilities["plain"]),
        explainer=Explainer(learned.network, learned.head, dataset.kinds),
        facts=_facts(experiment, parameters, clock),
        notice=" ".join(
            filter(None, (experiment.notice, RANDOM_WEIGHTS if experiment.weights == "random" else None))
        ),
    )
    write_text(folder.path / "report.html", write_report(outcome, folder.path / "figures"))
    metrics = _metrics(experiment, learned, tested) | {"parameters": parameters, "seconds": clock.seconds()}
    folder.finish(metrics)
    return metrics


def _history(learned: Learned) -> list[tuple[Any, ...]]:
    steps = {f"fold {number}": fold.history for number, fold in enumerate(learned.folds)}
    if learned.fine_tuning:
        steps["fine-tuning"] = learned.fine_tuning
    return [
        (step, epoch, *values)
        for step, history in steps.items()
        for epoch, values in enumerate(zip(*(history[curve] for curve in CURVES), strict=True), 1)
    ]


def _predictions(dataset: Dataset, tested: Tested) -> list[tuple[Any, ...]]:
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


def _answers(dataset: Dataset, probabilities: Floats) -> tuple[Answer, ...]:
    return tuple(
        Answer(sample, dataset.kinds[row.argmax()], float(row.max()))
        for sample, row in zip(dataset.of("test"), probabilities, strict=True)
    )


def _facts(experiment: Experiment, parameters: dict[str, int], clock: Clock) -> dict[str, str]:
    """Return how the run was made, for the page's last table."""
    recipe = experiment.recipe.as_json()
    return {
        "keykind": __version__,
        "weights": Path(experiment.weights).name,
        "seed": str(experiment.seed),
        "parameters": f"{parameters['total']:,}, of which {parameters['trainable']:,} trained",
        "seconds": ", ".join(f"{part} {value:.1f}" for part, value in clock.seconds().items())
        + " up to this page",
    } | {key: ", ".join(value) if isinstance(value, list) else str(value) for key, value in recipe.items()}


def _metrics(experiment: Experiment, learned: Learned, tested: Tested) -> dict[str, Any]:
    dataset = experiment.dataset
    return {
        "keykind": __version__,
        **experiment.identity(),
        "network": learned.network.digest,
        "kinds": list(dataset.kinds),
        "counts": dataset.counts(),
        "unreadable": len(dataset.faults),
        "folds": [{"val_loss": fold.val_loss, "val_accuracy": fold.val_accuracy} for fold in learned.folds],
        "best_fold": learned.best,
        "temperature": learned.temperature,
        "test": {view: scores.as_json() for view, scores in tested.scores.items()},
        "calibrated": tested.calibrated.as_json()["calibration"],
    }
