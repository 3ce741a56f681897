"""What a model file is, for people and for programs.

In:    a .tflite file that keykind wrote; any other file gives an error that says what it is
Out:   Description: its card, its network's inputs and outputs, size and hashes
Needs: numpy, pillow, ai-edge-litert, flatbuffers (installed with it)
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from keykind.core.errors import BadModel, printable
from keykind.core.files import READ_ERRORS
from keykind.model import shipped
from keykind.model.card import CARD, JSON_NAMES, KEY, WHOLE, Card
from keykind.model.flatbuffer import read_interface
from keykind.model.interpreter import IDENTIFIER
from keykind.model.model import read_model_file, unpack

RUN_MODEL = "keys.tflite"  # of a run's folder
PARTS = {shipped.DETECTOR: "detector", shipped.REFINER: "refiner"}  # of keykind: networks without a card
HEADING_WIDTH = 13  # characters
LISTED = 60  # classes in the text; the JSON has all
CROPS = {
    KEY: "one key, aligned, its head left and its tip right",
    WHOLE: "a whole photo, stretched to a square",
}  # crop -> what the network takes
PREPROCESSING = {"plain": "none before the network", "edge": "Sobel edges, within the network"}  # by view
MB = 1_000_000  # bytes
SCORES = {"weighted_f1": "weighted F1", "macro_f1": "macro F1", "accuracy": "accuracy"}  # -> as text


@dataclass(frozen=True, slots=True)
class Description:
    """A model file that keykind wrote."""

    path: str
    size: int  # bytes
    sha256: str  # of the file
    is_bundled: bool  # whether it is the model that comes with this version of keykind
    keykind: str  # version that wrote it
    card: Card
    inputs: tuple[str, ...]  # e.g. "uint8 [1, 224, 224, 3]"
    outputs: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values: the entries of card.json, and what the file says beside it."""
        entries = {JSON_NAMES.get(name, name): value for name, value in asdict(self.card).items()}
        return {
            "file": {
                "path": self.path,
                "bytes": self.size,
                "sha256": self.sha256,
                "bundled": self.is_bundled,
                "inputs": self.inputs,
                "outputs": self.outputs,
            },
            "keykind": self.keykind,
            "of_keys": self.card.of_keys,
            **entries,
        }

    def lines(self) -> Iterator[str]:
        """Yield the description as text: a heading and its content on each line."""
        about = self.card.about
        yield self.path
        for heading, content in (
            ("classes", self._classes()),
            ("takes", f"{CROPS[self.card.crop]}: {', '.join(self.inputs)}, RGB"),
            ("gives", self._outputs()),
            ("precision", self.card.precision),
            ("preprocessing", PREPROCESSING[self.card.view]),
            ("thresholds", self._thresholds()),
            *_scores(_mapping(about.get("scores"))),
            *self._photos(),
            ("training", _training(about)),
            ("weights from", _text(about.get("weights"))),
            ("date", _text(about.get("date"))),
            ("licence", _text(about.get("licence"))),
            ("written by", f"keykind {self.keykind}{', bundled with this version' * self.is_bundled}"),
            (
                "size",
                f"{self.size / 1e6:.1f} MB ({self.size:,} bytes)"
                if self.size > MB
                else f"{self.size:,} bytes",
            ),
            ("sha256", self.sha256),
        ):
            yield f"{heading:<{HEADING_WIDTH}}  {content}"

    def _classes(self) -> str:
        kinds, noun = self.card.kinds, "kinds of keys" if self.card.of_keys else "classes"
        more = f" and {len(kinds) - LISTED} more" if len(kinds) > LISTED else ""
        return f"{len(kinds)} {noun}: {', '.join(kinds[:LISTED])}{more}"

    def _outputs(self) -> str:
        names = {f"[1, {len(self.card.kinds)}]": "probabilities", "[1, 1]": "out-of-distribution score"}
        described = []
        for output in self.outputs:
            shape = output.partition(" ")[2]
            is_features = shape == f"[1, 1, 1, {self.card.features}]"
            name = "features" if is_features else names.get(shape, "class maps (Grad-CAM)")
            described.append(f"{name} {output}")
        return ", ".join(described)

    def _thresholds(self) -> str:
        card, rejected = self.card, "not a key" if self.card.of_keys else "none of the classes"
        unsure = f"not sure below a probability of {card.confidence_threshold:.2f}"
        if card.ood_threshold is None:
            return unsure
        return (
            f"{unsure}, or at an out-of-distribution score of about {card.ood_threshold:.3g}; "
            f"{rejected} well above that score"
        )

    def _photos(self) -> Iterator[tuple[str, str]]:
        """Yield the photos of each split by class. Runs of `keykind train` list the splits of each class."""
        splits: dict[str, dict[str, int]] = {}
        for outer, counts in _mapping(self.card.about.get("photos")).items():
            for inner, count in _mapping(counts).items():
                split, kind = (inner, outer) if outer in self.card.kinds else (outer, inner)
                if isinstance(count, int):
                    splits.setdefault(split, {})[kind] = count
        for split, by_kind in splits.items():
            listed = ", ".join(
                f"{printable(kind)} {count:,}" for kind, count in list(by_kind.items())[:LISTED]
            )
            yield printable(split)[:HEADING_WIDTH], f"{_counted(sum(by_kind.values()))}: {listed}"


