"""Tests of shards.py."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keykind.cli.main import main
from keykind.core.errors import BadPhoto, CannotWrite
from keykind.model.decision import DEFAULT
from keykind.photo.inputs import iter_photos
from keykind.predict import shards, writers
from keykind.predict.recogniser import Recogniser
from keykind.predict.shards import MANIFEST, ShardedOutput
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
    """Photos of a single colour each, and one that cannot be read."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(COUNT):
        Image.new("RGB", (16, 16), (10 * i, 5 * i, 80)).save(folder / f"{i:02}.png")
    (folder / "07.png").write_bytes(b"")
    return folder


class Counting:
    """Recognises photos and counts them; interrupted before the one after `limit`."""

    def __init__(self, recogniser: Recogniser, limit: int = 10**6) -> None:
        self.recogniser, self.limit, self.count = recogniser, limit, 0

    def __call__(self, sources):
        for prediction in self.recogniser.recognise_many(sources):
            if self.count == self.limit:
                raise KeyboardInterrupt
            self.count += 1
            yield prediction


def write_shards(out: Path, photos: Path, recogniser: Recogniser, recognise=None, suffix=".jsonl", size=SIZE):
    recognise = recognise or recogniser.recognise_many
    return ShardedOutput(out, suffix, size).write_shards(iter_photos([str(photos)]), recogniser, recognise)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_parts_contain_the_prediction_of_every_photo_once_and_in_order(photos, tmp_path, recogniser):
    tally = write_shards(tmp_path / "out", photos, recogniser)
    text = "".join(path.read_text() for path in sorted((tmp_path / "out").glob("part-*.jsonl")))
    assert text.splitlines() == list(json_lines(recogniser.recognise_many(iter_photos([str(photos)]))))
    assert tally.as_json()["photos"] == COUNT
    assert tally.unreadable == 1


@pytest.mark.parametrize("limit", [0, 3, 5, 12, COUNT - 1])
def test_an_interrupted_command_resumes_without_repeating_finished_parts(limit, photos, tmp_path, recogniser):
    whole = write_shards(tmp_path / "whole", photos, recogniser)
    with pytest.raises(KeyboardInterrupt):
        write_shards(tmp_path / "out", photos, recogniser, Counting(recogniser, limit))
    again = Counting(recogniser)
    assert write_shards(tmp_path / "out", photos, recogniser, again).as_json() == whole.as_json()
    assert again.count == COUNT - limit // SIZE * SIZE
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_finished_folder_is_left_unchanged(photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser)
    before, again = contents(tmp_path / "out"), Counting(recogniser)
    write_shards(tmp_path / "out", photos, recogniser, again)
    assert again.count == 0
    assert contents(tmp_path / "out") == before


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("change", [damage, Path.unlink])
def test_a_damaged_or_missing_part_is_written_again(change, photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser)
    before, again = contents(tmp_path / "out"), Counting(recogniser)
    change(tmp_path / "out" / "part-000002.jsonl")
    write_shards(tmp_path / "out", photos, recogniser, again)
    assert again.count == SIZE
    assert contents(tmp_path / "out") == before


def test_if_a_photo_is_replaced_only_its_part_is_written_again(photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser)
    Image.new("RGB", (16, 16), "white").save(photos / "07.png")
    again = Counting(recogniser)
    assert write_shards(tmp_path / "out", photos, recogniser, again).unreadable == 0
    assert again.count == SIZE


def test_parts_of_removed_photos_are_removed(photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser)
    for i in range(10, COUNT):
        (photos / f"{i}.png").unlink()
    write_shards(tmp_path / "out", photos, recogniser)
    assert sorted(contents(tmp_path / "out")) == [MANIFEST, "part-000000.jsonl", "part-000001.jsonl"]


def test_the_manifest_lists_the_contents_of_each_part(photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser)
    entries = json.loads((tmp_path / "out" / MANIFEST).read_text())["parts"]
    assert [entry["part"] for entry in entries] == list(range(5))
    assert sum(entry["verdicts"]["photos"] for entry in entries) == COUNT
    assert entries[1]["verdicts"]["unreadable"] == 1


def test_the_manifests_keys_are_stable(photos, tmp_path, recogniser):
    """They are read by other programs, and by later versions."""
    write_shards(tmp_path / "out", photos, recogniser)
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    assert list(manifest) == ["keykind", "model", "finder", "decision", "ending", "photos_a_part", "parts"]
    entry = ["part", "file", "bytes", "sha256", "photos", "may_pass", "verdicts"]
    assert list(manifest["parts"][0]) == entry


