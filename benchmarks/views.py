"""Training views beside the training step: which of the two is faster, and where a view's time goes.

    python benchmarks/views.py --photos SETS... --backgrounds FOLDERS... [--hands FOLDER] [--clutter FOLDER]
        [--weights WEIGHTS] [--pools FOLDER] [--views 384] [--steps 12] [--write]

In:    SETS: datasets of `keykind render`; photos without keys; cut-out hands and things, as for
       `keykind dev train-detector`
Out:   ms of a core for a view, by stage, and for its share of a training step, of each network; with --write
       also in docs/benchmarks.md
Needs: keykind[train]

Both are processor time, which other programs on the machine affect least. Views are made in this process, as
a worker makes them; a step is one of the training itself, on a batch that is there already.
"""

import argparse
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from keykind.core.kinds import NAMES
from keykind.detect.detector import KeyDetector
from keykind.train import two_stages
from keykind.train.backbone import load_backbone
from keykind.train.classifier import views as classifier_views
from keykind.train.classifier.network import build_network as build_classifier
from keykind.train.classifier.training import training_of as classifier_training
from keykind.train.detector import network as detector_network
from keykind.train.detector import views as detector_views
from keykind.train.detector.batches import Sources
from keykind.train.detector.labels import split_set
from keykind.train.detector.pool import ScenePool
from keykind.train.detector.training import TrainingPhotos, build_pools
from keykind.train.detector.training import training_of as detector_training
from keykind.train.recipe import DEFAULT, Recipe
from keykind.train.refiner import crops
from keykind.train.refiner import network as refiner_network
from keykind.train.refiner.training import training_of as refiner_training
from keykind.train.trunk import Trunk
from keykind.train.two_stages import Stage, Training
from table import markdown, section, write_section

CORES = 2  # that the target is for
WARM_UP_BATCHES, WARM_UP_STEPS = 1, 3
STAGES = ("scene", "warp", "paste", "colour", "defects", "candidates", "trunk", "other")
# What belongs to a stage, by where it is looked up; within another one it belongs to that.
PARTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "scene": ((ScenePool, "scene"), (detector_views, "plain_ground"), (classifier_views, "plain_ground")),
    "warp": (
        (detector_views, "warp"),
        (detector_views, "warp_labels"),
        (classifier_views, "warp"),
        (classifier_views, "extract"),
        (crops, "extract_unstretched"),
    ),
    "paste": (
        *(
            (module, name)
            for module in (detector_views, classifier_views)
            for name in ("litter", "hold_keys")
        ),
        *((module, "paste_key") for module in (detector_views, classifier_views)),
    ),
    "colour": ((detector_views, "recolour"), (classifier_views, "recolour")),
    "defects": ((detector_views, "degrade"), (classifier_views, "degrade")),
    "candidates": ((KeyDetector, "dense_outputs"), (crops, "decode")),
    "trunk": ((Trunk, "__call__"),),
}
COMMAND = (
    "python benchmarks/views.py --photos SETS --backgrounds PHOTOS --hands HANDS --clutter THINGS "
    "--weights WEIGHTS --write"
)
PACKAGES = ("keykind", "numpy", "opencv-python-headless", "ai-edge-litert", "tensorflow-cpu")


@dataclass(slots=True)
class Clock:
    """Adds up the processor time of stages; within a stage no other one counts."""

    seconds: dict[str, float] = field(default_factory=dict)
    running: bool = False

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, whose time is added to the stage."""

        def call(*arguments: Any, **options: Any) -> Any:
            if self.running:
                return function(*arguments, **options)
            self.running, start = True, time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[stage] = self.seconds.get(stage, 0) + time.process_time() - start
                self.running = False

        return call


@dataclass(frozen=True, slots=True)
class Task:
    """A stage of a training whose views and steps are timed."""

    name: str
    training: Training
    stage: Stage
    batch: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of a core for one view."""

    stages: dict[str, float]
    step: float

    @property
    def view(self) -> float:
        """All stages together."""
        return sum(self.stages.values())

    @property
    def trunk(self) -> float:
        """The stage of the trunk."""
        return self.stages.get("trunk", 0.0)


def tasks(sources: Sources, recipe: Recipe, weights: str, out: Path) -> Iterator[Task]:
    """Yield the stages of all trainings."""
    backbone = load_backbone("mobilenet_v2", weights, scaling="native", seed=0)
    table = recipe.detector
    trunk, neck = detector_network.build_trunk(backbone), detector_network.build_network(table)
    training = detector_training(sources, table, out, 0, "")
    frozen = Stage("neck", neck, detector_network.convert_trunk(trunk), 0, 1e-4)
    yield Task("detector, neck and heads", training, frozen, table.batch)
    whole = Stage("detector", detector_network.build_detector(trunk, neck), None, 0, 1e-4)
    yield Task("detector, whole", training, whole, table.fine_tune_batch)
    trunk, heads = refiner_network.build_trunk(backbone), refiner_network.build_heads(recipe.refiner)
    with as_file(files("keykind") / "models" / "detector.tflite") as path:
        training = refiner_training(sources, path.read_bytes(), recipe, out, 0, "")
    frozen = Stage("heads", heads, refiner_network.convert_trunk(trunk), 0, 1e-4)
    yield Task("refiner, heads", training, frozen, recipe.refiner.batch)
    whole = Stage("refiner", refiner_network.build_refiner(trunk, heads), None, 0, 1e-4)
    yield Task("refiner, whole", training, whole, recipe.refiner.batch)
    for architecture, name in (("mobilenet_v2_dense", "dense classifier"), ("mobilenet_v2", "classifier")):
        chosen = weights if architecture == "mobilenet_v2" else "random"
        backbone = load_backbone(architecture, chosen, scaling="native", seed=0)
        network = build_classifier(backbone, recipe, len(NAMES))
        training = classifier_training(sources, backbone, recipe, out, 0)
        top = Stage("top", network.top, network.convert_trunk(), 0, 1e-4)
        yield Task(f"{name}, {'neck and head' if 'dense' in name else 'head'}", training, top, 32)
        yield Task(f"{name}, whole", training, Stage("whole", network.whole, None, 0, 1e-4), 32)


