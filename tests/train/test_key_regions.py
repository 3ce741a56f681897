"""Tests of train/key_regions.py."""

from dataclasses import replace

import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from fake_detector import FakeDetector
from keykind.core.cache import Cache
from keykind.core.errors import BadRun
from keykind.dataset.dataset import read_dataset
from keykind.dataset.key_ends import KeyEnds
from keykind.detect.align import MARGIN
from keykind.detect.crops import marked_region
from keykind.train.key_regions import (
    Subject,
    examine,
    marks_sentence,
    subject_from_json,
    with_key_crops,
)
from small_runs import Everywhere


class Counting(Everywhere):
    """Counts the photos that it saw."""

    digest = "counting"

    def detect(self, photo, score_threshold=0.0):
        self.shapes.append(photo.pixels.shape)
        return super().detect(photo)


@pytest.mark.parametrize(
    ("counts", "is_key"),
    [
        ({"a": (10, 10), "b": (5, 10)}, True),
        ({"a": (10, 10), "b": (4, 10)}, False),  # one of two is not most
        ({"a": (10, 10), "b": (6, 10), "c": (0, 10)}, True),
        ({"a": (2, 10), "b": (3, 10), "c": (10, 10)}, False),
        ({"a": (1, 1), "b": (1, 1)}, True),
    ],
)
def test_photos_show_keys_if_at_least_half_of_most_kinds_do(counts, is_key):
    subject = Subject(counts)
    assert subject.is_key == is_key
    assert subject.crop == ("key" if is_key else "whole")
    assert subject_from_json(subject.as_json()) == subject


def test_the_decision_is_told_with_its_numbers():
    subject = Subject({"one": (3, 60), "two": (0, 60)})
    assert subject.sentence("whole") == "Keys were detected in 3 of 120 photos; photos are classified whole."
    mixed = Subject({"one": (40, 60), "two": (3, 60)}).sentence("whole")
    assert "in 43 of 120 photos, in at least half of those of 1 of 2 kinds" in mixed
    assert "1 of 1 photo;" in Subject({"one": (1, 1)}).sentence("key")


def test_a_damaged_record_is_an_error():
    with pytest.raises(BadRun, match="cannot be read"):
        subject_from_json({"a": 3})


def test_few_photos_of_each_kind_are_examined(many_drawn, monkeypatch):
    monkeypatch.setattr("keykind.train.key_regions.EXAMINED_PER_KIND", 2)
    monkeypatch.setattr("keykind.train.key_regions.LEAST_PER_KIND", 1)
    dataset = read_dataset(many_drawn)
    subject = examine(dataset, Everywhere())
    assert subject.counts == dict.fromkeys(dataset.kinds, (2, 2))
    assert examine(dataset, FakeDetector()).keys == 0


def test_detections_are_made_once(many_drawn, tmp_path):
    dataset = read_dataset(many_drawn)
    detector = Counting()
    with Cache(tmp_path) as cache:
        examine(dataset, detector, cache=cache)
        examined = len(detector.shapes)
        first = with_key_crops(dataset.samples, detector, cache=cache)
        again = with_key_crops(dataset.samples, detector, cache=cache)
    assert 0 < examined == len(dataset.subset("train"))
    assert len(detector.shapes) == len(dataset.samples)
    assert first == again == with_key_crops(dataset.samples, detector)


def test_a_photo_without_a_key_is_remembered_too(many_drawn, tmp_path):
    samples = read_dataset(many_drawn).samples[:3]
    nothing = replace(samples[0], region=None)
    with Cache(tmp_path) as cache:
        detector = FakeDetector()
        for _ in range(2):
            assert with_key_crops(samples, detector, cache=cache)[0] == nothing
    assert len(detector.shapes) == len(samples)


class Refusing(FakeDetector):
    """A detector that must not be asked."""

    def detect(self, photo, score_threshold=0.0):
        raise AssertionError


LONG, SHORT = KeyEnds((50, 150), (350, 150)), KeyEnds((100, 20), (100, 120))


@pytest.mark.parametrize(
    ("ends", "chosen"),
    [
        ((SHORT, LONG), LONG),
        ((replace(LONG, kind="other"), SHORT), SHORT),
        ((replace(LONG, kind="other"), replace(SHORT, kind="Cylinder")), SHORT),
        ((replace(SHORT, kind="other"), replace(LONG, kind="another")), LONG),
    ],
)
def test_a_marked_key_of_the_photos_kind_or_the_longest_is_cropped_in_place_of_a_detection(
    many_drawn, ends, chosen
):
    sample = replace(read_dataset(many_drawn).samples[0], kind="cylinder", ends=ends)
    (cropped,) = with_key_crops([sample], Refusing())
    assert cropped.region == marked_region(chosen.head, chosen.tip)
    assert replace(cropped, region=None) == sample


def test_the_region_of_a_marked_key_holds_both_ends_and_points_to_the_tip():
    region = marked_region((100, 50), (100, 250))
    assert region.axis == pytest.approx((0, 1))
    assert region.centre == pytest.approx((100, 150))
    assert region.width == pytest.approx(200 / (1 - 2 * MARGIN))


def test_a_photo_marked_as_without_a_key_stays_whole_and_others_are_detected(many_drawn, tmp_path):
    first, second, third = read_dataset(many_drawn).samples[:3]
    samples = [replace(first, ends=()), second, replace(third, ends=(LONG,))]
    detector = Counting()
    with Cache(tmp_path) as cache:
        cropped = with_key_crops(samples, detector, cache=cache)
    assert [sample.name for sample in cropped] == [sample.name for sample in samples]
    assert cropped[0].region is None
    assert cropped[1] == with_key_crops([second], Counting())[0]
    assert cropped[2].region == marked_region(LONG.head, LONG.tip)
    assert len(detector.shapes) == 1
    sentence = marks_sentence(samples)
    assert "1 photo cropped to the key that is marked, 1 photo marked as without a key used whole" in sentence
    assert marks_sentence([second]) is None
