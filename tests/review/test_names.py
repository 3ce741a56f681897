"""Tests of review/names.py, and of the route that the page asks."""

import unicodedata

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")


def search(desk, text):
    reply = desk.get("/api/search", params={"text": text})
    assert reply.status_code == 200, reply.text
    return reply.json()


def names(desk, found):
    return [desk.photo(each["photo"])["name"] for each in found["photos"]]


def test_photos_are_found_by_parts_of_their_path_in_any_order(desk):
    found = search(desk, " 2  CYL ")
    assert (names(desk, found), found["total"]) == (["cylinder/cylinder-2.jpg"], 1)
    assert search(desk, "cylinder")["total"] == 3
    assert search(desk, "nothing like it")["photos"] == []


def test_an_empty_text_finds_no_photo_but_every_key(desk):
    for photo, key in enumerate(("key 10", "Key 2", "a key")):
        desk.decide({"photo": photo, "key": key})
    found = search(desk, "")
    assert (found["photos"], found["total"]) == ([], 0)
    assert found["keys"] == ["a key", "Key 2", "key 10"]
    assert search(desk, "KEY")["keys"] == ["Key 2", "key 10", "a key"]


def test_photos_are_found_by_their_key(desk):
    desk.decide({"photo": 4, "key": "garage"})
    found = search(desk, "garage")
    assert [(each["photo"], each["index"]) for each in found["photos"]] == [(4, 4)]


def test_a_file_name_that_begins_with_the_text_comes_first(open_desk, photos):
    (photos / "dimple" / "0-first.jpg").write_bytes((photos / "dimple" / "dimple-1.jpg").read_bytes())
    desk = open_desk()
    assert names(desk, search(desk, "0"))[0] == "dimple/0-first.jpg"


def test_of_many_photos_the_first_are_listed_and_all_are_counted(open_desk, photos):
    data = (photos / "dimple" / "dimple-1.jpg").read_bytes()
    for i in range(30):
        (photos / "dimple" / f"many-{i:02}.jpg").write_bytes(data)
    found = search(open_desk(), "many")
    assert (len(found["photos"]), found["total"]) == (20, 30)


def test_a_text_that_is_too_long_is_refused(desk):
    assert desk.get("/api/search", params={"text": "a" * 10_000}).status_code == 422


def test_it_does_not_matter_how_accents_are_composed(open_desk, photos):
    composed, decomposed = (unicodedata.normalize(form, "Schlüssel") for form in ("NFC", "NFD"))
    (photos / "dimple" / "dimple-0.jpg").rename(photos / "dimple" / f"{decomposed}.jpg")
    desk = open_desk()
    assert [search(desk, text)["total"] for text in (composed, decomposed, "SCHLÜSSEL")] == [1, 1, 1]
