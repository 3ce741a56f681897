"""Tests of tracking.py."""

import pytest

from keykind.model.decision import BLADE_HIDDEN, UNKNOWN_KIND
from keykind.predict.prediction import Key
from keykind.video.tracking import MAX_GAP, Tracker

THRESHOLD = 0.5


def key(x, y=0.0, *, length=100.0, cylinder=0.9, reason=None):
    head, tip = (x, y), (x + length, y)
    box = (x, y - 10), (x + length, y - 10), (x + length, y + 10), (x, y + 10)
    probabilities = {"cylinder": cylinder, "dimple": 1 - cylinder}
    kind = None if reason else max(probabilities, key=probabilities.get)
    return Key(kind, max(probabilities.values()), probabilities, box, head, tip, reason)


def whole(**probabilities):
    corner = (0.0, 0.0)
    return Key(None, max(probabilities.values()), probabilities, (corner,) * 4, None, None)


def test_a_key_that_moves_is_one_track():
    tracker = Tracker()
    for i in range(10):
        tracker.update([key(40 * i)], i / 6)
    assert len(tracker.confirmed(10)) == 1


def test_two_keys_that_pass_each_other_stay_two():
    tracker = Tracker()
    for i in range(10):
        tracker.update([key(20 * i, y=0), key(200 - 20 * i, y=60)], i / 6)
    tracks = tracker.confirmed(10)
    assert [[round(seen.head[1]) for _, seen in track.seen] for track in tracks] == [[0] * 10, [60] * 10]


def test_a_key_whose_ends_are_swapped_is_the_same():
    tracker = Tracker()
    tracker.update([key(0)], 0.0)
    straight = key(0)
    swapped = Key("cylinder", 0.9, straight.probabilities, straight.box, straight.tip, straight.head)
    assert tracker.update([swapped], 0.1) == tracker.tracks
    assert len(tracker.tracks) == 1


def test_a_key_far_from_the_last_is_another_unless_the_picture_has_moved():
    still, moved = Tracker(), Tracker()
    for tracker, shift in ((still, (0.0, 0.0)), (moved, (300.0, 0.0))):
        tracker.update([key(0)], 0.0)
        tracker.update([key(300)], 0.2, shift)
    assert (len(still.tracks), len(moved.tracks)) == (2, 1)


@pytest.mark.parametrize(("gap", "tracks"), [(MAX_GAP - 0.1, 1), (MAX_GAP + 0.1, 2)])
def test_a_key_may_be_out_of_sight_for_a_while(gap, tracks):
    tracker = Tracker()
    tracker.update([key(0)], 0.0)
    tracker.update([], gap / 2)
    tracker.update([key(0)], gap)
    assert len(tracker.tracks) == tracks


def test_what_one_frame_alone_shows_does_not_count():
    tracker = Tracker()
    tracker.update([key(0)], 0.0)
    tracker.update([key(0), key(900)], 0.1)
    assert [track.number for track in tracker.confirmed(2)] == [1]
    assert len(Tracker().confirmed(0)) == 0


def test_the_only_frame_of_a_video_counts():
    tracker = Tracker()
    tracker.update([key(0)], 0.0)
    assert len(tracker.confirmed(1)) == 1


def test_one_wrong_frame_does_not_change_the_answer():
    tracker = Tracker()
    for i, cylinder in enumerate((0.9, 0.3, 0.9, 0.9)):
        tracker.update([key(0, cylinder=cylinder)], i / 6)
    answer = tracker.tracks[0].summary(THRESHOLD)
    assert answer.kind == "cylinder"
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.seconds == (0.0, 0.5)


def test_the_answer_is_at_the_place_of_the_best_frame():
    tracker = Tracker()
    for i, cylinder in enumerate((0.6, 0.95, 0.6)):
        tracker.update([key(10 * i, cylinder=cylinder)], i / 6)
    assert tracker.tracks[0].summary(THRESHOLD).head == (10.0, 0.0)
    assert tracker.tracks[0].answer(THRESHOLD).head == (20.0, 0.0)


def test_a_key_below_the_threshold_has_no_kind_but_a_reason():
    tracker = Tracker()
    for i in range(3):
        tracker.update([key(0, cylinder=0.55, reason=UNKNOWN_KIND)], i / 6)
    answer = tracker.tracks[0].summary(0.6)
    assert (answer.kind, answer.reason) == (None, UNKNOWN_KIND)


def test_a_remote_gets_no_kind_however_probable_one_is():
    tracker = Tracker()
    for i in range(3):
        tracker.update([key(0, cylinder=0.99, reason=BLADE_HIDDEN)], i / 6)
    assert tracker.tracks[0].summary(THRESHOLD).reason == BLADE_HIDDEN


def test_between_two_frames_the_place_is_interpolated():
    tracker = Tracker()
    tracker.update([key(0)], 0.0)
    tracker.update([key(40)], 0.5)
    track = tracker.tracks[0]
    assert track.at(0.25).head == (20.0, 0.0)
    assert track.at(0.25).box[1] == (120.0, -10.0)
    assert track.at(0.5).head == (40.0, 0.0)
    assert track.at(0.6) is None


def test_a_key_out_of_sight_is_not_shown():
    tracker = Tracker()
    tracker.update([key(0)], 0.0)
    tracker.update([key(0)], 2.0)
    assert tracker.tracks[0].at(1.0) is None


def test_whole_photos_are_one_track_while_their_kind_stays():
    tracker = Tracker()
    for i, three in enumerate((0.9, 0.8, 0.1, 0.1, 0.2)):
        tracker.update([whole(three=three, five=1 - three)], i / 6)
    answers = [track.summary(THRESHOLD) for track in tracker.confirmed(5)]
    assert [(answer.kind, answer.seconds[0]) for answer in answers] == [("three", 0.0), ("five", 2 / 6)]
