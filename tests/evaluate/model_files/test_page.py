"""Tests of the page of an evaluation in a browser: on a phone and wide, and choosing photos."""

import pytest

from tiny_model import KINDS, tiny_file

SHOWN = "#wrong [data-cell]:not(button):visible"
WIDTHS = (390, 1280)  # px


@pytest.fixture
def compared(labelled, tiny, tmp_path, measure):
    other = tiny_file(tmp_path / "other.tflite", kinds=KINDS[::-1])
    return measure([tiny, other], labelled)


@pytest.fixture(params=WIDTHS)
def tab(compared, browser, request):
    opened = browser.new_page(viewport={"width": request.param, "height": 800})
    errors = []
    opened.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - Playwright marks it
    opened.goto(compared.report.as_uri())
    yield opened
    opened.close()
    assert not errors


def test_a_cell_of_either_matrix_chooses_its_photos(compared, tab):
    for i, model in enumerate(compared.metrics["models"]):
        wrong = [
            (true, predicted, count)
            for true, row in enumerate(model["confusion"])
            for predicted, count in enumerate(row)
            if count and true != predicted
        ]
        true, predicted, count = wrong[0]
        tab.locator(f"#confusion button[data-cell='{i}-{true}-{predicted}']").click()
        assert tab.locator(SHOWN).count() == count
        tab.keyboard.press("Escape")
    everything = tab.locator("#wrong [data-cell]:not(button)").count()
    assert tab.locator("#wrong [data-cell]:not([hidden]):not(button)").count() == everything


def test_the_calibration_of_both_models_is_shown(compared, tab):
    section = tab.locator("#calibration")
    errors = [model["calibration"]["ece"] for model in compared.metrics["models"]]
    assert " and ".join(f"{error:.3f}" for error in errors) in section.locator("summary").inner_text()
    assert section.locator("table").count() == 2


def test_the_page_is_never_wider_than_the_screen(tab):
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_both_models_and_their_difference_come_first(compared, tab):
    difference = compared.metrics["difference"]["weighted_f1"]
    text = tab.locator(".answer").all_inner_texts()
    assert len(text) == 3
    assert f"Difference {difference['difference']:+.2f}" in text[2]
    for model, panel in zip(compared.metrics["models"], text[:2], strict=True):
        assert model["name"] in panel
        assert f"Weighted F1 {model['weighted_f1']:.2f}" in panel