def measure(task: Task, views: int, steps: int) -> Cost:
    """Make views, then train on the last batch of them."""
    make = task.training.prepare(task.stage.trunk, 0)()
    clock = Clock()
    with ExitStack() as stack:
        for stage, parts in PARTS.items():
            for owner, name in parts:
                if hasattr(owner, name):
                    stack.enter_context(patch.object(owner, name, clock.timed(stage, getattr(owner, name))))
        for number in range(WARM_UP_BATCHES):
            batch = make(number)
        clock.seconds.clear()
        start, count = time.process_time(), max(views // task.batch, 1)
        for number in range(WARM_UP_BATCHES, WARM_UP_BATCHES + count):
            batch = make(number)
            pickle.dumps(batch)  # as a worker sends it
        total = time.process_time() - start
    scale = 1000 / (count * task.batch)
    stages = {stage: seconds * scale for stage, seconds in clock.seconds.items()}
    stages["other"] = total * scale - sum(stages.values())
    return Cost(stages, _step(task, batch, steps))


def _step(task: Task, batch: Sequence[Any], steps: int) -> float:
    """Return the processor time of a training step, ms per view."""
    marks: list[float] = []

    def batches(*arguments: Any) -> Iterator[Sequence[Any]]:
        for _ in arguments[1]:
            marks.append(time.process_time())
            yield batch
        marks.append(time.process_time())

    stage = task.stage
    with tempfile.TemporaryDirectory() as folder, patch.object(two_stages, "in_workers", batches):
        training = Training(
            task.training.name,
            task.training.loss,
            task.training.parts,
            task.training.recipe,
            task.training.prepare,
            Path(folder),
            0,
            "",
        )
        training.train(
            Stage(stage.name, stage.model, stage.trunk, WARM_UP_STEPS + steps, stage.learning_rate)
        )
    return float(np.median(np.diff(marks)[WARM_UP_STEPS:])) * 1000 / task.batch


def text(costs: dict[str, Cost]) -> str:
    """Return the section's text."""
    rows = [
        (
            name,
            *(
                f"{cost.stages.get(stage, 0):.1f}" if cost.stages.get(stage, 0) >= 0.05 else ""
                for stage in STAGES
            ),
            f"{cost.view:.1f}",
            f"{cost.step:.1f}",
            f"{cost.step / cost.view:.2f}",
            f"{(cost.step + cost.trunk) / (cost.view - cost.trunk):.2f}",
        )
        for name, cost in costs.items()
    ]
    header = ("trained", *STAGES, "view", "step", "step / view", "without trunk")
    return f"""Milliseconds of a core for one training view, by stage, and for its share of a training step,
the median. "scene": reading the photo or drawing the ground; "defects": blur, noise, compression;
"candidates": the detector, whose candidates the refiner is trained on; "trunk": features of the frozen part
by LiteRT; "other" includes targets and pickling. At a ratio of 1 or more {CORES} cores make views at least as
fast as they would train if views were free. "without trunk" counts the trunk as a part of the network:
(step + trunk) / (view - trunk). A head alone, one dense layer on the frozen network, trains in no time.

{markdown(header, rows)}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, nargs="+", required=True, metavar="SETS")
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True, metavar="FOLDERS")
    parser.add_argument("--hands", type=Path, metavar="FOLDER")
    parser.add_argument("--clutter", type=Path, metavar="FOLDER")
    parser.add_argument("--weights", default="random", help="of MobileNetV2, as in docs/train.md")
    parser.add_argument("--pools", type=Path, metavar="FOLDER", help="where pools are kept")
    parser.add_argument("--most", type=int, default=300, help="photos of each dataset")
    parser.add_argument("--views", type=int, default=384)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--only", default="", help="only trainings whose name contains it")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        labelled = [photo for photos in options.photos for photo in split_set(photos, options.most)[0]]
        photos = TrainingPhotos(labelled, options.backgrounds, options.hands, things=options.clutter)
        sources = build_pools(photos, options.pools or Path(folder))
        costs = {}
        for task in tasks(sources, DEFAULT, options.weights, Path(folder)):
            if options.only in task.name:
                costs[task.name] = measure(task, options.views, options.steps)
                print(task.name, costs[task.name], flush=True)
    page = section(
        "Training views",
        text(costs),
        command=f"{COMMAND} --views {options.views} --steps {options.steps}",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("views", page)


if __name__ == "__main__":
    main()
