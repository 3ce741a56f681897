"""Tests of review/queue_lists.py: the order of a queue stays while somebody works through it."""

import pytest

from keykind.dataset.label_rows import LabelRow
from keykind.review.catalogue import Catalogue
from keykind.review.queue_lists import QueueList
from keykind.review.queues.by_name import ALL
from keykind.review.queues.kinds import LABEL_ERRORS
from keykind.review.queues.queue import Built, Item


def built(*photos: int) -> Built:
    return Built([Item((photo,), "A reason.") for photo in photos])


def order(items: QueueList) -> list[int]:
    return [item.photos[0] for item in items.items]


@pytest.fixture
def catalogue(photos):
    return Catalogue(photos)


def decide(catalogue: Catalogue, photo: int) -> None:
    path = catalogue.entries[photo].row
    catalogue.labels.change([LabelRow(path, kind="dimple")], {path: ""})


def test_new_items_follow_those_that_are_there(catalogue):
    items = QueueList(LABEL_ERRORS)
    items.replace(built(3, 1), catalogue, keep_order=True)
    items.replace(built(0, 1, 2, 3), catalogue, keep_order=True)
    assert order(items) == [3, 1, 0, 2]


def test_what_was_decided_in_this_session_keeps_its_place(catalogue):
    items = QueueList(LABEL_ERRORS)
    items.replace(built(3, 1, 2), catalogue, keep_order=True)
    decide(catalogue, 1)
    items.decide("1", {"kind"}, catalogue)
    items.replace(built(2, 3), catalogue, keep_order=True)
    assert (order(items), list(items.decided(catalogue))) == ([3, 1, 2], [False, True, False])


def test_a_fresh_order_leaves_out_what_is_decided(catalogue):
    items = QueueList(LABEL_ERRORS)
    decide(catalogue, 1)
    items.replace(built(3, 1, 2), catalogue, keep_order=False)
    assert order(items) == [3, 2]


def test_the_queue_of_all_photos_keeps_what_is_decided(catalogue):
    items = QueueList(ALL)
    decide(catalogue, 1)
    items.replace(built(*range(6)), catalogue, keep_order=False)
    assert (order(items), sum(items.decided(catalogue))) == ([0, 1, 2, 3, 4, 5], 1)


def test_undo_gives_the_place_of_an_item(catalogue):
    items = QueueList(ALL)
    items.replace(built(4, 2), catalogue, keep_order=True)
    items.decide("2", {"kind"}, catalogue)
    assert (items.undo("2", catalogue), items.undo("7", catalogue), items.touched) == (1, None, False)


def test_a_decision_whose_row_is_deleted_is_open_again_and_others_are_not(catalogue, photos):
    items = QueueList(LABEL_ERRORS)
    items.replace(built(0, 1, 2), catalogue, keep_order=True)
    for photo in (1, 2):
        decide(catalogue, photo)
        items.decide(str(photo), {"kind"}, catalogue)
    lines = (photos / "labels.csv").read_text().splitlines(keepends=True)
    (photos / "labels.csv").write_text(
        "".join(line for line in lines if catalogue.entries[1].row not in line)
    )
    catalogue.refresh()
    assert list(items.decided(catalogue)) == [False, False, True]


def test_a_decision_elsewhere_and_an_edit_by_hand_are_seen_in_every_queue(catalogue, photos):
    items = QueueList(LABEL_ERRORS)
    items.replace(built(0, 1, 2), catalogue, keep_order=True)
    assert list(items.decided(catalogue)) == [False] * 3
    decide(catalogue, 1)
    items.update([1], catalogue)
    assert list(items.decided(catalogue)) == [False, True, False]
    with (photos / "labels.csv").open("a") as file:
        file.write(f"{catalogue.entries[2].row},dimple,,,,,,\n")
    catalogue.refresh()
    assert list(items.decided(catalogue)) == [False, True, True]
