"""Tests of the user's own keys in Chromium: learnt, recognised, exported, imported and deleted."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app_pages import (
    message,
    open_photo,
    photo_with_a_key,
    wait_for_model,
    wait_for_switch,
    wait_until_ready,
)
from keykind.core.kinds import KINDS
from keykind.predict.prototypes import MAX_PHOTOS, SCHEMA
from keykind.predict.recogniser import Recogniser
from stored_answers import count_stored
from tiny_model import tiny_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
# Strengths of red, green and blue light: those in which a key is learnt, one more; what paints another key.
LIGHTS = [(1.0, 0.75, 0.5), (0.9, 0.7, 0.45), (0.95, 0.7, 0.5)]
SAME, OTHER = (0.8, 0.6, 0.4), (0.1, 0.2, 1.0)
NAME = "bike <b>"


@pytest.fixture
def learner(calm, tmp_path):
    """The app with a model of keys whose features are the mean colour of a crop."""
    kinds = tuple(kind.name for kind in KINDS)
    model = tiny_file(
        tmp_path / "colours.tflite", kinds=kinds, crop="key", features=3, confidence_threshold=0.0
    )
    calm.locator("#file-input").set_input_files(str(model))
    wait_for_model(calm)
    return calm


def lit(folder: Path, light: tuple[float, float, float]) -> Path:
    """Return the photo of a key in this light."""
    out = folder / f"{'-'.join(map(str, light))}.png"
    with Image.open(photo_with_a_key()[0]) as image:
        pixels = np.asarray(image.convert("RGB")) * np.array(light)
    Image.fromarray(pixels.astype(np.uint8)).save(out)
    return out


def go(page, address, selector):
    page.evaluate("address => { location.hash = address; }", address)
    page.locator(f".page{selector}").wait_for()


def description(control):
    """Return the text, visible to all, that describes a control."""
    described = control.page.locator(f"#{control.get_attribute('aria-describedby')}")
    assert described.is_visible()
    return described.inner_text()


def learn(page, paths, name=NAME):
    go(page, "#/my-keys/new", ".my-key")
    save = page.get_by_role("button", name=message("myKeys.save"))
    assert description(save) == f"{message('myKeys.needsName')} {message('myKeys.needsPhotos', n=3)}"
    page.locator("#my-key-name").fill(name)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=message("myKeys.choose")).click()
    chooser.value.set_files([str(path) for path in paths[:2]])
    page.locator(".learnt img").nth(1).wait_for()
    assert save.is_disabled()
    assert description(save) == message("myKeys.needsPhoto")  # two photos are too few
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=message("myKeys.choose")).click()
    chooser.value.set_files([str(path) for path in paths[2:]])
    page.locator(".learnt img").nth(2).wait_for()
    save.click()
    page.locator(".my-keys .my-key-card").wait_for()


def own_key(page, path):
    """Return what the answer to a photo says about the user's keys."""
    open_photo(page, path)
    return page.locator(".key-card .own-key").inner_text()


def names(page):
    """Return the names of the keys that are listed, as soon as all that are stored are."""
    go(page, "#/my-keys", ".my-keys")
    page.wait_for_function(
        "n => document.querySelectorAll('.my-key-card').length === n", arg=count_stored(page, "keys")
    )
    return page.locator(".my-key-card strong").all_inner_texts()


