"""Tests of writers.py."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from commands import keykind
from drawings import draw_photos
from keykind.core.errors import CannotWrite, MissingExtra
from keykind.core.parallel import AHEAD, workers
from keykind.predict import writers
from keykind.predict.recogniser import Key, Prediction
from keykind.predict.writers import Tally, heading, json_lines, text_lines, write
from tiny_model import tiny_file

KINDS = ("cylinder", "laser_track", "dimple")
BOX = ((0.0, 0.0), (40.0, 0.0), (40.0, 30.0), (0.0, 30.0))


def key(*probabilities: float, sure: bool = True) -> Key:
    by_kind = dict(zip(KINDS, probabilities, strict=True))
    best = max(by_kind, key=by_kind.get)
    return Key(best if sure else None, by_kind[best], by_kind, BOX, None, None)


SAID = [
    Prediction("a.jpg", (key(0.9, 0.06666, 0.03334),)),
    Prediction("two, keys.jpg", (key(0.1, 0.8, 0.1), key(0.1, 0.2, 0.7))),
    Prediction("b.jpg", (key(0.4, 0.35, 0.25, sure=False),)),
    Prediction("cat.jpg", ()),
    Prediction("ümlaut\u2028.jpg", (), "is empty (0 bytes); copy the file again"),
]


def test_every_photo_has_its_line_in_columns():
    assert list(text_lines(SAID, KINDS)) == [
        "cylinder     0.90  a.jpg",
        "laser_track  0.80  two, keys.jpg",
        "dimple       0.70  two, keys.jpg",
        "not sure           b.jpg  cylinder 0.40 or laser_track 0.35",
        "not a key          cat.jpg",
        "unreadable         ümlaut\u2028.jpg  is empty (0 bytes); copy the file again",
    ]


def test_lines_come_as_the_predictions_do():
    for lines in (text_lines(iter(SAID), KINDS), json_lines(iter(SAID))):
        taken = []
        watched = (taken.append(line) or line for line in lines)
        next(watched)
        assert len(taken) == 1


def test_json_lines_are_one_object_a_photo():
    assert [json.loads(line) for line in json_lines(SAID)] == [prediction.as_json() for prediction in SAID]


def test_the_tally_counts_photos_not_keys():
    tally = Tally()
    assert list(tally.counted(SAID)) == SAID
    assert str(tally) == "5 photos: 2 answered, 1 not sure, 1 not a key, 1 unreadable"
    assert tally.as_json() == {"photos": 5, "answered": 2, "not sure": 1, "not a key": 1, "unreadable": 1}


def expected_rows() -> list[list[str]]:
    corners, none = [str(number) for corner in BOX for number in corner], [""] * 8
    return [
        ["photo", "kind", "probability", *(f"p({kind})" for kind in KINDS), *writers.CORNERS, "error"],
        ["a.jpg", "cylinder", "0.9", "0.9", "0.0667", "0.0333", *corners, ""],
        ["two, keys.jpg", "laser_track", "0.8", "0.1", "0.8", "0.1", *corners, ""],
        ["two, keys.jpg", "dimple", "0.7", "0.1", "0.2", "0.7", *corners, ""],
        ["b.jpg", "", "0.4", "0.4", "0.35", "0.25", *corners, ""],
        ["cat.jpg", "", "", "", "", "", *none, ""],
        ["ümlaut\u2028.jpg", "", "", "", "", "", *none, "is empty (0 bytes); copy the file again"],
    ]


def test_csv_has_a_row_a_key_and_one_for_a_photo_without_any(tmp_path):
    write(tmp_path / "said.csv", SAID, KINDS)
    with (tmp_path / "said.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == expected_rows()


def test_jsonl_has_what_json_prints(tmp_path):
    write(tmp_path / "said.JSONL", SAID, KINDS)
    text = (tmp_path / "said.JSONL").read_text("utf-8")
    assert text == "".join(f"{line}\n" for line in json_lines(SAID))


@pytest.mark.parametrize("group", [1, 4, 10_000])
def test_parquet_has_what_csv_has(tmp_path, monkeypatch, group):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra scale is not installed")
    monkeypatch.setattr(writers, "ROW_GROUP", group)
    write(tmp_path / "said.parquet", SAID, KINDS)
    file = parquet.ParquetFile(tmp_path / "said.parquet")
    columns = file.read().to_pydict()
    rows = [
        ["" if cell is None else str(cell) for cell in row] for row in zip(*columns.values(), strict=True)
    ]
    assert [list(columns), *rows] == expected_rows()
    assert file.num_row_groups == -(-6 // group)


def test_parquet_of_no_photo_has_its_columns(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra scale is not installed")
    write(tmp_path / "said.parquet", [], KINDS)
    assert parquet.read_table(tmp_path / "said.parquet").column_names == heading(KINDS)


def test_parquet_without_pyarrow_says_what_to_install_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'keykind\[scale\]'"):
        write(tmp_path / "said.parquet", SAID, KINDS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["said.xlsx", "said", "said.csv.gz"])
def test_another_ending_is_refused_before_anything_is_read(tmp_path, name):
    taken = []
    with pytest.raises(CannotWrite, match=r"\.csv, \.jsonl, \.parquet"):
        write(tmp_path / name, (taken.append(one) or one for one in SAID), KINDS)
    assert not taken
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_file_is_whole_or_absent(tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason="the extra scale is not installed")

    def broken():
        yield SAID[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / f"said{ending}", broken(), KINDS)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(small_disk):
    many = (SAID[0] for _ in range(100_000))
    with pytest.raises(CannotWrite, match=r"said\.csv"):
        write(small_disk / "said.csv", many, KINDS)
    assert not list(small_disk.iterdir())


@pytest.fixture
def many_photos(tmp_path):
    draw_photos(tmp_path / "photos", {"train": 3}, np.random.default_rng(0))
    for number in range(15):
        (tmp_path / "photos" / f"link-{number}").mkdir()
        for drawn in (tmp_path / "photos" / "train").rglob("*.png"):
            (tmp_path / "photos" / f"link-{number}" / f"{drawn.parent.name}-{drawn.name}").symlink_to(drawn)
    return tmp_path / "photos"


def test_whoever_reads_the_answers_may_stop_reading(tmp_path, many_photos):
    model = tiny_file(tmp_path / "tiny.tflite")
    command = [sys.executable, "-m", "keykind", "predict", str(many_photos), "--model", str(model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "link-0" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.fixture
def interruptible():
    """A background job ignores Ctrl-C, and so do the commands that it starts, unless it says otherwise."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them")
