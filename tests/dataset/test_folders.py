"""Tests of dataset/folders.py, splits.py and kind_names.py: which folders are splits, which kinds are one."""

import unicodedata
from pathlib import Path

import pytest

import drawn
from commands import shared
from keykind.core.errors import BadDataset
from keykind.dataset.dataset import read_dataset, read_negatives
from keykind.dataset.splits import part_of


def counts(root: Path) -> dict[str, dict[str, int]]:
    return read_dataset(root).counts()


def fill(root: Path, *folders: str) -> Path:
    """Put one photo, each another, into each folder."""
    for seed, folder in enumerate(folders):
        drawn.save(drawn.key(seed), root / folder / "1.jpg")
    return root


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *(
            (name, "train")
            for name in ("train", "Training", "TRAIN", "train_set", "Trainset", "training-data")
        ),
        *(
            (name, "train")
            for name in (
                "train2017",
                "train_1",
                "Trainingsdaten",
                "entrenamiento",
                "entraînement",
                "\ufefftrain",
            )
        ),
        *(
            (name, "validation")
            for name in ("val", "valid", "Validation", "VAL", "validation_set", "dev", "val2017")
        ),
        *((name, "test") for name in ("test", "Testing", "TEST", "testset", "test images", "Testdaten")),
        *((name, None) for name in ("trainer", "cylinder", "latest", "value", "tested keys")),
    ],
)
def test_names_of_splits_are_known_in_any_case(name, part):
    assert part_of(name) == part


def test_photos_without_an_extension_are_known_by_their_first_bytes(tmp_path):
    fill(tmp_path, "cylinder", "dimple")
    for number, kind in enumerate(("cylinder", "dimple")):
        drawn.save(drawn.key(10 + number), tmp_path / "one.jpg")
        (tmp_path / "one.jpg").rename(tmp_path / kind / f"IMG.000{number}")
    (tmp_path / "dimple" / "NOTES").write_text("no photo")
    dataset = read_dataset(tmp_path)
    assert dataset.counts() == {kind: {"train": 2, "test": 0} for kind in ("cylinder", "dimple")}
    assert any("1 file of other types (1 without extension)" in warning for warning in dataset.warnings)
    assert len(read_negatives(tmp_path)[0]) == 4


@pytest.mark.parametrize(
    ("train", "validation"), [("training", "validation"), ("Train", "VAL"), ("TRAIN", "valid")]
)
def test_validation_photos_are_the_test_photos_where_there_are_no_others(tmp_path, train, validation):
    fill(tmp_path, *(f"{part}/{kind}" for part in (train, validation) for kind in ("cylinder", "dimple")))
    dataset = read_dataset(tmp_path)
    assert dataset.counts() == {kind: {"train": 1, "test": 1} for kind in ("cylinder", "dimple")}
    assert "2 validation photos: used as the test photos" in dataset.warnings[0]


def test_validation_photos_are_trained_on_where_there_are_test_photos(tmp_path):
    fill(
        tmp_path, *(f"{part}/{kind}" for part in ("train", "val", "test") for kind in ("cylinder", "dimple"))
    )
    dataset = read_dataset(tmp_path)
    assert dataset.counts() == {kind: {"train": 2, "test": 1} for kind in ("cylinder", "dimple")}
    assert "2 validation photos: trained on" in dataset.warnings[0]


def test_validation_photos_are_trained_on_with_a_separate_test_set(tmp_path):
    fill(tmp_path / "a", *(f"{part}/{kind}" for part in ("train", "val") for kind in ("cylinder", "dimple")))
    drawn.save(drawn.key(30), tmp_path / "b" / "dimple" / "1.jpg")
    dataset = read_dataset(tmp_path / "a", tmp_path / "b")
    assert dataset.counts() == {"cylinder": {"train": 2, "test": 0}, "dimple": {"train": 2, "test": 1}}


def test_the_column_split_knows_the_same_names(tmp_path):
    fill(tmp_path, "a", "b", "c", "d")
    rows = "a/1.jpg,x,Training\nb/1.jpg,y,TRAIN\nc/1.jpg,x,val\nd/1.jpg,y,testing\n"
    (tmp_path / "labels.csv").write_text("path,label,split\n" + rows)
    assert counts(tmp_path / "labels.csv") == {"x": {"train": 2, "test": 0}, "y": {"train": 1, "test": 1}}


@pytest.mark.parametrize(
    "folders",
    [
        ("cylinder", "dimple", "train/cylinder", "validation/cylinder"),
        ("bus", "car", "train"),
        ("bus", "car", "train/old", "train/new"),
        ("bus", "test"),
        ("cylinder", "train/cylinder", "test/cylinder"),
    ],
)
def test_a_split_beside_folders_of_kinds_is_refused_with_the_reason(tmp_path, folders):
    with pytest.raises(
        BadDataset, match=r"like a split, beside folders with photos: \w+ .* if it is a kind, rename"
    ):
        read_dataset(fill(tmp_path, *folders))


def test_a_split_without_folders_of_kinds_is_refused_with_the_reason(tmp_path):
    with pytest.raises(BadDataset, match="has photos in test, train without a folder for each kind"):
        read_dataset(fill(tmp_path, "train", "test"))


def test_splits_inside_the_kinds_are_splits(tmp_path):
    fill(tmp_path, *(f"{kind}/{part}" for kind in ("cylinder", "dimple") for part in ("Train", "test")))
    assert counts(tmp_path) == {kind: {"train": 1, "test": 1} for kind in ("cylinder", "dimple")}


