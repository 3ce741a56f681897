"""Tests of what surrounds a verb: no arguments, output that cannot be written, Ctrl-C, files that exist."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import keykind
from keykind.cli import main
from keykind.core.errors import CannotWrite
from keykind.core.files import check_new
from keykind.photo.storage import check_new_location, parse_location
from tiny_model import tiny_file

FULL = Path("/dev/full")
FULL_MESSAGE = "keykind: standard output: cannot be written (No space left on device)"
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def run(*arguments: object) -> int:
    return main.main([str(argument) for argument in arguments])


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def model(tmp_path) -> Path:
    return tiny_file(tmp_path / "tiny.tflite")


def test_without_arguments_the_help_is_printed(capsys):
    for arguments in ([], ["dev"]):
        try:
            status = main.main(arguments)
        except SystemExit as end:
            status = end.code or 0
        assert status == 0
        captured = capsys.readouterr()
        assert captured.out.startswith("usage: keykind")
        assert not captured.err


def to_full(*arguments: object, unbuffered: str, stderr: bool = False) -> tuple[int, str]:
    """Run a command whose stdout, or stderr, is a full disk; return its exit status and the other one."""
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-m", "keykind", *map(str, arguments)]
    with FULL.open("w") as full:
        streams = {"stdout": subprocess.PIPE, "stderr": full} if stderr else {"stdout": full}
        streams = {"stderr": subprocess.PIPE} | streams
        done = subprocess.run(command, **streams, text=True, env=environment, check=False)
    return done.returncode, (done.stdout if stderr else done.stderr)


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments",
    [(), ("--version",), ("predict", "--help"), ("doctor",), ("predict", "{}"), ("predict", "{}", "--json")],
)
def test_output_to_a_full_disk_is_one_line_and_status_2(arguments, unbuffered, photo, model):
    given = [str(argument).format(photo) for argument in arguments]
    options = ["--model", model] if photo.name in "".join(given) else []
    status, err = to_full(*given, *options, unbuffered=unbuffered)
    assert status == 2
    assert err.startswith(FULL_MESSAGE)
    assert len(err.splitlines()) == 1


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("arguments", "expected"), [(("nonsense",), 2), (("predict", "nowhere.jpg"), 1)])
def test_messages_to_a_full_disk_leave_the_exit_status(arguments, expected, unbuffered, model):
    options = ["--model", model] if arguments[0] == "predict" else []
    assert to_full(*arguments, *options, unbuffered=unbuffered, stderr=True)[0] == expected


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_closed_streams_are_no_error(photo, model):
    command = f"{sys.executable} -m keykind predict {photo} --model {model}"
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        done = subprocess.run(f"{command} {closed}", shell=True, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), closed


def test_an_os_error_of_a_verb_is_not_taken_for_one_of_stdout(monkeypatch):
    monkeypatch.setattr("keykind.cli.doctor.run_checks", lambda: (_ for _ in ()).throw(OSError(28, "disk")))
    with pytest.raises(OSError, match="disk"):
        run("doctor")


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ((), ""),
        (("--out", "a.csv"), "; a.csv was not written"),
        (("--out", "a"), "; repeat the command to continue"),
    ],
)
def test_ctrl_c_is_one_line_and_status_130(tmp_path, model, options, hint):
    command = [sys.executable, "-m", "keykind", "predict", "-", "--model", str(model), *options]
    pipe = subprocess.PIPE  # standard input does not end before the signal
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path)
    wait_until_it_reads(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", f"keykind: interrupted{hint}\n")
    assert not (tmp_path / "a.csv").exists()


def test_ctrl_c_during_the_imports_is_one_line_and_status_130():
    code = """
import sys
class Finder:
    def find_spec(self, name, *_):
        if name == "keykind.core.errors":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
from keykind.__main__ import main
sys.exit(main())"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "keykind: interrupted\n")


@pytest.mark.parametrize(
    "command", [("predict",), ("cutout", "--out", "a.png"), ("card",), ("dev", "score-real"), ("dev",)]
)
def test_an_unknown_option_shows_the_usage_of_its_verb(command, capsys):
    photo = [] if command == ("dev",) else ["a.jpg"]
    with pytest.raises(SystemExit) as caught:
        run(*command, *photo, "--unknown")
    verb = " ".join(part for part in command if part not in ("--out", "a.png"))
    err = capsys.readouterr().err
    assert caught.value.code == 2
    assert err.startswith(f"usage: keykind {verb} [-h]")
    assert err.endswith(f"keykind {verb}: error: unrecognized arguments: --unknown\n")


