"""A finished run -> one self-contained model file, and its parity with Keras.

In:    RUN/: model.keras, prototypes.npy, photos.csv, recipe.json, metrics.json
Out:   the bytes of a model file in fp32, fp16 or int8; ParityReport, with the scores of both
Needs: keras, tensorflow, scikit-learn                                                     [train]
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from keykind.core.errors import BadModel, BadRun, KeykindError
from keykind.core.files import READ_ERRORS
from keykind.core.parallel import parallel_map
from keykind.dataset.bundled import bundled_negatives
from keykind.dataset.dataset import read_dataset, read_negatives
from keykind.dataset.samples import Dataset, Sample
from keykind.detect.detector import load_detector
from keykind.export.features_output import with_features
from keykind.export.graph import InferenceModel, convert
from keykind.model.card import KEY, SIZE, SUBJECT, Card
from keykind.model.head import Floats, Labels, softmax
from keykind.model.model import Model, pack, unpack
from keykind.model.preprocess import Crop, sobel_edges, to_unit
from keykind.model.tflite_metadata import with_metadata
from keykind.train.backbone import Backbone
from keykind.train.backend import keras
from keykind.train.features import read_crop
from keykind.train.head_training import network_of, read_head
from keykind.train.key_regions import with_key_crops
from keykind.train.recipe import from_values

CONFIDENCE_THRESHOLD = 0.5  # calibrated, so a prediction below it is more often wrong than right
CALIBRATION_PER_KIND, MAX_CALIBRATION = 25, 500  # training photos for int8 calibration
PRETRAINED = ("keykind", "imagenet")  # weights under LICENCE
LICENCE = "Apache-2.0"
MAX_F1_LOSS = 0.01  # weighted F1 that a lower precision may lose
BATCH = 64  # crops in memory at once
MIN_PROBABILITY = 1e-30  # before the logarithm is taken


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """What a model file needs from a run."""

    model: Any  # keras.Model: pixels 0..255 (n, 224, 224, 3) -> probabilities (n, c) before the temperature
    inference: InferenceModel
    crop: str  # of Card
    kinds: tuple[str, ...]
    ood_threshold: float
    about: dict[str, Any]  # for readers, see Card


@dataclass(frozen=True, slots=True)
class ParityReport:
    """Agreement of a model file with Keras on the same test photos."""

    precision: str
    photos: int
    agreement: float  # share of photos with the same predicted kind
    max_difference: float  # of a probability
    weighted_f1: float  # of the file
    keras_f1: float

    @property
    def f1_loss(self) -> float:
        """Return the weighted F1 that the file loses."""
        return self.keras_f1 - self.weighted_f1

    @property
    def is_too_lossy(self) -> bool:
        """Return whether that is more than MAX_F1_LOSS."""
        return self.f1_loss > MAX_F1_LOSS


def load_trained_model(run: str | Path) -> TrainedModel:
    """Return the model of a finished run. Raises BadRun if it is not finished, or its files are damaged."""
    run = Path(run)
    check_finished(run)
    try:
        metrics = json.loads((run / "metrics.json").read_text("utf-8"))
        values = json.loads((run / "recipe.json").read_text("utf-8"))["recipe"]
        values.pop("detector", None)  # no part of this training; its keys differ between versions
        recipe = from_values(values, run)
        prototypes = np.load(run / "prototypes.npy", allow_pickle=False)
        model = keras.models.load_model(run / "model.keras", compile=False, safe_mode=True)
        backbone = Backbone(recipe.backbone, recipe.scaling, metrics["weights"], network_of(model))
        inference = InferenceModel(
            backbone, read_head(model), prototypes, metrics["temperature"], metrics["novelty"]["view"]
        )
        kinds, threshold = tuple(metrics["kinds"]), metrics["novelty"]["most"]
        crop = metrics.get("crop", recipe.crop)  # runs before 0.10 could not decide it
        return TrainedModel(model, inference, crop, kinds, threshold, about_run(metrics))
    except KeykindError:
        raise
    except (*READ_ERRORS, TypeError) as error:
        raise BadRun(run, fault=f"cannot be read ({error})", remedy="train it again") from error


def check_finished(run: str | Path) -> None:
    """Raise BadRun if a folder is not one of a finished run."""
    if not Path(run, "metrics.json").is_file():
        raise BadRun(run, fault="is not a finished run", remedy="give the folder that `keykind train` wrote")


def about_run(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the card's description of a run: its recipe, data and scores."""
    scores = metrics["test"][metrics["novelty"]["view"]]
    subject = {SUBJECT: metrics[SUBJECT]} if SUBJECT in metrics else {}
    return subject | {
        "recipe": metrics["recipe"],
        "weights": Path(metrics["weights"]).name,
        "licence": LICENCE if metrics["weights"] in (*PRETRAINED, "random") else "unknown",
        "seed": metrics["seed"],
        "photos": metrics["counts"],
        "scores": {
            "weighted_f1": scores["weighted_f1"],
            "macro_f1": scores["macro_f1"],
            "interval": scores["interval"],
            "rejection": metrics["novelty"].get("test"),
        },
    }


