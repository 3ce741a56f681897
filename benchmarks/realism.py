"""Rendered photos as the only training photos, real photos as the only test.

    python benchmarks/realism.py RENDERS --photos labels.csv --weights WEIGHTS --out FOLDER --name NAME
    python benchmarks/realism.py --table FOLDER [--write]

In:    RENDERS/<kind>/*.jpg; real photos as a CSV table (path, label, key_id, source); pretrained weights
Out:   FOLDER/NAME.json: scores on the real photos and on renders kept aside, the answer to every photo;
       with --table the Markdown tables of all runs in FOLDER, with --write also in docs/synthetic.md
Needs: keykind[train]

A killed run goes on where it was. Nothing is chosen by the real photos: the last epoch is the result.
--limit draws the renders so that a smaller set is part of every larger one: a learning curve.
"""

import argparse
import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import realism_table
from keykind.core.cache import Cache, default_folder
from keykind.core.files import LABELS, whole_file, write_json
from keykind.dataset.dataset import Dataset, Sample, read_dataset
from keykind.evaluate.metrics import score
from keykind.model.card import SIZE
from keykind.model.head import Floats, Head, Labels
from keykind.train.backbone import Backbone, load_backbone, set_folded, to_network
from keykind.train.bn_folding import fold, folded_arrays
from keykind.train.crossval import make_folds
from keykind.train.features import read_crop, store_crops
from keykind.train.full_finetune import DeepRecipe, Photos, train_all, train_frozen
from keykind.train.test_time_augmentation import VIEWS, predict_views

KINDS = "cylinder,dimple,laser_track,mortice"
CROP = 256  # px of the stored renders: views that are grown stay sharp
KEPT_ASIDE = 20  # one in so many renders tests what the model knows of renders
RESAMPLES = 2000  # behind each interval
WHITE_PAPER = "lkr-"  # how the key_id of the real photos on white paper begins: ten keys, ten photos each


@dataclass(frozen=True)
class Model:
    """What a run trained."""

    backbone: Backbone
    head: Head
    epochs: tuple[dict[str, float], ...]


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    """Train on the renders, test on the real photos, and return what NAME.json holds."""
    start = time.monotonic()
    dataset = read_dataset(chosen.renders, chosen.photos, kinds=chosen.kinds.split(","))
    renders = of_scene(dataset.of("train"), chosen.renders / LABELS, chosen.scene)
    learned, aside = divided(limited(renders, chosen.limit, chosen.seed), chosen.seed)
    work = chosen.out / f"{chosen.name}.{mark(chosen)}.work"
    photos = Photos(
        store_crops(learned, CROP, work / "crops.npy"), labels(dataset, learned), len(dataset.kinds)
    )
    read = time.monotonic() - start
    with Cache(default_folder()) as cache:
        model = train(chosen, photos, work, cache)
        trained = time.monotonic() - start - read
        network = to_network(model.backbone, cache)
    if chosen.save:
        save(model, chosen.save)
    test = dataset.of("test")
    answers, known = (
        predict_views(network, model.head, (read_crop(one, SIZE) for one in shown)) for shown in (test, aside)
    )
    result = {
        "name": chosen.name,
        "series": chosen.series,
        "training": "frozen" if chosen.frozen else "all layers",
        "renders": len(learned),
        "kinds": list(dataset.kinds),
        "seed": chosen.seed,
        "recipe": str(recipe(chosen)),
        "epochs": list(model.epochs),
        "seconds": {"reading": read, "training": trained, "all": time.monotonic() - start},
        "processor": time.process_time(),  # seconds of all cores together, this process
        "images_per_second": [len(learned) / epoch["seconds"] for epoch in model.epochs],
        "real": {name: figures(dataset, *part) for name, part in parts(test, answers).items()},
        "render": figures(dataset, aside, known),
        "photos": [answer(one, row) for one, row in zip(test, answers, strict=True)],
    }
    shutil.rmtree(work)
    return result


def mark(chosen: argparse.Namespace) -> str:
    """Return what tells an unfinished run from one with other options."""
    told = [
        chosen.renders,
        chosen.weights,
        chosen.kinds,
        chosen.limit,
        chosen.seed,
        chosen.frozen,
        chosen.scene,
    ]
    return hashlib.sha256(repr([*told, chosen.scaling, recipe(chosen)]).encode()).hexdigest()[:8]


def train(chosen: argparse.Namespace, photos: Photos, work: Path, cache: Cache) -> Model:
    """Train all layers, or a head alone. Trained layers are rounded to float16, as they would ship."""
    backbone = load_backbone("mobilenet_v2", chosen.weights, scaling=chosen.scaling, seed=chosen.seed)
    if chosen.frozen:
        return Model(backbone, train_frozen(backbone, photos, recipe(chosen), cache, chosen.seed), ())
    deep = train_all(backbone, photos, recipe(chosen), work, cache, chosen.seed)
    arrays = folded_arrays(fold(deep.backbone))
    set_folded(deep.backbone.network, {name: array.astype(np.float16) for name, array in arrays.items()})
    return Model(deep.backbone, deep.head, deep.epochs)


def recipe(chosen: argparse.Namespace) -> DeepRecipe:
    """Return how it is trained. On views of 160 px, half as dear, pits and tracks are too small to learn."""
    return DeepRecipe(sizes=(chosen.size,) * chosen.epochs)


def of_scene(samples: Sequence[Sample], labels: Path, scene: str | None) -> list[Sample]:
    """Return the renders of a scene, as their labels say; all of them for None."""
    if scene is None:
        return list(samples)
    return [
        one
        for one in samples
        if json.loads((labels / one.path.name).with_suffix(".json").read_text("utf-8"))["scene"] == scene
    ]


