"""Tests of the desk on a folder without kinds: photos are labelled by hand from the first one on."""

import pytest
from PIL import Image

from keykind.core.kinds import NAMES
from tiny_model import KINDS


@pytest.fixture(params=[1, 3])
def loose(tmp_path, request):
    """Photos directly in a folder, without a kind."""
    (tmp_path / "loose").mkdir()
    for i in range(request.param):
        Image.new("RGB", (64, 64), (40 * i, 90, 90)).save(tmp_path / "loose" / f"{i}.jpg")
    return tmp_path / "loose"


def names(desk) -> list[str]:
    return [kind["name"] for kind in desk.state()["kinds"]]


def test_the_kinds_are_those_of_the_model_and_nothing_is_wrong(open_desk, loose):
    state = open_desk(loose).state()
    assert [kind["name"] for kind in state["kinds"]] == list(KINDS)
    assert all(kind["shortcut"] for kind in state["kinds"])
    assert state["problems"] == []


def test_without_a_model_or_run_the_kinds_are_those_of_the_bundled_model(open_desk, loose):
    assert names(open_desk(loose, model=None)) == list(NAMES)


def test_the_kinds_stay_when_the_first_decision_names_another_one(open_desk, loose):
    desk = open_desk(loose)
    reply = desk.decide({"photo": 0, "kind": "  new   name "})
    assert (reply.status_code, reply.json()["photos"][0]["kind"]) == (200, "new name")
    assert names(desk) == [*KINDS, "new name"]
    assert names(open_desk(loose)) == names(desk)


def test_the_name_of_a_new_kind_is_limited_but_not_that_of_a_folder(open_desk, photos, loose):
    reply = open_desk(loose).decide({"photo": 0, "kind": "x" * 101})
    assert (reply.status_code, "101 characters" in reply.json()["detail"]) == (422, True)
    (photos / "dimple").rename(photos / ("d" * 120))
    assert open_desk(photos).decide({"photo": 0, "kind": "d" * 120}).status_code == 200