def test_a_key_is_learnt_recognised_exported_deleted_and_imported(learner, tmp_path):
    page = learner
    learn(page, [lit(tmp_path, light) for light in LIGHTS])
    same, other = lit(tmp_path, SAME), lit(tmp_path, OTHER)
    assert own_key(page, same) == message("myKeys.isYours", name=NAME)
    assert own_key(page, other) == message("myKeys.isNone")
    page.reload()
    wait_until_ready(page)
    assert names(page) == [NAME]
    with page.expect_download() as download:
        page.get_by_role("button", name=message("myKeys.export")).click()
    exported = Path(download.value.path()).read_text("utf-8")
    (key,) = json.loads(exported)["keys"]
    assert key["name"] == NAME
    assert "data:" not in exported  # no photo
    page.locator(".my-key-card").click()
    page.get_by_role("button", name=message("myKeys.delete")).click()
    page.locator(".my-key-card").wait_for(state="detached")
    page.locator(".notice").get_by_role("button", name=message("undo")).click()
    page.locator(".my-key-card").click()
    page.get_by_role("button", name=message("myKeys.delete")).click()
    page.get_by_text(message("myKeys.deleted", name=NAME)).wait_for()
    page.reload()
    wait_until_ready(page)
    assert names(page) == []
    (tmp_path / "my-keys.json").write_text(exported, "utf-8")
    import_keys(page, tmp_path / "my-keys.json")
    page.locator(".my-key-card").wait_for()
    assert own_key(page, same) == message("myKeys.isYours", name=NAME)
    assert own_key(page, other) == message("myKeys.isNone")


def import_keys(page, path):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=message("myKeys.import")).click()
    chooser.value.set_files(str(path))


def test_what_cannot_be_learnt_is_explained(learner, tmp_path):
    page = learner
    Image.new("RGB", (300, 300), (128, 128, 128)).save(tmp_path / "grey.png")
    go(page, "#/my-keys/new", ".my-key")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=message("myKeys.choose")).click()
    chooser.value.set_files([str(tmp_path / "grey.png"), str(photo_with_a_key()[0])])
    page.locator(".learnt img").wait_for()  # one of them is learnt from
    assert message("myKeys.noKey") in page.locator(".my-key [role=alert]").inner_text()
    go(page, "#/my-keys", ".my-keys")
    (tmp_path / "text.json").write_text("[]", "utf-8")
    import_keys(page, tmp_path / "text.json")
    notice = page.locator(".notice[role=alert]")
    notice.wait_for()
    assert notice.inner_text().startswith(message("myKeys.importFailed", file="text.json"))


def test_keys_and_photos_that_are_not_taken_are_counted(learner, tmp_path):
    page = learner
    go(page, "#/my-keys/new", ".my-key")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=message("myKeys.choose")).click()
    chooser.value.set_files([str(photo_with_a_key()[0])] * (MAX_PHOTOS + 2))
    page.get_by_role("alert").filter(has_text=message("myKeys.tooMany", max=MAX_PHOTOS, n=2)).wait_for()
    vector = {"schema": SCHEMA, "network": "0", "vectors": [[1.0, 0.0]]}
    key = {"name": NAME, "kind": None, "prototype": vector}
    (tmp_path / "keys.json").write_text(json.dumps({"format": "keykind my keys", "keys": [key]}), "utf-8")
    go(page, "#/my-keys", ".my-keys")
    import_keys(page, tmp_path / "keys.json")
    page.get_by_text(message("myKeys.imported", n=1)).wait_for()
    import_keys(page, tmp_path / "keys.json")
    page.get_by_text(message("myKeys.importedSome", n=0, skipped=1)).wait_for()
    assert names(page) == [NAME]


def test_the_keys_of_another_model_are_named_as_such(learner, tmp_path):
    page = learner
    learn(page, [lit(tmp_path, light) for light in LIGHTS])
    page.locator(".own-model").get_by_role("button", name=message("model.back")).click()
    page.locator(".own-model").wait_for(state="detached")
    wait_for_switch(page)
    go(page, "#/my-keys", ".my-keys")
    assert message("myKeys.outdated") in page.locator(".my-key-card").inner_text()
    open_photo(page, lit(tmp_path, SAME))
    assert page.locator(".own-key").count() == 0


def test_the_apps_own_model_learns_keys(calm, tmp_path):
    if Recogniser.load().model.card.features is None:
        go(calm, "#/my-keys", ".my-keys")
        assert message("myKeys.noFeaturesApp") in calm.locator(".my-keys [role=alert]").inner_text()
        pytest.skip("the bundled model has no features")
    learn(calm, [lit(tmp_path, light) for light in LIGHTS])
    assert own_key(calm, lit(tmp_path, SAME)) == message("myKeys.isYours", name=NAME)
