"""Tests of main.py and the verbs: output, exit statuses, and above all bad input."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import keykind, png_header
from drawings import draw_photos
from keykind import cli
from keykind.cli import dev, main

KILLS = int(os.environ.get("KEYKIND_KILLS", "2"))  # how often a run is killed
HEAVY = {"keras", "tensorflow", "sklearn", "scipy", "matplotlib"}
SLEEPY = """
HELP = "sleep for some seconds"

def add_options(parser):
    parser.add_argument("seconds", type=int)

def run(options):
    print(f"slept {options.seconds} s")
    return 1
"""


def run(*arguments: object) -> int:
    return main.main([str(argument) for argument in arguments])


def test_the_command_line_loads_nothing_heavy():
    code = "import sys; from keykind.cli.main import parser; parser()\n"
    code += "print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not HEAVY & set(loaded)


def test_every_verb_has_help_options_and_a_function():
    for name in main.VERBS:
        verb = import_module(f"keykind.cli.{name}")
        assert verb.HELP
        assert "\n" not in verb.HELP
        assert callable(verb.add_options)
        assert callable(verb.run)


def test_a_verb_is_one_module_and_one_entry_in_the_table(tmp_path, monkeypatch, capsys):
    (tmp_path / "sleep.py").write_text(SLEEPY, "utf-8")
    monkeypatch.setattr(cli, "__path__", [*cli.__path__, str(tmp_path)])
    monkeypatch.setattr(main, "VERBS", (*main.VERBS, "sleep"))
    assert run("sleep", 3) == 1
    assert capsys.readouterr().out == "slept 3 s\n"
    assert "sleep for some seconds" in main.parser().format_help()


def test_the_verb_for_developers_is_not_listed():
    assert not re.search(r"^    dev\b", main.parser().format_help(), re.MULTILINE)
    assert main.parser().parse_args(["dev", "ship", "run"]).verb is dev.run


@pytest.mark.parametrize("option", ["--negatives", "--nothing"])
def test_photos_without_a_key_have_an_option_and_its_former_name(option):
    options = main.parser().parse_args(["train", "photos", "--out", "run", option, "negatives"])
    assert options.negatives == Path("negatives")
    assert main.parser().parse_args(["train", "photos", "--out", "run"]).negatives is None


def test_inspect_loads_nothing_heavy(drawn_photos):
    verb = f"main(['inspect', {str(drawn_photos)!r}, '--json'])"
    code = (
        f"import sys; from keykind.cli.main import main; {verb}; sys.exit(bool(sys.modules.keys() & {HEAVY}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_wrong_usage_is_status_2(capsys):
    for arguments in (["no-such-verb"], ["train"], ["train", "--out", "run"], ["inspect"]):
        with pytest.raises(SystemExit) as caught:
            main.main(arguments)
        assert caught.value.code == 2
        assert "usage: keykind" in capsys.readouterr().err


def test_doctor_lists_installed_packages(capsys):
    assert run("doctor") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:2] == ["ok", "numpy"] for line in lines)


def test_inspect_counts_the_photos_of_each_kind(drawn_photos, capsys):
    assert run("inspect", drawn_photos, "--json") == 0
    captured = capsys.readouterr()
    assert "mortice" in json.loads(captured.out)["counts"]
    assert run("inspect", drawn_photos) == 0
    assert "mortice" in capsys.readouterr().out


def test_inspect_writes_a_page(drawn_photos, tmp_path):
    assert run("inspect", drawn_photos, "--html", tmp_path / "page.html") == 0
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")


def test_an_output_never_replaces_an_input(drawn_photos, tmp_path, capsys):
    photo = next((drawn_photos / "train").rglob("*.png"))
    table, marks, link = tmp_path / "x.csv", tmp_path / "m.json", tmp_path / "link.html"
    table.write_bytes(photo.read_bytes())
    marks.write_text("{}", "utf-8")
    link.symlink_to(photo)
    for command in (
        ("explain", photo, "--out", photo.parent / "new" / ".." / photo.name),
        ("predict", table, "--out", table),
        ("inspect", drawn_photos, "--html", link),
        ("dev", "score-real", tmp_path, "--marks", marks, "--json", marks),
    ):
        assert run(*command, "--force") == 2
        assert "is read by the same command" in capsys.readouterr().err
    assert photo.read_bytes() == table.read_bytes()
    assert link.is_symlink()
    assert marks.read_text("utf-8") == "{}"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--format", "csv"), "--format without --out"),
        (("--part", 5, "--out", "a.csv"), "--part with the file a.csv"),
        (("--out", "a.csv", "--format", "jsonl"), "--format with the file a.csv"),
    ],
)
def test_options_of_a_folder_of_predictions_need_one(options, fault, capsys):
    assert run("predict", "key.jpg", *options) == 2
    assert f"was given {fault}; it is for a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "ending"),
    [
        (("inspect", "photos", "--html", "photos/a.jpg"), ".html"),
        (("dev", "score-real", "photos", "--json", "photos/labels.csv"), ".json"),
    ],
)
def test_an_output_has_the_ending_of_its_format(command, ending, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*command)
    assert caught.value.code == 2
    assert f"does not end in {ending}" in capsys.readouterr().err


def test_an_unreadable_photo_is_status_1_and_is_named(drawn_photos, capsys):
    (drawn_photos / "train" / "mortice" / "torn.jpg").write_bytes(b"")
    assert run("inspect", drawn_photos) == 1
    assert "torn.jpg" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "best"], "use report or default, or a .toml file"),
        (["--recipe", "no.toml"], "no.toml"),
        (["--fine-tune", "-1"], "outside 0 to"),
        (["--weights", "none.h5"], "no such weights file"),
        (["--kinds", "cylinder,padlock"], "padlock"),
        (["--kinds", "cylinder"], "1 kind"),
        (["--group-pattern", "("], "group"),
        (["--test", "nowhere"], "nowhere"),
    ],
)
def test_an_invalid_option_value_is_one_line_and_status_2(drawn_photos, tmp_path, capsys, arguments, message):
    pytest.importorskip("keras", reason="the extra train is not installed")
    assert run("train", drawn_photos, "--out", tmp_path / "run", *arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert message in lines[-1], lines
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("seed", ["-1", "1.5", "one"])
def test_a_seed_is_a_whole_number(seed, capsys):
    with pytest.raises(SystemExit) as caught:
        run("demo", "--seed", seed)
    assert caught.value.code == 2
    assert "not an integer" in capsys.readouterr().err


def test_a_closed_pipe_is_not_an_error(drawn_photos):
    command = f"{sys.executable} -m keykind inspect {drawn_photos} --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_a_name_that_the_terminal_cannot_show_is_not_an_error(drawn_photos):
    (drawn_photos / "train" / "mortice").rename(drawn_photos / "train" / "größe 钥匙")
    (drawn_photos / "test" / "mortice").rename(drawn_photos / "test" / "größe 钥匙")
    done = keykind("inspect", drawn_photos, env=os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    assert "gr??e" in done.stdout


def test_a_folder_with_files_is_refused_before_any_photo_is_read(tmp_path, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("notes")
    assert run("train", tmp_path / "no photos", "--out", tmp_path / "run") == 2
    assert "already exists and is not empty" in capsys.readouterr().err


@pytest.mark.parametrize("started", [True, False])
def test_an_interrupted_run_says_how_to_go_on(drawn_photos, tmp_path, capsys, monkeypatch, started):
    pytest.importorskip("keras", reason="the extra train is not installed")

    def interrupt(*_, out, **__):
        if started:
            out.mkdir()
            (out / "recipe.json").write_text("{}", "utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr("keykind.experiment.train.train", interrupt)
    assert run("train", drawn_photos, "--out", tmp_path / "my run") == 130
    text = capsys.readouterr().err
    resume = f"add --resume: keykind train --resume '{tmp_path / 'my run'}'"
    assert (resume if started else "run the same command again") in text


def test_without_a_folder_the_run_is_named_after_the_photos(drawn_photos, capsys, monkeypatch):
    pytest.importorskip("keras", reason="the extra train is not installed")
    monkeypatch.chdir(drawn_photos.parent)
    folders = []

    def note(*_, out, **__):
        folders.append(out)
        raise KeyboardInterrupt

    monkeypatch.setattr("keykind.experiment.train.train", note)
    run("train", drawn_photos.name)
    assert folders == [Path("photos-run")]
    assert "the run is written to photos-run" in capsys.readouterr().err


def add_bad_files(folder: Path) -> dict[str, str]:
    """Add bad files of every type to the kind folders; return file name -> expected message."""
    cylinder = folder / "train" / "cylinder"
    good = next(cylinder.glob("*.png"))
    (cylinder / "empty.jpg").write_bytes(b"")
    with Image.open(good) as image:
        image.save(cylinder / "whole.jpg")
        image.resize((1, 1)).save(cylinder / "dot.png")
    (cylinder / "truncated.jpg").write_bytes((cylinder / "whole.jpg").read_bytes()[:2000])
    (cylinder / "whole.jpg").unlink()
    (cylinder / "text.jpg").write_text("not a photo")
    (cylinder / "bomb.png").write_bytes(png_header(30_000, 30_000))
    (cylinder / "loop").symlink_to(cylinder)
    (folder / "train" / "empty kind").mkdir()
    (cylinder / "größe-钥匙.png").write_bytes(good.read_bytes())
    (cylinder / ("n" * 251 + ".png")).write_bytes(good.read_bytes())
    return {
        "empty.jpg": "is empty (0 bytes)",
        "truncated.jpg": "its 2,000 bytes end before",
        "text.jpg": "starts with 'not a photo'",
        "dot.png": "has 1 x 1 pixels",
        "bomb.png": "900.0 megapixels, more than the limit",
        "loop": "which was already visited",
    }


@pytest.mark.slow
def test_every_bad_photo_gets_its_line_and_the_others_are_trained_on(drawn_photos, tmp_path):
    pytest.importorskip("keras", reason="the extra train is not installed")
    bad = add_bad_files(drawn_photos)
    done = keykind(
        "train", drawn_photos, "--recipe", "report", "--weights", "random", "--out", tmp_path / "run"
    )
    assert done.returncode == 1, done.stderr
    for name, reason in bad.items():
        lines = [line for line in done.stderr.splitlines() if name in line]
        assert any(reason in line for line in lines), (name, done.stderr)
    assert "empty kind" in done.stderr
    assert "Traceback" not in done.stderr
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert all(name in page for name in bad)
    assert done.stdout.splitlines()[-1] == str(tmp_path / "run" / "report.html")


def photo_folder(folder: Path, **counts: int) -> Path:
    rng = np.random.default_rng(0)
    for kind, count in counts.items():
        (folder / kind).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(folder / kind / f"{i}.png")
    return folder


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "photos"),
        ({"cylinder": 0}, "0"),
        ({"cylinder": 9}, "1 kind"),
        ({"cylinder": 9, "dimple": 2}, "dimple"),
    ],
)
def test_too_few_photos_to_train_on_are_refused_with_numbers(tmp_path, capsys, counts, message):
    pytest.importorskip("keras", reason="the extra train is not installed")
    (tmp_path / "photos").mkdir()
    photo_folder(tmp_path / "photos", **counts)
    assert run("train", tmp_path / "photos", "--weights", "random", "--out", tmp_path / "run") == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("keykind: ")
    assert message in last


@pytest.mark.slow
def test_a_kind_only_among_the_test_photos_is_reported_and_left_out(drawn_photos, capsys):
    pytest.importorskip("keras", reason="the extra train is not installed")
    photo_folder(drawn_photos / "test", padlock=2)
    out = drawn_photos.parent / "run"
    assert run("train", drawn_photos, "--recipe", "report", "--weights", "random", "--out", out) == 0
    assert any("padlock" in line for line in capsys.readouterr().err.splitlines())
    assert "padlock" not in json.loads((out / "metrics.json").read_text())["kinds"]


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_with_the_same_result(tmp_path):
    pytest.importorskip("keras", reason="the extra train is not installed")
    photos = tmp_path / "photos"
    draw_photos(photos, {"train": 4, "test": 2}, np.random.default_rng(0))
    train = ["train", photos, "--recipe", "report", "--weights", "random", "--out"]
    start = time.monotonic()
    assert keykind(*train, tmp_path / "undisturbed").returncode == 0
    length = time.monotonic() - start
    expected = without_times(tmp_path / "undisturbed" / "metrics.json")
    predictions = (tmp_path / "undisturbed" / "predictions.csv").read_text()
    for i, moment in enumerate(np.random.default_rng(0).uniform(0.05, 1, KILLS)):
        out = tmp_path / f"killed-{i}"
        environment = os.environ | {"KEYKIND_CACHE": str(tmp_path / f"cache-{i}")}
        command = [sys.executable, "-m", "keykind", *map(str, train), str(out)]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moment * length)
        process.send_signal(signal.SIGKILL)
        process.wait()
        check_files(out)
        resumed = keykind(*train, out, "--resume", env=environment)
        assert resumed.returncode == 0, resumed.stderr
        assert without_times(out / "metrics.json") == expected
        assert (out / "predictions.csv").read_text() == predictions


def without_times(path: Path) -> dict[str, object]:
    return {key: value for key, value in json.loads(path.read_text()).items() if key != "seconds"}


def check_files(out: Path) -> None:
    """Assert that every file under its final name is complete."""
    for path in out.rglob("*"):
        if not path.name.startswith(".unfinished-") and path.suffix in READERS:
            READERS[path.suffix](path)


def check_end(path: Path) -> None:
    assert path.read_text("utf-8").endswith("</html>\n" if path.suffix == ".html" else "\n")


def check_zip(path: Path) -> None:
    assert zipfile.ZipFile(path).testzip() is None


READERS = {
    ".json": lambda path: json.loads(path.read_text("utf-8")),
    ".keras": check_zip,
    ".npz": check_zip,
    ".npy": lambda path: np.load(path, mmap_mode="r"),
    ".html": check_end,
    ".csv": check_end,
    ".png": lambda path: Image.open(path).load(),
}
