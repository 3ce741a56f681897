"""Tests of dataset/decisions.py: labels.csv beside photos counts when they are read."""

import hashlib
import json
from pathlib import Path

import pytest

import drawn
from keykind.core.errors import BadDataset
from keykind.dataset import report
from keykind.dataset.dataset import hold_out, read_dataset
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.label_file import LabelFile
from keykind.dataset.label_rows import HEADING, LabelRow
from keykind.dataset.samples import Dataset

NEW = ",".join(HEADING)


def decided(root: Path, *rows: str, heading: str = NEW, **kinds: int) -> Dataset:
    """Draw photos, write labels.csv beside them, and read them."""
    drawn.photos(root, **kinds)
    (root / "labels.csv").write_text("\n".join([heading, *rows, ""]))
    return read_dataset(root)


def kinds_of(dataset: Dataset) -> dict[str, str]:
    return {sample.name: sample.kind for sample in dataset.samples}


def warnings_with(dataset: Dataset, text: str) -> list[str]:
    return [sentence for sentence in dataset.warnings if text in sentence]


# Kinds


def test_a_relabelled_photo_is_of_its_new_kind_and_named(tmp_path):
    dataset = decided(
        tmp_path, "a/0.jpg,B,,,,,,", "a/1.jpg,A,,,,,,", "b/0.jpg,new,,,,,,", "b/1.jpg,B,,,,,,", a=3, b=2
    )
    assert kinds_of(dataset) == {
        "a/0.jpg": "b",
        "a/1.jpg": "a",  # the folder's spelling of the same kind
        "a/2.jpg": "a",
        "b/0.jpg": "new",
        "b/1.jpg": "b",
    }
    assert dataset.kinds == ("a", "b", "new")
    (warning,) = warnings_with(dataset, "of another kind")
    assert ": 2 (a/0.jpg: b instead of a, b/0.jpg: new instead of b); labels.csv counts" in warning
    assert not warnings_with(dataset, "Spellings")


def test_spellings_of_a_new_kind_are_one_kind(tmp_path):
    dataset = decided(tmp_path, "a/0.jpg,New,,,,,,", "a/1.jpg,new,,,,,,", a=3)
    assert dataset.kinds == ("a", "new")
    assert warnings_with(dataset, "Spellings of one kind")


def test_a_kind_all_of_whose_photos_have_another_is_none(tmp_path):
    dataset = decided(tmp_path, "c/0.jpg,a,,,,,,", a=1, b=1, c=1)
    assert dataset.kinds == ("a", "b")
    assert not warnings_with(dataset, "without a readable photo")


@pytest.mark.parametrize("folder", ["", "unlabelled", "Unlabeled/2024"])
def test_photos_of_no_folder_are_used_as_soon_as_they_have_a_kind(tmp_path, folder):
    for seed in (101, 102):
        drawn.save(drawn.key(seed), tmp_path / folder / f"{seed}.jpg")
    name = f"{folder}/101.jpg".lstrip("/")
    dataset = decided(tmp_path, f"{name},a,,,,,,", a=1, b=1)
    assert kinds_of(dataset) == {name: "a", "a/0.jpg": "a", "b/0.jpg": "b"}
    assert warnings_with(dataset, "Files skipped: 1 photo outside the folder of a kind")
    assert dataset.decisions.labelled == 1


def test_a_folder_without_kinds_needs_nothing_but_labels(tmp_path):
    for seed in range(3):
        drawn.save(drawn.key(seed), tmp_path / f"{seed}.jpg")
    with pytest.raises(BadDataset, match="0 photos in 0 kind folders, 3 photos outside"):
        read_dataset(tmp_path)
    dataset = decided(tmp_path, "0.jpg,a,,,,,,", "1.jpg,b,,,,,,")
    assert kinds_of(dataset) == {"0.jpg": "a", "1.jpg": "b"}


def test_photos_directly_in_folders_of_splits_may_be_labelled(tmp_path):
    for seed, split in enumerate(("train", "train", "test", "test")):
        drawn.save(drawn.key(seed), tmp_path / split / f"{seed}.jpg")
    rows = [f"{split}/{seed}.jpg,{'ab'[seed % 2]},,,,,," for seed, split in enumerate(("train",) * 2)]
    dataset = decided(tmp_path, *rows, "test/2.jpg,b,,,,,,")
    assert {sample.name: (sample.kind, sample.split) for sample in dataset.samples} == {
        "train/0.jpg": ("a", "train"),
        "train/1.jpg": ("b", "train"),
        "test/2.jpg": ("b", "test"),
    }


