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
from keykind.evaluate.thumbnails import SIDE, make_tile  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
COUNTS = {"dimple": {"train": 12, "test": 5}, "laser <&>": {"train": 0, "test": 7}}


def scores():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet((1, 1, 1), 60).astype(np.float32)
    keys = [str(i) for i in range(60)]
    return score(probabilities, rng.integers(0, 3, 60), keys, ("a", "b", "c"), resamples=100, rng=rng)


def history(epochs, start=1.0):
    values = [start / epoch for epoch in range(1, epochs + 1)]
    return {"loss": values, "accuracy": values, "val_loss": values, "val_accuracy": values}


CHARTS = {
    "class counts": lambda: charts.class_counts(COUNTS),
    "curves": lambda: charts.training_curves([history(5), history(3), history(1)]),
    "confusion": lambda: charts.confusion(scores(), "plain photos"),
    "F1": lambda: charts.f1_bars({"plain": scores(), "edge": scores()}),
    "F1 of one view": lambda: charts.f1_bars({"plain": scores()}),
    "reliability": lambda: charts.reliability_diagram(
        {"before": scores().calibration, "after": scores().calibration}
    ),
}
every_chart = pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)


def texts(svg):
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


@every_chart
def test_a_chart_uses_the_text_colour_of_its_page(draw):
    svg = charts.svg(draw())
    assert "currentColor" in svg
    assert charts.INK not in svg


@every_chart
def test_no_text_of_a_chart_is_black_on_a_dark_page(draw):
    """SVG text without a colour is black; only numbers on the white confusion matrix may be."""
    svg = ET.fromstring(charts.svg(draw()))
    black = [text for text in svg.iter(f"{SVG}text") if "fill:" not in text.get("style")]
    assert all(re.fullmatch(r"<?\d+%?", "".join(text.itertext())) for text in black)
    assert not black or svg.find(f".//{SVG}image") is not None


@every_chart
def test_the_same_numbers_give_the_same_bytes(draw):
    assert charts.svg(draw()) == charts.svg(draw())


def test_the_same_numbers_give_the_same_png():
    first, again = (charts.png(charts.class_counts(COUNTS)) for _ in range(2))
    assert first == again


@every_chart
def test_a_chart_is_one_svg_element_without_external_links(draw):
    svg = charts.svg(draw())
    assert ET.fromstring(svg).tag == f"{SVG}svg"
    links = re.findall(r"""(?:href|src)=["']([^"']*)|url\(([^)]*)""", svg)
    assert all("".join(link).startswith(("#", "data:")) for link in links)
    assert "<script" not in svg


@every_chart
def test_a_chart_is_a_png_on_white(draw):
    data = charts.png(draw())
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    with Image.open(io.BytesIO(data)) as image:
        assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_drawing_does_not_change_matplotlib_settings():
    before = dict(mpl.rcParams)
    charts.svg(charts.class_counts(COUNTS))
    assert dict(mpl.rcParams) == before


def test_class_counts_are_labelled_with_names_and_numbers():
    labels = [text.strip() for text in texts(charts.svg(charts.class_counts(COUNTS)))]
    assert {"dimple", "laser <&>", "12", "5", "7", "17"} <= set(labels)


def test_training_curves_extend_to_the_longest_fold():
    figure = charts.training_curves([history(5, start=1.0), history(2, start=3.0)])
    training = figure.axes[0].lines[0]
    assert training.get_xdata().tolist() == [1, 2, 3, 4, 5]
    expected = [(1 + 3) / 2, (1 / 2 + 3 / 2) / 2, 1 / 3, 1 / 4, 1 / 5]  # the mean of the folds still running
    np.testing.assert_allclose(training.get_ydata(), expected)


def test_the_band_ranges_from_the_lowest_to_the_highest_fold():
    figure = charts.training_curves([history(4, start=start) for start in (1.0, 2.0, 4.0)])
    corners = figure.axes[0].collections[0].get_paths()[0].vertices
    first = corners[corners[:, 0] == 1][:, 1]
    assert (first.min(), first.max()) == (1.0, 4.0)


