"""Tests of dataset/review_listing.py: every photo of a folder or table, for a person to review."""

from pathlib import Path

import pytest

from keykind.core.errors import BadDataset
from keykind.dataset.review_listing import ReviewListing, list_for_review


def touched(root: Path, *photos: str) -> Path:
    """Make empty files: no photo is opened to be listed."""
    for photo in photos:
        (root / photo).parent.mkdir(parents=True, exist_ok=True)
        (root / photo).touch()
    return root


def shown(listing: ReviewListing) -> dict[str, tuple[str, str, str | None]]:
    return {entry.relative: (entry.folder_kind, entry.split, entry.key_id) for entry in listing.entries}


def test_all_photos_are_listed_those_without_a_kind_and_excluded_ones_too(tmp_path):
    touched(tmp_path, "b/1.jpg", "a/2.jpg", "a/1.jpg", "9.jpg", "Unlabelled/deep/1.jpg")
    (tmp_path / "labels.csv").write_text("path,kind,excluded\na/1.jpg,,blurred\n9.jpg,c,\nb/1.jpg,A,\n")
    (tmp_path / "groups.csv").write_text("path,group\na/2.jpg,k\n")
    listing = list_for_review(tmp_path)
    assert shown(listing) == {
        "9.jpg": ("", "train", None),
        "Unlabelled/deep/1.jpg": ("", "train", None),
        "a/1.jpg": ("a", "train", None),
        "a/2.jpg": ("a", "train", "k"),
        "b/1.jpg": ("b", "train", None),
    }
    assert listing.kinds == ("a", "b", "c")
    assert [listing.kind(cell) for cell in ("A", "c", "new")] == ["a", "c", "new"]


def test_photos_in_folders_of_splits_keep_their_split(tmp_path):
    touched(tmp_path, "train/a/1.jpg", "test/a/1.jpg", "test/2.jpg", "val/unlabeled/3.jpg", "4.jpg")
    splits = {name: split for name, (_, split, _) in shown(list_for_review(tmp_path)).items()}
    assert splits == {
        "4.jpg": "train",
        "test/2.jpg": "test",
        "test/a/1.jpg": "test",
        "train/a/1.jpg": "train",
        "val/unlabeled/3.jpg": "train",
    }


def test_a_folder_that_cannot_be_trained_on_is_listed_with_the_reason(tmp_path):
    listing = list_for_review(touched(tmp_path, "1.jpg", "2.jpg"))
    assert [entry.folder_kind for entry in listing.entries] == ["", ""]
    assert "0 photos in 0 kind folders, 2 photos outside" in listing.problems[0]
    empty = list_for_review(touched(tmp_path / "empty", "note.txt"))
    assert (empty.entries, empty.kinds) == ((), ())


def test_a_table_lists_its_photos_once(tmp_path):
    touched(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    (tmp_path / "all.csv").write_text(
        "path,label,split,key\n1.jpg,a,test,k\n2.jpg,b,train,\n2.jpg,b,train,\n"
    )
    listing = list_for_review(tmp_path / "all.csv")
    assert shown(listing) == {"1.jpg": ("a", "test", "k"), "2.jpg": ("b", "train", None)}
    assert listing.root == tmp_path


def test_what_is_neither_folder_nor_table_and_a_broken_labels_csv_are_errors(tmp_path):
    touched(tmp_path, "a/1.jpg")
    with pytest.raises(BadDataset, match="does not exist"):
        list_for_review(tmp_path / "gone")
    (tmp_path / "labels.csv").write_text("path,kind\na/1.jpg,a\na/1.jpg,b\n")
    with pytest.raises(BadDataset, match="rows 2 and 3"):
        list_for_review(tmp_path)


def test_a_row_may_spell_the_path_of_its_photo_otherwise(tmp_path):
    touched(tmp_path, "a/1.jpg", "a/2.jpg")
    (tmp_path / "labels.csv").write_text("path,kind,excluded\nA\\1.JPG,b,\ngone.jpg,b,\n")
    listing = list_for_review(tmp_path)
    assert [entry.row for entry in listing.entries] == ["A/1.JPG", "a/2.jpg"]
    assert "without a photo in the dataset: 1 of 2 (gone.jpg)" in listing.problems[-1]


def test_a_plain_labels_csv_that_contradicts_folders_is_a_problem(tmp_path):
    touched(tmp_path, "a/1.jpg", "a/2.jpg")
    (tmp_path / "labels.csv").write_text("path,label\na/1.jpg,b\na/2.jpg,A\n")
    (problem,) = list_for_review(tmp_path).problems
    assert "another kind of 1 photo than their folder (a/1.jpg: b instead of a)" in problem


def test_photos_of_labels_csv_as_the_table_have_its_kinds(tmp_path):
    touched(tmp_path, "a/1.jpg", "2.jpg", "3.jpg")
    text = "path,kind,key,split,ends,excluded\na/1.jpg,x,,test,,\n2.jpg,,,,none,\n"
    (tmp_path / "labels.csv").write_text(text)
    listing = list_for_review(tmp_path / "labels.csv")
    assert shown(listing) == {"2.jpg": ("", "train", None), "a/1.jpg": ("x", "test", None)}
    assert listing.root == tmp_path
