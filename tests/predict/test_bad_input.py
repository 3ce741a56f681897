"""Difficult photos have the answers that docs/predict.md gives; with a detector and a model of painted keys.

A painted key is a bar whose colour tells its number and kind. tests/model/test_shipped_models.py tests the
networks on such photos.
"""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from keykind.detect.detection import Detection
from keykind.model.model import Answer
from keykind.predict.recogniser import Recogniser
from tiny_model import CARD, KINDS

LENGTH, WIDTH = 100, 30  # px of a painted key
RED, HEAD_BLUE, TIP_BLUE = 200, 150, 50  # of a painted key; green is its number
KEY_LIKE, DRAWN, UNLIKE = 0.6, 1.0, 1.6  # OOD scores, thresholds


class PaintedKeys:
    """Detects painted keys, and whatever else is red."""

    digest = "painted"

    def detect(self, photo, score_threshold=0.0):
        return tuple(key for key in self.detect_all(photo, score_threshold) if not key.remote)

    def detect_all(self, photo, score_threshold=0.0):
        red = np.abs(photo.pixels[..., 0].astype(int) - RED) < 8
        numbers = np.unique(photo.pixels[..., 1][red])
        found = [self._key(photo.pixels, red & (photo.pixels[..., 1] == number)) for number in numbers]
        return tuple(key for key in found if key.score >= score_threshold)

    def _key(self, pixels, mask):
        rows, columns = np.nonzero(mask)
        left, right, middle = float(columns.min()), float(columns.max() + 1), float(rows.mean() + 0.5)
        head_left = pixels[int(middle), int(left) + 1, 2] > pixels[int(middle), int(right) - 2, 2]
        missing = max(LENGTH - (right - left), 0.0)
        if left == 0:
            left -= missing
        elif right == pixels.shape[1]:
            right += missing
        ends = [np.array([left, middle]), np.array([right, middle])]
        head, tip = ends if head_left else ends[::-1]
        return Detection(0.9, head, tip, float(WIDTH), truncation=missing / LENGTH)


class PaintedModel:
    """Tells the kind by the number of a painted key; the fewer of its pixels are red, the less it is sure."""

    name = "painted.tflite"
    card = replace(CARD, crop="key", ood_threshold=1.0)

    def predict(self, crops):
        return [self._answer(crop) for crop in crops]

    def _answer(self, crop):
        red = np.abs(crop[..., 0].astype(int) - RED) < 8
        share = min(2.2 * red.mean(), 1)  # a whole key covers about half of its crop
        sure = 0.25 + 0.7 * max(share - 0.4, 0) / 0.6
        best = int(np.median(crop[..., 1][red])) // 4 % len(KINDS) if red.any() else 0
        probabilities = np.full(len(KINDS), (1 - sure) / (len(KINDS) - 1), np.float32)
        probabilities[best] = sure
        ood_score = KEY_LIKE if share > 0.4 else (DRAWN if share > 0.1 else UNLIKE)
        return Answer(probabilities, None, ood_score)


RECOGNISER = Recogniser(PaintedModel(), PaintedKeys())


def canvas(width=480, height=320, colour=(120, 120, 120)):
    return Image.new("RGB", (width, height), colour)


def paint(image, x, y, number=1):
    """Paint a key with its head at the left."""
    pen = ImageDraw.Draw(image)
    pen.rectangle((x, y, x + LENGTH - 1, y + WIDTH - 1), fill=(RED, 4 * number, TIP_BLUE))
    pen.rectangle((x, y, x + LENGTH // 3, y + WIDTH - 1), fill=(RED, 4 * number, HEAD_BLUE))
    return image


def noise(width, height):
    pixels = np.random.default_rng(0).integers(0, 180, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def screenshot():
    image = canvas(colour=(245, 246, 248))
    pen = ImageDraw.Draw(image)
    for row in range(8):
        pen.text((20, 40 + 30 * row), "The quick brown fox jumps over the lazy dog. ", fill=(30, 30, 30))
    pen.line((10, 20, 470, 20), fill=(RED, 40, 0))  # red, but unlike a key
    return image


EMPTY = {
    "no key": canvas(),
    "black": canvas(colour=(0, 0, 0)),
    "white": canvas(colour=(255, 255, 255)),
    "noise": noise(480, 320),
    "screenshot": screenshot(),
    "strip": noise(4000, 8),
}


@pytest.mark.parametrize("name", EMPTY)
def test_where_nothing_is_like_a_key_there_are_no_keys(name):
    prediction = RECOGNISER.recognise(EMPTY[name])
    assert (prediction.keys, prediction.verdict, prediction.error) == ((), "not a key", None)


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1)])
def test_a_photo_of_one_pixel_in_width_is_an_error(size):
    prediction = RECOGNISER.attempt(noise(*size))
    assert prediction.verdict == "unreadable"
    assert "needs at least 8 on each side" in prediction.error


def test_each_of_fifty_keys_has_its_kind():
    image = canvas(1100, 420)
    for i in range(50):
        paint(image, 5 + i % 10 * 109, 5 + i // 10 * 80, number=i)
    keys = RECOGNISER.recognise(image).keys
    assert [key.kind for key in keys] == [KINDS[i % len(KINDS)] for i in range(50)]
    assert len({key.head for key in keys}) == 50


def test_a_mirror_image_has_the_same_kinds_at_mirrored_positions():
    image = paint(paint(canvas(), 40, 60), 300, 200, number=2)
    keys = RECOGNISER.recognise(image).keys
    mirrored = RECOGNISER.recognise(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).keys
    assert [key.kind for key in mirrored] == [key.kind for key in keys] == list(KINDS[1:3])
    for key, other in zip(keys, mirrored, strict=True):
        assert other.head == (image.width - key.head[0], key.head[1])
        assert other.tip == (image.width - key.tip[0], key.tip[1])


def test_a_key_cut_by_the_frame_has_its_kind_if_enough_is_visible():
    (key,) = RECOGNISER.recognise(paint(canvas(), -15, 100)).keys
    assert (key.kind, key.reason) == (KINDS[1], None)
    assert key.head[0] == -15


def test_a_key_cut_by_the_frame_is_cut_off_if_too_little_is_visible():
    (key,) = RECOGNISER.recognise(paint(canvas(), 430, 100)).keys
    assert (key.kind, key.reason) == (None, "cut_off")
    assert key.tip[0] == 530  # outside the photo


def test_a_drawing_of_a_key_has_no_kind():
    image = canvas(colour=(255, 255, 255))
    pen = ImageDraw.Draw(image)
    for step in range(0, WIDTH, 8):  # hatched
        pen.rectangle((40, 60 + step, 40 + LENGTH - 1, 61 + step), fill=(RED, 4, TIP_BLUE))
    keys = RECOGNISER.recognise(image).keys
    assert [(key.kind, key.reason) for key in keys] == [(None, "unknown_kind")]
