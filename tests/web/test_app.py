"""Tests of the app in Chromium: what a person does with it, with a camera, photos and the keyboard."""

import io
import json
import os
import re
import zipfile
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from app_build import WEB
from app_pages import (
    PATIENCE,
    correct,
    give,
    photo_with_a_key,
    ready,
    recogniser,
    sample,
    watched,
)
from commands import keykind
from keykind.dataset.bundled import bundled_negatives, bundled_photos
from keykind.model.model import load_model

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PHONE, DESKTOP, NARROW = (360, 740), (1280, 800), (320, 568)
MARGIN = 15  # px that nothing reaches into, on either side
QUICK = """
crop = "key"
views = ["plain"]
epochs = 1
folds = 2
bootstrap = 100
"""
RIGHTMOST = """part => Math.max(...[...document.querySelectorAll(`${part} *:not(header, header *, svg *)`)]
    .map(one => one.getBoundingClientRect().right))"""


def test_the_self_test_gives_the_answers_of_python(context, host):
    page = context.new_page()
    page.goto(f"{host.url}selftest.html")
    page.locator("body[data-result]").wait_for()
    assert page.locator("body").get_attribute("data-result") == "passed", page.inner_text("table")
    assert float(page.locator("body").get_attribute("data-difference")) <= 0.02
    told = json.loads((WEB / "generated" / "golden" / "golden.json").read_text("utf-8"))
    assert page.locator("tbody tr").count() == len(told)
    assert any(photo["keys"] for photo in told)


def test_a_photo_is_answered_as_python_answers_it(page):
    path, key = photo_with_a_key()
    give(page, path)
    assert page.locator(".entry").count() == 1
    said = page.locator(".entry strong").inner_text()
    assert said == f"{key.kind.replace('_', ' ').replace('double bit', 'double-bit')}, {key.probability:.0%}"
    points = page.locator(".outlines .line").get_attribute("points").split()
    box = np.array([point.split(",") for point in points], float)
    np.testing.assert_allclose(box, key.box, atol=0.11)
    assert said in page.locator(".outlines text").text_content()


def test_a_photo_is_shown_upright_and_outlined_there(page, tmp_path):
    path, key = photo_with_a_key()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = tmp_path / "turned.jpg"
    with Image.open(path) as picture:
        size = picture.size
        picture.transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif, quality=95)
    give(page, turned)
    assert page.locator(".outlines").get_attribute("viewBox") == f"0 0 {size[0]} {size[1]}"
    points = page.locator(".outlines .line").first.get_attribute("points").split()
    middle = np.mean([list(map(float, point.split(","))) for point in points], axis=0)
    np.testing.assert_allclose(middle, np.mean(key.box, axis=0), atol=12)


def test_a_large_photo_is_answered_as_python_answers_it(page, tmp_path):
    """Python decodes it at a half; the app takes the mean of as many pixels."""
    path, _ = photo_with_a_key()
    large = tmp_path / "large.jpg"
    with Image.open(path) as picture:
        picture.resize((8 * picture.width, 8 * picture.height), Image.Resampling.BICUBIC).save(
            large, quality=92
        )
    (key,) = recogniser().recognise(large).keys
    give(page, large)
    said = page.locator(".entry strong").inner_text()
    assert said.startswith(key.kind.replace("_", " "))
    assert abs(int(re.search(r"(\d+)%", said)[1]) / 100 - key.probability) <= 0.025


def test_a_photo_without_a_key_shows_none(page):
    judge = recogniser()
    path = next(path for path in sorted(bundled_negatives().iterdir()) if not judge.recognise(path).keys)
    give(page, path)
    assert page.locator(".entry.sure").count() == page.locator(".entry.unsure").count() == 0


def test_a_key_tells_why_and_what_else_it_may_be(page):
    path, key = photo_with_a_key()
    give(page, path)
    page.locator(".entry").click()
    page.locator(".evidence canvas[role=img]").wait_for()
    kinds = page.locator(".kind")
    assert kinds.count() == len(key.probabilities)
    shown = [int(text.rstrip("%")) / 100 for text in page.locator(".kind-name span").all_inner_texts()]
    np.testing.assert_allclose(shown, sorted(key.probabilities.values(), reverse=True), atol=0.006)
    first = page.locator(".evidence canvas[role=img]").get_attribute("aria-label")
    kinds.nth(1).click()
    page.wait_for_function("was => document.querySelector('.evidence canvas').ariaLabel !== was", arg=first)
    assert kinds.nth(1).get_attribute("aria-pressed") == "true"
    assert page.locator(".measured tbody tr").count() == 7
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")


