"""Tests of review/app.py: every route and every error, as the page sees them."""

import os
from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image

from keykind.core.lock import lock_folder
from keykind.dataset.label_rows import read_labels

KEY = {"head": [10, 20], "tip": [30.25, 40]}


def test_the_state_says_what_is_reviewed(desk):
    state = desk.state()
    assert (state["photos"], state["decided"], state["undo"]) == (6, 0, 0)
    assert [(kind["name"], kind["shortcut"], kind["photos"]) for kind in state["kinds"]] == [
        ("cylinder", "1", 3),
        ("dimple", "2", 3),
    ]
    expected = "label-errors not-sure duplicates same-key keys quality ood unlabelled all"
    assert [queue["id"] for queue in state["queues"]] == expected.split()
    assert (state["reviewer"], state["run"], state["problems"]) == ("ann", None, [])


def test_a_photo_has_its_size_and_what_is_known(desk):
    photo = desk.photo(0)
    assert (photo["name"], photo["kind"], photo["folder_kind"]) == (
        "cylinder/cylinder-0.jpg",
        *["cylinder"] * 2,
    )
    assert (photo["width"], photo["height"], photo["version"]) == (240, 240, "")
    assert (photo["row"], photo["ends"], photo["excluded"], photo["problem"]) == (None, None, None, None)
    assert desk.get("/api/photos?ids=0,2").json()[1]["name"] == "cylinder/cylinder-2.jpg"


def test_a_decision_is_in_the_file_at_once_and_in_the_reply(desk, photos):
    change = {"photo": "0", "version": "", "kind": "dimple", "ends": [KEY], "excluded": ""}
    reply = desk.post("/api/decisions", json={"queue": "all", "item": "0", "changes": [change]})
    (photo,) = reply.json()["photos"]
    assert (photo["kind"], photo["folder_kind"], photo["row"]["who"]) == ("dimple", "cylinder", "ann")
    assert photo["ends"] == [{"head": [10, 20], "tip": [30.2, 40], "kind": None}]
    row = read_labels(photos / "labels.csv").rows["cylinder/cylinder-0.jpg"]
    assert (row.kind, row.who, row.version) == ("dimple", "ann", photo["version"])
    assert [kind["photos"] for kind in desk.state()["kinds"]] == [2, 4]


def test_cells_that_are_not_given_stay_and_null_clears_one(desk):
    desk.decide({"photo": 0, "kind": "dimple", "key": "A"})
    desk.decide({"photo": 0, "kind": None, "split": "test"})
    photo = desk.photo(0)
    assert (photo["kind"], photo["key"], photo["split"]) == ("cylinder", "A", "test")


def test_a_photo_without_a_key_differs_from_one_that_is_not_marked(desk):
    assert desk.decide({"photo": 0, "ends": []}).json()["photos"][0]["ends"] == []
    assert desk.decide({"photo": 0, "ends": None}).json()["photos"][0]["ends"] is None


def test_all_changes_of_a_decision_are_written_or_none(desk, photos):
    desk.decide({"photo": 1, "kind": "dimple"})
    before = (photos / "labels.csv").read_text()
    reply = desk.decide({"photo": 0, "kind": "dimple"}, {"photo": 1, "version": "", "kind": "cylinder"})
    assert reply.status_code == 409
    assert [(photo["id"], photo["kind"]) for photo in reply.json()["photos"]] == [
        (0, "cylinder"),
        (1, "dimple"),
    ]
    assert (photos / "labels.csv").read_text() == before


def test_two_keys_that_are_one_get_one_name_in_all_their_photos(desk):
    for photo, key in enumerate(("a", "a", "b", "b", "c")):
        desk.decide({"photo": photo, "key": key})
    desk.decide({"photo": 0, "key": "a"}, {"photo": 2, "key": "a"}, queue="same-key")
    assert [desk.photo(photo)["key"] for photo in range(5)] == ["a", "a", "a", "a", "c"]
    desk.post("/api/undo")
    assert [desk.photo(photo)["key"] for photo in range(5)] == ["a", "a", "b", "b", "c"]


def test_one_photo_that_gets_another_key_leaves_the_others(desk):
    for photo in (0, 1):
        desk.decide({"photo": photo, "key": "a"})
    desk.decide({"photo": 0, "key": "b"})
    assert desk.photo(1)["key"] == "a"


