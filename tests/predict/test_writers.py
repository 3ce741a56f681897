"""Tests of writers.py."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest

from commands import keykind
from drawings import draw_photos
from keykind.core.errors import CannotWrite, MissingExtra
from keykind.core.parallel import PREFETCH, cpu_count
from keykind.predict import writers
from keykind.predict.prediction import Key, Prediction
from keykind.predict.wording import KEYS
from keykind.predict.writers import Column, Tally, columns, json_lines, text_lines, write
from tiny_model import tiny_file

KINDS = ("cylinder", "laser_track", "dimple")
BOX = ((0.0, 0.0), (40.0, 0.0), (40.0, 30.0), (0.0, 30.0))


def key(*probabilities: float, sure: bool = True, reason: str | None = None) -> Key:
    by_kind = dict(zip(KINDS, probabilities, strict=True))
    best = max(by_kind, key=by_kind.get)
    return Key(best if sure else None, by_kind[best], by_kind, BOX, None, None, reason)


PREDICTIONS = [
    Prediction("a.jpg", (key(0.9, 0.06666, 0.03334),)),
    Prediction("two, keys.jpg", (key(0.1, 0.8, 0.1), key(0.1, 0.2, 0.7))),
    Prediction("b.jpg", (key(0.4, 0.35, 0.25, sure=False, reason="blurred"),)),
    Prediction("fob.jpg", (key(0.8, 0.1, 0.1, sure=False, reason="blade_hidden"),)),
    Prediction("cat.jpg", ()),
    Prediction("ümlaut\u2028.jpg", (), "is empty (0 bytes); copy the file again"),
]


def test_text_has_a_line_per_key_in_aligned_columns():
    assert list(text_lines(PREDICTIONS, KINDS, KEYS)) == [
        "cylinder     0.90  a.jpg",
        "laser_track  0.80  two, keys.jpg",
        "dimple       0.70  two, keys.jpg",
        "not sure           b.jpg  blurred; cylinder 0.40 or laser_track 0.35",
        "not sure           fob.jpg  blade hidden",
        "not a key          cat.jpg",
        "unreadable         ümlaut\u2028.jpg  is empty (0 bytes); copy the file again",
    ]


def test_a_damaged_photo_is_marked_in_text_json_and_tables(tmp_path):
    note = "JPEG data is missing: 50% of the photo is blank"
    damaged = [
        Prediction("a.jpg", (key(0.9, 0.06666, 0.03334),), damaged=note),
        Prediction("b.jpg", (), damaged=note),
    ]
    assert list(text_lines(damaged, KINDS, KEYS)) == [
        f"cylinder     0.90  a.jpg  {note}",
        f"not a key          b.jpg  {note}",
    ]
    assert all(json.loads(line)["damaged"] == note for line in json_lines(damaged))
    write(tmp_path / "out.csv", damaged, KINDS)
    assert (tmp_path / "out.csv").read_text("utf-8").count(note) == 2


def test_printed_probabilities_are_rounded_down_and_small_ones_left_out():
    below, above = key(0.4999, 0.04, 0.02, sure=False, reason="unknown_kind"), key(0.5007, 0.2996, 0.1)
    predictions = [Prediction("a.jpg", (below, above)), Prediction("b.jpg", (key(0.29, 0.2, 0.1),))]
    assert list(text_lines(predictions, KINDS, KEYS)) == [
        "not sure           a.jpg  unknown kind; cylinder 0.49",
        "cylinder     0.50  a.jpg",
        "cylinder     0.29  b.jpg",
    ]


def test_lines_are_yielded_as_predictions_arrive():
    for lines in (text_lines(iter(PREDICTIONS), KINDS, KEYS), json_lines(iter(PREDICTIONS))):
        yielded = []
        recorded = (yielded.append(line) or line for line in lines)
        next(recorded)
        assert len(yielded) == 1


def test_json_has_an_object_per_photo():
    assert [json.loads(line) for line in json_lines(PREDICTIONS)] == [
        prediction.as_json() for prediction in PREDICTIONS
    ]


def test_the_tally_counts_photos_not_keys():
    tally = Tally()
    assert list(tally.counted(PREDICTIONS)) == PREDICTIONS
    assert str(tally) == "6 photos: 2 answered, 2 not sure, 1 not a key, 1 unreadable"
    assert str(Tally(Counter(answered=1))).startswith("1 photo: 1 answered")
    assert tally.as_json() == {"photos": 6, "answered": 2, "not sure": 2, "not a key": 1, "unreadable": 1}


def expected_rows() -> list[list[str]]:
    corners, empty = [str(value) for corner in BOX for value in corner], [""] * 8
    probabilities = [f"p({kind})" for kind in KINDS]
    return [
        ["photo", "kind", "reason", "probability", *probabilities, *writers.CORNERS, "error", "damaged"],
        ["a.jpg", "cylinder", "", "0.9", "0.9", "0.0667", "0.0333", *corners, "", ""],
        ["two, keys.jpg", "laser_track", "", "0.8", "0.1", "0.8", "0.1", *corners, "", ""],
        ["two, keys.jpg", "dimple", "", "0.7", "0.1", "0.2", "0.7", *corners, "", ""],
        ["b.jpg", "", "blurred", "0.4", "0.4", "0.35", "0.25", *corners, "", ""],
        ["fob.jpg", "", "blade_hidden", "0.8", "0.8", "0.1", "0.1", *corners, "", ""],
        ["cat.jpg", "", "", "", "", "", "", *empty, "", ""],
        ["ümlaut\u2028.jpg", "", "", "", "", "", "", *empty, "is empty (0 bytes); copy the file again", ""],
    ]


def test_csv_has_a_row_per_key_and_one_for_a_photo_without_a_key(tmp_path):
    write(tmp_path / "out.csv", PREDICTIONS, KINDS)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == expected_rows()


def test_a_jsonl_file_has_the_lines_of_json_output(tmp_path):
    write(tmp_path / "out.JSONL", PREDICTIONS, KINDS)
    text = (tmp_path / "out.JSONL").read_text("utf-8")
    assert text == "".join(f"{line}\n" for line in json_lines(PREDICTIONS))


@pytest.mark.parametrize("group", [1, 4, 10_000])
def test_parquet_has_the_rows_of_csv(tmp_path, monkeypatch, group):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra scale is not installed")
    monkeypatch.setattr(writers, "ROW_GROUP", group)
    write(tmp_path / "out.parquet", PREDICTIONS, KINDS)
    file = parquet.ParquetFile(tmp_path / "out.parquet")
    columns = file.read().to_pydict()
    rows = [
        ["" if cell is None else str(cell) for cell in row] for row in zip(*columns.values(), strict=True)
    ]
    assert [list(columns), *rows] == expected_rows()
    assert file.num_row_groups == -(-7 // group)


def test_parquet_without_photos_has_its_columns(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra scale is not installed")
    write(tmp_path / "out.parquet", [], KINDS)
    assert parquet.read_table(tmp_path / "out.parquet").column_names == list(columns(KINDS))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_is_added_by_one_entry(tmp_path, monkeypatch, suffix):
    monkeypatch.setitem(writers.COLUMNS, "keys", Column(lambda prediction, _: float(len(prediction.keys))))
    monkeypatch.setitem(writers.COLUMNS, "known({kind})", lambda kind: Column(lambda *_: kind, "string"))
    write(tmp_path / f"out{suffix}", PREDICTIONS, KINDS)
    if suffix == ".csv":
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
            heading, *rows = csv.reader(stream)
    else:
        parquet = pytest.importorskip("pyarrow.parquet", reason="the extra scale is not installed")
        table = parquet.read_table(tmp_path / "out.parquet")
        heading, rows = table.column_names, zip(*table.to_pydict().values(), strict=True)
    assert heading == [*expected_rows()[0], "keys", *(f"known({kind})" for kind in KINDS)]
    assert [(float(row[-4]), *row[-3:]) for row in rows] == [(n, *KINDS) for n in (1, 2, 2, 1, 1, 0, 0)]


def test_without_pyarrow_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'keykind\[scale\]'"):
        write(tmp_path / "out.parquet", PREDICTIONS, KINDS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.csv.gz"])
def test_another_extension_is_an_error_before_anything_is_read(tmp_path, name):
    read = []
    with pytest.raises(CannotWrite, match=r"\.csv, \.jsonl, \.parquet"):
        write(tmp_path / name, (read.append(each) or each for each in PREDICTIONS), KINDS)
    assert not read
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_file_is_complete_or_absent(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="the extra scale is not installed")

    def broken():
        yield PREDICTIONS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / f"out{suffix}", broken(), KINDS)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_an_error(small_disk):
    many = (PREDICTIONS[0] for _ in range(100_000))
    with pytest.raises(CannotWrite, match=r"out\.csv"):
        write(small_disk / "out.csv", many, KINDS)
    assert not list(small_disk.iterdir())


@pytest.fixture
def many_photos(tmp_path):
    draw_photos(tmp_path / "photos", {"train": 3}, np.random.default_rng(0))
    for i in range(15):
        (tmp_path / "photos" / f"link-{i}").mkdir()
        for drawn in (tmp_path / "photos" / "train").rglob("*.png"):
            (tmp_path / "photos" / f"link-{i}" / f"{drawn.parent.name}-{drawn.name}").symlink_to(drawn)
    return tmp_path / "photos"


def test_the_reader_of_a_pipe_may_stop_reading(tmp_path, many_photos):
    model = tiny_file(tmp_path / "tiny.tflite")
    command = [sys.executable, "-m", "keykind", "predict", str(many_photos), "--model", str(model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "link-0" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them")
def test_predictions_printed_before_an_interruption_are_kept(tmp_path, many_photos):
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
        count = 16 * 12 - PREFETCH * cpu_count()  # the rest is in progress when it reads its standard input
        lines = [process.stdout.readline() for _ in range(count)]
        time.sleep(0.5)  # by now it waits for its standard input
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert all(json.loads(line)["error"] is None for line in [*lines, *rest.splitlines()])
    assert process.returncode == 130
    assert b"interrupted" in errors
    assert b"Traceback" not in errors


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_file_is_absent(tmp_path, many_photos):
    model, out = tiny_file(tmp_path / "tiny.tflite"), tmp_path / "out"
    command = [sys.executable, "-m", "keykind", "predict", str(many_photos), "-"]
    command += ["--out", str(out / "out.csv"), "--model", str(model)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not list(out.glob("*")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert not list(out.iterdir())


def test_a_table_of_others_is_not_replaced(tmp_path):
    table = tmp_path / "labels.csv"
    for heading in ("path,label\n", "photo,kind\n"):
        table.write_text(heading, "utf-8")
        with pytest.raises(CannotWrite, match="a table that keykind predict did not write"):
            writers.check_replaceable(table)
    write(table, PREDICTIONS, KINDS)
    writers.check_replaceable(table)
    writers.check_replaceable(tmp_path / "new.csv")


def test_a_summary_can_be_json(tmp_path, many_photos):
    model, out = tiny_file(tmp_path / "tiny.tflite"), tmp_path / "out.jsonl"
    result = keykind("predict", many_photos / "train", "--json", "--model", model, "--out", out)
    assert json.loads(result.stdout)["photos"] == len(out.read_text().splitlines()) == 12
