"""Rendered datasets -> a finished run with the bundled classifier.

In:    folders as for the detector; the weights to start from; a recipe
Out:   RUN/: metrics.json, recipe.json, photos.csv, model.keras, prototypes.npy, keys.tflite; RUN/training
Needs: keras, tensorflow, scikit-learn, opencv                                             [train]

`keykind dev ship` and `keykind export` read such a run like one of `keykind train`. It is calibrated and
tested on keys of photos that are held out from training, framed as the labels say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind import __version__
from keykind.core.cache import Cache, default_folder
from keykind.core.kinds import NAMES
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.dataset.dataset import read_dataset
from keykind.evaluate.metrics import Scores, score
from keykind.experiment.artifacts import write_trained_model
from keykind.experiment.detector_training import TrainingFolders, training_photos
from keykind.experiment.experiment import SCHEMA
from keykind.experiment.run_folder import RunFolder
from keykind.experiment.stages.calibrate import Calibration, fit_calibration
from keykind.export.from_run import TrainedModel, about_run
from keykind.export.graph import InferenceModel
from keykind.model.card import KEY, SIZE
from keykind.model.head import Floats, Head, Labels, softmax
from keykind.model.preprocess import Crop, to_unit
from keykind.train.backbone import Backbone, load_backbone, to_network
from keykind.train.classifier.training import train_classifier
from keykind.train.classifier.views import key_region, shows_kind
from keykind.train.crossval import Fold
from keykind.train.detector.keys import KIND
from keykind.train.detector.labels import LabelledPhoto, split_set
from keykind.train.detector.training import build_pools
from keykind.train.detector.warp import extract
from keykind.train.head_training import build_classifier, count_parameters
from keykind.train.recipe import Recipe

MAX_PROTOTYPE_KEYS = 3000  # training keys that the prototypes are the mean of
VALIDATION, TEST = 0, 1  # halves of the photos that are held out
PHOTOS, COLUMNS = "photos.csv", ("path", "label", "key_id", "split")

Row = tuple[str, str, str, str]  # of photos.csv


@dataclass(frozen=True, slots=True, eq=False)
class _Features:
    """Pooled features of keys, framed as the labels say."""

    values: Floats  # (n, k)
    labels: Labels  # (n,)
    photos: list[str]  # (n,) names: keys of one photo are not independent


def train_classifier_from_folders(
    folders: TrainingFolders, weights: str, scaling: str, recipe: Recipe, out: str | Path, seed: int
) -> dict[str, Any]:
    """Train the classifier by `recipe.classifier` and write the run; return its metrics.

    weights, scaling: what training starts from, see `load_backbone`. An interrupted training is resumed, a
    finished one is not repeated.
    Raises BadDataset, BadPhoto, BadWeights, BadRecipe, CannotWrite, and BadRun if `out` holds another run.
    """
    recipe = replace(recipe, crop=KEY, scaling="unit", views=("plain",))  # what is trained, see `fold`
    folder = RunFolder(Path(out))
    backbone = load_backbone(recipe.backbone, weights, scaling=scaling, seed=seed)
    trained_on, held_out = _split(folders)
    with folder.locked(), Cache(default_folder()) as cache:
        rows = [*_rows(trained_on, "train"), *_rows(held_out, "test")]
        identity = {
            "schema": SCHEMA,
            "recipe": {key: value for key, value in recipe.as_json().items() if key != "name"},
            "seed": seed,
            "initial_network": backbone.digest,
            "photos": _digest(rows),
        }
        finished = folder.claim(identity, {"options": {"recipe": recipe.name}}, resume=True)
        if finished is not None:
            return finished
        folder.write_table(PHOTOS, COLUMNS, rows)
        sources = build_pools(training_photos(folders), folder.path / "training" / "pools")
        backbone, head = train_classifier(sources, backbone, recipe, folder.path / "training", seed)
        network = to_network(backbone, cache)

        def features(photos: Sequence[LabelledPhoto], label: str) -> _Features:
            return _key_features(photos, lambda crop: network.run(to_unit(crop))[0], label)

        step = max(len(trained_on) // MAX_PROTOTYPE_KEYS, 1)
        known, unseen = features(trained_on[::step], "training keys"), features(held_out, "held-out keys")
        calibration, scores = _calibrate_and_test(head, known, unseen, recipe, seed)
        metrics = {**identity, **_metrics(weights, network.digest, known, unseen, calibration, scores)}
        _write_model(folder, backbone, head, recipe, calibration, metrics)
        folder.finish(metrics)
        return metrics


def _split(folders: TrainingFolders) -> tuple[list[LabelledPhoto], list[LabelledPhoto]]:
    """Return the rendered photos to train on, and those that are held out."""
    splits = [split_set(path, folders.max_photos) for path in folders.sets]
    trained_on, held_out = ([photo for split in splits for photo in split[part]] for part in (0, 1))
    return trained_on, held_out


def _write_model(
    folder: RunFolder,
    backbone: Backbone,
    head: Head,
    recipe: Recipe,
    calibration: Calibration,
    metrics: dict[str, Any],
) -> None:
    """Write the model files; add the number of parameters to the metrics."""
    model = build_classifier(backbone, head, recipe)
    metrics["parameters"] = count_parameters(model)
    inference = InferenceModel(backbone, head, calibration.prototypes, calibration.temperature, "plain")
    write_trained_model(
        folder,
        TrainedModel(model, inference, KEY, NAMES, calibration.ood_threshold, about_run(metrics)),
    )


def _digest(rows: Sequence[Row]) -> str:
    """Return the digest of the photos in photos.csv, as an export computes it."""
    with TemporaryDirectory() as folder:
        RunFolder(Path(folder)).write_table(PHOTOS, COLUMNS, rows)
        return read_dataset(Path(folder) / PHOTOS, keep_leaks=True).digest()


def _rows(photos: Sequence[LabelledPhoto], part: str) -> Iterator[Row]:
    """Yield a row of photos.csv for each photo in a folder of its kind: it shows one key."""
    for photo in photos:
        if photo.photo.parent.name in NAMES:
            yield str(photo.photo.absolute()), photo.photo.parent.name, photo.label.stem, part


def _key_features(photos: Sequence[LabelledPhoto], pooled: Any, label: str) -> _Features:
    """Return the features of the keys of photos that show their kind. pooled: crop -> features (k,)."""

    def of_photo(photo: LabelledPhoto) -> list[tuple[Floats, int, str]]:
        view = photo.view()
        rows = view.keys[shows_kind(view.keys)]
        return [(pooled(_crop(view.image, row)), int(row[KIND]), photo.label.stem) for row in rows]

    keys = [key for found in progress(parallel_map(of_photo, photos), len(photos), label) for key in found]
    values, labels, names = zip(*keys, strict=True)
    return _Features(np.stack(values), np.array(labels, np.intp), list(names))


def _crop(image: NDArray[np.uint8], row: NDArray[np.float64]) -> Crop:
    cv2.setNumThreads(1)  # photos are read in threads
    return extract(image, key_region(row), SIZE)


def _calibrate_and_test(
    head: Head, known: _Features, unseen: _Features, recipe: Recipe, seed: int
) -> tuple[Calibration, Scores]:
    """Calibrate on one half of the photos that are held out, and test on the other."""
    half = np.unique(unseen.photos, return_inverse=True)[1] % 2
    validation, test = np.flatnonzero(half == VALIDATION), np.flatnonzero(half == TEST)
    fold = Fold(np.arange(len(known.labels)), len(known.labels) + validation)
    calibration = fit_calibration(
        [(head, fold)],
        np.concatenate([known.values, unseen.values]),
        np.concatenate([known.labels, unseen.labels]),
        len(NAMES),
    )
    scores = score(
        softmax(head.logits(unseen.values[test]), calibration.temperature),
        unseen.labels[test],
        [unseen.photos[i] for i in test],
        NAMES,
        resamples=recipe.bootstrap,
        rng=np.random.default_rng(seed),
    )
    return calibration, scores


def _metrics(
    weights: str, digest: str, known: _Features, unseen: _Features, calibration: Calibration, scores: Scores
) -> dict[str, Any]:
    """Return what metrics.json holds besides the run's identity, as that of `keykind train`."""
    counts = {
        name: {kind: int((part.labels == i).sum()) for i, kind in enumerate(NAMES)}
        for name, part in (("train", known), ("held out", unseen))
    }
    return {
        "keykind": __version__,
        "weights": weights,
        "network": digest,
        "kinds": list(NAMES),
        "counts": counts,
        "temperature": calibration.temperature,
        "test": {"plain": scores.as_json()},
        "novelty": {"view": "plain", "most": calibration.ood_threshold, "test": {}},
    }