def test_photos_in_one_inbox_are_no_error_once_all_are_labelled(tmp_path):
    for seed, day in enumerate(("monday", "tuesday")):
        drawn.save(drawn.key(seed), tmp_path / "inbox" / day / "1.jpg")
    with pytest.raises(BadDataset, match="all its photos in one folder"):
        decided(tmp_path, "inbox/monday/1.jpg,a,,,,,,")
    assert decided(tmp_path, "inbox/monday/1.jpg,a,,,,,,", "inbox/tuesday/1.jpg,b,,,,,,").kinds == ("a", "b")


# Exclusions, keys, splits


def test_excluded_photos_are_left_out_with_their_reasons(tmp_path):
    rows = ["a/0.jpg,,,,,blurred,,", "a/1.jpg,,,,,blurred,,", "b/0.jpg,,,,,not a key,,", "b/1.jpg,,,,,no,,"]
    dataset = decided(tmp_path, *rows, a=3, b=2)
    assert list(kinds_of(dataset)) == ["a/2.jpg", "b/1.jpg"]
    (warning,) = warnings_with(dataset, "labels.csv excludes")
    assert ": 3 (blurred 2, not a key 1); left out" in warning


def test_a_decided_key_wins_over_tables_and_patterns(tmp_path):
    drawn.photos(tmp_path, a=2, b=2)
    (tmp_path / "groups.csv").write_text("path,group\na/0.jpg,table\na/1.jpg,table\nb/0.jpg,other\n")
    (tmp_path / "labels.csv").write_text(f"{NEW}\na/0.jpg,,mine,,,,,\nb/1.jpg,,other,,,,,\n")
    dataset = read_dataset(tmp_path, group_pattern=r"(\d)[.]jpg")
    groups = {sample.name: sample.group for sample in dataset.samples}
    assert groups == {"a/0.jpg": "mine", "a/1.jpg": "table", "b/0.jpg": "other", "b/1.jpg": "other"}
    assert not warnings_with(dataset, "several key ids")


def test_a_decided_test_photo_ends_random_hold_out(tmp_path):
    dataset = decided(tmp_path, "a/0.jpg,,,test,,,,", "a/1.jpg,,,train,,,,", a=3, b=2)
    assert [sample.name for sample in dataset.subset("test")] == ["a/0.jpg"]
    (warning,) = warnings_with(dataset, "puts into a split")
    assert ": 2 of 5 (1 test); all others are trained on, and no photos are held out at random" in warning
    with pytest.raises(BadDataset, match="already has 1 test photo"):
        hold_out(dataset, 0.5, None)


def test_only_training_photos_decided_say_that_they_may_be_held_out(tmp_path):
    dataset = decided(tmp_path, "a/0.jpg,,,train,,,,", a=2, b=2)
    assert ": 1 of 4, none of them test; test photos are held out at random" in "".join(dataset.warnings)


def test_a_photo_is_moved_between_splits_of_folders(tmp_path):
    for seed, name in enumerate(("train/a", "train/b", "test/a", "test/b")):
        drawn.save(drawn.key(seed), tmp_path / name / "1.jpg")
        drawn.save(drawn.key(seed + 10), tmp_path / name / "2.jpg")
    dataset = decided(tmp_path, "test/a/1.jpg,,,train,,,,", "test/b/1.jpg,,,test,,,,")
    assert dataset.counts() == {"a": {"train": 3, "test": 1}, "b": {"train": 2, "test": 2}}
    assert warnings_with(dataset, "moves to another split: 1 (test/a/1.jpg)")


def test_decisions_about_a_second_folder_count_but_it_stays_the_test_set(tmp_path):
    drawn.photos(tmp_path / "own", a=2, b=2)
    for seed in range(60, 63):
        drawn.save(drawn.key(seed), tmp_path / "other" / "a" / f"{seed}.jpg")
    rows = "a/60.jpg,b,,train,,,,\na/61.jpg,,,,,blurred,,\n"
    (tmp_path / "other" / "labels.csv").write_text(f"{NEW}\n{rows}")
    dataset = read_dataset(tmp_path / "own", tmp_path / "other")
    assert {sample.name: sample.kind for sample in dataset.subset("test")} == {
        "other/a/60.jpg": "b",
        "other/a/62.jpg": "a",
    }


