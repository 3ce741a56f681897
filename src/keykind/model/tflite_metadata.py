"""TFLite's own metadata in a flatbuffer: how other programs, MediaPipe above all, read what it does.

In:    a TFLite flatbuffer without metadata, and its Card
Out:   the same network with a buffer TFLITE_METADATA
Needs: numpy, ai-edge-litert, flatbuffers (which comes with it)

The buffer is a flatbuffer of its own. It names labels.txt, which `model.pack` puts into the file.
Source: TensorFlow Lite metadata schema 1.5.0, identifier M001 (metadata_schema.fbs).
"""

from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as tfl

from keykind import __version__
from keykind.model.card import LABELS, Card
from keykind.model.flatbuffer import IDENTIFIER, read_signature
from keykind.model.model import GRID

NAME = "TFLITE_METADATA"  # of the entry by which other programs find it
AUTHOR = "The keykind authors"
LICENSE = "Apache-2.0"  # where the card's `about` names no other
PARSER = "1.0.0"  # the oldest version of the metadata schema that has all that is used here
ALIGNMENT = 16  # bytes; of weights, as TFLite's schema asks

_METADATA_IDENTIFIER = b"M001"
_FEATURE, _IMAGE = 1, 2  # ContentProperties: numbers without further meaning; a picture
_RGB, _AXIS_LABELS = 1, 2  # ColorSpaceType; AssociatedFileType: a line for each place of the last axis

# The fields of each table, in their order in the schema.
_MODEL = ("name", "description", "version", "subgraphs", "author", "license", "files", "parser")
_GRAPH = ("name", "description", "inputs", "outputs")
_TENSOR = ("name", "description", "dimensions", "content", "units", "stats", "files")
_CONTENT = ("type", "properties")
_IMAGE_PROPERTIES = ("colours",)
_FILE = ("name", "description", "type")

_Table = dict[int, Any]  # slot -> text, one byte, list or table


def with_metadata(flatbuffer: bytes, card: Card) -> bytes:
    """Return the flatbuffer with TFLite's metadata in it; the same arguments give the same bytes.

    What metadata it had is replaced. Outputs that the card does not promise are left out, so that a file
    without maps can be made of one with them. The probabilities become the first output: MediaPipe calls each
    output a head, and most programs ask for the first. Raises BadModel for one that keykind does not run.
    """
    found = [tensor.shape for tensor in read_signature(flatbuffer, "the network").outputs]
    shapes = [shape for shape in _outputs(card) if shape in found]
    metadata = _metadata([_outputs(card)[shape] for shape in shapes], card)
    model = tfl.ModelT.InitFromPackedBuf(flatbuffer)
    graph = model.subgraphs[0]
    graph.outputs = [graph.outputs[found.index(shape)] for shape in shapes]
    for signature in model.signatureDefs or []:
        signature.outputs = [one for one in signature.outputs or [] if one.tensorIndex in graph.outputs]
    model.buffers, model.metadata = model.buffers or [], model.metadata or []
    entry = next((entry for entry in model.metadata if _text(entry.name) == NAME), None)
    if entry is None:
        model.metadata.append(tfl.MetadataT(NAME, len(model.buffers)))
        model.buffers.append(tfl.BufferT())
        entry = model.metadata[-1]
    model.buffers[entry.buffer].data = np.frombuffer(metadata, np.uint8)
    builder = _Aligned(2 * len(flatbuffer))
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


class _Aligned(flatbuffers.Builder):  # type: ignore[misc]  # it has no types
    """A builder whose bytes (weights, above all) begin where processors read them fastest."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803 - theirs
        return super().StartVector(elemSize, numElems, ALIGNMENT if elemSize == 1 else alignment)


def _metadata(outputs: list[_Table], card: Card) -> bytes:
    graph = _table(
        _GRAPH,
        name="keykind",
        description="Tells what kind of key a photo shows.",
        inputs=[_pixels(card)],
        outputs=outputs,
    )
    model = _table(
        _MODEL,
        name="keykind",
        description=f"Tells what kind of key a photo shows: {', '.join(card.kinds)}. More is in card.json.",
        version=__version__,
        subgraphs=[graph],
        author=AUTHOR,
        license=str(card.about.get("licence", LICENSE)),
        parser=PARSER,
    )
    builder = flatbuffers.Builder(1024)
    builder.Finish(_build(builder, model), _METADATA_IDENTIFIER)
    return bytes(builder.Output())


def _pixels(card: Card) -> _Table:
    description = (
        "The photo in RGB, 0 to 255, stretched to the square without crop or padding. All that is made of "
        f"the pixels (view: {card.view}) is in the network."
    )
    content = _table(_CONTENT, type=_IMAGE, properties=_table(_IMAGE_PROPERTIES, colours=_RGB))
    return _table(_TENSOR, name="pixels", description=description, content=content)


def _outputs(card: Card) -> dict[tuple[int, ...], _Table]:
    """Return what is said of each output that the card promises, by shape, in the order of the outputs."""
    kinds, content = len(card.kinds), _table(_CONTENT, type=_FEATURE, properties={})
    file = _table(_FILE, name=LABELS, description="A kind a line.", type=_AXIS_LABELS)
    text = "How probable each kind is; they sum to 1."
    probability = _table(_TENSOR, name="probability", description=text, content=content, files=[file])
    outputs: dict[tuple[int, ...], _Table] = {(1, kinds): probability}
    if card.maps:
        text = "Where in the photo the evidence for each kind stands, 0 or more (Grad-CAM)."
        outputs[1, GRID, GRID, kinds] = _table(_TENSOR, name="maps", description=text, content=content)
    if card.ood_threshold is not None:
        text = "How little the photo looks like the keys that the network has learnt."
        outputs[1, 1] = _table(_TENSOR, name="novelty", description=text, content=content)
    return outputs


def _table(names: tuple[str, ...], **fields: Any) -> _Table:
    return {names.index(name): value for name, value in fields.items()}


def _build(builder: Any, value: _Table | list[_Table] | str) -> int:
    """Write text, a list or a table with all that hangs on it, and return where it stands."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, list):
        places = [_build(builder, item) for item in value]
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return int(builder.EndVector())
    children = {slot: _build(builder, item) for slot, item in value.items() if not isinstance(item, int)}
    builder.StartObject(max(value, default=-1) + 1)
    for slot, item in value.items():
        if isinstance(item, int):
            builder.PrependUint8Slot(slot, item, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, children[slot], 0)
    return int(builder.EndObject())


def _text(name: bytes | str | None) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name or ""
