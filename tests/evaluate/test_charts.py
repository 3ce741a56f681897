"""Tests of charts.py."""

import io
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

mpl = pytest.importorskip("matplotlib", reason="the extra train is not installed")

from keykind.core.html import Tile  # noqa: E402
from keykind.evaluate import charts  # noqa: E402
from keykind.evaluate.metrics import score  # noqa: E402
from keykind.evaluate.thumbnails import SIDE, tile  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
COUNTS = {"dimple": {"train": 12, "test": 5}, "laser <&>": {"train": 0, "test": 7}}


def scores():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet((1, 1, 1), 60).astype(np.float32)
    keys = [str(place) for place in range(60)]
    return score(probabilities, rng.integers(0, 3, 60), keys, ("a", "b", "c"), resamples=100, rng=rng)


def history(epochs, start=1.0):
    values = [start / epoch for epoch in range(1, epochs + 1)]
    return {"loss": values, "accuracy": values, "val_loss": values, "val_accuracy": values}


CHARTS = {
    "class counts": lambda: charts.class_counts(COUNTS),
    "curves": lambda: charts.curves([history(5), history(3), history(1)]),
    "confusion": lambda: charts.confusion(scores(), "plain photos"),
    "F1": lambda: charts.f1_bars({"plain": scores(), "edge": scores()}),
    "F1 of one view": lambda: charts.f1_bars({"plain": scores()}),
    "reliability": lambda: charts.reliability({"as trained": scores(), "with temperature": scores()}),
}
every_chart = pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)


def texts(svg):
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


@every_chart
def test_a_chart_takes_the_ink_of_its_page(draw):
    svg = charts.svg(draw())
    assert "currentColor" in svg
    assert charts.INK not in svg


@every_chart
def test_no_word_of_a_chart_is_black_on_a_dark_page(draw):
    """Without a colour a text is black; only the numbers on the confusion matrix's white ground are."""
    svg = ET.fromstring(charts.svg(draw()))
    black = [text for text in svg.iter(f"{SVG}text") if "fill:" not in text.get("style")]
    assert all("".join(text.itertext()).isdigit() for text in black)
    assert not black or svg.find(f".//{SVG}image") is not None


@every_chart
def test_the_same_numbers_give_the_same_bytes(draw):
    assert charts.svg(draw()) == charts.svg(draw())


def test_the_same_numbers_give_the_same_png():
    first, again = (charts.png(charts.class_counts(COUNTS)) for _ in range(2))
    assert first == again


@every_chart
def test_a_chart_is_one_svg_element_that_fetches_nothing(draw):
    svg = charts.svg(draw())
    assert ET.fromstring(svg).tag == f"{SVG}svg"
    links = re.findall(r"""(?:href|src)=["']([^"']*)|url\(([^)]*)""", svg)
    assert all("".join(link).startswith(("#", "data:")) for link in links)
    assert "<script" not in svg


@every_chart
def test_a_chart_is_a_png_on_white(draw):
    data = charts.png(draw())
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_drawing_leaves_the_users_settings_of_matplotlib_alone():
    before = dict(mpl.rcParams)
    charts.svg(charts.class_counts(COUNTS))
    assert dict(mpl.rcParams) == before


def test_counts_are_written_beside_and_in_the_bars_and_names_as_they_are():
    told = [text.strip() for text in texts(charts.svg(charts.class_counts(COUNTS)))]
    assert {"dimple", "laser <&>", "12", "5", "7", "17"} <= set(told)


def test_curves_of_folds_that_stopped_early_reach_to_the_longest():
    figure = charts.curves([history(5, start=1.0), history(2, start=3.0)])
    training = figure.axes[0].lines[0]
    assert training.get_xdata().tolist() == [1, 2, 3, 4, 5]
    wanted = [(1 + 3) / 2, (1 / 2 + 3 / 2) / 2, 1 / 3, 1 / 4, 1 / 5]  # the mean of the folds still running
    np.testing.assert_allclose(training.get_ydata(), wanted)


