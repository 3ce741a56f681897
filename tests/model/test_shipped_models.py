"""Tests of the models that come with keykind: what they say of bad pictures, their size, their weights."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from drawings import draw_key
from keykind.core import kinds
from keykind.dataset.bundled import FOLDER
from keykind.detect.detector import load_detector
from keykind.model import shipped
from keykind.predict.recogniser import NOT_A_KEY, UNREADABLE, VERDICTS, Recogniser
from keykind.train.backbone import load_backbone
from keykind.train.bn_folding import fold, folded_arrays

MEGABYTES = 8
CROP = 256  # px of a sample photo's part that one of fifty keys takes


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser.load()


@pytest.fixture(scope="module")
def key():
    """A photo of one key."""
    return Image.open(next(iter(sorted(FOLDER.glob("test/cylinder/*.jpg"))))).convert("RGB")


def length(one):
    return float(np.linalg.norm(np.subtract(one.head, one.tip)))


def noise(size, seed=0):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))


EMPTY = {
    "black": Image.new("RGB", (800, 600)),
    "white": Image.new("RGB", (600, 800), "white"),
    "noise": noise((480, 640)),
    "strip": noise((8, 4000)),
    "upright strip": noise((4000, 8)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_no_key_is_found_where_there_is_nothing(recogniser, name):
    said = recogniser.recognise(EMPTY[name])
    assert said.verdict == NOT_A_KEY
    assert said.keys == ()


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (1, 1)])
def test_a_strip_of_a_pixel_is_told_to_be_too_small(recogniser, size):
    (said,) = recogniser.recognise_many([noise(size)])
    assert said.verdict == UNREADABLE
    assert f"has {size[1]:,} x {size[0]:,} pixels".replace(",", "") in said.error
    assert "needs 8 on each side" in said.error


def test_a_screenshot_shows_no_key(recogniser):
    picture = Image.new("RGB", (1280, 800), (245, 246, 248))
    pen = ImageDraw.Draw(picture)
    for row in range(24):
        pen.text((60, 40 + 30 * row), "The quick brown fox jumps over the lazy dog. " * 3, fill=(30, 30, 30))
    pen.rectangle((0, 0, 1280, 28), fill=(60, 90, 160))
    assert recogniser.recognise(picture).verdict == NOT_A_KEY


def test_a_key_in_a_photo_has_a_kind_and_lies_along_its_box(recogniser, key):
    (one,) = recogniser.recognise(key).keys
    assert one.kind in kinds.NAMES
    assert sum(one.probabilities.values()) == pytest.approx(1, abs=1e-3)
    along, side = np.subtract(one.tip, one.head), np.subtract(one.box[1], one.box[0])
    assert abs(along @ side) >= 0.97 * np.linalg.norm(along) * np.linalg.norm(side)


def test_a_mirror_image_is_found_where_the_key_is(recogniser, key):
    (one,) = recogniser.recognise(key).keys
    (other,) = recogniser.recognise(key.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).keys
    mirrored = [(key.width - x, y) for x, y in (other.head, other.tip)]
    assert np.linalg.norm(np.subtract(mirrored, [one.head, one.tip]), axis=1).max() <= 0.25 * length(one)


def test_a_key_cut_by_the_frame_is_answered_with_what_is_seen(recogniser, key):
    (one,) = recogniser.recognise(key).keys
    middle = np.mean([one.head, one.tip], axis=0)
    cut = key.crop((0, 0, int(middle[0]), key.height))
    said = recogniser.recognise(cut)
    assert said.verdict in VERDICTS
    assert said.error is None
    assert len(said.keys) <= 1


def test_a_drawing_gets_an_answer_or_none_and_no_error(recogniser):
    said = recogniser.recognise(draw_key("cylinder", np.random.default_rng(0)))
    assert said.error is None
    assert len(said.keys) <= 2


def test_fifty_keys_are_many_answers(recogniser, key):
    tile = key.resize((CROP, round(CROP * key.height / key.width)))
    sheet = Image.new("RGB", (10 * tile.width, 5 * tile.height))
    for place in range(50):
        sheet.paste(tile, (place % 10 * tile.width, place // 10 * tile.height))
    said = recogniser.recognise(sheet)
    assert len(said.keys) >= 10
    middles = np.array([np.mean([one.head, one.tip], axis=0) for one in said.keys])
    apart = np.linalg.norm(middles[:, None] - middles[None], axis=-1) + 1e9 * np.eye(len(middles))
    assert apart.min() > 0.1 * min(map(length, said.keys))  # none is told twice


@pytest.mark.parametrize("longer", [200, 800, 8000])
def test_the_same_key_is_found_at_any_size(recogniser, key, longer):
    factor = longer / max(key.size)
    large = key.resize((round(key.width * factor), round(key.height * factor)))
    (one,) = recogniser.recognise(key).keys
    (other,) = recogniser.recognise(large).keys
    ends = np.array([other.head, other.tip]) / factor
    assert np.linalg.norm(ends - [one.head, one.tip], axis=1).max() <= 0.1 * length(one)


def test_a_torn_photo_is_unreadable_and_the_next_is_answered(recogniser, key):
    said = list(recogniser.recognise_many([b"torn", key]))
    assert [one.verdict == UNREADABLE for one in said] == [True, False]


def test_the_classifier_knows_the_seven_kinds(recogniser):
    assert recogniser.kinds == tuple(sorted(kinds.NAMES))
    assert recogniser.model.card.crop == "key"
    assert recogniser.model.card.ood_threshold is not None


def test_detector_and_classifier_together_are_small():
    files = [shipped.read_model(name) for name in (shipped.DETECTOR, shipped.CLASSIFIER)]
    assert sum(map(len, files)) <= MEGABYTES * 1e6


def test_no_tensor_of_imagenet_is_in_any_file(imagenet):
    """Kernels lie in .tflite files as (out, h, w, in), depthwise ones as (1, h, w, channels)."""
    files = [path.read_bytes() for path in sorted(shipped.FOLDER.glob("*.tflite"))]
    ours = {array.astype(np.float16).tobytes() for array in shipped.read_arrays().values()}
    for scaling in ("unit", "native"):
        began = folded_arrays(fold(load_backbone("mobilenet_v2", str(imagenet), scaling=scaling, seed=0)))
        for name, array in began.items():
            half = array.astype(np.float16)
            assert half.tobytes() not in ours, name
            if array.ndim == 4:
                half = half.transpose(3, 0, 1, 2)
            laid = half.tobytes()
            assert not any(laid in data or array.tobytes() in data for data in files), name


def test_the_detector_answers_like_its_file_says():
    detector = load_detector()
    assert detector.fields(np.zeros((256, 256, 3), np.uint8)).shape == (64, 64, 11)
