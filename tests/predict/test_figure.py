"""Tests of figure.py."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from commands import keykind
from drawings import draw_key
from keykind.core.errors import BadModel, CannotWrite
from keykind.model.gradcam import COLOURS, Explanation
from keykind.predict import figure
from tiny_model import tiny_file

WHITE = 255


def explained(shape=(300, 400), answer="dimple") -> Explanation:
    rng = np.random.default_rng(0)
    maps = {
        "cylinder": np.zeros((7, 7), np.float32),
        "dimple": rng.random((7, 7), np.float32),
        "mortice": 0.25 * rng.random((7, 7), np.float32),
    }
    probabilities = {"cylinder": 0.1, "dimple": 0.7, "mortice": 0.2}
    return Explanation("shop/a.jpg", answer, probabilities, maps, np.full((*shape, 3), 90, np.uint8))


def blocks(picture: Image.Image) -> list[tuple[int, int, int, int]]:
    """Return left, top, right and bottom of the pictures on the white ground, in reading order."""
    inked = (np.asarray(picture) != WHITE).any(axis=2)
    boxes = []
    for top, bottom in stretches(inked.mean(axis=1) > 0.25):
        if bottom - top > figure.SCALE[1]:
            boxes += [(left, top, right, bottom) for left, right in stretches(inked[top:bottom].all(axis=0))]
    return boxes


def stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ((300, 400), (300, 400)),
        ((3000, 2000), (800, 533)),
        ((90, 60), (400, 267)),
        ((500, 5000), (120, 1200)),
    ],
)
def test_the_photo_stands_in_its_own_shape_beside_the_evidence(shape, shown):
    photo, evidence = blocks(figure.draw(explained(shape)))
    assert (photo[3] - photo[1], photo[2] - photo[0]) == shown
    assert (evidence[1], evidence[3], evidence[2] - evidence[0]) == (photo[1], photo[3], shown[1])


def test_the_photo_itself_is_not_touched():
    picture = figure.draw(explained())
    left, top, right, bottom = blocks(picture)[0]
    assert (np.asarray(picture)[top:bottom, left:right] == 90).all()


def test_all_kinds_stand_side_by_side_and_an_empty_map_is_said_not_drawn():
    picture = figure.draw(explained(), figure.ALL)
    boxes = blocks(picture)
    assert len(boxes) == 4
    assert len({box[1] for box in boxes}) == 1
    photo, cylinder, dimple, mortice = (np.asarray(picture.crop(box)) for box in boxes)
    np.testing.assert_array_equal(cylinder, photo)
    assert dimple.max() > mortice.max() > photo.max()  # one scale: weaker evidence is less bright


def test_many_kinds_fill_rows_of_equal_length():
    kinds = [f"kind-{number}" for number in range(7)]
    maps = {kind: np.ones((7, 7), np.float32) for kind in kinds}
    many = replace(explained(), maps=maps, probabilities=dict.fromkeys(kinds, 1 / 7))
    boxes = blocks(figure.draw(many, figure.ALL))
    assert len(boxes) == 8
    assert len({box[0] for box in boxes}) == 4


def test_a_kind_that_was_not_answered_can_be_asked_for():
    assert figure.draw(explained(), "mortice") != figure.draw(explained())


def test_a_kind_that_the_model_does_not_know_is_told_with_those_it_knows():
    with pytest.raises(BadModel, match="safe: the model knows the kinds cylinder, dimple, mortice"):
        figure.draw(explained(), "safe")


@pytest.mark.parametrize("answer", ["dimple", "not sure", "not a key"])
def test_the_answer_is_written_in_words(answer, monkeypatch):
    written = []
    monkeypatch.setattr(figure, "_cut", lambda text, *_: written.append(text) or text)
    figure.draw(explained(answer=answer))
    said = "dimple 0.70" if answer == "dimple" else f"{answer}; nearest: dimple 0.70"
    assert written == ["a.jpg", said, "dimple 0.70", "where the evidence for it stands"]


def test_words_stay_below_their_picture_however_long():
    long = replace(explained(), photo="x" * 500)
    assert figure.draw(long).size == figure.draw(explained()).size
    assert (np.asarray(figure.draw(long))[:, -figure.MARGIN :] == WHITE).all()


def test_the_colours_have_their_scale():
    pixels = np.asarray(figure.draw(explained())).reshape(-1, 3)
    for colour in COLOURS[[0, -1]]:
        assert (pixels == colour).all(axis=1).any()


def test_the_command_writes_a_picture_and_nothing_of_the_photos_file(tmp_path):
    exif = Image.Exif()
    exif[271] = "a maker"
    draw_key("dimple", np.random.default_rng(0)).save(tmp_path / "key.jpg", exif=exif)
    model, out = tiny_file(tmp_path / "tiny.tflite"), tmp_path / "new" / "why.png"
    for kind in ([], ["--kind", "mortice"], ["--kind", "all"]):
        found = keykind("explain", tmp_path / "key.jpg", "--out", out, "--model", model, *kind)
        assert (found.returncode, found.stdout, found.stderr) == (0, f"{out}\n", "")
        with Image.open(out) as picture:
            assert picture.format == "PNG"
            assert not picture.getexif()
            assert not picture.info


def test_the_command_says_what_is_wrong_and_writes_nothing(tmp_path):
    draw_key("dimple", np.random.default_rng(0)).save(tmp_path / "key.png")
    photo, model, out = (
        tmp_path / "key.png",
        tiny_file(tmp_path / "tiny.tflite"),
        tmp_path / "new" / "why.png",
    )
    blind = tiny_file(tmp_path / "blind.tflite", maps=False)
    for arguments, words in [
        ((photo, "--model", model, "--kind", "safe"), "safe: the model knows the kinds"),
        ((photo, "--model", blind), "blind.tflite: gives no class maps"),
        ((tmp_path / "gone.jpg", "--model", model), "gone.jpg: does not exist"),
    ]:
        found = keykind("explain", *arguments, "--out", out)
        assert found.returncode == 2
        assert words in found.stderr
    assert not out.parent.exists()


def test_a_picture_is_written_as_png_alone(tmp_path):
    with pytest.raises(CannotWrite, match=r"written as \.png"):
        figure.save(figure.draw(explained()), tmp_path / "why.jpg")
