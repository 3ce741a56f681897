"""Tests of model/model.py: any file gives a model or a clear error."""

import json
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as tfl
from hypothesis import given, settings
from hypothesis import strategies as st

from keykind import __version__
from keykind.core.errors import BadModel
from keykind.model.appended_zip import build_zip
from keykind.model.card import labels, write_card
from keykind.model.model import (
    GRID,
    MAX_BYTES,
    SIZE,
    Answer,
    Model,
    _assemble,
    load_model,
    pack,
    unpack,
)
from keykind.photo.decode import RESIZE
from mutations import mutate
from tiny_model import CARD, KINDS, Builder, crops, repack, tiny_bytes, tiny_file, tiny_model

MODEL_FILE = tiny_bytes()
FLATBUFFER, _ = unpack(MODEL_FILE, "intact")


def rejection(data: bytes) -> str:
    with pytest.raises(BadModel) as caught:
        unpack(data, "keys.tflite")
    assert str(caught.value).startswith("keys.tflite: ")
    return caught.value.fault


def load_fault(path: Path) -> str:
    with pytest.raises(BadModel) as caught:
        load_model(path)
    return caught.value.fault


def with_card(change=None, *, text: bytes | None = None, kinds: bytes | None = None) -> bytes:
    """Return the model file with another card.json, in a zip as keykind writes it."""
    entries = json.loads(write_card(CARD, FLATBUFFER, RESIZE))
    if change is not None:
        change(entries)
    card_json = (json.dumps(entries, indent=2, ensure_ascii=False) + "\n").encode() if text is None else text
    members = {"labels.txt": labels(CARD) if kinds is None else kinds, "card.json": card_json}
    return FLATBUFFER + build_zip(members, len(FLATBUFFER))


def tiny(**card) -> Model:
    card = replace(CARD, **card)
    return Model(tiny_model(KINDS, maps=card.maps), card, "tiny")


def equal(answer: Answer, other: Answer) -> bool:
    arrays = zip((answer.probabilities, answer.maps), (other.probabilities, other.maps), strict=True)
    return all(np.array_equal(a, b) for a, b in arrays) and answer.ood_score == other.ood_score


# Valid files


def test_a_packed_model_is_loaded(tmp_path):
    model = load_model(tiny_file(tmp_path / "keys.tflite"))
    assert model.card == CARD
    assert model.name == str(tmp_path / "keys.tflite")


def test_an_answer_has_probabilities_maps_and_an_ood_score(tmp_path):
    answer = load_model(tiny_file(tmp_path / "keys.tflite")).run(crops(1)[0])
    assert answer.probabilities.shape == (len(KINDS),)
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert answer.maps.shape == (GRID, GRID, len(KINDS))
    assert answer.maps.min() >= 0
    assert isinstance(answer.ood_score, float)


@pytest.mark.parametrize("maps", [True, False])
def test_the_answer_for_a_key_crop_is_the_mean_with_its_mirror_image(maps):
    model = tiny(maps=maps, crop="key")
    crop = crops(1)[0]
    answer, original, mirrored = model.predict([crop])[0], model.run(crop), model.run(crop[::-1].copy())
    means = [(original.probabilities + mirrored.probabilities) / 2, answer.probabilities]
    assert np.array_equal(*means)
    assert answer.ood_score == (original.ood_score + mirrored.ood_score) / 2
    if maps:
        assert np.array_equal(answer.maps, (original.maps + mirrored.maps[::-1]) / 2)
        assert np.allclose(answer.maps, original.maps)  # this network processes each square on its own
    else:
        assert answer.maps is None


@pytest.mark.parametrize(
    ("probability", "ood_score", "runs"), [(0.95, 0.1, 1), (0.85, 0.1, 2), (0.95, 0.99, 2), (0.95, None, 1)]
)
def test_the_mirror_image_of_a_certain_key_is_not_run(probability, ood_score, runs, monkeypatch):
    model = tiny(crop="key", ood_threshold=1.0)
    seen = []

    def run(self, crop):
        seen.append(crop)
        rest = np.full(len(KINDS) - 1, (1 - probability) / (len(KINDS) - 1))
        return Answer(np.array([probability, *rest]), None, ood_score)

    monkeypatch.setattr(Model, "run", run)
    (answer,) = model.predict([crops(1)[0]])
    assert len(seen) == runs
    assert answer.probabilities[0] == pytest.approx(probability)


