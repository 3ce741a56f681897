"""Recipes for photos of one's own, on the same folds: `report`, `default`, and renders alone.

    python benchmarks/own_photos.py labels.csv --imagenet WEIGHTS [--renders N] --keep FOLDER [--write]

In:    real photos of keys as a CSV table (path, label, key_id); MobileNetV2's ImageNet weights
Out:   weighted F1 of each recipe over all folds; docs/models.md
Needs: keykind[train,render]; about an hour on two cores; goes on where it was stopped

Every photo is answered once, by a model that saw no photo of its physical key. Renders alone is the model
that ships with keykind, which saw no real photo at all.
"""

import argparse
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mitsuba  # noqa: F401 - before TensorFlow, see mixing.py
import numpy as np

from keykind.dataset.dataset import Dataset, Sample, read_dataset
from keykind.evaluate.metrics import Scores, score
from keykind.experiment.experiment import Experiment
from keykind.experiment.run import run
from keykind.model.model import load_model
from keykind.predict.recogniser import SHIPPED
from keykind.train.crossval import make_folds
from keykind.train.recipe import DEFAULT, REPORT, Recipe
from keykind.train.synthetic import rendered_photos
from models import ask
from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
KINDS = ("cylinder", "dimple", "laser_track", "mortice")
FOLDS, SEED, RESAMPLES = 3, 0, 2000
PACKAGES = ("keykind", "ai-edge-litert", "keras", "tensorflow-cpu")


@dataclass(frozen=True)
class Way:
    """A recipe and what it begins with."""

    name: str
    recipe: Recipe
    weights: str


def answers(way: Way, dataset: Dataset, renders: Sequence[Sample], keep: Path) -> dict[str, list[float]]:
    """Return photo -> what the model file says, each from the fold whose model did not see that key."""
    told = {}
    for number, fold in enumerate(make_folds(dataset.samples, FOLDS, SEED)):
        asked = set(fold.validation.tolist())
        samples = tuple(
            replace(one, split="test" if place in asked else "train")
            for place, one in enumerate(dataset.samples)
        )
        mixed = tuple(renders) if way.recipe.renders else ()
        out = keep / f"{way.name}-{number}".replace(" ", "-")
        mine = replace(dataset, samples=samples)
        run(Experiment(mine, way.recipe, way.weights, SEED, out, renders=mixed), resume=True)
        told |= said(out / "keys.tflite", dataset, asked)
    return told


def said(file: Path, dataset: Dataset, places: Collection[int]) -> dict[str, list[float]]:
    """Return photo -> what a model file says, as far as the kinds go; no key found is no answer."""
    samples = [dataset.samples[place] for place in sorted(places)]
    told = ask(load_model(file), [one.path for one in samples])
    rows = told.probabilities[:, [told.kinds.index(kind) for kind in dataset.kinds]]
    return {one.name: row.tolist() for one, row in zip(samples, rows, strict=True)}


def scored(told: dict[str, list[float]], dataset: Dataset) -> Scores:
    labels = np.array([dataset.kinds.index(one.kind) for one in dataset.samples])
    probabilities = np.array([told[one.name] for one in dataset.samples], np.float32)
    groups = [one.group for one in dataset.samples]
    rng = np.random.default_rng(0)
    return score(probabilities, labels, groups, dataset.kinds, resamples=RESAMPLES, rng=rng)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="a CSV table")
    parser.add_argument("--imagenet", required=True, help="MobileNetV2's weights")
    parser.add_argument("--renders", type=int, default=400, help="mixed in (default: %(default)s)")
    parser.add_argument("--keep", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--write", action="store_true", help="into docs/models.md")
    options = parser.parse_args()
    dataset = read_dataset(options.photos, kinds=KINDS, keep_leaks=True)
    renders = rendered_photos(dataset.kinds, options.renders, SEED)
    ways = [
        Way("report, ImageNet", REPORT, options.imagenet),
        Way("report, keykind", REPORT, "keykind"),
        Way("default", DEFAULT, "keykind"),
        Way(f"default with {options.renders} renders", replace(DEFAULT, renders=options.renders), "keykind"),
    ]
    alone = said(SHIPPED, dataset, range(len(dataset.samples)))
    rows = [("renders alone (the model that ships)", *cells(scored(alone, dataset)))]
    for way in ways:
        rows.append((way.name, *cells(scored(answers(way, dataset, renders, options.keep), dataset))))
        print(rows[-1], flush=True)
    keys = len({one.group for one in dataset.samples})
    words = (
        f"{len(dataset.samples)} real photos of {keys} physical keys in {FOLDS} folds that split no key: "
        "every photo is answered by a model that saw no photo of its key. Recall of each kind. Of the model "
        "that ships only these four kinds count."
    )
    page = section(
        "Photos of one's own",
        f"{words}\n\n{markdown(('recipe', 'weighted F1', 'macro F1', *dataset.kinds), rows)}",
        command="python benchmarks/own_photos.py labels.csv --imagenet WEIGHTS --keep FOLDER --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("own-photos", page, PAGE)


def cells(scores: Scores) -> list[str]:
    low, high = scores.intervals["weighted_f1"]
    recall = [f"{kind.recall:.2f}" for kind in scores.per_kind]
    return [f"{scores.weighted_f1:.3f} [{low:.2f}, {high:.2f}]", f"{scores.macro_f1:.3f}", *recall]


if __name__ == "__main__":
    main()
