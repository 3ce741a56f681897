"""Tests of interruptions in Chromium: a reload, another model, another tab, a full device."""

from contextlib import contextmanager

import pytest

from app_pages import (
    HOLD,
    fill_device,
    message,
    new_context,
    open_photo,
    photo_with_a_key,
    sample,
    visit,
    wait_for_model,
    wait_until_ready,
    watch,
)
from stored_answers import count_stored, put_entries, wait_until_stored
from tiny_model import tiny_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CROCKERY = ("cup", "plate")  # classes of another model
TIME = 1_796_000_000_000  # of an answer that a test stores, ms
DROP = """files => {
    const dataTransfer = new DataTransfer();
    for (const [bytes, name] of files) dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
    document.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
}"""
INTERRUPTED = """async ([bytes, id, tries]) => {
    const opened = indexedDB.open('keykind');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const transaction = database.transaction('pending', 'readwrite');
    const photo = new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' });
    transaction.objectStore('pending').put({ id, photo, name: 'key.jpg', tries });
    await new Promise((resolve) => { transaction.oncomplete = resolve; });
    database.close();
}"""
PURGE = """async () => {
    const opened = indexedDB.open('keykind');
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const stores = ['entries', 'summaries', 'thumbnails'];
    const transaction = database.transaction(stores, 'readwrite');
    for (const name of stores) transaction.objectStore(name).clear();
    await new Promise((resolve) => { transaction.oncomplete = resolve; });
    database.close();
}"""
OLD_DATABASE = """() => new Promise((resolve) => {
    const opened = indexedDB.open('keykind', 2);
    opened.onsuccess = () => {
        globalThis.kept_ = opened.result;
        resolve();
    };
})"""


def drop(page, *paths):
    """Drop files on the page."""
    page.evaluate(DROP, [[list(path.read_bytes()), path.name] for path in paths])


def is_crockery(text):
    return any(kind in text.lower() for kind in CROCKERY)


def start_photo(page, path):
    """Choose a photo, and wait until its view is there."""
    page.locator("#photo-input").set_input_files(str(path))
    page.wait_for_url("**#/answer/*")


def turn_history_off(page):
    page.evaluate("localStorage.setItem('keykind-history', 'false')")
    page.reload()
    wait_until_ready(page)


def delete_newest(page):
    """Delete the newest photo of the history that is shown."""
    page.get_by_role("button", name=message("history.select")).click()
    page.locator(".tile input").first.check()
    page.get_by_role("button", name=message("history.delete"), exact=True).click()


@contextmanager
def interrupted(page):
    """Let no photo of this page be read until it is loaded again."""
    page.evaluate(HOLD, "recognisePhoto")
    start_photo(page, photo_with_a_key()[0])
    yield
    assert page.locator(".key-card").count() == 0


def test_a_photo_that_a_reload_interrupts_is_read_again(page):
    path, key = photo_with_a_key()
    with interrupted(page):
        wait_until_stored(page, "pending", 1)
    page.reload()
    page.locator(f".key-card[data-kind={key.kind}]").wait_for()
    wait_until_stored(page, "pending", 0)
    page.evaluate("location.hash = '#/history'")
    page.get_by_role("searchbox").fill(path.name)
    page.locator(".tile").wait_for()
    assert count_stored(page, "entries") == 1


def test_a_photo_that_closing_the_app_interrupts_is_in_the_history_of_the_next_visit(visited, host):
    with watch(visited.new_page(), host.url) as first, interrupted(first):
        wait_until_stored(first, "pending", 1)
    first.close()
    with visit(visited, host.url) as page:
        wait_until_stored(page, "entries", 1)
        wait_until_stored(page, "pending", 0)


def test_a_photo_that_ends_the_page_again_and_again_is_given_up(page, host):
    path, _ = photo_with_a_key()
    page.evaluate(INTERRUPTED, [list(path.read_bytes()), TIME, 3])
    page.goto(f"{host.url}#/answer/{TIME}")
    page.locator(".failure", has_text=message("error.interrupted")).wait_for()
    wait_until_stored(page, "pending", 0)


def test_without_a_history_a_reload_says_why_the_photo_is_gone(page):
    turn_history_off(page)
    with interrupted(page):
        pass
    assert count_stored(page, "pending") == 0
    page.reload()
    page.get_by_text(message("answer.goneOff")).wait_for()


def test_a_photo_that_cannot_be_read_is_not_read_again(page, tmp_path):
    (tmp_path / "text.jpg").write_bytes(b"no photo")
    start_photo(page, tmp_path / "text.jpg")
    page.locator(".failure").wait_for()
    wait_until_stored(page, "pending", 0)