def test_a_whole_photo_is_run_once():
    model, crop = tiny(crop="whole"), crops(1)[0]
    assert equal(*model.predict([crop]), model.run(crop))


@pytest.mark.parametrize("kinds", [("a", "b"), tuple(f"kind {i}" for i in range(60)), ("Schlüssel", "鍵")])
@pytest.mark.parametrize("maps", [True, False])
@pytest.mark.parametrize("ood_threshold", [None, 0.5])
def test_any_number_of_kinds_with_or_without_maps_and_ood_score(kinds, maps, ood_threshold, tmp_path):
    path = tiny_file(tmp_path / "keys.tflite", kinds=kinds, maps=maps, ood_threshold=ood_threshold)
    answer = load_model(path).run(crops(1)[0])
    assert answer.probabilities.shape == (len(kinds),)
    assert (answer.maps is not None, answer.ood_score is not None) == (maps, ood_threshold is not None)


def test_a_network_may_output_an_ood_score_without_a_threshold_in_the_card():
    card = replace(CARD, ood_threshold=None)
    flatbuffer, _ = unpack(pack(tiny_model(KINDS, ood_score=True), card), "a")
    assert isinstance(Model(flatbuffer, card, "a").run(crops(1)[0]).ood_score, float)


def test_different_crops_get_different_answers():
    model = Model(FLATBUFFER, CARD, "a")
    answers = [tuple(model.run(crop).probabilities) for crop in crops(5)]
    assert len(set(answers)) == 5


def test_threads_share_a_model():
    model, many = Model(FLATBUFFER, CARD, "a"), crops(24)
    sequential = [model.run(crop) for crop in many]
    with ThreadPoolExecutor(4) as pool:
        assert all(map(equal, sequential, pool.map(model.run, many)))


def test_an_answer_is_not_overwritten_by_the_next_run():
    model, (first, second) = Model(FLATBUFFER, CARD, "a"), crops(2)
    answer = model.run(first)
    maps = answer.maps.copy()
    model.run(second)
    np.testing.assert_array_equal(answer.maps, maps)


@pytest.mark.parametrize(
    "crop",
    [np.zeros((SIZE, SIZE), np.uint8), np.zeros((1, SIZE, SIZE, 3), np.uint8), np.zeros((SIZE, SIZE, 3))],
)
def test_a_crop_of_another_shape_raises(crop):
    with pytest.raises(ValueError, match=r"expected a crop \(224, 224, 3\) uint8"):
        Model(FLATBUFFER, CARD, "a").run(crop)


def test_the_same_model_gives_the_same_bytes():
    assert tiny_bytes() == MODEL_FILE


def test_the_card_can_be_read_with_any_zip_program():
    with zipfile.ZipFile(BytesIO(MODEL_FILE)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["labels.txt", "card.json"]
        assert archive.read("labels.txt").decode().splitlines() == list(KINDS)
        card = json.loads(archive.read("card.json"))
    assert (card["schema"], card["keykind"], card["size"], card["resize"]) == (1, __version__, SIZE, RESIZE)
    assert card["kinds"] == list(KINDS)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"kinds": KINDS[:3]}, "needs"),
        ({"maps": False}, "needs"),
        ({"kinds": ("a", "a", "b", "c")}, "kinds cannot be"),
        ({"kinds": ("a",)}, "kinds cannot be"),
        ({"kinds": ("a\nb", "c")}, "kinds cannot be"),
        ({"kinds": ("", "c")}, "kinds cannot be"),
        ({"precision": "fp8"}, "precision cannot be"),
        ({"crop": "half"}, "crop cannot be"),
        ({"view": "negative"}, "view cannot be"),
        ({"temperature": 0.0}, "temperature cannot be"),
        ({"temperature": float("nan")}, "cannot represent this card"),
        ({"confidence_threshold": 1.5}, "least_probability cannot be"),
        ({"confidence_threshold": True}, "least_probability cannot be"),
        ({"ood_threshold": 1e300}, "most_novelty cannot be"),
        ({"about": {"data": object()}}, "cannot represent this card"),
        ({"about": {"data": "\ud800"}}, "cannot represent this card"),
    ],
)
def test_an_invalid_card_is_not_written(changes, fault):
    with pytest.raises(BadModel, match=fault):
        pack(FLATBUFFER, replace(CARD, **changes))


