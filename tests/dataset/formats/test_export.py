"""Tests of export.py, coco.py and yolo.py: what other programs get."""

import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keykind.core.errors import BadDataset, CannotWrite
from keykind.dataset.formats.export import export_labels
from keykind.detect.crops import MARKED_WIDTH
from keykind.photo.decode import read_photo
from turned import STORED, ends_are_at, save_turned

SIZE, HEAD, TIP = (300, 200), (50, 60), (250, 150)
ENDS = "50 60 250 150"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Photos stored in every orientation, one of which is for testing, and one without a key."""
    photos = tmp_path / "photos"
    rows = []
    for orientation in STORED:
        save_turned(photos / "dimple" / f"{orientation}.jpg", orientation, SIZE, HEAD, TIP)
        rows.append(f"dimple/{orientation}.jpg,{ENDS},{'test' if orientation == 8 else ''}\n")
    Image.new("RGB", SIZE).save(photos / "empty.png")
    (photos / "labels.csv").write_text("path,ends,split\n" + "".join(rows) + "empty.png,none,\n")
    return photos


def export(folder: Path, file_format: str, **options: bool):
    return export_labels(folder, folder.parent / "out", file_format=file_format, **options)


def coco(folder: Path) -> dict:
    return json.loads((folder.parent / "out" / "annotations.json").read_text("utf-8"))


@pytest.mark.parametrize("link", [False, True])
def test_coco_images_show_the_ends_of_keys_where_the_annotations_say(folder, link):
    done = export(folder, "coco", link=link)
    assert (done.photos, done.keys, done.without_keys, done.test, done.problems) == (9, 8, 1, 1, ())
    assert done.upright == 7
    content = coco(folder)
    annotations = {entry["image_id"]: entry for entry in content["annotations"]}
    assert [(entry["name"], entry["keypoints"]) for entry in content["categories"]] == [
        ("dimple", ["head", "tip"])
    ]
    for image in content["images"]:
        with Image.open(folder.parent / "out" / "images" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"]) == SIZE
            if entry := annotations.get(image["id"]):
                x, y, _, u, v, _ = entry["keypoints"]
                assert ends_are_at(picture, (x, y), (u, v))
    assert [image["file_name"] for image in content["images"] if image["n_keys"] == 0] == ["empty.png"]


@pytest.mark.parametrize("link", [False, True])
def test_yolo_images_show_the_ends_of_keys_where_the_labels_say(folder, link):
    export(folder, "yolo", link=link)
    out = folder.parent / "out"
    files = sorted(out.rglob("*.txt"))
    assert Counter(path.relative_to(out).parts[:2] for path in files) == {
        ("labels", "train"): 8,
        ("labels", "val"): 1,
    }
    for path in files:
        (image,) = Path(str(path.parent).replace("/labels", "/images")).glob(f"{path.stem}.*")
        lines = path.read_text().split("\n")[:-1]
        assert len(lines) == (path.stem != "empty")
        with Image.open(image) as picture:
            for line in lines:
                kind, *box, x, y, seen, u, v, visible = map(float, line.split())
                assert (kind, seen, visible) == (0, 2, 2)
                assert all(0 <= value <= 1 for value in box)
                sides = np.array(picture.size)
                assert ends_are_at(picture, (x, y) * sides, (u, v) * sides)


def test_a_box_has_the_assumed_width_across_the_key_and_ends_with_the_photo(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (400, 300)).save(photos / "a.jpg")
    (photos / "labels.csv").write_text("path,ends\na.jpg,100 150 300 150; 10 100 10 200; 399.5 0 401 301\n")
    export(photos, "coco")
    across, edge, outside = coco(photos)["annotations"]
    width = MARKED_WIDTH * 200
    assert across["bbox"] == pytest.approx([100, 150 - width / 2, 200, width], abs=0.1)
    assert across["area"] == pytest.approx(200 * width, abs=0.1)
    assert edge["bbox"] == pytest.approx([0, 100, 10 + 50 * MARKED_WIDTH, 100], abs=0.1)
    assert edge["area"] <= edge["bbox"][2] * edge["bbox"][3] + 0.1
    assert outside["keypoints"] == [399.5, 0, 2, 400, 300, 2]


def test_photos_are_not_changed_and_links_share_their_bytes(folder):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*.*")}
    export(folder, "coco", link=True)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*.*")} == before
    images = folder.parent / "out" / "images"
    assert (images / "dimple" / "1.jpg").samefile(folder / "dimple" / "1.jpg")
    assert not (images / "dimple" / "6.jpg").samefile(folder / "dimple" / "6.jpg")
    export(folder, "coco", force=True)
    assert not (images / "dimple" / "1.jpg").samefile(folder / "dimple" / "1.jpg")
    assert (images / "dimple" / "1.jpg").read_bytes() == (folder / "dimple" / "1.jpg").read_bytes()


def test_names_stay_apart_where_only_their_extensions_differ_or_are_not_known(tmp_path):
    photos = tmp_path / "photos"
    (photos / "images").mkdir(parents=True)
    for name, kind in (("a.jpg", "JPEG"), ("a.png", "PNG"), ("b.gif", "GIF"), ("c", "PNG"), ("d.jpg", "PNG")):
        Image.new("RGB", SIZE).save(photos / "images" / name, kind)
    names = "".join(f"images/{name},{ENDS}\n" for name in ("a.jpg", "a.png", "b.gif", "c", "d.jpg"))
    (photos / "labels.csv").write_text("path,ends\n" + names)
    export(photos, "yolo")
    out = tmp_path / "out"
    found = sorted(str(path.relative_to(out / "images" / "train")) for path in out.rglob("images/train/*/*"))
    assert found == [
        f"images_/{name}" for name in ("a.jpg.jpg", "a.png.png", "b.gif.jpg", "c.png", "d.jpg.png")
    ]
    assert sorted(path.name for path in out.rglob("*.txt")) == [
        "a.jpg.txt",
        "a.png.txt",
        "b.gif.txt",
        "c.txt",
        "d.jpg.txt",
    ]


def test_photos_that_vanished_or_have_marks_outside_are_left_out_and_named(folder):
    (folder / "dimple" / "1.jpg").unlink()
    save_turned(folder / "dimple" / "2.jpg", 2, (240, 200), HEAD, (200, 150))
    (folder / "dimple" / "3.jpg").write_bytes((folder / "dimple" / "3.jpg").read_bytes()[:900])
    done = export(folder, "yolo")
    assert [problem.name for problem in done.problems] == [f"dimple/{number}.jpg" for number in (1, 2, 3)]
    assert "has 240 x 200 pixels, but a key is marked from 50, 60 to 250, 150" in done.problems[1].reason
    assert done.photos == 6
    assert (
        len(list((folder.parent / "out").rglob("*.txt")))
        == len(list((folder.parent / "out").rglob("images/*/*/*"))) + 1
    )


def test_nothing_to_export_is_an_error_that_leaves_no_files(folder, tmp_path):
    for name in folder.rglob("*.*"):
        if name.name != "labels.csv":
            name.unlink()
    with pytest.raises(BadDataset, match="marks 9 photos, 0 of which can be exported"):
        export(folder, "coco")
    assert list((tmp_path / "out").iterdir()) == []
    (folder / "labels.csv").write_text("path,kind,ends,excluded\na.jpg,dimple,,\nb.jpg,,1 2 3 4,blurred\n")
    with pytest.raises(BadDataset, match=r"has 0 photos whose keys are marked \(2 rows\)"):
        export(folder, "coco")
    (folder / "labels.csv").write_text("path,ends\n/etc/a.jpg,1 2 3 4\n")
    with pytest.raises(BadDataset, match=r"names /etc/a\.jpg, which is not a path inside the folder"):
        export(folder, "coco")


def test_only_an_earlier_export_is_replaced_and_all_of_it(folder, tmp_path):
    out = tmp_path / "out"
    export(folder, "yolo")
    (out / "runs").mkdir()
    with pytest.raises(CannotWrite, match="exists and is not empty; give a new folder, or --force"):
        export(folder, "coco")
    export(folder, "coco", force=True)
    assert sorted(path.name for path in out.iterdir()) == ["annotations.json", "images", "runs"]
    (out / "annotations.json").write_text("{}")
    with pytest.raises(CannotWrite, match="was not exported by keykind"):
        export(folder, "coco", force=True)


@pytest.mark.parametrize(
    ("out", "fault"),
    [
        ("photos", "is the folder of photos itself"),
        ("photos/out", "is in .*, or contains it"),
        (".", "is in .*, or contains it"),
    ],
)
def test_an_export_is_never_among_the_photos(folder, tmp_path, out, fault):
    with pytest.raises(CannotWrite, match=fault):
        export_labels(folder, tmp_path / out, file_format="coco", force=True)
    assert len(list(folder.rglob("*.jpg"))) == 8


def test_links_to_another_disk_are_an_error_that_says_what_to_do(folder, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(CannotWrite, match="without --link"):
        export(folder, "coco", link=True)


def test_pycocotools_reads_an_export_and_finds_it_equal_to_itself(folder, capsys):
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    export(folder, "coco")
    truth = COCO(str(folder.parent / "out" / "annotations.json"))
    (category,) = truth.loadCats(truth.getCatIds(["dimple"]))
    assert (category["keypoints"], category["skeleton"]) == (["head", "tip"], [[1, 2]])
    keys = truth.loadAnns(truth.getAnnIds())
    found = truth.loadRes(
        [
            {**{name: key[name] for name in ("image_id", "category_id", "keypoints")}, "score": 1.0}
            for key in keys
        ]
    )
    evaluation = COCOeval(truth, found, "keypoints")
    evaluation.params.kpt_oks_sigmas = np.array([0.05, 0.05])
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1)
    capsys.readouterr()


def test_the_sizes_are_those_of_the_upright_photos(folder):
    export(folder, "coco")
    for image in coco(folder)["images"]:
        photo = read_photo(folder / image["file_name"])
        assert (image["width"], image["height"]) == (photo.width, photo.height)
