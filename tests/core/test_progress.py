"""Tests of core/progress.py."""

import io
import os
import re
import struct
import sys
import time

import pytest

from keykind.core.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def attach_terminal(monkeypatch) -> Terminal:
    """Replace stderr; not in a fixture, because pytest sets it again before the test is called."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def visible(terminal) -> str:
    """What is left on the terminal's line after all that was written."""
    line = ""
    for part in terminal.getvalue().split("\r"):
        line = part + line[len(part) :]
    return line.strip()


def slow(items, seconds=0.15):
    """Items that take longer than the time between two redraws."""
    for item in items:
        time.sleep(seconds)
        yield item


def test_items_are_consumed_one_at_a_time(monkeypatch):
    attach_terminal(monkeypatch)
    consumed = []

    def items():
        for number in range(5):
            consumed.append(number)
            yield number

    for number in progress(items(), 5, "counting"):
        assert consumed == list(range(number + 1))
    assert len(consumed) == 5


def test_nothing_is_printed_if_stderr_is_no_terminal(capfd):
    assert list(progress(range(100), 100, "counting")) == list(range(100))
    assert capfd.readouterr() == ("", "")


def test_nothing_is_printed_if_stderr_is_closed(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert list(progress(range(3), 3, "counting")) == [0, 1, 2]


def test_no_items_leave_nothing_on_the_terminal(monkeypatch):
    terminal = attach_terminal(monkeypatch)
    assert list(progress([], 0, "counting")) == []
    assert visible(terminal) == ""


def test_items_of_unknown_number_are_counted(monkeypatch):
    terminal = attach_terminal(monkeypatch)
    assert list(progress(slow(range(3)), 0, "counting")) == [0, 1, 2]
    assert re.search(r"counting.*\b[12]it", terminal.getvalue())
    assert "%" not in terminal.getvalue()
    assert visible(terminal) == ""


def test_the_bar_grows_and_is_erased_at_the_end(monkeypatch):
    terminal = attach_terminal(monkeypatch)
    assert list(progress(slow(range(4)), 4, "counting")) == [0, 1, 2, 3]
    counts = [int(count) for count in re.findall(r"counting.*?(\d)/4", terminal.getvalue())]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    assert "\n" not in terminal.getvalue()
    assert visible(terminal) == ""


def test_an_exception_of_the_items_erases_the_bar_first(monkeypatch):
    terminal = attach_terminal(monkeypatch)

    def items():
        yield from slow(range(3))
        raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        list(progress(items(), 10, "counting"))
    assert "counting" in terminal.getvalue()
    assert visible(terminal) == ""


def test_an_exception_of_the_caller_erases_the_bar_too(monkeypatch):
    terminal = attach_terminal(monkeypatch)

    def count():
        for _ in progress(slow(range(3)), 3, "counting"):
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        count()
    assert "counting" in terminal.getvalue()
    assert visible(terminal) == ""


def test_the_bar_is_not_redrawn_for_each_of_many_quick_items(monkeypatch):
    terminal = attach_terminal(monkeypatch)
    assert len(list(progress(range(10_000), 10_000, "counting"))) == 10_000
    assert terminal.getvalue().count("\r") < 100


def test_a_real_terminal_shows_the_bar(monkeypatch):
    pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
    import fcntl
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))  # it has no size otherwise
    with os.fdopen(slave, "w", encoding="utf-8") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        list(progress(slow(range(3)), 3, "counting"))
        printed = os.read(master, 10_000).decode("utf-8")
    os.close(master)
    assert "counting" in printed
    assert "/3" in printed
