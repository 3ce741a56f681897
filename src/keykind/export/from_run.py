"""A finished run -> one file that answers everywhere, and the proof that it answers alike.

In:    RUN/: model.keras, prototypes.npy, photos.csv, recipe.json, metrics.json
Out:   the bytes of a model file in fp32, fp16 or int8; ParityReport, with the figures of both
Needs: keras, tensorflow, scikit-learn                                                     [train]
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.metrics import f1_score

from keykind.core.errors import BadModel, BadRun, KeykindError
from keykind.core.files import DAMAGE
from keykind.core.parallel import ordered
from keykind.dataset.bundled import bundled_negatives
from keykind.dataset.dataset import Dataset, Sample, read_dataset, read_negatives
from keykind.detect.detector import load_detector
from keykind.export.graph import InferenceModel, convert
from keykind.model.card import KEY, SIZE, Card
from keykind.model.head import Floats, Labels, softmax
from keykind.model.model import Model, pack, unpack
from keykind.model.preprocess import Crop, sobel_edges, to_unit
from keykind.model.tflite_metadata import with_metadata
from keykind.train.backbone import Backbone
from keykind.train.features import read_crop, with_key_crops
from keykind.train.head_training import network_of, read_head
from keykind.train.recipe import from_values

CONFIDENCE_THRESHOLD = 0.5  # calibrated, so an answer below it is more often wrong than right
CALIBRATION, MOST_CALIBRATION = 25, 500  # training photos that set the ranges of int8: of a kind, in all
FREE, PRETRAINED = (
    "Apache-2.0",
    ("keykind", "imagenet"),
)  # the licence of these weights; yours is unknown here
MOST_LOST = 0.01  # weighted F1 that fewer digits may cost
BATCH = 64  # crops in memory at once
TINY = 1e-30  # probability whose logarithm is taken for that of 0


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """What a run trained, as far as a model file needs it."""

    model: Any  # keras.Model: pixels 0..255 (n, 224, 224, 3) -> probabilities (n, c) before the temperature
    whole: InferenceModel
    crop: str  # of Card
    kinds: tuple[str, ...]
    ood_threshold: float
    about: dict[str, Any]  # for people, see Card


@dataclass(frozen=True, slots=True)
class ParityReport:
    """What a file and Keras say of the same test photos."""

    precision: str
    photos: int
    agreement: float  # share of photos with the same best kind
    largest: float  # difference of a probability
    weighted_f1: float  # of the file
    keras_f1: float

    @property
    def lost(self) -> float:
        """How much weighted F1 the file loses."""
        return self.keras_f1 - self.weighted_f1


def read_trained(run: Path) -> TrainedModel:
    """Return what a finished run trained. Raises BadRun if there is none, or its files are damaged."""
    if not (run / "metrics.json").is_file():
        raise BadRun(run, fault="is no finished run", remedy="give the folder that `keykind train` wrote")
    try:
        metrics = json.loads((run / "metrics.json").read_text("utf-8"))
        recipe = from_values(json.loads((run / "recipe.json").read_text("utf-8"))["recipe"], run)
        prototypes = np.load(run / "prototypes.npy", allow_pickle=False)
        model = keras.models.load_model(run / "model.keras", compile=False, safe_mode=True)
        backbone = Backbone(recipe.backbone, recipe.scaling, metrics["weights"], network_of(model))
        whole = InferenceModel(
            backbone, read_head(model), prototypes, metrics["temperature"], metrics["novelty"]["view"]
        )
        kinds, most = tuple(metrics["kinds"]), metrics["novelty"]["most"]
        return TrainedModel(model, whole, recipe.crop, kinds, most, about(metrics))
    except KeykindError:
        raise
    except (*DAMAGE, TypeError) as error:
        raise BadRun(run, fault=f"cannot be read ({error})", remedy="train it again") from error


def about(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return what a card tells people of a run: how it was trained, on how much, and how well it does."""
    scores = metrics["test"][metrics["novelty"]["view"]]
    return {
        "recipe": metrics["recipe"],
        "weights": Path(metrics["weights"]).name,
        "licence": FREE if metrics["weights"] in (*PRETRAINED, "random") else "unknown",
        "seed": metrics["seed"],
        "photos": metrics["counts"],
        "scores": {
            "weighted_f1": scores["weighted_f1"],
            "macro_f1": scores["macro_f1"],
            "interval": scores["interval"],
            "rejection": metrics["novelty"].get("test"),
        },
    }


def make_file(
    trained: TrainedModel, precision: str, crops: Sequence[Crop] = (), *, maps: bool = True
) -> bytes:
    """Return the bytes of a model file.

    precision: fp32, fp16, or int8, which needs crops (224, 224, 3) uint8, see `calibration`.
    Without `maps`: probabilities alone, which is all that MediaPipe's ImageClassifier takes.
    """
    card = Card(
        kinds=trained.kinds,
        precision=precision,
        crop=trained.crop,
        view=trained.whole.view,
        temperature=trained.whole.temperature,
        confidence_threshold=CONFIDENCE_THRESHOLD,
        ood_threshold=trained.ood_threshold if maps else None,
        maps=maps,
        about=trained.about,
    )
    return pack(with_metadata(convert(trained.whole, precision, lambda: crops, maps=maps), card), card)


