"""Tests of figure.py."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from commands import keykind
from drawings import draw_key
from keykind.core.errors import BadModel, CannotWrite
from keykind.model.gradcam import COLOUR_MAP, Explanation
from keykind.predict import figure
from tiny_model import tiny_file

WHITE = 255


def explanation(shape=(300, 400), answer="dimple") -> Explanation:
    rng = np.random.default_rng(0)
    maps = {
        "cylinder": np.zeros((7, 7), np.float32),
        "dimple": rng.random((7, 7), np.float32),
        "mortice": 0.25 * rng.random((7, 7), np.float32),
    }
    probabilities = {"cylinder": 0.1, "dimple": 0.7, "mortice": 0.2}
    return Explanation("shop/a.jpg", answer, probabilities, maps, np.full((*shape, 3), 90, np.uint8))


def panels(image: Image.Image) -> list[tuple[int, int, int, int]]:
    """Return left, top, right and bottom of the panels on the white background, in reading order."""
    inked = (np.asarray(image) != WHITE).any(axis=2)
    boxes = []
    for top, bottom in runs(inked.mean(axis=1) > 0.25):
        if bottom - top > figure.COLOUR_BAR[1]:
            boxes += [(left, top, right, bottom) for left, right in runs(inked[top:bottom].all(axis=0))]
    return boxes


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((300, 400), (300, 400)),
        ((3000, 2000), (800, 533)),
        ((90, 60), (400, 267)),
        ((500, 5000), (120, 1200)),
    ],
)
def test_the_photo_keeps_its_proportions_next_to_the_evidence(shape, size):
    photo, evidence = panels(figure.draw(explanation(shape)))
    assert (photo[3] - photo[1], photo[2] - photo[0]) == size
    assert (evidence[1], evidence[3], evidence[2] - evidence[0]) == (photo[1], photo[3], size[1])


def test_the_photo_itself_is_not_changed():
    image = figure.draw(explanation())
    left, top, right, bottom = panels(image)[0]
    assert (np.asarray(image)[top:bottom, left:right] == 90).all()


def test_all_kinds_are_side_by_side_and_an_empty_map_is_not_drawn():
    image = figure.draw(explanation(), figure.ALL)
    boxes = panels(image)
    assert len(boxes) == 4
    assert len({box[1] for box in boxes}) == 1
    photo, cylinder, dimple, mortice = (np.asarray(image.crop(box)) for box in boxes)
    np.testing.assert_array_equal(cylinder, photo)
    assert dimple.max() > mortice.max() > photo.max()  # a common scale: weaker evidence is darker


def test_many_kinds_fill_rows_of_equal_length():
    kinds = [f"kind-{i}" for i in range(7)]
    maps = {kind: np.ones((7, 7), np.float32) for kind in kinds}
    many = replace(explanation(), maps=maps, probabilities=dict.fromkeys(kinds, 1 / 7))
    boxes = panels(figure.draw(many, figure.ALL))
    assert len(boxes) == 8
    assert len({box[0] for box in boxes}) == 4


def test_a_kind_other_than_the_answer_can_be_explained():
    assert figure.draw(explanation(), "mortice") != figure.draw(explanation())


def test_for_an_unknown_kind_the_error_lists_the_known_ones():
    with pytest.raises(BadModel, match="safe: the model knows the kinds cylinder, dimple, mortice"):
        figure.draw(explanation(), "safe")


@pytest.mark.parametrize(
    ("answer", "reason", "caption"),
    [
        ("dimple", None, "dimple 0.70"),
        ("not sure", "blurred", "not sure (blurred); most likely: dimple 0.70"),
        ("not sure", "blade_hidden", "not sure (blade hidden)"),
        ("not a key", None, "not a key"),
    ],
)
def test_the_answer_is_written_below_the_photo(answer, reason, caption, monkeypatch):
    written = []
    monkeypatch.setattr(figure, "_shorten", lambda text, *_: written.append(text) or text)
    figure.draw(replace(explanation(answer=answer), reason=reason))
    assert written == ["a.jpg", caption, "dimple 0.70", "evidence for this kind"]


def test_long_text_stays_below_its_panel():
    long = replace(explanation(), photo="x" * 500)
    assert figure.draw(long).size == figure.draw(explanation()).size
    assert (np.asarray(figure.draw(long))[:, -figure.MARGIN :] == WHITE).all()


def test_the_colour_bar_spans_the_colour_map():
    pixels = np.asarray(figure.draw(explanation())).reshape(-1, 3)
    for colour in COLOUR_MAP[[0, -1]]:
        assert (pixels == colour).all(axis=1).any()


def test_the_command_writes_an_image_without_metadata(tmp_path):
    exif = Image.Exif()
    exif[271] = "a maker"
    draw_key("dimple", np.random.default_rng(0)).save(tmp_path / "key.jpg", exif=exif)
    model, out = tiny_file(tmp_path / "tiny.tflite"), tmp_path / "new" / "why.png"
    for kind in ([], ["--kind", "mortice"], ["--kind", "all"]):
        result = keykind("explain", tmp_path / "key.jpg", "--out", out, "--model", model, *kind, "--force")
        assert (result.returncode, result.stdout, result.stderr) == (0, f"{out}\n", "")
        with Image.open(out) as image:
            assert image.format == "PNG"
            assert not image.getexif()
            assert not image.info


def test_on_an_error_the_command_writes_nothing(tmp_path):
    draw_key("dimple", np.random.default_rng(0)).save(tmp_path / "key.png")
    photo, model, out = (
        tmp_path / "key.png",
        tiny_file(tmp_path / "tiny.tflite"),
        tmp_path / "new" / "why.png",
    )
    no_maps = tiny_file(tmp_path / "no_maps.tflite", maps=False)
    for arguments, message in [
        ((photo, "--model", model, "--kind", "safe"), "safe: the model knows the kinds"),
        ((photo, "--model", no_maps), "no_maps.tflite: has no class maps"),
        ((tmp_path / "gone.jpg", "--model", model), "gone.jpg: does not exist"),
    ]:
        result = keykind("explain", *arguments, "--out", out)
        assert result.returncode == 2
        assert message in result.stderr
    assert not out.parent.exists()


def test_figures_are_written_only_as_png(tmp_path):
    with pytest.raises(CannotWrite, match=r"written as \.png"):
        figure.save(figure.draw(explanation()), tmp_path / "why.jpg")
