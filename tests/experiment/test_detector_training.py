"""Tests of detector_training.py: real photos with marks as scenes to train on."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.errors import BadDataset
from keykind.detect.crops import MARKED_WIDTH
from keykind.experiment import detector_training
from keykind.experiment.detector_training import (
    TrainingFolders,
    marked_scenes,
    train_from_folders,
)
from keykind.photo.decode import read_photo
from keykind.train.detector.keys import AREA, HEAD, REMOTE, TIP, WIDTH
from keykind.train.detector.training import Start
from keykind.train.recipe import DetectorRecipe
from rendered_bars import draw_set
from turned import STORED, ends_are_at, save_turned

KEYS = "path,number,kind,head_x,head_y,tip_x,tip_y\na.jpg,1,cylinder,400,200,400,1000\n"
REMOTES = "path,head_x,head_y,tip_x,tip_y,width\na.jpg,800,600,1200,600,200\n"


@pytest.fixture
def marked(tmp_path):
    """Two photos: one with a key and a remote, one of two keys of which one is marked."""
    folder = tmp_path / "marked"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (1600, 1200)).save(folder / name)
    (folder / "labels.csv").write_text("path,label,n_keys,source\na.jpg,cylinder,1,x\nb.jpg,multiple,2,x\n")
    (folder / "keys.csv").write_text(KEYS + "b.jpg,1,,10,10,90,10\n")
    return folder


def test_photos_whose_keys_are_all_marked_are_scenes(marked):
    (marked / "remotes.csv").write_text(REMOTES)
    ((path, scene),) = marked_scenes(marked)
    assert path.name == "a.jpg"
    key, remote = scene.keys
    assert (key[HEAD].tolist(), key[TIP].tolist(), key[REMOTE]) == ([200, 100], [200, 500], 0)
    assert (remote[HEAD].tolist(), remote[TIP].tolist(), remote[REMOTE]) == ([400, 300], [600, 300], 1)
    assert remote[WIDTH] == 100
    assert 0 < key[AREA] < key[WIDTH] * 400
    assert scene.parts.shape == (600, 800)
    assert np.unique(scene.parts).tolist() == [0, 1, 3]


def test_without_remotes_there_are_only_keys(marked):
    ((_, scene),) = marked_scenes(marked)
    assert scene.keys[:, REMOTE].tolist() == [0]


def test_a_photo_whose_keys_were_not_counted_is_left_out(marked):
    with (marked / "labels.csv").open("a") as table:
        table.write("c.jpg,multiple,,x\n")
    assert [path.name for path, _ in marked_scenes(marked)] == ["a.jpg"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("1200", "far", r"has a value that is not a finite number \('far'\)"),
        ("1200", "nan", r"has a value that is not a finite number \('nan'\)"),
        ("a.jpg", "z.jpg", r"names z\.jpg, which is not in labels\.csv"),
    ],
)
def test_a_row_of_remotes_that_is_wrong_is_named(marked, old, new, fault):
    (marked / "remotes.csv").write_text(REMOTES.replace(old, new))
    with pytest.raises(BadDataset, match=rf"remotes\.csv, row 2: {fault}"):
        marked_scenes(marked)


def test_photos_without_complete_marks_alone_are_an_error(marked):
    (marked / "keys.csv").write_text(KEYS.splitlines()[0] + "\n")
    with pytest.raises(BadDataset, match="has 0 photos all of whose keys are marked"):
        marked_scenes(marked)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name", ["", "labels.csv"])
def test_marks_of_labels_csv_are_where_the_ends_of_the_key_are(tmp_path, orientation, name):
    save_turned(tmp_path / "a.jpg", orientation, (2400, 1600), (300, 400), (2000, 1200))
    (tmp_path / "labels.csv").write_text("path,ends\na.jpg,300 400 2000 1200 my own kind\n")
    ((_, scene),) = marked_scenes(tmp_path / name)
    (key,) = scene.keys
    with Image.open(BytesIO(scene.jpeg)) as picture:
        assert picture.size == (800, 533)
        assert ends_are_at(picture, key[HEAD], key[TIP])
    np.testing.assert_allclose([key[HEAD], key[TIP]], np.array([[300, 400], [2000, 1200]]) / 3, atol=0.01)
    assert key[WIDTH] == pytest.approx(MARKED_WIDTH * np.hypot(1700, 800) / 3)


def test_a_photo_is_read_no_larger_than_needed(tmp_path, monkeypatch):
    save_turned(tmp_path / "a.jpg", 6, (2400, 1600), (300, 400), (2000, 1200))
    (tmp_path / "labels.csv").write_text("path,ends\na.jpg,300 400 2000 1200\n")
    scales = []

    def read(path, **options):
        photo = read_photo(path, **options)
        scales.append(photo.scale)
        return photo

    monkeypatch.setattr(detector_training, "read_photo", read)
    marked_scenes(tmp_path)
    assert scales == [0.5]


DECIDED = """path,split,key,excluded,ends
train/key/a.jpg,,1,,10 10 20 20
train/key/stated.jpg,test,,,10 10 20 20
train/key/val.jpg,val,,,10 10 20 20
train/key/same.jpg,,2,,10 10 20 20
train/key/other.jpg,test,2,,10 10 20 20
train/key/listed.jpg,,,,10 10 20 20
train/key/blurred.jpg,,,blurred,10 10 20 20
train/key/unmarked.jpg,,,,
train/key/empty.jpg,,,not a key,none
test/key/b.jpg,,,,10 10 20 20
test/key/c.jpg,train,,,10 10 20 20
"""


def test_photos_for_testing_and_others_of_their_keys_are_never_trained_on(tmp_path):
    (tmp_path / "labels.csv").write_text(DECIDED)
    for row in DECIDED.splitlines()[1:]:
        path = tmp_path / row.partition(",")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 60)).save(path)
    (tmp_path / "train" / "groups.csv").write_text("path,group\nkey/listed.jpg,3\n")
    (tmp_path / "test" / "groups.csv").write_text("path,group\nkey/b.jpg,3\n")
    (tmp_path / "remotes.csv").write_text(REMOTES.replace("a.jpg", "train/key/unmarked.jpg"))
    scenes = marked_scenes(tmp_path)
    assert [path.name for path, _ in scenes] == ["c.jpg", "a.jpg", "empty.jpg"]
    assert [len(scene.keys) for _, scene in scenes] == [1, 1, 0]


def test_marks_that_are_all_for_testing_are_an_error(tmp_path):
    (tmp_path / "labels.csv").write_text("path,split,ends\na.jpg,test,1 2 3 4\n")
    fault = r"has 0 photos all of whose keys are marked for training, and 1 for testing"
    with pytest.raises(BadDataset, match=fault):
        marked_scenes(tmp_path)


def test_folders_reach_the_training(marked, tmp_path, monkeypatch):
    record = []
    monkeypatch.setattr(detector_training, "train_detector", lambda *arguments: record.append(arguments))
    draw_set(tmp_path / "set", 3)
    folders = TrainingFolders([tmp_path / "set"], [tmp_path], marks=marked)
    train_from_folders(folders, Start(), DetectorRecipe(), "out", 7)
    ((photos, start, recipe, out, seed),) = record
    assert [photo.number for photo in photos.labelled] == [1, 2]
    assert [path.name for path, _ in photos.marked] == ["a.jpg"]
    assert [path.name for path in photos.tables] == [
        "labels.csv",
        "keys.csv",
    ]  # corrected marks are read again
    assert (start, recipe, out, seed) == (Start(), DetectorRecipe(), "out", 7)
