"""Tests of rendered datasets and of `keykind render`: jobs, resuming, failures, COCO, contact sheet."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import keykind
from keykind.cli import main
from keykind.core import extras
from keykind.core.errors import CannotWrite, KeykindError
from keykind.core.kinds import KINDS, NAMES
from keykind.dataset.dataset import read_dataset

pytest.importorskip("mitsuba", reason="the extra render is not installed")
pytest.importorskip("manifold3d", reason="the extra render is not installed")

from fake_studio import FAKE, FakeStudio
from keykind.core.geometry import decode_rle
from keykind.render.keys.catalogue import draw_function
from keykind.render.scenes import scene_builder
from keykind.render.sets import set_folder, sheet
from keykind.render.sets.job import SCENES, Job, make_job
from keykind.render.sets.rendering import open_studio, render_set
from keykind.render.sets.set_folder import SetFolder
from keykind.render.studio.variant import choose_variant

ROOT = Path(__file__).parents[2]
JOB = Job(6, ("cylinder", "dimple"), None, 64, 0)
KILLS = int(os.environ.get("KEYKIND_KILLS", "2"))  # times that a command is killed


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file of a dataset, without partial files of a killed command."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".unfinished-")
    }


@pytest.fixture(scope="module")
def finished_set(tmp_path_factory) -> Path:
    """A dataset rendered without interruption."""
    out = tmp_path_factory.mktemp("finished") / "set"
    render_set(SetFolder(out), JOB, FakeStudio(1))
    return out


# Jobs


def test_every_kind_can_be_drawn_and_every_scene_built():
    assert all(callable(draw_function(kind)) for kind in NAMES)
    assert tuple(scene_builder.BUILDERS) == SCENES


def test_kinds_take_turns_and_each_is_shown_in_both_scenes():
    tasks = list(make_job(4 * len(NAMES), None, None, 320, 0).tasks())
    assert [task.kinds[0] for task in tasks[: len(NAMES)]] == list(NAMES)
    counts = Counter((task.folder, task.scene) for task in tasks)
    assert counts == {(kind, scene): 2 for kind in NAMES for scene in ("product", "phone")}
    assert {task.scene for task in tasks[:2]} == {"product", "phone"}


@pytest.mark.parametrize(
    ("scene", "folder"), [("phone", "tubular"), ("multi", "multi"), ("nothing", "nothing")]
)
def test_a_photo_is_in_the_folder_of_its_kind_or_else_of_its_scene(scene, folder):
    kinds = None if scene == "nothing" else ["tubular", "mortice"]
    task = next(make_job(1, kinds, scene, 320, 0).tasks())
    assert task.folder == folder
    assert task.stem == f"{folder}-000000"
    assert len(task.kinds) == {"phone": 1, "multi": 2, "nothing": 0}[scene]


def test_a_repeated_kind_counts_once():
    assert make_job(1, ["dimple", "dimple"], None, 320, 0).kinds == ("dimple",)


# Rendering and resuming


def test_a_dataset_has_photos_labels_and_overview_files(finished_set):
    stems = [f"{JOB.kinds[index % 2]}-{index:06}" for index in range(6)]
    photos = {f"{stem.split('-')[0]}/{stem}.jpg" for stem in stems}
    labels = {f"labels/{stem}.json" for stem in stems}
    assert contents(finished_set).keys() == photos | labels | {"coco.json", "contact-sheet.png", "set.json"}
    label = json.loads((finished_set / "labels" / "dimple-000001.json").read_text("utf-8"))
    assert (label["file"], label["redrawn"]) == ("dimple/dimple-000001.jpg", 1)


@pytest.mark.parametrize("workers", [2, 3])
def test_the_number_of_workers_changes_no_byte(finished_set, tmp_path, workers):
    render_set(SetFolder(tmp_path / "set"), JOB, FakeStudio(workers))
    assert contents(tmp_path / "set") == contents(finished_set)


def test_photos_rendered_in_another_order_are_the_same(finished_set, tmp_path):
    folder = SetFolder(tmp_path / "set")
    for task in reversed(list(JOB.tasks())):
        photo = FakeStudio(1).render(task)
        assert photo.jpeg == (finished_set / folder.photo_path(task).relative_to(folder.path)).read_bytes()


def test_an_interrupted_job_is_resumed(finished_set, tmp_path):
    out = tmp_path / "set"
    shutil.copytree(finished_set, out)
    expected = contents(finished_set)
    (out / "labels" / "dimple-000003.json").unlink()  # a photo without a label
    (out / "cylinder" / "cylinder-000004.jpg").unlink()  # a label without a photo
    (out / "coco.json").unlink()
    (out / "dimple" / ".unfinished-0.jpg").write_bytes(b"half")
    (tmp_path / "diary").mkdir()
    summary = render_set(SetFolder(out), JOB, FakeStudio(2, diary=tmp_path / "diary"))
    assert contents(out) == expected
    assert (summary.rendered, summary.existing, summary.redrawn) == (2, 4, 6)
    assert {path.name.split("-")[0] for path in (tmp_path / "diary").iterdir()} == {"3", "4"}
    assert not list(out.rglob(".unfinished-*"))


def test_a_finished_dataset_is_not_changed(finished_set):
    before = contents(finished_set)
    summary = render_set(SetFolder(finished_set), JOB, FakeStudio(2))
    assert (summary.rendered, summary.existing) == (0, 6)
    assert "6 already existed" in str(summary)
    assert contents(finished_set) == before


def test_a_photo_that_fails_does_not_stop_the_others(finished_set, tmp_path):
    out = tmp_path / "set"
    summary = render_set(SetFolder(out), JOB, FakeStudio(2, failing=(1, 4)))
    assert [failure.name for failure in summary.failures] == ["dimple-000001", "cylinder-000004"]
    assert "ValueError: a fault of its own" in summary.failures[0].reason
    assert "4 photos rendered" in str(summary)
    assert "2 failed" in str(summary)
    assert len(json.loads((out / "coco.json").read_text("utf-8"))["images"]) == 4
    assert render_set(SetFolder(out), JOB, FakeStudio(1)).rendered == 2
    assert contents(out) == contents(finished_set)


def test_an_error_if_every_photo_fails(tmp_path):
    with pytest.raises(KeykindError, match=r"none of 6 photos.*a fault of its own"):
        render_set(SetFolder(tmp_path / "set"), JOB, FakeStudio(2, failing=tuple(range(6))))


def test_a_killed_worker_is_an_error_and_finished_photos_are_kept(finished_set, tmp_path):
    out = tmp_path / "set"
    with pytest.raises(
        KeykindError, match=r"was killed.*finished photos are kept; run the same command again"
    ):
        render_set(SetFolder(out), JOB, FakeStudio(1, deadly=3))
    assert len(list((out / "labels").glob("*.json"))) == 3
    render_set(SetFolder(out), JOB, FakeStudio(1))
    assert contents(out) == contents(finished_set)


def test_a_full_disk_is_an_error_and_every_photo_is_complete(small_disk):
    folder, job = SetFolder(small_disk / "set"), Job(99, ("mortice", "dimple"), None, 320, 0)
    with pytest.raises(CannotWrite, match="cannot be written"):
        render_set(folder, job, FakeStudio(2))
    photos = list((small_disk / "set").glob("*/*.jpg"))
    assert photos
    for path in photos:
        Image.open(path).load()
    for path in (small_disk / "set" / "labels").glob("*.json"):
        label = json.loads(path.read_text("utf-8"))
        assert (small_disk / "set" / label["file"]).is_file()


def test_two_commands_cannot_render_into_one_folder(tmp_path):
    folder, faults = SetFolder(tmp_path / "set"), []
    first = threading.Thread(target=render_set, args=(folder, JOB, FakeStudio(1, pause=0.2)))
    first.start()
    while not (tmp_path / "set" / "set.json").exists():
        time.sleep(0.01)
    try:
        render_set(folder, JOB, FakeStudio(1))
    except KeykindError as error:
        faults.append(str(error))
    first.join()
    assert "is in use" in faults[0]


SCRIPT = """
import sys
from pathlib import Path
from fake_studio import FakeStudio
from keykind.render.sets.job import Job
from keykind.render.sets.set_folder import SetFolder
from keykind.render.sets.rendering import render_set
if __name__ == "__main__":
    job = Job(6, ("cylinder", "dimple"), None, 64, 0)
    render_set(SetFolder(Path(sys.argv[1])), job, FakeStudio(2, pause=0.3, diary=Path(sys.argv[2])))