def test_a_card_with_an_ood_threshold_needs_a_network_with_an_ood_score():
    with pytest.raises(BadModel, match="needs"):
        pack(tiny_model(KINDS, ood_score=False), CARD)


# Damaged files


def test_a_truncated_file_is_rejected():
    for count in np.linspace(0, len(MODEL_FILE) - 1, 50).astype(int):
        assert rejection(MODEL_FILE[:count])


def test_a_flipped_bit_is_detected_or_changes_nothing():
    rng = np.random.default_rng(0)
    model, crop = Model(FLATBUFFER, CARD, "a"), crops(1)[0]
    for position in rng.choice(len(MODEL_FILE), 500, replace=False):
        changed = bytearray(MODEL_FILE)
        changed[position] ^= 1 << int(rng.integers(8))
        try:
            flatbuffer, card = unpack(bytes(changed), "changed")
        except BadModel:
            continue
        assert card == CARD
        assert equal(Model(flatbuffer, card, "changed").run(crop), model.run(crop))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_mutated_files_are_rejected(seed):
    data = mutate(MODEL_FILE, np.random.default_rng(seed))
    if data != MODEL_FILE:
        rejection(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_rejected(data):
    rejection(data)
    rejection(data[:4] + b"TFL3" + data[8:])
    rejection(FLATBUFFER + data)


def test_mutated_networks_with_valid_hashes_never_crash(tmp_path):
    """In a separate process, which LiteRT could crash."""
    script = """
import sys
import numpy as np
from keykind.core.errors import BadModel
from keykind.model.model import Model, unpack
from mutations import mutate_and_seal
from tiny_model import CARD, Builder, crops, tiny_bytes
flatbuffer, _ = unpack(tiny_bytes(), "intact")
rng, crop, answered = np.random.default_rng(0), crops(1)[0], 0
for _ in range(400):
    try:
        answer = Model(*unpack(mutate_and_seal(flatbuffer, CARD, rng), "forged"), "forged").run(crop)
        assert np.isfinite(answer.probabilities).all()
        answered += 1
    except BadModel:
        pass
print(answered)
"""
    paths = os.pathsep.join([str(Path(__file__).parents[1] / "support"), *sys.path])
    command = [sys.executable, "-c", script]
    process = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    assert 0 < int(process.stdout) < 400  # some mutations change names or weights, which is valid
    assert not process.stderr


# Other files


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "not a model file"),
        (b"key", "not a model file"),
        (b"Plain text, but a lot of it: " * 100, "starts with 'Plain text, but '"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a model file"),
        (FLATBUFFER, "has no card at its end"),
        (FLATBUFFER + bytes(1000), "has no card at its end"),
    ],
    ids=["empty", "short", "text", "PNG", "no card", "zeros for a card"],
)
def test_other_files_are_not_model_files(data, fault):
    assert fault in rejection(data)


