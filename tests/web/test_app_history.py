"""Tests of the app's history in Chromium: what is kept, found, deleted and brought back."""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app_build import WEB
from app_pages import new_context, resize, sample, wait_until_ready, watch
from stored_answers import count_stored, put_corrections, put_entries, wait_until_stored

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
MANY = 1000  # entries
PHONE, NARROW, DESKTOP = (390, 844), (320, 568), (1280, 800)
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
OLD_DATABASE = """async ([bytes, keepsOpen]) => {
    const opened = indexedDB.open('keykind', 2);
    opened.onupgradeneeded = () => {
        opened.result.createObjectStore('photos', { keyPath: 'id', autoIncrement: true });
        opened.result.createObjectStore('models', { keyPath: 'digest' });
    };
    const database = await new Promise((resolve) => { opened.onsuccess = () => resolve(opened.result); });
    const photo = new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' });
    const file = new Blob(['a model']);
    const model = { digest: 'abc', name: 'my.tflite', address: null, kinds: ['cat', 'dog'], ofKeys: false };
    const transaction = database.transaction(['photos', 'models'], 'readwrite');
    transaction.objectStore('photos').put({ kind: 'mortice', said: 'not sure', photo });
    transaction.objectStore('models').put({ ...model, added: 1, file });
    await new Promise((resolve) => { transaction.oncomplete = resolve; });
    if (keepsOpen) window.kept = database;
    else database.close();
}"""
NEWER_DATABASE = """() => new Promise((resolve) => {
    const opened = indexedDB.open('keykind', 99);
    opened.onsuccess = () => { opened.result.close(); resolve('opened'); };
    opened.onblocked = () => setTimeout(resolve, 60_000, 'blocked');  // until a transaction has ended
})"""
# Counts the rows read from each store; a read of many rows counts as infinite.
COUNT_READS = """() => {
    window.reads = {};
    const count = (method, rows) => {
        const original = IDBObjectStore.prototype[method];
        IDBObjectStore.prototype[method] = function (...values) {
            window.reads[this.name] = (window.reads[this.name] ?? 0) + rows;
            return original.apply(this, values);
        };
    };
    count('get', 1);
    for (const method of ['getAll', 'openCursor']) count(method, Infinity);
}"""
# A finger that moves on.
SCROLLING = """tile => {
    const press = { pointerType: 'touch', clientX: 50, clientY: 50, bubbles: true };
    tile.dispatchEvent(new PointerEvent('pointerdown', press));
    tile.dispatchEvent(new PointerEvent('pointermove', { ...press, clientY: 90 }));
}"""


def now() -> int:
    """Return the present time in ms."""
    return int(time.time() * 1000)


def open_history(page, host):
    page.goto(f"{host.url}#/history")
    page.reload()  # the entries were put there by the test
    page.locator(".tile").first.wait_for()


def tiles(page) -> list[str]:
    return [text.partition(",")[0] for text in page.locator(".caption").all_text_contents()]


def focused(page):
    return page.evaluate("document.activeElement.dataset.id ?? document.activeElement.tagName")


def select(page, *indices):
    page.get_by_role("button", name="Select").click()
    for index in indices:
        page.locator(".tile input").nth(index).check()


def test_photos_are_listed_by_day_the_newest_first(page, host):
    noon = datetime.now().replace(hour=12, minute=0)
    times = [noon, noon - timedelta(minutes=1), noon - timedelta(days=1), noon - timedelta(days=40)]
    kinds = ["dimple", None, "mortice", "double_bit"]
    put_entries(page, [(int(at.timestamp() * 1000), kind) for at, kind in zip(times, kinds, strict=True)])
    open_history(page, host)
    headings = page.locator(".day h2").all_inner_texts()
    assert headings[:2] == ["Today", "Yesterday"]
    assert times[3].strftime("%A") in headings[2]
    assert tiles(page) == ["dimple", "not sure", "mortice", "double-bit"]
    page.locator(".tile img").nth(3).wait_for()
    page.locator(".tile").nth(2).click()
    page.wait_for_url(f"**#/answer/{int(times[2].timestamp() * 1000)}")
    page.go_back()
    page.locator(".tile").first.wait_for()
    assert tiles(page) == ["dimple", "not sure", "mortice", "double-bit"]


