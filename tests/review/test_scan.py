"""Tests of review/scan.py, viewing.py, scan_cache.py, observations.py: what is found in the background."""

import threading
from dataclasses import astuple

import numpy as np
import pytest

from desks import draw_kinds
from fake_detector import FakeDetector, detection
from keykind.core.cache import Cache
from keykind.core.errors import BadModel
from keykind.dataset.review_listing import list_for_review
from keykind.predict.recogniser import Recogniser
from keykind.review import scan as scan_module
from keykind.review.observations import Found, Measured, Seen, measured_from, seen_from
from keykind.review.scan import Scan
from keykind.review.scan_cache import ScanCache
from keykind.review.viewing import view
from tiny_model import KINDS, tiny_file


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(scan_module, "default_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def scanned(photos, model, cache_folder):
    """A function that scans the photos to the end, and the stages that ended."""

    def scanned(load=lambda: Recogniser.load(model), folder=photos):
        news = []
        scan = Scan(list_for_review(folder).entries, load, news.append)
        scan.start()
        scan._thread.join(60)
        return scan, news

    return scanned


def test_a_scan_measures_compares_and_recognises_all_photos(scanned):
    scan, news = scanned()
    assert [stage for stage in news if stage] == ["measuring", "comparing", "recognising"]
    assert scan.is_over
    assert [measured.width for measured in scan.measured] == [240] * 6
    assert all(seen.probabilities.shape == (len(KINDS),) for seen in scan.seen)
    assert scan.problem is None


def test_a_second_scan_reads_no_photo(scanned, monkeypatch):
    first, _ = scanned()
    monkeypatch.setattr(scan_module, "read_sample", None)
    monkeypatch.setattr(scan_module, "view", None)
    second, _ = scanned()
    assert list(map(astuple, second.measured)) == list(map(astuple, first.measured))
    for a, b in zip(first.seen, second.seen, strict=True):
        np.testing.assert_allclose(b.probabilities, a.probabilities, atol=1e-5)
        assert (a.kind, a.found) == (b.kind, b.found)
    assert (second.clusters, second.is_over) == (first.clusters, True)


def test_a_photo_that_changed_is_read_again(scanned, photos):
    before, _ = scanned()
    data = (photos / "dimple" / "dimple-1.jpg").read_bytes()
    (photos / "cylinder" / "cylinder-0.jpg").write_bytes(data)
    after, _ = scanned()
    changed = [a.sha256 != b.sha256 for a, b in zip(before.measured, after.measured, strict=True)]
    assert changed == [True] + [False] * 5
    assert list(after.clusters) == [(0, 4)]


def test_photos_that_vanish_or_are_broken_do_not_stop_the_others(photos, model, cache_folder):
    entries = list_for_review(photos).entries
    (photos / "cylinder" / "cylinder-0.jpg").unlink()
    (photos / "cylinder" / "cylinder-1.jpg").write_bytes(b"\xff\xd8\xff broken")
    scan = Scan(entries, lambda: Recogniser.load(model), lambda _: None)
    scan.start()
    scan._thread.join(60)
    assert [bool(measured.error) for measured in scan.measured] == [True, True, False, False, False, False]
    assert "does not exist" in scan.measured[0].error
    assert [seen is None for seen in scan.seen] == [True, True, False, False, False, False]


def test_a_model_that_cannot_be_loaded_is_a_problem_and_the_rest_is_done(scanned):
    def load():
        raise BadModel("keys.tflite", fault="is damaged", remedy="export it again")

    scan, _ = scanned(load)
    assert "is damaged" in scan.problem
    assert scan.is_over
    assert all(scan.measured)


def test_without_a_model_photos_are_only_measured(scanned):
    scan, _ = scanned(load=None)
    assert (scan.is_over, scan.seen) == (True, [None] * 6)


def test_a_scan_that_is_stopped_keeps_what_it_found(photos, model, cache_folder, monkeypatch):
    started, go_on = threading.Event(), threading.Event()
    read = scan_module.read_sample

    def slow(entry):
        started.set()
        go_on.wait(30)
        return read(entry)

    monkeypatch.setattr(scan_module, "read_sample", slow)
    scan = Scan(list_for_review(photos).entries, None, lambda _: None)
    scan.start()
    started.wait(30)
    threading.Timer(0.1, go_on.set).start()
    scan.stop()
    assert not scan._thread.is_alive()
    assert not scan.is_over


def test_results_survive_the_way_into_the_cache_and_back():
    measured = Measured(None, "ab", 3, 4, 5.5, 0.5, 0.25, "torn")
    assert measured_from(measured.to_bytes()) == measured
    features = np.arange(5, dtype=np.float16)
    found = (Found((1.5, 2), (3, 4), 5, 0.9),)
    seen = Seen("a", None, np.float32([0.25, 0.75]), 0.3, 0.01, found, features)
    back = seen_from(seen.to_bytes())
    assert (back.kind, back.ood, back.sharpness, back.found) == ("a", 0.3, 0.01, found)
    np.testing.assert_array_equal(back.features, features)
    np.testing.assert_array_equal(back.probabilities, seen.probabilities)
    nothing = seen_from(Seen().to_bytes())
    assert (nothing.kind, nothing.probabilities, nothing.found, nothing.features) == (None, None, (), None)


def test_fingerprints_are_read_from_the_cache_and_zeros_without_one(tmp_path):
    image = np.random.default_rng(0).integers(1, 256, (128, 128), np.uint8)
    with Cache(tmp_path) as cache:
        store = ScanCache(cache, ["a", "b", "c"])
        store.add_measured(1, Measured(), image)
        store.flush()
        pairs = store[np.array([[1, 0], [1, 2]])]
        assert pairs.shape == (2, 2, 128, 128)
        np.testing.assert_array_equal(pairs[:, 0], [image, image])
        assert not pairs[:, 1].any()
        assert (len(store), store[0:2].shape) == (3, (2, 128, 128))


def test_a_view_has_the_keys_and_what_is_said_of_the_first(photos, tmp_path):
    model = tiny_file(tmp_path / "keys.tflite", crop="key", features=3)
    keys = detection((40, 40), (200, 40), 50, 0.9), detection((40, 180), (200, 180), 50, 0.8)
    path = photos / "dimple" / "dimple-0.jpg"
    seen = view(path, Recogniser(Recogniser.load(model).model, FakeDetector(*keys)))
    assert [(found.head, found.score) for found in seen.found] == [((40, 40), 0.9), ((40, 180), 0.8)]
    assert (seen.found[0].width, seen.found[0].length) == (50, 160)
    assert (seen.features.shape, seen.probabilities.shape) == ((3,), (4,))
    nothing = view(path, Recogniser(Recogniser.load(model).model, FakeDetector()))
    assert (nothing.found, nothing.probabilities, nothing.kind) == ((), None, None)


def test_queues_are_complete_once_the_scan_is_over(open_desk, photos):
    data = (photos / "dimple" / "dimple-0.jpg").read_bytes()
    (photos / "cylinder" / "copy.jpg").write_bytes(data)
    (photos / "cylinder" / "torn.jpg").write_bytes(b"")
    desk = open_desk()
    queues = desk.wait_for_queues()
    (pair,) = desk.items("duplicates")
    assert pair["photos"] == [desk.id_of("cylinder/copy.jpg"), desk.id_of("dimple/dimple-0.jpg")]
    assert pair["reason"] == "The same file twice; labelled cylinder and dimple."
    assert desk.items("quality")[0]["photos"] == [desk.id_of("cylinder/torn.jpg")]
    assert queues["keys"]["state"] == "unavailable"  # the model classifies whole photos
    prediction = desk.photo(0)["prediction"]
    assert prediction["probabilities"].keys() == set(KINDS)


def test_a_model_of_other_classes_suggests_nothing_and_a_sentence_says_why(open_desk, tmp_path):
    mugs = draw_kinds(tmp_path / "mugs", kinds=("cylinder",))
    (mugs / "cylinder").rename(mugs / "mug")
    desk = open_desk(mugs)
    desk.wait_for_queues()
    (problem,) = desk.state()["problems"]
    assert "knows other kinds" in problem
    assert desk.photo(0)["prediction"] is None
    assert desk.queues()["label-errors"]["state"] == "unavailable"


def test_kinds_that_no_model_knows_are_still_reviewed(open_desk, tmp_path):
    mugs = draw_kinds(tmp_path / "mugs", kinds=("cylinder",))
    (mugs / "cylinder").rename(mugs / "mug")
    desk = open_desk(mugs, model=None)
    queues = desk.wait_for_queues()
    assert "train here" in desk.state()["problems"][0]
    assert (queues["quality"]["state"], desk.state()["of_keys"]) == ("ready", False)
