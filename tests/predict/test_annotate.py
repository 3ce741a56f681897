"""Tests of annotate.py, label_layout.py, lettering.py and palette.py."""

import numpy as np
import pytest
from PIL import Image

from keykind.predict import lettering
from keykind.predict.annotate import MIN_LONGER, MIN_SHORTER, annotate, answer_text
from keykind.predict.label_layout import Layout
from keykind.predict.palette import COLOURS, DARK, LIGHT, UNKNOWN, colour_of, text_colour
from keykind.predict.prediction import Key, Prediction
from keykind.predict.wording import CLASSES, KEYS

KINDS = ("cylinder", "dimple", "mortice")
GREY = (120, 120, 120)
BOX = ((100.0, 100.0), (300.0, 100.0), (300.0, 180.0), (100.0, 180.0))


def key(kind="dimple", box=BOX, reason=None, whole=False) -> Key:
    probabilities = dict.fromkeys(KINDS, 0.02) | ({kind: 0.9678} if kind in KINDS else {})
    head, tip = (None, None) if whole else (box[0], box[1])
    return Key(kind, max(probabilities.values()), probabilities, box, head, tip, reason)


def prediction(*keys: Key, size=(400, 300)) -> Prediction:
    return Prediction("a.jpg", keys, width=size[0], height=size[1])


def grey(width=400, height=300) -> Image.Image:
    return Image.new("RGB", (width, height), GREY)


def count(image: Image.Image, colour) -> int:
    return int((np.asarray(image) == colour).all(axis=2).sum())


def test_the_box_and_its_label_have_the_colour_of_the_kind_and_the_photo_is_kept():
    photo = grey()
    image = annotate(photo, prediction(key()), KEYS)
    assert image.size == photo.size
    assert count(image, COLOURS[1]) > 1000
    assert count(photo, GREY) == 400 * 300
    pixels = np.asarray(image)
    assert (pixels[110:170, 110:290] == GREY).all()  # nothing covers the key


def test_a_key_of_unknown_kind_has_another_colour_and_its_reason():
    unknown = key(None, reason="blurred")
    assert answer_text(unknown) == "not sure: blurred"
    image = annotate(grey(), prediction(unknown), KEYS)
    assert count(image, UNKNOWN) > 1000
    assert all(count(image, colour) == 0 for colour in COLOURS)


def test_a_photo_of_other_things_is_not_of_an_unknown_kind():
    unsure = key(None, reason="unknown_kind", whole=True)
    assert answer_text(unsure) == "not sure: unknown kind"
    assert answer_text(unsure, CLASSES) == "not sure"


def test_probabilities_are_percent_rounded_down():
    assert answer_text(key()) == "dimple 96%"


def test_a_reduced_photo_gets_its_boxes_where_its_keys_are():
    half = annotate(
        grey(400, 300), prediction(key(box=tuple((2 * x, 2 * y) for x, y in BOX)), size=(800, 600)), KEYS
    )
    pixels = np.asarray(half)
    assert (pixels[98:103, 200] == COLOURS[1]).all(axis=1).any()
    assert (pixels[178:183, 200] == COLOURS[1]).all(axis=1).any()


@pytest.mark.parametrize("answer", [(), (key("cylinder", whole=True),)])
def test_an_answer_for_the_whole_photo_is_a_caption(answer):
    pixels = np.asarray(annotate(grey(), prediction(*answer), CLASSES))
    assert (pixels[:270] == GREY).all()
    assert (pixels[-1, 50:] == DARK).all()


@pytest.mark.parametrize("size", [(8, 8), (64, 40), (8, 4000), (4000, 8), (4000, 3000)])
def test_text_fits_into_photos_of_any_size(size):
    image = annotate(grey(*size), prediction(key(whole=True), size=size), CLASSES)
    assert max(image.size) >= MIN_LONGER
    assert min(image.size) >= MIN_SHORTER
    if min(size) > MIN_LONGER:
        assert image.size == size


def test_boxes_beyond_the_frame_and_very_long_names_are_drawn():
    far = ((-900.0, -50.0), (900.0, 150.0), (880.0, 700.0), (-950.0, 500.0))
    long = Key("x" * 255, 0.9, {"x" * 255: 0.9}, far, far[0], far[1])
    assert annotate(grey(), prediction(long), KEYS).size == (400, 300)


def test_labels_neither_cover_each_other_nor_other_keys_where_there_is_space():
    boxes = [((x, 100.0), (x + 60, 100.0), (x + 60, 200.0), (x, 200.0)) for x in (50.0, 130.0, 210.0)]
    layout = Layout((400, 300), boxes)
    labels = [layout.place(i, (78, 20), 3) for i in range(3)]
    for i, (left, top, right, bottom) in enumerate(labels):
        assert 0 <= left < right <= 400
        assert 0 <= top < bottom <= 300
        for other in labels[:i] + [(x0, y0, x1, y1) for (x0, y0), _, (x1, y1), _ in boxes]:
            assert left >= other[2] or right <= other[0] or top >= other[3] or bottom <= other[1]


@pytest.mark.parametrize(
    "text", ["Bohrmuldenschlüssel", "clé à gorges", "Цилиндровый", "κλειδί", "ő ş ł ß €"]
)
def test_latin_greek_and_cyrillic_are_drawn_with_the_font_that_comes_along(text):
    assert lettering.drawable(text) == text
    assert lettering.font_for(text, 20).getname()[0] == "DejaVu Sans Condensed"


def test_without_a_font_accents_are_dropped_and_other_scripts_reported(monkeypatch):
    monkeypatch.setattr(lettering, "SYSTEM_FONTS", ())
    lettering._chosen.cache_clear()
    assert lettering.drawable("𝐝鍵") == "d?"
    assert lettering.lacks_font("鍵")
    assert not lettering.lacks_font("why?")
    monkeypatch.undo()
    lettering._chosen.cache_clear()


def test_colours_are_stable_and_text_on_them_has_contrast():
    assert [colour_of(kind, KINDS) for kind in KINDS] == list(COLOURS[:3])
    assert colour_of(None, KINDS) == UNKNOWN
    assert text_colour((240, 228, 66)) == DARK
    assert text_colour((0, 114, 178)) == LIGHT
