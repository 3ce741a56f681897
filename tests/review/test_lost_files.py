"""Tests of the desk when labels.csv or photos vanish while it is open."""

import shutil


def open_items(desk) -> dict[str, int]:
    return {queue["id"]: queue["open"] for queue in desk.state()["queues"]}


def test_what_was_decided_is_open_again_when_labels_csv_is_deleted(open_desk, photos):
    shutil.copy(photos / "dimple" / "dimple-0.jpg", photos / "dimple" / "same.jpg")
    desk = open_desk()
    desk.wait_for_queues()
    before = open_items(desk)
    (pair,) = desk.items("duplicates")
    desk.decide({"photo": pair["photos"][1], "excluded": "duplicate"}, queue="duplicates", item=pair["id"])
    desk.decide({"photo": 0, "kind": "cylinder"})
    desk.wait_until(lambda: open_items(desk)["duplicates"] == 0)
    assert (before["duplicates"], open_items(desk)["all"]) == (1, before["all"] - 2)
    text = (photos / "labels.csv").read_text()
    (photos / "labels.csv").unlink()
    desk.wait_until(lambda: open_items(desk) == before)
    (problem,) = desk.state()["problems"]
    assert "2 rows with decisions are lost, and their photos can be decided again" in problem
    assert desk.post("/api/undo").status_code == 409
    (photos / "labels.csv").write_text(text)
    assert desk.state()["problems"] == []
    desk.wait_until(lambda: open_items(desk)["all"] == before["all"] - 2)


def test_what_an_earlier_session_decided_is_listed_again(open_desk, photos):
    shutil.copy(photos / "dimple" / "dimple-0.jpg", photos / "dimple" / "same.jpg")
    (photos / "labels.csv").write_text("path,kind,excluded\ndimple/same.jpg,,duplicate\n")
    desk = open_desk()
    desk.wait_for_queues()
    assert desk.items("duplicates") == []
    (photos / "labels.csv").write_text("path,kind,excluded\n")
    desk.wait_until(lambda: len(desk.items("duplicates")) == 1)


def test_a_photo_that_vanishes_is_in_the_queue_of_damaged_ones_until_it_is_back(open_desk, photos, tmp_path):
    desk = open_desk()
    desk.wait_for_queues()
    before = desk.items("quality")
    (photos / "cylinder" / "cylinder-0.jpg").rename(tmp_path / "away.jpg")
    assert desk.get("/api/photos/0/image").status_code == 404
    desk.wait_until(lambda: any("no longer exists" in item["reason"] for item in desk.items("quality")))
    photo = desk.photo(0)
    assert (photo["detections"], "does not exist" in photo["problem"]) == (None, True)
    (tmp_path / "away.jpg").rename(photos / "cylinder" / "cylinder-0.jpg")
    assert desk.photo(0)["problem"] is None
    desk.wait_until(lambda: desk.items("quality") == before)


def test_a_photo_whose_header_alone_can_be_read_has_its_problem_in_every_queue(open_desk, photos):
    path = photos / "dimple" / "dimple-0.jpg"
    path.write_bytes(path.read_bytes()[:700])
    desk = open_desk()
    desk.wait_for_queues()
    photo = desk.photo(desk.id_of("dimple/dimple-0.jpg"))
    (item,) = (each for each in desk.items("quality") if each["photos"] == [photo["id"]])
    assert photo["problem"].startswith("The file ")
    assert photo["problem"] in item["reason"]  # the page then shows it once
    shutil.copy(photos / "dimple" / "dimple-1.jpg", path)
    repaired = desk.photo(photo["id"])
    assert (repaired["problem"], repaired["width"]) == (None, 240)
    assert not photo["width"]