def test_the_band_of_the_curves_goes_from_the_lowest_fold_to_the_highest():
    figure = charts.curves([history(4, start=start) for start in (1.0, 2.0, 4.0)])
    corners = figure.axes[0].collections[0].get_paths()[0].vertices
    first = corners[corners[:, 0] == 1][:, 1]
    assert (first.min(), first.max()) == (1.0, 4.0)


def test_a_curve_of_one_epoch_is_drawn_as_a_point():
    assert charts.curves([history(1)]).axes[0].lines[0].get_marker() == "o"
    assert charts.curves([history(2)]).axes[0].lines[0].get_marker() == "None"


def test_every_number_of_the_confusion_matrix_is_written():
    told = texts(charts.svg(charts.confusion(scores(), "plain photos")))
    numbers = sorted(int(text) for text in told if text.isdigit())
    assert numbers == sorted(scores().confusion.ravel().tolist())
    assert "plain photos" in told


def test_a_kind_without_test_photos_hinders_no_chart():
    answers = np.eye(3, dtype=np.float32)[[0, 1, 1]]
    some = score(
        answers,
        np.array([0, 1, 0]),
        list("abc"),
        ("a", "b", "c"),
        resamples=100,
        rng=np.random.default_rng(0),
    )
    for figure in (
        charts.confusion(some, "x"),
        charts.f1_bars({"plain": some}),
        charts.reliability({"x": some}),
    ):
        assert "nan" not in charts.svg(figure).lower()


def test_whiskers_reach_from_one_end_of_the_interval_to_the_other():
    [axes] = charts.f1_bars({"plain": scores()}).axes
    [whiskers] = [part for part in axes.collections if len(part.get_paths()) == 3]
    for path, kind in zip(whiskers.get_paths(), scores().per_kind, strict=True):
        assert sorted(path.vertices[:, 0]) == pytest.approx(sorted(kind.f1_interval))


@pytest.mark.parametrize("count", [1, charts.COLUMNS, charts.COLUMNS + 1])
def test_a_sheet_shows_every_tile_in_its_place(count):
    levels = [40 + 20 * place for place in range(count)]
    tiles = [tile(np.full((300, 300, 3), level, np.uint8), "word " * 30) for level in levels]
    data = charts.sheet(tiles)
    with Image.open(io.BytesIO(data)) as paper:
        assert paper.format == "PNG"
        step = paper.width // charts.COLUMNS
        for place, level in enumerate(levels):
            left, top = place % charts.COLUMNS * step, place // charts.COLUMNS * (step + charts.CAPTION)
            middle = paper.getpixel((left + step // 2, top + SIDE // 2))
            assert middle == pytest.approx((level,) * 3, abs=3)
            caption = paper.crop((left, top + step, left + step, top + step + charts.CAPTION))
            assert caption.convert("L").getextrema()[0] < 100


def test_a_sheet_is_the_same_for_the_same_tiles():
    tiles = [tile(np.full((50, 90, 3), 100, np.uint8), "Schlüssel → dimple 0.93")] * 3
    assert all(isinstance(one, Tile) for one in tiles)
    assert charts.sheet(tiles) == charts.sheet(tiles)


def test_a_kind_with_dollar_signs_is_drawn_as_it_is_called():
    counts = {"US$ to CA$": {"train": 1, "test": 1}, "$^$": {"train": 1, "test": 1}}
    assert {"US$ to CA$", "$^$"} <= set(texts(charts.svg(charts.class_counts(counts))))


def test_a_confusion_of_many_kinds_stays_small():
    rng = np.random.default_rng(0)
    kinds = [f"kind {number}" for number in range(120)]
    probabilities = rng.dirichlet(np.ones(120), 240).astype(np.float32)
    keys = [str(place) for place in range(240)]
    many = score(probabilities, np.arange(240) % 120, keys, kinds, resamples=100, rng=rng)
    svg = charts.svg(charts.confusion(many, "plain photos"))
    assert len(svg) < 500_000
    assert "kind 0" in texts(svg)
