"""Tests of recogniser.py."""

import hashlib
import io
import json
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import ExifTags, Image

from commands import keykind
from drawings import draw_key
from fake_detector import FakeDetector, detection
from keykind.core.errors import BadModel, BadPhoto
from keykind.core.parallel import PREFETCH, cpu_count
from keykind.model import shipped
from keykind.model.decision import Evidence, default_decision
from keykind.model.model import Answer
from keykind.photo.source import NamedPhoto
from keykind.predict import recogniser as module
from keykind.predict.prediction import Key, Prediction
from keykind.predict.recogniser import Recogniser
from tiny_model import CARD, KINDS, tiny_file

LONG = detection((20, 40), (220, 40))
CHEQUERED = (np.indices((100, 300, 3)) // 4)[:2].sum(axis=0).astype(np.uint8) % 2 * 200  # fields of 4 px
SMOOTH = np.broadcast_to(np.linspace(0, 255, 300).astype(np.uint8)[None, :, None], (100, 300, 3)).copy()


class FakeModel:
    """A model with given outputs."""

    name = "fake.tflite"

    def __init__(self, probabilities=(0.1, 0.7, 0.1, 0.1), ood_score=None, **changes):
        self.card = replace(CARD, **changes)
        maps = np.zeros((7, 7, len(probabilities)), np.float32)
        self.output = Answer(np.array(probabilities, np.float32), maps if self.card.maps else None, ood_score)

    def run(self, crop):
        assert crop.shape == (224, 224, 3)
        assert crop.dtype == np.uint8
        return self.output

    def predict(self, crops):
        return [self.run(crop) for crop in crops]


@pytest.fixture
def recogniser(tmp_path):
    return Recogniser.load(tiny_file(tmp_path / "tiny.tflite"))


@pytest.fixture
def drawing(tmp_path):
    path = tmp_path / "key.png"
    draw_key("dimple", np.random.default_rng(0)).save(path)
    return path


def test_all_forms_of_a_photo_have_the_same_prediction(recogniser, drawing):
    with Image.open(drawing) as image:
        pixels = np.asarray(image)
        forms = [drawing, str(drawing), drawing.read_bytes(), pixels, image, Image.fromarray(pixels)]
        forms += [NamedPhoto("shop.png", form) for form in forms[2:]]
        predictions = [recogniser.recognise(form) for form in forms]
    assert all(prediction.keys == predictions[0].keys for prediction in predictions)
    assert [prediction.photo for prediction in predictions] == [str(drawing)] * 2 + ["photo"] * 4 + [
        "shop.png"
    ] * 4


def test_different_photos_have_different_predictions(recogniser, drawing):
    dark = np.zeros((100, 100, 3), np.uint8)
    assert recogniser.recognise(drawing).keys != recogniser.recognise(dark).keys


def test_without_a_detector_the_box_is_the_whole_upright_photo(recogniser, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (2000, 1000)).save(tmp_path / "rotated.jpg", exif=exif)
    (key,) = recogniser.recognise(tmp_path / "rotated.jpg").keys
    assert key.box == ((0, 0), (1000, 0), (1000, 2000), (0, 2000))
    assert key.head is key.tip is None


def test_the_answer_is_the_most_probable_kind(drawing):
    (key,) = Recogniser(FakeModel()).recognise(drawing).keys
    assert (key.kind, round(key.probability, 4)) == ("dimple", 0.7)
    assert list(key.probabilities) == list(KINDS)


def test_below_the_confidence_threshold_the_model_is_not_sure_but_keeps_the_probability(drawing):
    prediction = Recogniser(FakeModel((0.3, 0.4, 0.2, 0.1))).recognise(drawing)
    assert prediction.keys[0].kind is None
    assert round(prediction.keys[0].probability, 4) == 0.4
    assert prediction.keys[0].reason == "unknown_kind"
    assert prediction.verdict == "not sure"


@pytest.mark.parametrize(
    ("ood_score", "threshold", "verdict"),
    [
        (1.0, 2, "answered"),
        (2.0, 2, "not sure"),
        (3.0, 2, "not a key"),
        (3.0, None, "answered"),
        (None, 2, "answered"),
    ],
)
def test_an_out_of_distribution_photo_shows_no_key(drawing, ood_score, threshold, verdict):
    prediction = Recogniser(FakeModel(ood_score=ood_score, ood_threshold=threshold)).recognise(drawing)
    assert len(prediction.keys) == (verdict != "not a key")
    assert prediction.verdict == verdict
    assert prediction.error is None


def test_each_detected_key_is_classified():
    keys = detection((50, 40), (150, 40)), detection((60, 90), (160, 130))
    recogniser = Recogniser(FakeModel(crop="key"), FakeDetector(*keys))
    prediction = recogniser.recognise(np.zeros((200, 300, 3), np.uint8))
    assert [key.head for key in prediction.keys] == [(50, 40), (60, 90)]
    assert [key.tip for key in prediction.keys] == [(150, 40), (160, 130)]
    assert len(prediction.keys[0].box) == 4
    assert all((key.kind, key.reason) == ("dimple", None) for key in prediction.keys)


def test_a_remote_is_a_key_whose_blade_is_hidden():
    recogniser = Recogniser(FakeModel(crop="key"), FakeDetector(replace(LONG, remote=True)))
    prediction = recogniser.recognise(CHEQUERED)
    assert [(key.kind, key.reason) for key in prediction.keys] == [(None, "blade_hidden")]
    assert prediction.verdict == "not sure"


@pytest.mark.parametrize(
    ("changes", "pixels", "reason"),
    [
        ({}, "chequered", "unknown_kind"),
        ({"blade_share": 0.03}, "chequered", "blade_hidden"),
        ({"occlusion": 0.7}, "chequered", "blade_hidden"),
        ({"truncation": 0.5}, "chequered", "cut_off"),
        ({"tip": np.array([70.0, 40.0])}, "chequered", "too_small"),
        ({}, "smooth", "blurred"),
    ],
)
def test_a_key_without_a_kind_has_the_reason(changes, pixels, reason):
    detector = FakeDetector(replace(LONG, **changes))
    recogniser = Recogniser(FakeModel((0.3, 0.4, 0.2, 0.1), crop="key"), detector)
    (key,) = recogniser.recognise(CHEQUERED if pixels == "chequered" else SMOOTH).keys
    assert (key.kind, key.reason) == (None, reason)


def test_the_detector_is_asked_for_what_the_decision_considers():
    class Asked(FakeDetector):
        def detect_all(self, photo, score_threshold=0.0):
            self.threshold = score_threshold
            return super().detect_all(photo, score_threshold)

    detector, model = Asked(LONG), FakeModel(crop="key")
    decision = replace(default_decision(model.card), min_score=0.25, kind_threshold=0.9)
    (key,) = Recogniser(model, detector, decision).recognise(CHEQUERED).keys
    assert detector.threshold == 0.25
    assert key.kind is None  # its probability is 0.7


def test_a_photo_without_a_detection_shows_no_key():
    recogniser = Recogniser(FakeModel(crop="key"), FakeDetector())
    assert recogniser.recognise(np.zeros((200, 300, 3), np.uint8)).verdict == "not a key"


def test_an_out_of_distribution_detection_is_no_key():
    detector = FakeDetector(detection((50, 40), (150, 40)))
    recogniser = Recogniser(FakeModel(crop="key", ood_score=3, ood_threshold=2), detector)
    assert recogniser.recognise(np.zeros((200, 300, 3), np.uint8)).keys == ()


def test_one_of_several_keys_is_explained():
    keys = detection((50, 40), (150, 40)), detection((60, 90), (160, 130))
    recogniser = Recogniser(FakeModel(crop="key"), FakeDetector(*keys))
    pixels = np.zeros((200, 300, 3), np.uint8)
    assert recogniser.explain(pixels, 1).pixels.shape[1] == 2 * recogniser.explain(pixels, 1).pixels.shape[0]
    with pytest.raises(BadPhoto, match="has 2 keys; choose a key from 1 to 2"):
        recogniser.explain(pixels, 2)
    with pytest.raises(BadPhoto, match="no key was detected; leave the number out"):
        Recogniser(FakeModel(crop="key"), FakeDetector()).explain(pixels, 1)


def test_another_answer_than_that_for_the_whole_photo_is_refused_without_the_word_key():
    with pytest.raises(BadPhoto, match="has 1 answer, for the whole photo; leave the number out") as error:
        Recogniser(FakeModel(about={"subject": "other"})).explain(np.zeros((200, 300, 3), np.uint8), 1)
    assert "key" not in f"{error.value.fault} {error.value.remedy}"


def test_where_nothing_was_detected_the_whole_photo_is_explained():
    recogniser = Recogniser(FakeModel(crop="key"), FakeDetector())
    explanation = recogniser.explain(np.zeros((200, 300, 3), np.uint8))
    assert explanation.pixels.shape == (200, 300, 3)
    assert (explanation.answer, explanation.undetected) == ("not a key", True)


def test_a_prediction_has_the_size_of_the_upright_photo_and_what_was_refused():
    detector = FakeDetector(detection((50, 40), (150, 40)))
    recogniser = Recogniser(FakeModel(crop="key", ood_score=3, ood_threshold=2), detector)
    prediction = recogniser.recognise(np.zeros((200, 300, 3), np.uint8))
    assert (prediction.width, prediction.height, prediction.keys) == (300, 200, ())
    (refused,) = prediction.as_json()["candidates"]
    assert (refused["kind"], refused["head"], refused["why"]) == (None, [50, 40], "not_alike")
    assert 0 <= refused["key_probability"] < 0.5


def test_all_keys_of_a_photo_are_explained_and_else_what_was_refused():
    keys = detection((50, 40), (150, 40)), detection((60, 90), (160, 130))
    pixels = np.zeros((200, 300, 3), np.uint8)
    prediction, explanations = Recogniser(FakeModel(crop="key"), FakeDetector(*keys)).explain_all(pixels)
    assert [each.answer for each in explanations] == [key.kind for key in prediction.keys]
    refusing = Recogniser(FakeModel(crop="key", ood_score=3, ood_threshold=2), FakeDetector(*keys))
    prediction, explanations = refusing.explain_all(pixels, limit=1)
    assert ([each.answer for each in explanations], prediction.keys) == (["not a key"], ())


def test_keys_are_explained_in_the_order_of_the_prediction():
    class Rejecting(FakeModel):
        def predict(self, crops):
            return [replace(self.output, ood_score=score) for score in (3.0, 1.0)]

    keys = detection((50, 40), (150, 40)), detection((60, 90), (160, 130))
    recogniser = Recogniser(Rejecting(crop="key", ood_threshold=2), FakeDetector(*keys))
    pixels = np.zeros((200, 300, 3), np.uint8)
    assert [key.head for key in recogniser.recognise(pixels).keys] == [(60, 90)]
    assert recogniser.explain(pixels, 0).answer == "dimple"
    assert recogniser.explain(pixels, 1).answer == "not a key"


def test_json_has_its_keys_in_the_documented_order_and_four_digits():
    key = Key(
        "dimple",
        0.87654321,
        {"dimple": 0.87654321, "mortice": 0.12345678},
        ((0.0, 0.0),) * 4,
        None,
        (3.0, 4.0),
    )
    line = json.dumps(Prediction("a.jpg", (key,)).as_json())
    assert line == (
        '{"photo": "a.jpg", "keys": [{"kind": "dimple", "reason": null, "probability": 0.8765, '
        '"probabilities": {"dimple": 0.8765, "mortice": 0.1235}, '
        '"box": [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], "head": null, "tip": [3.0, 4.0]}], '
        '"error": null, "width": null, "height": null, "candidates": [], "damaged": null}'
    )


def test_probabilities_are_clipped_to_0_1(drawing):
    (key,) = Recogniser(FakeModel((-0.004, 1.004, 0, 0))).recognise(drawing).keys
    assert set(key.probabilities.values()) == {0.0, 1.0}


def test_an_unreadable_photo_is_reported_and_the_others_are_predicted(recogniser, drawing, tmp_path):
    (tmp_path / "torn.png").write_bytes(drawing.read_bytes()[:500])
    sources = [
        drawing,
        tmp_path / "torn.png",
        b"",
        tmp_path / "gone.jpg",
        BadPhoto("x", fault="y", remedy="z"),
        drawing,
        None,
    ]
    predictions = list(recogniser.recognise_many(sources))
    assert [prediction.error is None for prediction in predictions] == [
        True,
        False,
        False,
        False,
        False,
        True,
        False,
    ]
    assert (
        predictions[6].error == "is an object of type NoneType; give a path, bytes, an array or a PIL image"
    )
    assert predictions[4] == Prediction("x", (), "y; z")
    assert predictions[3].error == "does not exist; check the name and the folder"
    assert predictions[0] == predictions[5]
    assert predictions[1].verdict == "unreadable"


def test_many_photos_are_a_list(recogniser, drawing):
    for single in (drawing, str(drawing), drawing.read_bytes()):
        with pytest.raises(TypeError, match="give a list of photos"):
            recogniser.recognise_many(single)


def test_recognise_raises_for_an_unreadable_photo(recogniser):
    with pytest.raises(BadPhoto, match="empty"):
        recogniser.recognise(b"")


def test_parallel_predictions_are_in_order_and_equal_to_sequential_ones(recogniser):
    rng = np.random.default_rng(0)
    shades = rng.integers(0, 256, (60, 1, 1, 3), dtype=np.uint8)
    photos = [np.ascontiguousarray(np.broadcast_to(shade, (16, 16, 3))) for shade in shades]
    predictions = list(recogniser.recognise_many(photos))
    assert predictions == [recogniser.recognise(photo) for photo in photos]
    assert len({prediction.keys[0].probability for prediction in predictions}) > 50


def test_photos_are_read_only_slightly_ahead(recogniser, tmp_path):
    path = tmp_path / "small.png"
    Image.new("RGB", (8, 8)).save(path)
    read = 0

    def endless():
        nonlocal read
        for _ in range(5000):
            read += 1
            yield path

    furthest = 0
    for done, prediction in enumerate(recogniser.recognise_many(endless())):
        assert prediction.error is None
        furthest = max(furthest, read - done)
    assert done == 4999
    assert furthest <= PREFETCH * cpu_count()


def test_stopping_early_leaves_no_thread_behind(recogniser, drawing):
    before = threading.active_count()
    predictions = recogniser.recognise_many(drawing for _ in range(1000))
    next(predictions)
    predictions.close()
    assert threading.active_count() == before


def test_without_a_shipped_model_the_error_asks_for_one(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "none.tflite")
    with pytest.raises(BadModel, match="does not ship with this version of keykind; give a model file"):
        Recogniser.load()


def test_the_shipped_model_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SHIPPED", tiny_file(tmp_path / "keys.tflite"))
    assert Recogniser.load().kinds == KINDS


def test_a_fitted_decision_calibrates_the_probabilities():
    model = FakeModel(crop="key", ood_score=0.25, ood_threshold=0.25)
    decision = replace(default_decision(model.card), classifier="fitted", kind_threshold=0.4)
    recogniser = Recogniser(model, FakeDetector(LONG), decision)
    (key,) = recogniser.recognise(CHEQUERED).keys
    verdict = decision.decide(Evidence(model.output.probabilities, 0.25, 0.9), model.card)
    assert key.kind == "dimple"
    assert key.probability == max(key.probabilities.values())
    assert key.probability == pytest.approx(verdict.key_probability * 0.7, rel=1e-6)
    assert sum(key.probabilities.values()) < 0.75
    assert recogniser.explain(CHEQUERED).probabilities == key.probabilities


def test_the_fitted_decision_is_for_its_models_only(tmp_path, monkeypatch):
    data = tiny_file(tmp_path / "keys.tflite", crop="key").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    decision = replace(default_decision(CARD), classifier=digest, detector=FakeDetector.digest, min_score=0.1)
    shipped.write_decision(decision, tmp_path)
    read = shipped.read_decision
    monkeypatch.setattr(shipped, "read_decision", lambda _: read(tmp_path))
    monkeypatch.setattr(module, "load_detector", FakeDetector)
    assert Recogniser.load(tmp_path / "keys.tflite").decision == decision
    assert Recogniser.load(tmp_path / "keys.tflite", whole=True).decision is None
    other = tiny_file(tmp_path / "other.tflite", crop="key", confidence_threshold=0.6)
    assert Recogniser.load(other).decision is None
    monkeypatch.setattr(FakeDetector, "digest", "another")
    assert Recogniser.load(tmp_path / "keys.tflite").decision is None


def test_an_explanation_agrees_with_the_prediction(recogniser, drawing):
    explanation, prediction = recogniser.explain(drawing), recogniser.recognise(drawing)
    assert explanation.probabilities == prediction.keys[0].probabilities
    assert explanation.answer == (prediction.keys[0].kind or "not sure")
    assert explanation.pixels.shape == (240, 240, 3)
    assert {kind: class_map.shape for kind, class_map in explanation.maps.items()} == dict.fromkeys(
        KINDS, (7, 7)
    )


def test_a_large_photo_is_explained_by_the_pixels_that_were_classified(recogniser):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (75, 100, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((2000, 1500)).save(buffer, "JPEG")
    data = buffer.getvalue()
    explanation = recogniser.explain(data)
    assert explanation.probabilities == recogniser.recognise(data).keys[0].probabilities
    assert explanation.pixels.shape == (1500, 2000, 3)


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        (FakeModel(), "dimple"),
        (FakeModel((0.25,) * 4), "not sure"),
        (FakeModel(ood_score=3, ood_threshold=2), "not a key"),
    ],
)
def test_an_explanation_has_the_answer_or_why_there_is_none(drawing, model, answer):
    assert Recogniser(model).explain(drawing).answer == answer


