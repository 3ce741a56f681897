"""Model file -> ONNX.

In:    the bytes of a model file
Out:   the bytes of an ONNX file with the same input, outputs, card and labels
Needs: tf2onnx, onnx [onnx]; tensorflow                                                    [train]
"""

import logging
import tempfile
from pathlib import Path

import onnx

from keykind.core.errors import BadModel
from keykind.core.quiet import quiet
from keykind.model.card import CARD, LABELS, labels, write_card
from keykind.model.model import unpack
from keykind.photo.decode import RESIZE
from keykind.train import backend  # noqa: F401 - imports TensorFlow quietly, before tf2onnx does

with quiet():
    import tf2onnx

OPSET = 17  # from 2022, supported by every current runtime
INPUT = "pixels"
OUTPUTS = {2: "probabilities", 4: "maps"}  # by rank, others than these:
SPECIAL = {(1, 1): "novelty", (1, 1, 1): "features"}  # by the beginning of the shape


def to_onnx(data: bytes) -> bytes:
    """Return an fp32 model file as ONNX: uint8 (1, 224, 224, 3) -> probabilities, maps, novelty, features.

    Its metadata contains labels.txt and card.json. Raises BadModel for another precision, because ONNX
    runtimes round differently.
    """
    flatbuffer, card = unpack(data, "the model")
    if card.precision != "fp32":
        fault = f"is {card.precision}, but only fp32 can be converted to ONNX"
        raise BadModel("the model", fault=fault, remedy="export it in fp32")
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, quiet():
        path = Path(folder) / "keys.tflite"
        path.write_bytes(data)
        model, _ = tf2onnx.convert.from_tflite(str(path), opset=OPSET)
    _rename(model.graph)
    texts = {LABELS: labels(card), CARD: write_card(card, flatbuffer, RESIZE)}
    onnx.helper.set_model_props(model, {name: text.decode() for name, text in texts.items()})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _rename(graph: onnx.GraphProto) -> None:
    names = {graph.input[0].name: INPUT}
    for output in graph.output:
        shape = [axis.dim_value for axis in output.type.tensor_type.shape.dim]
        names[output.name] = SPECIAL.get(tuple(shape[:3]), OUTPUTS[len(shape)])
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
