"""Tests of review/catalogue.py: which photos are under review, and which folders are refused."""

import os

import pytest

from keykind.core.errors import BadDataset, CannotWrite
from keykind.review.catalogue import SHORTCUTS, Catalogue, shortcuts


def test_a_folder_without_photos_is_refused(tmp_path):
    with pytest.raises(BadDataset, match="contains no photos; give a folder of photos"):
        Catalogue(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_read_only_folder_is_refused(photos):
    photos.chmod(0o555)
    try:
        with pytest.raises(CannotWrite, match=r"labels\.csv"):
            Catalogue(photos)
    finally:
        photos.chmod(0o755)


def test_a_folder_that_cannot_be_written_is_refused_for_any_user(photos, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    with pytest.raises(CannotWrite, match=r"labels\.csv.*could not be kept: review a copy of the folder"):
        Catalogue(photos)


def test_a_labels_file_that_is_a_folder_is_refused(photos):
    (photos / "labels.csv").mkdir()
    with pytest.raises(BadDataset, match=r"labels\.csv: is a folder, not a CSV table"):
        Catalogue(photos)


def test_a_broken_labels_file_is_refused_with_its_row(photos):
    (photos / "labels.csv").write_text("path,split\na.jpg,sometimes\n")
    with pytest.raises(BadDataset, match="row 2"):
        Catalogue(photos)


def test_the_table_of_a_test_set_with_marked_keys_is_not_written_to(photos):
    (photos / "labels.csv").write_text("path,kind,n_keys\na.jpg,dimple,1\n")
    with pytest.raises(BadDataset, match="n_keys"):
        Catalogue(photos)


def test_kinds_keep_their_keys_when_a_decision_adds_one(photos):
    catalogue = Catalogue(photos)
    before = catalogue.kinds_in_order()
    (photos / "labels.csv").write_text("path,kind\ndimple/dimple-0.jpg,cruciform\n")
    catalogue.refresh()
    assert catalogue.kinds_in_order() == [*before, "cruciform"]
    assert catalogue.kinds_in_order(["tubular"]) == [*before, "cruciform", "tubular"]
    (photos / "labels.csv").unlink()
    catalogue.refresh()
    assert catalogue.kinds_in_order() == before


def test_loose_photos_are_photos_without_a_kind(photos):
    (photos / "dimple" / "dimple-0.jpg").rename(photos / "loose.jpg")
    catalogue = Catalogue(photos)
    (photo,) = catalogue.find(["loose.jpg"])
    assert catalogue.state(photo).kind == ""


def test_shortcuts_are_the_keys_that_the_page_leaves_free():
    assert not set("cdfhkmnrstuxz0?") & set(SHORTCUTS)
    assert len(set(SHORTCUTS)) == 22
    assert shortcuts([str(i) for i in range(24)]) == [*SHORTCUTS, None, None]


def test_what_the_listing_and_later_edits_say_is_said_once(photos):
    (photos / "labels.csv").write_text("path,kind,excluded\ngone.jpg,dimple,\n")
    catalogue = Catalogue(photos)
    (sentence,) = catalogue.problems()
    assert "gone.jpg" in sentence
    (photos / "labels.csv").write_text("path,kind,excluded\ngone.jpg,dimple,\nlost.jpg,dimple,\n")
    catalogue.refresh()
    assert ["lost.jpg" in sentence for sentence in catalogue.problems()] == [False, True]


def test_what_a_killed_process_left_is_removed(photos):
    (photos / ".unfinished-0123.csv").write_text("path,ki")
    Catalogue(photos)
    assert not list(photos.glob(".unfinished*"))