def wait_until_it_reads(process: subprocess.Popen) -> None:
    """Wait until a process uses no more CPU time: it waits for its input."""
    stat, before = Path(f"/proc/{process.pid}/stat"), -1.0
    if not stat.exists():
        time.sleep(5)
        return
    while (used := sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13]))) != before or used < 10:
        before = used
        time.sleep(0.5)


def commands(photo: Path, model: Path, photos: Path, out: Path) -> dict[Path, tuple[object, ...]]:
    """Return a command for each verb that writes a file, by that file."""
    return {
        out / "a.csv": ("predict", photo, "--model", model, "--out", out / "a.csv"),
        out / "a.jsonl": ("predict", photo, "--model", model, "--out", out / "a.jsonl"),
        out / "why.png": ("explain", photo, "--model", model, "--out", out / "why.png"),
        out / "page.html": ("inspect", photos, "--html", out / "page.html"),
        out / "m.tflite": ("export", model, "--out", out / "m.tflite"),
    }


def test_a_file_that_exists_is_only_replaced_with_force(photo, model, drawn_photos, tmp_path, capsys):
    out = tmp_path / "out"
    for path, command in commands(photo, model, drawn_photos, out).items():
        assert run(*command) == 0
        first = path.read_bytes()
        path.write_bytes(first + b"\n")
        assert run(*command) == 2
        assert (
            capsys.readouterr().err
            == f"keykind: {path}: already exists; give another name, or --force to replace it\n"
        )
        assert path.read_bytes() == first + b"\n"
        assert run(*command, "--force") == 0
        assert path.read_bytes() == first


def test_force_does_not_replace_a_table_of_labels(photo, model, tmp_path, capsys):
    labels = tmp_path / "labels.csv"
    labels.write_text("file,kind\nphoto.png,dimple\n", "utf-8")
    assert run("predict", photo, "--model", model, "--out", labels, "--force") == 2
    assert "a table that keykind predict did not write" in capsys.readouterr().err
    assert "dimple" in labels.read_text("utf-8")


def test_a_folder_of_predictions_is_resumed_without_force(photo, model, tmp_path):
    for _ in range(2):
        assert run("predict", photo, "--model", model, "--out", tmp_path / "answers") == 0


def test_only_a_file_can_be_replaced(tmp_path):
    (tmp_path / "folder.png").mkdir()
    for path, fault in (
        (tmp_path / "folder.png", "is a folder, not a file"),
        (Path(os.devnull), "is a pipe or device"),
    ):
        with pytest.raises(CannotWrite, match=fault):
            check_new(path, force=True)
    assert check_new(tmp_path / "new.png", force=False) is None


def test_a_remote_file_that_exists_is_only_replaced_with_force():
    fsspec = pytest.importorskip("fsspec", reason="the extra scale is not installed")
    fsspec.filesystem("memory").pipe_file("/edges/a.csv", b"photo,kind\n")
    address = parse_location("memory://edges/a.csv")
    with pytest.raises(CannotWrite, match="already exists"):
        check_new_location(address, force=False)
    check_new_location(address, force=True)
    check_new_location(parse_location("memory://edges/b.csv"), force=False)


def test_no_error_refers_to_pages_that_pip_does_not_install():
    package = Path(main.__file__).parents[1]
    for path in package.rglob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            assert not ("remedy" in line and "docs/" in line), (path, line)


def test_a_folder_without_photos_names_the_endings(tmp_path, model):
    done = keykind("predict", tmp_path / "empty", "--model", model)
    assert done.returncode == 1
    (tmp_path / "empty").mkdir()
    done = keykind("predict", tmp_path / "empty", "--model", model)
    assert "holds 0 photos" in done.stderr
    assert ".jpg" in done.stderr


def test_card_prints_what_a_model_file_is(model, tmp_path, capsys):
    assert run("card", model) == 0
    assert "4 classes: cylinder, dimple" in capsys.readouterr().out
    assert run("card", "--json") == 0
    assert json.loads(capsys.readouterr().out)["file"]["bundled"] is True
    (tmp_path / "none.tflite").write_text("hello", "utf-8")
    assert run("card", tmp_path / "none.tflite") == 2
    assert "is not a model file" in capsys.readouterr().err