# Marked keys and the digest


def test_marked_keys_are_kept_with_the_photo_and_change_the_digest(tmp_path):
    before = read_dataset(drawn.photos(tmp_path, a=2, b=1)).digest()
    dataset = decided(tmp_path, "a/0.jpg,,,,10 20 300 200; 1 2 3 4 b,,,", "a/1.jpg,,,,none,,,")
    assert [sample.ends for sample in dataset.samples] == [
        (KeyEnds((10, 20), (300, 200)), KeyEnds((1, 2), (3, 4), "b")),
        (),
        None,
    ]
    other = decided(tmp_path, "a/0.jpg,,,,10 20 300 201; 1 2 3 4 b,,,", "a/1.jpg,,,,none,,,")
    assert len({before, dataset.digest(), other.digest()}) == 3


def test_the_digest_of_photos_without_marks_is_that_of_earlier_versions(tmp_path):
    dataset = decided(tmp_path, "a/0.jpg,a,,,,,eva,", a=2, b=1)
    lines = [f"train {s.kind} {s.group} {s.sha256}" for s in dataset.samples]  # as in 0.11
    assert dataset.digest() == hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    (tmp_path / "labels.csv").unlink()
    assert read_dataset(tmp_path).digest() == dataset.digest()


def test_marks_outside_the_frame_are_not_used(tmp_path):
    dataset = decided(tmp_path, "a/0.jpg,,,,10 20 900 200,,,", "b/0.jpg,,,,0 0 401 300,,,", a=1, b=1)
    assert [sample.ends is None for sample in dataset.samples] == [True, False]
    assert warnings_with(dataset, "outside their frame: 1 (a/0.jpg, 400 x 300 px)")


# The file


def test_decisions_of_the_review_are_read_as_they_were_written(tmp_path):
    drawn.photos(tmp_path, a=3, b=2)
    file = LabelFile(tmp_path)
    ends = (KeyEnds((1.25, 2), (30, 4), "b"),)
    file.change([LabelRow("a/0.jpg", kind="b", key="k", ends=ends), LabelRow("a/1.jpg", excluded="x")], {})
    dataset = read_dataset(tmp_path)
    (changed,) = [sample for sample in dataset.samples if sample.name == "a/0.jpg"]
    assert (changed.kind, changed.group) == ("b", "k")
    assert set(kinds_of(dataset)) == {"a/0.jpg", "a/2.jpg", "b/0.jpg", "b/1.jpg"}


def test_rows_without_a_photo_are_counted_in_one_warning(tmp_path):
    dataset = decided(tmp_path, "a/9.jpg,a,,,,,,", "gone/1.jpg,b,,,,,,", "a/0.jpg,a,,,,,,", a=1, b=1)
    (warning,) = warnings_with(dataset, "without a photo")
    assert "Rows of labels.csv without a photo in the dataset: 2 of 3 (a/9.jpg, gone/1.jpg)" in warning


@pytest.mark.parametrize("path", ["a\\0.jpg", ".\\A\\0.JPG", "C:\\photos\\a\\0.jpg", "./a/0.jpg"])
def test_paths_of_windows_are_found(tmp_path, path):
    dataset = decided(tmp_path, f"{path},b,,,,,,", a=2, b=1)
    assert kinds_of(dataset) == {"a/0.jpg": "b", "a/1.jpg": "a", "b/0.jpg": "b"}
    assert not warnings_with(dataset, "without a photo")


def test_two_spellings_of_one_path_must_agree(tmp_path):
    with pytest.raises(BadDataset, match=r"two rows about one photo, which differ: A/0\.jpg and a/0\.JPG"):
        decided(tmp_path, "A/0.jpg,a,,,,,,", "a/0.JPG,b,,,,,,", a=1, b=1)
    dataset = decided(tmp_path, "A/0.jpg,a,,,,,,", "a/0.jpg,b,,,,,,", a=2, b=1)
    assert kinds_of(dataset)["a/0.jpg"] == "b"  # spelled as on disk
    assert warnings_with(dataset, "without a photo in the dataset: 1 of 2 (A/0.jpg)")