def test_a_file_that_another_program_holds_is_503_and_nothing_is_written(desk, photos, monkeypatch):
    monkeypatch.setattr("keykind.dataset.label_file.LOCK_TIMEOUT", 0.05)
    with lock_folder(photos):
        reply = desk.decide({"photo": 0, "kind": "dimple"})
    assert (reply.status_code, "another program" in reply.json()["detail"]) == (503, True)
    assert (desk.state()["undo"], desk.state()["decided"]) == (0, 0)


def test_undo_goes_back_to_the_empty_file(desk, photos):
    for photo, kind in ((0, "dimple"), (1, "dimple"), (0, "cylinder")):
        desk.decide({"photo": photo, "kind": kind}, item=str(photo))
    undone = [desk.post("/api/undo").json() for _ in range(3)]
    assert [(reply["queue"], reply["item"], reply["index"], reply["undo"]) for reply in undone] == [
        ("all", "0", 0, 2),
        ("all", "1", 1, 1),
        ("all", "0", 0, 0),
    ]
    assert (photos / "labels.csv").read_text().count("\n") == 1
    assert desk.post("/api/undo").status_code == 409


def test_a_decision_that_somebody_else_replaced_is_not_undone(desk, photos):
    desk.decide({"photo": 1, "kind": "dimple"})
    desk.decide({"photo": 0, "kind": "dimple"})
    text = (photos / "labels.csv").read_text().replace("cylinder-0.jpg,dimple", "cylinder-0.jpg,mortice")
    (photos / "labels.csv").write_text(text)
    reply = desk.post("/api/undo")
    assert (reply.status_code, desk.photo(0)["kind"], desk.state()["undo"]) == (409, "mortice", 1)
    assert reply.json()["detail"].startswith("Not undone: cylinder/cylinder-0.jpg was edited since")
    assert desk.post("/api/undo").json()["photos"][0]["id"] == 1


def test_an_edit_by_hand_is_noticed_and_kept(desk, photos):
    desk.decide({"photo": 0, "kind": "dimple"})
    with (photos / "labels.csv").open("a") as file:
        file.write("dimple/dimple-0.jpg,cylinder,,,,,,\n")
    assert desk.photo(desk.id_of("dimple/dimple-0.jpg"))["kind"] == "cylinder"
    desk.decide({"photo": 1, "kind": "dimple"})
    assert len(read_labels(photos / "labels.csv").rows) == 3


def test_a_file_that_became_unreadable_is_reported_and_not_overwritten(desk, photos):
    broken = "path,kind\n<<<<<<< HEAD\na.jpg,dimple\n"
    (photos / "labels.csv").write_text(broken)
    (problem,) = desk.state()["problems"]
    assert "conflict" in problem
    reply = desk.decide({"photo": 0, "kind": "dimple"})
    assert (reply.status_code, "conflict" in reply.json()["detail"]) == (422, True)
    assert (photos / "labels.csv").read_text() == broken
    (photos / "labels.csv").unlink()
    assert desk.state()["problems"] == []