def test_what_was_answered_before_an_interruption_stays(tmp_path, many_photos):
    model = tiny_file(tmp_path / "tiny.tflite")
    command = [
        sys.executable,
        "-m",
        "keykind",
        "predict",
        str(many_photos),
        "-",
        "--json",
        "--model",
        str(model),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        told = 16 * 12 - AHEAD * workers()  # those behind are in work when it comes to its standard input
        lines = [process.stdout.readline() for _ in range(told)]
        time.sleep(0.5)  # by now it waits for its standard input
        process.send_signal(signal.SIGINT)
        rest, words = process.communicate(timeout=60)
    assert all(json.loads(line)["error"] is None for line in [*lines, *rest.splitlines()])
    assert process.returncode == 2
    assert b"stopped" in words
    assert b"Traceback" not in words


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_file_is_absent(tmp_path, many_photos):
    model, out = tiny_file(tmp_path / "tiny.tflite"), tmp_path / "out"
    command = [sys.executable, "-m", "keykind", "predict", str(many_photos), "-"]
    command += ["--out", str(out / "said.csv"), "--model", str(model)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not list(out.glob("*")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 2
    assert not list(out.iterdir())


def test_a_summary_can_be_json(tmp_path, many_photos):
    model, out = tiny_file(tmp_path / "tiny.tflite"), tmp_path / "said.jsonl"
    found = keykind("predict", many_photos / "train", "--json", "--model", model, "--out", out)
    assert json.loads(found.stdout)["photos"] == len(out.read_text().splitlines()) == 12