def calibration(dataset: Dataset) -> list[Crop]:
    """Return crops of training photos of every kind, spread over each kind's, and of photos without a key.

    Without the latter the novelty in the file would end where that of the training photos does.
    """
    each = max(1, min(CALIBRATION, MOST_CALIBRATION // len(dataset.kinds)))
    chosen: list[Sample] = []
    for kind in dataset.kinds:
        mine = [sample for sample in dataset.of("train") if sample.kind == kind]
        places = np.linspace(0, len(mine) - 1, min(each, len(mine))).round().astype(int)
        chosen += [mine[place] for place in places]
    negatives, _ = read_negatives(bundled_negatives())
    return crops_of([*chosen, *negatives])


def cut_out(dataset: Dataset, trained: TrainedModel) -> Dataset:
    """Return the photos as the model sees them: with the key of each cut out, where it was trained so."""
    if trained.crop != KEY:
        return dataset
    return replace(dataset, samples=with_key_crops(dataset.samples, load_detector()))


def run_photos(run: Path) -> Dataset:
    """Return the photos of a run. Raises BadRun where some are gone or are others by now."""
    dataset = read_dataset(run / "photos.csv", keep_leaks=True)
    if dataset.faults:
        first = dataset.faults[0].name
        raise BadRun(
            run,
            fault=f"{len(dataset.faults)} of its photos cannot be read, the first is {first}",
            remedy="bring the photos back to where photos.csv says they are",
        )
    if dataset.digest() != json.loads((run / "recipe.json").read_text("utf-8"))["photos"]:
        raise BadRun(run, fault="was made of other photos than lie there now", remedy="bring those back")
    return dataset


def crops_of(samples: Sequence[Sample]) -> list[Crop]:
    """Return the crops of photos, (224, 224, 3) uint8 each."""
    return list(ordered(lambda sample: read_crop(sample, SIZE), samples))


def compare(data: bytes, trained: TrainedModel, samples: Sequence[Sample]) -> ParityReport:
    """Ask a model file and Keras for the kinds of the same photos."""
    model = Model(*unpack(data, "the new file"), "the new file")
    said, asked = [], []
    for first in range(0, len(samples), BATCH):  # so that memory does not grow with their number
        crops = crops_of(samples[first : first + BATCH])
        said += [answer.probabilities for answer in ordered(model.run, crops)]
        asked += list(ask_keras(trained, crops))
    return measure(model.card.precision, trained.kinds, samples, np.stack(said), np.stack(asked))


def measure(
    precision: str, kinds: Sequence[str], samples: Sequence[Sample], said: Floats, asked: Floats
) -> ParityReport:
    """Return how far two answers (n, c) to the same photos agree: a file's and Keras's."""
    true = np.array([kinds.index(sample.kind) for sample in samples])
    return ParityReport(
        precision,
        len(samples),
        agreement=float((said.argmax(axis=1) == asked.argmax(axis=1)).mean()),
        largest=float(np.abs(said - asked).max()),
        weighted_f1=weighted_f1(true, said),
        keras_f1=weighted_f1(true, asked),
    )


def ask_keras(trained: TrainedModel, crops: Sequence[Crop]) -> Floats:
    """Return the calibrated probabilities (n, c) that the Keras model gives."""
    edge = trained.whole.view == "edge"
    pictures = (sobel_edges(to_unit(crop)) if edge else to_unit(crop) for crop in crops)
    pixels = np.stack([picture * np.float32(255) for picture in pictures])
    logits = np.log(np.maximum(trained.model.predict(pixels, verbose=0), TINY))
    return softmax(logits, trained.whole.temperature)


def weighted_f1(true: Labels, said: Floats) -> float:
    """Return the weighted F1 of probabilities (n, c)."""
    return float(f1_score(true, said.argmax(axis=1), average="weighted", zero_division=0.0))


def refuse_loss(compared: ParityReport) -> None:
    """Raise BadModel if a file loses more than MOST_LOST of weighted F1."""
    if compared.lost > MOST_LOST:
        raise BadModel(
            f"{compared.precision} model",
            fault=f"has weighted F1 {compared.weighted_f1:.3f} on {compared.photos} test photos, "
            f"{100 * compared.lost:.1f} points below {compared.keras_f1:.3f}",
            remedy="use a more exact precision, or add --force",
        )


def export_run(
    run: Path, precision: str, *, maps: bool = True, force: bool = False
) -> tuple[bytes, ParityReport | KeykindError]:
    """Return a run's model file, and what comparing it with Keras on the run's test photos gave.

    Or why it could not be compared: the photos are gone, which int8, calibrated on them, cannot do without.
    The card tells the file's own score beside the run's. Raises BadRun, and BadModel for a loss beyond
    MOST_LOST unless `force`.
    """
    trained = read_trained(run)
    try:
        photos = cut_out(run_photos(run), trained)
    except KeykindError as gone:
        if precision == "int8":
            raise
        return make_file(trained, precision, maps=maps), gone
    crops = calibration(photos) if precision == "int8" else []
    data = make_file(trained, precision, crops, maps=maps)
    compared = compare(data, trained, photos.of("test"))
    if not force:
        refuse_loss(compared)
    flatbuffer, card = unpack(data, "the new file")
    own = {"precision": precision, "weighted_f1": compared.weighted_f1, "photos": compared.photos}
    scores = card.about["scores"] | {"file": own}
    return pack(flatbuffer, replace(card, about=card.about | {"scores": scores})), compared