def test_photos_are_found_by_what_they_show(page, host):
    kinds = ["dimple", "dimple", None, "mortice"]
    put_entries(page, [(now() - i, kind) for i, kind in enumerate(kinds)])
    open_history(page, host)
    chips = page.locator(".facet")
    assert chips.all_text_contents() == ["dimple2", "mortice1", "not sure1"]
    chips.nth(1).click()
    assert tiles(page) == ["mortice"]
    page.get_by_role("button", name="not sure").click()
    assert tiles(page) == ["not sure", "mortice"]
    page.get_by_role("button", name="All").click()
    page.get_by_role("searchbox").fill("DIMP")
    assert tiles(page) == ["dimple", "dimple"]
    page.get_by_role("searchbox").fill("chess")
    page.get_by_text("No photos match").wait_for()
    page.get_by_role("searchbox").fill("")
    assert len(tiles(page)) == 4


def test_deleted_photos_come_back_with_undo_and_are_removed_without(page, host):
    times = [now() - i for i in range(4)]
    put_entries(page, list(zip(times, ["dimple", "mortice", "cylinder", "tubular"], strict=True)))
    open_history(page, host)
    select(page, 1, 2)
    assert page.locator(".selection strong").inner_text() == "2 selected"
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("2 photos deleted").wait_for()
    assert tiles(page) == ["dimple", "tubular"]
    page.wait_for_function("id => document.activeElement.dataset.id === id", arg=str(times[3]))
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => document.querySelectorAll('.tile').length === 4")
    page.wait_for_function("id => document.activeElement.dataset.id === id", arg=str(times[1]))
    select(page, 3)
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("1 photo deleted").wait_for()
    page.wait_for_function("id => document.activeElement.dataset.id === id", arg=str(times[2]))
    page.goto(f"{host.url}#/answer/{times[3]}")  # not even by its address
    page.reload()
    page.get_by_text("not on this device").wait_for()
    page.goto(f"{host.url}#/history")
    page.wait_for_function("() => document.querySelectorAll('.tile').length === 3")
    wait_until_stored(page, "entries", 3)
    assert count_stored(page, "summaries") == count_stored(page, "thumbnails") == 3


def test_photos_are_selected_and_deleted_with_the_keyboard_alone(page, host):
    put_entries(page, [(now() - i, "dimple") for i in range(3)])
    open_history(page, host)
    page.get_by_role("button", name="Select").focus()
    page.keyboard.press("Enter")
    page.locator(".tile input").nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator(".tile input:checked").count() == 2
    page.keyboard.press("Escape")
    assert page.locator(".tile input").count() == 0
    page.wait_for_function("() => document.activeElement.matches('.tile')")
    page.get_by_role("button", name="Select").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="All").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Delete"
    page.keyboard.press("Enter")
    page.get_by_text("Your photos will appear here").wait_for()
    page.wait_for_function("() => document.activeElement.tagName === 'H1'")
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.tile').length === 3")


def test_a_long_press_starts_a_selection(page, host):
    put_entries(page, [(now() - i, "dimple") for i in range(2)])
    open_history(page, host)
    tile = page.locator(".tile").nth(1)
    tile.evaluate(SCROLLING)  # is no long press
    page.wait_for_timeout(700)
    assert page.locator(".tile input").count() == 0
    session = page.context.new_cdp_session(page)
    box = tile.bounding_box()
    finger = {"x": box["x"] + 40, "y": box["y"] + 40}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
    page.locator(".tile input:checked").wait_for()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)
    assert [each.is_checked() for each in page.locator(".tile input").all()] == [False, True]


def test_of_a_thousand_photos_only_those_near_the_screen_are_read(page, host):
    put_entries(page, [(now() - 3_600_000 * i, ["dimple", "mortice", None][i % 3]) for i in range(MANY)])
    page.goto(f"{host.url}#/kinds")
    page.reload()
    wait_until_ready(page)
    page.evaluate(COUNT_READS)
    page.evaluate("location.hash = '#/history'")
    page.locator(".tile img").first.wait_for()
    shown = page.locator(".tile").count()
    assert shown < MANY / 5
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("shown => document.querySelectorAll('.tile').length > shown", arg=shown)
    page.get_by_role("searchbox").fill("not sure")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.caption')].every(c => c.matches('.unsure'))"
    )
    reads = page.evaluate("window.reads")
    assert "entries" not in reads  # their photos are large; summaries are small
    assert 0 < reads["thumbnails"] < MANY / 2


def test_the_whole_history_is_deleted_after_a_question(page, host):
    put_entries(page, [(now() - i, "dimple") for i in range(3)])
    put_corrections(page, [(sample("dimple-00"), "mortice", "dimple")])
    open_history(page, host)
    page.get_by_role("button", name="Nothing is sent").click()
    dialog = page.locator("dialog")
    assert "3 photos" in dialog.inner_text()
    dialog.locator("progress").wait_for()  # the browser has said how much space there is
    assert "MB" in dialog.locator(".secondary").first.inner_text()
    dialog.get_by_role("button", name="Delete all").click()
    dialog.get_by_role("button", name="Cancel").click()
    assert page.locator(".tile").count() == 3
    page.get_by_role("button", name="Nothing is sent").click()
    dialog.get_by_role("button", name="Delete all").click()
    dialog.get_by_role("button", name="Delete all").click()
    page.get_by_text("Your photos will appear here").wait_for()
    assert count_stored(page, "entries") == count_stored(page, "summaries") == 0
    assert count_stored(page, "photos") == 1  # corrections stay


