"""Tests of the bundled models: their answers on difficult pictures, their size, their weights."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from drawings import draw_key
from keykind.core import kinds
from keykind.dataset.bundled import PHOTOS_FOLDER
from keykind.detect.detector import load_detector
from keykind.detect.postprocess import HEIGHT, LOCATIONS, OUTPUTS, WIDTH
from keykind.export.int8_weights import MIN_KERNEL, quantise_kernel
from keykind.model import shipped
from keykind.predict.prediction import UNREADABLE, VERDICTS
from keykind.predict.recogniser import NOT_A_KEY, Recogniser
from keykind.train.backbone import load_backbone
from keykind.train.bn_folding import fold, folded_arrays

MEGABYTES = 8.2  # of the networks of the first visit, before they are packed
TILE = 256  # width of one of fifty keys, px


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser.load()


@pytest.fixture(scope="module")
def photo():
    """A sharp photo of one key."""
    return Image.open(PHOTOS_FOLDER / "test" / "cylinder" / "cylinder-06.jpg").convert("RGB")


def length(key):
    return float(np.linalg.norm(np.subtract(key.head, key.tip)))


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
def test_an_empty_picture_has_no_key(recogniser, name):
    prediction = recogniser.recognise(EMPTY[name])
    assert prediction.verdict == NOT_A_KEY
    assert prediction.keys == ()


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (1, 1)])
def test_a_picture_of_one_pixel_in_width_is_too_small(recogniser, size):
    (prediction,) = recogniser.recognise_many([noise(size)])
    assert prediction.verdict == UNREADABLE
    assert f"has {size[1]:,} x {size[0]:,} pixels".replace(",", "") in prediction.error
    assert "needs at least 8 on each side" in prediction.error


def test_a_screenshot_has_no_key(recogniser):
    picture = Image.new("RGB", (1280, 800), (245, 246, 248))
    pen = ImageDraw.Draw(picture)
    for row in range(24):
        pen.text((60, 40 + 30 * row), "The quick brown fox jumps over the lazy dog. " * 3, fill=(30, 30, 30))
    pen.rectangle((0, 0, 1280, 28), fill=(60, 90, 160))
    assert recogniser.recognise(picture).verdict == NOT_A_KEY


def test_a_key_has_a_kind_and_a_box_along_its_axis(recogniser, photo):
    (key,) = recogniser.recognise(photo).keys
    assert key.kind in kinds.NAMES
    assert 0.9 < sum(key.probabilities.values()) <= 1 + 1e-6  # float32; the rest: not a key
    axis, side = np.subtract(key.tip, key.head), np.subtract(key.box[1], key.box[0])
    assert abs(axis @ side) >= 0.97 * np.linalg.norm(axis) * np.linalg.norm(side)


def test_a_key_is_found_at_the_same_position_in_the_mirror_image(recogniser, photo):
    (key,) = recogniser.recognise(photo).keys
    (other,) = recogniser.recognise(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).keys
    mirrored = [(photo.width - x, y) for x, y in (other.head, other.tip)]
    assert np.linalg.norm(np.subtract(mirrored, [key.head, key.tip]), axis=1).max() <= 0.25 * length(key)


def test_a_truncated_key_is_no_error(recogniser, photo):
    (key,) = recogniser.recognise(photo).keys
    centre = np.mean([key.head, key.tip], axis=0)
    truncated = photo.crop((0, 0, int(centre[0]), photo.height))
    prediction = recogniser.recognise(truncated)
    assert prediction.verdict in VERDICTS
    assert prediction.error is None
    assert len(prediction.keys) <= 1


def test_a_drawing_is_no_error(recogniser):
    prediction = recogniser.recognise(draw_key("cylinder", np.random.default_rng(0)))
    assert prediction.error is None
    assert len(prediction.keys) <= 2


def test_many_of_fifty_keys_are_found(recogniser, photo):
    tile = photo.resize((TILE, round(TILE * photo.height / photo.width)))
    sheet = Image.new("RGB", (10 * tile.width, 5 * tile.height))
    for i in range(50):
        sheet.paste(tile, (i % 10 * tile.width, i // 10 * tile.height))
    prediction = recogniser.recognise(sheet)
    assert len(prediction.keys) >= 10
    centres = np.array([np.mean([key.head, key.tip], axis=0) for key in prediction.keys])
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=-1) + 1e9 * np.eye(len(centres))
    assert distances.min() > 0.1 * min(map(length, prediction.keys))  # no duplicates


@pytest.mark.parametrize("size", [200, 800, 8000])
def test_a_key_is_found_at_any_image_size(recogniser, photo, size):
    scale = size / max(photo.size)
    resized = photo.resize((round(photo.width * scale), round(photo.height * scale)))
    (key,) = recogniser.recognise(photo).keys
    (other,) = recogniser.recognise(resized).keys
    keypoints = np.array([other.head, other.tip]) / scale
    assert np.linalg.norm(keypoints - [key.head, key.tip], axis=1).max() <= 0.1 * length(key)


def test_an_unreadable_photo_does_not_affect_the_next(recogniser, photo):
    predictions = list(recogniser.recognise_many([b"damaged", photo]))
    assert [prediction.verdict == UNREADABLE for prediction in predictions] == [True, False]


def test_the_classifier_has_all_kinds(recogniser):
    assert sorted(recogniser.kinds) == sorted(kinds.NAMES)
    assert recogniser.model.card.crop == "key"
    assert recogniser.model.card.ood_threshold is not None


def test_all_networks_together_are_small():
    names = filter(shipped.has_model, (shipped.DETECTOR, shipped.REFINER, shipped.CLASSIFIER))
    assert sum(len(shipped.read_model(name)) for name in names) <= MEGABYTES * 1e6


def test_no_tensor_of_imagenet_is_in_any_file(imagenet):
    """Kernels are stored in .tflite files as (out, h, w, in), depthwise ones as (1, h, w, channels)."""
    files = [path.read_bytes() for path in sorted(shipped.FOLDER.glob("*.tflite"))]
    ours = {array.astype(np.float16).tobytes() for array in shipped.read_arrays().values()}
    for scaling in ("unit", "native"):
        pretrained = folded_arrays(
            fold(load_backbone("mobilenet_v2", str(imagenet), scaling=scaling, seed=0))
        )
        for name, array in pretrained.items():
            half = array.astype(np.float16)
            assert half.tobytes() not in ours, name
            if array.ndim == 4:
                half = half.transpose(3, 0, 1, 2)
            forms = [half.tobytes(), array.tobytes()]
            if half.size >= MIN_KERNEL:
                forms.append(quantise_kernel(half)[0].tobytes())
            assert not any(form in data for form in forms for data in files), name


def test_the_detector_has_the_expected_output_shape():
    detector = load_detector()
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert detector.dense_outputs(image).shape == (LOCATIONS, len(OUTPUTS))
