"""The report's whole experiment: keykind compared with the same method in plain Keras.

    python benchmarks/experiment.py PHOTOS --weights WEIGHTS [--seeds 5] [--keep FOLDER] [--write]

In:    photos of keys (a folder or a CSV table, as for keykind train), pretrained weights
Out:   a row per seed as soon as it is measured, the tables on stdout; with --write also in docs/benchmarks.md
Needs: keykind[train]

Both see the same pixels of the same photos in the same folds, with the same recipe. For each seed keykind
runs with an empty cache, then the peer, then keykind again with its cache, so that other load on the machine
affects all of them.
--keep: finished rows are kept there, and an interrupted benchmark is resumed.
"""

import argparse
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any, TypeVar

import keras
import numpy as np
from sklearn.metrics import f1_score

import plain_keras
import process_cost
from keykind.core.files import write_json
from keykind.dataset.dataset import hold_out, read_dataset
from keykind.dataset.samples import Dataset
from keykind.experiment.experiment import Experiment
from keykind.experiment.run import run
from keykind.experiment.stages.test import TEST_VIEWS
from keykind.train.crossval import make_folds
from keykind.train.head_training import Task
from keykind.train.recipe import REPORT
from synthetic_photos import make_photos
from table import markdown, section, write_section

SPLIT_SEED = 0  # which photos are held out, in every run
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
REPORT_COUNTS = {  # photos of the report, design section 1
    "train": dict(zip(KINDS, (32, 33, 30, 34), strict=True)),
    "test": dict(zip(KINDS, (54, 18, 12, 21), strict=True)),
}
PRODUCT, PHONE = (1600, 1200), (4000, 3000)  # px; of a product photo and of a phone's 12-megapixel photo
REPORT_SIZES = {
    "all of 1600 x 1200 px": {"train": PRODUCT, "test": PRODUCT},
    "the 105 test photos of 4000 x 3000 px": {"train": PRODUCT, "test": PHONE},
}
T = TypeVar("T", "Row", "WholeRun")
PACKAGES = ("keykind", "ai-edge-litert", "keras", "tensorflow-cpu", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Row:
    """The results for one seed. Seconds are those of features and training."""

    seed: int
    cold: float  # keykind, empty cache
    warm: float  # keykind, second run
    peer: float
    keykind_plain: float  # weighted F1
    peer_plain: float
    keykind_edge: float
    peer_edge: float

    def cells(self) -> list[str]:
        """Return the cells of the table's row."""
        return [
            str(self.seed),
            f"{self.peer:.0f}",
            f"{self.cold:.1f}",
            f"{self.warm:.1f}",
            f"{self.peer / self.cold:.0f}",
            f"{self.peer / self.warm:.0f}",
            *(f"{f1:.3f}" for f1 in (self.peer_plain, self.keykind_plain, self.peer_edge, self.keykind_edge)),
        ]


HEADER = (
    "seed",
    "peer, s",
    "keykind, s",
    "keykind cached, s",
    "speed-up",
    "cached",
    "F1 plain, peer",
    "F1 plain, keykind",
    "F1 edge, peer",
    "F1 edge, keykind",
)


@dataclass(frozen=True, slots=True)
class WholeRun:
    """The cost of `keykind train` from starting Python to the finished report."""

    photos: str  # description
    seconds: float
    cpu_seconds: float  # summed over all cores

    def cells(self) -> list[str]:
        """Return the cells of the table's row."""
        return [self.photos, f"{self.seconds:.0f}", f"{self.cpu_seconds:.0f}"]


def measure(dataset: Dataset, weights: str, seed: int) -> Row:
    """Run the experiment with one seed: keykind, the peer, keykind again."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KEYKIND_CACHE"] = str(Path(folder, "cache"))
        experiment = Experiment(dataset, REPORT, weights, seed, Path(folder, "cold"))
        cold = run(experiment)
        seconds, plain, edge = run_peer(experiment)
        warm = run(replace(experiment, out=Path(folder, "warm")))
    f1 = {view: scores["weighted_f1"] for view, scores in cold["test"].items()}
    return Row(seed, train_seconds(cold), train_seconds(warm), seconds, f1["plain"], plain, f1["edge"], edge)


def train_seconds(metrics: dict[str, Any]) -> float:
    """Return keykind's seconds of features and training; the test is part of the features."""
    return float(metrics["seconds"]["features"] + metrics["seconds"]["training"])


def run_peer(experiment: Experiment) -> tuple[float, float, float]:
    """Return the peer's seconds of training and its weighted F1, plain and edge."""
    train, test = experiment.dataset.subset("train"), experiment.dataset.subset("test")
    recipe, labels, kinds = experiment.recipe, experiment.labels(train), len(experiment.dataset.kinds)
    images = plain_keras.load_views(experiment, train, recipe.views)
    folds = make_folds(train, recipe.folds, experiment.seed_for("folds"))
    fitted = plain_keras.fit_folds(
        [Task(lambda photos, views: images[photos, views], labels, kinds, fold, recipe) for fold in folds],
        [experiment.seed_for("fold", i) for i in range(len(folds))],
        experiment.weights,
    )
    test_images = plain_keras.load_views(experiment, test, TEST_VIEWS)
    plain, edge = (
        f1_score(
            experiment.labels(test),
            plain_keras.predict(fitted.best, test_images[:, view]),
            average="weighted",
        )
        for view in range(len(TEST_VIEWS))
    )
    keras.utils.clear_session()
    return fitted.seconds, float(plain), float(edge)


def measure_whole_run(photos: Path, description: str, weights: str, *options: str) -> WholeRun:
    """Run `keykind train` in a fresh process with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run")
        cost = process_cost.run(["train", str(photos), "--weights", weights, "--out", str(out), *options])
        if not (out / "report.html").is_file():
            raise RuntimeError(f"no report.html: {cost.output}")
    return WholeRun(description, cost.seconds, cost.cpu_seconds)


def measure_synthetic(name: str, weights: str) -> WholeRun:
    """Run `keykind train` on as many synthetic photos as the report had."""
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        make_photos(photos, REPORT_COUNTS, REPORT_SIZES[name], SPLIT_SEED)
        facts = json.loads(process_cost.run(["inspect", str(photos), "--json"]).output)
        expected = {kind: {split: REPORT_COUNTS[split][kind] for split in REPORT_COUNTS} for kind in KINDS}
        if facts["counts"] != expected:
            raise RuntimeError(f"not all synthetic photos are usable: {facts['counts']}")
        return measure_whole_run(photos, f"129 + 105 synthetic photos, {name}", weights)


def identity(dataset: Dataset, weights: str) -> str:
    """Return a hash that distinguishes the kept rows of these photos and weights from others."""
    values = [
        REPORT.as_json(),
        weights,
        [(sample.split, sample.kind, sample.sha256) for sample in dataset.samples],
    ]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:8]


def cached(path: Path | None, measurement: Callable[[], T], row_type: type[T]) -> T:
    """Return what an interrupted benchmark kept in `path`, or measure it and keep it there."""
    if path is not None and path.exists():
        return row_type(**json.loads(path.read_text()))
    result = measurement()
    if path is not None:
        write_json(path, asdict(result))
    return result


def text(photos: str, rows: Sequence[Row], whole_runs: Sequence[WholeRun]) -> str:
    """Return the tables and their explanation."""
    cold, warm = median(row.peer / row.cold for row in rows), median(row.peer / row.warm for row in rows)
    return f"""\
{photos}, recipe `report`, {len(rows)} seeds. The peer is `benchmarks/plain_keras.py`: every image passes
through the frozen network in every epoch and fold, as in most tutorials. Pixels, folds, recipe, batches
and the head's initial weights are the same for both. For each seed, keykind ran with an empty cache, then the
peer, then keykind again with its cache, in one process.

{markdown(HEADER, [row.cells() for row in rows])}

Median speed-up: **{cold:.0f}**, {warm:.0f} with the cache.

- keykind's seconds are `features` + `training` of its metrics.json: loading the weights, converting the
  network, reading the photos, the features of all training and test photos, three folds, selecting the
  best, and scoring the test with its intervals.
- The peer's seconds are building, compiling and fitting the three folds, without reading the photos, making
  the views and testing. Neither includes importing TensorFlow.
- {agreement("plain", [row.keykind_plain - row.peer_plain for row in rows])}
- {agreement("edge", [row.keykind_edge - row.peer_edge for row in rows])}
- Each seed draws new folds, augmentation, initial weights and batches; with so few test photos, keykind's
  plain F1 has a standard deviation of {deviation([row.keykind_plain for row in rows])} over seeds.

### From start to finished report

`keykind train` in a fresh process with an empty cache, from starting Python to its end, when report.html
and all other files are written. CPU time is summed over all cores; other programs on the
machine affect it least. Synthetic photos measure time only.

{markdown(("photos", "seconds", "CPU time, s"), [whole_run.cells() for whole_run in whole_runs])}"""


def agreement(view: str, differences: Sequence[float]) -> str:
    """Return a sentence on how far the weighted F1 of the two are apart."""
    return (
        f"Weighted F1, {view}, keykind minus peer: mean {mean(differences):+.3f}, "
        f"mean absolute {mean(map(abs, differences)):.3f}."
    )


def deviation(values: Sequence[float]) -> str:
    """Return the standard deviation as text."""
    return f"{stdev(values):.3f}" if len(values) > 1 else "an unknown amount"


def main() -> None:
    options = parse_options()
    dataset = read_dataset(options.photos, kinds=options.kinds.split(",") if options.kinds else None)
    dataset = hold_out(dataset, REPORT.hold_out, np.random.default_rng(SPLIT_SEED))
    prefix = identity(dataset, options.weights)

    def path(name: str) -> Path | None:
        return options.keep / f"{prefix}-{name}.json" if options.keep else None

    print("\t".join(HEADER), flush=True)
    rows = []
    for seed in range(options.seeds):
        rows.append(cached(path(f"seed-{seed}"), partial(measure, dataset, options.weights, seed), Row))
        print("\t".join(rows[-1].cells()), flush=True)
    only = ["--kinds", options.kinds] if options.kinds else []
    description = f"the {len(dataset.samples)} real photos"
    real = partial(measure_whole_run, options.photos, description, options.weights, *only)
    whole_runs = [cached(path("whole-real"), real, WholeRun)]
    for i, name in enumerate(REPORT_SIZES):
        synthetic = partial(measure_synthetic, name, options.weights)
        whole_runs.append(cached(path(f"whole-synthetic-{i}"), synthetic, WholeRun))
    train, test, kinds = len(dataset.subset("train")), len(dataset.subset("test")), len(dataset.kinds)
    page = section(
        "The whole experiment",
        text(f"{train} real photos to train and {test} to test, {kinds} kinds", rows, whole_runs),
        command=" ".join(["python benchmarks/experiment.py PHOTOS --weights WEIGHTS", *only]),
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("experiment", page)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a folder or a CSV table, as for keykind train")
    parser.add_argument("--kinds", metavar="A,B,...", help="only these kinds")
    parser.add_argument("--weights", default="imagenet", help="as for keykind train (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep finished rows, to resume from")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
