"""Tests of evaluate/report/photo_cards.py and confusion.py: the matrix chooses the photos shown below it."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.evaluate.metrics import score
from keykind.evaluate.report.confusion import Matrix, matrix_table
from keykind.evaluate.report.page import write_report
from keykind.evaluate.report.photo_cards import chosen_cards

SHOWN = "#wrong [data-cell]:not(button):visible"


@pytest.fixture
def tab(finished, browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.goto((finished[0].out / "report.html").as_uri())
    yield opened
    opened.close()


def cell_with(tab, kind):
    """A cell of the plain matrix of right (`right`) or wrong (`wrong`) photos."""
    return tab.locator(f"#confusion td.{kind} button[data-cell^=plain]").first


def count_of(cell):
    return int(cell.locator("span").inner_text())


def test_the_matrix_has_every_number_with_its_share_of_the_row(report_data):
    scores = report_data.scores["plain"]
    table = matrix_table(Matrix(scores, "plain", "in the plain view"))
    for i, row in enumerate(scores.confusion.tolist()):
        for j, count in enumerate(row):
            found = re.search(rf'data-cell="plain-{i}-{j}".*?<span>(\d+)</span> <small>(\d+)%', table)
            assert (found is not None) == (count > 0)
            if found:
                assert int(found[1]) == count
                assert int(found[2]) == pytest.approx(100 * count / sum(row), abs=0.5)


def test_names_of_kinds_are_escaped_in_the_matrix():
    kinds = ("<script>alert(1)</script>", '"onload="x')
    probabilities = np.eye(2, dtype=np.float32)
    scores = score(
        probabilities, np.array([0, 0]), ["a", "b"], kinds, resamples=100, rng=np.random.default_rng(0)
    )
    assert "<script>" not in matrix_table(Matrix(scores, "plain", "in the plain view"))
    assert '"onload' not in matrix_table(Matrix(scores, "plain", "in the plain view"))


def test_every_confusion_has_a_card_before_one_has_two(report_data):
    wrong = [one for one in report_data.plain if not one.correct]
    kinds = Counter((one.sample.kind, one.kind) for one in wrong)
    chosen = chosen_cards(wrong, len(kinds))
    assert {(one.sample.kind, one.kind) for one in chosen} == set(kinds)
    assert chosen_cards(wrong, 1000) == wrong


def test_a_run_without_wrong_photos_says_so(report_data, tmp_path):
    correct = {
        view: tuple(replace(one, kind=one.sample.kind) for one in predictions)
        for view, predictions in report_data.predictions.items()
    }
    text = write_report(replace(report_data, predictions=correct), tmp_path)
    assert "There are none: all 12 test photos are right." in text


def test_equal_scores_of_all_kinds_are_one_number(report_data, tmp_path):
    plain = report_data.scores["plain"]
    equal = replace(plain, per_kind=tuple(replace(kind, f1=1.0) for kind in plain.per_kind))
    text = write_report(replace(report_data, scores=report_data.scores | {"plain": equal}), tmp_path)
    assert "1.00 for every kind" in text


def test_a_run_of_one_fold_and_one_view_has_a_page(report_data, tmp_path):
    plain = {"plain": report_data.plain}
    scores = {"plain": report_data.scores["plain"]}
    data = replace(
        report_data, predictions=plain, scores=scores, folds=report_data.folds[:1], best_fold=0, ood={}
    )
    text = write_report(data, tmp_path)
    assert "Rejecting" not in text
    assert "Mean over" not in text


@pytest.mark.browser
def test_choosing_a_cell_shows_its_photos_and_choosing_it_again_shows_all(tab):
    everything = tab.locator(SHOWN).count()
    cell = cell_with(tab, "wrong")
    cell.click()
    assert cell.get_attribute("aria-pressed") == "true"
    assert tab.locator(SHOWN).count() == count_of(cell)
    cells = tab.eval_on_selector_all(
        SHOWN.replace(":visible", ":not([hidden])"), "all => all.map(e => e.dataset.cell)"
    )
    assert set(cells) == {cell.get_attribute("data-cell")}
    status = tab.locator("#wrong [role=status]")
    assert cell.get_attribute("title") in status.inner_text()
    cell.click()
    assert cell.get_attribute("aria-pressed") == "false"
    assert tab.locator(SHOWN).count() == everything


@pytest.mark.browser
def test_a_cell_of_right_photos_unfolds_them(tab):
    cell = cell_with(tab, "right")
    assert not tab.locator("#right .gallery").is_visible()
    cell.click()
    shown = tab.locator("#right .gallery [data-cell]:visible")
    assert 0 < shown.count() <= count_of(cell)
    tab.locator("#wrong .clear").click()
    assert not tab.locator("#right .gallery").is_visible()


@pytest.mark.browser
def test_cells_of_the_other_view_show_its_photos(tab):
    cell = tab.locator("#confusion td.wrong button[data-cell^=edge]").first
    cell.click()
    assert tab.locator(SHOWN).count() == count_of(cell)


@pytest.mark.browser
def test_cells_are_chosen_and_released_by_keyboard(tab):
    cell = cell_with(tab, "wrong")
    cell.focus()
    tab.keyboard.press("Enter")
    assert tab.locator(SHOWN).count() == count_of(cell)
    tab.keyboard.press("Escape")
    assert cell.get_attribute("aria-pressed") == "false"
    cell.focus()
    tab.keyboard.press("Space")
    assert cell.get_attribute("aria-pressed") == "true"
    tab.locator("#wrong .clear").focus()
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.dataset.cell") == cell.get_attribute("data-cell")
    assert not tab.locator("#wrong .clear").is_visible()


@pytest.mark.browser
def test_one_cell_is_chosen_at_a_time(tab):
    cells = tab.locator("#confusion td.wrong button")
    for i in range(min(cells.count(), 3)):
        cells.nth(i).click()
        assert tab.locator("button[aria-pressed=true]").count() == 1