@pytest.mark.parametrize("change", ["model", "size", "suffix", "decision"])
def test_predictions_of_different_commands_are_never_mixed(change, photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser)
    before = contents(tmp_path / "out")
    other = Recogniser.load(tiny_file(tmp_path / "other.tflite", confidence_threshold=0.9))
    decided = replace(recogniser, decision=replace(DEFAULT, key_threshold=0.7))
    changed, message = {
        "model": ({"recogniser": other}, "predictions of model"),
        "size": ({"size": 6}, "predictions of photos per part 5, not 6"),
        "suffix": ({"suffix": ".csv"}, "predictions of format .jsonl, not .csv"),
        "decision": ({"recogniser": decided}, "predictions of decision None, not"),
    }[change]
    with pytest.raises(CannotWrite, match=f"{message}.*give another folder"):
        write_shards(tmp_path / "out", photos, **{"recogniser": recogniser} | changed)
    assert contents(tmp_path / "out") == before


def test_a_folder_begun_before_decisions_were_recorded_is_resumed(photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser)
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    del manifest["decision"]
    (tmp_path / "out" / MANIFEST).write_text(json.dumps(manifest))
    again = Counting(recogniser)
    write_shards(tmp_path / "out", photos, recogniser, again)
    assert again.count == 0


def test_a_folder_of_other_files_is_left_unchanged(photos, tmp_path, recogniser):
    with pytest.raises(CannotWrite, match="holds 23 other files"):
        write_shards(photos, photos, recogniser)


def test_parquet_readers_read_the_folder_as_one_table(photos, tmp_path, recogniser):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra scale is not installed")
    write_shards(tmp_path / "out", photos, recogniser, suffix=".parquet")
    table = parquet.read_table(tmp_path / "out")
    assert table.num_rows == COUNT
    assert sum(error is not None for error in table["error"].to_pylist()) == 1


def test_each_csv_part_has_a_heading(photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser, suffix=".csv")
    heads = {path.read_text().splitlines()[0] for path in (tmp_path / "out").glob("part-*.csv")}
    assert heads == {",".join(writers.columns(recogniser.kinds))}


def test_only_the_photos_of_a_few_parts_are_in_memory(photos, tmp_path, recogniser, monkeypatch):
    listed = []

    def recorded():
        for photo in iter_photos([str(photos)]):
            listed.append(photo)
            yield photo

    written = []
    monkeypatch.setattr(
        shards._ShardWriter,
        "_write",
        lambda self, shard, predictions: written.append((shard.index, len(list(predictions)), len(listed))),
    )
    ShardedOutput(tmp_path / "out", ".jsonl", 2).write_shards(
        recorded(), recogniser, lambda sources: map(recogniser.attempt, sources)
    )
    assert written[0][2] <= 4


def test_photos_may_have_any_name(tmp_path, recogniser):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "a.png").rename(tmp_path / "photos" / os.fsdecode(b"\xff\n.png"))
    assert write_shards(tmp_path / "out", tmp_path / "photos", recogniser).as_json()["photos"] == 1


def test_a_killed_command_loses_no_finished_part(tmp_path, model):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(300):
        Image.fromarray(rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)).save(folder / f"{i:03}.png")
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


def test_photos_with_a_transient_error_are_read_again(photos, tmp_path, recogniser):
    (photos / "03.png").rename(tmp_path / "elsewhere.png")
    (photos / "03.png").symlink_to(tmp_path / "later.png")
    assert write_shards(tmp_path / "out", photos, recogniser).unreadable == 2
    (tmp_path / "elsewhere.png").rename(tmp_path / "later.png")
    again = Counting(recogniser)
    assert write_shards(tmp_path / "out", photos, recogniser, again).unreadable == 1
    assert again.count == SIZE


def test_a_command_killed_before_its_first_manifest_can_be_resumed(photos, tmp_path, recogniser, monkeypatch):
    write_manifest = shards._ShardWriter._write_manifest

    def killed(self, entries):
        if entries:
            raise KeyboardInterrupt
        write_manifest(self, entries)

    with monkeypatch.context() as patch:
        patch.setattr(shards._ShardWriter, "_write_manifest", killed)
        with pytest.raises(KeyboardInterrupt):
            write_shards(tmp_path / "out", photos, recogniser)
    assert (tmp_path / "out" / "part-000000.jsonl").exists()
    assert write_shards(tmp_path / "out", photos, recogniser).as_json()["photos"] == COUNT


def test_if_a_folder_cannot_be_listed_finished_parts_are_kept(photos, tmp_path, recogniser):
    write_shards(tmp_path / "out", photos, recogniser)
    before = contents(tmp_path / "out")
    fault = BadPhoto("shop/b", fault="is a folder that cannot be read", remedy="check its permissions")
    sources = [*list(iter_photos([str(photos)]))[:SIZE], fault]
    ShardedOutput(tmp_path / "out", ".jsonl", SIZE).write_shards(
        sources, recogniser, recogniser.recognise_many
    )
    assert contents(tmp_path / "out").keys() == before.keys()