def test_the_answer_to_a_dark_photo_says_what_to_do(page, tmp_path):
    """Photos are darkened until the model is not sure of one; then more light is what helps."""
    judge = recogniser()
    for path in sorted(bundled_photos().glob("test/*/*.jpg")):
        dark = tmp_path / f"dark-{path.stem}.png"
        with Image.open(path) as picture:
            picture.convert("RGB").point(lambda level: level // 8).save(dark)
        keys = judge.recognise(dark).keys
        if len(keys) == 1 and keys[0].kind is None:
            break
    else:
        pytest.skip("the model is sure of every darkened photo")
    give(page, dark)
    assert "More light" in page.locator(".entry .more").inner_text()


def test_the_camera_names_what_it_sees_and_says_it_aloud(page):
    page.get_by_role("button", name="Use the camera").click()
    page.locator(".live .outlines .line").wait_for()
    page.wait_for_function("() => document.querySelector('[aria-live]').textContent.includes('dimple')")
    assert "dimple" in page.locator(".live .entry strong").first.inner_text()
    page.get_by_role("button", name="Take the photo").click()
    page.locator(".still h1").wait_for()
    assert "dimple" in page.locator(".still .entry strong").first.inner_text()
    assert page.evaluate("document.activeElement.id") == "still-title"
    page.get_by_role("button", name="Back to the camera").click()
    page.locator(".live video").wait_for()
    page.get_by_role("button", name="Stop the camera").click()
    page.locator(".still").wait_for()


def test_a_key_that_is_touched_in_the_camera_opens(page):
    page.get_by_role("button", name="Use the camera").click()
    page.locator(".live .outlines .line").wait_for()
    page.evaluate("document.querySelector('.live .outlines .key').dispatchEvent(new MouseEvent('click'))")
    page.locator("dialog .evidence canvas[role=img]").wait_for()
    assert "dimple" in page.locator("#detail-title").inner_text()


def test_a_camera_that_is_denied_is_explained(chromium, host):
    context = chromium.new_context(permissions=[], locale="en")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError') }"
    )
    page.goto(host.url)
    ready(page)
    page.get_by_role("button", name="Use the camera").click()
    assert "may not use the camera" in page.get_by_role("alert").inner_text()
    context.close()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("empty.jpg", b"", "is empty"),
        ("text.jpg", b"no photo", "cannot read the file"),
        ("torn.jpg", b"\xff\xd8\xff\xe0torn", "cannot read the file"),
    ],
)
def test_a_file_that_is_no_photo_is_refused_in_words(page, tmp_path, name, data, told):
    path = tmp_path / name
    path.write_bytes(data)
    page.locator("input[type=file]").set_input_files(str(path))
    assert told in page.get_by_role("alert").inner_text()
    give(page, sample("dimple-00"))  # and the next one is looked at
    assert page.get_by_role("alert").count() == 0


def test_photos_may_be_pasted_and_dropped(page):
    path, key = photo_with_a_key()
    for event in ("paste", "drop"):
        page.evaluate(
            """async ([bytes, event]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], 'key.jpg', { type: 'image/jpeg' }));
                const given = event === 'paste' ? { clipboardData: data } : { dataTransfer: data };
                const Kind = event === 'paste' ? ClipboardEvent : DragEvent;
                document.dispatchEvent(new Kind(event, { bubbles: true, cancelable: true, ...given }));
            }""",
            [list(path.read_bytes()), event],
        )
        page.locator(".still .entry").wait_for()
        assert f"{key.probability:.0%}" in page.locator(".entry strong").inner_text()
        page.reload()
        ready(page)


