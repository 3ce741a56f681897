"""Tests of review/queues: which photos each queue holds, in which order, and the reason in words."""

from pathlib import Path

import numpy as np
import pytest

from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.label_rows import LabelRow
from keykind.dataset.review_listing import ReviewEntry
from keykind.review.catalogue import PhotoState
from keykind.review.observations import Found, Measured, Seen
from keykind.review.predictions import Judged, RunFacts
from keykind.review.queues.copies import SAME_KEY, build_duplicates, build_same_key, duplicates_decided
from keykind.review.queues.keys import build as build_keys
from keykind.review.queues.kinds import build_label_errors, build_not_sure, build_unlabelled
from keykind.review.queues.quality import build_ood, build_quality
from keykind.review.queues.queue import Known, ModelFacts
from keykind.review.queues.table import QUEUES

KINDS = ("cylinder", "dimple")
MODEL = ModelFacts("the bundled model", KINDS, 0.4, detects=True, fits=True)


def photo(i: int, folder_kind: str = "cylinder", **facts) -> PhotoState:
    """Return a photo; facts: `name`, `in_split` and `key_id` as the folder says, the rest as decided."""
    name = facts.pop("name", f"photo-{i}.jpg")
    in_split, key_id = facts.pop("in_split", "train"), facts.pop("key_id", None)
    entry = ReviewEntry(Path(name), name, name, folder_kind, in_split, key_id, name)
    return PhotoState(i, entry, LabelRow(name, **facts), facts.get("kind") or folder_kind)


def known(*photos: PhotoState, **facts) -> Known:
    nothing = [None] * len(photos)
    return Known(photos, **{"measured": nothing, "seen": nothing, "model": MODEL} | facts)


def sees(*probabilities: float, **facts) -> Seen:
    facts = {"kind": KINDS[int(np.argmax(probabilities))]} | facts
    return Seen(probabilities=np.array(probabilities, np.float32), **facts)


def run_of(judged: dict[int, Judged], out_of_fold: bool = True) -> dict:
    names = {f"photo-{i}.jpg": value for i, value in judged.items()}
    facts = RunFacts(Path("run"), KINDS, 0.9, (0.8, 1.0), 0.5, True, names, out_of_fold)
    return {"run": facts, "judged": judged}


def judged(*probabilities: float, **facts) -> Judged:
    return Judged(np.array(probabilities, np.float32), **facts)


def shown(built) -> list[tuple[tuple[int, ...], str]]:
    return [(item.photos, item.reason) for item in built.items]


@pytest.fixture
def twenty():
    """Photos of two kinds, of which a run is certain but for photo 3, which is labelled wrongly."""
    photos = [photo(i, KINDS[i % 2]) for i in range(20)]
    predictions = {i: judged(*((0.95, 0.05) if i % 2 == 0 else (0.05, 0.95))) for i in range(20)}
    predictions[3] = judged(0.97, 0.03)
    return photos, predictions


def test_a_label_error_says_what_the_model_says_that_never_saw_the_photo(twenty):
    photos, predictions = twenty
    built = build_label_errors(known(*photos, **run_of(predictions)))
    assert shown(built) == [
        (
            (3,),
            "Labelled dimple; the model, which never saw this photo in training, says cylinder (0.97).",
        )
    ]
    assert built.items[0].suggestion == {"kind": "cylinder"}
    assert (built.stages, "5.0%" in built.note) == ((), True)


def test_a_corrected_or_excluded_photo_is_no_label_error(twenty):
    photos, predictions = twenty
    for row in ({"kind": "cylinder"}, {"excluded": "blurred"}):
        photos[3] = photo(3, "dimple", **row)
        assert not build_label_errors(known(*photos, **run_of(predictions))).items


def test_without_a_run_the_bundled_model_is_asked(twenty):
    photos, predictions = twenty
    seen = [sees(*value.probabilities) for value in predictions.values()]
    built = build_label_errors(known(*photos, seen=seen))
    assert shown(built) == [((3,), "Labelled dimple; the bundled model says cylinder (0.97).")]
    assert built.stages == ("recognising",)
    assert built.reason == "The model thinks these photos show another kind."


@pytest.mark.parametrize("build", [build_label_errors, build_not_sure])
def test_without_any_model_of_these_kinds_a_queue_says_what_to_do(build):
    for model in (None, ModelFacts("the model", ("mug",), None, detects=False, fits=False)):
        built = build(known(photo(0), model=model))
        assert (built.available, "train" in built.note) == (False, True)


def test_an_older_run_has_its_test_photos_only_and_says_so(twenty):
    photos, predictions = twenty
    built = build_label_errors(known(*photos, **run_of(predictions, out_of_fold=False)))
    assert "out_of_fold.csv" in built.note


def test_not_sure_is_a_small_margin_the_smallest_first():
    photos = [photo(i) for i in range(4)] + [photo(4, "")]
    values = [judged(0.6, 0.4), judged(0.9, 0.1), judged(0.51, 0.49), judged(0.3, 0.7), judged(0.5, 0.5)]
    built = build_not_sure(known(*photos, **run_of(dict(enumerate(values)))))
    assert [item.photos for item in built.items] == [(2,), (0,)]
    assert "cylinder 0.51 or dimple 0.49" in built.items[0].reason


