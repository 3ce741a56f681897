"""Sim-to-real transfer: rendered photos as the only training photos, real photos as the only test.

    python benchmarks/sim_to_real.py RENDERS --photos labels.csv --weights WEIGHTS --out FOLDER --name NAME
    python benchmarks/sim_to_real.py --table FOLDER [--write]

In:    RENDERS/<kind>/*.jpg; real photos as a CSV table (path, label, key_id, source); pretrained weights
Out:   FOLDER/NAME.json: scores on the real photos and on held-out renders, the prediction for every photo;
       with --table the Markdown tables of all runs in FOLDER, with --write also in docs/synthetic.md
Needs: keykind[train]

A killed run is resumed. Nothing is selected on the real photos: the last epoch is the result.
--limit draws the renders so that a smaller set is part of every larger one: a learning curve.
"""

import argparse
import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import sim_to_real_table
from keykind.core.cache import Cache, default_folder
from keykind.core.files import LABELS, atomic_write, write_json
from keykind.dataset.dataset import read_dataset
from keykind.dataset.samples import Dataset, Sample
from keykind.evaluate.metrics import score
from keykind.model.card import SIZE
from keykind.model.head import Floats, Head, Labels
from keykind.train.backbone import Backbone, load_backbone, set_folded, to_network
from keykind.train.bn_folding import fold, folded_arrays
from keykind.train.crossval import make_folds
from keykind.train.features import read_crop, store_crops
from keykind.train.full_finetune import ViewTask, fine_tune_all_layers, train_head_on_views
from keykind.train.recipe import REPORT, Recipe
from keykind.train.test_time_augmentation import VIEWS, predict_views

KINDS = "cylinder,dimple,laser_track,mortice"
CROP = 256  # px of the stored renders, so that enlarged views stay sharp
HELD_OUT = 20  # one render in 20 is held out for testing
RESAMPLES = 2000  # per interval
WHITE_PAPER = "lkr-"  # prefix of the key_id of the real photos on white paper: ten keys, ten photos each