def test_a_file_that_excel_saved_with_semicolons_is_read(tmp_path):
    drawn.photos(tmp_path, a=2, b=1)
    text = (
        "path;kind;key;split;ends;excluded;who;when\r\n"
        'a\\0.jpg;Schlüssel;;;"10 20 300 200; 5 6 70 80 Schlüssel";;Jürgen;30.11.2026 08:15\r\n'
        "a\\1.jpg;;;;;Unschärfe;;\r\n"
    )
    (tmp_path / "labels.csv").write_bytes(text.encode("cp1252"))
    dataset = read_dataset(tmp_path)
    assert kinds_of(dataset) == {"a/0.jpg": "Schlüssel", "b/0.jpg": "b"}
    (marked,) = [sample.ends for sample in dataset.samples if sample.ends]
    assert [key.kind for key in marked] == ["", "Schlüssel"]
    assert dataset.decisions.excluded == (("a/1.jpg", "Unschärfe"),)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (["a/0.jpg,,,,1 2 3,,,"], r"row 2: has the ends '1 2 3'"),
        (["a/0.jpg,a,,tset,,,,"], r"row 2: has the split 'tset'"),
        (["b/0.jpg,b,,,,,,", "a/0.jpg,a,,,,,,", "a/0.jpg,b,,,,,,"], "rows 3 and 4, which differ"),
        (["<<<<<<< HEAD", "a/0.jpg,a,,,,,,"], "row 2: has a conflict that git did not merge"),
        ([",a,,,,,,"], "row 2: has no path"),
    ],
)
def test_a_file_that_cannot_be_read_stops_with_its_row(tmp_path, rows, fault):
    with pytest.raises(BadDataset, match=f"labels.csv.*{fault}"):
        decided(tmp_path, *rows, a=1, b=1)


def test_a_file_without_paths_is_not_ignored(tmp_path):
    with pytest.raises(BadDataset, match="has no column path; its columns are: id, name"):
        decided(tmp_path, "0,cylinder", heading="id,name", a=1, b=1)


