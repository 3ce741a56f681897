"""Tests of model/tflite_metadata.py: what other programs read in a model file."""

import zipfile
from dataclasses import replace
from io import BytesIO

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter

from keykind import __version__
from keykind.model.model import Model, pack, unpack
from keykind.model.tflite_metadata import NAME, with_metadata
from tiny_model import CARD, KINDS, crops, tiny_model

BARE = replace(CARD, maps=False, ood_threshold=None)


def metadata_of(flatbuffer: bytes) -> bytes:
    model = tfl.ModelT.InitFromPackedBuf(flatbuffer)
    buffers = [entry.buffer for entry in model.metadata if entry.name == NAME.encode()]
    assert len(buffers) == 1
    return bytes(model.buffers[buffers[0]].data)


class Table:
    """A table of the metadata, read by flatbuffers' own reader."""

    def __init__(self, data: bytes, position: int | None = None) -> None:
        start = int.from_bytes(data[:4], "little") if position is None else position
        self.data, self.table = data, flatbuffers.table.Table(data, start)

    def position(self, slot: int) -> int:
        offset = self.table.Offset(4 + 2 * slot)
        return self.table.Pos + offset if offset else 0

    def text(self, slot: int) -> str:
        return self.table.String(self.position(slot)).decode()

    def byte(self, slot: int) -> int:
        return self.data[self.position(slot)]

    def child(self, slot: int) -> "Table":
        return Table(self.data, self.table.Indirect(self.position(slot)))

    def children(self, slot: int) -> list["Table"]:
        if not self.position(slot):
            return []
        start, count = (
            self.table.Vector(self.position(slot) - self.table.Pos),
            self.table.VectorLen(self.position(slot) - self.table.Pos),
        )
        return [Table(self.data, self.table.Indirect(start + 4 * i)) for i in range(count)]


def test_the_metadata_has_its_file_identifier():
    assert metadata_of(with_metadata(tiny_model(KINDS), CARD))[4:8] == b"M001"


def test_the_metadata_has_name_version_author_and_licence():
    model = Table(metadata_of(with_metadata(tiny_model(KINDS), CARD)))
    assert [model.text(slot) for slot in (0, 2, 4, 5)] == [
        "keykind",
        __version__,
        "The keykind authors",
        "Apache-2.0",
    ]
    assert all(kind in model.text(1) for kind in KINDS)


def test_the_licence_is_taken_from_the_card():
    card = replace(CARD, about={"licence": "CC-BY-4.0"})
    assert Table(metadata_of(with_metadata(tiny_model(KINDS), card))).text(5) == "CC-BY-4.0"


def test_the_input_is_an_rgb_picture():
    graph = Table(metadata_of(with_metadata(tiny_model(KINDS), CARD))).children(3)[0]
    (pixels,) = graph.children(2)
    content = pixels.child(3)
    assert pixels.text(0) == "pixels"
    assert (content.byte(0), content.child(1).byte(0)) == (2, 1)  # ImageProperties; RGB


def test_every_output_has_a_name_and_the_probabilities_have_labels():
    graph = Table(metadata_of(with_metadata(tiny_model(KINDS), CARD))).children(3)[0]
    outputs = graph.children(3)
    assert [output.text(0) for output in outputs] == ["probability", "maps", "novelty"]
    files = [[(file.text(0), file.byte(2)) for file in output.children(6)] for output in outputs]
    assert files == [[("labels.txt", 2)], [], []]  # 2: TENSOR_AXIS_LABELS


def test_the_label_file_is_in_the_zip():
    with zipfile.ZipFile(BytesIO(pack(with_metadata(tiny_model(KINDS), CARD), CARD))) as archive:
        assert archive.read("labels.txt").decode().splitlines() == list(KINDS)


def test_the_probabilities_are_the_first_output_as_mediapipe_expects():
    flatbuffer = tiny_model(KINDS)
    reordered = tfl.ModelT.InitFromPackedBuf(flatbuffer)
    reordered.subgraphs[0].outputs = reordered.subgraphs[0].outputs[::-1]
    builder = flatbuffers.Builder(0)
    builder.Finish(reordered.Pack(builder), b"TFL3")
    interpreter = Interpreter(model_content=with_metadata(bytes(builder.Output()), CARD))
    assert interpreter.get_output_details()[0]["shape"].tolist() == [1, len(KINDS)]


def test_outputs_that_the_card_does_not_declare_are_removed():
    flatbuffer, crop = tiny_model(KINDS), crops(1)[0]
    bare, _ = unpack(pack(with_metadata(flatbuffer, BARE), BARE), "bare")
    answer = Model(bare, BARE, "bare").run(crop)
    assert (answer.maps, answer.ood_score) == (None, None)
    np.testing.assert_array_equal(answer.probabilities, Model(flatbuffer, CARD, "a").run(crop).probabilities)


def test_answers_are_the_same_with_and_without_metadata():
    flatbuffer = tiny_model(KINDS)
    models = [Model(flatbuffer, CARD, "without"), Model(with_metadata(flatbuffer, CARD), CARD, "with")]
    for crop in crops(3):
        without, with_ = (model.run(crop) for model in models)
        np.testing.assert_array_equal(without.probabilities, with_.probabilities)
        np.testing.assert_array_equal(without.maps, with_.maps)
        assert without.ood_score == with_.ood_score


def test_the_same_model_gives_the_same_bytes():
    assert with_metadata(tiny_model(KINDS), CARD) == with_metadata(tiny_model(KINDS), CARD)


def test_existing_metadata_is_replaced():
    once = with_metadata(tiny_model(KINDS), replace(CARD, about={"licence": "CC-BY-4.0"}))
    assert with_metadata(once, CARD) == with_metadata(with_metadata(tiny_model(KINDS), CARD), CARD)
    metadata_of(with_metadata(once, CARD))


def test_weights_are_aligned():
    flatbuffer = with_metadata(tiny_model(KINDS), CARD)
    model = tfl.Model.GetRootAs(flatbuffer, 0)
    for i in range(model.BuffersLength()):
        buffer = model.Buffers(i)
        if buffer.DataLength():
            assert buffer._tab.Vector(buffer._tab.Offset(4)) % 16 == 0
