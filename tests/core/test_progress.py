"""Tests of progress.py."""

import io
import os
import sys

import pytest

from keykind.core import progress as module
from keykind.core.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """Give a function that goes through items and returns what a terminal was sent, and the fault if any."""

    def show(items, total, redraw=-1.0):
        monkeypatch.setattr(sys, "stderr", Terminal())
        monkeypatch.setattr(module, "REDRAW", redraw)
        fault = None
        try:
            passed = list(progress(items, total, "counting"))
            assert passed == list(items)
        except ValueError as error:
            fault = error
        return sys.stderr.getvalue(), fault

    return show


def test_items_pass_through_one_at_a_time(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    pulled = []

    def items():
        for number in range(5):
            pulled.append(number)
            yield number

    for number in progress(items(), 5, "counting"):
        assert pulled == list(range(number + 1))
    assert len(pulled) == 5


def test_nothing_is_written_where_stderr_is_no_terminal(capfd):
    assert list(progress(range(100), 100, "counting")) == list(range(100))
    assert capfd.readouterr() == ("", "")


def test_nothing_is_written_for_no_items(shown):
    assert shown([], 0) == ("", None)


def test_items_of_unknown_number_are_counted(shown):
    text, _ = shown(range(1200), 0, redraw=0.0)
    assert "1,199" in text or "1,200" in text
    assert "a second" in text
    assert text.endswith("\r\x1b[K")


def test_a_closed_stderr_hinders_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert list(progress(range(3), 3, "counting")) == [0, 1, 2]


def test_the_bar_grows_to_full_width_and_is_wiped_out(shown):
    text, _ = shown(range(10), 10)
    drawn = text.split("\r")
    lengths = [line.count("━") for line in drawn if "━" in line]
    assert lengths == sorted(lengths)
    assert lengths[-1] == module.WIDTH
    assert [f"{number}/10" in line for number, line in enumerate(drawn[1:-1], 1)] == [True] * 10
    assert drawn[-1] == "\x1b[K"
    assert "\n" not in text


def test_a_fault_wipes_the_bar_out_before_its_words_are_said(shown):
    def items():
        yield from range(3)
        raise ValueError

    text, fault = shown(items(), 10)
    assert isinstance(fault, ValueError)
    assert "━" in text
    assert text.endswith("\r\x1b[K")


def test_the_bar_is_not_drawn_for_each_of_many_quick_items(shown):
    text, _ = shown(range(10_000), 10_000, redraw=1000.0)
    assert text.count("\r") == 2  # when all is done, and to wipe it out


def test_a_real_terminal_shows_the_bar(monkeypatch):
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        list(progress(range(3), 3, "counting"))
        seen = os.read(master, 10_000).decode("utf-8")
    os.close(master)
    assert "counting" in seen
    assert "3/3" in seen
