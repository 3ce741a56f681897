"""Tests of imports.py, of the readers and placing.py: marks of other programs in labels.csv."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from keykind.core.errors import BadDataset
from keykind.dataset.formats.export import export_labels
from keykind.dataset.formats.imports import Stamp, import_labels
from keykind.dataset.headings import folded
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.label_file import LabelFile
from keykind.dataset.label_rows import LabelRow, Labels, read_labels
from keykind.dataset.marked_photos import marked_photos
from turned import save_turned

STAMP = Stamp("eva", "2026-11-30T08:15:02Z")
SIZE = (300, 200)
NAMES = ("dimple/a.jpg", "dimple/b.jpg", "own kind/c.jpg", "root.png", "dimple/b.png", "long.name.jpg")


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """Photos in several orientations and formats, without a labels.csv."""
    folder = tmp_path_factory.mktemp("many") / "photos"
    for name, orientation in zip(NAMES, (1, 6, 3, 1, 1, 8), strict=True):
        if name.endswith(".jpg"):
            save_turned(folder / name, orientation, SIZE, (50, 60), (250, 150))
        else:
            Image.new("RGB", SIZE).save(folder / name)
    return folder


@pytest.fixture
def folder(many, tmp_path) -> Path:
    return Path(shutil.copytree(many, tmp_path / "photos"))


coordinates = st.tuples(*(st.floats(0, side).map(lambda value: round(value, 1)) for side in SIZE))
kinds = st.sampled_from(["", "dimple", "double_bit", "Größe #1", "it's: a, kind", "[x]", "'", "0"])
keys = st.tuples(coordinates, coordinates, kinds).filter(
    lambda key: max(abs(key[0][0] - key[1][0]), abs(key[0][1] - key[1][1])) >= 2
)
rows = st.dictionaries(
    st.sampled_from(NAMES),
    st.tuples(st.none() | st.lists(keys, max_size=4), kinds, st.sampled_from(["", "train", "test"])),
    min_size=1,
).filter(lambda table: any(ends is not None for ends, _, _ in table.values()))


@pytest.mark.parametrize("file_format", ["coco", "yolo"])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_what_is_exported_and_imported_marks_the_same_keys(many, file_format, table):
    marks = {name: ends and tuple(KeyEnds(*key) for key in ends) for name, (ends, _, _) in table.items()}
    labels = Labels(
        {
            name: LabelRow(name, kind=kind, split=split, ends=() if marks[name] == [] else marks[name])
            for name, (_, kind, split) in table.items()
        }
    )
    path = many / "labels.csv"
    path.write_text(labels.text(), "utf-8")
    out = many.parent / f"out-{file_format}"
    before = {photo.name: photo for photo in marked_photos(path, many)}
    export_labels(many, out, file_format=file_format, link=True, force=True)
    path.unlink()
    done = import_labels(many, out, STAMP)
    assert done.problems == ()
    after = {photo.name: photo for photo in marked_photos(path, many)}
    path.unlink()
    assert before.keys() == after.keys()
    for name, photo in before.items():
        for old, new in zip(photo.ends, after[name].ends, strict=True):
            assert (*new.head, *new.tip) == pytest.approx((*old.head, *old.tip), abs=0.5)
            assert folded(new.kind) == folded(old.kind)


def coco(*images: str | dict, annotations=(), categories=None) -> dict:
    """A file of images by name, with ids from 1."""
    entries = [image if isinstance(image, dict) else {"file_name": image} for image in images]
    return {
        "images": [{"id": i, "width": 300, "height": 200, **entry} for i, entry in enumerate(entries, 1)],
        "annotations": [{"id": i, "category_id": 1, **entry} for i, entry in enumerate(annotations, 1)],
        "categories": categories or [{"id": 1, "name": "key", "keypoints": ["head", "tip"]}],
    }


def key(image: int = 1, *values: float, **changes) -> dict:
    return {"image_id": image, "keypoints": list(values or (50, 60, 2, 250, 150, 2)), **changes}


def import_coco(folder: Path, content: dict | str, **options):
    path = folder.parent / "annotations.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return import_labels(folder, path, STAMP, **options)


def test_marks_and_kinds_are_written_with_reviewer_and_time(folder):
    categories = [
        {"id": 7, "name": "Double Bit", "keypoints": ["Tip", "BOW", "shoulder"]},
        {"id": 8, "name": "dimple", "keypoints": ["a", "b"]},
    ]
    annotations = [
        key(1, 250, 150, 1, 50, 60, 2, 0, 0, 0, category_id=7),
        key(2, category_id=8),
        key(3, category_id=8),
        key(3, 10, 20, 2, 30, 40, 2, 0, 0, 0, category_id=7),
    ]
    annotations[3]["keypoints"] = [30, 40, 2, 10, 20, 2, 0, 0, 0]
    names = ("up/dimple/a.jpg", "dimple/b.jpg", "root.png")
    done = import_coco(folder, coco(*names, annotations=annotations, categories=categories))
    assert done.problems == ()
    lines = (folder / "labels.csv").read_text().splitlines()[1:]
    assert lines == [
        "dimple/a.jpg,double_bit,,,50 60 250 150,,eva,2026-11-30T08:15:02Z",
        "dimple/b.jpg,,,,50 60 250 150,,eva,2026-11-30T08:15:02Z",
        "root.png,,,,50 60 250 150 dimple; 10 20 30 40 double_bit,,eva,2026-11-30T08:15:02Z",
    ]


@pytest.mark.parametrize(
    ("points", "values"),
    [
        (["head", "tip"], (50, 60, 2, 250, 150, 2)),
        (["TIP", " Head"], (250, 150, 2, 50, 60, 2)),
        (["x", "bow"], (250, 150, 2, 50, 60, 2)),
        (["1", "2"], (50, 60, 1, 250, 150, 2)),
        (None, (50, 60, 2, 250, 150, 2)),
        (["p", "tip", "q", "head"], (0, 0, 0, 250, 150, 2, 0, 0, 0, 50, 60, 2)),
    ],
)
def test_keypoints_may_have_names_in_any_order_and_case_or_none(folder, points, values):
    categories = [{"id": 1, "name": "key", "keypoints": points}]
    import_coco(folder, coco("root.png", annotations=[key(1, *values)], categories=categories))
    (row,) = read_labels(folder / "labels.csv").rows.values()
    assert row.ends == (KeyEnds((50, 60), (250, 150)),)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (
            coco("root.png", annotations=[key(1, 1, 2, 2, 3, 4)]),
            "has 5 numbers in keypoints, but key needs 6",
        ),
        (coco("root.png", annotations=[key(1, 1, 2, 0, 30, 40, 2)]), "has no head: its visibility is 0"),
        (coco("root.png", annotations=[key(1, 1, 2, 2, 30, "x", 2)]), 'has the tip [30, "x", 2]'),
        (coco("root.png", annotations=[key(1, 5, 5, 2, 5, 5, 2)]), "has head and tip both at 5, 5"),
        (
            coco("root.png", annotations=[key(1, 1, 1, 2, 301.5, 5, 2)]),
            "has a key from 1.0, 1.0 to 301.5, 5.0",
        ),
        (coco("root.png", annotations=[key(iscrowd=1)]), "is a crowd, not one key"),
        (
            coco("root.png", annotations=[key(category_id=9)]),
            "category 9, whose keypoints are not known",
        ),
        (
            coco("root.png", annotations=[key(), {"image_id": 1}]),
            "has 0 numbers in keypoints, but key needs 6",
        ),
        (coco("gone.png", annotations=[key()]), "is none of the 6 photos"),
        (coco("dimple/b", annotations=[key()]), "may be any of 2 photos: dimple/b.jpg, dimple/b.png"),
        (coco({"file_name": 3}, annotations=[key()]), "has no file_name"),
        (coco({"file_name": "root.png", "width": 200, "height": 300}, annotations=[key()]), "turned upright"),
        (coco({"file_name": "root.png", "width": 300, "height": 300}, annotations=[key()]), "has 300 x 300"),
        (coco("root.png", annotations=[key(5)]), "is of image 5, which is not among the 2 images"),
        (
            coco(
                "root.png",
                annotations=[key()],
                categories=[{"id": 1, "name": "k", "keypoints": ["a", "b", "c"]}],
            ),
            "has 3 keypoints, of which not one each is head and tip: a, b, c",
        ),
        (
            coco("root.png", annotations=[key(keypoints=None)], categories=[{"id": 1, "name": "lock"}]),
            "has no keypoints; 1 annotation with boxes only",
        ),
    ],
)
def test_an_entry_that_cannot_be_read_leaves_out_its_photo_only(folder, content, fault):
    content["images"].append({"id": 99, "file_name": "dimple/a.jpg"})
    content["annotations"].append(key(99, 1, 2, 2, 30, 40, 2, id=99, category_id=50))
    content["categories"].append({"id": 50, "name": "key", "keypoints": ["head", "tip"]})
    done = import_coco(folder, content)
    assert [row.path for row in done.rows] == ["dimple/a.jpg"]
    assert fault in " ".join(problem.reason for problem in done.problems)
    assert all("annotations.json, " in problem.name for problem in done.problems)
    assert set(read_labels(folder / "labels.csv").rows) == {"dimple/a.jpg"}


def test_names_that_are_paths_of_another_machine_are_found_in_the_folder_only(folder):
    (folder.parent / "secret.png").write_bytes((folder / "root.png").read_bytes())
    names = ("/etc/dimple/a.jpg", r"D:\x\root.png", "../secret.png", str(folder.parent / "secret.png"))
    done = import_coco(folder, coco(*names, annotations=[key(number) for number in (1, 2, 3, 4)]))
    assert [row.path for row in done.rows] == ["dimple/a.jpg", "root.png"]
    assert len(done.problems) == 2


def test_of_two_entries_of_one_photo_the_one_with_its_path_counts_or_none(folder):
    annotations = [key(1), key(2, 1, 2, 2, 30, 40, 2)]
    done = import_coco(folder, coco("other/a.jpg", "dimple/a.jpg", annotations=annotations))
    assert [row.ends for row in done.rows] == [(KeyEnds((1, 2), (30, 40)),)]
    assert [problem.reason.partition(";")[0] for problem in done.problems] == [
        "is dimple/a.jpg, like 1 other entries"
    ]
    assert import_coco(folder, coco("x/a.jpg", "y/a.jpg", annotations=annotations)).rows == ()


def test_photos_without_annotations_are_not_taken_for_photos_without_keys(folder):
    done = import_coco(folder, coco("root.png", {"file_name": "dimple/a.jpg", "n_keys": 0}))
    assert (done.unmarked, [(row.path, row.ends) for row in done.rows]) == (1, [("dimple/a.jpg", ())])


def test_marks_of_a_smaller_copy_are_scaled(folder):
    import_coco(
        folder,
        coco(
            {"file_name": "root.png", "width": 150, "height": 100}, annotations=[key(1, 5, 6, 2, 70, 80, 2)]
        ),
    )
    (row,) = read_labels(folder / "labels.csv").rows.values()
    assert row.ends == (KeyEnds((10, 12), (140, 160)),)


def test_other_decisions_stay_unless_they_are_to_be_replaced(folder):
    file = LabelFile(folder)
    same = LabelRow("dimple/a.jpg", ends=(KeyEnds((50.3, 60), (250, 149.7), "dimple"),), key="k", who="ada")
    other = LabelRow("dimple/b.jpg", ends=(), who="ada")
    labelled = LabelRow("root.png", kind="mortice", split="test", who="ada")
    blurred = LabelRow("long.name.jpg", excluded="blurred", who="ada")
    file.change([same, other, labelled, blurred], {})
    names = ("dimple/a.jpg", "dimple/b.jpg", "root.png", "long.name.jpg")
    categories = [{"id": 1, "name": "dimple", "keypoints": ["head", "tip"]}]
    content = coco(*names, annotations=[key(number) for number in (1, 2, 3, 4)], categories=categories)
    done = import_coco(folder, content)
    assert (done.unchanged, done.kept, [row.path for row in done.rows]) == (
        1,
        ("dimple/b.jpg", "root.png"),
        ["long.name.jpg"],
    )
    rows = read_labels(folder / "labels.csv").rows
    assert [rows[row.path] for row in (same, other, labelled)] == [same, other, labelled]
    assert (rows["long.name.jpg"].excluded, rows["long.name.jpg"].kind) == ("blurred", "dimple")
    assert [row.path for row in import_coco(folder, content, force=True).rows] == ["dimple/b.jpg", "root.png"]
    rows = read_labels(folder / "labels.csv").rows
    assert (rows["root.png"].kind, rows["root.png"].split, rows["root.png"].who) == ("dimple", "test", "eva")
    assert rows["dimple/a.jpg"] == same


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            json.dumps(coco("root.png", annotations=[key()]))[:-40],
            r"annotations\.json: cannot be read as JSON \(",
        ),
        ("[" * 100_000, "cannot be read as JSON"),
        ("{}", "is JSON, but has no lists images, annotations, categories"),
        ('{"images": {}, "annotations": []}', "is JSON, but has no lists"),
        ("", "cannot be read as JSON"),
    ],
)
def test_a_file_that_is_not_coco_is_an_error_and_changes_nothing(folder, text, fault):
    with pytest.raises(BadDataset, match=fault):
        import_coco(folder, text)
    assert not (folder / "labels.csv").exists()


def test_entries_that_are_no_objects_are_problems(folder):
    content = {"images": [3, None], "annotations": ["a", {"image_id": [1]}], "categories": [[]]}
    assert len(import_coco(folder, content).problems) == 4


def write_yolo(folder: Path, data: str, labels: dict[str, str]) -> Path:
    source = folder.parent / "yolo"
    for name, text in labels.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    (source / "data.yaml").write_text(data)
    return source


DATA = "names: [key, 'own: kind']\nkpt_shape: [2, 3]\n"
LINE = "0 0.5 0.5 0.5 0.5 0.1 0.2 2 0.8 0.9 1\n"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (DATA, LINE),
        ("names:\n- key\nkpt_shape: [2, 2]\n", "0 0.5 0.5 0.5 0.5 0.1 0.2 0.8 0.9"),
        ("names: {0: key}\nkpt_shape: [2, 3]\nkpt_names: {0: [tip, bow]}\n", "0 .5 .5 .5 .5 .8 .9 2 .1 .2 2"),
        (
            "names: [key]\nkpt_shape: [3, 2]\nkpt_names:\n- a\n- tip\n- head\n",
            "0 .5 .5 .5 .5 0 0 .8 .9 .1 .2",
        ),
    ],
)
@pytest.mark.parametrize("place", ["labels/dimple", "labels/train/x/dimple", "train/labels/dimple"])
def test_yolo_labels_are_shares_of_the_upright_photo(folder, data, line, place):
    done = import_labels(folder, write_yolo(folder, data, {f"{place}/a.txt": line}), STAMP)
    assert [(row.path, row.ends) for row in done.rows] == [("dimple/a.jpg", (KeyEnds((30, 40), (240, 180)),))]


def test_yolo_labels_take_the_photo_that_the_image_beside_them_is_of(folder):
    source = write_yolo(
        folder, DATA, {"labels/val/b.txt": LINE.replace("0", "1", 1), "labels/val/root.txt": ""}
    )
    (source / "images" / "val").mkdir(parents=True)
    Image.new("RGB", SIZE).save(source / "images" / "val" / "b.png")
    done = import_labels(folder, source / "data.yaml", STAMP)
    assert [(row.path, row.kind, len(row.ends)) for row in done.rows] == [
        ("dimple/b.png", "own: kind", 1),
        ("root.png", "", 0),
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("0 0.5 0.5 0.5 0.5 0.1 0.2 2 0.8 0.9\n", "line 2 has 10 numbers, but needs 11"),
        ("7" + LINE[1:], "line 2 is of class 7, which has no name in data.yaml"),
        (
            LINE.replace("0.8", "1.8"),
            "line 2 has the tip 1.8, 0.9, but shares of the photo's sides",
        ),
        (LINE.replace("0.8", "nan"), "line 2 has the tip nan, 0.9"),
        (LINE.replace("0.9 1", "0.9 0"), "line 2 has no tip: its visibility is 0"),
        (LINE.replace("0.8", "x"), "line 2 has a value that is not a number"),
        ("0 0 0 0 0 0.1 0.1 2 0.1 0.101 2\n", "has a key of 0.20 pixels"),
    ],
)
def test_a_wrong_line_of_labels_is_named_and_leaves_out_its_photo_only(folder, line, fault):
    source = write_yolo(folder, DATA, {"labels/root.txt": LINE + line, "labels/a.txt": LINE})
    done = import_labels(folder, source, STAMP)
    assert [row.path for row in done.rows] == ["dimple/a.jpg"]
    assert fault in done.problems[0].reason
    assert done.problems[0].name.endswith("labels/root.txt")


@pytest.mark.parametrize(
    ("data", "labels", "fault"),
    [
        ("names: [key]\n", {"labels/a.txt": LINE}, "is neither COCO keypoints .* nor a YOLO pose dataset"),
        ("kpt_shape: [2, 3]\n", {"labels/a.txt": LINE}, r"data\.yaml: does not describe .* \(no 'names'\)"),
        (
            "names: [a]\nkpt_shape: [17, 3]\n",
            {"labels/a.txt": LINE},
            "17 keypoints without names",
        ),
        ("names: [a]\nkpt_shape: [2, 4]\n", {"labels/a.txt": LINE}, "has 4 values a keypoint"),
        ("names: [a\nkpt_shape: [2, 3]\n", {"labels/a.txt": LINE}, "line 1 has a bracket that is not closed"),
        (DATA, {"a.txt": LINE}, "has no text files in a folder named labels"),
    ],
)
def test_a_folder_that_is_no_yolo_pose_dataset_is_an_error(folder, data, labels, fault):
    with pytest.raises(BadDataset, match=fault):
        import_labels(folder, write_yolo(folder, data, labels), STAMP)


def test_a_folder_with_both_formats_needs_the_format(folder):
    source = write_yolo(folder, DATA, {"labels/a.txt": LINE})
    (source / "annotations").mkdir()
    (source / "annotations" / "keypoints.json").write_text(json.dumps(coco("root.png", annotations=[key()])))
    (source / "settings.json").write_text("{}")
    with pytest.raises(BadDataset, match="choose one with --format"):
        import_labels(folder, source, STAMP)
    assert [row.path for row in import_labels(folder, source, STAMP, file_format="yolo").rows] == [
        "dimple/a.jpg"
    ]
    assert [row.path for row in import_labels(folder, source, STAMP, file_format="coco").rows] == ["root.png"]


def test_a_dataset_inside_the_folder_of_photos_is_not_searched_for_photos(folder):
    source = folder / "export"
    shutil.copytree(folder / "dimple", source / "images" / "dimple")
    (source / "a.json").write_text(json.dumps(coco("a.jpg", annotations=[key()])))
    assert [row.path for row in import_labels(folder, source, STAMP).rows] == ["dimple/a.jpg"]


def test_a_table_whose_marks_are_in_keys_csv_is_not_changed(folder):
    text = "path,label,n_keys,source\nroot.png,dimple,1,x\n"
    (folder / "labels.csv").write_text(text)
    with pytest.raises(BadDataset, match="has the column n_keys"):
        import_coco(folder, coco("root.png", annotations=[key()]))
    assert (folder / "labels.csv").read_text() == text


def test_missing_photos_and_sources_are_errors(folder):
    with pytest.raises(BadDataset, match="does not exist"):
        import_labels(folder, folder.parent / "none.json", STAMP)
    (folder.parent / "annotations.json").write_text(json.dumps(coco("root.png", annotations=[key()])))
    with pytest.raises(BadDataset, match="does not exist; give the folder of photos"):
        import_labels(folder.parent / "none", folder.parent / "annotations.json", STAMP)
    (folder.parent / "none").mkdir()
    done = import_labels(folder.parent / "none", folder.parent / "annotations.json", STAMP)
    assert "is none of the 0 photos" in done.problems[0].reason