def test_a_model_without_maps_cannot_explain(drawing):
    with pytest.raises(BadModel, match="has no class maps"):
        Recogniser(FakeModel(maps=False)).explain(drawing)


def test_predict_loads_nothing_heavy(tmp_path, drawing):
    model = tiny_file(tmp_path / "tiny.tflite")
    verb = f"done = main(['predict', '--model', {str(model)!r}, {str(drawing)!r}])"
    heavy = {"keras", "tensorflow", "sklearn", "scipy", "matplotlib", "pyarrow", "ray", "fastapi"}
    code = f"import sys; from keykind.cli.main import main; {verb}"
    code += f"; sys.exit(done or bool(sys.modules.keys() & {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_the_command_predicts_readable_photos_reports_others_and_exits_with_1(tmp_path, drawn_photos):
    model = tiny_file(tmp_path / "tiny.tflite")
    (drawn_photos / "test" / "dimple" / "torn.jpg").write_bytes(b"")
    result = keykind("predict", drawn_photos / "test", "--json", "--whole", "--model", model)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert result.stderr == ""
    assert len(lines) == 9
    assert [line["error"] for line in lines if line["error"]] == [
        "is empty (0 bytes); copy the file again from its source"
    ]


def test_the_command_reads_standard_input(tmp_path, drawing):
    model = tiny_file(tmp_path / "tiny.tflite")
    with drawing.open("rb") as stream:
        result = keykind("predict", "-", "--json", "--model", model, stdin=stream)
    assert result.returncode == 0
    assert json.loads(result.stdout)["photo"] == "-"
    empty = keykind("predict", "-", "--json", "--model", model, input="")
    assert json.loads(empty.stdout)["error"] == "is empty (0 bytes); send a photo to standard input"


