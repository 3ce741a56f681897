"""Tests of demo.py and its verb: data, recipe, weights, and when a browser opens."""

import webbrowser
from dataclasses import replace
from itertools import product

import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.cli import main
from keykind.experiment import demo
from keykind.train.recipe import REPORT

SCORES = {"weighted_f1": 0.5, "macro_f1": 0.5, "interval": {"weighted_f1": [0.4, 0.6]}}


def test_the_demo_trains_on_all_bundled_photos_with_the_bundled_weights(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(demo, "run", lambda experiment, *, resume: calls.append((experiment, resume)))
    demo.run_demo(tmp_path / "run", 5)
    ((experiment, resume),) = calls
    assert resume
    on_keys = replace(REPORT, name=experiment.recipe.name, crop="key")
    assert (experiment.recipe, experiment.weights, experiment.seed) == (on_keys, "keykind", 5)
    assert len(experiment.dataset.samples) == 129 + 105
    assert "rendered" in experiment.notice


def test_the_demo_does_not_touch_a_folder_with_other_files(tmp_path, capsys):
    (tmp_path / "own.png").write_bytes(b"")
    assert main.main(["demo", "--out", str(tmp_path)]) == 2
    assert "name another folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["own.png"]


def test_the_demo_ends_with_what_to_do_next(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "run_demo", lambda out, seed: {"test": {"plain": SCORES}})
    assert main.main(["demo", "--out", str(tmp_path), "--no-open"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1] == str(tmp_path / "report.html")
    assert captured.err.splitlines()[-1].endswith("keykind serve")


@pytest.mark.parametrize("situation", list(product((True, False), repeat=3)))
def test_the_report_opens_only_on_a_desktop_in_a_terminal_and_unless_declined(
    tmp_path, monkeypatch, situation
):
    terminal, desktop, allowed = situation
    opened = []
    monkeypatch.setattr(demo, "run_demo", lambda out, seed: {"test": {"plain": SCORES}})
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0") if desktop else monkeypatch.delenv("DISPLAY", raising=False)
    arguments = ["demo", "--out", str(tmp_path), *([] if allowed else ["--no-open"])]
    assert main.main(arguments) == 0
    assert opened == ([(tmp_path / "report.html").as_uri()] if all(situation) else [])