def test_a_binary_file_or_a_folder_is_said_to_be_one(tmp_path):
    drawn.photos(tmp_path, a=1, b=1)
    (tmp_path / "labels.csv").write_bytes(bytes(range(256)) * 4)
    with pytest.raises(BadDataset, match=r"labels\.csv: is a binary file, not a CSV table; move or"):
        read_dataset(tmp_path)
    (tmp_path / "labels.csv").unlink()
    (tmp_path / "labels.csv").mkdir()
    with pytest.raises(BadDataset, match=r"labels\.csv: is a folder, not a CSV table; move or rename it"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("place", ["a/labels.csv", "train/labels.csv"])
def test_decisions_in_another_folder_are_not_read_but_mentioned(tmp_path, place):
    prefix = "train/" if place.startswith("train") else ""
    drawn.photos(tmp_path / prefix, a=2, b=1)
    (tmp_path / place).write_text(f"{NEW}\na/0.jpg,b,,,,,,\n")
    dataset = read_dataset(tmp_path)
    assert kinds_of(dataset)[f"{prefix}a/0.jpg"] == "a"
    assert warnings_with(dataset, f"not read: 1 ({place}); only labels.csv directly in")


# Tables


def test_a_plain_table_beside_folders_contradicts_them_with_a_warning_only(tmp_path):
    drawn.save(drawn.key(99), tmp_path / "9.jpg")
    rows = ["a/0.jpg,b,k,test", "a/1.jpg,A,k,train", "9.jpg,a,,train"]
    dataset = decided(tmp_path, *rows, heading="path,label,group,split", a=2, b=1)
    assert kinds_of(dataset) == {"9.jpg": "a", "a/0.jpg": "a", "a/1.jpg": "a", "b/0.jpg": "b"}
    assert [sample.group for sample in dataset.samples][1:3] == ["k", "k"]
    (warning,) = warnings_with(dataset, "labels.csv")
    assert (
        "another kind of 1 photo than their folder (a/0.jpg: b instead of a) and another split of" in warning
    )
    assert "the folders count" in warning
    assert dataset.decisions.photos == 1


def test_a_plain_table_that_agrees_with_the_folders_needs_no_warning(tmp_path):
    dataset = decided(tmp_path, "a/0.jpg,a", "b/0.jpg,b", heading="path,label", a=1, b=1)
    assert not warnings_with(dataset, "labels.csv") + warnings_with(dataset, "Files skipped")


def test_labels_csv_as_the_table_is_the_dataset_with_its_decisions(tmp_path):
    rows = ["a/0.jpg,a,,,10 20 300 200,,,", "a/1.jpg,b,,,,,,", "b/0.jpg,b,,,,dark,,", "b/1.jpg,,,,,,,"]
    decided(tmp_path, *rows, a=3, b=3)
    dataset = read_dataset(tmp_path / "labels.csv")
    assert kinds_of(dataset) == {"a/0.jpg": "a", "a/1.jpg": "b"}
    assert [bool(sample.ends) for sample in dataset.samples] == [True, False]
    assert dataset.decisions.excluded == (("b/0.jpg", "dark"),)
    assert warnings_with(dataset, "Rows of labels.csv without a kind: 1 (b/1.jpg)")
    assert dataset.read_errors == ()


def test_decisions_beside_another_table_count(tmp_path):
    decided(tmp_path, "a/0.jpg,b,,,,,,", "a/1.jpg,,,,,dark,,", "b/1.jpg,a,,,,,,", a=3, b=2)
    (tmp_path / "some.csv").write_text("path,label\na/0.jpg,a\na/1.jpg,a\na/2.jpg,a\nb/0.jpg,b\n")
    dataset = read_dataset(tmp_path / "some.csv")
    assert kinds_of(dataset) == {"a/0.jpg": "b", "a/2.jpg": "a", "b/0.jpg": "b"}
    assert not warnings_with(dataset, "without a photo")  # b/1.jpg is there, only not in the table


def test_a_table_with_marked_keys_gives_the_same_dataset(tmp_path):
    """As photos.csv of a run does."""
    dataset = decided(tmp_path, "a/0.jpg,,,test,10 20 300 200.5,,,", "a/1.jpg,,,,none,,,", a=3, b=2)
    lines = [f"{s.path.absolute()},{s.kind},{s.group},{s.split}" for s in dataset.samples]
    marks = {"a/0.jpg": "10 20 300 200.5", "a/1.jpg": "none"}
    rows = [
        f"{line},{marks.get(sample.name, '')}" for line, sample in zip(lines, dataset.samples, strict=True)
    ]
    table = tmp_path / "run" / "photos.csv"
    table.parent.mkdir()
    table.write_text("\n".join(["path,label,key_id,split,ends", *rows]))
    assert read_dataset(table).digest() == dataset.digest()


# The report


def test_inspect_says_what_is_decided(tmp_path):
    rows = ["a/0.jpg,b,,,,,,", "a/1.jpg,,,,,blurred,,", "b/0.jpg,,,,10 20 300 200,,,"]
    dataset = decided(tmp_path, *rows, a=3, b=2)
    line = (
        "decisions about 3 photos: 1 relabelled, 0 newly labelled, 1 with marked keys, 1 excluded (blurred 1)"
    )
    assert line in report.text(dataset)
    page = report.html(dataset)
    assert line[1:] in page
    assert "its folder says" in page
    values = json.loads(json.dumps(report.as_json(dataset)))
    assert values["decisions"] == {
        "photos": 3,
        "labelled": 0,
        "marked": 1,
        "relabelled": [{"photo": "a/0.jpg", "from": "a", "to": "b"}],
        "excluded": [{"photo": "a/1.jpg", "why": "blurred"}],
    }


def test_without_decisions_the_report_does_not_mention_them(tmp_path):
    dataset = read_dataset(drawn.photos(tmp_path, a=2, b=2))
    assert "ecision" not in report.text(dataset) + report.html(dataset)
    assert report.as_json(dataset)["decisions"]["photos"] == 0


def test_a_folder_all_of_whose_photos_are_excluded_says_so(tmp_path):
    with pytest.raises(BadDataset, match="0 photos of a kind, 0 without a kind, and 2 that are excluded"):
        decided(tmp_path, "a/0.jpg,,,,,x,,", "b/0.jpg,,,,,x,,", a=1, b=1)


def test_exclusions_are_a_reason_why_too_few_kinds_are_left(tmp_path):
    with pytest.raises(BadDataset, match=r"only 1 kind can be trained.*left out: 1 photos that are excluded"):
        decided(tmp_path, "a/0.jpg,,,,,x,,", a=1, b=1)
