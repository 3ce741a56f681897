"""Tests of recogniser.py."""

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
from fake_detector import FakeDetector, found
from keykind.core.errors import BadModel, BadPhoto
from keykind.core.parallel import AHEAD, workers
from keykind.model.model import Answer
from keykind.photo.source import NamedPhoto
from keykind.predict import recogniser as module
from keykind.predict.recogniser import Key, Prediction, Recogniser
from tiny_model import CARD, KINDS, tiny_file


class Told:
    """A model that says what it was told to say."""

    name = "told.tflite"

    def __init__(self, probabilities=(0.1, 0.7, 0.1, 0.1), novelty=None, **changes):
        self.card = replace(CARD, **changes)
        maps = np.zeros((7, 7, len(probabilities)), np.float32)
        self.told = Answer(np.array(probabilities, np.float32), maps if self.card.maps else None, novelty)

    def run(self, crop):
        assert crop.shape == (224, 224, 3)
        assert crop.dtype == np.uint8
        return self.told

    def answers(self, crops):
        return [self.run(crop) for crop in crops]


@pytest.fixture
def recogniser(tmp_path):
    return Recogniser.load(tiny_file(tmp_path / "tiny.tflite"))


@pytest.fixture
def drawing(tmp_path):
    path = tmp_path / "key.png"
    draw_key("dimple", np.random.default_rng(0)).save(path)
    return path


def test_a_photo_is_the_same_photo_in_whatever_form_it_comes(recogniser, drawing):
    with Image.open(drawing) as image:
        pixels = np.asarray(image)
        forms = [drawing, str(drawing), drawing.read_bytes(), pixels, image, Image.fromarray(pixels)]
        forms += [NamedPhoto("shop.png", form) for form in forms[2:]]
        answers = [recogniser.recognise(form) for form in forms]
    assert all(answer.keys == answers[0].keys for answer in answers)
    assert [answer.photo for answer in answers] == [str(drawing)] * 2 + ["photo"] * 4 + ["shop.png"] * 4


def test_other_photos_get_other_answers(recogniser, drawing):
    dark = np.zeros((100, 100, 3), np.uint8)
    assert recogniser.recognise(drawing).keys != recogniser.recognise(dark).keys


def test_the_box_is_the_whole_photo_upright_and_in_its_own_pixels(recogniser, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (2000, 1000)).save(tmp_path / "lying.jpg", exif=exif)
    (key,) = recogniser.recognise(tmp_path / "lying.jpg").keys
    assert key.box == ((0, 0), (1000, 0), (1000, 2000), (0, 2000))
    assert key.head is key.tip is None


def test_the_answer_is_the_most_probable_kind(drawing):
    (key,) = Recogniser(Told()).recognise(drawing).keys
    assert (key.kind, round(key.probability, 4)) == ("dimple", 0.7)
    assert list(key.probabilities) == list(KINDS)


def test_below_the_least_probability_the_model_is_not_sure_but_says_what_it_saw(drawing):
    prediction = Recogniser(Told((0.3, 0.4, 0.2, 0.1))).recognise(drawing)
    assert prediction.keys[0].kind is None
    assert round(prediction.keys[0].probability, 4) == 0.4
    assert prediction.verdict == "not sure"


@pytest.mark.parametrize(("novelty", "most", "keys"), [(3, 2, 0), (2, 2, 1), (3, None, 1), (None, 2, 1)])
def test_a_photo_unlike_every_key_shows_no_key(drawing, novelty, most, keys):
    prediction = Recogniser(Told(novelty=novelty, ood_threshold=most)).recognise(drawing)
    assert len(prediction.keys) == keys
    assert prediction.verdict == ("answered" if keys else "not a key")
    assert prediction.error is None


def test_each_key_that_is_found_gets_its_own_answer():
    keys = found((50, 40), (150, 40)), found((60, 90), (160, 130))
    recogniser = Recogniser(Told(crop="key"), FakeDetector(*keys))
    prediction = recogniser.recognise(np.zeros((200, 300, 3), np.uint8))
    assert [key.head for key in prediction.keys] == [(50, 40), (60, 90)]
    assert [key.tip for key in prediction.keys] == [(150, 40), (160, 130)]
    assert len(prediction.keys[0].box) == 4
    assert all(key.kind == "dimple" for key in prediction.keys)


