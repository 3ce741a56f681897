"""Tests of demo.py and its verb: what is run, on what, with which weights, and when a browser opens."""

import webbrowser
from dataclasses import replace
from itertools import product

import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.cli import main
from keykind.experiment import demo
from keykind.train.recipe import REPORT

SCORES = {"weighted_f1": 0.5, "macro_f1": 0.5, "interval": {"weighted_f1": [0.4, 0.6]}}


def test_the_demo_trains_on_the_whole_sample_with_the_weights_that_ship(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(demo, "run", lambda experiment, *, resume: asked.append((experiment, resume)))
    demo.run_demo(tmp_path / "run", 5)
    ((experiment, resume),) = asked
    assert resume
    keys_cut_out = replace(REPORT, name=experiment.recipe.name, crop="key")
    assert (experiment.recipe, experiment.weights, experiment.seed) == (keys_cut_out, "keykind", 5)
    assert len(experiment.dataset.samples) == 129 + 105
    assert "rendered" in experiment.notice


def test_the_demo_leaves_a_folder_with_files_of_yours_alone(tmp_path, capsys):
    (tmp_path / "own.png").write_bytes(b"")
    assert main.main(["demo", "--out", str(tmp_path)]) == 2
    assert "name another folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["own.png"]


def test_the_demo_ends_with_what_to_do_next(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "run_demo", lambda out, seed: {"test": {"plain": SCORES}})
    assert main.main(["demo", "--out", str(tmp_path), "--no-open"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == str(tmp_path / "report.html")
    assert said.err.splitlines()[-1].endswith("keykind serve")


@pytest.mark.parametrize("situation", list(product((True, False), repeat=3)))
def test_the_page_opens_only_for_a_person_with_a_desktop_who_wants_it(tmp_path, monkeypatch, situation):
    terminal, desktop, wanted = situation
    shown = []
    monkeypatch.setattr(demo, "run_demo", lambda out, seed: {"test": {"plain": SCORES}})
    monkeypatch.setattr(webbrowser, "open", shown.append)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0") if desktop else monkeypatch.delenv("DISPLAY", raising=False)
    arguments = ["demo", "--out", str(tmp_path), *([] if wanted else ["--no-open"])]
    assert main.main(arguments) == 0
    assert shown == ([(tmp_path / "report.html").as_uri()] if all(situation) else [])
