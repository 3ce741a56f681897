"""Does the queue of label errors find wrong labels, and does correcting them win back what they cost?

    keykind render PHOTOS --count 1000 --kinds cylinder,dimple,laser_track,mortice --seed 22
    keykind render CLEAN --count 400 --kinds cylinder,dimple,laser_track,mortice --seed 23
    python benchmarks/label_errors.py PHOTOS CLEAN --keep FOLDER [--recipe NAME|FILE] [--seeds 5] [--write]

In:    photos to train on, and others with right labels to test on, rendered as above: one folder per kind
Out:   wrong labels among the first of the queue, beside cleanlab's orders of the same predictions; weighted
       F1 with right labels, wrong ones, and after decisions; with --write also in docs/benchmarks.md
Needs: keykind[train], cleanlab; an interrupted benchmark is resumed

For each seed, a share of the labels is replaced by another kind, each photo by itself, and keykind trains on
the photos; it holds out a quarter of them, wrong labels included. A simulated reviewer gives the first photos
of the queue their true kinds, and training starts again with the same split.
"""

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from classifiers import predict, score_predictions
from keykind import train
from keykind.core.files import write_json, write_text
from keykind.dataset.dataset import read_dataset
from keykind.dataset.samples import Sample
from keykind.evaluate.label_errors import label_errors
from keykind.model.model import load_model
from table import markdown, section, write_section

