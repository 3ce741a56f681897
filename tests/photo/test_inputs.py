"""Tests of gathering.py; those of addresses are in test_addresses.py."""

import io
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.photo.inputs import how_many, photos_from
from keykind.photo.source import name_of


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Path:
    """Folders with photos, hidden ones and other files; the current folder is above them."""
    names = (
        "b.jpg",
        "a/z.PNG",
        "a/y.jpg",
        "a.jpg",
        "a-1/x.webp",
        "a/deep/er/w.heic",
        "notes.txt",
        ".hidden.jpg",
    )
    for name in (*names, ".thumbs/t.jpg", "a/.hidden.png", "[odd]/o.jpg"):
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return Path("shop")


def named(*names: object) -> list[str]:
    return [name_of(source) for source in photos_from([str(name) for name in names])]


def test_a_folder_stands_for_the_photos_below_it_sorted_without_hidden_ones(shop):
    found = named(shop)
    inside = "[odd]/o.jpg", "a-1/x.webp", "a.jpg", "a/deep/er/w.heic", "a/y.jpg", "a/z.PNG", "b.jpg"
    assert found == [f"shop/{name}" for name in inside]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("pattern", "inside"),
    [
        ("shop/*.jpg", ["a.jpg", "b.jpg"]),
        ("shop/a*", ["a-1/x.webp", "a.jpg", "a/deep/er/w.heic", "a/y.jpg", "a/z.PNG"]),
        ("shop/**/*.jpg", ["[odd]/o.jpg", "a.jpg", "a/y.jpg", "b.jpg"]),
        ("shop/**/er/**", ["a/deep/er/w.heic"]),
        ("shop/a/[xy].jpg", ["a/y.jpg"]),
        ("sh?p/a/**/*.heic", ["a/deep/er/w.heic"]),
        ("*/[[]odd]/*", ["[odd]/o.jpg"]),
        ("shop/[odd]", ["[odd]/o.jpg"]),
    ],
)
def test_a_pattern_stands_for_what_matches_it_and_what_is_below(shop, pattern, inside):
    assert named(pattern) == [f"shop/{name}" for name in inside]


def test_a_pattern_looks_into_no_folder_that_cannot_match(shop, monkeypatch):
    seen, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: seen.append(str(folder)) or scandir(folder))
    named("shop/a-*/*.webp")
    assert seen == ["shop", "shop/a-1"]


def test_names_are_answered_in_the_order_in_which_they_are_given(shop):
    assert named("shop/b.jpg", "gone.jpg", "shop/a-1", "shop/b.jpg") == [
        "shop/b.jpg",
        "gone.jpg",
        "shop/a-1/x.webp",
        "shop/b.jpg",
    ]


def test_a_file_is_taken_by_its_name_whatever_its_ending(shop):
    assert named("shop/notes.txt", "shop/.hidden.jpg", "shop/[odd]/o.jpg") == [
        "shop/notes.txt",
        "shop/.hidden.jpg",
        "shop/[odd]/o.jpg",
    ]


def test_a_loop_of_links_ends_and_every_photo_comes_once(shop):
    (shop / "a" / "up").symlink_to(shop.absolute())
    (shop / "zz").symlink_to((shop / "a").absolute())
    (shop / "self").symlink_to("self")
    (shop / "nowhere.jpg").symlink_to("gone.jpg")
    found = named(shop)
    assert len(found) == len({Path(name).resolve() for name in found}) == 8
    assert "shop/nowhere.jpg" in found


def test_a_linked_folder_is_followed(shop, tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "linked").symlink_to((shop / "a-1").absolute())
    assert named("album") == ["album/linked/x.webp"]


def test_a_folder_without_photos_is_told_beside_the_photos_of_others(shop, tmp_path):
    (tmp_path / "empty").mkdir()
    barren, *_, last = photos_from(["empty", "shop", "*.gif"])
    assert isinstance(barren, BadPhoto)
    assert str(barren).startswith("empty: holds 0 photos; ")
    assert str(last).startswith("*.gif: matches 0 photos; ")


@pytest.mark.parametrize("names", [["empty"], ["no*.jpg"], ["gone/*.jpg", "empty"], []])
def test_nothing_to_read_is_an_error(shop, tmp_path, names):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadPhoto):
        list(photos_from(names))


def test_a_folder_that_may_not_be_read_costs_only_itself(shop, monkeypatch):
    scandir = os.scandir

    def guarded(folder):
        if Path(folder).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    found = list(photos_from(["shop"]))
    (fault,) = [source for source in found if isinstance(source, BadPhoto)]
    assert (
        str(fault)
        == "shop/a: is a folder that cannot be read (Permission denied); check its name and permissions"
    )
    assert len(found) == 5


def test_folders_are_read_one_after_another_not_all_at_once(shop, monkeypatch):
    seen, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: seen.append(str(folder)) or scandir(folder))
    photos = photos_from(["shop"])
    assert not seen
    next(photos)
    assert seen == ["shop", "shop/[odd]"]


def test_standard_input_is_one_photo(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"bytes")))
    (only,) = photos_from(["-"])
    assert (only.name, only.photo) == ("-", b"bytes")


@pytest.mark.parametrize("names", [["-"], ["a.jpg", "gone.jpg"]])
def test_how_many_photos_there_are_is_known_without_folders(shop, names):
    assert how_many(names) == len(names)
    assert how_many([*names, "shop"]) == how_many([*names, "*.jpg"]) == 0


def test_a_pattern_finds_a_folder_that_a_link_led_to_before(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "b")
    Image.new("RGB", (20, 20)).save(tmp_path / "b" / "x.png")
    assert list(photos_from([str(tmp_path / "**" / "b" / "*.png")])) == [tmp_path / "b" / "x.png"]


def test_a_closed_standard_input_costs_no_other_photo(monkeypatch, shop):
    monkeypatch.setattr(sys, "stdin", None)
    first, second = photos_from(["shop/a.jpg", "-"])
    assert first == Path("shop/a.jpg")
    assert isinstance(second, BadPhoto)


def test_the_contact_sheet_of_a_rendered_set_is_no_photo_of_it(tmp_path):
    for name in ("set.json", "contact-sheet.png", "dimple/dimple-000000.jpg", "dimple/contact-sheet.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [one.relative_to(tmp_path).as_posix() for one in photos_from([str(tmp_path)])]
    assert found == ["dimple/contact-sheet.png", "dimple/dimple-000000.jpg"]