def test_a_photo_in_which_no_key_is_found_shows_none():
    recogniser = Recogniser(Told(crop="key"), FakeDetector())
    assert recogniser.recognise(np.zeros((200, 300, 3), np.uint8)).verdict == "not a key"


def test_what_is_found_but_unlike_every_key_is_none():
    detector = FakeDetector(found((50, 40), (150, 40)))
    recogniser = Recogniser(Told(crop="key", novelty=3, ood_threshold=2), detector)
    assert recogniser.recognise(np.zeros((200, 300, 3), np.uint8)).keys == ()


def test_one_of_several_keys_is_explained():
    keys = found((50, 40), (150, 40)), found((60, 90), (160, 130))
    recogniser = Recogniser(Told(crop="key"), FakeDetector(*keys))
    pixels = np.zeros((200, 300, 3), np.uint8)
    assert recogniser.explain(pixels, 1).pixels.shape[1] == 2 * recogniser.explain(pixels, 1).pixels.shape[0]
    with pytest.raises(BadPhoto, match="has no key 3; keys found: 2"):
        recogniser.explain(pixels, 2)


def test_keys_are_explained_in_the_order_in_which_they_are_told():
    class Refusing(Told):
        def answers(self, crops):
            return [replace(self.told, novelty=novelty) for novelty in (3.0, 1.0)]

    keys = found((50, 40), (150, 40)), found((60, 90), (160, 130))
    recogniser = Recogniser(Refusing(crop="key", ood_threshold=2), FakeDetector(*keys))
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
        '{"photo": "a.jpg", "keys": [{"kind": "dimple", "probability": 0.8765, '
        '"probabilities": {"dimple": 0.8765, "mortice": 0.1235}, '
        '"box": [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], "head": null, "tip": [3.0, 4.0]}], '
        '"error": null}'
    )


def test_a_probability_that_rounding_brought_out_of_range_is_brought_back(drawing):
    (key,) = Recogniser(Told((-0.004, 1.004, 0, 0))).recognise(drawing).keys
    assert set(key.probabilities.values()) == {0.0, 1.0}


def test_a_bad_photo_is_told_and_the_others_are_answered(recogniser, drawing, tmp_path):
    (tmp_path / "torn.png").write_bytes(drawing.read_bytes()[:500])
    sources = [
        drawing,
        tmp_path / "torn.png",
        b"",
        tmp_path / "gone.jpg",
        BadPhoto("x", fault="y", remedy="z"),
        drawing,
    ]
    found = list(recogniser.recognise_many(sources))
    assert [prediction.error is None for prediction in found] == [True, False, False, False, False, True]
    assert found[4] == Prediction("x", (), "y; z")
    assert found[3].error == "does not exist; check the name and the folder"
    assert found[0] == found[5]
    assert found[1].verdict == "unreadable"


def test_one_bad_photo_is_raised(recogniser):
    with pytest.raises(BadPhoto, match="empty"):
        recogniser.recognise(b"")


def test_threads_answer_in_order_and_as_one_by_one(recogniser):
    rng = np.random.default_rng(0)
    shades = rng.integers(0, 256, (60, 1, 1, 3), dtype=np.uint8)
    photos = [np.ascontiguousarray(np.broadcast_to(shade, (16, 16, 3))) for shade in shades]
    many = list(recogniser.recognise_many(photos))
    assert many == [recogniser.recognise(photo) for photo in photos]
    assert len({prediction.keys[0].probability for prediction in many}) > 50


def test_any_number_of_photos_is_read_only_a_little_ahead(recogniser, tmp_path):
    path = tmp_path / "small.png"
    Image.new("RGB", (8, 8)).save(path)
    taken = 0

    def endless():
        nonlocal taken
        for _ in range(5000):
            taken += 1
            yield path

    furthest = 0
    for done, prediction in enumerate(recogniser.recognise_many(endless())):
        assert prediction.error is None
        furthest = max(furthest, taken - done)
    assert done == 4999
    assert furthest <= AHEAD * workers()


def test_stopping_early_leaves_the_rest_unread_and_no_thread_behind(recogniser, drawing):
    before = threading.active_count()
    many = recogniser.recognise_many(drawing for _ in range(1000))
    next(many)
    many.close()
    assert threading.active_count() == before


def test_without_a_model_it_is_said_how_to_give_one(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "none.tflite")
    with pytest.raises(BadModel, match="none comes with this version of keykind; give a model file"):
        Recogniser.load()