def describe_model(path: str | Path) -> Description:
    """Return what a model file is; of a run's folder, its model.

    Raises BadModel for any other file; of a TFLite file, the error says what its network takes and gives.
    """
    path = Path(path)
    if path.is_dir() and (path / RUN_MODEL).is_file():
        path = path / RUN_MODEL
    data = read_model_file(path)
    digest = hashlib.sha256(data).hexdigest()
    try:
        _, card = unpack(data, path)
    except BadModel as error:
        raise _foreign(data, path, digest, error) from error
    with zipfile.ZipFile(BytesIO(data)) as archive:  # as `pack` writes it, or `unpack` had failed
        version = json.loads(archive.read(CARD))["keykind"]
    is_bundled = shipped.is_bundled(shipped.CLASSIFIER, digest)
    return Description(printable(path), len(data), digest, is_bundled, version, card, *read_interface(data))


def _foreign(data: bytes, path: Path, digest: str, error: BadModel) -> BadModel:
    """Return the error for a file that is no model of keykind, with what can be said of it."""
    for name, part in PARTS.items():
        if shipped.is_bundled(name, digest):
            fault = f"is keykind's {part}, which finds keys and knows no classes, so it has no card"
            return BadModel(path, fault=fault, remedy="give a model file, such as a run's keys.tflite")
    if path.suffix.lower() == ".onnx":
        fault = f"is an ONNX file; its card and labels are in its metadata ({len(data):,} bytes)"
        return BadModel(path, fault=fault, remedy="give the .tflite file that was exported with it")
    inputs, outputs = read_interface(data) if data[4:8] == IDENTIFIER else ((), ())
    if not outputs:
        return error
    network = f"its network takes {', '.join(inputs) or 'nothing'} and gives {', '.join(outputs)}"
    return BadModel(path, fault=f"{error.fault}; {network}{_labels(data)}", remedy=error.remedy)


def _labels(data: bytes) -> str:
    """Return what the files that MediaPipe appends to a network say about its classes."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = [info.filename for info in archive.infolist()]
    except READ_ERRORS:
        return ""
    return f", and it holds {', '.join(map(printable, names[:3]))}" if names else ""


def _scores(scores: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the scores on test photos with their intervals, and those of this file."""
    intervals = _mapping(scores.get("interval"))
    texts = [
        f"{name} {scores[key]:.3f}{_interval(intervals.get(key))}"
        for key, name in SCORES.items()
        if isinstance(scores.get(key), int | float)
    ]
    yield "scores", ", ".join(texts) or "not recorded"
    file = _mapping(scores.get("file"))
    if isinstance(file.get("weighted_f1"), int | float):
        photos = f" on {_counted(file['photos'])}" if isinstance(file.get("photos"), int) else ""
        yield "this file", f"weighted F1 {file['weighted_f1']:.3f}{photos}"


def _training(about: Mapping[str, Any]) -> str:
    """Return how the model was trained; `--json` has every choice."""
    recipe = _mapping(about.get("recipe"))
    parts = [f"recipe {_text(recipe[name])}" for name in ("name",) if name in recipe]
    parts += [f"{name} {_text(recipe[name])}" for name in ("backbone", "epochs") if name in recipe]
    parts += [f"seed {_text(about['seed'])}"] if "seed" in about else []
    return ", ".join(parts) or "not recorded"


def _interval(bounds: Any) -> str:
    match bounds:
        case [int() | float() as low, int() | float() as high]:
            return f" [{low:.3f}, {high:.3f}]"
    return ""


def _counted(photos: int) -> str:
    return f"{photos:,} photo{'s' * (photos != 1)}"


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping of the card's `about`, which may hold anything; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return (
        printable(str(value))[:200]
        if isinstance(value, str | int | float) and value != ""
        else "not recorded"
    )
