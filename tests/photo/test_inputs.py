"""Tests of photo/inputs.py; those with addresses are in test_storage.py."""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.photo.inputs import count_photos, iter_photos
from keykind.photo.source import name_of
from keykind.photo.system_files import PassedOver


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Path:
    """Folders with photos, hidden ones and other files, below the current folder."""
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
    for name in (*names, ".private/t.jpg", "a/.hidden.png", "[odd]/o.jpg"):
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return Path("shop")


def names_from(*names: object) -> list[str]:
    return [name_of(source) for source in iter_photos(list(names))]


def test_a_folder_stands_for_the_visible_photos_below_it_in_sorted_order(shop):
    found = names_from(shop)
    expected = "[odd]/o.jpg", "a-1/x.webp", "a.jpg", "a/deep/er/w.heic", "a/y.jpg", "a/z.PNG", "b.jpg"
    assert found == [f"shop/{name}" for name in expected]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("name", "videos"), [("shop", 3), ("shop/*", 3), ("shop/**/*.mp4", 2), ("shop/*.jpg", 0), ("shop/a", 1)]
)
def test_videos_in_folders_are_counted_where_they_would_be_searched(shop, name, videos):
    for video in ("b.MOV", "c.mp4", "a/d.mp4", ".hidden.mp4"):
        (shop / video).touch()
    passed_over = PassedOver()
    with suppress(BadPhoto):  # a pattern that matches videos only
        found = [name_of(source).lower() for source in iter_photos([name], passed_over)]
        assert not any(photo.endswith((".mp4", ".mov")) for photo in found)
    assert passed_over.videos == videos
    assert passed_over.total == 0


def test_a_folder_of_videos_only_says_so(tmp_path):
    (tmp_path / "clip.mp4").touch()
    with pytest.raises(BadPhoto, match="holds 0 photos, but 1 video; `keykind predict` reads videos"):
        names_from(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "expected"),
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
def test_a_pattern_stands_for_its_matches_and_the_photos_below_them(shop, pattern, expected):
    assert names_from(pattern) == [f"shop/{name}" for name in expected]


def test_folders_that_cannot_match_a_pattern_are_not_listed(shop, monkeypatch):
    listed, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(str(folder)) or scandir(folder))
    names_from("shop/a-*/*.webp")
    assert listed == ["shop", "shop/a-1"]


def test_names_keep_their_order(shop):
    assert names_from("shop/b.jpg", "gone.jpg", "shop/a-1", "shop/b.jpg") == [
        "shop/b.jpg",
        "gone.jpg",
        "shop/a-1/x.webp",
        "shop/b.jpg",
    ]


def test_a_file_given_by_name_may_have_any_suffix(shop):
    assert names_from("shop/notes.txt", "shop/.hidden.jpg", "shop/[odd]/o.jpg") == [
        "shop/notes.txt",
        "shop/.hidden.jpg",
        "shop/[odd]/o.jpg",
    ]


def test_a_loop_of_links_ends_and_yields_every_photo_once(shop):
    (shop / "a" / "up").symlink_to(shop.absolute())
    (shop / "zz").symlink_to((shop / "a").absolute())
    (shop / "self").symlink_to("self")
    (shop / "nowhere.jpg").symlink_to("gone.jpg")
    found = names_from(shop)
    assert len(found) == len({Path(name).resolve() for name in found}) == 8
    assert "shop/nowhere.jpg" in found


def test_a_linked_folder_is_followed(shop, tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "linked").symlink_to((shop / "a-1").absolute())
    assert names_from("album") == ["album/linked/x.webp"]


def test_a_folder_without_photos_is_an_error_among_the_photos_of_others(shop, tmp_path):
    (tmp_path / "empty").mkdir()
    first, *_, last = iter_photos(["empty", "shop", "*.gif"])
    assert isinstance(first, BadPhoto)
    assert str(first).startswith("empty: holds 0 photos; ")
    assert str(last).startswith("*.gif: matches 0 photos; ")


@pytest.mark.parametrize("names", [["empty"], ["no*.jpg"], ["gone/*.jpg", "empty"], []])
def test_nothing_to_read_is_an_error(shop, tmp_path, names):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadPhoto):
        list(iter_photos(names))


def test_an_unreadable_folder_does_not_stop_the_others(shop, monkeypatch):
    scandir = os.scandir

    def fail_for_a(folder):
        if Path(folder).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", fail_for_a)
    found = list(iter_photos(["shop"]))
    (error,) = [source for source in found if isinstance(source, BadPhoto)]
    fault = "is a folder that cannot be read (Permission denied)"
    assert str(error) == f"shop/a: {fault}; check its name and permissions"
    assert len(found) == 5


def test_folders_are_listed_lazily(shop, monkeypatch):
    listed, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(str(folder)) or scandir(folder))
    photos = iter_photos(["shop"])
    assert not listed
    next(photos)
    assert listed == ["shop", "shop/[odd]"]


def test_standard_input_is_one_photo(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"bytes")))
    (photo,) = iter_photos(["-"])
    assert (photo.name, photo.content) == ("-", b"bytes")


@pytest.mark.parametrize("names", [["-"], ["a.jpg", "gone.jpg"]])
def test_photos_are_counted_unless_that_takes_listing_a_folder(shop, names):
    assert count_photos(names) == len(names)
    assert count_photos([*names, "shop"]) == count_photos([*names, "*.jpg"]) == 0


def test_a_pattern_finds_a_folder_already_reached_through_a_link(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "b")
    Image.new("RGB", (20, 20)).save(tmp_path / "b" / "x.png")
    assert list(iter_photos([tmp_path / "**" / "b" / "*.png"])) == [tmp_path / "b" / "x.png"]


def test_a_closed_standard_input_does_not_stop_other_photos(monkeypatch, shop):
    monkeypatch.setattr(sys, "stdin", None)
    first, second = iter_photos(["shop/a.jpg", "-"])
    assert first == Path("shop/a.jpg")
    assert isinstance(second, BadPhoto)


def test_the_contact_sheet_of_a_rendered_set_is_skipped(tmp_path):
    for name in ("set.json", "contact-sheet.png", "dimple/dimple-000000.jpg", "dimple/contact-sheet.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in iter_photos([tmp_path])]
    assert found == ["dimple/contact-sheet.png", "dimple/dimple-000000.jpg"]
