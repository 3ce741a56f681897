"""Tests of dataset/split_of.py: the split of an earlier run."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keykind.core.errors import BadRun
from keykind.dataset.dataset import read_dataset
from keykind.dataset.listing import PhotoEntry
from keykind.dataset.split_of import with_split_of

KINDS = ("dimple", "mortice")


def draw(path, seed):
    """Write a photo that is like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).resize((96, 96), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def photos(tmp_path):
    for i in range(12):
        draw(tmp_path / "photos" / KINDS[i % 2] / f"{i:02}.png", i)
    return tmp_path / "photos"


def record(run, dataset_or_rows):
    """Write photos.csv as a run does."""
    run.mkdir(exist_ok=True)
    lines = [f"{path},{kind},,{split}" for path, kind, split in dataset_or_rows]
    (run / "photos.csv").write_text("\n".join(["path,label,key_id,split", *lines]) + "\n", "utf-8")
    return run


@pytest.fixture
def run(photos, tmp_path):
    """A run that tested on every third photo."""
    files = sorted(photos.rglob("*.png"))
    return record(
        tmp_path / "run",
        [(path, path.parent.name, "train" if i % 3 else "test") for i, path in enumerate(files)],
    )


def in_test(dataset):
    return {Path(sample.name).name for sample in dataset.subset("test")}


def expected(photos):
    return {path.name for i, path in enumerate(sorted(photos.rglob("*.png"))) if not i % 3}


def test_known_photos_keep_their_split_and_new_ones_are_for_training(photos, run):
    tests = expected(photos)
    draw(photos / "dimple" / "new.png", 100)
    dataset = read_dataset(photos, split_of=run)
    assert in_test(dataset) == tests
    assert len(dataset.subset("train")) == 12 - len(tests) + 1


def test_corrected_kinds_do_not_change_the_split(photos, run, tmp_path):
    tests = expected(photos)
    table = tmp_path / "corrected.csv"
    lines = [f"{path},{KINDS[i % 2]}" for i, path in enumerate(sorted(photos.rglob("*.png")))]
    table.write_text("\n".join(["path,label", *lines]), "utf-8")
    assert in_test(read_dataset(table, split_of=run)) == tests


def test_moved_photos_are_found_by_their_path_within_the_dataset(tmp_path, photos, run):
    tests = expected(photos)
    for kind in KINDS:  # file names alone would not distinguish these
        for i, path in enumerate(sorted((photos / kind).iterdir())):
            path.rename(path.with_name(f"IMG_{i}.png"))
    files = sorted(photos.rglob("*.png"))
    record(run, [(path, path.parent.name, "train" if i % 3 else "test") for i, path in enumerate(files)])
    moved = photos.rename(tmp_path / "moved")
    dataset = read_dataset(moved, split_of=run)
    names = {f"{path.parent.name}/{path.name}" for i, path in enumerate(files) if not i % 3}
    assert {sample.name for sample in dataset.subset("test")} == names
    assert len(names) == len(tests)


def test_photos_moved_to_another_kind_s_folder_are_found_by_their_name(photos, run):
    tests = expected(photos)
    (photos / "dimple" / "00.png").rename(photos / "mortice" / "00.png")
    assert in_test(read_dataset(photos, split_of=run)) == tests


def test_a_name_that_two_photos_have_is_not_guessed(tmp_path):
    run = record(
        tmp_path / "run",
        [("/old/a/1.png", "a", "test"), ("/old/b/2.png", "b", "test"), ("/old/c/3.png", "a", "train")],
    )
    entries = [
        PhotoEntry(tmp_path / name, name, name, "a", "train") for name in ("x/1.png", "y/1.png", "z/2.png")
    ]
    kept, notes = with_split_of(entries, run)
    assert [entry.split for entry in kept] == ["train", "train", "test"]
    assert notes == ["Test photos of run that are not here: 1 of 2; compare on the others."]


def test_a_new_photo_that_duplicates_a_test_photo_is_not_trained_on(photos, run):
    name = sorted(expected(photos))[0]
    source = next(photos.rglob(name))
    shutil.copy(source, source.with_name("copy.png"))
    dataset = read_dataset(photos, split_of=run)
    assert [Path(leak.train).name for leak in dataset.leaks] == ["copy.png"]
    assert "copy.png" not in {Path(sample.name).name for sample in dataset.samples}


def test_new_photos_that_were_set_apart_for_testing_are_left_out(tmp_path, photos):
    for split, files in (("train", 8), ("test", 4)):
        for i, path in enumerate(sorted(photos.rglob("*.png"))[:files]):
            target = tmp_path / "set" / split / KINDS[i % 2] / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    known = sorted((tmp_path / "set").rglob("*.png"))
    run = record(tmp_path / "run", [(path, path.parent.name, path.parts[-3]) for path in known])
    draw(tmp_path / "set" / "test" / "dimple" / "later.png", 200)
    dataset = read_dataset(tmp_path / "set", split_of=run)
    assert {sample.path for sample in dataset.samples} == set(known)
    assert (
        "Test photos that run did not have: 1, left out to keep its test set as it was." in dataset.warnings
    )


def test_a_run_without_a_table_or_without_these_photos_is_an_error_with_numbers(photos, run, tmp_path):
    with pytest.raises(BadRun, match=r"none: has no photos\.csv"):
        read_dataset(photos, split_of=tmp_path / "none")
    other = record(tmp_path / "other", [("/x/99.png", "dimple", "test"), ("/x/98.png", "dimple", "train")])
    with pytest.raises(BadRun, match="0 of its 2 photos are among these 12, 0 of its 1 test photos"):
        read_dataset(photos, split_of=other)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "photos.csv").write_text("path,label\na.png,dimple\n", "utf-8")
    with pytest.raises(BadRun, match="has no column split"):
        read_dataset(photos, split_of=tmp_path / "damaged")