def test_exit_statuses_of_the_command(tmp_path, drawing):
    model = tiny_file(tmp_path / "tiny.tflite")
    (tmp_path / "empty").mkdir()
    missing = keykind("predict", tmp_path / "gone.jpg", "--model", model)
    assert (missing.returncode, missing.stdout.count("\n"), missing.stderr) == (1, 1, "")
    nothing = keykind("predict", tmp_path / "empty", "--model", model)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert nothing.stderr.startswith(f"keykind: {tmp_path / 'empty'}: holds 0 photos; ")
    without = keykind("predict", drawing, "--model", tmp_path / "gone.tflite")
    assert (without.returncode, without.stdout) == (2, "")


def test_the_command_keeps_a_table_of_labels(tmp_path, drawing):
    model, out = tiny_file(tmp_path / "tiny.tflite"), tmp_path / "own.csv"
    out.write_text("photo,kind\na.jpg,dimple\n", "utf-8")
    result = keykind("predict", drawing, "--model", model, "--out", out)
    assert (result.returncode, "own.csv: exists" in result.stderr) == (2, True)
    assert out.read_text("utf-8") == "photo,kind\na.jpg,dimple\n"


def test_with_an_output_file_only_a_summary_is_printed(tmp_path, drawing):
    model, out = tiny_file(tmp_path / "tiny.tflite", confidence_threshold=0.0), tmp_path / "out.csv"
    result = keykind("predict", drawing, tmp_path / "gone.jpg", "--model", model, "--out", out)
    assert result.returncode == 1
    assert result.stdout == (
        "2 photos: 1 answered, 0 not sure, 0 none of the classes, 1 unreadable\n"
        f"why photos are unreadable is in the column error of {out}\n"
    )
    assert len(out.read_text().splitlines()) == 3