def test_corrections_and_models_of_the_released_version_are_there_after_the_upgrade(chromium, host):
    context = new_context(chromium)
    page = context.new_page()
    page.goto(f"{host.url}licences.txt")
    page.evaluate(OLD_DATABASE, [list(sample("dimple-00").read_bytes()), False])
    with watch(page, host.url):
        page.evaluate("location.hash = '#/corrections'")
        page.locator(".corrected select").wait_for()
        assert page.locator(".corrected select").input_value() == "mortice"
        page.locator(".corrected img").wait_for()
        page.goto(f"{host.url}#/about")
        page.locator(".developers > summary").click()
        page.get_by_text("my.tflite").wait_for()
    context.close()


def test_a_tab_with_the_older_version_is_named_and_then_waited_for(chromium, host):
    context = new_context(chromium)
    older, page = context.new_page(), context.new_page()
    older.goto(f"{host.url}licences.txt")
    older.evaluate(OLD_DATABASE, [list(sample("dimple-00").read_bytes()), True])
    page.goto(f"{host.url}#/history")
    assert "Another tab" in page.locator(".warning").inner_text()
    page.evaluate("location.hash = '#/corrections'")
    page.locator(".corrections .warning").wait_for()
    older.close()
    page.locator(".corrected select").wait_for()
    assert page.locator(".corrections .warning").count() == 0
    page.locator(".notice.error").wait_for(state="detached")
    context.close()


def test_the_app_makes_way_for_a_newer_version_in_another_tab(chromium, host):
    context = new_context(chromium)
    newer, page = context.new_page(), context.new_page()
    page.goto(f"{host.url}#/history")
    page.get_by_text("Your photos will appear here").wait_for()
    newer.goto(f"{host.url}licences.txt")
    assert newer.evaluate(NEWER_DATABASE) == "opened"
    page.evaluate("location.hash = '#/kinds'")
    page.locator(".kinds").wait_for()
    page.evaluate("location.hash = '#/history'")
    assert "Reload this page" in page.locator(".warning").inner_text()
    context.close()


def test_without_storage_the_history_says_so(chromium, host):
    context = new_context(chromium)
    page = context.new_page()
    refuse = "IDBFactory.prototype.open = () => { throw new DOMException('blocked', 'SecurityError'); }"
    page.add_init_script(refuse)
    with watch(page, host.url):
        page.evaluate("location.hash = '#/history'")
        page.locator(".warning").wait_for()
        assert "does not let the app store anything" in page.locator(".warning").inner_text()
    context.close()


def visit_parts(page, host):
    """Show each part of the history in turn, and yield its name."""
    page.goto(f"{host.url}#/history")
    page.get_by_text("Your photos will appear here").wait_for()
    yield "history-empty"
    page.goto(f"{host.url}#/corrections")
    page.get_by_text("No corrections yet").wait_for()
    yield "corrections-empty"
    kinds = ["dimple", None, "double_bit", "laser_track"]
    put_entries(page, [(now() - 9_000_000 * i, kinds[i % 4]) for i in range(20)], size=160)
    put_corrections(page, [(sample("dimple-00"), "mortice", "dimple"), (sample("dimple-06"), "", "not sure")])
    page.goto(f"{host.url}#/corrections")
    page.reload()
    page.locator(".corrected img").first.wait_for()
    yield "corrections"
    page.goto(f"{host.url}#/history")
    page.locator(".tile img").first.wait_for()
    yield "history"
    select(page, 0, 2)
    yield "history-selecting"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Nothing is sent").click()
    page.locator("dialog progress").wait_for()
    yield "history-storage"


def test_axe_finds_no_violations_and_nothing_is_too_wide(page, host):
    """Set KEYKIND_SHOTS to a folder to keep a screenshot of each part."""
    for part in visit_parts(page, host):
        page.evaluate(AXE.read_text("utf-8"))
        for width, height in (PHONE, NARROW, DESKTOP):
            resize(page, width, height)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                if folder := os.environ.get("KEYKIND_SHOTS"):
                    page.screenshot(path=Path(folder) / f"{part}-{width}-{scheme}.png")
                violations = page.evaluate("axe.run()")["violations"]
                found = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations]
                assert found == [], (part, width, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, part
