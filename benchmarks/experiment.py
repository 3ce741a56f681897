"""The report's whole experiment: keykind beside the same method written plainly in Keras.

    python benchmarks/experiment.py PHOTOS --weights WEIGHTS [--seeds 5] [--keep FOLDER] [--write]

In:    photos of keys (a folder or a CSV table, as for keykind train), pretrained weights
Out:   a row a seed as soon as it is measured, the tables on stdout; with --write also in docs/benchmarks.md
Needs: keykind[train]

Both see the same pixels of the same photos in the same folds, with the same recipe. For each seed keykind
runs with an empty cache, then the peer, then keykind again with its cache: what else the computer does
falls on all of them.
--keep: finished rows are kept there, and a benchmark that was killed goes on where it was.
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

import fresh
import plain_keras
from keykind.core.files import write_json
from keykind.dataset.dataset import Dataset, hold_out, read_dataset
from keykind.experiment.experiment import TEST_VIEWS, Experiment
from keykind.experiment.run import run
from keykind.train.crossval import make_folds
from keykind.train.head_training import Task
from keykind.train.recipe import REPORT
from made_photos import make_photos
from table import markdown, section, write_section

SPLIT_SEED = 0  # which photos are held out, in every run
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
REPORT_COUNTS = {  # photos of the report, design section 1
    "train": dict(zip(KINDS, (32, 33, 30, 34), strict=True)),
    "test": dict(zip(KINDS, (54, 18, 12, 21), strict=True)),
}
PRODUCT, PHONE = (1600, 1200), (4000, 3000)  # px; of a shop's picture and of a phone's 12-megapixel photo
REPORT_SIZES = {
    "all of 1600 x 1200 px": {"train": PRODUCT, "test": PRODUCT},
    "the 105 test photos of 4000 x 3000 px": {"train": PRODUCT, "test": PHONE},
}
T = TypeVar("T", "Row", "Whole")
PACKAGES = ("keykind", "ai-edge-litert", "keras", "tensorflow-cpu", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Row:
    """What one seed gave. Seconds are of features and training."""

    seed: int
    cold: float  # keykind, empty cache
    warm: float  # keykind, second run
    peer: float
    keykind_plain: float  # weighted F1
    peer_plain: float
    keykind_edge: float
    peer_edge: float

    def cells(self) -> list[str]:
        """Return the row as the table shows it."""
        return [
            str(self.seed),
            f"{self.peer:.0f}",
            f"{self.cold:.1f}",
            f"{self.warm:.1f}",
            f"{self.peer / self.cold:.0f}",
            f"{self.peer / self.warm:.0f}",
            *(f"{f1:.3f}" for f1 in (self.peer_plain, self.keykind_plain, self.peer_edge, self.keykind_edge)),
        ]


HEAD = (
    "seed",
    "peer, s",
    "keykind, s",
    "keykind again, s",
    "times as fast",
    "again",
    "F1 plain, peer",
    "F1 plain, keykind",
    "F1 edge, peer",
    "F1 edge, keykind",
)


@dataclass(frozen=True, slots=True)
class Whole:
    """What `keykind train` cost from starting Python to the finished page."""

    photos: str  # which
    seconds: float
    processor: float  # seconds of all cores together

    def cells(self) -> list[str]:
        """Return the row as the table shows it."""
        return [self.photos, f"{self.seconds:.0f}", f"{self.processor:.0f}"]


def measure(dataset: Dataset, weights: str, seed: int) -> Row:
    """Run the experiment with one seed: keykind, the peer, keykind again."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KEYKIND_CACHE"] = str(Path(folder, "cache"))
        experiment = Experiment(dataset, REPORT, weights, seed, Path(folder, "cold"))
        cold = run(experiment)
        seconds, plain, edge = run_peer(experiment)
        warm = run(replace(experiment, out=Path(folder, "warm")))
    f1 = {view: scores["weighted_f1"] for view, scores in cold["test"].items()}
    return Row(seed, booked(cold), booked(warm), seconds, f1["plain"], plain, f1["edge"], edge)


def booked(metrics: dict[str, Any]) -> float:
    """Return keykind's seconds of features and training; its clock books the test on features."""
    return float(metrics["seconds"]["features"] + metrics["seconds"]["training"])


def run_peer(experiment: Experiment) -> tuple[float, float, float]:
    """Return the peer's seconds of training and its weighted F1, plain and edge."""
    train, test = experiment.dataset.of("train"), experiment.dataset.of("test")
    recipe, labels, kinds = experiment.recipe, experiment.labels(train), len(experiment.dataset.kinds)
    pictures = plain_keras.load_views(experiment, train, recipe.views)
    folds = make_folds(train, recipe.folds, experiment.seed_for("folds"))
    fitted = plain_keras.fit_folds(
        [Task(lambda photos, views: pictures[photos, views], labels, kinds, fold, recipe) for fold in folds],
        [experiment.seed_for("fold", number) for number in range(len(folds))],
        experiment.weights,
    )
    seen = plain_keras.load_views(experiment, test, TEST_VIEWS)
    plain, edge = (
        f1_score(experiment.labels(test), plain_keras.answers(fitted.best, seen[:, view]), average="weighted")
        for view in range(len(TEST_VIEWS))
    )
    keras.utils.clear_session()
    return fitted.seconds, float(plain), float(edge)