def test_rows_about_photos_that_are_not_here_are_named_and_kept(desk, photos):
    (photos / "labels.csv").write_text("path,kind\ngone.jpg,dimple\n")
    assert "gone.jpg" in desk.state()["problems"][0]
    desk.decide({"photo": 0, "kind": "dimple"})
    assert "gone.jpg" in read_labels(photos / "labels.csv").rows


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"photo": 0, "colour": "red"}, "colour"),
        ({"photo": 0, "split": "validation"}, "split"),
        ({"photo": 0, "kind": "x" * 300}, "kind"),
        ({"photo": 0, "kind": "a\nb"}, "kind"),
        ({"photo": 0, "ends": [{"head": [1, 1], "tip": [1.01, 1]}]}, "same point"),
        ({"photo": 0, "ends": [{"head": [1, 1], "tip": [1e9, 1]}]}, "tip"),
        ({"photo": "x"}, "photo"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_with_its_name(desk, photos, change, word):
    body = {"queue": "all", "item": "0", "changes": [{"version": ""} | change]}
    reply = desk.post("/api/decisions", json=body)
    assert (reply.status_code, word in reply.json()["detail"]) == (422, True), reply.text
    assert not (photos / "labels.csv").exists()


@pytest.mark.parametrize(
    "path", ["/api/photos/6", "/api/photos?ids=0,99", "/api/queues/none", "/api/photos/-1/image", "/none.js"]
)
def test_what_does_not_exist_is_404(desk, path):
    assert desk.get(path).status_code == 404


def test_a_photo_that_does_not_exist_is_named_with_the_numbers_of_those_that_do(desk):
    detail = desk.get("/api/photos/99").json()["detail"]
    assert detail == "photo 99: does not exist; the photos are numbered 0 to 5"


def test_a_decision_about_an_unknown_photo_or_queue_writes_nothing(desk, photos):
    for body in ({"queue": "all", "changes": [{"photo": 99}]}, {"queue": "none", "changes": [{"photo": 0}]}):
        reply = desk.post("/api/decisions", json={"item": "0"} | body)
        assert reply.status_code == 404
    assert not (photos / "labels.csv").exists()


@pytest.mark.parametrize("query", ["ids=a", "ids=1.5", f"ids={','.join(['1'] * 501)}", "ids=-1"])
def test_a_list_of_ids_is_checked(desk, query):
    assert desk.get(f"/api/photos?{query}").status_code == 422


def test_an_image_is_upright_small_and_without_metadata(open_desk, photos):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (800, 400), "red").save(photos / "dimple" / "turned.jpg", exif=exif)
    desk = open_desk()
    photo = desk.id_of("dimple/turned.jpg")
    response = desk.get(f"/api/photos/{photo}/image?side=256&v=1")
    image = Image.open(BytesIO(response.content))
    assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (128, 256), {})
    assert response.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert (desk.photo(photo)["width"], desk.photo(photo)["height"]) == (400, 800)
    assert desk.get(f"/api/photos/{photo}/image?side=300").status_code == 422
    assert desk.get(f"/api/photos/{photo}/image").headers["cache-control"] == "no-cache"