def zipfile_of(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


CARD_JSON = write_card(CARD, FLATBUFFER, RESIZE)


def test_a_zip_alone_is_no_model_file():
    assert "not a model file" in rejection(zipfile_of({"labels.txt": labels(CARD), "card.json": CARD_JSON}))


@pytest.mark.parametrize(
    "members",
    [
        {"labels.txt": labels(CARD)},
        {"card.json": CARD_JSON},
        {"card.json": CARD_JSON, "labels.txt": labels(CARD)},
        {"labels.txt": labels(CARD), "card.json": CARD_JSON, "extra.txt": b"extra"},
        {"labels.txt": labels(CARD), "../card.json": CARD_JSON},
    ],
    ids=["no card", "no labels", "swapped", "extra member", "other folder"],
)
def test_a_zip_with_other_members_is_rejected(members):
    rejection(FLATBUFFER + zipfile_of(members))
    rejection(FLATBUFFER + build_zip(members, len(FLATBUFFER)))


def test_a_zip_bomb_is_not_decompressed():
    members = {"labels.txt": labels(CARD), "card.json": b" " * 50_000_000}
    assert "compressed" in rejection(FLATBUFFER + zipfile_of(members, zipfile.ZIP_DEFLATED))


def test_a_zip_of_many_members_is_rejected_quickly():
    members = {"labels.txt": labels(CARD), "card.json": CARD_JSON} | {f"{i}": b"" for i in range(10_000)}
    start = time.process_time()
    rejection(FLATBUFFER + build_zip(members, len(FLATBUFFER)))
    assert time.process_time() - start < 10


def test_two_zips_are_rejected():
    rejection(MODEL_FILE + build_zip({"labels.txt": labels(CARD), "card.json": CARD_JSON}, len(MODEL_FILE)))
    rejection(_assemble(MODEL_FILE, CARD)[: len(MODEL_FILE)] + MODEL_FILE[len(FLATBUFFER) :])


def test_bytes_after_the_zip_are_rejected():
    rejection(MODEL_FILE + b"x")
    rejection(MODEL_FILE[:-2] + b"\x01\x00x")  # as the zip's comment


def test_a_damaged_network_does_not_match_its_hash():
    changed = bytearray(FLATBUFFER)
    changed[len(changed) // 2] ^= 1
    members = {"labels.txt": labels(CARD), "card.json": CARD_JSON}
    assert "sha256" in rejection(bytes(changed) + build_zip(members, len(changed)))


def test_labels_that_differ_from_the_kinds_are_rejected():
    assert "labels.txt" in rejection(with_card(kinds=b"mortice\ndimple\nlaser_track\ncylinder\n"))


# Cards


def test_a_file_of_a_newer_schema_raises_with_both_versions():
    def change(entries):
        entries.update(schema=3, keykind="9.1.0", size=[448, 448], new="entry")

    with pytest.raises(BadModel) as caught:
        unpack(with_card(change), "keys.tflite")
    assert "was written by keykind 9.1.0, schema 3; this version reads 2" in str(caught.value)
    assert "pip install -U keykind" in caught.value.remedy


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 0),
        ("schema", "1"),
        ("schema", True),
        ("kinds", ["a", "a", "b", "c"]),
        ("kinds", [1, 2, 3, 4]),
        ("kinds", ["a", None, "b", "c"]),
        ("kinds", "abcd"),
        ("kinds", ["a", "b\x00", "c", "d"]),
        ("kinds", ["a", "b" * 10_000, "c", "d"]),
        ("kinds", [f"{i}" for i in range(50_000)]),
        ("kinds", {"a": 1}),
        ("kinds", []),
        ("precision", ["fp32"]),
        ("precision", None),
        ("crop", 7),
        ("view", 7),
        ("temperature", -1.0),
        ("temperature", "1.0"),
        ("temperature", 10**400),
        ("temperature", None),
        ("least_probability", -0.1),
        ("most_novelty", [1.0]),
        ("maps", 1),
        ("about", []),
        ("size", 224.0),
        ("size", 448),
        ("resize", "nearest"),
        ("sha256", None),
        ("labels_sha256", "0" * 64),
        ("keykind", 1),
    ],
)
def test_a_card_with_an_invalid_entry_is_rejected(key, value):
    assert rejection(with_card(lambda entries: entries.update({key: value})))


@pytest.mark.parametrize("key", list(json.loads(CARD_JSON)))
def test_a_card_with_a_missing_entry_is_rejected(key):
    assert key in rejection(with_card(lambda entries: entries.pop(key)))


def test_a_card_with_an_unknown_entry_is_rejected():
    assert "surprise" in rejection(with_card(lambda entries: entries.update(surprise=1)))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe{}",
        b"{" * 100_000,
        b"[" * 500_000,
        CARD_JSON.replace(b": 1.0", b": NaN"),
        CARD_JSON.replace(b": 1.0", b": 1e999"),
        CARD_JSON.replace(b": 1.0", b": " + b"9" * 10_000),
        CARD_JSON.replace(b'"maps": true', b'"maps": false,\n  "maps": true'),
        CARD_JSON.replace(b'"about": {', b'"about": {"deep": ' + b"[" * 5000 + b"]" * 5000 + b", "),
        CARD_JSON.replace(b"Apache-2.0", b"\\ud800"),
        CARD_JSON.replace(b"\n", b"\r\n"),
        CARD_JSON[:-10],
    ],
)
def test_a_card_in_any_other_form_is_rejected(text):
    assert "card" in rejection(with_card(text=text))


# Networks


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda graph: setattr(graph.tensors[0], "shape", [1, 448, 448, 3]), "CAST"),
        (lambda graph: setattr(graph, "inputs", []), "not written"),
        (lambda graph: setattr(graph, "outputs", graph.outputs[1:]), "needs"),
        (lambda graph: setattr(graph, "outputs", [*graph.outputs, graph.outputs[0]]), "needs"),
        (lambda graph: setattr(graph, "outputs", [0, *graph.outputs[1:]]), "needs"),
    ],
)
def test_a_network_with_other_inputs_or_outputs_is_rejected(change, fault):
    flatbuffer = repack(FLATBUFFER, lambda model: change(model.subgraphs[0]))
    assert fault in rejection(_assemble(flatbuffer, CARD))


