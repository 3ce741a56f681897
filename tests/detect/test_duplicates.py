"""Tests of detect/duplicates.py."""

import numpy as np

from keykind.detect.detection import Detection
from keykind.detect.duplicates import are_among, by_score, suppress_duplicates


def key(x, score=0.5, *, y=0.0, length=100.0, remote=False):
    return Detection(score, np.array([x, y]), np.array([x + length, y]), 20.0, remote=remote)


def is_among(detection, others):
    (among,) = are_among([detection], others)
    return among


def test_the_first_of_the_detections_of_a_key_is_kept():
    first, again, other = key(0, 0.6), key(20, 0.9), key(300, 0.7)
    assert suppress_duplicates([first, again, other]) == (other, first)
    assert suppress_duplicates(by_score([first, again, other])) == (again, other)


def test_a_key_seen_the_other_way_round_is_the_same():
    turned = Detection(0.5, np.array([100.0, 0.0]), np.array([0.0, 0.0]), 20.0)
    assert is_among(turned, [key(0)])
    assert not is_among(turned, [key(80)])


def test_ends_may_be_further_off_where_the_middles_agree():
    longer = key(-45, length=190)
    assert is_among(longer, [key(0)])
    assert not is_among(key(45), [key(0)])


def test_a_key_is_kept_rather_than_a_remote_with_a_higher_score():
    remote, blade = key(0, 0.9, remote=True), key(5, 0.6)
    assert suppress_duplicates([remote, blade]) == (blade,)


def test_without_detections_there_are_no_duplicates():
    assert suppress_duplicates([]) == ()
    assert are_among([], [key(0)]).tolist() == []
    assert are_among([key(0), key(300)], []).tolist() == [False, False]
