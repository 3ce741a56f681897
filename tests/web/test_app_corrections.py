"""Tests of the app's corrected photos in Chromium: change, delete, export, training."""

import json
import zipfile

import pytest

from app_pages import keys_in, sample
from commands import keykind
from keykind.cli.main import main
from keykind.dataset.bundled import bundled_photos
from keykind.model.model import load_model
from stored_answers import put_corrections, wait_until_stored

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
QUICK = """
backbone = "tiny"
crop = "key"
views = ["plain"]
epochs = 1
folds = 2
bootstrap = 100
"""


def open_corrections(page, host, photos):
    put_corrections(page, photos)
    page.goto(f"{host.url}#/corrections")
    page.reload()
    page.locator(".corrected li").nth(len(photos) - 1).wait_for()


def export(page, folder):
    """Export the corrections, unpack them, and return their file names."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as ZIP").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(folder)
        return sorted(archive.namelist())


def test_corrections_are_exported_as_class_folders(page, host, tmp_path):
    photos = [
        ("dimple-00", "mortice"),
        ("dimple-06", "dimple"),
        ("dimple-12", ""),
        ("laser_track-00", "dimple"),
    ]
    open_corrections(page, host, [(sample(name), kind, "not sure") for name, kind in photos])
    page.locator(".corrected select").first.select_option("cylinder")
    page.wait_for_function("() => document.querySelector('.corrected img').alt.includes('cylinder')")
    assert export(page, tmp_path / "unpacked") == [
        "nothing/nothing-0001.jpg",
        "photos/cylinder/cylinder-0001.jpg",
        "photos/dimple/dimple-0001.jpg",
        "photos/dimple/dimple-0002.jpg",
    ]
    completed = keykind("inspect", tmp_path / "unpacked" / "photos", "--json")
    assert completed.returncode == 0, completed.stderr
    counts = json.loads(completed.stdout)["counts"]
    assert {kind: count["train"] for kind, count in counts.items()} == {"cylinder": 1, "dimple": 2}


def test_a_model_can_be_trained_on_exported_corrections(page, host, tmp_path, monkeypatch, tiny_backbone):
    photos = []
    for folder, kind in {"mortice": "tubular", "laser_track": "laser_track", "dimple": ""}.items():
        paths = sorted((bundled_photos() / "test" / folder).glob("*.jpg"))
        alone = [path for path in paths if len(keys_in(path)) == 1]
        photos += [(path, kind, "not sure") for path in alone[: 4 if kind else 1]]
    open_corrections(page, host, photos)
    assert len(export(page, tmp_path)) == 9
    (tmp_path / "quick.toml").write_text(QUICK, "utf-8")
    command = page.locator(".how code").inner_text()
    assert command == "keykind train photos --negatives nothing --recipe default --out run"
    monkeypatch.chdir(tmp_path)
    arguments = command.replace("default", "quick.toml").split()[1:]
    assert main([*arguments, "--weights", "random"]) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    assert metrics["kinds"] == ["laser_track", "tubular"]
    assert load_model(tmp_path / "run" / "keys.tflite").card.kinds == ("laser_track", "tubular")


def test_corrections_last_until_they_are_deleted(page, host):
    photos = [(sample(name), "dimple", "not a key") for name in ("dimple-00", "dimple-06", "dimple-12")]
    open_corrections(page, host, photos)
    assert "App’s answer: not a key" in page.locator(".corrected li").first.inner_text()
    page.get_by_role("button", name="Delete photo 2").click()
    page.get_by_text("1 photo deleted").wait_for()
    assert page.locator(".corrected li").count() == 2
    page.wait_for_function(
        "() => document.activeElement === document.querySelectorAll('.corrected select')[1]"
    )
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => document.querySelectorAll('.corrected li').length === 3")
    page.wait_for_function(
        "() => document.activeElement === document.querySelectorAll('.corrected select')[1]"
    )
    page.get_by_role("button", name="Delete all").click()
    page.locator("dialog").get_by_role("button", name="Cancel").click()
    assert page.locator(".corrected li").count() == 3
    page.get_by_role("button", name="Delete all").click()
    page.locator("dialog").get_by_role("button", name="Delete all").click()
    page.get_by_text("No corrections yet").wait_for()
    page.reload()
    page.get_by_text("No corrections yet").wait_for()
    wait_until_stored(page, "photos", 0)