def test_a_curve_of_one_epoch_is_drawn_as_a_point():
    assert charts.training_curves([history(1)]).axes[0].lines[0].get_marker() == "o"
    assert charts.training_curves([history(2)]).axes[0].lines[0].get_marker() == "None"


def test_the_confusion_matrix_is_labelled_with_every_number():
    labels = texts(charts.svg(charts.confusion(scores(), "plain photos")))
    matrix = scores().confusion
    assert sorted(int(text) for text in labels if text.isdigit()) == sorted(matrix.ravel().tolist())
    shares = [f"{share:.0%}" for share in (matrix / matrix.sum(axis=1, keepdims=True)).ravel() if share]
    assert sorted(text for text in labels if text.endswith("%")) == sorted(shares)
    assert "plain photos" in labels


def test_every_bar_has_its_value():
    labels = texts(charts.svg(charts.f1_bars({"plain": scores()})))
    assert {f"{kind.f1:.2f}" for kind in scores().per_kind} <= set(labels)


def test_charts_accept_a_kind_without_test_photos():
    probabilities = np.eye(3, dtype=np.float32)[[0, 1, 1]]
    partial = score(
        probabilities,
        np.array([0, 1, 0]),
        list("abc"),
        ("a", "b", "c"),
        resamples=100,
        rng=np.random.default_rng(0),
    )
    for figure in (
        charts.confusion(partial, "x"),
        charts.f1_bars({"plain": partial}),
        charts.reliability_diagram({"x": partial.calibration}),
    ):
        assert "nan" not in charts.svg(figure).lower()


def test_whiskers_span_the_interval():
    [axes] = charts.f1_bars({"plain": scores()}).axes
    [whiskers] = [part for part in axes.collections if len(part.get_paths()) == 3]
    for path, kind in zip(whiskers.get_paths(), scores().per_kind, strict=True):
        assert sorted(path.vertices[:, 0]) == pytest.approx(sorted(kind.f1_interval))


@pytest.mark.parametrize("count", [1, charts.COLUMNS, charts.COLUMNS + 1])
def test_a_contact_sheet_shows_every_tile_with_its_caption(count):
    levels = [40 + 20 * i for i in range(count)]
    tiles = [make_tile(np.full((300, 300, 3), level, np.uint8), "word " * 30) for level in levels]
    data = charts.contact_sheet(tiles)
    with Image.open(io.BytesIO(data)) as sheet:
        assert sheet.format == "PNG"
        step = sheet.width // charts.COLUMNS
        for i, level in enumerate(levels):
            left, top = i % charts.COLUMNS * step, i // charts.COLUMNS * (step + charts.CAPTION)
            middle = sheet.getpixel((left + step // 2, top + SIDE // 2))
            assert middle == pytest.approx((level,) * 3, abs=3)
            caption = sheet.crop((left, top + step, left + step, top + step + charts.CAPTION))
            assert caption.convert("L").getextrema()[0] < 100


def test_the_same_tiles_give_the_same_contact_sheet():
    tiles = [make_tile(np.full((50, 90, 3), 100, np.uint8), "Schlüssel → dimple 0.93")] * 3
    assert all(isinstance(tile, Tile) for tile in tiles)
    assert charts.contact_sheet(tiles) == charts.contact_sheet(tiles)


def test_a_kind_with_dollar_signs_is_drawn_literally():
    counts = {"US$ to CA$": {"train": 1, "test": 1}, "$^$": {"train": 1, "test": 1}}
    assert {"US$ to CA$", "$^$"} <= set(texts(charts.svg(charts.class_counts(counts))))


def test_a_confusion_matrix_of_many_kinds_stays_small():
    rng = np.random.default_rng(0)
    kinds = [f"kind {i}" for i in range(120)]
    probabilities = rng.dirichlet(np.ones(120), 240).astype(np.float32)
    keys = [str(i) for i in range(240)]
    many = score(probabilities, np.arange(240) % 120, keys, kinds, resamples=100, rng=rng)
    svg = charts.svg(charts.confusion(many, "plain photos"))
    assert len(svg) < 500_000
    assert "kind 0" in texts(svg)
