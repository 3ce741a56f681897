"""Trained models -> the files bundled with keykind.

In:    a finished run and the weights that its training started from; model files of the detector's stages; a
       head of features; a decision
Out:   models/: detector.tflite; keys.tflite, refiner.tflite and segmenter.tflite with int8 weights; the
       backbone's folded weights as float16; models.json with their hashes and the decision
Needs: keras, tensorflow                                                                   [train]
"""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from keykind.core.errors import BadModel, BadWeights
from keykind.detect.detector import load_detector
from keykind.detect.refiner import Refiner
from keykind.detect.segmenter import Segmenter
from keykind.export.export import Exported, ExportOptions, export_model
from keykind.export.features_output import with_features
from keykind.export.from_run import load_trained_model
from keykind.export.int8_weights import quantise_weights
from keykind.model.feature_head import load_head
from keykind.model.model import pack, unpack
from keykind.model.shipped import (
    CLASSIFIER,
    DETECTOR,
    FOLDER,
    REFINER,
    SEGMENTER,
    Arrays,
    has_model,
    load_decision,
    read_decision,
    read_model,
    write_arrays,
    write_decision,
    write_model,
)
from keykind.model.tflite_metadata import with_metadata
from keykind.train.backbone import Backbone, load_backbone
from keykind.train.bn_folding import fold, folded_arrays


def ship_classifier(run: str | Path, initial_weights: str, out: str | Path = FOLDER) -> tuple[Exported, Path]:
    """Bundle a run's classifier and its backbone's weights; return the exported model and the weights' path.

    initial_weights: those that the training started from, as for `load_backbone`.
    Raises BadRun, BadModel, and BadWeights if any tensor is still the same, folded and rounded to float16.
    """
    backbone = load_trained_model(run).inference.backbone
    if backbone.architecture != "mobilenet_v2":
        fault = f"has the backbone {backbone.architecture}, from whose weights users' training cannot start"
        raise BadWeights(run, fault=fault, remedy="bundle a run of mobilenet_v2")
    arrays = _folded(backbone)
    # Either scaling may have been folded into the first kernel; keykind's own weights have one.
    for scaling in ("unit",) if initial_weights == "keykind" else ("unit", "native"):
        before = _folded(load_backbone("mobilenet_v2", initial_weights, scaling=scaling, seed=0))
        if same := unchanged(arrays, before):
            fault = f"{len(same)} of {len(arrays)} tensors were not trained, the first is {same[0]}"
            raise BadWeights(run, fault=fault, remedy="train all layers: keykind train --recipe default")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, CLASSIFIER)
        options = ExportOptions("int8", mediapipe=False, out=file, force=False, calibrate=False)
        exported = export_model(Path(run), options)
        model = write_model(CLASSIFIER, exported.path.read_bytes(), Path(out))
    return Exported(model, exported.size, exported.parity), write_arrays(arrays, Path(out))


def ship_features(file: str | Path, out: str | Path = FOLDER) -> Path:
    """Give the bundled classifier the features of a head and return its path. Raises BadModel.

    Its answers stay the same, so a decision that was fitted to it is kept.
    """
    before = read_model(CLASSIFIER, out)
    flatbuffer, card = unpack(before, CLASSIFIER)
    flatbuffer, count = with_features(flatbuffer, load_head(Path(file)))
    card = replace(card, features=count)
    data = pack(with_metadata(flatbuffer, card), card)
    path, decision = write_model(CLASSIFIER, data, Path(out)), read_decision(out)
    if decision is not None and decision.classifier == hashlib.sha256(before).hexdigest():
        write_decision(replace(decision, classifier=hashlib.sha256(data).hexdigest()), out)
    return path


def ship_detector(file: str | Path, out: str | Path = FOLDER) -> Path:
    """Bundle a detector's model file, int8 since its training, and return its new path. Raises BadModel."""
    load_detector(Path(file))
    return write_model(DETECTOR, Path(file).read_bytes(), Path(out))


def ship_refiner(file: str | Path, out: str | Path = FOLDER) -> Path:
    """Bundle a refiner's model file, its weights as int8, and return its new path. Raises BadModel."""
    Refiner.load(file)
    return write_model(REFINER, quantise_weights(Path(file).read_bytes()), Path(out))


def ship_segmenter(file: str | Path, out: str | Path = FOLDER) -> Path:
    """Bundle a segmenter's model file, its weights as int8, and return its new path. Raises BadModel."""
    Segmenter.load(file)
    return write_model(SEGMENTER, quantise_weights(Path(file).read_bytes()), Path(out))


def ship_decision(file: str | Path, out: str | Path = FOLDER) -> Path:
    """Bundle a decision and return the path of the index, which holds it.

    Raises BadModel if it was fitted to other models than those that are bundled.
    """
    decision = load_decision(file)
    stages = [DETECTOR, *([REFINER] if has_model(REFINER, out) else [])]
    for names, digest in (([CLASSIFIER], decision.classifier), (stages, decision.detector)):
        if "".join(hashlib.sha256(read_model(name, out)).hexdigest() for name in names) != digest:
            fault = f"was fitted to another {' or '.join(names)} than the bundled one"
            raise BadModel(file, fault=fault, remedy="bundle that one first, or fit the decision again")
    return write_decision(decision, out)


def unchanged(arrays: Arrays, before: Arrays) -> list[str]:
    """Return the names of the arrays, other than scalars, that are equal in float16."""
    return [
        name
        for name, array in arrays.items()
        if array.size > 1 and np.array_equal(array.astype(np.float16), before[name].astype(np.float16))
    ]


def _folded(backbone: Backbone) -> Arrays:
    return folded_arrays(fold(backbone))