def test_what_makes_a_photo_hard_to_tell_is_named():
    seen = [sees(0.9, 0.05, kind=None, reason="cut off by the frame")]
    (item,) = build_not_sure(known(photo(0), seen=seen)).items
    assert "(cut off by the frame)" in item.reason


def test_unlabelled_photos_come_in_the_order_of_what_they_teach():
    photos = [photo(i, "") for i in range(4)] + [photo(4)]
    seen = [sees(0.99, 0.01), sees(0.52, 0.48), None, sees(0.2, 0.8), sees(0.5, 0.5)]
    built = build_unlabelled(known(*photos, seen=seen))
    assert [item.photos for item in built.items] == [(1,), (3,), (0,), (2,)]
    assert [item.suggestion for item in built.items] == [None, {"kind": "dimple"}, {"kind": "cylinder"}, None]
    assert built.items[3].reason == "Not labelled."


def test_leaks_come_before_different_labels_and_other_duplicates():
    photos = [
        photo(0),
        photo(1),
        photo(2),
        photo(3, "dimple"),
        photo(4),
        photo(5, in_split="test"),
        photo(6),
        photo(7, excluded="duplicate"),
    ]
    measured = [Measured(sha256=str(i)) for i in range(8)]
    measured[1] = measured[0]
    built = build_duplicates(known(*photos, measured=measured, clusters=[(0, 1), (2, 3), (4, 5), (6, 7)]))
    assert [item.photos for item in built.items] == [(5, 4), (2, 3), (0, 1)]
    leak, labels, same = (item.reason for item in built.items)
    assert "one is in train, the other in test" in leak
    assert "labelled cylinder and dimple" in labels
    assert same == "The same file twice."
    assert built.items[0].suggestion == {"exclude": 4}


def test_equal_files_without_any_structure_are_duplicates_too():
    measured = [Measured(sha256="a"), Measured(sha256="a"), Measured(sha256="b")]
    built = build_duplicates(known(*map(photo, range(3)), measured=measured))
    assert [item.photos for item in built.items] == [(0, 1)]


@pytest.mark.parametrize(
    ("rows", "decided"),
    [
        ([{}, {}], False),
        ([{}, {"excluded": "duplicate"}], True),
        ([{"key": "a"}, {"key": "b"}], True),
        ([{"key": "a"}, {"key": "a"}], True),
        ([{"key": "a"}, {}], False),
        ([{"key": "a"}, {"key": "a", "split": "test"}], False),  # still a leak
    ],
)
def test_a_pair_is_decided_by_leaving_one_out_or_naming_both_keys(rows, decided):
    photos = [photo(i, **row) for i, row in enumerate(rows)]
    assert duplicates_decided(photos) == decided


def test_names_of_one_object_propose_a_key():
    photos = [photo(i, name=f"cylinder/abus-{i}.jpg") for i in range(3)] + [photo(3, name="cylinder/x.jpg")]
    (item,) = build_same_key(known(*photos)).items
    assert (item.photos, item.suggestion) == ((0, 1, 2), {"key": "abus"})
    assert "these 3 photos show one key (abus)" in item.reason
    stated = [photo(i, name=f"cylinder/abus-{i}.jpg", key_id="A") for i in range(3)]
    assert not build_same_key(known(*stated)).items


def test_stated_keys_that_contradict_looks_kinds_or_splits_are_shown():
    photos = [
        photo(0, key_id="A"),
        photo(1, key_id="B"),
        photo(2, key_id="C"),
        photo(3, "dimple", key_id="C"),
    ]
    photos += [photo(4, key_id="D"), photo(5, key="D", split="test")]
    items = build_same_key(known(*photos, clusters=[(0, 1)])).items
    assert [item.photos for item in items] == [(0, 1), (2, 3), (4, 5)]
    assert "2 keys (A, B)" in items[0].reason
    assert "cylinder 1, dimple 1" in items[1].reason
    assert "in train and 1 in test" in items[2].reason


def found(x: float = 0, score: float = 0.9, length: float = 100) -> Found:
    return Found((x, 0), (x + length, 0), 30, score)


@pytest.mark.parametrize(
    ("ends", "keys", "words"),
    [
        (None, (), "No key was found in this photo, which is labelled cylinder."),
        (None, (found(), found(500, 0.7)), "2 keys were found; a photo should show one (scores 0.90, 0.70)."),
        (None, (found(score=0.52),), "low score (0.52)"),
        (None, (found(),), None),
        ((KeyEnds((0, 0), (100, 0)),), (found(),), None),
        ((KeyEnds((0, 0), (100, 0)),), (found(10),), None),
        ((KeyEnds((0, 0), (100, 0)),), (found(40),), "40 px from the marks, 40% of the key's length"),
        ((KeyEnds((100, 0), (0, 0)),), (found(),), "Head and tip are marked the other way round"),
        ((KeyEnds((0, 0), (100, 0)),), (found(), found(300)), "1 key is marked here, but 2 keys are found"),
        ((), (found(),), "no keys are marked here, but 1 key is found"),
        ((), (), None),
    ],
)
def test_the_key_queue_compares_marks_and_detections(ends, keys, words):
    items = build_keys(known(photo(0, ends=ends), seen=[sees(0.9, 0.1, found=keys)])).items
    assert [words in item.reason for item in items] == [True] * (words is not None)