def make_model_file(
    trained: TrainedModel, precision: str, crops: Sequence[Crop] | None = None, *, maps: bool = True
) -> bytes:
    """Return the bytes of a model file.

    precision: fp32, fp16 or int8: with crops (224, 224, 3) uint8, see `calibration_crops`, of weights and
    activations, without crops of weights only.
    Without `maps`: probabilities only, as MediaPipe's ImageClassifier requires.
    """
    calibration = None if crops is None else lambda: crops
    flatbuffer, features = convert(trained.inference, precision, calibration, maps=maps), None
    if maps:
        flatbuffer, features = with_features(flatbuffer)
    card = Card(
        kinds=trained.kinds,
        precision=precision,
        crop=trained.crop,
        view=trained.inference.view,
        temperature=trained.inference.temperature,
        confidence_threshold=CONFIDENCE_THRESHOLD,
        ood_threshold=trained.ood_threshold if maps else None,
        maps=maps,
        about=trained.about,
        features=features,
    )
    return pack(with_metadata(flatbuffer, card), card)


def calibration_crops(dataset: Dataset) -> list[Crop]:
    """Return crops of training photos, evenly spaced within each kind, and of photos without a key.

    Without negatives, quantisation would clip OOD scores to the range of the training photos.
    """
    per_kind = max(1, min(CALIBRATION_PER_KIND, MAX_CALIBRATION // len(dataset.kinds)))
    samples: list[Sample] = []
    for kind in dataset.kinds:
        of_kind = [sample for sample in dataset.subset("train") if sample.kind == kind]
        indices = np.linspace(0, len(of_kind) - 1, min(per_kind, len(of_kind))).round().astype(int)
        samples += [of_kind[i] for i in indices]
    negatives, _ = read_negatives(bundled_negatives())
    return read_crops([*samples, *negatives])


def crop_dataset(dataset: Dataset, trained: TrainedModel) -> Dataset:
    """Return the dataset as the model expects it: cropped to the keys if it was trained on key crops."""
    if trained.crop != KEY:
        return dataset
    return replace(dataset, samples=with_key_crops(dataset.samples, load_detector()))


def read_run_dataset(run: Path) -> Dataset:
    """Return the photos of a run. Raises BadRun if some are missing or have changed."""
    dataset = read_dataset(run / "photos.csv", keep_leaks=True)
    if dataset.read_errors:
        first = dataset.read_errors[0].name
        raise BadRun(
            run,
            fault=f"{len(dataset.read_errors)} of its photos cannot be read, the first is {first}",
            remedy="restore the photos to their paths in photos.csv",
        )
    if dataset.digest() != json.loads((run / "recipe.json").read_text("utf-8"))["photos"]:
        fault = "its photos have changed since training"
        raise BadRun(run, fault=fault, remedy="restore the original photos")
    return dataset


def read_crops(samples: Sequence[Sample]) -> list[Crop]:
    """Return the crops of photos, (224, 224, 3) uint8 each. Raises BadPhoto."""
    return list(parallel_map(lambda sample: read_crop(sample, SIZE), samples))


def compare_with_keras(data: bytes, trained: TrainedModel, samples: Sequence[Sample]) -> ParityReport:
    """Run a model file and Keras on the same photos and compare their outputs."""
    model = Model(*unpack(data, "the new file"), "the new file")
    outputs, keras_outputs = [], []
    for start in range(0, len(samples), BATCH):  # bounds memory
        crops = read_crops(samples[start : start + BATCH])
        outputs += [output.probabilities for output in parallel_map(model.run, crops)]
        keras_outputs += list(keras_probabilities(trained, crops))
    precision = model.card.precision
    return parity(precision, trained.kinds, samples, np.stack(outputs), np.stack(keras_outputs))


def parity(
    precision: str, kinds: Sequence[str], samples: Sequence[Sample], outputs: Floats, keras_outputs: Floats
) -> ParityReport:
    """Return how far the probabilities (n, c) of a file and of Keras for the same photos agree."""
    labels = np.array([kinds.index(sample.kind) for sample in samples])
    return ParityReport(
        precision,
        len(samples),
        agreement=float((outputs.argmax(axis=1) == keras_outputs.argmax(axis=1)).mean()),
        max_difference=float(np.abs(outputs - keras_outputs).max()),
        weighted_f1=weighted_f1(labels, outputs),
        keras_f1=weighted_f1(labels, keras_outputs),
    )


def keras_probabilities(trained: TrainedModel, crops: Sequence[Crop]) -> Floats:
    """Return the calibrated probabilities (n, c) of the Keras model."""
    edge = trained.inference.view == "edge"
    images = (sobel_edges(to_unit(crop)) if edge else to_unit(crop) for crop in crops)
    pixels = np.stack([image * np.float32(255) for image in images])
    logits = np.log(np.maximum(trained.model.predict(pixels, verbose=0), MIN_PROBABILITY))
    return softmax(logits, trained.inference.temperature)


def weighted_f1(labels: Labels, probabilities: Floats) -> float:
    """Return the weighted F1 of probabilities (n, c) against labels (n,)."""
    return float(f1_score(labels, probabilities.argmax(axis=1), average="weighted", zero_division=0.0))


def check_loss(report: ParityReport) -> None:
    """Raise BadModel if a file loses more than MAX_F1_LOSS of weighted F1."""
    if report.is_too_lossy:
        raise BadModel(
            f"{report.precision} model",
            fault=f"has weighted F1 {report.weighted_f1:.3f} on {report.photos} test photos, "
            f"{100 * report.f1_loss:.1f} points below {report.keras_f1:.3f}",
            remedy="use a higher precision, or add --force",
        )


def export_run(
    run: Path, precision: str, *, maps: bool = True, calibrate: bool = True, force: bool = False
) -> tuple[bytes, ParityReport | KeykindError]:
    """Return a run's model file, and its parity with Keras on the run's test photos.

    If the photos are missing, the error is returned instead of the parity; for int8 with `calibrate`, which
    needs them, it is raised. The card contains the file's own score next to the run's. Raises BadRun, and
    BadModel for a loss of more than MAX_F1_LOSS unless `force`.
    """
    trained = load_trained_model(run)
    try:
        dataset = crop_dataset(read_run_dataset(run), trained)
    except KeykindError as error:
        if precision == "int8" and calibrate:
            raise
        return make_model_file(trained, precision, maps=maps), error
    crops = calibration_crops(dataset) if precision == "int8" and calibrate else None
    data = make_model_file(trained, precision, crops, maps=maps)
    report = compare_with_keras(data, trained, dataset.subset("test"))
    if not force:
        check_loss(report)
    flatbuffer, card = unpack(data, "the new file")
    file_scores = {"precision": precision, "weighted_f1": report.weighted_f1, "photos": report.photos}
    scores = card.about["scores"] | {"file": file_scores}
    return pack(flatbuffer, replace(card, about=card.about | {"scores": scores})), report