def with_place(path, out):
    """Write a photo that tells where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 0.0)
    exif[ExifTags.Base.Model] = "a telling camera"
    with Image.open(path) as picture:
        picture.save(out, exif=exif, quality=95)
    assert b"telling" in out.read_bytes()
    return out


def test_the_picture_that_is_saved_tells_no_place(page, tmp_path):
    path, _ = photo_with_a_key()
    give(page, with_place(path, tmp_path / "place.jpg"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the picture").click()
    data = Path(download.value.path()).read_bytes()
    assert b"Exif" not in data
    assert b"telling" not in data
    with Image.open(io.BytesIO(data)) as saved, Image.open(path) as given:
        assert saved.format == "JPEG"
        assert saved.size == given.size
        difference = np.abs(np.asarray(saved.convert("RGB"), int) - np.asarray(given.convert("RGB"), int))
    assert (difference.max(axis=2) > 60).mean() > 0.005  # the outline


def test_corrections_are_kept_and_exported_as_keykind_reads_them(page, tmp_path):
    names = ("dimple-00", "dimple-06", "dimple-12", "laser_track-00")
    for name, kind in zip(names, ("mortice", "dimple", "", "dimple"), strict=True):
        give(page, with_place(sample(name), tmp_path / f"{name}.jpg"))
        correct(page, "mortice")
        correct(page, kind)  # whoever thinks better of it keeps the photo once
    page.get_by_role("link", name="Collection").click()
    page.locator(".photos img").first.wait_for()
    page.locator(".photos select").first.select_option("cylinder")
    page.wait_for_function("() => document.querySelector('.photos img').alt.includes('cylinder')")
    assert export(page, tmp_path / "unpacked") == [
        "nothing/nothing-0001.jpg",
        "photos/cylinder/cylinder-0001.jpg",
        "photos/dimple/dimple-0001.jpg",
        "photos/dimple/dimple-0002.jpg",
    ]
    for kept in (tmp_path / "unpacked").rglob("*.jpg"):
        assert b"Exif" not in kept.read_bytes()
    done = keykind("inspect", tmp_path / "unpacked" / "photos", "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert {kind: count["train"] for kind, count in counts.items()} == {"cylinder": 1, "dimple": 2}


def test_what_is_transparent_is_kept_on_white_as_it_was_looked_at(page, tmp_path):
    picture = Image.open(sample("dimple-00")).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 20, 20))
    picture.save(tmp_path / "cut.png")
    give(page, tmp_path / "cut.png")
    correct(page, "mortice")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the picture").click()
    page.get_by_role("link", name="Collection").click()
    page.locator(".photos img").first.wait_for()
    (kept,) = export(page, tmp_path)
    for path in (tmp_path / kept, download.value.path()):
        assert Image.open(path).convert("L").getpixel((8, 8)) > 240


def export(page, folder):
    """Export the collection, unpack it, and return the names in it."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as a zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(folder)
        return sorted(archive.namelist())