def test_a_network_with_other_kinds_than_the_card_is_rejected():
    fault = rejection(_assemble(tiny_model(("a", "b", "c")), CARD))
    assert "outputs float32 [1, 3], " in fault
    assert "card of 4 kinds needs float32 [1, 4]" in fault


def test_a_network_that_litert_rejects_is_a_bad_model(tmp_path, capfd):
    def change(model):
        model.subgraphs[0].operators[2].builtinOptions.strideW = 0

    path = tmp_path / "keys.tflite"
    path.write_bytes(_assemble(repack(FLATBUFFER, change), CARD))
    assert "cannot be run" in load_fault(path)
    assert not capfd.readouterr().err


def test_a_wrong_shape_that_only_litert_detects_is_a_bad_model():
    """It would allocate any amount of memory: here a gigabyte."""
    net = Builder()
    pixels = net.tensor("pixels", (1, SIZE, SIZE, 3), tfl.TensorType.UINT8)
    cast = tfl.CastOptionsT(inDataType=tfl.TensorType.UINT8, outDataType=tfl.TensorType.INT32)
    integers = net.apply(53, [pixels], (1, SIZE, SIZE, 3), cast, tfl.TensorType.INT32)
    padding = net.constant(np.int32([[0, 0], [4500, 4500], [4500, 4500], [0, 0]]))
    padded = net.apply(34, [integers, padding], (1, GRID, GRID, 3), tfl.PadOptionsT(), tfl.TensorType.INT32)
    cast = tfl.CastOptionsT(inDataType=tfl.TensorType.INT32, outDataType=tfl.TensorType.FLOAT32)
    mean = net.apply(
        40,
        [net.apply(53, [padded], (1, GRID, GRID, 3), cast), net.constant(np.int32([1, 2]))],
        (1, 3),
        tfl.ReducerOptionsT(),
    )
    softmax = net.apply(25, [mean], (1, 3), tfl.SoftmaxOptionsT(beta=1.0))
    card = replace(CARD, kinds=("a", "b", "c"), maps=False, ood_threshold=None)
    data = _assemble(net.flatbuffer([pixels], [softmax]), card)
    with pytest.raises(
        BadModel, match=r"a tensor of shape \[1, 9224, 9224, 3\] is declared as \[1, 7, 7, 3\]"
    ):
        Model(*unpack(data, "a"), "a")


CARD_WITHOUT_MAPS = replace(CARD, maps=False)


def test_invalid_probabilities_are_a_bad_model():
    def change(model):
        for buffer in model.buffers[1:]:
            if buffer.data is not None and len(buffer.data) == 48:  # the dense layer
                buffer.data = np.frombuffer(np.full(12, np.nan, np.float32).tobytes(), np.uint8)

    flatbuffer, card = unpack(_assemble(repack(tiny_model(KINDS, False), change), CARD_WITHOUT_MAPS), "a")
    with pytest.raises(BadModel, match="not probabilities"):
        Model(flatbuffer, card, "a").run(crops(1)[0])


# Paths


def test_a_path_may_be_text(tmp_path):
    assert load_model(str(tiny_file(tmp_path / "keys.tflite"))).card == CARD


def test_a_folder_and_a_missing_file_raise(tmp_path):
    assert "is a folder" in load_fault(tmp_path)
    assert "No such file" in load_fault(tmp_path / "none.tflite")
    assert "Not a directory" in load_fault(tiny_file(tmp_path / "keys.tflite") / "below.tflite")
    assert "cannot be read" in load_fault(Path("a\0b"))


def test_a_pipe_does_not_block(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in load_fault(tmp_path / "pipe")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "keys.tflite"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    assert f"more than the limit of {MAX_BYTES:,}" in load_fault(path)


def test_loading_imports_no_heavy_library():
    script = "import sys, keykind.model.model; print([name for name in sys.modules if name in FORBIDDEN])"
    forbidden = ("keras", "tensorflow", "matplotlib")
    command = [sys.executable, "-c", script.replace("FORBIDDEN", repr(forbidden))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"
