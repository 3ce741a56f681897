"""Tests of dataset/name_groups.py."""

import shlex
from pathlib import Path

import pytest

from keykind.dataset.key_ids import key_ids_from_names
from keykind.dataset.listing import PhotoEntry
from keykind.dataset.name_groups import object_stem, proposal


def photos(*names, key_id=None):
    """Photos as listed; the folder is the kind."""
    return [PhotoEntry(Path(name), name, name, name.split("/")[-2], "train", key_id) for name in names]


def counted(form, count=5):
    return photos(*(f"{kind}/{form.format(i)}" for kind in ("cylinder", "dimple") for i in range(1, count)))


def groups(listed):
    """The groups that the proposed pattern makes: key -> names."""
    pattern = shlex.split(proposal(listed).split("--group-pattern ")[1])[0]
    found = {}
    for photo in key_ids_from_names(listed, pattern):
        found.setdefault(photo.key_id, []).append(photo.name)
    return found


def test_names_that_differ_in_a_number_are_proposed_with_the_pattern_that_groups_them():
    listed = photos(
        "c/abus-1.jpg", "c/abus-2.jpg", "c/yale 1.jpg", "c/IMG_0001.jpg", "d/evva (1).jpg", "d/x.png"
    )
    assert "2 photos show 1 object several times (c/abus-1.jpg = c/abus-2.jpg)" in proposal(listed)
    assert groups(listed) == {
        "abus": ["c/abus-1.jpg", "c/abus-2.jpg"],
        "yale": ["c/yale 1.jpg"],
        "evva": ["d/evva (1).jpg"],
        None: ["c/IMG_0001.jpg", "d/x.png"],
    }


@pytest.mark.parametrize(
    "form",
    [
        *(
            "IMG_{:04}.jpg",
            "DSC{:05}.JPG",
            "DSCN{:04}.jpg",
            "P10100{:02}.JPG",
            "_MG_{:04}.jpg",
            "IMG_E{:04}.jpg",
        ),
        *("PXL_20230101_12000{}.jpg", "20230101_12000{}.jpg", "IMG-20230101-WA000{}.jpg", "GOPR{:04}.JPG"),
        *(
            "WhatsApp Image 2023-01-01 at 10.00.00 ({}).jpeg",
            "Screenshot_{}.png",
            "IMG_{:03}.jpg",
            "image{}.jpg",
        ),
        *("{}.jpg", "key-{}.jpg", "photo ({}).jpg", "cylinder_{:02}.jpg", "scan{:03}.jpg"),
    ],
)
def test_names_that_only_count_are_not_proposed(form):
    listed = [photo for photo in counted(form) if "cylinder" not in form or photo.kind == "cylinder"]
    assert proposal(listed) is None


def test_the_only_stem_of_a_kind_is_a_count():
    assert (
        proposal(photos(*(f"c/abus-{i}.jpg" for i in range(9)), *(f"d/evva-{i}.jpg" for i in range(9))))
        is None
    )


def test_one_name_in_two_kinds_makes_two_objects():
    listed = photos(*(f"{kind}/key{key}_{i}.jpg" for kind in "cd" for key in (1, 2) for i in (1, 2)))
    assert sorted(groups(listed)) == ["c/key1", "c/key2", "d/key1", "d/key2"]


def test_one_object_in_both_splits_is_one():
    listed = photos(*(f"{split}/c/{key}-1.jpg" for split in ("train", "test") for key in ("abus", "yale")))
    assert groups(listed)["abus"] == ["train/c/abus-1.jpg", "test/c/abus-1.jpg"]


def test_counted_photos_beside_others_stay_apart():
    listed = photos(*(f"c/{name}_{i:03}.jpg" for name in ("IMG", "abus", "yale") for i in (1, 2)), "d/a.jpg")
    found = groups(listed)
    assert {key: len(names) for key, names in found.items()} == {"abus": 2, "yale": 2, None: 3}


def test_photos_of_known_keys_are_left_alone():
    assert proposal(photos("c/abus-1.jpg", "c/abus-2.jpg", "c/yale-1.jpg", key_id="a")) is None


def test_a_number_inside_the_stem_belongs_to_it():
    assert object_stem("c/key12-3.jpg", "c") == "key12"
    assert object_stem("c/abus.jpg", "c") is None