@dataclass(frozen=True)
class TrainedModel:
    """The result of a training."""

    backbone: Backbone
    head: Head
    epochs: tuple[dict[str, float], ...]


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Train on the renders, test on the real photos, and return the content of NAME.json."""
    start = time.monotonic()
    dataset = read_dataset(options.renders, options.photos, kinds=options.kinds.split(","))
    renders = of_scene(dataset.subset("train"), options.renders / LABELS, options.scene)
    train_renders, held_out = split(limited(renders, options.limit, options.seed), options.seed)
    work = options.out / f"{options.name}.{identity(options)}.work"
    crops = store_crops(train_renders, CROP, work / "crops.npy")
    task = ViewTask(crops, labels(dataset, train_renders), len(dataset.kinds), recipe(options))
    reading = time.monotonic() - start
    with Cache(default_folder()) as cache:
        model = train(options, task, work, cache)
        training = time.monotonic() - start - reading
        network = to_network(model.backbone, cache)
    if options.save:
        save(model, options.save)
    test = dataset.subset("test")
    real, rendered = (
        predict_views(network, model.head, (read_crop(sample, SIZE) for sample in samples))
        for samples in (test, held_out)
    )
    result = {
        "name": options.name,
        "series": options.series,
        "training": "frozen" if options.frozen else "all layers",
        "renders": len(train_renders),
        "kinds": list(dataset.kinds),
        "seed": options.seed,
        "recipe": str(recipe(options)),
        "epochs": list(model.epochs),
        "seconds": {"reading": reading, "training": training, "all": time.monotonic() - start},
        "processor": time.process_time(),  # CPU seconds of this process
        "images_per_second": [len(train_renders) / epoch["seconds"] for epoch in model.epochs],
        "real": {name: metrics(dataset, *subset) for name, subset in subsets(test, real).items()},
        "render": metrics(dataset, held_out, rendered),
        "photos": [prediction(sample, views) for sample, views in zip(test, real, strict=True)],
    }
    shutil.rmtree(work)
    return result


def identity(options: argparse.Namespace) -> str:
    """Return a hash that distinguishes an unfinished run from those with other options."""
    values = [
        options.renders,
        options.weights,
        options.kinds,
        options.limit,
        options.seed,
        options.frozen,
        options.scene,
    ]
    return hashlib.sha256(repr([*values, options.scaling, recipe(options)]).encode()).hexdigest()[:8]


def train(options: argparse.Namespace, task: ViewTask, work: Path, cache: Cache) -> TrainedModel:
    """Train all layers, or a head alone. Trained layers are rounded to float16, as in a bundled model."""
    backbone = load_backbone("mobilenet_v2", options.weights, scaling=options.scaling, seed=options.seed)
    if options.frozen:
        return TrainedModel(backbone, train_head_on_views(backbone, task, cache, options.seed), ())
    tuned = fine_tune_all_layers(backbone, task, work, cache, options.seed)
    arrays = folded_arrays(fold(tuned.backbone))
    set_folded(tuned.backbone.network, {name: array.astype(np.float16) for name, array in arrays.items()})
    return TrainedModel(tuned.backbone, tuned.head, tuned.epochs)


def recipe(options: argparse.Namespace) -> Recipe:
    """Return the recipe. In views of 160 px, which take half the time, dimples and tracks are too small."""
    return replace(REPORT, all_layers_epochs=options.epochs, all_layers_sizes=(options.size,))


def of_scene(samples: Sequence[Sample], folder: Path, scene: str | None) -> list[Sample]:
    """Return the renders whose label in the folder has this scene; all of them for None."""
    if scene is None:
        return list(samples)
    return [
        sample
        for sample in samples
        if json.loads((folder / sample.path.name).with_suffix(".json").read_text("utf-8"))["scene"] == scene
    ]


def limited(samples: Sequence[Sample], limit: int | None, seed: int) -> list[Sample]:
    """Return about `limit` samples, equally many of each kind, in a fixed order."""
    kinds = sorted({sample.kind for sample in samples})
    kept = []
    for kind in kinds:
        of_kind = [sample for sample in samples if sample.kind == kind]
        order = np.random.default_rng(seed).permutation(len(of_kind))
        kept += [of_kind[i] for i in sorted(order[: None if limit is None else limit // len(kinds)])]
    return kept


def split(renders: Sequence[Sample], seed: int) -> tuple[list[Sample], list[Sample]]:
    """Return the renders to train on and those held out, one in HELD_OUT."""
    smallest = min(Counter(sample.kind for sample in renders).values())
    fold = make_folds(renders, min(HELD_OUT, smallest), seed)[0]
    return [renders[i] for i in fold.train], [renders[i] for i in fold.validation]


def labels(dataset: Dataset, samples: Sequence[Sample]) -> Labels:
    return np.array([dataset.kinds.index(sample.kind) for sample in samples], np.intp)


def save(model: TrainedModel, path: Path) -> None:
    """Write the network's weights as Keras does, and the head's arrays beside them."""
    with atomic_write(path) as temporary:
        model.backbone.network.save_weights(temporary)
    with atomic_write(path.with_name(path.name.replace(".weights.h5", ".head.npz"))) as temporary:
        arrays = dict(zip(("w1", "b1", "w2", "b2"), model.head.arrays(), strict=True))
        np.savez(temporary, allow_pickle=False, **arrays)


def subsets(samples: Sequence[Sample], views: Floats) -> dict[str, tuple[list[Sample], Floats]]:
    """Return all photos, those from phones and the web, and those on white paper; no empty subsets."""
    white = np.array([sample.group.startswith(WHITE_PAPER) for sample in samples])
    masks = {"all": white | True, "phone": ~white, "white_paper": white}
    return {
        name: ([samples[i] for i in np.flatnonzero(mask)], views[mask])
        for name, mask in masks.items()
        if mask.any()
    }


def metrics(dataset: Dataset, samples: Sequence[Sample], views: Floats) -> dict[str, Any]:
    """Return the scores of the unchanged photo and of the mean over views, by photo and by physical key.

    views (n, views, c). A key's prediction is the mean over its photos. `views`: accuracy of each view alone.
    """
    true = labels(dataset, samples)
    result: dict[str, Any] = {
        "views": {name: float((views[:, i].argmax(1) == true).mean()) for i, name in enumerate(VIEWS)}
    }
    for name, probabilities in {"single": views[:, 0], "averaged": views.mean(axis=1)}.items():
        groups = [sample.group for sample in samples]
        keys = sorted(set(groups))
        masks = [np.array([group == key for group in groups]) for key in keys]
        means = np.stack([probabilities[mask].mean(axis=0) for mask in masks])
        key_labels = np.array([true[mask][0] for mask in masks])
        result[name] = {
            "photos": scores(probabilities, true, groups, dataset.kinds),
            "keys": scores(means, key_labels, keys, dataset.kinds),
            "keys_right": int((means.argmax(axis=1) == key_labels).sum()),
        }
    return result


def scores(
    probabilities: Floats, true: Labels, groups: Sequence[str], kinds: Sequence[str]
) -> dict[str, Any]:
    """Return keykind's own scores as JSON values."""
    rng = np.random.default_rng(0)
    return score(probabilities, true, groups, kinds, resamples=RESAMPLES, rng=rng).as_json()