def test_a_photo_that_vanished_or_cannot_be_read_is_said_to_be(desk, photos):
    (photos / "cylinder" / "cylinder-0.jpg").unlink()
    (photos / "cylinder" / "cylinder-1.jpg").write_bytes(b"\xff\xd8\xff no photo")
    for photo, status in ((0, 404), (1, 422)):
        response = desk.get(f"/api/photos/{photo}/image")
        assert (response.status_code, desk.photo(photo)["width"]) == (status, None)
        assert response.json()["detail"]
        assert desk.photo(photo)["problem"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_became_read_only_is_507(desk, photos):
    photos.chmod(0o555)
    try:
        assert desk.decide({"photo": 0, "kind": "dimple"}).status_code == 507
    finally:
        photos.chmod(0o755)


def test_a_full_disk_is_507_and_the_decision_is_not_lost(open_desk, small_disk):
    from desks import draw_kinds

    desk = open_desk(draw_kinds(small_disk / "photos"))
    filler = small_disk / "filler"
    with suppress(OSError):  # the disk is full then
        filler.write_bytes(b" " * 10_000_000)
    reply = desk.decide({"photo": 0, "kind": "dimple"})
    assert (reply.status_code, desk.photo(0)["kind"]) == (507, "cylinder")
    filler.unlink()
    assert desk.decide({"photo": 0, "kind": "dimple"}).status_code == 200


def test_pages_of_a_queue_follow_each_other(desk):
    desk.wait_until(lambda: len(desk.items("all")) == 6)
    parts = [desk.get(f"/api/queues/all?offset={i}&limit=2").json()["items"] for i in (0, 2, 4, 6)]
    assert [item["photos"] for part in parts for item in part] == [[i] for i in range(6)]
    assert desk.get("/api/queues/all?limit=0").status_code == 422


def test_the_page_is_served_and_revalidated(desk):
    page = desk.get("/")
    assert ("Review" in page.text, page.headers["cache-control"]) == (True, "no-cache")
    assert desk.get("/", headers={"if-none-match": page.headers["etag"]}).status_code == 304


def test_an_item_can_be_passed_without_a_change(desk, photos):
    desk.wait_until(lambda: len(desk.items("all")) == 6)
    reply = desk.post("/api/decisions", json={"queue": "all", "item": "3", "changes": []})
    assert (reply.status_code, reply.json()["undo"]) == (200, 1)
    assert [item["decided"] for item in desk.items("all")] == [False, False, False, True, False, False]
    assert not (photos / "labels.csv").exists()
    desk.post("/api/undo")
    assert not any(item["decided"] for item in desk.items("all"))


def test_photos_that_were_added_follow_those_that_are_known(desk, photos):
    desk.wait_for_queues()
    desk.decide({"photo": 1, "kind": "dimple"})
    assert desk.post("/api/photos", json={}).json() == {"added": 0, "photos": 6}
    for name in ("cylinder/a-first.jpg", "mortice/new.jpg"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes((photos / "dimple" / "dimple-0.jpg").read_bytes())
    assert desk.post("/api/photos", json={}).json() == {"added": 2, "photos": 8}
    assert [desk.photo(photo)["name"] for photo in (1, 6, 7)] == [
        "cylinder/cylinder-1.jpg",
        "cylinder/a-first.jpg",
        "mortice/new.jpg",
    ]
    queues = desk.wait_for_queues()
    assert (queues["all"]["size"], queues["duplicates"]["size"]) == (8, 2)
    assert [kind["name"] for kind in desk.state()["kinds"]] == ["cylinder", "dimple", "mortice"]
    assert desk.get("/api/photos/7/image").status_code == 200
    desk.decide({"photo": 7, "kind": "dimple"}, item="7")
    rows = read_labels(photos / "labels.csv").rows
    assert {path: row.kind for path, row in rows.items()} == {
        "cylinder/cylinder-1.jpg": "dimple",
        "mortice/new.jpg": "dimple",
    }
    desk.post("/api/undo")
    desk.post("/api/undo")
    assert desk.state()["decided"] == 0


def test_the_order_of_a_queue_stays_when_photos_are_added(desk, photos):
    desk.wait_for_queues()
    before = [item["id"] for item in desk.items("label-errors")]
    desk.decide({"photo": 0, "kind": "dimple"}, queue="label-errors", item=before[0])
    (photos / "dimple" / "new.jpg").write_bytes((photos / "dimple" / "dimple-0.jpg").read_bytes())
    desk.post("/api/photos", json={})
    desk.wait_for_queues()
    assert [item["id"] for item in desk.items("label-errors")][: len(before)] == before


def test_a_folder_that_cannot_be_listed_any_more_is_an_error_and_the_desk_goes_on(desk, photos):
    photos.rename(photos.with_name("moved"))
    reply = desk.post("/api/photos", json={})
    assert (reply.status_code, str(photos) in reply.json()["detail"]) == (422, True)
    photos.with_name("moved").rename(photos)
    assert desk.post("/api/photos", json={}).json()["photos"] == 6


@pytest.mark.parametrize("kind", ["train", "Unlabelled", "n/a", "..", "a/b", "a\\b", "k" * 101])
def test_a_kind_that_would_mean_something_else_is_refused(desk, photos, kind):
    reply = desk.decide({"photo": 0, "kind": kind})
    assert (reply.status_code, "choose a" in reply.json()["detail"]) == (422, True)
    assert not (photos / "labels.csv").exists()


def test_a_folder_that_is_gone_is_not_created_again(desk, photos):
    photos.rename(photos.with_name("moved"))
    reply = desk.decide({"photo": 0, "kind": "dimple"})
    assert (reply.status_code, str(photos) in reply.json()["detail"]) == (507, True)
    assert not photos.exists()
    photos.with_name("moved").rename(photos)
    assert desk.decide({"photo": 0, "kind": "dimple"}).status_code == 200


def test_a_name_of_a_key_does_not_answer_what_the_photo_shows(desk):
    desk.wait_for_queues()
    (first, *_) = desk.items("label-errors")
    (photo,) = first["photos"]
    before = {queue: desk.queues()[queue]["open"] for queue in ("label-errors", "all")}
    for change in ({"key": "bike"}, {"ends": [KEY]}):
        desk.decide({"photo": photo} | change, queue="label-errors", item=first["id"])
    assert {queue: desk.queues()[queue]["open"] for queue in before} == before
    desk.decide({"photo": photo, "kind": "dimple"}, queue="label-errors", item=first["id"])
    assert desk.queues()["label-errors"]["open"] == before["label-errors"] - 1


def test_training_needs_photos_of_two_kinds(open_desk, photos):
    flat = photos.with_name("flat")
    flat.mkdir()
    for path in photos.glob("*/*.jpg"):
        path.rename(flat / path.name)
    desk = open_desk(flat)
    reply = desk.post("/api/training")
    assert (reply.status_code, "0 labelled photos of 0 kinds" in reply.json()["detail"]) == (422, True)