"""


def start_rendering(tmp_path: Path, photos: int) -> subprocess.Popen:
    """Return a process that renders slowly, after it has finished this many photos."""
    (tmp_path / "diary").mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, tmp_path / "script.py", tmp_path / "set", tmp_path / "diary"]
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while len(list((tmp_path / "set" / "labels").glob("*.json"))) < photos and process.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()[1]
    return process


def workers_of(tmp_path: Path) -> set[int]:
    return {int(path.name.split("-")[1]) for path in (tmp_path / "diary").iterdir()}


def have_exited(processes: set[int]) -> bool:
    """Return whether the processes exit within 5 seconds."""
    for _ in range(500):
        if not any(Path(f"/proc/{process}/task").exists() for process in processes):
            return True
        time.sleep(0.01)
    return False


def test_a_killed_job_can_be_resumed_to_the_same_bytes(finished_set, tmp_path):
    process = start_rendering(tmp_path, 2)
    process.kill()
    process.communicate()
    assert have_exited(workers_of(tmp_path)), "workers outlive the command"
    for path in (tmp_path / "set" / "labels").glob("[!.]*"):
        assert (tmp_path / "set" / json.loads(path.read_text("utf-8"))["file"]).is_file()
    assert not (tmp_path / "set" / "coco.json").exists()
    render_set(SetFolder(tmp_path / "set"), JOB, FakeStudio(2))
    assert contents(tmp_path / "set") == contents(finished_set)


def test_ctrl_c_ends_the_workers_silently_and_damages_no_photo(finished_set, tmp_path):
    process = start_rendering(tmp_path, 1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to the command and its workers
    stderr = process.communicate()[1]
    assert stderr.count("Traceback") <= 1, stderr  # that of the script itself, which does not catch it
    assert have_exited(workers_of(tmp_path))
    photos = [path.relative_to(tmp_path / "set") for path in (tmp_path / "set").glob("*/[!.]*.jpg")]
    assert photos
    assert all(
        (tmp_path / "set" / photo).read_bytes() == (finished_set / photo).read_bytes() for photo in photos
    )


# COCO and the contact sheet


def test_the_coco_file_agrees_with_the_labels(finished_set):
    coco = json.loads((finished_set / "coco.json").read_text("utf-8"))
    assert [category["name"] for category in coco["categories"]] == list(NAMES)
    assert [image["id"] for image in coco["images"]] == list(range(6))
    assert all((finished_set / image["file_name"]).is_file() for image in coco["images"])
    annotation = coco["annotations"][3]
    assert (annotation["id"], annotation["image_id"]) == (4, 3)
    assert NAMES[annotation["category_id"] - 1] == "dimple"
    assert annotation["bbox"] == [5, 8, 10, 20]
    assert annotation["area"] == decode_rle(annotation["segmentation"]).sum() == 200
    assert annotation["iscrowd"] == 0
    parts = [decode_rle(annotation[part]) for part in ("bow", "blade")]
    assert np.array_equal(parts[0] ^ parts[1], decode_rle(annotation["segmentation"]))


def test_photos_without_keys_have_no_annotations(tmp_path):
    job = make_job(3, None, "nothing", 64, 0)
    render_set(SetFolder(tmp_path), job, FakeStudio(1))
    coco = json.loads((tmp_path / "coco.json").read_text("utf-8"))
    assert (len(coco["images"]), coco["annotations"]) == (3, [])


def test_the_contact_sheet_shows_evenly_spaced_photos(finished_set):
    with Image.open(finished_set / "contact-sheet.png") as picture:
        assert picture.width > 6 * sheet.TILE
    items = list(range(1000))
    assert len(sheet.evenly_spaced(items)) == sheet.MAX_PHOTOS
    assert sheet.evenly_spaced(items)[0] == 0
    assert sheet.evenly_spaced([1, 2]) == [1, 2]


def test_a_rendered_dataset_is_read_without_warnings(finished_set):
    dataset = read_dataset(finished_set)
    assert dataset.kinds == ("cylinder", "dimple")
    assert len(dataset.samples) == 6
    assert not dataset.warnings
    assert not dataset.read_errors


def test_labels_is_a_kind_in_a_dataset_that_was_not_rendered(tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("labels", "others"):
        (tmp_path / kind).mkdir()
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(tmp_path / kind / "0.png")
    assert read_dataset(tmp_path).kinds == ("labels", "others")


# Errors before rendering


@pytest.fixture
def fail_if_started(monkeypatch):
    """Fail if a variant is tried or rendering starts."""
    monkeypatch.setattr(
        "keykind.render.sets.rendering.choose_variant", lambda _: pytest.fail("a variant was tried")
    )
    monkeypatch.setattr(
        "keykind.render.sets.rendering.run_in_processes", lambda *_: pytest.fail("rendering was started")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", 0], "count 0: is below 1"),
        (["--count", -5], "count -5: is below 1"),
        (["--size", 7], "size 7: is outside 64 to"),
        (["--size", 40_000], "size 40000: is outside 64 to"),
        (["--scene", "moon"], "scene 'moon': is not known; choose product, phone, multi"),
        (["--kinds", "cylinder,padlock"], "kind 'padlock': is not known; choose from cylinder, dimple"),
        (["--kinds", "cylinder,"], "kind '': is not known"),
        (["--scene", "nothing", "--kinds", "dimple"], "the scene nothing shows no key"),
        (["--workers", 0], "workers 0: is below 1"),
        (["--variant", "gpu"], "variant 'gpu': is not known; choose from cuda_ad_rgb"),
        (["--count", 10**9], "MB are free"),
    ],
)
def test_an_invalid_job_is_a_one_line_error_before_rendering(
    fail_if_started, tmp_path, capsys, arguments, message
):
    options = [str(argument) for argument in ("--count", 3, *arguments)]
    assert main.main(["render", str(tmp_path / "set"), *options]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert not (tmp_path / "set").exists()


def test_a_folder_with_other_files_is_refused(fail_if_started, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years")
    assert main.main(["render", str(tmp_path), "--count", "3"]) == 2
    assert "already exists and is not a rendered dataset" in capsys.readouterr().err
    assert main.main(["render", str(tmp_path / "thesis.txt"), "--count", "3"]) == 2
    assert "already exists and is not a rendered dataset" in capsys.readouterr().err
    assert main.main(["render", str(tmp_path / "thesis.txt" / "set"), "--count", "3"]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", 7], "begun with count 6, not 7"),
        (["--size", 96], "begun with size 64, not 96"),
        (["--seed", 1], "begun with seed 0, not 1"),
        (["--scene", "phone"], "begun with scene in turn, not phone"),
        (["--kinds", "dimple"], "begun with kinds cylinder, dimple, not dimple"),
        (["--variant", "llvm_ad_rgb"], "begun with variant scalar_rgb, not llvm_ad_rgb"),
    ],
)
def test_a_different_job_in_the_same_folder_is_refused(
    fail_if_started, finished_set, capsys, arguments, message
):
    options = ["--count", 6, "--size", 64, "--kinds", "cylinder,dimple", *arguments]
    assert main.main(["render", str(finished_set), *map(str, options)]) == 2
    assert message in capsys.readouterr().err


def test_a_job_is_resumed_with_the_variant_it_was_begun_with(monkeypatch, finished_set):
    requested = []
    monkeypatch.setattr(
        "keykind.render.sets.rendering.choose_variant", lambda name: requested.append(name) or FAKE
    )
    assert open_studio(SetFolder(finished_set), JOB, None, None).workers >= 1
    assert requested == ["scalar_rgb"]


def test_a_missing_extra_is_one_line_with_the_command_that_installs_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert main.main(["render", str(tmp_path / "set"), "--count", "1"]) == 2
    assert "pip install 'keykind[render]'" in capsys.readouterr().err


def test_the_required_disk_space_is_not_underestimated(rendered):
    job = json.loads((rendered / "set.json").read_text("utf-8"))
    estimate = set_folder.BYTES_PER_PHOTO + set_folder.BYTES_PER_PIXEL * job["size"] ** 2
    size = sum(len(data) for name, data in contents(rendered).items() if not name.endswith(".png"))
    assert size < job["count"] * estimate


# The command, with real rendering

SMALL = ["--count", 4, "--size", 64, "--variant", "scalar_rgb", "--kinds", "cylinder,tubular", "--seed", 3]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> Path:
    """A small dataset rendered by the command with two workers."""
    out = tmp_path_factory.mktemp("rendered") / "set"
    done = keykind("render", out, *SMALL, "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["rendering with Mitsuba scalar_rgb"]
    lines = done.stdout.splitlines()
    assert lines[0].startswith("4 photos rendered in ")
    assert lines[-1] == str(out / "contact-sheet.png")
    return out


def test_rendered_photos_have_contrast_and_labels(rendered):
    for path in rendered.glob("*/*.jpg"):
        with Image.open(path) as photo:
            assert max(photo.size) == 64
            assert np.asarray(photo).std() > 3
        label = json.loads((rendered / "labels" / f"{path.stem}.json").read_text("utf-8"))
        assert {key["kind"] for key in label["keys"]} == {path.parent.name}
    assert not read_dataset(rendered).read_errors


@pytest.mark.slow
def test_a_command_killed_at_random_times_can_be_resumed_to_the_same_bytes(rendered, tmp_path):
    expected = contents(rendered)
    for index, delay in enumerate(np.random.default_rng(0).uniform(0.5, 6, KILLS)):
        out = tmp_path / f"killed-{index}"
        command = [sys.executable, "-m", "keykind", "render", out, *SMALL, "--workers", 2]
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(delay)
        process.kill()
        process.wait()
        resumed = keykind("render", out, *SMALL, "--workers", 1)
        assert resumed.returncode == 0, resumed.stderr
        assert contents(out) == expected


@pytest.mark.slow
def test_the_fastest_variant_renders_the_same_twice(tmp_path):
    name = choose_variant().name
    for folder, workers in (("one", 1), ("two", 2)):
        options = ["--count", 2, "--size", 64, "--variant", name, "--scene", "multi", "--workers", workers]
        assert keykind("render", tmp_path / folder, *options).returncode == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_docs_list_every_kind_with_its_hint():
    page = (ROOT / "docs" / "synthetic.md").read_text("utf-8")
    for kind in KINDS:
        assert f"| `{kind.name}` | {kind.hint} |" in page
