"""Tests of the review page in browsers, with the real server: what people do, and what labels.csv then says.

The state of the page without a browser is tested in web/tests/review.
"""

import shutil

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from app_build import WEB, build_review
from desks import draw_kinds
from once import once
from review_host import OPENING, ReviewHost
from web_page import Options

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
WIDE, MIDDLE, NARROW = (1440, 900), (1024, 768), (320, 640)
COUNT = 12  # photos of each of two kinds
FILE = ".panel .file"
PRIMARY = ".primary"
ALL = "//button[contains(@class, 'queue')][contains(., 'All photos')]"
COPIES = "//button[contains(@class, 'queue')][contains(., 'duplicates')]"
# Remembers what is said over the photo for some seconds.
REMEMBER_SAID = """() => {
    const element = document.querySelector('.said');
    const note = () => element.matches('.over') || globalThis.said_.push(element.textContent);
    globalThis.said_ = [];
    new MutationObserver(note).observe(element, { attributes: true, childList: true, subtree: true });
}"""
SHOWN_IN_PHOTO = """(x, y) => {
    const { width, height } = document.querySelector('.viewer canvas').getBoundingClientRect();
    return [x / width, y / height];
}"""


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The built page."""
    return once(tmp_path_factory, "review-page", build_review)


@pytest.fixture
def photos(tmp_path):
    """Photos of two kinds, and a copy of one of them."""
    folder = draw_kinds(tmp_path / "photos", COUNT)
    shutil.copy(folder / "dimple" / "dimple-0.jpg", folder / "dimple" / "copy.jpg")
    return folder


@pytest.fixture
def host(photos, built, model):
    served = ReviewHost(photos, built, model)
    yield served
    served.stop()


@pytest.fixture
def review(engine, host):
    """The page, at the first of all photos."""
    with engine.open(host.url, Options(viewport=WIDE, camera=False)) as page:
        open_all(page)
        yield page
        assert page.errors() == []


def open_all(page):
    page.goto(OPENING)
    page.click(ALL)
    page.wait_until("() => document.querySelector('.queue[aria-current]')?.textContent.includes('All')")
    wait_for_photo(page)


def wait_for_photo(page):
    """Wait until the pixels of the photo are shown."""
    page.wait_for("canvas[data-photo]")


def shown(page):
    """Return the name of the photo that is shown."""
    wait_for_photo(page)
    return page.texts(FILE)[0]


def press(page, *keys):
    """Press keys one by one, each when the photo that it is for is shown; return these photos."""
    names = []
    for key in keys:
        names.append(shown(page))
        page.press(key)
        page.wait_until(
            "(selector, name) => document.querySelector(selector)?.textContent !== name", FILE, names[-1]
        )
    return names


def test_twenty_photos_are_labelled_with_the_keyboard_alone(review, host):
    keys = ["Enter", "1", "2", "Space", "c", "0", "2", "1", "Enter", "2"] * 2
    names = press(review, *keys)
    assert len(set(names)) == 20
    rows = host.wait_for_rows(lambda rows: len(rows) == 20)
    for name, key in zip(names, keys, strict=True):
        folder = name.split("/")[0]
        expected = {"1": "cylinder", "2": "dimple", "0": ""}.get(key, folder)
        assert rows[name]["kind"] == expected, (name, key)
        assert rows[name]["excluded"] == ("unsure" if key == "0" else "")
        assert rows[name]["who"] == "ann"


def test_undo_goes_back_through_all_decisions(review, host):
    names = press(review, "2", "2", "1", "0")
    host.wait_for_rows(lambda rows: len(rows) == 4)
    for name in reversed(names):
        review.press("u")
        review.wait_until(
            "(selector, name) => document.querySelector(selector)?.textContent === name", FILE, name
        )
    host.wait_for_rows(lambda rows: rows == {})


def test_a_photo_is_left_out_with_a_reason_by_two_keys(review, host):
    name = shown(review)
    review.press("x")
    review.wait_for("dialog.exclude")
    review.press("d")
    rows = host.wait_for_rows(lambda rows: name in rows)
    assert rows[name]["excluded"] == "damaged"


def test_a_kind_that_has_no_button_is_typed(review, host):
    names = [shown(review)]
    review.press("+", *"padlock")
    assert review.evaluate("() => document.activeElement.value") == "padlock"
    assert review.texts(".class-name") == []  # what is typed filters the kinds
    review.press("Enter")
    review.wait_until(
        "(selector, name) => document.querySelector(selector)?.textContent !== name", FILE, names[0]
    )
    names += press(review, "1")  # the page has the keyboard again
    rows = host.wait_for_rows(lambda rows: len(rows) == 2)
    assert [rows[name]["kind"] for name in names] == ["padlock", "cylinder"]
    review.wait_for("//span[@class='class-name'][text()='padlock']")


def test_what_was_decided_is_shown_over_the_photo(review):
    review.evaluate(REMEMBER_SAID)
    press(review, "2")
    review.wait_until("() => globalThis.said_.some((text) => text.startsWith('Labelled dimple'))")
    review.wait_for("//div[contains(@class, 'said over')]")


def test_the_kinds_and_decisions_of_a_phone_need_no_scrolling(review):
    for size in ((390, 844), NARROW, (320, 568)):
        review.set_viewport(*size)
        review.wait_until(
            """() => [...document.querySelectorAll('.class, .decide button')].every(
                (each) => each.getBoundingClientRect().bottom <= innerHeight)"""
        )
        share = review.evaluate(
            "() => document.querySelector('.decide').getBoundingClientRect().height / innerHeight"
        )
        assert share <= 1 / 3, size


def test_of_two_copies_one_is_left_out(review, host):
    review.wait_until("() => ![...document.querySelectorAll('.queue')].some(q => /%/.test(q.textContent))")
    review.click(COPIES)
    review.wait_for(".stage.group")
    [primary] = review.texts(f"{PRIMARY} span:first-child")
    review.press("Enter")
    rows = host.wait_for_rows(lambda rows: any(row["excluded"] for row in rows.values()))
    [(path, row)] = rows.items()
    assert (path in ("dimple/copy.jpg", "dimple/dimple-0.jpg"), row["excluded"]) == (True, "duplicate")
    assert primary.startswith("Leave out photo")


def test_a_key_is_marked_by_two_taps(review, host):
    name = shown(review)
    review.press("m")
    review.wait_for(".key-surface")
    review.press("Escape")  # leaves what is being added: taps do the same
    review.press("m")
    review.click(".viewer", -150, 40)
    review.wait_for(".handle.head")
    review.click(".viewer", 160, -30)
    review.wait_for(".handle.tip")
    head = review.evaluate(SHOWN_IN_PHOTO, -150, 40)
    tip = review.evaluate(SHOWN_IN_PHOTO, 160, -30)
    review.press("Enter")
    rows = host.wait_for_rows(lambda rows: rows.get(name, {}).get("ends"))
    found = [float(value) for value in rows[name]["ends"].split()[:4]]
    file = host.desk.photos([host.desk.catalogue.find([name])[0]])[0]
    width, height = file["width"], file["height"]
    expected = [
        (0.5 + head[0]) * width,
        (0.5 + head[1]) * height,
        (0.5 + tip[0]) * width,
        (0.5 + tip[1]) * height,
    ]
    assert found == pytest.approx(expected, abs=2)


def test_a_key_is_marked_with_the_keyboard_alone(review, host):
    name = shown(review)
    review.press("m", "ArrowLeft", "Enter", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "Enter")
    review.wait_for(".handle.tip")
    review.press("2", "Enter")
    rows = host.wait_for_rows(lambda rows: rows.get(name, {}).get("ends"))
    head_x, _, tip_x, _, kind = rows[name]["ends"].split()
    assert float(head_x) < float(tip_x)
    assert kind == "dimple"
    assert rows[name]["kind"] == ""  # the class of the key is not that of the photo


def test_two_windows_never_replace_each_others_decision_without_asking(review, engine, host):
    host.wait_for_queues()  # else the other window might learn of the decisions before its own
    with engine.open(host.url, Options(viewport=WIDE, camera=False)) as other:
        open_all(other)
        [name, second] = press(review, "1", "1")
        host.wait_for_rows(lambda rows: len(rows) == 2)
        assert press(other, "2", "2") == [name, second]
        other.click("//*[contains(@class, 'banner')]//button[contains(., 'Compare')]")
        assert host.rows()[name]["kind"] == "cylinder"
        other.click("//dialog//button[contains(., 'Use my decision')]")
        rows = host.wait_for_rows(lambda rows: rows[name]["kind"] == "dimple")
        other.click("//dialog//button[contains(., 'Keep what is there')]")
        other.wait_until("() => document.querySelector('dialog') === null")
        assert rows[second]["kind"] == "cylinder"
        other.errors()  # the browser reports the 409s


def test_decisions_outlive_the_server(engine, host):
    with engine.open(host.url, Options(viewport=WIDE, camera=False)) as page:
        open_all(page)
        first = press(page, "2")
        press(page, "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft")  # the pictures are there
        host.wait_for_rows(lambda rows: len(rows) == 1)
        host.stop()
        names = press(page, "2", "1")
        page.wait_for(".banner button")
        assert "2 decisions are not saved yet" in page.texts(".banner")[0]
        host.start()
        page.evaluate("() => document.querySelector('.banner button')?.click()")  # the page may be faster
        rows = host.wait_for_rows(lambda rows: len(rows) == 3)
        assert [rows[name]["kind"] for name in first + names] == ["dimple", "dimple", "cylinder"]
        page.wait_until("() => document.querySelector('.banner') === null")


def test_decisions_are_saved_once_a_broken_labels_csv_is_repaired(engine, host):
    with engine.open(host.url, Options(viewport=WIDE, camera=False)) as page:
        open_all(page)
        [first] = press(page, "2")
        host.wait_for_rows(lambda rows: len(rows) == 1)
        path = host.photos / "labels.csv"
        intact = path.read_bytes()
        path.write_bytes(intact + b"<<<<<<< ours\n")
        [second] = press(page, "2")
        page.wait_until("() => document.querySelector('.banner')?.textContent.includes('is not saved')")
        [banner] = page.texts(".banner")
        assert "labels.csv cannot be read, so your decision is not saved." in banner
        assert f"Drop the decision about {second}" in banner
        path.write_bytes(intact)
        rows = host.wait_for_rows(lambda rows: len(rows) == 2)
        assert [rows[name]["kind"] for name in (first, second)] == ["dimple", "dimple"]
        page.wait_until("() => document.querySelector('.banner') === null")
        page.errors()  # the browser reports the refusals


def test_no_key_here_waits_for_enter(review, host):
    name = shown(review)
    review.press("n")
    review.wait_until("() => document.querySelector('.primary').textContent.includes('Save: no key here')")
    assert host.rows() == {}
    review.press("u", "n", "Enter")
    rows = host.wait_for_rows(lambda rows: name in rows)
    assert rows[name]["ends"] == "none"


def wait_until_shown(page, name):
    page.wait_until("(file, name) => document.querySelector(file)?.textContent === name", FILE, name)


def wait_for_field(page, dialog):
    """Wait until the field of a dialog has the focus."""
    page.wait_until("dialog => document.activeElement.matches(`${dialog} input`)", dialog)


def test_a_photo_is_found_by_its_name(review):
    review.press("/")
    wait_for_field(review, ".find")
    review.press(*"pl 11", "Enter")  # without waiting for the answer
    wait_until_shown(review, "dimple/dimple-11.jpg")
    review.click("//button[@aria-label='Find a photo']")
    wait_for_field(review, ".find")
    review.press(*"cylinder-1")
    review.wait_until("() => document.querySelectorAll('.found .file').length === 3")
    review.click("//ul[@class='found']//button[contains(., 'cylinder-10')]")
    wait_until_shown(review, "cylinder/cylinder-10.jpg")
    assert not review.shows("dialog")


def test_photos_that_were_added_are_there_after_another_look(review, host):
    shutil.copy(host.photos / "dimple" / "dimple-1.jpg", host.photos / "dimple" / "added.jpg")
    review.press("/")
    wait_for_field(review, ".find")
    review.press(*"added")
    review.click("//dialog//button[contains(., 'Look for new photos')]")
    review.wait_until("() => document.querySelector('.find p').textContent === '1 photo'")
    review.press("Enter")
    wait_until_shown(review, "dimple/added.jpg")
    review.wait_until("() => document.querySelector('.progress-text').textContent.includes('26 photos')")
    review.press("1")
    rows = host.wait_for_rows(lambda rows: rows)
    assert {name: row["kind"] for name, row in rows.items()} == {"dimple/added.jpg": "cylinder"}
    review.click("//nav//button[contains(., 'Look for new photos')]")
    review.wait_until("() => document.querySelector('.said').textContent.includes('No new photos')")


def test_the_photos_of_a_key_get_one_name(review, host):
    first = shown(review)
    review.press("k")
    wait_for_field(review, ".key-name")
    review.press(*"front door", "Enter")
    review.wait_until("() => document.querySelector('.facts')?.textContent.includes('front door')")
    assert shown(review) == first
    review.press("ArrowRight")
    review.wait_until("(file, name) => document.querySelector(file)?.textContent !== name", FILE, first)
    second = shown(review)
    review.press("k")
    review.wait_for("//ul[@class='key-names']//button[. = 'front door']")
    assert review.evaluate("() => document.querySelector('.key-name input').value") == "front door"
    review.press("Enter")
    rows = host.wait_for_rows(lambda rows: len(rows) == 2)
    assert {name: row["key"] for name, row in rows.items()} == dict.fromkeys((first, second), "front door")
    review.press("u")
    host.wait_for_rows(lambda rows: len(rows) == 1)
    assert shown(review) == second


def test_a_photo_that_cannot_be_read_is_shown_without_marks(photos, engine, host):
    with engine.open(host.url, Options(viewport=WIDE, camera=False)) as page:
        open_all(page)
        first = shown(page)
        page.press("End")
        page.wait_until("(file, name) => document.querySelector(file)?.textContent !== name", FILE, first)
        last = photos / shown(page)
        host.stop()
        last.write_bytes(b"not a photo")
        host.start()
        open_all(page)
        page.press("End")
        page.wait_for(".viewer .broken")
        page.wait_for(".thumbnail[aria-current] .no-picture")
        assert page.evaluate("() => document.querySelector('main').innerHTML.includes('NaN')") is False
        assert not [text for text in page.texts(".more-actions button") if "Mark" in text]
        page.errors()  # the browser reports the picture


def test_nothing_is_requested_from_elsewhere(review, host):
    press(review, "ArrowRight", "1", "ArrowRight")
    origins = review.evaluate(
        "() => performance.getEntries().map((entry) => entry.name).filter((name) => name.includes('://'))"
    )
    assert origins
    assert [name for name in origins if not name.startswith(host.url)] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_no_violations_and_nothing_is_too_wide(engine, host, dark):
    with engine.open(host.url, Options(viewport=WIDE, camera=False, dark=dark)) as page:
        open_all(page)
        page.evaluate(f"() => {{ {AXE.read_text('utf-8')} }}")

        def check(name):
            violations = page.evaluate("async () => (await axe.run()).violations")
            found = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations]
            assert found == [], name
            too_wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(too_wide) <= 0, name

        for size in (WIDE, MIDDLE, NARROW):
            page.set_viewport(*size)
            check(f"a photo, {size}")
            page.press("m")
            page.wait_for(".key-surface")
            check(f"marking, {size}")
            page.press("Escape", "Escape")
            for key, dialog in (("x", "exclude"), ("/", "find"), ("k", "key-name"), ("?", "help")):
                page.press(key)
                page.wait_for(f"dialog.{dialog}")
                check(f"{dialog}, {size}")
                page.press("Escape")
                page.wait_until("() => document.querySelector('dialog') === null")
        page.set_viewport(*WIDE)
        page.click(COPIES)
        page.wait_for(".stage.group")
        check("copies")