def prediction(sample: Sample, views: Floats) -> dict[str, Any]:
    """Return the prediction for one photo."""
    single, averaged = ([round(float(value), 4) for value in row] for row in (views[0], views.mean(axis=0)))
    return {
        "path": sample.name,
        "key": sample.group,
        "kind": sample.kind,
        "single": single,
        "averaged": averaged,
    }


def main() -> None:
    options = parse_options()
    if options.table:
        page = sim_to_real_table.text(options.table)
        print(page)
        if options.write:
            sim_to_real_table.write(page)
        return
    path = options.out / f"{options.name}.json"
    if not path.exists():
        write_json(path, run(options))
    print(sim_to_real_table.text(options.out))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("renders", type=Path, nargs="?", help="rendered photos, one folder per kind")
    parser.add_argument("--photos", type=Path, help="real photos to test on, a CSV table")
    parser.add_argument("--weights", default="imagenet", help="initial weights, as for keykind train")
    parser.add_argument(
        "--scaling", default="native", help="pixel scaling of those weights (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, help="folder of NAME.json")
    parser.add_argument("--name", default="run", help="of the run (default: %(default)s)")
    parser.add_argument("--series", default="runs", help="the table it belongs to (default: %(default)s)")
    parser.add_argument("--kinds", default=KINDS, help="(default: %(default)s)")
    parser.add_argument("--limit", type=int, help="number of renders, held-out ones included (default: all)")
    parser.add_argument("--scene", help="only renders of this scene (default: all)")
    parser.add_argument("--epochs", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--size", type=int, default=SIZE, help="px of the views (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    parser.add_argument("--frozen", action="store_true", help="train a head alone, for comparison")
    parser.add_argument("--save", type=Path, metavar="FILE.weights.h5", help="save the trained network there")
    parser.add_argument(
        "--table", type=Path, metavar="FOLDER", help="only print the tables of the runs in FOLDER"
    )
    parser.add_argument("--write", action="store_true", help="with --table: also write docs/synthetic.md")
    options = parser.parse_args()
    if not options.table and not (options.renders and options.photos and options.out):
        parser.error("a run needs RENDERS, --photos and --out")
    if options.save and not options.save.name.endswith(".weights.h5"):
        parser.error("--save: Keras requires a name that ends in .weights.h5")
    return options


if __name__ == "__main__":
    main()
