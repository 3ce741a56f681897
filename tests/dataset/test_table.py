"""Tests of dataset/table.py, csv_table.py, table_text.py and paths_on_disk.py: tables of other programs."""

import unicodedata
from pathlib import Path

import pytest

import drawn
from commands import shared
from keykind.core.errors import BadDataset
from keykind.dataset.csv_table import load_table, read_table
from keykind.dataset.dataset import read_dataset
from keykind.dataset.layout import list_photos

LABELS = [("a/1.jpg", "Buntbartschlüssel"), ("a/2.jpg", "Buntbartschlüssel"), ("b/1.jpg", "Zylinder")]


def table_text(heading: str = "path,label") -> str:
    delimiter = next(character for character in ";\t,|" if character in heading)
    return "\r\n".join([heading, *(f"{path}{delimiter}{label}" for path, label in LABELS), ""])


def pairs(table: Path) -> list[tuple[str, str]]:
    return [(row.cells["path"], row.cells["label"]) for row in read_table(table, needed=("path", "label"))]


def touched(root: Path, *names: str) -> Path:
    """Make empty files; no photo is opened to list a table."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def listed(root: Path, text: str) -> dict[str, str]:
    (root / "labels.csv").write_text(text, encoding="utf-8")
    return {entry.relative: entry.kind for entry in list_photos(root / "labels.csv").photos}


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
@pytest.mark.parametrize("heading", ["path,label", "Path;Label", "sep=;\r\nfilename;class", "Datei\tKlasse"])
def test_a_table_is_read_in_the_encoding_of_the_program_that_saved_it(tmp_path, encoding, heading):
    table = tmp_path / "labels.csv"
    table.write_bytes(table_text(heading).encode(encoding))
    assert pairs(table) == LABELS


def test_windows_text_is_mentioned_with_an_example(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_bytes(table_text().encode("cp1252"))
    (note,) = load_table(table, needed=()).notes
    assert "2 of its cells were read as Windows text (Buntbartschlüssel)" in note


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("Buntbartschlüssel", "mac_roman"),
        ("Möbelschlüssel", "mac_roman"),
        ("Buntbartschlüssel", "cp850"),
        ("dózický klíč", "cp1250"),
        ("Ключ", "cp1251"),
        ("κλειδί", "cp1253"),
        ("鍵", "shift_jis"),
        ("锁", "gbk"),
    ],
)
def test_an_encoding_that_would_be_a_guess_is_refused_with_the_cause(tmp_path, label, encoding):
    table = tmp_path / "labels.csv"
    table.write_bytes(f"path,label\na/1.jpg,{label}\n".encode(encoding))
    with pytest.raises(BadDataset, match=r"is not UTF-8: the label in line 2 .*save it as CSV UTF-8"):
        read_table(table, needed=("path", "label"))


def test_a_damaged_label_in_utf8_is_refused(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_bytes("path,label\na/1.jpg,Schlüssel für T".encode() + b"\xfcr\n")
    with pytest.raises(BadDataset, match="not UTF-8"):
        read_table(table, needed=("path", "label"))


@pytest.mark.parametrize(
    ("data", "cause"),
    [(b"PK\x03\x04...", "Excel workbook"), (b"\xd0\xcf\x11\xe0", "old Excel"), (b"<html>", "web page")],
)
def test_a_file_that_is_no_table_is_named(tmp_path, data, cause):
    (tmp_path / "labels.csv").write_bytes(data)
    with pytest.raises(BadDataset, match=cause):
        list_photos(tmp_path / "labels.csv")


def test_a_workbook_gives_advice(tmp_path):
    (tmp_path / "labels.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadDataset, match="save the sheet as CSV UTF-8"):
        list_photos(tmp_path / "labels.xlsx")


def test_a_quotation_mark_that_is_never_closed_is_an_error_with_its_line(tmp_path):
    (tmp_path / "labels.csv").write_text('path,label\na.jpg,x\nb.jpg,"y\nc.jpg,z\n')
    with pytest.raises(
        BadDataset, match=r"line 3 is not valid CSV .a quotation mark is opened and never closed"
    ):
        list_photos(tmp_path / "labels.csv")


def test_empty_lines_spaces_and_line_breaks_in_cells_do_no_harm(tmp_path):
    touched(tmp_path, "a/1.jpg", "a/2.jpg")
    text = '\n\n Path , LABEL \n\na/1.jpg, laser  track \n"a/2.jpg","laser\ntrack"\n\n'
    assert listed(tmp_path, text) == {"a/1.jpg": "laser track", "a/2.jpg": "laser track"}


def test_a_table_with_tabs_may_be_named_tsv(tmp_path):
    (tmp_path / "labels.tsv").write_text("path\tlabel\na/1.jpg\tx\n")
    assert [entry.kind for entry in list_photos(tmp_path / "labels.tsv").photos] == ["x"]


@pytest.mark.parametrize("cell", ["a\\1.jpg", ".\\a\\1.jpg", "A/1.JPG", "./a/1.jpg"])
def test_paths_as_windows_writes_them_are_found(tmp_path, cell):
    touched(tmp_path, "a/1.jpg")
    assert listed(tmp_path, f"path,label\n{cell},x\n") == {"a/1.jpg": "x"}


@pytest.mark.parametrize(("disk", "table"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_match_in_either_normal_form(tmp_path, disk, table):
    name = "schlüssel/é.jpg"
    touched(tmp_path, unicodedata.normalize(disk, name))
    listing = listed(tmp_path, f"path,label\n{unicodedata.normalize(table, name)},x\n")
    assert list(listing) == [unicodedata.normalize(disk, name)]


@pytest.mark.parametrize("prefix", ["C:\\Users\\me\\photos\\", "/home/me/photos/", "\\\\nas\\keys\\"])
def test_paths_of_another_machine_are_found_below_the_table_and_mentioned(tmp_path, prefix):
    touched(tmp_path, "a/1.jpg", "b/1.jpg")
    (tmp_path / "labels.csv").write_text(f"path,label\n{prefix}a/1.jpg,x\n{prefix}b/1.jpg,y\n")
    listing = list_photos(tmp_path / "labels.csv")
    assert {entry.relative: entry.kind for entry in listing.photos} == {"a/1.jpg": "x", "b/1.jpg": "y"}
    assert "of another machine: 2, found below" in listing.warnings[0]


def test_one_photo_spelled_in_two_ways_is_listed_once(tmp_path):
    touched(tmp_path, "a/1.jpg")
    assert listed(tmp_path, "path,label\na/1.jpg,x\na\\1.jpg,x\nA/1.JPG,x\n") == {"a/1.jpg": "x"}


def test_a_photo_with_two_keys_in_one_table_is_mentioned(tmp_path):
    touched(tmp_path, "a/1.jpg")
    (tmp_path / "labels.csv").write_text("path,label,group\na/1.jpg,x,k1\na/1.jpg,x,k2\n")
    assert any(
        "several keys: 1 (a/1.jpg)" in warning for warning in list_photos(tmp_path / "labels.csv").warnings
    )


def test_a_groups_csv_of_windows_matches_the_photos(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    text = "sep=;\r\nPath;Group\r\ncylinder\\0.JPG;Schlüssel 1\r\n"
    (tmp_path / "groups.csv").write_bytes(text.encode("utf-16"))
    assert [sample.group for sample in read_dataset(tmp_path).samples] == ["Schlüssel 1", "dimple/0.jpg"]


def test_a_table_of_excel_for_mac_whose_lines_end_in_carriage_returns_is_read(tmp_path):
    assert listed(tmp_path, "path,label\ra/1.jpg,Chubb\ra/2.jpg,Yale\r") == {
        "a/1.jpg": "Chubb",
        "a/2.jpg": "Yale",
    }


def test_a_row_with_more_cells_than_the_heading_is_an_error_rather_than_half_a_label(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\na/1.jpg,Chubb\na/2.jpg,Bohr,mulden\n")
    listing = list_photos(tmp_path / "labels.csv")
    assert [photo.kind for photo in listing.photos] == ["Chubb"]
    assert "line 3" in listing.read_errors[0].name
    assert "1 cell more than the heading" in listing.read_errors[0].reason


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
def test_labels_saved_in_utf_8_twice_are_read_as_they_were_meant_with_a_note(tmp_path, encoding):
    twice = table_text().encode().decode(encoding)
    assert set(listed(tmp_path, twice).values()) == {"Buntbartschlüssel", "Zylinder"}
    assert (
        "was saved in UTF-8 twice" in load_table(tmp_path / "labels.csv", needed=("path", "label")).notes[0]
    )


def test_a_label_that_has_lost_a_letter_is_refused(tmp_path):
    with pytest.raises(BadDataset, match=r"lost a letter: the label in line 2 is 'Schl\?ssel'"):
        listed(tmp_path, "path,label\na/1.jpg,Schl\ufffdssel\n")


@pytest.mark.parametrize(
    ("data", "fault"), [(b"", r"empty \(0 bytes\)"), (bytes(500), r"zeros \(500 bytes\)")]
)
def test_a_table_without_content_is_refused_as_such(tmp_path, data, fault):
    (tmp_path / "labels.csv").write_bytes(data)
    with pytest.raises(BadDataset, match=fault):
        list_photos(tmp_path / "labels.csv")


def test_a_column_of_splits_by_another_name_is_mentioned(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label,phase\na/1.jpg,Chubb,train\na/2.jpg,Yale,val\n")
    assert (
        "Column phase of labels.csv holds train, val but" in list_photos(tmp_path / "labels.csv").warnings[0]
    )


@pytest.mark.parametrize("name", ["F1", "F3", "F4", "F5"])
def test_tables_of_the_development_cases_have_three_kinds(name):
    listing = list_photos(shared(f"cases/tables/photos/{name}.csv"))
    assert len({entry.kind.casefold() for entry in listing.photos}) == 3
    assert all("\ufffd" not in kind and "?" not in kind for kind in listing.kinds)


@pytest.mark.parametrize(
    ("heading", "values", "splits"),
    [
        ("is_test", "0 1 0", "train test train"),
        ("Test", "False True FALSE", "train test train"),
        ("is train", "yes yes no", "train train test"),
        ("is_train,is_valid", "1,0 0,1 1,0", "train test train"),
    ],
)
def test_a_column_of_flags_is_read_as_the_split_with_a_note(tmp_path, heading, values, splits):
    rows = [f"a/{i}.jpg,Chubb,{value}" for i, value in enumerate(values.split())]
    (tmp_path / "labels.csv").write_text("\n".join([f"path,label,{heading}", *rows]))
    listing = list_photos(tmp_path / "labels.csv")
    assert {entry.relative: entry.split for entry in listing.photos} == {
        f"a/{i}.jpg": split for i, split in enumerate(splits.split())
    }
    assert "read as the split" in listing.warnings[0]


def test_a_column_of_flags_that_leaves_no_row_to_train_on_is_not_used(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label,is_valid\na/1.jpg,Chubb,1\na/2.jpg,Yale,1\n")
    listing = list_photos(tmp_path / "labels.csv")
    assert {entry.split for entry in listing.photos} == {"train"}
    assert "would leave no row for training" in listing.warnings[0]


@pytest.mark.parametrize("label", ["NaN", "nan", "null", "NULL", "<NA>", "NA", "N/A"])
def test_a_label_that_says_there_is_none_is_an_error_with_its_line(tmp_path, label):
    (tmp_path / "labels.csv").write_text(f"path,label,group\na/1.jpg,none,{label}\na/2.jpg,{label},k\n")
    listing = list_photos(tmp_path / "labels.csv")
    assert [(entry.kind, entry.key_id) for entry in listing.photos] == [("none", None)]
    assert [(e.name, e.reason) for e in listing.read_errors] == [
        ("labels.csv line 3", "has no label; correct the row")
    ]


@pytest.mark.parametrize("address", ["https://a.b/c.jpg", "file:///home/a/1.jpg", "s3://photos/1.jpg"])
def test_an_address_instead_of_a_path_is_an_error_that_says_so(tmp_path, address):
    (tmp_path / "labels.csv").write_text(f"path,label\na/1.jpg,Yale\n{address},Yale\n")
    (error,) = list_photos(tmp_path / "labels.csv").read_errors
    assert f"names an address ({address}), but paths of files are needed" in error.reason
    (tmp_path / "labels.csv").write_text(f"path,label\n{address},Yale\n")
    with pytest.raises(BadDataset, match=r"lists no photo in 1 row; labels[.]csv line 2 names an address"):
        list_photos(tmp_path / "labels.csv")
