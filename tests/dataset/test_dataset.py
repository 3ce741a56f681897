"""Tests of dataset/dataset.py and the modules below it: folders and tables of photos -> Dataset."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageFilter

import drawn
from commands import shared
from keykind.core.errors import BadDataset
from keykind.dataset.dataset import hold_out, read_dataset, read_negatives
from keykind.dataset.samples import Dataset, Leak, Sample


def names(samples) -> list[str]:
    return [sample.name for sample in samples]


def draw_splits(root, *, train: dict[str, list[int]], test: dict[str, list[int]]):
    """Draw train/<kind>/<seed>.jpg and test/<kind>/<seed>.jpg; a seed determines the picture."""
    for split, kinds in (("train", train), ("test", test)):
        for kind, seeds in kinds.items():
            for seed in seeds:
                drawn.save(drawn.key(seed), root / split / kind / f"{seed}.jpg")
    return root


def warning_with(dataset: Dataset, text: str) -> str:
    """Return the only warning that contains the text."""
    (warning,) = [sentence for sentence in dataset.warnings if text in sentence]
    return warning


def other_warnings(dataset: Dataset) -> list[str]:
    """Return all warnings but that about kinds of one object, of which small datasets consist."""
    return [sentence for sentence in dataset.warnings if "of one object only" not in sentence]


def error_message(*arguments, **options) -> str:
    with pytest.raises(BadDataset) as caught:
        read_dataset(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Layouts


def test_a_folder_per_kind_gives_training_photos_sorted_by_kind_and_name(tmp_path):
    dataset = read_dataset(drawn.photos(tmp_path, mortice=2, cylinder=3))
    assert dataset.kinds == ("cylinder", "mortice")
    assert dataset.counts() == {"cylinder": {"train": 3, "test": 0}, "mortice": {"train": 2, "test": 0}}
    assert names(dataset.samples) == [
        *(f"cylinder/{i}.jpg" for i in range(3)),
        *(f"mortice/{i}.jpg" for i in range(2)),
    ]
    assert (
        dataset.read_errors
        == dataset.warnings
        == dataset.duplicates
        == dataset.leaks
        == dataset.left_out
        == ()
    )


def test_photos_are_found_however_deep_below_their_kind(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    deep = tmp_path / "dimple" / "2024" / "May" / "train"
    drawn.save(drawn.key(9), deep / "9.JPG")
    assert "dimple/2024/May/train/9.JPG" in names(read_dataset(tmp_path).samples)


@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("Train", "TEST")])
def test_train_and_test_folders_are_understood_in_either_case(tmp_path, train, test):
    drawn.photos(tmp_path / train, cylinder=2, dimple=2)
    for kind in ("cylinder", "dimple"):
        drawn.save(drawn.key(90 + len(kind)), tmp_path / test / kind / "0.jpg")
    dataset = read_dataset(tmp_path)
    assert dataset.counts() == {kind: {"train": 2, "test": 1} for kind in ("cylinder", "dimple")}
    assert names(dataset.subset("test")) == [f"{test}/cylinder/0.jpg", f"{test}/dimple/0.jpg"]


def test_folders_next_to_train_and_test_are_skipped_with_a_warning(tmp_path):
    draw_splits(tmp_path, train={"cylinder": [1], "dimple": [2]}, test={"dimple": [3]})
    drawn.save(drawn.key(4), tmp_path / "spare" / "dimple" / "4.jpg")
    assert "1 (spare with 1 photo)" in warning_with(read_dataset(tmp_path), "next to train and test")


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        ("path,label", "{path},{kind}"),
        ("\ufeffFile;x;Kind", "{path};;{kind}"),
        ("class\tphoto", "{kind}\t{path}"),
        ("label,filename,note", '{kind},"{path}","a, note"'),
    ],
)
def test_a_table_names_photos_relative_to_its_folder(tmp_path, heading, line):
    drawn.photos(tmp_path / "deep", cylinder=2, dimple=1)
    rows = [("deep/cylinder/0.jpg", "cylinder"), ("deep/dimple/0.jpg", "dimple")]
    table = tmp_path / "labels.csv"
    table.write_text("\n".join([heading, *(line.format(path=path, kind=kind) for path, kind in rows), ""]))
    dataset = read_dataset(table)
    assert [(sample.name, sample.kind, sample.split) for sample in dataset.samples] == [
        (path, kind, "train") for path, kind in rows
    ]


def test_a_table_may_split_and_group_the_photos(tmp_path):
    drawn.photos(tmp_path, cylinder=2, dimple=2)
    table = tmp_path / "labels.csv"
    table.write_text(
        "path,label,split,key_id\n"
        "cylinder/0.jpg,cylinder,train,a\ncylinder/1.jpg,cylinder,train,a\n"
        "dimple/0.jpg,dimple,Train,\ndimple/1.jpg,dimple,TEST,b\n"
    )
    dataset = read_dataset(table)
    assert {sample.name: (sample.split, sample.group) for sample in dataset.samples} == {
        "cylinder/0.jpg": ("train", "a"),
        "cylinder/1.jpg": ("train", "a"),
        "dimple/0.jpg": ("train", "dimple/0.jpg"),
        "dimple/1.jpg": ("test", "b"),
    }


def test_splits_other_than_train_and_test_are_rejected_with_their_counts(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,label,split\na.jpg,x,old\nb.jpg,x,old\nc.jpg,y,train\nd.jpg,y,\n")
    assert "'old' in 2 rows" in error_message(table)
    assert "'' in 1 row" in error_message(table)


def test_a_table_without_a_required_column_is_rejected_with_the_columns_it_has(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("paper,label\na.jpg,x\n")
    assert (
        "no column path (path or photo or file or filename); its columns are: paper, label"
        in error_message(table)
    )


@pytest.mark.parametrize(
    "content", [b"", b"path,label\n", b"path,label\n\n,\n", b"\xff\xfe\x00", b"\x00" * 9]
)
def test_a_table_without_photos_is_rejected(tmp_path, content):
    table = tmp_path / "labels.csv"
    table.write_bytes(content)
    assert "labels.csv: " in error_message(table)


def test_a_row_without_path_or_label_is_a_read_error_with_its_line(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    table = tmp_path / "labels.csv"
    table.write_text(
        "path,label\ncylinder/0.jpg,cylinder\n,dimple\ndimple/0.jpg,dimple\nx.jpg\na\0b.jpg,dimple\n"
    )
    errors = read_dataset(table).read_errors
    assert [error.name for error in errors] == [f"labels.csv line {line}" for line in (3, 5, 6)]


def test_a_missing_photo_listed_in_a_table_is_a_read_error(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    (tmp_path / "t.csv").write_text("path,label\ncylinder/0.jpg,c\ndimple/0.jpg,d\ngone.jpg,d\n.,d\n")
    dataset = read_dataset(tmp_path / "t.csv")
    assert [error.name for error in dataset.read_errors] == [".", "gone.jpg"]


def test_repeated_rows_count_once(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    (tmp_path / "t.csv").write_text(
        "path,label\ncylinder/0.jpg,c\ndimple/0.jpg,d\n" + "dimple/./0.jpg,d\n" * 3
    )
    dataset = read_dataset(tmp_path / "t.csv")
    assert len(dataset.samples) == 2
    assert dataset.duplicates == ()
    assert ": 3, ignored" in warning_with(dataset, "Rows that repeat")


def test_a_second_folder_is_for_testing_only_and_prefixes_its_names(tmp_path):
    drawn.photos(tmp_path / "web", cylinder=2, dimple=2)
    for seed, kind in ((50, "cylinder"), (51, "dimple")):
        drawn.save(drawn.key(seed), tmp_path / "phone" / "train" / kind / "0.jpg")
    dataset = read_dataset(tmp_path / "web", tmp_path / "phone")
    assert names(dataset.subset("train"))[0] == "cylinder/0.jpg"
    assert names(dataset.subset("test")) == ["phone/train/cylinder/0.jpg", "phone/train/dimple/0.jpg"]


def test_two_tables_in_one_folder_are_train_and_test(tmp_path):
    drawn.photos(tmp_path, cylinder=2, dimple=2)
    for i, name in enumerate(("a.csv", "b.csv")):
        (tmp_path / name).write_text(f"path,label\ncylinder/{i}.jpg,c\ndimple/{i}.jpg,d\n")
    dataset = read_dataset(tmp_path / "a.csv", tmp_path / "b.csv")
    assert names(dataset.subset("test")) == ["cylinder/1.jpg", "dimple/1.jpg"]


def test_only_the_given_kinds_are_read(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1, mortice=1)
    (tmp_path / "mortice" / "broken.jpg").write_bytes(b"not a photo")
    dataset = read_dataset(tmp_path, kinds=["dimple", "cylinder"])
    assert dataset.kinds == ("cylinder", "dimple")
    assert dataset.read_errors == ()


def test_an_unknown_kind_is_rejected_with_those_that_exist(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    assert "no kind tubular or safe; it has 2: cylinder, dimple" in error_message(
        tmp_path, kinds=["dimple", "tubular", "safe"]
    )


def test_given_kinds_without_a_photo_are_rejected(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1, safe=0)
    assert "none of its 0 photos can be read" in error_message(tmp_path, kinds=["safe"])
    assert "only 1 kind can be trained (dimple: 1 photo)" in error_message(tmp_path, kinds=["safe", "dimple"])


def test_the_result_does_not_depend_on_directory_order(tmp_path, monkeypatch):
    drawn.photos(tmp_path, cylinder=4, dimple=4)
    shutil.copy(tmp_path / "dimple" / "0.jpg", tmp_path / "dimple" / "again.jpg")
    first = read_dataset(tmp_path)
    listed = type(tmp_path).iterdir
    monkeypatch.setattr(type(tmp_path), "iterdir", lambda folder: sorted(listed(folder), reverse=True))
    assert read_dataset(tmp_path) == first


# Properties


def test_width_and_height_are_of_the_upright_photo(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    drawn.save(drawn.key(9).resize((800, 600)), tmp_path / "dimple" / "turned.jpg", exif=exif)
    sample = next(sample for sample in read_dataset(tmp_path).samples if "turned" in sample.name)
    assert (sample.width, sample.height) == (600, 800)


def test_a_blurred_photo_is_less_sharp_and_a_darker_one_less_bright(tmp_path):
    drawn.photos(tmp_path, cylinder=1)
    key = drawn.key(9)
    drawn.save(key, tmp_path / "dimple" / "0 good.png")
    drawn.save(key.filter(ImageFilter.GaussianBlur(5)), tmp_path / "dimple" / "1 blurred.png")
    drawn.save(key.point(lambda level: level // 3), tmp_path / "dimple" / "2 dark.png")
    drawn.save(Image.new("RGB", (300, 200), "white"), tmp_path / "dimple" / "3 white.png")
    dataset = read_dataset(tmp_path)
    good, blurred, dark, white = (sample for sample in dataset.samples if sample.kind == "dimple")
    assert blurred.sharpness < good.sharpness / 2
    assert dark.brightness == pytest.approx(good.brightness / 3, abs=0.01)
    assert (white.brightness, white.clipped, white.sharpness) == (1, 1, 0)
    assert good.clipped < 0.1
    assert "1 (dimple/3 white.png)" in warning_with(dataset, "single flat colour")


# Groups


def test_without_key_ids_each_photo_is_a_separate_key(tmp_path):
    dataset = read_dataset(drawn.photos(tmp_path, cylinder=3, dimple=3))
    assert [sample.group for sample in dataset.samples] == names(dataset.samples)


def test_groups_csv_next_to_the_photos_is_read(tmp_path):
    drawn.photos(tmp_path, cylinder=3, dimple=1)
    (tmp_path / "groups.csv").write_text("path,group\ncylinder/0.jpg,k\ncylinder/2.jpg,k\ngone.jpg,z\n")
    dataset = read_dataset(tmp_path)
    assert [sample.group for sample in dataset.subset("train")] == [
        "k",
        "cylinder/1.jpg",
        "k",
        "dimple/0.jpg",
    ]
    assert "1 of 3 (gone.jpg)" in warning_with(dataset, "groups.csv")
    assert not [sentence for sentence in dataset.warnings if "skipped" in sentence]


def with_table(root, table: str, rows: str, *, heading="path,group") -> Dataset:
    """Write a table into the dataset and return the dataset."""
    (root / table).parent.mkdir(parents=True, exist_ok=True)
    (root / table).write_text(f"{heading}\n{rows}\n")
    return read_dataset(root)


def groups(dataset: Dataset) -> dict[str, str]:
    return {sample.name: sample.group for sample in dataset.samples if sample.group != sample.name}


@pytest.mark.parametrize("name", ["groups.csv", "Groups.csv", "GROUPS.CSV"])
def test_groups_csv_is_read_in_upper_or_lower_case(tmp_path, name):
    drawn.photos(tmp_path, cylinder=2, dimple=1)
    dataset = with_table(tmp_path, name, "cylinder/0.jpg,k\ncylinder/1.jpg,k")
    assert groups(dataset) == {"cylinder/0.jpg": "k", "cylinder/1.jpg": "k"}
    assert other_warnings(dataset) == []


@pytest.mark.parametrize(("side", "table"), [("train", "groups.csv"), ("TEST", "Groups.csv")])
def test_groups_csv_in_train_or_test_is_read(tmp_path, side, table):
    for i, split in enumerate({"train", "TEST", side}):
        for kind in ("c", "d"):
            for seed in (1, 2):
                drawn.save(
                    drawn.key(10 * i + seed + 50 * (kind == "c")),
                    tmp_path / split / kind / f"{seed}.jpg",
                )
    dataset = with_table(tmp_path, f"{side}/{table}", "c/1.jpg,k\nc/2.jpg,k")
    assert groups(dataset) == {f"{side}/c/1.jpg": "k", f"{side}/c/2.jpg": "k"}
    assert other_warnings(dataset) == []


def test_a_key_in_the_tables_of_both_splits_is_a_leak(tmp_path):
    draw_splits(tmp_path, train={"c": [1, 2], "d": [3]}, test={"c": [4], "d": [5]})
    (tmp_path / "test" / "groups.csv").write_text("path,group\nc/4.jpg,k\n")
    dataset = with_table(tmp_path, "train/groups.csv", "c/1.jpg,k")
    assert dataset.leaks == (Leak("train/c/1.jpg", "test/c/4.jpg", "same physical key"),)


@pytest.mark.parametrize(
    "table",
    ["cylinder/groups.csv", "cylinder/deep/Groups.csv", "notes/groups.csv", "keys.csv", "cylinder/a.csv"],
)
def test_a_table_of_key_ids_that_is_not_read_gives_a_warning(tmp_path, table):
    drawn.photos(tmp_path, cylinder=2, dimple=1)
    dataset = with_table(tmp_path, table, "0.jpg,k\n1.jpg,k")
    assert groups(dataset) == {}
    assert f"not read: 1 ({table}); name one groups.csv" in warning_with(dataset, "Tables with key ids")
    assert not [sentence for sentence in dataset.warnings if "Files skipped" in sentence]


def test_groups_csv_in_a_folder_next_to_train_and_test_gives_a_warning(tmp_path):
    draw_splits(tmp_path, train={"c": [1], "d": [2]}, test={"c": [3], "d": [4]})
    assert "1 (lists/groups.csv)" in warning_with(
        with_table(tmp_path, "lists/groups.csv", "a,b"), "Tables with key ids"
    )


@pytest.mark.parametrize("heading", ["path,label,key_id", "File;Kind;Key"])
def test_a_table_of_labels_next_to_the_kinds_gives_the_key_ids(tmp_path, heading):
    drawn.photos(tmp_path, cylinder=2, dimple=1)
    rows = "cylinder/0.jpg,cylinder,k\ncylinder/1.jpg,cylinder,k\ndimple/0.jpg,dimple,"
    if ";" in heading:
        rows = rows.replace(",", ";")
    dataset = with_table(tmp_path, "labels.csv", rows, heading=heading)
    assert groups(dataset) == {"cylinder/0.jpg": "k", "cylinder/1.jpg": "k"}
    assert other_warnings(dataset) == []


def test_tables_that_disagree_give_a_warning_and_groups_csv_wins(tmp_path):
    drawn.photos(tmp_path, cylinder=2, dimple=1)
    (tmp_path / "a.csv").write_text("path,label,key\ncylinder/0.jpg,c,x\ncylinder/1.jpg,c,k\n")
    dataset = with_table(tmp_path, "groups.csv", "cylinder/0.jpg,k\ncylinder/0.jpg,k")
    assert groups(dataset) == {"cylinder/0.jpg": "k", "cylinder/1.jpg": "k"}
    assert "1 (cylinder/0.jpg); the first is used" in warning_with(dataset, "several key ids")


def test_an_invalid_groups_csv_is_rejected(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    (tmp_path / "Groups.csv").write_text("photo;name\n")
    assert "Groups.csv: has no column group" in error_message(tmp_path)


def test_groups_csv_next_to_a_table_of_labels_is_read_too(tmp_path):
    drawn.photos(tmp_path, cylinder=3, dimple=1)
    (tmp_path / "labels.csv").write_text(
        "path,label,group\ncylinder/0.jpg,c,k\ncylinder/1.jpg,c,\ncylinder/2.jpg,c,\ndimple/0.jpg,d,\n"
    )
    (tmp_path / "Groups.csv").write_text("path,group\ncylinder/1.jpg,k\n")
    (tmp_path / "cylinder" / "groups.csv").write_text("path,group\n2.jpg,k\n")
    dataset = read_dataset(tmp_path / "labels.csv")
    assert groups(dataset) == {"cylinder/0.jpg": "k", "cylinder/1.jpg": "k"}
    assert "1 (cylinder/groups.csv)" in warning_with(dataset, "Tables with key ids")


def test_groups_csv_for_photos_outside_the_tables_folder_gives_a_warning(tmp_path):
    drawn.photos(tmp_path / "photos", cylinder=1, dimple=1)
    (tmp_path / "photos" / "groups.csv").write_text("path,group\ncylinder/0.jpg,k\n")
    for i, folder in enumerate(("..", tmp_path)):
        table = tmp_path / "lists" / f"{i}.csv"
        table.parent.mkdir(exist_ok=True)
        rows = [f"{folder}/photos/{kind}/0.jpg,{kind}" for kind in ("cylinder", "dimple")]
        table.write_text("\n".join(["path,label", *rows]))
        assert "groups.csv)" in warning_with(read_dataset(table), "Tables with key ids")


def test_a_groups_csv_that_is_a_broken_link_is_reported(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    (tmp_path / "groups.csv").symlink_to("gone.csv")
    (tmp_path / "labels.csv").write_text("path,label\ncylinder/0.jpg,c\ndimple/0.jpg,d\n")
    assert [error.name for error in read_dataset(tmp_path).read_errors] == ["groups.csv"]
    assert "groups.csv: cannot be read" in error_message(tmp_path / "labels.csv")


@pytest.mark.parametrize("pattern", [r"([^/]+)-\d+\.jpg$", r"(\w)/(?P<key>[^/]+)-\d"])
def test_a_pattern_finds_the_key_ids_in_the_names(tmp_path, pattern):
    seeds = iter(range(100))
    for kind, name in (("c", "abus-1"), ("c", "abus-2"), ("c", "city-1"), ("d", "iseo-1"), ("d", "photo")):
        drawn.save(drawn.key(next(seeds)), tmp_path / kind / f"{name}.jpg")
    dataset = read_dataset(tmp_path, group_pattern=pattern)
    assert [sample.group for sample in dataset.samples] == ["abus", "abus", "city", "iseo", "d/photo.jpg"]
    assert "1 of 5" in warning_with(dataset, "group pattern")


@pytest.mark.parametrize(
    ("pattern", "fault"), [("(a", "is not a valid regular expression"), ("a.*b", "has no group")]
)
def test_an_invalid_pattern_is_rejected(tmp_path, pattern, fault):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    assert fault in error_message(tmp_path, group_pattern=pattern)


def test_a_key_labelled_with_two_kinds_gives_a_warning(tmp_path):
    drawn.photos(tmp_path, cylinder=2, dimple=2)
    dataset = read_dataset(tmp_path, group_pattern=r"(\d)\.jpg")
    assert "2 (0: cylinder and dimple, 1: cylinder and dimple)" in warning_with(dataset, "several kinds")


def test_copies_join_the_group_of_their_original(tmp_path):
    drawn.photos(tmp_path, cylinder=3, dimple=1)
    folder = tmp_path / "cylinder"
    shutil.copy(folder / "0.jpg", folder / "same.jpg")
    with Image.open(folder / "0.jpg") as original:
        drawn.save(original.resize((200, 150)), folder / "small.jpg")
    (tmp_path / "groups.csv").write_text("path,group\ncylinder/small.jpg,yale\ncylinder/1.jpg,yale\n")
    dataset = read_dataset(tmp_path)
    assert {sample.name: sample.group for sample in dataset.samples if sample.kind == "cylinder"} == {
        "cylinder/0.jpg": "yale",
        "cylinder/1.jpg": "yale",
        "cylinder/2.jpg": "cylinder/2.jpg",
        "cylinder/same.jpg": "yale",
        "cylinder/small.jpg": "yale",
    }
    assert dataset.duplicates == (("cylinder/0.jpg", "cylinder/same.jpg"),)
    assert dataset.near_duplicates == (("cylinder/0.jpg", "cylinder/same.jpg", "cylinder/small.jpg"),)


# Leaks and conflicting labels


def leaking(root):
    """Training photo 1 is also in the test split, 2 is there smaller, 3 shows the key of 8, 4 that of 1."""
    draw_splits(root, train={"c": [1, 2, 3, 4, 5], "d": [11, 12]}, test={"c": [1, 8], "d": [13]})
    drawn.save(drawn.key(2).resize((220, 165)), root / "test" / "c" / "2.jpg")
    (root / "groups.csv").write_text(
        "path,group\ntrain/c/3.jpg,k8\ntest/c/8.jpg,k8\ntrain/c/4.jpg,k1\ntrain/c/1.jpg,k1\n"
    )
    return root


LEAKS = (
    Leak("train/c/1.jpg", "test/c/1.jpg", "same bytes"),
    Leak("train/c/2.jpg", "test/c/2.jpg", "near duplicate"),
    Leak("train/c/3.jpg", "test/c/8.jpg", "same physical key"),
    Leak("train/c/4.jpg", "test/c/1.jpg", "same physical key"),
)


def test_training_photos_that_leak_from_the_test_are_left_out(tmp_path):
    dataset = read_dataset(leaking(tmp_path))
    assert dataset.leaks == LEAKS
    assert names(dataset.subset("train")) == ["train/c/5.jpg", "train/d/11.jpg", "train/d/12.jpg"]
    assert len(dataset.subset("test")) == 4
    assert names(dataset.left_out) == [leak.train for leak in LEAKS]
    warning = warning_with(dataset, "duplicate a test photo")
    assert "4 (same object 2, same bytes 1, near duplicate 1); left out" in warning


def test_leaks_are_kept_on_request_with_a_warning(tmp_path):
    dataset = read_dataset(leaking(tmp_path), keep_leaks=True)
    assert dataset.leaks == LEAKS
    assert len(dataset.subset("train")) == 7
    assert dataset.left_out == ()
    assert "kept" in warning_with(dataset, "duplicate a test photo")


def test_no_group_is_in_both_splits(tmp_path):
    dataset = read_dataset(leaking(tmp_path))
    groups = [{sample.group for sample in dataset.subset(split)} for split in ("train", "test")]
    assert not groups[0] & groups[1]


def test_a_photo_labelled_with_two_kinds_is_left_out_of_both(tmp_path):
    drawn.photos(tmp_path, cylinder=3, dimple=3)
    shutil.copy(tmp_path / "cylinder" / "1.jpg", tmp_path / "dimple" / "copy.jpg")
    dataset = read_dataset(tmp_path)
    assert names(dataset.left_out) == ["cylinder/1.jpg", "dimple/copy.jpg"]
    warning = warning_with(dataset, "Photos labelled with several kinds")
    assert "cylinder/1.jpg (cylinder) = dimple/copy.jpg (dimple)" in warning
    assert dataset.counts()["cylinder"]["train"] == 2


def test_test_photos_of_a_kind_without_training_photos_are_left_out(tmp_path):
    root = draw_splits(tmp_path, train={"c": [1], "d": [2]}, test={"c": [3], "safe": [4, 5]})
    dataset = read_dataset(root)
    assert names(dataset.subset("test")) == ["test/c/3.jpg"]
    assert "2 (safe 2); left out" in warning_with(dataset, "without training photos")


def test_a_test_set_without_training_kinds_is_rejected(tmp_path):
    drawn.photos(tmp_path / "a", cylinder=1, dimple=1)
    drawn.save(drawn.key(9), tmp_path / "b" / "safe" / "9.jpg")
    assert "none of its photos shows one of the 2 training kinds (cylinder, dimple)" in error_message(
        tmp_path / "a", tmp_path / "b"
    )


def test_imbalance_gives_a_warning(tmp_path):
    dataset = read_dataset(drawn.photos(tmp_path, cylinder=8, dimple=2))
    assert warning_with(dataset, "cylinder has 8 training photos, dimple only 2")


def test_a_kind_of_one_photo_gives_a_warning(tmp_path):
    dataset = read_dataset(drawn.photos(tmp_path, cylinder=3, dimple=1))
    assert "1 (dimple: 1 photo); keykind train refuses them" in warning_with(dataset, "one object only")


# Bad input


def test_each_unreadable_photo_is_a_read_error_and_the_others_are_read(tmp_path):
    drawn.photos(tmp_path, cylinder=2, dimple=2)
    whole = (tmp_path / "cylinder" / "0.jpg").read_bytes()
    bad = {
        "cut.jpg": whole[: len(whole) // 2],
        "empty.png": b"",
        "text.jpg": b"<html>",
        "noise.webp": b"RIFF" * 9,
    }
    for name, content in bad.items():
        (tmp_path / "dimple" / name).write_bytes(content)
    dataset = read_dataset(tmp_path)
    assert [error.name for error in dataset.read_errors] == [f"dimple/{name}" for name in sorted(bad)]
    assert all(error.reason and "\n" not in error.reason for error in dataset.read_errors)
    assert len(dataset.samples) == 4


def test_stray_files_are_counted_in_one_warning_and_hidden_ones_ignored(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    drawn.save(drawn.key(8), tmp_path / "in the root.jpg")
    for name in ("notes.txt", "dimple/Thumbs.db", "dimple/README", ".DS_Store", "dimple/._0.jpg"):
        (tmp_path / name).write_bytes(b"x")
    drawn.save(drawn.key(9), tmp_path / ".cache" / "9.jpg")
    passed_over, warning = sorted(other_warnings(read_dataset(tmp_path)))
    assert passed_over.startswith("3 thumbnails and system files were passed over")
    assert "Files skipped: 1 photo outside" in warning
    assert "2 files of other types (1 .txt, 1 without extension)" in warning


def run_in(folder, *, finished: bool):
    """Write what a run leaves behind."""
    drawn.save(drawn.key(1), folder / "figures" / "roc.png")
    (folder / "recipe.json").write_text("{}")
    if finished:
        (folder / "metrics.json").write_text("{}")
    else:
        (folder / "work").mkdir()
    return folder


@pytest.mark.parametrize("finished", [True, False], ids=["finished", "unfinished"])
@pytest.mark.parametrize("folder", ["run", "cylinder/run", "dimple/deep/run"])
def test_a_run_among_the_photos_is_skipped_with_one_warning(tmp_path, folder, finished):
    before = read_dataset(drawn.photos(tmp_path, cylinder=2, dimple=2))
    run_in(tmp_path / folder, finished=finished)
    dataset = read_dataset(tmp_path)
    assert (dataset.samples, dataset.read_errors, dataset.kinds) == (before.samples, (), before.kinds)
    (warning,) = dataset.warnings
    assert f"are runs of keykind: 1 ({folder})" in warning


def test_runs_in_or_next_to_train_and_test_are_not_kinds(tmp_path):
    draw_splits(tmp_path, train={"c": [1], "d": [2]}, test={"c": [3], "d": [4]})
    for folder in ("run", "train/run", "demo-run"):
        run_in(tmp_path / folder, finished=True)
    dataset = read_dataset(tmp_path)
    (warning,) = other_warnings(dataset)
    assert "3 (demo-run, run, train/run)" in warning
    assert len(dataset.samples) == 4


def test_a_folder_with_only_a_recipe_is_a_kind(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    (tmp_path / "dimple" / "recipe.json").write_text("{}")
    assert read_dataset(tmp_path).kinds == ("cylinder", "dimple")


def test_kinds_that_differ_in_undecodable_bytes_stay_distinct_in_both_splits(tmp_path):
    seed = 0
    for split in ("train", "test"):
        for name in (b"a?", b"a\xfe", b"a\xff"):
            for i in range(1 + (name == b"a\xff")):
                seed += 1
                folder = drawn.bytes_path(tmp_path / split, name)
                drawn.save(drawn.key(seed), folder / f"{i}.jpg")
    dataset = read_dataset(tmp_path)
    assert dataset.counts() == {
        "a?": {"train": 1, "test": 1},
        "a? (2)": {"train": 1, "test": 1},
        "a? (3)": {"train": 2, "test": 2},
    }
    assert {sample.kind: sample.path.parent.name for sample in dataset.samples}["a?"] == "a?"
    assert read_dataset(tmp_path, kinds=["a?", "a? (3)"]).kinds == ("a?", "a? (3)")


def test_a_test_set_with_undecodable_kinds_is_not_merged_with_others(tmp_path):
    for split, names in ((b"train", (b"a\xfe", b"a\xff")), (b"test", (b"a\xfd", b"a\xff"))):
        for name in names:
            folder = drawn.bytes_path(tmp_path / split.decode(), name)
            drawn.save(drawn.key(name[1] + 300 * (split == b"test")), folder / "0.jpg")
    dataset = read_dataset(tmp_path / "train", tmp_path / "test")
    assert dataset.kinds == ("a? (2)", "a? (3)")
    assert [sample.kind for sample in dataset.subset("test")] == ["a? (3)"]
    assert [sample.kind for sample in dataset.left_out] == ["a?"]


def test_a_loop_of_links_is_one_read_error(tmp_path):
    drawn.photos(tmp_path, cylinder=2, dimple=2)
    (tmp_path / "dimple" / "here").symlink_to(tmp_path / "dimple")
    dataset = read_dataset(tmp_path)
    assert [error.name for error in dataset.read_errors] == ["dimple/here"]
    assert len(dataset.samples) == 4


@pytest.mark.parametrize("target", ["..", "../..", "/", "here"])
def test_a_link_to_a_parent_folder_or_itself_is_one_read_error(tmp_path, target):
    root = drawn.photos(tmp_path / "set", cylinder=2, dimple=2)
    (root / "dimple" / "here").symlink_to(target)
    dataset = read_dataset(root)
    assert [error.name for error in dataset.read_errors] == ["dimple/here"]
    assert len(dataset.samples) == 4


def test_a_link_to_the_folder_of_the_split_is_one_read_error(tmp_path):
    draw_splits(tmp_path, train={"c": [1, 2], "d": [3, 4]}, test={"d": [5]})
    (tmp_path / "train" / "c" / "up").symlink_to("..")
    assert [error.name for error in read_dataset(tmp_path).read_errors] == ["train/c/up"]


def test_linked_folders_and_photos_are_followed(tmp_path):
    root = drawn.photos(tmp_path / "set", cylinder=1, dimple=1)
    drawn.photos(tmp_path / "elsewhere", more=2, other=1)
    (tmp_path / "elsewhere" / "more" / "0.jpg").unlink()
    drawn.save(drawn.key(77), tmp_path / "elsewhere" / "other" / "0.jpg")
    (root / "dimple" / "linked").symlink_to(tmp_path / "elsewhere" / "more")
    (root / "dimple" / "photo.jpg").symlink_to(tmp_path / "elsewhere" / "other" / "0.jpg")
    dataset = read_dataset(root)
    assert names(dataset.samples)[1:] == ["dimple/0.jpg", "dimple/linked/1.jpg", "dimple/photo.jpg"]


def test_a_broken_link_and_a_pipe_are_read_errors_and_block_nothing(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    (tmp_path / "dimple" / "gone.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(tmp_path / "dimple" / "pipe.jpg")
    assert [error.name for error in read_dataset(tmp_path).read_errors] == [
        "dimple/gone.jpg",
        "dimple/pipe.jpg",
    ]


def test_unusual_names_stay_distinct_and_fit_into_json(tmp_path):
    drawn.photos(tmp_path, cylinder=1, schlüssel=1)
    odd = [b"\xff\xfe.jpg", b"\xfe\xff.jpg", "鍵 🔑.jpg".encode(), b"a\nb.jpg", b"x" * 251 + b".jpg"]
    for seed, name in enumerate(odd):
        drawn.save(drawn.key(20 + seed), drawn.bytes_path(tmp_path / "schlüssel", name))
    found = names(read_dataset(tmp_path).samples)
    assert len(set(found)) == 7
    assert {"schlüssel/??.jpg", "schlüssel/??.jpg (2)", "schlüssel/鍵 🔑.jpg", "schlüssel/a?b.jpg"} <= set(
        found
    )
    assert json.loads(json.dumps(found).encode()) == found


def test_undecodable_names_in_tables_match(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    drawn.save(drawn.key(20), drawn.bytes_path(tmp_path / "dimple", b"\xff.jpg"))
    (tmp_path / "groups.csv").write_bytes(b"path,group\ndimple/\xff.jpg,k\xff\n")
    groups = [sample.group for sample in read_dataset(tmp_path).samples]
    assert groups == ["cylinder/0.jpg", "dimple/0.jpg", "kÿ"]


def test_a_kind_without_photos_gives_a_warning(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1, safe=0)
    dataset = read_dataset(tmp_path)
    assert dataset.kinds == ("cylinder", "dimple")
    assert "1 (safe)" in warning_with(dataset, "without a readable photo")


def test_a_folder_named_like_a_photo_is_a_folder(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    drawn.save(drawn.key(9), tmp_path / "dimple" / "trap.jpg" / "9.jpg")
    dataset = read_dataset(tmp_path)
    assert "dimple/trap.jpg/9.jpg" in names(dataset.samples)


def test_a_missing_folder_is_rejected(tmp_path):
    assert "nowhere: does not exist" in error_message(tmp_path / "nowhere")
    assert "does not exist" in error_message(tmp_path / ("x" * 300))
    assert "does not exist" in error_message(str(tmp_path / "a\0b"))


def test_a_file_that_is_not_a_table_is_rejected(tmp_path):
    assert "is a file, but not a CSV table" in error_message(drawn.save(drawn.key(1), tmp_path / "a.jpg"))


def test_an_empty_folder_is_rejected(tmp_path):
    assert "has 0 photos in 0 kind folders, 0 photos outside them and 0 other files" in error_message(
        tmp_path
    )


def test_photos_without_kind_folders_are_rejected_with_their_number(tmp_path):
    for seed in range(3):
        drawn.save(drawn.key(seed), tmp_path / f"{seed}.jpg")
    message = error_message(tmp_path)
    assert "3 photos" in message
    assert "one folder per kind" in message


def test_a_single_kind_is_rejected_with_what_was_found(tmp_path):
    drawn.photos(tmp_path, dimple=3, safe=0)
    assert "only 1 kind can be trained (dimple: 3 photos); give readable" in error_message(tmp_path)
    for kind in ("cylinder", "mortice"):
        drawn.save(drawn.key(50), tmp_path / kind / "same.jpg")
    message = error_message(tmp_path)
    assert "(dimple: 3 photos); left out: 2 photos labelled with several kinds; give readable" in message


def test_a_dataset_without_readable_photos_is_rejected_with_the_first_reason(tmp_path):
    for kind in ("cylinder", "dimple"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "a.jpg").write_bytes(b"")
    message = error_message(tmp_path)
    assert "none of its 2 photos can be read" in message
    assert "cylinder/a.jpg: is empty" in message


def test_a_test_folder_without_a_train_folder_is_rejected(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1, test=0)
    message = error_message(tmp_path)
    assert "a folder named test" in message
    assert "none named train" in message


# Holding out test photos


def test_hold_out_moves_about_the_share_of_each_kind(tmp_path):
    dataset = read_dataset(drawn.photos(tmp_path, cylinder=10, dimple=5))
    held = hold_out(dataset, 0.2, np.random.default_rng(0))
    assert held.counts() == {"cylinder": {"train": 8, "test": 2}, "dimple": {"train": 4, "test": 1}}
    assert list(held.samples) == sorted(
        held.samples, key=lambda sample: (sample.split, sample.kind, sample.name)
    )
    assert hold_out(dataset, 0.2, np.random.default_rng(0)) == held
    assert hold_out(dataset, 0.2, np.random.default_rng(1)) != held


def test_hold_out_updates_the_warnings(tmp_path):
    drawn.photos(tmp_path, cylinder=16, dimple=4, safe=0)
    (tmp_path / "notes.txt").write_text("x")
    dataset = read_dataset(tmp_path)
    held = hold_out(dataset, 0.25, np.random.default_rng(0))
    assert warning_with(dataset, "cylinder has 16 training photos, dimple only 4")
    assert warning_with(held, "cylinder has 12 training photos, dimple only 3")
    assert len(held.warnings) == len(dataset.warnings) == 3
    assert set(held.warnings) - set(dataset.warnings) == {warning_with(held, "cylinder has")}


def test_hold_out_adds_a_warning_about_the_new_split():
    dataset = in_memory({"a": [1] * 7, "b": [1, 1]})
    held = hold_out(dataset, 0.25, np.random.default_rng(0))
    assert dataset.warnings == ()
    assert warning_with(held, f"a has {held.counts()['a']['train']} training photos, b only 1")


def in_memory(groups: dict[str, list[int]]) -> Dataset:
    """Return a dataset with the given number of photos in each group of each kind."""
    sample = Sample(None, "", "", "", "train", "", 1, 1, 1.0, 0.5, 0.0)
    samples = tuple(
        replace(sample, name=f"{kind}/{group}-{i}", kind=kind, group=f"{kind}-{group}")
        for kind, sizes in sorted(groups.items())
        for group, size in enumerate(sizes)
        for i in range(size)
    )
    return Dataset(tuple(sorted(groups)), samples, (), (), (), (), ())


@given(
    groups=st.dictionaries(
        st.sampled_from("abc"), st.lists(st.integers(1, 9), min_size=2, max_size=8), min_size=2
    ),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
)
def test_hold_out_never_divides_a_group_or_empties_a_split(groups, share, seed):
    dataset = in_memory(groups)
    held = hold_out(dataset, share, np.random.default_rng(seed))
    train, test = ({sample.group for sample in held.subset(split)} for split in ("train", "test"))
    assert not train & test
    assert all(min(counts.values()) > 0 for counts in held.counts().values())
    assert sorted(names(held.samples)) == sorted(names(dataset.samples))
    for kind, counts in held.counts().items():
        assert abs(counts["test"] - share * sum(groups[kind])) <= max(groups[kind])


def test_a_kind_with_one_key_cannot_be_held_out():
    with pytest.raises(BadDataset, match="kind b: has 7 photos of 1 different object"):
        hold_out(in_memory({"a": [1, 1, 1], "b": [7]}), 0.2, np.random.default_rng(0))


@pytest.mark.parametrize("share", [0, 1, -0.5, float("nan")])
def test_an_invalid_share_is_rejected(share):
    with pytest.raises(BadDataset, match="between 0 and 1"):
        hold_out(in_memory({"a": [1, 1], "b": [1, 1]}), share, np.random.default_rng(0))


def test_hold_out_rejects_a_dataset_with_test_photos():
    held = hold_out(in_memory({"a": [1, 1], "b": [1, 1]}), 0.5, np.random.default_rng(0))
    with pytest.raises(BadDataset, match="already has 2 test photos"):
        hold_out(held, 0.5, np.random.default_rng(0))


def test_the_development_photos_are_read_with_their_key_ids():
    kinds = ["cylinder", "dimple", "laser_track", "mortice"]
    dataset = read_dataset(shared("photos/labels.csv"), kinds=kinds)
    assert {kind: counts["train"] for kind, counts in dataset.counts().items()} == {
        "cylinder": 72,
        "dimple": 51,
        "laser_track": 10,
        "mortice": 19,
    }
    assert {sample.group for sample in dataset.samples if "iseo" in sample.name} == {"lkr-iseo"}
    assert dataset.read_errors == ()
    held = hold_out(dataset, 0.2, np.random.default_rng(0))
    assert 20 <= len(held.subset("test")) <= 45


def test_the_development_photos_have_the_same_key_ids_by_folder_and_by_table():
    kinds = ["cylinder", "laser_track"]
    folder = shared("photos")
    by_table = read_dataset(folder / "labels.csv", kinds=kinds)
    by_folder = read_dataset(folder, kinds=kinds)
    assert by_folder.samples == by_table.samples
    assert not [sentence for sentence in by_folder.warnings if "labels.csv" in sentence]


def test_negatives_are_read_in_order_and_broken_ones_are_named(tmp_path):
    for name in ("b.png", "a/c.png", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 20)).save((tmp_path / name).with_suffix(".png"))
    samples, errors = read_negatives(str(tmp_path))
    assert [sample.name for sample in samples] == ["a/c.png", "b.png", "note.png"]
    assert not errors
    (tmp_path / "b.png").write_bytes(b"")
    samples, errors = read_negatives(tmp_path)
    assert [sample.name for sample in samples] == ["a/c.png", "note.png"]
    assert [(error.name, error.reason[:8]) for error in errors] == [("b.png", "is empty")]
    for name in ("a/c.png", "note.png"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(BadDataset, match="none of its 3 photos can be read: is empty"):
        read_negatives(tmp_path)
    with pytest.raises(BadDataset, match="contains no photos"):
        read_negatives(tmp_path / "none")