def test_what_was_corrected_and_exported_trains_a_model_of_these_kinds(page, tmp_path):
    """Four mortice keys are called tubular, which the model that looked at them surely did not say."""
    pytest.importorskip("keras", reason="the extra train is not installed")
    judge = recogniser()
    for folder, kind in {"mortice": "tubular", "laser_track": "laser_track", "dimple": ""}.items():
        photos = sorted((bundled_photos() / "test" / folder).glob("*.jpg"))
        for photo in [photo for photo in photos if len(judge.recognise(photo).keys) == 1][: 4 if kind else 1]:
            give(page, photo)
            correct(page, kind)
    page.get_by_role("link", name="Collection").click()
    page.locator(".photos img").first.wait_for()
    assert len(export(page, tmp_path)) == 9
    (tmp_path / "quick.toml").write_text(QUICK, "utf-8")
    told = page.locator(".how code").inner_text()
    assert told == "keykind train photos --nothing nothing --recipe default --out run"
    quick = told.replace("default", "quick.toml").split()[1:]
    trained = keykind(*quick, "--weights", "keykind", cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    assert metrics["kinds"] == ["laser_track", "tubular"]
    assert metrics["keys_found"]
    assert load_model(tmp_path / "run" / "keys.tflite").card.kinds == ("laser_track", "tubular")


def test_the_collection_lasts_until_it_is_deleted(page):
    give(page, sample("dimple-00"))
    page.locator(".entry").first.click()
    page.get_by_role("button", name="Keep it").click()
    page.locator(".result:not(:empty)").wait_for()
    page.goto(page.url.split("#")[0] + "#collection")
    page.reload()
    page.locator(".photos img").wait_for()
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("button", name="No, keep them").click()
    assert page.locator(".photos li").count() == 1
    page.locator(".photos select").select_option("mortice")
    page.wait_for_function("() => document.querySelector('.photos img')?.alt.includes('mortice')")
    page.wait_for_function("() => document.activeElement.matches('.photos select')")
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("button", name="Yes, delete them").click()
    page.get_by_text("Nothing kept yet").wait_for()


@pytest.mark.parametrize(
    ("locale", "title", "camera"),
    [
        ("de-AT", "Welche Art Schlüssel ist das?", "Kamera benutzen"),
        ("fr-CA", "De quel genre de clé s’agit-il ?", "Utiliser la caméra"),
        ("ja-JP", "What kind of key is it?", "Use the camera"),
    ],
)
def test_the_browser_chooses_the_language_and_so_may_the_reader(chromium, host, locale, title, camera):
    context = chromium.new_context(locale=locale)
    context.set_default_timeout(PATIENCE)
    with watched(context.new_page(), host.url) as page:
        assert page.locator("h1").inner_text() == title
        assert page.get_by_role("button", name=camera).is_visible()
        assert page.locator("html").get_attribute("lang") == (locale[:2] if locale != "ja-JP" else "en")
        page.goto(f"{host.url}#about")
        page.locator("#language").select_option("fr")
        assert page.locator("h1").inner_text() == "À propos"
        page.goto(f"{host.url}#look")
        page.reload()
        assert page.locator("h1").inner_text() == "De quel genre de clé s’agit-il ?"
        assert page.locator("html").get_attribute("lang") == "fr"
    context.close()


def test_everything_can_be_done_with_the_keyboard_alone(page):
    def press_until(name):
        for _ in range(40):
            page.keyboard.press("Tab")
            words, tag = page.evaluate("[document.activeElement.textContent, document.activeElement.tagName]")
            if name in words and tag == "BUTTON":  # the whole page holds these words, too
                return
        pytest.fail(f"Tab does not reach {name}")

    page.on("filechooser", lambda _: None)  # so that the browser tells of it long before the key is pressed
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "home-title"
    press_until("Choose a photo")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(str(sample("dimple-00")))
    page.locator(".still .entry").wait_for()
    press_until("Why, and the other kinds")
    page.keyboard.press("Enter")
    page.locator(".evidence canvas[role=img]").wait_for()
    press_until("Show the evidence for")
    page.keyboard.press("Space")
    press_until("Keep it")
    page.keyboard.press("Enter")
    page.locator(".result:not(:empty)").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.classList.contains('entry')")  # back where it was opened


def parts(page):
    """Show each part of the app in turn, and tell its name."""
    yield "home"
    give(page, sample("dimple-00"))
    page.get_by_role("button", name=re.compile("Close|Schließen|Fermer")).first.wait_for(state="detached")
    yield "still"
    page.locator(".entry").first.click()
    page.locator(".evidence canvas[role=img]").wait_for()
    page.locator(".measured summary").click()
    yield "detail"
    page.locator(".correct .bar button").click()
    page.locator(".result:not(:empty)").wait_for()
    page.keyboard.press("Escape")
    page.goto(page.url.split("#")[0] + "#collection")
    page.locator(".photos img").wait_for()
    yield "collection"
    page.goto(page.url.split("#")[0] + "#about")
    page.locator(".about").wait_for()
    yield "about"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing_that_shuts_anyone_out(chromium, host, scheme, size):
    """Set KEYKIND_SHOTS to a folder to keep a picture of each part."""
    axe = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    view = {"width": size[0], "height": size[1]}
    context = chromium.new_context(color_scheme=scheme, viewport=view, locale="en", permissions=["camera"])
    context.set_default_timeout(PATIENCE)
    with watched(context.new_page(), host.url) as page:
        for part in chain(parts(page), ("live", "selftest")):
            if part == "live":
                page.goto(f"{host.url}#look")
                page.reload()
                ready(page)
                page.get_by_role("button", name="Use the camera").click()
                page.locator(".live .outlines .line").wait_for()
            if part == "selftest":
                page.goto(f"{host.url}selftest.html")
                page.locator("body[data-result]").wait_for()
            shoot(page, f"{part}-{size[0]}-{scheme}")
            page.evaluate(axe)
            found = page.evaluate("axe.run()")["violations"]
            assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == [], part
    context.close()


def shoot(page, name):
    if folder := os.environ.get("KEYKIND_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
def test_nothing_is_wider_than_the_narrowest_phone(chromium, host, locale):
    context = chromium.new_context(viewport={"width": NARROW[0], "height": NARROW[1]}, locale=locale)
    context.set_default_timeout(PATIENCE)
    with watched(context.new_page(), host.url) as page:
        for part in parts(page):
            shoot(page, f"{part}-{NARROW[0]}-{locale}")
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0], part
            right = page.evaluate(RIGHTMOST, "dialog" if part == "detail" else "main")
            assert right <= NARROW[0] - MARGIN, part
    context.close()