def test_the_model_that_comes_with_keykind_is_used_if_none_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SHIPPED", tiny_file(tmp_path / "keys.tflite"))
    assert Recogniser.load().kinds == KINDS


def test_an_explanation_says_what_the_prediction_says(recogniser, drawing):
    explanation, prediction = recogniser.explain(drawing), recogniser.recognise(drawing)
    assert explanation.probabilities == prediction.keys[0].probabilities
    assert explanation.answer == (prediction.keys[0].kind or "not sure")
    assert explanation.pixels.shape == (240, 240, 3)
    assert {kind: one.shape for kind, one in explanation.maps.items()} == dict.fromkeys(KINDS, (7, 7))


def test_a_large_photo_is_explained_by_the_pixels_that_the_answer_came_from(recogniser):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (75, 100, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((2000, 1500)).save(buffer, "JPEG")
    data = buffer.getvalue()
    explanation = recogniser.explain(data)
    assert explanation.probabilities == recogniser.recognise(data).keys[0].probabilities
    assert explanation.pixels.shape == (1500, 2000, 3)


@pytest.mark.parametrize(
    ("told", "answer"),
    [(Told(), "dimple"), (Told((0.25,) * 4), "not sure"), (Told(novelty=3, ood_threshold=2), "not a key")],
)
def test_an_explanation_names_the_answer_or_why_there_is_none(drawing, told, answer):
    assert Recogniser(told).explain(drawing).answer == answer


def test_a_model_without_maps_cannot_explain(drawing):
    with pytest.raises(BadModel, match="gives no class maps"):
        Recogniser(Told(maps=False)).explain(drawing)


def test_predict_loads_nothing_heavy(tmp_path, drawing):
    model = tiny_file(tmp_path / "tiny.tflite")
    verb = f"done = main(['predict', '--model', {str(model)!r}, {str(drawing)!r}])"
    heavy = {"keras", "tensorflow", "sklearn", "scipy", "matplotlib", "pyarrow", "ray", "fastapi"}
    code = f"import sys; from keykind.cli.main import main; {verb}"
    code += f"; sys.exit(done or bool(sys.modules.keys() & {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_the_command_answers_good_photos_names_bad_ones_and_says_so_by_its_status(tmp_path, drawn_photos):
    model = tiny_file(tmp_path / "tiny.tflite")
    (drawn_photos / "test" / "dimple" / "torn.jpg").write_bytes(b"")
    found = keykind("predict", drawn_photos / "test", "--json", "--whole", "--model", model)
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.returncode == 1
    assert found.stderr == ""
    assert len(lines) == 9
    assert [line["error"] for line in lines if line["error"]] == [
        "is empty (0 bytes); copy the file again from where it came"
    ]


def test_the_command_reads_standard_input(tmp_path, drawing):
    model = tiny_file(tmp_path / "tiny.tflite")
    with drawing.open("rb") as stream:
        found = keykind("predict", "-", "--json", "--model", model, stdin=stream)
    assert found.returncode == 0
    assert json.loads(found.stdout)["photo"] == "-"


def test_statuses_of_the_command(tmp_path, drawing):
    model = tiny_file(tmp_path / "tiny.tflite")
    (tmp_path / "empty").mkdir()
    missing = keykind("predict", tmp_path / "gone.jpg", "--model", model)
    assert (missing.returncode, missing.stdout.count("\n"), missing.stderr) == (1, 1, "")
    nothing = keykind("predict", tmp_path / "empty", "--model", model)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert nothing.stderr.startswith(f"keykind: {tmp_path / 'empty'}: holds 0 photos; ")
    without = keykind("predict", drawing, "--model", tmp_path / "gone.tflite")
    assert (without.returncode, without.stdout) == (2, "")


def test_with_a_file_to_write_only_a_summary_is_printed(tmp_path, drawing):
    model, out = tiny_file(tmp_path / "tiny.tflite", confidence_threshold=0.0), tmp_path / "found.csv"
    found = keykind("predict", drawing, tmp_path / "gone.jpg", "--model", model, "--out", out)
    assert found.returncode == 1
    assert found.stdout == "2 photos: 1 answered, 0 not sure, 0 not a key, 1 unreadable\n"
    assert len(out.read_text().splitlines()) == 3