def test_no_keys_are_looked_for_where_there_are_none_or_the_model_takes_whole_photos():
    assert "not kinds of keys" in build_keys(known(photo(0), of_keys=False)).note
    whole = ModelFacts("the model", KINDS, 0.4, detects=False, fits=True)
    assert build_keys(known(photo(0), model=whole)).note.startswith("The model classifies whole photos")


EMPTY = "is empty (0 bytes); copy the file again from its source"
GOOD = {"sha256": "a", "width": 100, "height": 100, "sharpness": 200.0, "brightness": 0.5}


@pytest.mark.parametrize(
    ("facts", "words", "excluded"),
    [
        ({"error": EMPTY}, "read. The file is empty (0 bytes). Copy it again from its source.", "unreadable"),
        ({"damage": "12% of the pixels are missing"}, "damaged: 12%", "damaged"),
        ({"sharpness": 0.1}, "A single flat colour (sharpness 0.10; photos have at least 0.5).", "blank"),
        ({"sharpness": 5.0}, "Blurred: sharpness 5.0; the median of these photos is 200.", "blurred"),
        ({"brightness": 0.05}, "Dark: mean brightness 5%", "dark"),
        ({"brightness": 0.99, "clipped": 0.0}, "Overexposed: mean brightness 99%.", "overexposed"),
        ({"clipped": 0.97}, "High contrast: 97% of the pixels are pure black or white.", "overexposed"),
    ],
)
def test_a_photo_that_is_hard_to_see_has_its_numbers(facts, words, excluded):
    measured = [Measured(**GOOD | facts), *[Measured(**GOOD)] * 5]
    (item,) = build_quality(known(*map(photo, range(6)), measured=measured)).items
    assert (item.photos, words in item.reason, item.suggestion) == ((0,), True, {"excluded": excluded}), item


def test_a_blurred_key_in_a_sharp_photo_is_found():
    seen = [sees(0.9, 0.1, sharpness=0.001), sees(0.9, 0.1, sharpness=0.05)]
    (item,) = build_quality(known(photo(0), photo(1), measured=[Measured(**GOOD)] * 2, seen=seen)).items
    assert item.photos == (0,)
    assert "its sharpness is 0.0010; sharp keys have more than 0.004." in item.reason


def test_out_of_distribution_photos_have_score_and_threshold_the_run_before_the_scan():
    photos, seen = [photo(0), photo(1), photo(2)], [sees(0.9, 0.1, ood=value) for value in (0.3, 0.41, 0.9)]
    assert [item.photos for item in build_ood(known(*photos, seen=seen)).items] == [(2,), (1,)]
    run = run_of({0: judged(0.9, 0.1, ood=0.8), 2: judged(0.9, 0.1, ood=0.1)})
    items = build_ood(known(*photos, seen=seen, **run)).items
    assert [item.photos for item in items] == [(0,), (1,)]
    assert "score 0.80, above its threshold 0.50" in items[0].reason
    assert items[0].suggestion == {"excluded": "not a key"}


def test_excluded_photos_are_in_no_queue_but_that_of_all():
    photos = [photo(i, "cylinder" if i else "", excluded="blurred") for i in range(3)]
    facts = known(
        *photos,
        measured=[Measured(error="is empty")] * 3,
        seen=[sees(0.5, 0.5, ood=9.0)] * 3,
        clusters=[(0, 1, 2)],
    )
    assert [queue.id for queue in QUEUES if queue.build(facts).items] == ["all"]


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.id)
def test_every_queue_is_there_before_anything_is_known(queue):
    built = queue.build(known(photo(0), photo(1, ""), model=None))
    assert all(item.reason.endswith(".") for item in built.items)
    assert queue.title
    assert queue.reason.endswith(".")


@pytest.mark.parametrize(
    ("first", "second", "decided"),
    [
        ({"key": "a"}, {"key": "a"}, True),
        ({"key": "a"}, {"key": "b", "kind": "dimple"}, True),
        ({"key": "a"}, {"key": "a", "kind": "dimple"}, False),
        ({"key": "a"}, {"key": "a", "kind": "dimple", "excluded": "blurred"}, True),
        ({"key": "a"}, {"key": "a", "split": "test"}, False),
        ({"key": "a"}, {}, False),
    ],
)
def test_a_key_of_several_kinds_or_in_both_splits_stays_open(first, second, decided):
    photos = [photo(0, **first), photo(1, **second)]
    assert SAME_KEY.is_decided(photos) is decided
