"""Tests of importing several photos at once in Chromium."""

import csv
import io
import re
import shutil
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from app_pages import (
    HOLD,
    correct_first_key,
    fill_device,
    is_pythons,
    keys_in,
    message,
    new_context,
    sample,
    wait_for_model,
    watch,
)
from keykind.dataset.bundled import bundled_photos
from keykind.predict.prediction import Prediction
from keykind.predict.writers import write
from stored_answers import KINDS, count_stored, stored_photos, torn
from tiny_model import tiny_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CERTAIN = 0.9  # probability
IN_MEMORY = 8  # answers that the app keeps with their photos


def photos(count: int) -> list[Path]:
    every = sorted(bundled_photos().glob("test/*/*.jpg"))
    return every[:: len(every) // count][:count]


def photo_of(kind: str) -> Path:
    """Return a photo of one key, of whose kind Python is certain."""
    for path in sorted(bundled_photos().glob(f"test/{kind}/*.jpg")):
        if [key.kind for key in keys_in(path)] == [kind] and keys_in(path)[0].probability > CERTAIN:
            return path
    pytest.skip(f"Python is certain of no bundled photo of {kind}")


def choose(page, host, paths):
    """Choose photos in the history."""
    page.goto(f"{host.url}#/history")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import photos").click()
    chooser.value.set_files([str(path) for path in paths])
    page.wait_for_url("**#/import/*")


def drop(page, path):
    """Drop a file on the page."""
    page.evaluate(
        """([bytes, name]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
            document.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
        }""",
        [list(path.read_bytes()), path.name],
    )


def finish(page, count):
    page.wait_for_function(
        "n => document.querySelectorAll('a.photo-row, .photo-row.failed, .photo-row.stopped').length === n",
        arg=count,
    )
    page.locator(".progress button").wait_for(state="detached")


def exported(page):
    """Save the table, and return its columns and rows."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    reader = csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"), newline=""))
    return reader.fieldnames, list(reader)


def test_twenty_photos_are_imported_and_one_bad_file_loses_nothing(page, host, tmp_path):
    paths = photos(20)
    paths.insert(3, torn(tmp_path))
    choose(page, host, paths)
    page.locator("progress").wait_for()
    page.locator("a.photo-row").first.wait_for()  # results appear as they come
    assert page.locator(".photo-row").count() == 21
    finish(page, 21)
    failed = page.locator(".photo-row.failed")
    assert failed.count() == 1
    assert "torn.jpg" in failed.inner_text()
    assert "cannot open the file" in failed.inner_text()
    assert page.locator("progress").count() == 0
    names = page.locator(".photo-row .name").all_inner_texts()
    assert names == [path.name for path in paths]
    page.reload()
    page.locator(".photo-row").nth(20).wait_for()
    assert page.locator(".photo-row .name").all_inner_texts() == names
    assert "cannot open the file" in page.locator(".photo-row.failed").inner_text()
    page.goto(f"{host.url}#/history")
    page.get_by_role("link", name="20 imported at").click()
    page.locator(".photo-row").nth(20).wait_for()
    assert count_stored(page, "entries") == 20


def test_the_table_is_that_of_keykind_predict(page, host, tmp_path):
    paths = [path for path in photos(12) if len(keys_in(path)) <= 1][:6]
    choose(page, host, [*paths, torn(tmp_path)])
    finish(page, len(paths) + 1)
    columns, rows = exported(page)
    predictions = [Prediction(path.name, tuple(keys_in(path))) for path in paths]
    write(str(tmp_path / "python.csv"), predictions, KINDS)
    with (tmp_path / "python.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        expected = list(reader)
        assert columns == [*reader.fieldnames, "correction"]
    for row, python in zip(rows, expected, strict=False):
        assert row["photo"] == python["photo"]
        assert bool(row["kind"]) == bool(python["kind"]) or abs(float(python["probability"]) - 0.5) < 0.15
        if row["probability"] and python["probability"]:
            assert is_pythons(f"{float(row['probability']):.0%}", float(python["probability"]))
            assert abs(float(row["x1"]) - float(python["x1"])) < 3
    assert rows[-1]["photo"] == "torn.jpg"
    assert "cannot open the file" in rows[-1]["error"]


def test_an_import_can_be_stopped_and_continued(page, host):
    choose(page, host, photos(10))
    page.locator("a.photo-row").first.wait_for()
    page.evaluate(HOLD, "recognisePhoto")
    page.get_by_role("button", name="Stop").click()
    page.evaluate("released_()")
    page.get_by_role("button", name="Continue").wait_for()
    done = page.locator("a.photo-row").count()
    assert 0 < done < 10
    assert page.locator(".photo-row.stopped").count() == 10 - done
    page.get_by_role("button", name="Continue").click()
    finish(page, 10)
    assert page.locator("a.photo-row").count() == 10


def test_what_a_reload_interrupts_is_named(page, host):
    choose(page, host, photos(10))
    page.locator("a.photo-row").nth(1).wait_for()
    page.evaluate(HOLD, "recognisePhoto")
    page.on("dialog", lambda dialog: dialog.accept())  # the browser asks whether to leave
    page.reload()
    page.locator(".photo-row").nth(9).wait_for()
    assert page.locator("a.photo-row").count() >= 2
    assert page.locator(".photo-row.stopped").count() == 10 - page.locator("a.photo-row").count()
    assert "Import them again" in page.locator(".progress").inner_text()


def test_a_reload_during_the_first_photo_forgets_none(page, host):
    choose(page, host, photos(10))
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.locator(".photo-row").nth(9).wait_for()
    page.reload()
    page.locator(".photo-row").nth(9).wait_for()


@pytest.mark.parametrize("keeps", ["true", "false"])
def test_a_correction_is_shown_in_the_import(page, host, keeps):
    page.evaluate("keeps => localStorage.setItem('keykind-history', keeps)", keeps)
    page.goto(f"{host.url}#/about")
    page.reload()
    path = photo_of("dimple")
    choose(page, host, [path, photo_of("mortice")])
    finish(page, 2)
    page.locator("a.photo-row").first.click()
    correct_first_key(page, "tubular")
    page.go_back()
    page.locator("a.photo-row .answer", has_text="tubular").wait_for()
    assert exported(page)[1][0]["correction"] == "tubular"


def test_the_whole_history_is_deleted_with_the_names_of_imported_files(page, host):
    choose(page, host, photos(2))
    finish(page, 2)
    assert "keykind-import" in page.evaluate("Object.keys(sessionStorage).join()")
    page.goto(f"{host.url}#/history")
    page.locator(".links .quiet").first.click()
    page.get_by_role("button", name="Delete all").click()
    page.locator("dialog .danger").click()
    page.locator(".nothing-yet").wait_for()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_folder_that_is_dropped_is_refused_with_a_reason(page, host):
    """A browser lists a folder among the files, and fails to read it."""
    page.evaluate(
        """() => {
            const folder = new File([], 'folder');
            const fail = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
            Object.defineProperty(folder, 'size', { value: 4096 });
            folder.slice = () => ({ arrayBuffer: fail });
            const event = new Event('drop');
            event.dataTransfer = { files: [folder] };
            document.dispatchEvent(event);
        }"""
    )
    page.locator(".answer [role=alert]").wait_for()


def test_an_import_ends_with_the_model_and_has_no_answers_of_another(page, host, tmp_path):
    model = tiny_file(tmp_path / "crockery.tflite", kinds=("cup", "plate"))
    choose(page, host, photos(60))  # more than are read until the model is loaded
    page.locator("a.photo-row").first.wait_for()
    group = page.url
    drop(page, model)
    wait_for_model(page)
    assert page.url == group
    page.get_by_text(message("import.otherModel")).wait_for()
    assert page.locator(".photo-row").count() == 60
    assert page.locator(".photo-row.failed").count() == 0
    assert page.locator(".photo-row.stopped").count() >= 1
    assert "cup" not in page.locator(".photos").inner_text()
    page.get_by_role("button", name=message("import.again", n=60)).click()
    page.locator("a.photo-row", has_text=re.compile("cup|plate")).nth(2).wait_for()
    assert page.url != group


def test_the_model_that_was_chosen_last_stays(page, host, tmp_path):
    drop(page, tiny_file(tmp_path / "crockery.tflite", kinds=("cup", "plate")))
    drop(page, tiny_file(tmp_path / "pets.tflite", kinds=("cat", "dog")))
    wait_for_model(page, "pets")
    page.reload()
    page.locator(".own-model", has_text="pets").wait_for()
    page.evaluate(
        """() => {
            document.querySelector('.own-model button').click();
            location.hash = '#/about';
        }"""
    )
    page.locator(".own-model").wait_for(state="detached")
    page.reload()
    page.locator(".shell[data-ready=true]").wait_for()
    assert page.locator(".own-model").count() == 0


def test_without_a_history_an_import_still_shows_every_answer(page, host):
    page.evaluate("localStorage.setItem('keykind-history', 'false')")
    page.goto(f"{host.url}#/about")
    page.reload()
    paths = photos(IN_MEMORY + 3)
    choose(page, host, paths)
    finish(page, len(paths))
    assert "until the page is closed" in page.locator(".warning").inner_text()
    page.locator("a.photo-row").first.click()  # its photo is no longer in memory
    page.locator(".answer img").first.wait_for()
    page.go_back()
    page.locator("a.photo-row").first.wait_for()
    assert page.locator("a.photo-row").count() == len(paths)
    assert len(exported(page)[1]) >= len(paths)
    assert count_stored(page, "entries") == 0


def test_an_answer_whose_file_is_gone_says_so(page, host, tmp_path):
    page.evaluate("localStorage.setItem('keykind-history', 'false')")
    page.goto(f"{host.url}#/about")
    page.reload()
    copies = [Path(shutil.copy(path, tmp_path)) for path in photos(IN_MEMORY + 3)]
    choose(page, host, copies)
    finish(page, len(copies))
    copies[0].unlink()
    page.locator("a.photo-row").first.click()
    page.locator(".answer [role=alert]", has_text="cannot open the file").wait_for()


def test_a_full_device_is_reported_and_loses_no_answer(chromium, host):
    context = new_context(chromium)
    with watch(context.new_page(), host.url) as page:
        page.get_by_text("works offline").wait_for()
        fill_device(context, page, host.url)
        choose(page, host, photos(4))
        finish(page, 4)
        assert page.locator("a.photo-row").count() == 4
        assert "no room" in page.locator(".warning").inner_text()
        page.get_by_role("alert").filter(has_text="No room on this device").wait_for()
        page.locator("a.photo-row").first.click()
        page.locator(".answer img").first.wait_for()
        assert count_stored(page, "entries") == 0
    context.close()


def test_stored_photos_have_neither_metadata_nor_transparency(page, host, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "revealing camera"
    with Image.open(sample("dimple-00")) as photo:
        photo.save(tmp_path / "located.jpg", exif=exif)
        layers = photo.convert("RGBA")
    layers.paste((0, 0, 0, 0), (0, 0, 20, 20))
    layers.save(tmp_path / "cut.png")
    choose(page, host, [tmp_path / "located.jpg", tmp_path / "cut.png"])
    finish(page, 2)
    photos = stored_photos(page)
    assert len(photos) == 4
    assert not any(b"Exif" in photo or b"revealing" in photo for photo in photos)
    assert Image.open(io.BytesIO(photos[2])).convert("L").getpixel((8, 8)) > 240


def test_several_photos_of_one_key_become_one_answer(page, host):
    paths = [path for path in photos(60) if [key.kind for key in keys_in(path)] == ["dimple"]][:3]
    choose(page, host, paths)
    finish(page, 3)
    group = page.url
    page.get_by_role("button", name="All show one key").click()
    page.wait_for_url("**#/answer/*")
    page.get_by_text("dimple").first.wait_for()
    page.goto(f"{host.url}#/history")
    page.locator(".tile").nth(3).wait_for()
    assert page.locator(".count-badge").get_attribute("aria-label") == "3 photos"
    page.goto(group)
    page.locator("a.photo-row").nth(2).wait_for()
    assert page.locator("a.photo-row").count() == 3  # the new answer is none of them


def test_photos_of_different_keys_are_not_combined(page, host):
    paths = [photo_of(kind) for kind in ("dimple", "laser_track")]
    choose(page, host, paths)
    finish(page, 2)
    page.get_by_role("button", name="All show one key").click()
    page.get_by_role("alert").filter(has_text="Not combined").wait_for()


def test_one_photo_opens_its_answer(page, host):
    page.goto(f"{host.url}#/history")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import photos").click()
    chooser.value.set_files([str(sample("dimple-00"))])
    page.wait_for_url("**#/answer/*")