def test_a_photo_taken_while_a_model_is_loaded_is_answered_by_it(page, tmp_path):
    page.evaluate(HOLD, "load")
    drop(page, tiny_file(tmp_path / "crockery.tflite", kinds=CROCKERY))
    page.locator("main[aria-busy=true]").wait_for()
    start_photo(page, sample("dimple-00"))
    address = page.url
    page.evaluate("released_()")
    wait_for_model(page)
    page.locator(".answer .sheet[aria-busy=false] .key-card").wait_for()
    assert page.url == address
    assert is_crockery(page.locator(".key-card").inner_text())


def test_a_photo_that_is_read_while_the_model_changes_is_answered_by_the_new_one(page, tmp_path):
    page.evaluate(HOLD, "recognisePhoto")
    start_photo(page, sample("dimple-00"))
    drop(page, tiny_file(tmp_path / "crockery.tflite", kinds=CROCKERY))
    wait_for_model(page)
    page.evaluate("released_()")
    page.locator(".answer .sheet[aria-busy=false] .key-card").wait_for()
    assert is_crockery(page.locator(".key-card").inner_text())


def test_photos_dropped_with_a_model_are_read_with_it(page, tmp_path):
    model = tiny_file(tmp_path / "crockery.tflite", kinds=CROCKERY)
    drop(page, sample("dimple-00"), model, sample("mortice-00"))
    page.locator("a.photo-row").nth(1).wait_for()
    wait_for_model(page, "crockery")
    names = page.locator(".photo-row .name").all_inner_texts()
    assert names == ["dimple-00.jpg", "mortice-00.jpg"]
    assert is_crockery(page.locator(".photos").inner_text())


def test_of_several_models_one_runs_and_the_app_says_which(page, tmp_path):
    models = [
        tiny_file(tmp_path / f"{name}.tflite", kinds=kinds)
        for name, kinds in (("crockery", CROCKERY), ("pets", ("cat", "dog")))
    ]
    drop(page, *models)
    page.get_by_role("alert").filter(has_text=message("model.onlyOne", name="crockery.tflite")).wait_for()
    wait_for_model(page, "crockery")


def test_the_notice_of_a_full_device_stays_beside_lesser_ones(chromium, host):
    context = new_context(chromium)
    with watch(context.new_page(), host.url) as page:
        page.get_by_text("works offline").wait_for()
        fill_device(context, page, host.url)
        open_photo(page, photo_with_a_key()[0])
        full = page.get_by_role("alert").filter(has_text=message("storage.full"))
        full.wait_for()
        page.locator(".ask-wrong").first.click()
        page.locator(".wrong .no-key").click()
        page.locator(".notice.undo").wait_for()
        assert full.is_visible()
        page.locator(".notice.undo .icon-button").click()
        page.locator(".notice.undo").wait_for(state="detached")
        assert full.is_visible()
    context.close()


def test_a_tab_that_blocks_the_history_is_named_on_every_view(chromium, host):
    context = new_context(chromium)
    older, page = context.new_page(), context.new_page()
    older.goto(f"{host.url}licences.txt")
    older.evaluate(OLD_DATABASE)
    page.goto(f"{host.url}#/kinds")
    page.get_by_role("alert").filter(has_text=message("storage.blocked")).wait_for()
    wait_until_ready(page)
    open_photo(page, photo_with_a_key()[0])  # answered, although it cannot be kept
    assert page.locator(".key-card").count() == 1
    context.close()


def test_undoing_a_deletion_that_another_tab_has_completed_says_so(page):
    put_entries(page, [(TIME, "dimple")])
    page.reload()
    delete_newest(page)
    page.locator(".notice.undo").wait_for()
    page.evaluate(PURGE)
    page.get_by_role("button", name=message("history.undo")).click()
    page.get_by_role("alert").filter(has_text=message("history.undoLate", n=1)).wait_for()


def test_an_answer_that_is_deleted_leaves_the_import_and_comes_back_with_undo(page, host):
    page.goto(f"{host.url}#/history")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import photos").click()
    chooser.value.set_files([str(sample("dimple-00")), str(sample("mortice-00"))])
    page.locator("a.photo-row").nth(1).wait_for()
    group = page.url
    page.evaluate("location.hash = '#/history'")
    delete_newest(page)
    page.locator(".notice.undo").wait_for()
    page.goto(group)
    page.get_by_role("heading", name=message("import.titleOf", n=1)).wait_for()
    assert page.locator(".photo-row").count() == 1
    page.get_by_role("button", name=message("history.undo")).click()
    page.goto(f"{host.url}#/history")
    page.locator(".tile").nth(1).wait_for()
    page.goto(group)
    page.locator("a.photo-row").nth(1).wait_for()