def limited(samples: Sequence[Sample], limit: int | None, seed: int) -> list[Sample]:
    """Return about `limit` samples, as many of each kind as there are, in a fixed order."""
    kinds = sorted({one.kind for one in samples})
    kept = []
    for kind in kinds:
        mine = [one for one in samples if one.kind == kind]
        order = np.random.default_rng(seed).permutation(len(mine))
        kept += [mine[place] for place in sorted(order[: None if limit is None else limit // len(kinds)])]
    return kept


def divided(renders: Sequence[Sample], seed: int) -> tuple[list[Sample], list[Sample]]:
    """Return the renders to learn from and those kept aside, one in KEPT_ASIDE."""
    smallest = min(Counter(one.kind for one in renders).values())
    fold = make_folds(renders, min(KEPT_ASIDE, smallest), seed)[0]
    return [renders[place] for place in fold.train], [renders[place] for place in fold.validation]


def labels(dataset: Dataset, samples: Sequence[Sample]) -> Labels:
    return np.array([dataset.kinds.index(one.kind) for one in samples], np.intp)


def save(model: Model, path: Path) -> None:
    """Write the network's weights as Keras does, and the head's arrays beside them."""
    with whole_file(path) as temporary:
        model.backbone.network.save_weights(temporary)
    with whole_file(path.with_name(path.name.replace(".weights.h5", ".head.npz"))) as temporary:
        np.savez(
            temporary,
            allow_pickle=False,
            **dict(zip(("w1", "b1", "w2", "b2"), model.head.arrays(), strict=True)),
        )


def parts(samples: Sequence[Sample], answers: Floats) -> dict[str, tuple[list[Sample], Floats]]:
    """Return all photos, those of phones and the web, those on white paper; empty parts are absent."""
    white = np.array([one.group.startswith(WHITE_PAPER) for one in samples])
    chosen = {"all": white | True, "phone": ~white, "white_paper": white}
    return {
        name: ([samples[place] for place in np.flatnonzero(rows)], answers[rows])
        for name, rows in chosen.items()
        if rows.any()
    }


def figures(dataset: Dataset, samples: Sequence[Sample], answers: Floats) -> dict[str, Any]:
    """Return the scores of the photo as it is and of all views, over photos and over physical keys.

    A key's answer is the mean of its photos' probabilities. `views`: the accuracy of each view alone.
    """
    true = labels(dataset, samples)
    told: dict[str, Any] = {
        "views": {
            name: float((answers[:, place].argmax(1) == true).mean()) for place, name in enumerate(VIEWS)
        }
    }
    for name, one in {"single": answers[:, 0], "averaged": answers.mean(axis=1)}.items():
        groups = [sample.group for sample in samples]
        keys = sorted(set(groups))
        mine = [np.array([group == key for group in groups]) for key in keys]
        means = np.stack([one[rows].mean(axis=0) for rows in mine])
        kind = np.array([true[rows][0] for rows in mine])
        told[name] = {
            "photos": scored(one, true, groups, dataset.kinds),
            "keys": scored(means, kind, keys, dataset.kinds),
            "keys_right": int((means.argmax(axis=1) == kind).sum()),
        }
    return told


def scored(answers: Floats, true: Labels, groups: Sequence[str], kinds: Sequence[str]) -> dict[str, Any]:
    """Return keykind's own scores as JSON values."""
    rng = np.random.default_rng(0)
    return score(answers, true, groups, kinds, resamples=RESAMPLES, rng=rng).as_json()


def answer(sample: Sample, views: Floats) -> dict[str, Any]:
    """Return the answer to one photo."""
    single, averaged = ([round(float(value), 4) for value in row] for row in (views[0], views.mean(axis=0)))
    return {
        "path": sample.name,
        "key": sample.group,
        "kind": sample.kind,
        "single": single,
        "averaged": averaged,
    }


def main() -> None:
    chosen = options()
    if chosen.table:
        page = realism_table.text(chosen.table)
        print(page)
        if chosen.write:
            realism_table.write(page)
        return
    path = chosen.out / f"{chosen.name}.json"
    if not path.exists():
        write_json(path, run(chosen))
    print(realism_table.text(chosen.out))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("renders", type=Path, nargs="?", help="a folder a kind of rendered photos")
    parser.add_argument("--photos", type=Path, help="real photos to test on, a CSV table")
    parser.add_argument("--weights", default="imagenet", help="to begin with, as for keykind train")
    parser.add_argument("--scaling", default="native", help="what those weights see (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="where NAME.json goes")
    parser.add_argument("--name", default="run", help="of the run (default: %(default)s)")
    parser.add_argument("--series", default="runs", help="the table it belongs to (default: %(default)s)")
    parser.add_argument("--kinds", default=KINDS, help="learned (default: %(default)s)")
    parser.add_argument("--limit", type=int, help="renders to learn from and to keep aside (default: all)")
    parser.add_argument("--scene", help="only renders of this scene (default: all)")
    parser.add_argument("--epochs", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--size", type=int, default=SIZE, help="px of the views (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    parser.add_argument("--frozen", action="store_true", help="train a head alone, for comparison")
    parser.add_argument("--save", type=Path, metavar="FILE.weights.h5", help="keep the trained network there")
    parser.add_argument("--table", type=Path, metavar="FOLDER", help="show the runs of FOLDER, run nothing")
    parser.add_argument("--write", action="store_true", help="with --table: into docs/synthetic.md")
    chosen = parser.parse_args()
    if not chosen.table and not (chosen.renders and chosen.photos and chosen.out):
        parser.error("a run needs RENDERS, --photos and --out")
    if chosen.save and not chosen.save.name.endswith(".weights.h5"):
        parser.error("--save: Keras wants a name that ends in .weights.h5")
    return chosen


if __name__ == "__main__":
    main()
