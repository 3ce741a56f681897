"""Tests of dataset/label_file.py, label_rows.py and key_ends.py: decisions about photos, kept beside them."""

import os

import pytest

from keykind.core.errors import BadDataset
from keykind.dataset.key_ends import KeyEnds, ends_text, parse_ends
from keykind.dataset.label_file import LabelConflict, LabelFile
from keykind.dataset.label_rows import HEADING, LabelRow, read_labels

KEYS = (KeyEnds((1, 2), (30.5, 4)), KeyEnds((5, 6), (7, 8), "double bit"))


def decide(file: LabelFile, row: LabelRow) -> None:
    file.change([row], {row.path: file.row(row.path).version})


@pytest.mark.parametrize("ends", [None, (), KEYS])
def test_marked_keys_are_read_as_they_were_written(ends):
    assert parse_ends(ends_text(ends), "row 1") == ends


@pytest.mark.parametrize("text", ["1 2 3", "1 2 1 2", "a b c d", "1 2 nan 4"])
def test_ends_that_are_no_two_points_are_refused_with_the_row(text):
    with pytest.raises(BadDataset, match="row 7"):
        parse_ends(text, "labels.csv, row 7")


def test_decisions_are_in_the_file_at_once_and_sorted_by_path(tmp_path):
    file = LabelFile(tmp_path)
    decide(file, LabelRow("b/2.jpg", kind="b", who="eva", when="2026-01-02T03:04:05Z"))
    decide(file, LabelRow("a/1.jpg", ends=KEYS))
    lines = (tmp_path / "labels.csv").read_text().splitlines()
    assert lines[0] == ",".join(HEADING)
    assert lines[1:] == [
        "a/1.jpg,,,,1 2 30.5 4; 5 6 7 8 double bit,,,",
        "b/2.jpg,b,,,,,eva,2026-01-02T03:04:05Z",
    ]
    assert LabelFile(tmp_path).rows == file.rows


def test_edits_by_hand_are_merged_with_new_decisions(tmp_path):
    file = LabelFile(tmp_path)
    decide(file, LabelRow("a.jpg", kind="a"))
    (tmp_path / "labels.csv").write_text("path,kind,note\nb.jpg,b,mine\na.jpg,a,\n")
    decide(file, LabelRow("c.jpg", kind="c"))
    rows = read_labels(tmp_path / "labels.csv").rows
    assert {path: row.kind for path, row in rows.items()} == {"a.jpg": "a", "b.jpg": "b", "c.jpg": "c"}
    assert rows["b.jpg"].other == (("note", "mine"),)


def test_a_decision_about_a_photo_that_another_window_decided_is_refused(tmp_path):
    first, second = LabelFile(tmp_path), LabelFile(tmp_path)
    decide(first, LabelRow("a.jpg", kind="a"))
    with pytest.raises(LabelConflict) as conflict:
        second.change([LabelRow("b.jpg", kind="b"), LabelRow("a.jpg", kind="b")], {})
    assert [row.kind for row in conflict.value.rows] == ["a"]
    assert set(read_labels(first.path).rows) == {"a.jpg"}


@pytest.mark.parametrize(
    "text",
    [
        "path,kind\n<<<<<<< HEAD\na.jpg,a\n",
        "path,kind\na.jpg,a\na.jpg,b\n",
        "path,split\na.jpg,tset\n",
        'path,kind\n"a.jpg,a\n',
    ],
)
def test_a_file_that_cannot_be_read_is_never_overwritten(tmp_path, text):
    file = LabelFile(tmp_path)
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(BadDataset, match="labels"):
        decide(file, LabelRow("b.jpg", kind="b"))
    assert (tmp_path / "labels.csv").read_text() == text


def test_headings_stay_as_a_person_spelled_them(tmp_path):
    (tmp_path / "labels.csv").write_text("Photo;Label\na.jpg;a\n")
    file = LabelFile(tmp_path)
    decide(file, LabelRow("b.jpg", kind="b"))
    text = (tmp_path / "labels.csv").read_text()
    assert text.startswith("Photo,Label,key,split,ends,excluded,who,when\na.jpg,a,")


def test_a_row_in_which_nothing_is_decided_any_more_leaves_the_file(tmp_path):
    file = LabelFile(tmp_path)
    decide(file, LabelRow("a.jpg", kind="a"))
    decide(file, LabelRow("b.jpg", excluded="blurred"))
    decide(file, LabelRow("a.jpg"))
    assert set(read_labels(file.path).rows) == {"b.jpg"}


@pytest.mark.parametrize("row", ["Schlüssel.jpg,dimple,,jörg", "a.jpg,dimple,,jörg"])
def test_another_encoding_is_refused_rather_than_mixed(tmp_path, row):
    path = tmp_path / "labels.csv"
    file = LabelFile(tmp_path)
    data = f"path,kind,key,who\n{row}\n".encode("cp1252")
    path.write_bytes(data)
    for use in (file.refresh, lambda: decide(file, LabelRow("b.jpg", "dimple")), lambda: LabelFile(tmp_path)):
        with pytest.raises(BadDataset, match=r"not in UTF-8.*save it as CSV UTF-8"):
            use()
    assert path.read_bytes() == data


def test_a_file_whose_name_is_not_utf_8_can_be_decided_about(tmp_path):
    name = os.fsdecode(b"\xfc.jpg")
    (tmp_path / name).write_bytes(b"")
    file = LabelFile(tmp_path)
    decide(file, LabelRow(name, "dimple"))
    assert (tmp_path / "labels.csv").read_bytes().splitlines()[1].startswith(b"\xfc.jpg,dimple")
    assert LabelFile(tmp_path).row(name).kind == "dimple"