NOISE = 0.08  # share of wrong labels
SHOWN, DECISIONS = 100, 120  # of the queue: photos counted, photos decided
LEVELS, RESAMPLES = (0.025, 0.975), 10_000  # of intervals over seeds
METHODS = ("normalized_margin", "self_confidence", "confidence_weighted_entropy")
OURS, DEFAULTS = "keykind", "cleanlab, its defaults"
RIGHT, WRONG, AFTER = LABELS = ("right", "wrong", "after")  # names of the runs of a seed
PACKAGES = ("keykind", "cleanlab", "numpy", "ai-edge-litert", "keras", "tensorflow-cpu")
Order = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Photos:
    """The photos to train on, with their true kinds."""

    paths: tuple[Path, ...]
    kinds: tuple[str, ...]

    def truth(self) -> dict[str, str]:
        """Return path -> true kind."""
        return dict(zip(map(str, self.paths), self.kinds, strict=True))

    def with_errors(self, rng: np.random.Generator) -> dict[str, str]:
        """Return path -> kind, with a share of the kinds wrong."""
        names, labels = sorted(set(self.kinds)), self.truth()
        for i in rng.choice(len(self.paths), round(NOISE * len(self.paths)), replace=False):
            others = [name for name in names if name != self.kinds[i]]
            labels[str(self.paths[i])] = str(rng.choice(others))
        return labels


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results for one seed."""

    found: dict[str, int]  # wrong labels among the first SHOWN of each order
    wrong: int  # all of them
    corrected: int  # wrong labels among the first DECISIONS of keykind's order
    own: dict[
        str, float
    ]  # of each of LABELS: weighted F1 of the photos held out, by their labels in that run
    own_true: dict[str, float]  # the same by their true kinds
    clean: dict[str, float]  # weighted F1 of other photos, by their true kinds; no key found counts as wrong


def main() -> None:
    """Measure, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("clean", type=Path, help="test photos")
    parser.add_argument("--keep", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--per-kind", type=int, help="photos of each kind to train on (default: all)")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    photos, clean = read_photos(options.photos, options.per_kind), read_dataset(options.clean).samples
    outcomes = []
    for seed in range(options.seeds):
        outcomes.append(measure(photos, clean, options, seed))
        print(seed, outcomes[-1], flush=True)
    text = report(photos, len(clean), outcomes, options)
    print(text)
    if options.write:
        write_section("label-errors", text)


def read_photos(folder: Path, per_kind: int | None) -> Photos:
    """Return the photos in the folders of their kinds, the first `per_kind` of each."""
    folders = sorted(path for path in folder.iterdir() if any(path.glob("*.jpg")))
    paths = [path.absolute() for kind in folders for path in sorted(kind.glob("*.jpg"))[:per_kind]]
    return Photos(tuple(paths), tuple(path.parent.name for path in paths))


def measure(photos: Photos, clean: Sequence[Sample], options: argparse.Namespace, seed: int) -> Outcome:
    """Train on wrong labels, on right ones, and again after the decisions about the first of the queue."""
    truth, labels = photos.truth(), photos.with_errors(np.random.default_rng(seed))
    keep: Path = options.keep / str(seed)
    runs = {WRONG: run(keep, WRONG, labels, options, seed)}
    names, orders = queue(runs[WRONG])
    is_wrong = np.array([truth[name] != labels[name] for name in names])
    decided = [names[i] for i in orders[OURS][:DECISIONS]]
    runs[RIGHT] = run(keep, RIGHT, truth, options, seed)
    runs[AFTER] = run(keep, AFTER, labels | {name: truth[name] for name in decided}, options, seed)
    return Outcome(
        found={name: int(is_wrong[order[:SHOWN]].sum()) for name, order in orders.items()},
        wrong=int(is_wrong.sum()),
        corrected=int(is_wrong[orders[OURS][:DECISIONS]].sum()),
        own={name: own_f1(folder, {}) for name, folder in runs.items()},
        own_true={name: own_f1(folder, truth) for name, folder in runs.items()},
        clean={name: clean_f1(folder, clean) for name, folder in runs.items()},
    )


def run(keep: Path, name: str, labels: Mapping[str, str], options: argparse.Namespace, seed: int) -> Path:
    """Return the folder of a run with these labels; a finished one is not repeated."""
    out, table = keep / name, keep / f"{name}.csv"
    if not (out / "metrics.json").is_file():
        lines = [f"{path},{label}" for path, label in labels.items()]
        write_text(table, "\n".join(["path,label", *lines]) + "\n")
        split_of = None if name == WRONG else keep / WRONG
        train(table, recipe=options.recipe, seed=seed, split_of=split_of, out=out, resume=out.exists())
    return out


def own_f1(run: Path, truth: Mapping[str, str]) -> float:
    """Return the weighted F1 of a run on its test photos, by their labels in the run or their true kinds."""
    rows = [row for row in read_rows(run / "predictions.csv") if row["view"] == "plain"]
    labels = [truth.get(row["photo"], row["true"]) for row in rows]
    return float(f1_score(labels, [row["answer"] for row in rows], average="weighted"))


def clean_f1(run: Path, clean: Sequence[Sample]) -> float:
    """Return the weighted F1 of a run's model file on other photos; kept beside the run."""
    file = run.with_name(f"{run.name}-clean.json")
    if not file.is_file():
        predictions = predict(load_model(run / "keys.tflite"), [sample.path for sample in clean])
        write_json(file, {"weighted_f1": score_predictions(predictions, clean).weighted_f1})
    return float(json.loads(file.read_text("utf-8"))["weighted_f1"])


def queue(run: Path) -> tuple[list[str], dict[str, Order]]:
    """Return the photos of a run, and the order to check them in by keykind and by methods of cleanlab.

    Training photos are predicted out of fold, test photos by the model, with its temperature.
    """
    metrics: dict[str, Any] = json.loads((run / "metrics.json").read_text("utf-8"))
    kinds: list[str] = metrics["kinds"]
    names, labels, probabilities = [], [], []
    for file, temperature in (("out_of_fold.csv", 1.0), ("predictions.csv", metrics["temperature"])):
        for row in read_rows(run / file):
            if row.get("view", "plain") == "plain":
                names.append(row["photo"])
                labels.append(kinds.index(row["true"]))
                scaled = np.array([float(row[f"p({kind})"]) for kind in kinds]) ** (1 / temperature)
                probabilities.append(scaled / scaled.sum())
    return names, orders(np.array(labels), np.stack(probabilities))


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def orders(labels: NDArray[np.intp], probabilities: NDArray[np.float64]) -> dict[str, Order]:
    """Return each order of the photos."""
    issues = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    others = np.setdiff1d(np.arange(len(labels)), issues)
    result = {
        OURS: label_errors(probabilities, labels).order,
        DEFAULTS: np.concatenate([issues, others]),
    }
    for method in METHODS:
        scores = get_label_quality_scores(labels, probabilities, method=method)
        result[f"cleanlab, {method}"] = np.argsort(scores, kind="stable")
    return result


def won_back(scores: Sequence[Mapping[str, float]]) -> tuple[str, str]:
    """Return the F1 lost, and the share of it won back, with intervals over seeds.

    The share is of the mean loss: seeds in which little is lost do not dominate it.
    """
    lost = np.array([score[RIGHT] - score[WRONG] for score in scores])
    back = np.array([score[AFTER] - score[WRONG] for score in scores])
    drawn = np.random.default_rng(0).integers(len(scores), size=(RESAMPLES, len(scores)))
    low, high = np.quantile(lost[drawn].mean(axis=1), LEVELS)
    text = f"{lost.mean():.3f} [{low:.3f}, {high:.3f}]"
    if low <= 0:
        return text, "not measurable"
    ends = np.quantile(back[drawn].mean(axis=1) / lost[drawn].mean(axis=1), LEVELS)
    return text, f"{back.mean() / lost.mean():.0%} [{ends[0]:.0%}, {ends[1]:.0%}]"


def report(photos: Photos, clean: int, outcomes: Sequence[Outcome], options: argparse.Namespace) -> str:
    """Return the section of docs/benchmarks.md."""
    count, seeds, wrong = len(photos.paths), len(outcomes), outcomes[0].wrong
    found = [
        (name, *(str(outcome.found[name]) for outcome in outcomes), share_found(outcomes, name))
        for name in outcomes[0].found
    ]
    tests = {
        "held out, by their labels in the run": [outcome.own for outcome in outcomes],
        "held out, by their true kinds": [outcome.own_true for outcome in outcomes],
        f"{clean} other photos, by their true kinds": [outcome.clean for outcome in outcomes],
    }
    scores = [
        (name, *(f"{np.mean([score[label] for score in rows]):.3f}" for label in LABELS), *won_back(rows))
        for name, rows in tests.items()
    ]
    by_truth = [scores for one in outcomes for scores in (one.own_true, one.clean)]
    largest = max(abs(scores[RIGHT] - scores[AFTER]) for scores in by_truth)
    corrected = np.mean([outcome.corrected for outcome in outcomes])
    kinds, recipe = len(set(photos.kinds)), Path(options.recipe).stem
    text = f"""{count:,} rendered photos of {kinds} kinds, each of another key, a quarter held out;
for each of {seeds} seeds, {wrong} labels ({NOISE:.0%}) were replaced by another kind. Recipe `{recipe}`.

Wrong labels among the first {SHOWN} photos of the queue, of {wrong}; all orders are of the same predictions:

{markdown(("order", *(f"seed {seed}" for seed in range(seeds)), "found"), found)}

A simulated reviewer gave the first {DECISIONS} photos their true kinds, among them {corrected:.0f} of
the {wrong} with wrong labels; then the model was trained again, with the same split (`--split-of`). Weighted
F1, mean over the seeds, and in brackets the 95% interval over seeds:

{markdown(("test photos", "right labels", "wrong labels", "after", "lost", "won back"), scores)}

The photos held out have wrong labels, too, so that a model is better than the score that its run reports,
until they are corrected. By true kinds, models of right labels and of those after the decisions differ by
up to {largest:.3f} with one seed, either way: what wrong labels cost the model itself is less on average, and
these seeds do not show how much of it is won back. The intervals of the last row do not include how much
other photos would differ."""
    command = f"python benchmarks/label_errors.py PHOTOS CLEAN --keep FOLDER --seeds {seeds} --write"
    return section("Label errors", text, command=command, packages=PACKAGES)


def share_found(outcomes: Sequence[Outcome], name: str) -> str:
    """Return the share of the wrong labels that an order shows first."""
    return f"{sum(one.found[name] for one in outcomes) / sum(one.wrong for one in outcomes):.0%}"


if __name__ == "__main__":
    main()
