"""Tests of shards.py."""

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

from keykind.cli.main import main
from keykind.core.errors import BadPhoto, CannotWrite
from keykind.photo.inputs import photos_from
from keykind.predict import shards, writers
from keykind.predict.recogniser import Recogniser
from keykind.predict.shards import MANIFEST, PartFolder
from keykind.predict.writers import json_lines
from tiny_model import tiny_file

COUNT, SIZE = 23, 5


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")


@pytest.fixture(scope="module")
def recogniser(model):
    return Recogniser.load(model)


@pytest.fixture
def photos(tmp_path) -> Path:
    """Photos of one colour each, and one that cannot be read."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(COUNT):
        Image.new("RGB", (16, 16), (10 * number, 5 * number, 80)).save(folder / f"{number:02}.png")
    (folder / "07.png").write_bytes(b"")
    return folder


class Counting:
    """Answers photos, and counts them."""

    def __init__(self, recogniser: Recogniser, most: int = 10**6) -> None:
        self.recogniser, self.most, self.count = recogniser, most, 0

    def __call__(self, sources):
        for one in self.recogniser.recognise_many(sources):
            if self.count == self.most:
                raise KeyboardInterrupt
            self.count += 1
            yield one


def filled(out: Path, photos: Path, recogniser: Recogniser, recognise=None, ending=".jsonl", size=SIZE):
    recognise = recognise or recogniser.recognise_many
    return PartFolder(out, ending, size).fill(photos_from([str(photos)]), recogniser, recognise)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_parts_together_hold_the_answer_of_every_photo_once_and_in_order(photos, tmp_path, recogniser):
    tally = filled(tmp_path / "out", photos, recogniser)
    told = "".join(path.read_text() for path in sorted((tmp_path / "out").glob("part-*.jsonl")))
    assert told.splitlines() == list(json_lines(recogniser.recognise_many(photos_from([str(photos)]))))
    assert tally.as_json()["photos"] == COUNT
    assert tally.unreadable == 1


@pytest.mark.parametrize("most", [0, 3, 5, 12, COUNT - 1])
def test_a_command_stopped_anywhere_goes_on_and_repeats_no_part_that_is_done(
    most, photos, tmp_path, recogniser
):
    whole = filled(tmp_path / "whole", photos, recogniser)
    with pytest.raises(KeyboardInterrupt):
        filled(tmp_path / "out", photos, recogniser, Counting(recogniser, most))
    again = Counting(recogniser)
    assert filled(tmp_path / "out", photos, recogniser, again).as_json() == whole.as_json()
    assert again.count == COUNT - most // SIZE * SIZE
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_finished_folder_is_left_as_it_is(photos, tmp_path, recogniser):
    filled(tmp_path / "out", photos, recogniser)
    before, again = contents(tmp_path / "out"), Counting(recogniser)
    filled(tmp_path / "out", photos, recogniser, again)
    assert again.count == 0
    assert contents(tmp_path / "out") == before


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [damage, Path.unlink])
def test_a_part_that_was_damaged_or_lost_is_answered_again(harm, photos, tmp_path, recogniser):
    filled(tmp_path / "out", photos, recogniser)
    before, again = contents(tmp_path / "out"), Counting(recogniser)
    harm(tmp_path / "out" / "part-000002.jsonl")
    filled(tmp_path / "out", photos, recogniser, again)
    assert again.count == SIZE
    assert contents(tmp_path / "out") == before


def test_a_photo_that_was_replaced_is_answered_again_with_its_part_alone(photos, tmp_path, recogniser):
    filled(tmp_path / "out", photos, recogniser)
    Image.new("RGB", (16, 16), "white").save(photos / "07.png")
    again = Counting(recogniser)
    assert filled(tmp_path / "out", photos, recogniser, again).unreadable == 0
    assert again.count == SIZE


def test_where_photos_are_gone_their_parts_go_too(photos, tmp_path, recogniser):
    filled(tmp_path / "out", photos, recogniser)
    for number in range(10, COUNT):
        (photos / f"{number}.png").unlink()
    filled(tmp_path / "out", photos, recogniser)
    assert sorted(contents(tmp_path / "out")) == [MANIFEST, "part-000000.jsonl", "part-000001.jsonl"]


def test_the_manifest_tells_what_each_part_holds(photos, tmp_path, recogniser):
    filled(tmp_path / "out", photos, recogniser)
    told = json.loads((tmp_path / "out" / MANIFEST).read_text())["parts"]
    assert [one["part"] for one in told] == list(range(5))
    assert sum(one["verdicts"]["photos"] for one in told) == COUNT
    assert told[1]["verdicts"]["unreadable"] == 1


@pytest.mark.parametrize("change", ["model", "size", "ending"])
def test_answers_of_another_command_are_never_mixed_in(change, photos, tmp_path, recogniser):
    filled(tmp_path / "out", photos, recogniser)
    before = contents(tmp_path / "out")
    other = Recogniser.load(tiny_file(tmp_path / "other.tflite", confidence_threshold=0.9))
    given = {"model": {"recogniser": other}, "size": {"size": 6}, "ending": {"ending": ".csv"}}[change]
    with pytest.raises(CannotWrite, match="name another folder"):
        filled(tmp_path / "out", photos, **{"recogniser": recogniser} | given)
    assert contents(tmp_path / "out") == before


def test_a_folder_of_other_things_is_left_alone(photos, tmp_path, recogniser):
    with pytest.raises(CannotWrite, match="holds 23 other files"):
        filled(photos, photos, recogniser)


def test_parquet_readers_read_the_folder_as_one_table(photos, tmp_path, recogniser):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra scale is not installed")
    filled(tmp_path / "out", photos, recogniser, ending=".parquet")
    table = parquet.read_table(tmp_path / "out")
    assert table.num_rows == COUNT
    assert sum(error is not None for error in table["error"].to_pylist()) == 1


def test_csv_parts_have_a_heading_each(photos, tmp_path, recogniser):
    filled(tmp_path / "out", photos, recogniser, ending=".csv")
    heads = {path.read_text().splitlines()[0] for path in (tmp_path / "out").glob("part-*.csv")}
    assert heads == {",".join(writers.heading(recogniser.kinds))}


def test_memory_holds_the_photos_of_few_parts_at_once(photos, tmp_path, recogniser, monkeypatch):
    taken = []

    def endless():
        for one in photos_from([str(photos)]):
            taken.append(one)
            yield one

    seen = []
    monkeypatch.setattr(
        shards._Filling,
        "_write",
        lambda self, part, told: seen.append((part.number, len(list(told)), len(taken))),
    )
    PartFolder(tmp_path / "out", ".jsonl", 2).fill(
        endless(), recogniser, lambda some: map(recogniser.attempt, some)
    )
    assert seen[0][2] <= 4


def test_photos_of_any_name_have_a_place_in_the_manifest(tmp_path, recogniser):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "a.png").rename(tmp_path / "photos" / os.fsdecode(b"\xff\n.png"))
    assert filled(tmp_path / "out", tmp_path / "photos", recogniser).as_json()["photos"] == 1


def test_a_killed_command_loses_no_finished_part(tmp_path, model):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(300):
        Image.fromarray(rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)).save(folder / f"{number:03}.png")
    command = ["predict", str(folder), "--model", str(model), "--part", "10", "--out"]
    process = subprocess.Popen([sys.executable, "-m", "keykind", *command, str(tmp_path / "out")])
    while len(list((tmp_path / "out").glob("part-*"))) < 3 and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("part-00000[01]*")}
    assert done
    assert main([*command, str(tmp_path / "out")]) == 0
    assert main([*command, str(tmp_path / "whole")]) == 0
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_photos_that_could_not_be_had_are_asked_for_again(photos, tmp_path, recogniser):
    (photos / "03.png").rename(tmp_path / "elsewhere.png")
    (photos / "03.png").symlink_to(tmp_path / "later.png")
    assert filled(tmp_path / "out", photos, recogniser).unreadable == 2
    (tmp_path / "elsewhere.png").rename(tmp_path / "later.png")
    again = Counting(recogniser)
    assert filled(tmp_path / "out", photos, recogniser, again).unreadable == 1
    assert again.count == SIZE


def test_a_command_killed_before_its_first_manifest_goes_on(photos, tmp_path, recogniser, monkeypatch):
    keep = shards._Filling._keep

    def killed(self, entries):
        if entries:
            raise KeyboardInterrupt
        keep(self, entries)

    with monkeypatch.context() as patch:
        patch.setattr(shards._Filling, "_keep", killed)
        with pytest.raises(KeyboardInterrupt):
            filled(tmp_path / "out", photos, recogniser)
    assert (tmp_path / "out" / "part-000000.jsonl").exists()
    assert filled(tmp_path / "out", photos, recogniser).as_json()["photos"] == COUNT


def test_where_a_folder_cannot_be_listed_finished_parts_stay(photos, tmp_path, recogniser):
    filled(tmp_path / "out", photos, recogniser)
    before = contents(tmp_path / "out")
    fault = BadPhoto("shop/b", fault="is a folder that cannot be read", remedy="check its permissions")
    some = [*list(photos_from([str(photos)]))[:SIZE], fault]
    PartFolder(tmp_path / "out", ".jsonl", SIZE).fill(some, recogniser, recogniser.recognise_many)
    assert contents(tmp_path / "out").keys() == before.keys()
