"""TFLite's own metadata in a flatbuffer, for MediaPipe and other programs.

In:    a TFLite flatbuffer without metadata, and its Card
Out:   the same network with a buffer TFLITE_METADATA
Needs: numpy, ai-edge-litert, flatbuffers (installed with it)

The buffer is a flatbuffer itself. It refers to labels.txt, which `model.pack` adds to the file.
Source: TensorFlow Lite metadata schema 1.5.0, identifier M001 (metadata_schema.fbs).
"""

from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as tfl

from keykind import __version__
from keykind.model.card import LABELS, Card
from keykind.model.flatbuffer import read_signature
from keykind.model.interpreter import IDENTIFIER
from keykind.model.model import GRID

NAME = "TFLITE_METADATA"  # of the metadata entry, as TFLite's schema prescribes
AUTHOR = "The keykind authors"
LICENSE = "Apache-2.0"  # unless the card's `about` has another
PARSER = "1.0.0"  # the oldest version of the metadata schema with all fields used here
ALIGNMENT = 16  # bytes; of weights, as TFLite's schema requires

_METADATA_IDENTIFIER = b"M001"
_FEATURE, _IMAGE = 1, 2  # ContentProperties: FeatureProperties, ImageProperties
_RGB, _AXIS_LABELS = 1, 2  # ColorSpaceType; AssociatedFileType: one line per index of the last axis

# The fields of each table, in the order of the schema.
_MODEL = ("name", "description", "version", "subgraphs", "author", "license", "files", "parser")
_GRAPH = ("name", "description", "inputs", "outputs")
_TENSOR = ("name", "description", "dimensions", "content", "units", "stats", "files")
_CONTENT = ("type", "properties")
_IMAGE_PROPERTIES = ("colours",)
_FILE = ("name", "description", "type")

_Table = dict[int, Any]  # slot -> text, byte, list or table


def with_metadata(flatbuffer: bytes, card: Card) -> bytes:
    """Return the flatbuffer with TFLite's metadata; the same arguments give the same bytes.

    Existing metadata is replaced. Outputs that the card does not declare are removed, so that a file without
    maps can be made from one with maps. The probabilities become the first output, which MediaPipe and most
    programs use. Raises BadModel for a network that keykind does not run.
    """
    declared = [tensor.shape for tensor in read_signature(flatbuffer, "the network").outputs]
    shapes = [shape for shape in _outputs(card) if shape in declared]
    metadata = _metadata([_outputs(card)[shape] for shape in shapes], card)
    model = tfl.ModelT.InitFromPackedBuf(flatbuffer)
    graph = model.subgraphs[0]
    graph.outputs = [graph.outputs[declared.index(shape)] for shape in shapes]
    for signature in model.signatureDefs or []:
        signature.outputs = [
            output for output in signature.outputs or [] if output.tensorIndex in graph.outputs
        ]
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


class _Aligned(flatbuffers.Builder):  # type: ignore[misc]  # no type hints
    """A builder that aligns byte vectors, mainly weights, for fast access."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803 - flatbuffers' names
        return super().StartVector(elemSize, numElems, ALIGNMENT if elemSize == 1 else alignment)


def _metadata(outputs: list[_Table], card: Card) -> bytes:
    graph = _table(
        _GRAPH,
        name="keykind",
        description="Classifies the kind of key in a photo.",
        inputs=[_pixels(card)],
        outputs=outputs,
    )
    model = _table(
        _MODEL,
        name="keykind",
        description=f"Classifies the kind of key in a photo: {', '.join(card.kinds)}. See also card.json.",
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
        "The photo in RGB, 0 to 255, stretched to a square without cropping or padding. The network includes "
        f"all further preprocessing (view: {card.view})."
    )
    content = _table(_CONTENT, type=_IMAGE, properties=_table(_IMAGE_PROPERTIES, colours=_RGB))
    return _table(_TENSOR, name="pixels", description=description, content=content)


def _outputs(card: Card) -> dict[tuple[int, ...], _Table]:
    """Return the metadata of each output that the card declares, by shape, in their order."""
    kinds, content = len(card.kinds), _table(_CONTENT, type=_FEATURE, properties={})
    file = _table(_FILE, name=LABELS, description="One kind per line.", type=_AXIS_LABELS)
    text = "The probability of each kind; they sum to 1."
    probability = _table(_TENSOR, name="probability", description=text, content=content, files=[file])
    outputs: dict[tuple[int, ...], _Table] = {(1, kinds): probability}
    if card.maps:
        text = "The evidence for each kind at each position of the photo, 0 or more (Grad-CAM)."
        outputs[1, GRID, GRID, kinds] = _table(_TENSOR, name="maps", description=text, content=content)
    if card.ood_threshold is not None:
        text = "Out-of-distribution score: how unlike the training photos the photo is."
        outputs[1, 1] = _table(_TENSOR, name="novelty", description=text, content=content)
    if card.features is not None:
        text = "The appearance of the photo, to compare it with photos of the same thing."
        outputs[1, 1, 1, card.features] = _table(_TENSOR, name="features", description=text, content=content)
    return outputs


def _table(names: tuple[str, ...], **fields: Any) -> _Table:
    return {names.index(name): value for name, value in fields.items()}


def _build(builder: Any, value: _Table | list[_Table] | str) -> int:
    """Write text, a list, or a table with its children; return its offset."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, list):
        offsets = [_build(builder, item) for item in value]
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
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
