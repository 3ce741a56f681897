"""Recipes for photos of your own, on the same folds: `report`, `default`, and renders only.

    python benchmarks/recipes.py labels.csv --imagenet WEIGHTS [--renders N] --keep FOLDER [--write]

In:    real photos of keys as a CSV table (path, label, key_id); MobileNetV2's ImageNet weights
Out:   weighted F1 of each recipe over all folds; with --write also in docs/models.md
Needs: keykind[train,render]; about an hour on two cores; an interrupted benchmark is resumed

Every photo is classified once, by a model that was trained on no photo of its physical key. "Renders only" is
the bundled model, which was trained on no real photo at all.
"""

import argparse
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mitsuba  # noqa: F401 - before TensorFlow: Dr.Jit crashes if it is loaded after it
import numpy as np

from classifiers import predict
from keykind.dataset.dataset import read_dataset
from keykind.dataset.samples import Dataset, Sample
from keykind.evaluate.metrics import Scores, score
from keykind.experiment.experiment import Experiment
from keykind.experiment.run import run
from keykind.model.model import load_model
from keykind.predict.recogniser import SHIPPED
from keykind.train.crossval import make_folds
from keykind.train.recipe import DEFAULT, REPORT, Recipe
from keykind.train.synthetic import rendered_photos
from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
FOLDS, SEED, RESAMPLES = 3, 0, 2000
PACKAGES = ("keykind", "ai-edge-litert", "keras", "tensorflow-cpu")

Rows = dict[str, list[float]]  # photo -> probabilities of the dataset's kinds


@dataclass(frozen=True)
class Method:
    """A recipe and its initial weights."""

    name: str
    recipe: Recipe
    weights: str


def cross_validate(method: Method, dataset: Dataset, renders: Sequence[Sample], keep: Path) -> Rows:
    """Return the prediction for each photo, by the model of the fold that was not trained on its key."""
    rows: Rows = {}
    for i, fold in enumerate(make_folds(dataset.samples, FOLDS, SEED)):
        held_out = set(fold.validation.tolist())
        samples = tuple(
            replace(sample, split="test" if index in held_out else "train")
            for index, sample in enumerate(dataset.samples)
        )
        added = tuple(renders) if method.recipe.renders else ()
        out = keep / f"{method.name}-{i}".replace(" ", "-")
        split = replace(dataset, samples=samples)
        run(Experiment(split, method.recipe, method.weights, SEED, out, renders=added), resume=True)
        rows |= predict_kinds(out / "keys.tflite", dataset, held_out)
    return rows


def predict_kinds(file: Path, dataset: Dataset, indices: Collection[int]) -> Rows:
    """Return a model file's probabilities of the dataset's kinds; all 0 if no key is detected."""
    samples = [dataset.samples[index] for index in sorted(indices)]
    predictions = predict(load_model(file), [sample.path for sample in samples])
    columns = [predictions.kinds.index(kind) for kind in dataset.kinds]
    rows = predictions.probabilities[:, columns]
    return {sample.name: row.tolist() for sample, row in zip(samples, rows, strict=True)}


def score_rows(rows: Rows, dataset: Dataset) -> Scores:
    labels = np.array([dataset.kinds.index(sample.kind) for sample in dataset.samples])
    probabilities = np.array([rows[sample.name] for sample in dataset.samples], np.float32)
    groups = [sample.group for sample in dataset.samples]
    rng = np.random.default_rng(0)
    return score(probabilities, labels, groups, dataset.kinds, resamples=RESAMPLES, rng=rng)


def cells(scores: Scores) -> list[str]:
    low, high = scores.intervals["weighted_f1"]
    recall = [f"{kind.recall:.2f}" for kind in scores.per_kind]
    return [f"{scores.weighted_f1:.3f} [{low:.2f}, {high:.2f}]", f"{scores.macro_f1:.3f}", *recall]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a CSV table")
    parser.add_argument("--imagenet", required=True, help="MobileNetV2's weights")
    parser.add_argument("--renders", type=int, default=400, help="renders to add (default: %(default)s)")
    parser.add_argument("--keep", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--write", action="store_true", help="also write docs/models.md")
    options = parser.parse_args()
    dataset = read_dataset(options.photos, kinds=KINDS, keep_leaks=True)
    renders = rendered_photos(dataset.kinds, options.renders, SEED)
    with_renders = replace(DEFAULT, renders=options.renders)
    methods = [
        Method("report, ImageNet", REPORT, options.imagenet),
        Method("report, keykind", REPORT, "keykind"),
        Method("default", DEFAULT, "keykind"),
        Method(f"default with {options.renders} renders", with_renders, "keykind"),
    ]
    bundled = predict_kinds(SHIPPED, dataset, range(len(dataset.samples)))
    rows = [("renders only (the included model)", *cells(score_rows(bundled, dataset)))]
    for method in methods:
        predictions = cross_validate(method, dataset, renders, options.keep)
        rows.append((method.name, *cells(score_rows(predictions, dataset))))
        print(rows[-1], flush=True)
    keys = len({sample.group for sample in dataset.samples})
    summary = (
        f"{len(dataset.samples)} real photos of {keys} physical keys in {FOLDS} folds that split no key: "
        "every photo is classified by a model that was trained on no photo of its key. Recall of each kind. "
        "Of the included model only these four kinds count."
    )
    page = section(
        "Photos of your own",
        f"{summary}\n\n{markdown(('recipe', 'weighted F1', 'macro F1', *dataset.kinds), rows)}",
        command="python benchmarks/recipes.py labels.csv --imagenet WEIGHTS --keep FOLDER --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("recipes", page, PAGE)


if __name__ == "__main__":
    main()
