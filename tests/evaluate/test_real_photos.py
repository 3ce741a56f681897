"""Tests of evaluate/real_photos: photos with marked keys, detectors and answers measured on them."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from commands import shared
from fake_detector import FakeDetector, detection
from keykind.core.errors import BadDataset, BadModel
from keykind.evaluate.real_photos.annotated_photo import AnnotatedPhoto, Mark
from keykind.evaluate.real_photos.annotations import read_annotations
from keykind.evaluate.real_photos.answer_scores import score_answers
from keykind.evaluate.real_photos.answers import AnsweredKey, AnsweredPhoto
from keykind.evaluate.real_photos.detection import DetectedPhoto, detect_photos
from keykind.evaluate.real_photos.detector_scores import score_detector
from keykind.evaluate.real_photos.matching import Match, match_detections
from keykind.evaluate.real_photos.report import text
from keykind.evaluate.real_photos.resampling import estimate, source_weights
from keykind.evaluate.real_photos.score import load_recogniser, score_real_photos
from keykind.evaluate.real_photos.sheets import COLUMNS, GAP, TILE, arrange
from keykind.model.model import load_model
from keykind.predict.prediction import Key
from keykind.predict.recogniser import Recogniser
from tiny_model import tiny_file

WIDTH, HEIGHT = 400, 200  # px of the photos here
HEAD, TIP = (100.0, 100.0), (200.0, 100.0)
LABELS = "path,label,n_keys,in_hand,ground,source\n"
KEYS = "path,number,kind,head_x,head_y,tip_x,tip_y\n"


def scored(score, head=HEAD, tip=TIP):
    return score, np.array([head, tip], float)


def annotated(*marks, label="multiple", n_keys=None, **changes):
    """A photo with keys marked by (head, tip)."""
    photo = AnnotatedPhoto(
        None, "photo.jpg", label, "source", len(marks) if n_keys is None else n_keys, ground="plain"
    )
    return replace(photo, marks=tuple(Mark(np.array(mark, float), "cylinder") for mark in marks), **changes)


def matched(photo, *detections):
    return match_detections(detections, photo, WIDTH, HEIGHT)


def detected(photo, *detections, source="source"):
    matches = matched(photo, *detections)
    return DetectedPhoto(replace(photo, source=source), WIDTH, HEIGHT, matches, matches)


def scores_of(*photos):
    return score_detector(photos, resamples=50, rng=np.random.default_rng(0))


def recall(group):
    return {rate: value.value for rate, value in group.recall.items()}


def write_folder(folder, rows, keys=None):
    """Write labels.csv, keys.csv and a photo for each row."""
    (folder / "labels.csv").write_text(LABELS + rows, "utf-8")
    if keys is not None:
        (folder / "keys.csv").write_text(KEYS + keys, "utf-8")
    for row in rows.splitlines():
        if path := row.split(",")[0]:
            Image.new("RGB", (WIDTH, HEIGHT), "grey").save(folder / path)
    return folder


def test_a_detection_is_the_marked_key_within_a_third_of_its_length():
    photo = annotated((HEAD, TIP))
    near, far = scored(0.9, (100, 129), (200, 129)), scored(0.9, (100, 131), (200, 131))
    assert [(match.mark, match.false) for match in matched(photo, near)] == [(0, False)]
    assert [(match.mark, match.false) for match in matched(photo, far)] == [(None, True)]


def test_exchanged_ends_still_detect_the_key():
    (match,) = matched(annotated((HEAD, TIP)), scored(0.9, TIP, HEAD))
    assert (match.mark, match.swapped) == (0, True)


def test_a_second_detection_of_a_key_is_false_even_if_others_are_not_marked():
    matches = matched(annotated((HEAD, TIP), n_keys=5), scored(0.5), scored(0.9))
    assert [(match.score, match.mark, match.false) for match in matches] == [
        (0.9, 0, False),
        (0.5, None, True),
    ]


def test_as_many_other_detections_as_keys_without_a_mark_are_not_counted():
    elsewhere = [scored(score, (10, 10 + y), (60, 10 + y)) for score, y in ((0.5, 0), (0.6, 60), (0.7, 120))]
    matches = matched(annotated((HEAD, TIP), n_keys=3), *elsewhere)
    assert [match.false for match in matches] == [False, False, True]
    assert all(match.mark is None for match in matches)


def test_half_hidden_keys_and_dense_regions_are_not_counted():
    hidden = (Mark(np.array([[300, 50], [350, 50]], float)),)
    photo = annotated((HEAD, TIP), n_keys=9, partial=hidden, dense=(np.array([[0, 0], [0.2, 1]]),))
    half, dense, empty = (
        scored(0.9, (300, 52), (350, 52)),
        scored(0.8, (9, 9), (40, 9)),
        scored(0.7, (300, 150), (390, 150)),
    )
    assert [match.false for match in matched(photo, half, dense, empty)] == [False, False, True]


def test_recall_rises_with_the_false_detections_allowed():
    other = ((300.0, 50.0), (350.0, 50.0))
    photos = [
        detected(annotated((HEAD, TIP), other), scored(0.9), scored(0.3, *other), source="a"),
        detected(annotated(label="not_key"), scored(0.5), source="b"),
    ]
    scores = scores_of(*photos)
    assert recall(scores.group("all")) == {0: 0.5, 0.1: 0.5, 0.25: 0.5, 0.5: 1, 1: 1, 2: 1}
    assert scores.thresholds[0] == 0.9
    assert scores.thresholds[0.5] == 0.3
    assert scores.group("all").default_false.value == 0.5


def test_a_threshold_never_divides_detections_of_one_score():
    photos = [
        detected(annotated((HEAD, TIP)), scored(0.5), source="a"),
        detected(annotated(label="not_key"), scored(0.5), source="b"),
    ]
    for order in (photos, photos[::-1]):
        assert recall(scores_of(*order).group("all"))[0] == 0


def test_groups_are_by_hand_number_length_kind_and_ground():
    short = ((10.0, 10.0), (30.0, 10.0))
    photos = [
        detected(annotated((HEAD, TIP), in_hand=True), scored(0.9, TIP, HEAD)),
        detected(annotated((HEAD, TIP), short, in_hand=False), scored(0.9)),
    ]
    scores = scores_of(*photos)
    found = {group.name: (group.keys, group.default_recall.value) for group in scores.groups}
    assert found == {
        "all": (3, pytest.approx(2 / 3)),
        "in hand": (1, 1),
        "not in hand": (2, 0.5),
        "1 key": (1, 1),
        "2 to 5 keys": (2, 0.5),
        "several keys": (2, 0.5),
        "ground plain": (3, pytest.approx(2 / 3)),
        "length 0 to 0.12": (1, 0),
        "length 0.12 to 0.35": (2, 1),
        "kind cylinder": (3, pytest.approx(2 / 3)),
    }
    assert [scores.group(name).swapped for name in ("in hand", "not in hand")] == [1, 0]
    assert scores.group("kind cylinder").default_false is None


def test_photos_without_keys_or_detections_have_no_recall():
    group = scores_of(detected(annotated(label="not_key"))).group("all")
    assert recall(group) == dict.fromkeys((0, 0.1, 0.25, 0.5, 1, 2))
    assert group.default_recall.as_json() == {"value": None, "interval": None}
    assert group.default_false.value == 0


def test_intervals_resample_sources_not_photos():
    weights = source_weights(["a", "a", "b"], 100, np.random.default_rng(0))
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert set(weights[1:, 2].tolist()) == {0, 1, 2}
    same = estimate(source_weights(["a", "a"], 100, np.random.default_rng(0))[:, 0])
    assert (same.value, same.low, same.high) == (1, 1, 1)


def test_the_same_seed_gives_the_same_intervals():
    photos = [detected(annotated((HEAD, TIP)), *[scored(0.9)] * (i % 2), source=str(i)) for i in range(6)]
    first, second = scores_of(*photos).as_json(), scores_of(*photos).as_json()
    assert first == second
    assert first["groups"]["all"]["default_recall"]["interval"] != [0.5, 0.5]


def answered(photo, *keys, whole=None, default=None):
    """A photo with the keys (kind, probability, head, tip) of its answer."""
    entries = [Key(kind, probability, {}, (), head, tip) for kind, probability, head, tip in keys]
    matches = matched(photo, *(scored(1.0, key.head, key.tip) for key in entries))
    item = DetectedPhoto(photo, WIDTH, HEIGHT, matches, matches if default is None else default)
    reported = whole and Key(whole, 1.0, {}, (), None, None)
    return AnsweredPhoto(item, tuple(map(AnsweredKey, entries, matches)), reported)


def answers_of(*photos):
    scores = score_answers(photos, resamples=20, rng=np.random.default_rng(0))
    return scores, {figure.name: figure.estimate.value for figure in scores.figures}


def test_the_answer_of_a_photo_is_the_kind_of_its_largest_key():
    small = ("dimple", 0.9, (10.0, 10.0), (40.0, 10.0))
    right = answered(annotated((HEAD, TIP), label="cylinder"), small, ("cylinder", 0.8, HEAD, TIP))
    unsure = answered(
        annotated((HEAD, TIP), label="cylinder"), small, (None, 0.4, HEAD, TIP), whole="cylinder"
    )
    nothing = answered(annotated(label="dimple", n_keys=1))
    scores, figures = answers_of(right, unsure, nothing)
    assert scores.confusion == {"cylinder": {"cylinder": 1, "": 1}, "dimple": {"": 1}}
    assert figures["accuracy"] == pytest.approx(1 / 3)
    assert figures["weighted_f1"] == pytest.approx(2 / 3 * 2 / 3)  # F1 2/3 of two thirds of the photos
    assert figures["whole_weighted_f1"] == pytest.approx(2 / 3 * 2 / 3)
    assert figures["one_kind_no_key_found"] == pytest.approx(1 / 3)
    assert figures["marked_kind_not_reported"] == 0.5


def test_photos_without_a_key_should_get_no_kind():
    photo = annotated(label="not_key")
    reported, unsure = ("dimple", 0.9, HEAD, TIP), (None, 0.4, HEAD, TIP)
    _, figures = answers_of(
        answered(photo, reported), answered(photo, unsure), answered(photo), answered(photo)
    )
    assert (figures["no_key_gets_kind"], figures["no_key_gets_key"]) == (0.25, 0.5)
    assert figures["ece_reported"] == pytest.approx(0.9)
    assert figures["ece_keys"] is None


def test_keys_that_the_answer_leaves_out_are_counted_as_refused():
    found = (Match(0.9, np.array([HEAD, TIP]), 0),)
    refused = answered(annotated((HEAD, TIP), label="cylinder"), default=found)
    unmarked = answered(annotated(label="cylinder", n_keys=1), ("cylinder", 0.75, HEAD, TIP))
    scores, figures = answers_of(refused, unmarked)
    assert figures["refused"] == 0.5
    assert figures["ece_keys"] == pytest.approx(0.25)
    assert scores.found["all"][0].value == 0


def test_annotations_read_labels_and_marks(tmp_path):
    rows = "a.png,multiple,3,1,plain,one\nb.png,not_key,0,,,two\n"
    folder = write_folder(tmp_path, rows, "a.png,1,cylinder,1,2,30.5,4\na.png,2,,5,6,70,8\n")
    first, second = read_annotations(folder)
    assert [mark.kind for mark in first.marks] == ["cylinder", ""]
    assert first.marks[0].keypoints.tolist() == [[1, 2], [30.5, 4]]
    assert (first.n_keys, first.hidden, first.in_hand, first.ground, first.source) == (
        3,
        1,
        True,
        "plain",
        "one",
    )
    assert (second.marks, second.in_hand, second.hidden) == ((), None, 0)
    assert [photo.name for photo in read_annotations(folder, exclude=["one"])] == ["b.png"]


def test_a_marks_file_replaces_keys_csv(tmp_path):
    folder = write_folder(tmp_path, "a.png,multiple,9,,,one\n")
    name = hashlib.sha256((folder / "a.png").read_bytes()).hexdigest()
    marks = {"keys": [[0, 0, 0.5, 0.5]], "partial": [[0.1, 0, 1, 1]], "dense": [[0, 0, 1, 1]]}
    (tmp_path / "marks.json").write_text(json.dumps({name: marks}), "utf-8")
    (photo,) = read_annotations(folder, tmp_path / "marks.json")
    sized = photo.at_size(WIDTH, HEIGHT)
    assert sized.marks[0].keypoints.tolist() == [[0, 0], [200, 100]]
    assert (len(sized.partial), len(sized.dense), sized.hidden) == (1, 1, 0)


DECIDED = """path,kind,key,split,ends,excluded,note
train/laser_track/a.png,,k1,,1 2 30 4,,mine
train/laser_track/b.png,double bit,,test,1 2 30 4; 5 6 7 8 dimple,,
train\\OWN\\c.png,,,,1 2 30 4,,
train/own/d.png,,,validation,1 2 30 4,,
test/mortice/e.png,,,,1 2 30 4 Cylinder,,
test/mortice/f.png,,,train,1 2 30 4,,
train/own/nothing.png,,,,none,not a key,
train/own/seen.png,,,test,none,,
train/own/blurred.png,,,,1 2 30 4,blurred,
train/own/remote.png,,,,1 2 30 4,not a key,
train/own/unmarked.png,dimple,,,,,
"""


@pytest.fixture
def decided_folder(tmp_path):
    """Photos with decisions about them."""
    for line in DECIDED.splitlines()[1:]:
        path = tmp_path / line.partition(",")[0].replace("\\", "/").replace("OWN", "own")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (WIDTH, HEIGHT)).save(path)
    (tmp_path / "labels.csv").write_text(DECIDED)
    (tmp_path / "train" / "groups.csv").write_text("path,group\nown/c.png,k3\nlaser_track/a.png,k9\n")
    return tmp_path


def test_marks_in_labels_csv_are_those_of_photos_all_of_whose_keys_are_marked(decided_folder):
    photos = {photo.name: photo for photo in read_annotations(decided_folder)}
    found = {name: (photo.label, photo.n_keys, photo.source, photo.split) for name, photo in photos.items()}
    assert found == {
        "train/laser_track/a.png": ("laser_track", 1, "k1", "train"),
        "train/laser_track/b.png": ("multiple", 2, "train/laser_track/b.png", "test"),
        "train/own/c.png": ("unsure", 1, "k3", "train"),
        "train/own/d.png": ("unsure", 1, "train/own/d.png", "test"),
        "test/mortice/e.png": ("cylinder", 1, "test/mortice/e.png", "test"),
        "test/mortice/f.png": ("mortice", 1, "test/mortice/f.png", "train"),
        "train/own/nothing.png": ("not_key", 0, "train/own/nothing.png", "train"),
        "train/own/seen.png": ("not_key", 0, "train/own/seen.png", "test"),
    }
    assert [mark.kind for mark in photos["train/laser_track/b.png"].marks] == ["double_bit", "dimple"]
    assert photos["train/laser_track/a.png"].marks[0].keypoints.tolist() == [[1, 2], [30, 4]]
    assert all(photo.path.is_file() for photo in photos.values())


def test_photos_of_one_split_can_be_measured(decided_folder):
    tested = [photo.name for photo in read_annotations(decided_folder / "labels.csv", split="test")]
    names = ("test/mortice/e", "train/laser_track/b", "train/own/d", "train/own/seen")
    assert tested == [f"{name}.png" for name in names]


def test_marks_may_be_in_a_labels_csv_elsewhere(tmp_path):
    folder = write_folder(tmp_path, "a.png,dimple,1,,,one\n", "a.png,1,,5,6,70,8\n")
    (tmp_path / "other.csv").write_text("path,ends\na.png,1 2 30 4\n")
    (photo,) = read_annotations(folder, tmp_path / "other.csv")
    assert (photo.path, photo.marks[0].keypoints.tolist()) == (folder / "a.png", [[1, 2], [30, 4]])
    with pytest.raises(BadDataset, match=r"labels\.csv: has no column ends"):
        read_annotations(folder, folder)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("path,n_keys,source,ends\na.png,1,s,1 2 3 4\n", "has the columns of decisions .* and n_keys"),
        ("path,kind,ends\na.png,dimple,\n", "has 1 row, 0 of them of photos whose keys are marked"),
        ("path,ends\n../a.png,1 2 3 4\n", r"names \.\./a\.png, which is not a path inside"),
        ("path,ends\nC:\\a.png,1 2 3 4\n", "names C:/a.png, which is not a path inside"),
        ("path,ends\na.png,1 2 3\n", "row 2: has the ends '1 2 3'"),
        ("path,ends\na.png,1 2 3 4\n", r"keys\.csv: has marks, and so has the column ends"),
    ],
)
def test_decisions_that_cannot_be_marks_are_refused(tmp_path, text, fault):
    (tmp_path / "labels.csv").write_text(text)
    if fault.startswith("keys"):
        (tmp_path / "keys.csv").write_text(KEYS)
    with pytest.raises(BadDataset, match=fault):
        read_annotations(tmp_path)


def test_a_split_without_marked_photos_is_an_error(tmp_path):
    (tmp_path / "labels.csv").write_text("path,ends\na.png,1 2 3 4\n")
    with pytest.raises(BadDataset, match="has 0 photos for test among 1 with marks; write test into"):
        read_annotations(tmp_path, split="test")


@pytest.mark.parametrize(
    ("rows", "keys", "message"),
    [
        ("a.png,spoon,1,,,s\n", "", "labels.csv, row 2: has the label 'spoon'"),
        ("a.png,dimple,many,,,s\n", "", "row 2: has n_keys 'many'"),
        ("a.png,not_key,2,,,s\n", "", "n_keys '2'; a not_key photo has 0 keys; give 0 or another label"),
        ("a.png,dimple,0,,,s\n", "", "row 2: has the label dimple and n_keys '0'; only not_key has 0 keys"),
        ("../a.png,dimple,1,,,s\n", "", "names ../a.png, which is not a path inside the folder"),
        ("/a.png,dimple,1,,,s\n", "", "names /a.png, which is not a path inside the folder"),
        ("a.png,dimple,1,yes,,s\n", "", "row 2: has in_hand 'yes'"),
        (",dimple,1,,,s\n", "", "row 2: has no path"),
        ("a.png,dimple,1,,,s\na.png,dimple,1,,,s\n", "", "row 3: lists a.png a second time"),
        ("", "", "has no photo to measure on"),
        (
            "a.png,dimple,1,,,s\n",
            "b.png,1,,1,1,9,9\n",
            "keys.csv, row 2: names b.png, which is not in labels",
        ),
        ("a.png,dimple,1,,,s\n", "a.png,1,spoon,1,1,9,9\n", "keys.csv, row 2: has the kind 'spoon'"),
        ("a.png,dimple,1,,,s\n", "a.png,1,,1,1,9\n", "row 2: has the coordinates 1, 1, 9, "),
        ("a.png,dimple,1,,,s\n", "a.png,1,,1,1,nan,9\n", "row 2: tip_x is nan; give four finite numbers"),
        ("a.png,dimple,1,,,s\n", "a.png,1,,1,1,1,1\n", "row 2: has its head at 1, 1 and its tip at 1, 1"),
        ("a.png,dimple,1,,,s\n", "a.png,1.5,,1,1,9,9\n", "keys.csv, row 2: has the number '1.5'"),
        ("a.png,dimple,2,,,s\n", "a.png,1,,1,1,9,9\n" * 2, "keys.csv, row 3: marks key 1 of a.png a second"),
        (
            "a.png,dimple,1,,,s\n",
            "a.png,1,,1,1,9,9\na.png,2,,1,1,9,9\n",
            "labels.csv, row 2: has n_keys 1 for a.png, which has 2 marks",
        ),
        ("a.png,not_key,0,,,s\n", "a.png,1,,1,1,9,9\n", "n_keys 0 for a.png, which has 1 mark;"),
        (
            "a.png,cylinder,2,,,s\n",
            "a.png,1,mortice,1,1,9,9\na.png,2,dimple,1,1,9,9\n",
            "labels.csv, row 2: labels a.png cylinder, but its marks are of dimple, mortice",
        ),
    ],
)
def test_wrong_tables_name_file_and_row(tmp_path, rows, keys, message):
    with pytest.raises(BadDataset) as caught:
        read_annotations(write_folder(tmp_path, rows, keys))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("label", "kinds"),
    [("cylinder", ["", "mortice"]), ("cylinder", ["cylinder", ""]), ("unsure", ["mortice"])],
)
def test_a_mark_may_be_of_another_kind_than_the_label_if_it_is_not_the_only_one(tmp_path, label, kinds):
    marks = "".join(f"a.png,{i},{kind},1,1,9,9\n" for i, kind in enumerate(kinds))
    (photo,) = read_annotations(write_folder(tmp_path, f"a.png,{label},2,,,s\n", marks))
    assert [mark.kind for mark in photo.marks] == kinds


def test_missing_tables_columns_sources_and_marks_files_are_errors(tmp_path):
    for prepare, message in (
        (lambda: None, "labels.csv: cannot be read (No such file or directory)"),
        (
            lambda: (tmp_path / "labels.csv").write_text("path,label\n", "utf-8"),
            "has no column n_keys, source; its columns are: path, label;",
        ),
        (lambda: (tmp_path / "labels.csv").write_bytes(b"\xff\xfe"), "labels.csv: cannot be read ("),
    ):
        prepare()
        with pytest.raises(BadDataset) as caught:
            read_annotations(tmp_path)
        assert message in str(caught.value)
    folder = write_folder(tmp_path, "a.png,dimple,1,,,one\n")
    with pytest.raises(BadDataset, match=r"has no source 'other'; exclude one of its sources: one$"):
        read_annotations(folder, exclude=["other"])
    with pytest.raises(BadDataset, match=r"marks\.json: cannot be read"):
        read_annotations(folder, tmp_path / "marks.json")


def test_a_mark_outside_its_photo_is_an_error(tmp_path):
    folder = write_folder(tmp_path, "a.png,dimple,1,,,one\n", f"a.png,1,,1,1,{WIDTH + 2},9\n")
    with pytest.raises(BadDataset) as caught:
        detect_photos(FakeDetector(), read_annotations(folder))
    assert f"keys.csv, row 2: has a point outside a.png: 1, 1 to 402, 9 in {WIDTH} x {HEIGHT} pixels" in str(
        caught.value
    )


@pytest.fixture
def photos(tmp_path):
    """A photo with a marked key, one without, one that is missing, and one that is damaged."""
    rows = "a.png,cylinder,1,1,plain,one\nb.png,not_key,0,0,plain,two\n"
    rows += "gone.png,dimple,1,,,three\nbad.png,dimple,1,,,three\n"
    folder = write_folder(tmp_path, rows, "a.png,1,cylinder,100,100,200,100\n")
    (folder / "gone.png").unlink()
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def test_photos_that_cannot_be_read_are_listed_and_the_others_scored(photos, tmp_path):
    detector = FakeDetector(detection(HEAD, TIP))
    recogniser = Recogniser(load_model(tiny_file(tmp_path / "tiny.tflite", crop="key")), detector)
    sheets = tmp_path / "sheets"
    scores = score_real_photos(recogniser, photos, sheets=sheets, rng=np.random.default_rng(0))
    assert [photo.name for photo in scores.unread] == ["gone.png", "bad.png"]
    assert scores.as_json()["photos"]["read"] == 2
    json.dumps(scores.as_json(), allow_nan=False)
    assert scores.detector.group("in hand").default_recall.value == 1
    assert scores.detector.group("all").default_false.value == 0.5
    assert scores.answers.figure("no_key_gets_key").count == 1
    shown = text(scores)
    assert "2 photos from 2 sources: 1 marked keys, 1 photos without a key" in shown
    assert "not read: gone.png" in shown
    assert sorted(path.name for path in sheets.iterdir()) == ["all-01.png", "false.png", "misses.png"]
    with Image.open(sheets / "false.png") as sheet:
        assert sheet.width == TILE + 2 * GAP
        assert sheet.getcolors(10**6)


def test_no_readable_photo_is_an_error(tmp_path):
    folder = write_folder(tmp_path, "a.png,dimple,1,,,one\n")
    (folder / "a.png").unlink()
    recogniser = Recogniser(load_model(tiny_file(tmp_path / "tiny.tflite", crop="key")), FakeDetector())
    with pytest.raises(BadDataset, match="lists 1 photos, none of which can be read"):
        score_real_photos(recogniser, folder, rng=np.random.default_rng(0))


def test_a_model_for_whole_photos_is_refused(tmp_path):
    with pytest.raises(BadModel, match="was trained on whole photos"):
        load_recogniser(tiny_file(tmp_path / "tiny.tflite"))


def test_sheets_have_rows_of_tiles():
    tile = Image.new("RGB", (TILE, TILE))
    assert arrange([tile] * (COLUMNS + 1)).width == arrange([tile] * COLUMNS).width
    assert arrange([tile] * (COLUMNS + 1)).height > arrange([tile] * COLUMNS).height
    assert arrange([]).size == arrange([tile]).size


@pytest.mark.parametrize(("name", "marked"), [("photos-everyday", 138), ("photos", 0)])
def test_the_tables_of_the_development_photos_are_valid(name, marked):
    photos = read_annotations(shared(name))
    assert sum(len(photo.marks) for photo in photos) == marked
    assert len({photo.source for photo in photos}) > 30