def measure_whole(photos: Path, said: str, weights: str, *options: str) -> Whole:
    """Run keykind train from starting Python to the finished page, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run")
        cost = fresh.run(["train", str(photos), "--weights", weights, "--out", str(out), *options])
        if not (out / "report.html").is_file():
            raise RuntimeError(f"no report.html: {cost.output}")
    return Whole(said, cost.seconds, cost.processor)


def measure_made(name: str, weights: str) -> Whole:
    """Do the same with as many made photos as the report had."""
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        make_photos(photos, REPORT_COUNTS, REPORT_SIZES[name], SPLIT_SEED)
        facts = json.loads(fresh.run(["inspect", str(photos), "--json"]).output)
        if facts["counts"] != {kind: {s: REPORT_COUNTS[s][kind] for s in REPORT_COUNTS} for kind in KINDS}:
            raise RuntimeError(f"not all made photos count: {facts['counts']}")
        return measure_whole(photos, f"129 + 105 made photos, {name}", weights)


def mark(dataset: Dataset, weights: str) -> str:
    """Return what tells kept rows of these photos and weights from those of others."""
    told = [REPORT.as_json(), weights, [(one.split, one.kind, one.sha256) for one in dataset.samples]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]


def kept(path: Path | None, measured: Callable[[], T], kind: type[T]) -> T:
    """Return what a benchmark that was killed left in `path`, or measure it and keep it there."""
    if path is not None and path.exists():
        return kind(**json.loads(path.read_text()))
    result = measured()
    if path is not None:
        write_json(path, asdict(result))
    return result


def text(photos: str, rows: Sequence[Row], wholes: Sequence[Whole]) -> str:
    """Return the tables and what they say."""
    cold, warm = median(row.peer / row.cold for row in rows), median(row.peer / row.warm for row in rows)
    return f"""\
{photos}, recipe `report`, {len(rows)} seeds. The peer is `benchmarks/plain_keras.py`: every picture goes
through the frozen network in every epoch and fold, as in most tutorials. Pixels, folds, recipe, batches
and the head's first weights are the same for both. Each seed ran keykind with an empty cache, the peer, and
keykind again with its cache, in this order in one process.

{markdown(HEAD, [row.cells() for row in rows])}

Median: **{cold:.0f} times as fast**, {warm:.0f} times with the cache.

- keykind's seconds are `features` + `training` of its metrics.json: loading the weights, converting the
  network, reading the photos, the features of all training and test photos, three folds, choosing among
  them, and scoring the test with its intervals.
- The peer's seconds are building, compiling and fitting the three folds. Reading the photos, making the
  views and testing are not in them. Importing TensorFlow is in neither.
- {agreement("plain", [row.keykind_plain - row.peer_plain for row in rows])}
- {agreement("edge", [row.keykind_edge - row.peer_edge for row in rows])}
- Each seed draws folds, augmentation, first weights and batches anew; so few test photos make keykind's plain
  F1 vary by {spread([row.keykind_plain for row in rows])} from seed to seed (standard deviation).

### From start to finished page

`keykind train` in a fresh process with an empty cache, from starting Python to its end, when report.html
and all other files are written. Time on the processor is that of all cores together; other programs on the
same computer lengthen it least. Made photos measure time only.

{markdown(("photos", "seconds", "on the processor, s"), [whole.cells() for whole in wholes])}"""


def agreement(view: str, differences: Sequence[float]) -> str:
    """Say how far the weighted F1 of the two are apart."""
    return (
        f"Weighted F1, {view}, keykind less peer: {mean(differences):+.3f} on average, "
        f"{mean(map(abs, differences)):.3f} without the sign."
    )


def spread(values: Sequence[float]) -> str:
    """Return the standard deviation as text."""
    return f"{stdev(values):.3f}" if len(values) > 1 else "an unknown amount"


def main() -> None:
    chosen = options()
    dataset = read_dataset(chosen.photos, kinds=chosen.kinds.split(",") if chosen.kinds else None)
    dataset = hold_out(dataset, REPORT.hold_out, np.random.default_rng(SPLIT_SEED))
    mine = mark(dataset, chosen.weights)

    def keep(name: str) -> Path | None:
        return chosen.keep / f"{mine}-{name}.json" if chosen.keep else None

    print("\t".join(HEAD), flush=True)
    rows = []
    for seed in range(chosen.seeds):
        rows.append(kept(keep(f"seed-{seed}"), partial(measure, dataset, chosen.weights, seed), Row))
        print("\t".join(rows[-1].cells()), flush=True)
    only = ["--kinds", chosen.kinds] if chosen.kinds else []
    said = f"the {len(dataset.samples)} real photos"
    real = partial(measure_whole, chosen.photos, said, chosen.weights, *only)
    wholes = [kept(keep("whole-real"), real, Whole)]
    for number, name in enumerate(REPORT_SIZES):
        made = partial(measure_made, name, chosen.weights)
        wholes.append(kept(keep(f"whole-made-{number}"), made, Whole))
    train, test, kinds = len(dataset.of("train")), len(dataset.of("test")), len(dataset.kinds)
    page = section(
        "The whole experiment",
        text(f"{train} real photos to train and {test} to test, {kinds} kinds", rows, wholes),
        command=" ".join(["python benchmarks/experiment.py PHOTOS --weights WEIGHTS", *only]),
        packages=PACKAGES,
    )
    print(page)
    if chosen.write:
        write_section("experiment", page)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a folder or a CSV table, as for keykind train")
    parser.add_argument("--kinds", metavar="A,B,...", help="only these kinds")
    parser.add_argument("--weights", default="imagenet", help="as for keykind train (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep finished rows for the next time")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
