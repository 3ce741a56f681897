"""A checked set of photos and a recipe -> a trained model, and what it says of the test photos.

In:    Experiment: dataset, recipe, weights, seed
Out:   TrainingResult, TestResult; finished folds are kept in the run's folder on the way
Needs: keras, tensorflow, scikit-learn                                                     [train]
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.cache import Cache
from keykind.core.parallel import Engine, ordered
from keykind.core.progress import progress
from keykind.core.timer import Timer
from keykind.dataset.dataset import Dataset, Sample
from keykind.detect.detector import KeyDetector
from keykind.evaluate.metrics import OODMetrics, Scores, fit_temperature, score, score_ood
from keykind.experiment.run_folder import RunFolder
from keykind.model.card import KEY
from keykind.model.head import Floats, Head, Labels, softmax
from keykind.model.ood import UNLIKE, fit_ood_threshold, learn_prototypes, ood_scores
from keykind.model.preprocess import Augmentation
from keykind.train.augment import WIDER
from keykind.train.backbone import Backbone, to_network
from keykind.train.crossval import Fold, Rows, best_fold
from keykind.train.devices import ONE, Devices
from keykind.train.features import Network, Plan, compute, store_crops, with_key_crops
from keykind.train.full_finetune import DeepRecipe, FullFineTuning, Photos, train_all
from keykind.train.head_training import CURVES, Task, Trained, train_head
from keykind.train.partial_finetune import FineTuned, fine_tune
from keykind.train.recipe import Recipe
from keykind.train.saliency import Saliency, looking, measure_saliency

TEST_VIEWS = ("plain", "edge")
MOST_LOOKED_AT = 1000  # test photos in which it is measured where the evidence stands
LARGE = 320  # px of the crops that strong views are taken from


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is to be run, and where its results go."""

    dataset: Dataset
    recipe: Recipe
    weights: str  # keykind, imagenet, random, or a weights file
    seed: int
    out: Path
    notice: str | None = None  # the page's first line, where its reader must know something first
    negatives: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)  # sets of photos without a key
    renders: tuple[Sample, ...] = ()  # of the same kinds, that all layers are trained on besides
    engine: Engine = ordered  # finds keys, cuts them out and computes features
    devices: Devices = ONE  # that share the training; the result is the same but for rounding and dropout

    @property
    def plan(self) -> Plan:
        """Which views the network is trained on."""
        recipe = self.recipe
        return Plan(recipe.views, Augmentation(recipe.rotation, recipe.zoom, recipe.flip), self.seed)

    def identity(self, backbone: Backbone) -> dict[str, Any]:
        """Return all that decides the result, as JSON values: what recipe.json holds."""
        return {
            "recipe": {key: value for key, value in self.recipe.as_json().items() if key != "name"},
            "seed": self.seed,
            "initial_network": backbone.digest,
            "photos": self.dataset.digest(),
            "strangers": [_digest(samples) for samples in self.negatives.values()],
            "renders": _digest(self.renders),
        }

    def cut_out(self, detector: KeyDetector) -> "Experiment":
        """Return the experiment with the key of each photo cut out, where one is found."""
        samples = with_key_crops(self.dataset.samples, detector, self.engine)
        negatives = {
            name: with_key_crops(photos, detector, self.engine) for name, photos in self.negatives.items()
        }
        renders = with_key_crops(self.renders, detector, self.engine)
        dataset = replace(self.dataset, samples=samples)
        return replace(self, dataset=dataset, negatives=negatives, renders=renders)

    def seed_for(self, *purpose: str | int) -> int:
        """Return a seed for one purpose alone, so that no step depends on how many draws another took."""
        return int.from_bytes(hashlib.sha256(repr((self.seed, purpose)).encode()).digest()[:4])

    def labels(self, samples: Sequence[Sample]) -> Labels:
        """Return each sample's kind as a number."""
        number = {kind: index for index, kind in enumerate(self.dataset.kinds)}
        return np.array([number[sample.kind] for sample in samples], np.intp)


