"""Tests of dataset/groups.py: what is stated about keys counts more than what photos look like."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

import drawn
from keykind.dataset import report
from keykind.dataset.dataset import read_dataset
from keykind.dataset.samples import Dataset


def lookalikes(root: Path, *names: str) -> Path:
    """Save photos of one key that differ a little in their bytes, and two other kinds to train on."""
    for quality, name in enumerate(names, 60):
        drawn.save(drawn.key(1), root / name, quality=quality)
    for seed, kind in enumerate(("dimple", "mortice"), 50):
        drawn.save(
            drawn.key(seed), root / ("train" if names[0].startswith("train/") else "") / kind / "0.jpg"
        )
    return root


def groups_of(dataset: Dataset) -> dict[str, str]:
    return {
        sample.name.rpartition("/")[2]: sample.group
        for sample in dataset.samples
        if sample.kind == "cylinder"
    }


def state(root: Path, **keys: str) -> Path:
    rows = "".join(f"{name.replace('__', '/')}.jpg,{key}\n" for name, key in keys.items())
    (root / "groups.csv").write_text("path,group\n" + rows)
    return root


def test_near_duplicates_with_different_stated_keys_stay_apart_and_are_reported(tmp_path):
    lookalikes(tmp_path, "cylinder/a.jpg", "cylinder/b.jpg")
    dataset = read_dataset(state(tmp_path, cylinder__a="k1", cylinder__b="k2"))
    assert groups_of(dataset) == {"a.jpg": "k1", "b.jpg": "k2"}
    assert dataset.near_duplicates == ()
    (conflict,) = dataset.key_conflicts
    assert (conflict.keys, conflict.reason) == (("k1", "k2"), "near duplicate")
    assert "cylinder/a.jpg (k1) ~ cylinder/b.jpg (k2)" in dataset.warnings[0]
    assert "cylinder/a.jpg (k1) ~ cylinder/b.jpg (k2)" in report.text(dataset)
    assert report.as_json(dataset)["key_conflicts"][0]["photos"] == ("cylinder/a.jpg", "cylinder/b.jpg")
    assert "Different keys that look the same" in report.html(dataset)


def test_a_pattern_states_keys_too(tmp_path):
    lookalikes(tmp_path, "cylinder/k1-1.jpg", "cylinder/k2-1.jpg")
    dataset = read_dataset(tmp_path, group_pattern=r"/(\w+)-")
    assert groups_of(dataset) == {"k1-1.jpg": "k1", "k2-1.jpg": "k2"}
    assert len(dataset.key_conflicts) == 1


def test_near_duplicates_without_a_stated_key_join_one_that_has_it(tmp_path):
    lookalikes(tmp_path, "cylinder/a.jpg", "cylinder/b.jpg", "cylinder/c.jpg")
    dataset = read_dataset(state(tmp_path, cylinder__b="k"))
    assert set(groups_of(dataset).values()) == {"k"}
    assert dataset.key_conflicts == ()
    assert len(dataset.near_duplicates) == 1


def test_equal_bytes_with_different_stated_keys_are_reported(tmp_path):
    lookalikes(tmp_path, "cylinder/a.jpg")
    shutil.copy(tmp_path / "cylinder" / "a.jpg", tmp_path / "cylinder" / "b.jpg")
    dataset = read_dataset(state(tmp_path, cylinder__a="k1", cylinder__b="k2"))
    assert groups_of(dataset) == {"a.jpg": "k1", "b.jpg": "k2"}
    assert [conflict.reason for conflict in dataset.key_conflicts] == ["same bytes"]
    assert "cylinder/a.jpg (k1) = cylinder/b.jpg (k2)" in dataset.warnings[0]


@pytest.mark.parametrize(("test_key", "leaks"), [("k2", 0), ("k1", 1), (None, 1)])
def test_near_duplicates_across_the_split_leak_unless_their_stated_keys_differ(tmp_path, test_key, leaks):
    lookalikes(tmp_path, "train/cylinder/a.jpg", "test/cylinder/b.jpg", "train/cylinder/other.jpg")
    drawn.save(drawn.key(77), tmp_path / "train" / "cylinder" / "other.jpg")
    stated = {"train__cylinder__a": "k1"} | ({"test__cylinder__b": test_key} if test_key else {})
    dataset = read_dataset(state(tmp_path, **stated))
    assert len(dataset.leaks) == leaks
    assert len(dataset.key_conflicts) == (test_key == "k2")


def test_another_object_on_the_same_ground_is_another_key(tmp_path):
    ground = drawn.key(3)
    for number in range(6):
        photo = ground.copy()
        photo.paste(
            drawn.key(20 + number, background=90 + 15 * number).crop((30, 90, 370, 210)).resize((80, 28)),
            (150, 60),
        )
        drawn.save(photo, tmp_path / "cylinder" / f"{number}.jpg")
    drawn.save(Image.new("RGB", (300, 200), "white"), tmp_path / "dimple" / "0.jpg")
    assert len(set(groups_of(read_dataset(tmp_path)).values())) == 6