def test_splits_inside_only_some_kinds_are_mentioned(tmp_path):
    dataset = read_dataset(fill(tmp_path, "cylinder/train", "cylinder/test", "dimple"))
    assert dataset.counts() == {"cylinder": {"train": 2, "test": 0}, "dimple": {"train": 1, "test": 0}}
    assert "test or validation split inside a kind: 1" in dataset.warnings[0]


def test_kinds_that_differ_in_case_or_normal_form_are_one_by_the_most_frequent_spelling(tmp_path):
    composed = "schlüssel"
    folders = [
        "Cylinder",
        "cylinder/a",
        "cylinder/b",
        composed,
        unicodedata.normalize("NFD", composed) + "/x",
    ]
    dataset = read_dataset(fill(tmp_path, *folders))
    assert {kind: count["train"] for kind, count in dataset.counts().items()} == {"cylinder": 3, composed: 2}
    notes = [warning for warning in dataset.warnings if warning.startswith("Spellings of one kind")]
    assert "cylinder (2 photos), Cylinder (1 photo); they are read as cylinder" in notes[0]
    assert "in another Unicode form" in notes[1]


def test_kinds_are_chosen_in_any_case(tmp_path):
    fill(tmp_path, "Cylinder", "dimple", "mortice")
    assert read_dataset(tmp_path, kinds=["cylinder", "DIMPLE"]).kinds == ("Cylinder", "dimple")


def test_thumbnails_of_a_file_server_are_passed_over_and_counted_once(tmp_path):
    fill(
        tmp_path, "cylinder", "dimple", "cylinder/@eaDir/1.jpg", "#recycle", "__MACOSX/cylinder", "lost+found"
    )
    dataset = read_dataset(tmp_path)
    assert dataset.kinds == ("cylinder", "dimple")
    warning, _ = dataset.warnings
    assert warning.startswith("4 thumbnails and system files were passed over (")
    fill(tmp_path / "negatives", "a", "@eaDir/a.jpg")
    assert len(read_negatives(tmp_path / "negatives")[0]) == 1


def test_photos_without_an_ending_are_used_and_backups_of_editors_are_passed_over(tmp_path):
    fill(tmp_path, "a", "b")
    for seed, name in enumerate(("a/IMG.0001", "b/scan"), 2):
        drawn.save(drawn.key(seed), tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.jpg").rename(tmp_path / name)
    (tmp_path / "b/1.jpg~").write_bytes((tmp_path / "b/1.jpg").read_bytes())
    dataset = read_dataset(tmp_path)
    assert dataset.counts() == {kind: {"train": 2, "test": 0} for kind in "ab"}
    assert "1 thumbnail or system file was passed over (1 1.jpg~)." in dataset.warnings


def test_kinds_that_differ_in_characters_that_are_not_seen_are_one(tmp_path):
    fill(tmp_path, "cylinder", "\ufeffcylinder", "cylin\u00adder", "cylinder\u200b", "dimple")
    dataset = read_dataset(tmp_path)
    assert {kind: count["train"] for kind, count in dataset.counts().items()} == {"cylinder": 4, "dimple": 1}
    assert "with a character that is not seen" in dataset.warnings[0]


def test_kinds_of_nearly_the_same_name_stay_apart_and_are_mentioned(tmp_path):
    fill(tmp_path, "double_bit", "double-bit", "cylinder", "cylinder - Copy", "dimple", "type 1", "type 2")
    dataset = read_dataset(tmp_path)
    assert len(dataset.counts()) == 7
    assert [warning.split(";")[0] for warning in dataset.warnings if "nearly" in warning] == [
        "Kinds of nearly the same name: cylinder, cylinder - Copy",
        "Kinds of nearly the same name: double-bit, double_bit",
    ]


@pytest.mark.parametrize("inside", ["data", "data/images"])
def test_photos_one_folder_too_deep_are_refused_with_the_folder_to_give(tmp_path, inside):
    fill(tmp_path, f"{inside}/train/a", f"{inside}/train/b", f"{inside}/test/a")
    with pytest.raises(BadDataset, match=f"in one folder, {inside}, .*test, train.*give .*{inside}$"):
        read_dataset(tmp_path)


def test_splits_inside_a_split_are_refused(tmp_path):
    fill(tmp_path, "train/train/a", "train/train/b", "train/test/a")
    with pytest.raises(BadDataset, match="has splits in a split: train/test, train/train"):
        read_dataset(tmp_path)


def test_a_kind_named_like_a_split_is_mentioned(tmp_path):
    fill(tmp_path, "train/a", "train/b", "train/test", "test/a")
    assert "Kinds named like a split: test" in read_dataset(tmp_path).warnings[0]


def test_kinds_with_folders_of_the_same_names_are_mentioned_for_they_may_be_splits(tmp_path):
    fill(tmp_path, "fold1/a", "fold1/b", "fold2/a", "fold2/b")
    assert (
        "All 2 kinds (fold1, fold2) have folders of the same names (a, b)"
        in read_dataset(tmp_path).warnings[0]
    )


def test_the_development_cases_are_read_as_they_are_meant():
    expected = {kind: {"train": 9, "test": 3} for kind in ("cylinder", "dimple", "mortice")}
    assert counts(shared("cases/training-validation")) == expected
    assert len(read_dataset(shared("cases/nas-leftovers")).samples) == 36