def _digest(samples: Sequence[Sample]) -> str:
    return hashlib.sha256(" ".join(one.sha256 for one in samples).encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """What training gave: the model that goes to the test, and how it was chosen."""

    backbone: Backbone
    network: Network
    head: Head
    folds: tuple[Trained, ...]
    best: int
    fine_tuning: FineTuned | None
    deep: FullFineTuning | None  # what training all layers gave
    judged: "Calibration"


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What photos that a model was not trained on teach about its answers."""

    temperature: float
    prototypes: Floats  # (c, k), of all training photos
    ood_threshold: float  # of a photo that shows a key


@dataclass(frozen=True, slots=True, eq=False)
class TestResult:
    """What the model said of the test photos."""

    probabilities: dict[str, Floats]  # of each view, (n, c), as trained
    scores: dict[str, Scores]  # of each view
    calibrated: Scores  # of the judging view, after the temperature
    rejection: dict[str, OODMetrics]  # of each set of photos without a key
    attention: Saliency | None  # None: no test photo has a rendered label


def learn(
    experiment: Experiment,
    backbone: Backbone,
    folds: Sequence[Fold],
    folder: RunFolder,
    cache: Cache,
    clock: Timer,
) -> TrainingResult:
    """Train a head a fold on cached features, choose the best, fine-tune it where the recipe says so."""
    recipe, samples = experiment.recipe, experiment.dataset.of("train")
    labels, kinds = experiment.labels(samples), len(experiment.dataset.kinds)
    network = to_network(backbone, cache)
    place = folder.work / "features-train.npy"
    features = compute(samples, experiment.plan, network, cache, place, experiment.engine)
    clock.book("features")

    def task(fold: Fold) -> Task:
        return Task(lambda photos, views: features[photos, views], labels, kinds, fold, recipe)

    steps = progress(enumerate(folds), len(folds), "training")
    trained = tuple(
        _train_fold(folder, number, task(fold), backbone.channels, experiment.seed_for("fold", number))
        for number, fold in steps
    )
    best = best_fold([fold.val_accuracy for fold in trained], [fold.val_loss for fold in trained])
    view = recipe.judging_view
    if view in recipe.views:
        shown = np.asarray(features[:, recipe.views.index(view)])
    else:
        shown = _seen(experiment, view, network, folder, cache)
    judged = _judge([fold.head for fold in trained], folds, shown, labels, kinds)
    learned = TrainingResult(backbone, network, trained[best].head, trained, best, None, None, judged)
    for further in _further_steps(recipe):
        learned = further(experiment, learned, folds[best], folder, cache)
        shown = _seen(experiment, view, learned.network, folder, cache)
        learned = replace(learned, judged=_judge([learned.head], [folds[best]], shown, labels, kinds))
    clock.book("training")
    return learned


def _further_steps(recipe: Recipe) -> list[Callable[..., TrainingResult]]:
    """Return what the recipe wants done to the network after the heads are trained."""
    deep = [_train_all_layers] if recipe.all_layers_epochs else []
    return deep + ([_fine_tune] if recipe.fine_tune_layers else [])


def _seen(experiment: Experiment, view: str, network: Network, folder: RunFolder, cache: Cache) -> Floats:
    """Return the features of one view of each training photo, (n, k)."""
    plan, samples = replace(experiment.plan, views=(view,)), experiment.dataset.of("train")
    place = folder.work / "features-judged.npy"
    return np.asarray(compute(samples, plan, network, cache, place, experiment.engine)[:, 0])


def _judge(
    heads: Sequence[Head], folds: Sequence[Fold], shown: Floats, labels: Labels, kinds: int
) -> Calibration:
    """Let each head judge the photos that it was not trained on: shown (n, k), of one view."""
    logits = [head.logits(shown[fold.validation]) for head, fold in zip(heads, folds, strict=True)]
    known = [learn_prototypes(shown[fold.train], labels[fold.train], kinds) for fold in folds]
    novelties = [ood_scores(shown[fold.validation], mine) for fold, mine in zip(folds, known, strict=True)]
    return Calibration(
        fit_temperature(np.concatenate(logits), np.concatenate([labels[fold.validation] for fold in folds])),
        learn_prototypes(shown, labels, kinds),
        fit_ood_threshold(np.concatenate(novelties)),
    )


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
    experiment: Experiment, learned: TrainingResult, fold: Fold, folder: RunFolder, cache: Cache
) -> TrainingResult:
    samples, plan, size = experiment.dataset.of("train"), experiment.plan, learned.network.size
    crops = store_crops(samples, size, folder.work / "crops.npy", engine=experiment.engine)

    def pixels(photos: Rows, views: Rows) -> Floats:
        pictures = [
            plan.picture(plan.views[view], crops[photo], samples[photo].sha256)
            for photo, view in zip(photos, views, strict=True)
        ]
        return np.stack(pictures) * np.float32(255)

    task = Task(pixels, experiment.labels(samples), len(experiment.dataset.kinds), fold, experiment.recipe)
    seed = experiment.seed_for("fine-tune")
    place, devices = folder.work / "fine-tune", experiment.devices
    tuned = fine_tune(learned.backbone, learned.head, task, place, seed, devices)
    network = to_network(tuned.backbone, cache)
    return replace(learned, backbone=tuned.backbone, network=network, head=tuned.head, fine_tuning=tuned)


def _train_all_layers(
    experiment: Experiment, learned: TrainingResult, fold: Fold, folder: RunFolder, cache: Cache
) -> TrainingResult:
    recipe, own = experiment.recipe, experiment.dataset.of("train")
    samples = [*(own[place] for place in fold.train), *experiment.renders]
    straight = recipe.crop == KEY
    wider, place = WIDER if straight else 1.0, folder.work / "crops-large.npy"
    crops = store_crops(samples, LARGE, place, wider, experiment.engine)
    photos = Photos(crops, experiment.labels(samples), len(experiment.dataset.kinds), straight)
    how = DeepRecipe(
        (learned.network.size,) * recipe.all_layers_epochs,
        learning_rate=recipe.all_layers_learning_rate,
        units=recipe.units,
        dropout=recipe.dropout,
        devices=experiment.devices,
    )
    seed = experiment.seed_for("all layers")
    deep = train_all(learned.backbone, photos, how, folder.work / "all-layers", cache, seed)
    network = to_network(deep.backbone, cache)
    return replace(learned, backbone=deep.backbone, network=network, head=deep.head, deep=deep)


def test(experiment: Experiment, learned: TrainingResult, folder: RunFolder, cache: Cache) -> TestResult:
    """Ask the model for every test photo, plain and as edges."""
    samples, plan = experiment.dataset.of("test"), replace(experiment.plan, views=TEST_VIEWS)
    place = folder.work / "features-test.npy"
    features = compute(samples, plan, learned.network, cache, place, experiment.engine)
    logits = {view: learned.head.logits(np.asarray(features[:, i])) for i, view in enumerate(TEST_VIEWS)}
    probabilities = {view: softmax(values) for view, values in logits.items()}
    view = experiment.recipe.judging_view
    shown = np.asarray(features[:, TEST_VIEWS.index(view)])
    return TestResult(
        probabilities,
        {view: _score(experiment, values) for view, values in probabilities.items()},
        _score(experiment, softmax(logits[view], learned.judged.temperature)),
        _reject(experiment, learned, shown, folder, cache),
        measure_saliency(samples[:MOST_LOOKED_AT], looking(learned.network, learned.head)),
    )


def _reject(
    experiment: Experiment, learned: TrainingResult, shown: Floats, folder: RunFolder, cache: Cache
) -> dict[str, OODMetrics]:
    """Return how well photos without a key are told from the test photos, whose features are shown (n, k)."""
    plan = replace(experiment.plan, views=(experiment.recipe.judging_view,))
    judged = learned.judged
    keys = _novelty(experiment, experiment.dataset.of("test"), shown, judged)
    found = {}
    for number, (name, samples) in enumerate(experiment.negatives.items()):
        place = folder.work / f"features-negatives-{number}.npy"
        strange = np.asarray(compute(samples, plan, learned.network, cache, place, experiment.engine)[:, 0])
        novelty = _novelty(experiment, samples, strange, judged)
        found[name] = score_ood(keys, novelty, judged.ood_threshold)
    return found


def _novelty(
    experiment: Experiment, samples: Sequence[Sample], features: Floats, judged: Calibration
) -> Floats:
    """Return how unlike every key photos are, (n,); wholly, where a key was looked for and none found."""
    novelty = ood_scores(features, judged.prototypes)
    if experiment.recipe.crop == KEY:
        novelty[[sample.cut is None for sample in samples]] = UNLIKE
    return novelty


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
