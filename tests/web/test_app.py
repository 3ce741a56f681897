"""Tests of the app as a whole in Chromium: keyboard, navigation, languages, narrow screens, installing.

What single views do is tested in test_app_camera.py, test_app_answer.py, test_app_history.py and others.
"""

import json
import os
import re
from pathlib import Path

import pytest

from app_actions import VIEWS, answers
from app_build import WEB
from app_pages import (
    DIFFERENCE,
    HOLD,
    LANGUAGES,
    NOT_ASKED,
    message,
    new_context,
    open_photo,
    photo_with_a_key,
    reset,
    resize,
    sample,
    wait_for_title,
    wait_until_ready,
)
from stored_answers import count_stored

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
PHONE, NARROW = (390, 844), (320, 568)
MANY_TABS = 120  # presses of Tab within which each control of a view is reached
UNKNOWN = {
    "#/nowhere": ".unknown",
    "#/answer/999999": ".answer",
    "#/answer/x": ".unknown",
    "#/import/999": ".page",
    "#/kinds/none": ".kind",
    "#/my-keys/12345": ".my-key",
    "#/kinds/%E0%A4%A": ".kind",
    "#collection": ".corrections",  # of versions before 0.11
    "#about": ".about",
}
# What of each view is there only once it has been read from the device, or else is there at once.
CONTENT = {
    "history": ".tile",
    "corrections": ".nothing-yet",
    "kinds": ".kind-card",
    "kind": ".kind-views",
    "my keys": ".nothing-yet",
    "new key": "#my-key-name",
    "about": "#language",
}
# What has the focus: its text, whether it can be seen, and whether a ring shows that.
FOCUSED = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const { width, height, left, right, top, bottom } = element.getBoundingClientRect();
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
        text: (element.ariaLabel ?? element.textContent ?? '').trim(),
        id: element.id,
        isSeen: width > 0 && height > 0 && right > 0 && left < innerWidth && bottom > 0 && top < innerHeight,
        hasRing: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
        place: [...document.querySelectorAll('*')].indexOf(element),
    };
}"""
TOO_WIDE = """width => document.documentElement.scrollWidth <= width ? [] :
    [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > width)
        .map((element) => `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`)"""
# How high the main menu is, and which names do not fit, even in bold as that of the present view.
MENU = """() => {
    const links = [...document.querySelectorAll('.tabs a')];
    const texts = links.map((link) => link.querySelector('span'));
    texts.forEach((text) => { text.style.fontWeight = 600; });
    const { height, top, bottom } = document.querySelector('.tabs').getBoundingClientRect();
    const cut = texts.filter((text) => {
        const box = text.getBoundingClientRect();
        return text.scrollWidth > text.clientWidth || box.top < top || box.bottom > bottom;
    });
    texts.forEach((text) => { text.style.fontWeight = ''; });
    return { height, cut: cut.map(({ textContent }) => textContent) };
}"""
MOVING = """() => document.getAnimations()
    .map((animation) => [animation.effect.getComputedTiming(), animation])
    .filter(([{ activeDuration }]) => activeDuration > 10)
    .map(([, animation]) => animation.effect.target?.className ?? '')"""
SHARE = """async ([bytes, names]) => {
    await navigator.serviceWorker.ready;
    const form = new FormData();
    for (const name of names)
        form.append('photos', new File([new Uint8Array(bytes)], name, { type: 'image/jpeg' }));
    const response = await fetch('share', { method: 'POST', body: form, redirect: 'manual' });
    return response.type;
}"""
OFFER = """() => {
    const offer = new Event('beforeinstallprompt', { cancelable: true });
    offer.prompt = async () => { globalThis.asked_ = true; };
    dispatchEvent(offer);
}"""
IPHONE = (
    "Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)' })"
)


def go(page, name):
    """Show a view by its address."""
    address, selector = VIEWS[name]
    page.evaluate("address => { location.hash = address; }", address)
    page.locator(f".page{selector}").wait_for()
    wait_for_title(page)


def press_tab_until(page, text):
    """Press Tab until something with this text has the focus; all on the way is seen and has a ring."""
    passed = []
    for _ in range(MANY_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            continue
        assert focused["isSeen"], focused
        assert focused["hasRing"], focused
        if text in (focused["text"], focused["id"]):
            return
        passed.append(focused["text"])
    pytest.fail(f"Tab does not reach {text}, but {passed}")


def heading(page):
    return page.locator("h1").inner_text()


def wait_for_heading(page, text):
    """Wait for a view whose title has the focus."""
    page.wait_for_function(
        "text => document.activeElement.tagName === 'H1' && document.activeElement.textContent === text",
        arg=text,
    )


def test_the_self_test_passes(context, host, app):
    page = context.new_page()
    page.goto(f"{host.url}selftest.html")
    page.locator("body[data-result]").wait_for()
    assert page.locator("body").get_attribute("data-result") == "passed", page.inner_text("table")
    assert float(page.locator("body").get_attribute("data-difference")) <= DIFFERENCE
    golden = json.loads((app / "golden" / "golden.json").read_text("utf-8"))
    assert page.locator("tbody tr").count() == len(golden)
    assert any(photo["keys"] for photo in golden)


def test_the_whole_path_works_with_the_keyboard_alone(calm):
    page = calm
    path, _ = photo_with_a_key()
    press_tab_until(page, message("nav.skip"))
    page.keyboard.press("Enter")
    wait_for_heading(page, message("home.title"))
    with page.expect_file_chooser() as chooser:
        press_tab_until(page, message("home.choose"))
        page.keyboard.press("Enter")
    chooser.value.set_files(str(path))
    page.locator(".key-card").wait_for()
    wait_for_heading(page, message("photo.one"))
    press_tab_until(page, message("answer.wrong"))
    press_tab_until(page, message("answer.why"))
    page.keyboard.press("Enter")
    page.locator(".why .scale").wait_for()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.matches('.wrong button')")
    press_tab_until(page, "mortice")
    page.keyboard.press("Space")
    page.locator(".key-card[data-correction=mortice]").wait_for()
    page.locator(".more a[href='#/kinds/mortice']").wait_for()
    page.wait_for_function("() => document.activeElement.matches('.ask-wrong')")  # the correction is stored
    press_tab_until(page, page.locator(".more a[href='#/kinds/mortice']").inner_text())
    page.keyboard.press("Enter")
    page.locator(".kind-views").wait_for()
    page.wait_for_function("() => document.activeElement.tagName === 'H1'")
    page.go_back()
    page.locator(".key-card[data-correction=mortice]").wait_for()
    wait_for_heading(page, message("photo.one"))
    press_tab_until(page, message("nav.history"))
    page.keyboard.press("Enter")
    wait_for_heading(page, message("nav.history"))
    for name in ("myKeys", "kinds"):
        press_tab_until(page, message(f"nav.{name}"))
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.activeElement.tagName === 'H1'")
    press_tab_until(page, message("nav.about"))
    page.keyboard.press("Enter")
    wait_for_heading(page, message("about.title"))
    press_tab_until(page, "language")
    page.keyboard.press("Home")
    page.wait_for_function("first => document.documentElement.lang === first", arg=LANGUAGES[0])
    assert heading(page) == message("about.title", LANGUAGES[0])


def test_tab_passes_every_view_in_the_order_of_the_page(calm):
    open_photo(calm, sample("dimple-00"))
    for name in (None, *VIEWS):
        if name:
            go(calm, name)
            calm.locator(CONTENT[name]).first.wait_for()
        calm.evaluate("document.activeElement.blur()")
        places, texts = [], []
        for _ in range(MANY_TABS):
            calm.keyboard.press("Tab")
            focused = calm.evaluate(FOCUSED)
            if focused is None:
                continue  # from the end of the page to its beginning
            if focused["place"] in places:
                break
            assert focused["isSeen"], (name, focused)
            assert focused["hasRing"], (name, focused)
            places.append(focused["place"])
            texts.append(focused["text"])
        else:
            pytest.fail(f"Tab does not leave {name}")
        start = places.index(min(places))  # what had the focus before may be where Tab begins
        assert places[start:] + places[:start] == sorted(places), (name, texts)
        assert message("nav.about") in texts


def test_back_forward_reload_and_links_lead_to_each_view(calm, host):
    page = calm
    open_photo(page, sample("dimple-00"))
    answer = page.evaluate("location.hash")
    visited = [(answer, ".answer", heading(page))]
    for name, (address, selector) in VIEWS.items():
        go(page, name)
        visited.append((address, selector, heading(page)))
    titles = [title for *_, title in visited]
    assert len(set(titles)) == len(titles)
    for direction, places in (("go_back", visited[-2::-1]), ("go_forward", visited[1:])):
        for _, selector, title in places:
            getattr(page, direction)()
            page.locator(f".page{selector}").wait_for()
            page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
            page.wait_for_function("title => document.title.startsWith(`${title} – `)", arg=title)
    for address, selector, title in visited:
        page.goto(f"{host.url}{address}")
        page.reload()
        page.locator(f".page{selector}").wait_for()
        page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
        assert page.evaluate("location.hash") == address
    page.goto(f"{host.url}{answer}")
    page.locator(".key-card[data-kind=dimple]").wait_for()


def test_an_address_of_nothing_leads_somewhere(calm, host):
    for address, selector in UNKNOWN.items():
        calm.goto(f"{host.url}{address}")
        calm.locator(f".page{selector}").wait_for()
        assert heading(calm)
        assert calm.locator("nav a").count() == 5
    calm.goto(f"{host.url}#/answer/999999")
    calm.get_by_text(message("answer.gone")).wait_for()


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("#/nowhere", ".welcome"),
        ("#/answer/999999", ".history"),
        ("#/import/999", ".history"),
        ("#/kinds/none", ".kinds"),
        ("#/my-keys/12345", ".my-keys"),
    ],
)
def test_a_dead_end_has_a_button_onwards(calm, host, address, way):
    calm.goto(f"{host.url}{address}")
    calm.locator(".nothing-yet .button.main").click()
    calm.locator(f".page{way}").wait_for()


def test_the_language_is_the_browsers_or_the_users_choice(visited, host):
    for locale in (*(f"{language}-CH" for language in LANGUAGES), "ja-JP"):
        language = locale[:2] if locale[:2] in LANGUAGES else "en"
        page = visited.new_page()
        page.add_init_script(NOT_ASKED)
        page.add_init_script(
            f"Object.defineProperty(navigator, 'languages', {{ value: ['{locale}', 'en'] }})"
        )
        page.goto(host.url)
        page.locator(".welcome").wait_for()
        assert heading(page) == message("home.title", language)
        assert page.get_by_role("button", name=message("home.camera", language)).is_visible()
        assert page.locator("html").get_attribute("lang") == language
        page.wait_for_function(
            "title => document.title.startsWith(title)", arg=message("home.title", language)
        )
        if locale == "ja-JP":
            page.goto(f"{host.url}#/about")
            page.locator("#language").select_option("fr")
            page.wait_for_function("() => document.documentElement.lang === 'fr'")
            assert heading(page) == message("about.title", "fr")
            page.goto(f"{host.url}#/")
            page.reload()
            page.get_by_text(message("home.title", "fr")).wait_for()
        reset(page, host.url)
        page.close()


def shots(page, name):
    """Keep a screenshot in the folder that KEYKIND_SHOTS names."""
    if folder := os.environ.get("KEYKIND_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def all_views(page):
    """Show each view without the camera, and yield its name."""
    go(page, "history")
    page.evaluate("location.hash = '#/'")
    page.locator(".welcome").wait_for()
    yield "welcome"
    for name in VIEWS:
        go(page, name)
        yield name


def test_nothing_is_wider_than_the_narrowest_phone_in_any_language_or_with_large_text(calm):
    found = {}

    def check(name, width):
        shots(calm, f"{name}-{width}-{language}")
        if wide := calm.evaluate(TOO_WIDE, width):
            found[f"{name}, {language}, {width} px"] = wide[:3]

    open_photo(calm, sample("dimple-00"))
    answer = calm.evaluate("location.hash")
    for language in LANGUAGES:
        resize(calm, *NARROW)
        calm.evaluate("document.documentElement.style.fontSize = ''")
        go(calm, "about")
        calm.locator("#language").select_option(language)
        calm.wait_for_function("tag => document.documentElement.lang === tag", arg=language)
        for name in all_views(calm):
            check(name, NARROW[0])
        calm.evaluate("address => { location.hash = address; }", answer)
        calm.locator(".ask-why").click()
        calm.locator(".why .scale").wait_for()
        calm.locator(".ask-wrong").click()
        check("answer", NARROW[0])
        resize(calm, *PHONE)
        calm.evaluate("document.documentElement.style.fontSize = '200%'")
        check("answer-large", PHONE[0])
        for name in all_views(calm):
            check(f"{name}-large", PHONE[0])
    assert not found, found


def test_the_menu_is_whole_with_large_text_in_any_language(calm):
    cut = {}
    for language in LANGUAGES:
        go(calm, "about")
        calm.locator("#language").select_option(language)
        calm.wait_for_function("tag => document.documentElement.lang === tag", arg=language)
        for width, height in (PHONE, NARROW):
            resize(calm, width, height)
            for size in ("100%", "200%"):
                calm.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
                menu = calm.evaluate(MENU)
                assert menu["height"] <= height / 6
                cut |= {f"{text}, {width} px, {size}": language for text in menu["cut"]}
    assert cut == {}


def test_axe_finds_no_violations_in_either_scheme(calm, host, tmp_path):
    """The views of the camera, the answer and the history have tests of their own."""

    def check(name):
        for scheme in ("light", "dark"):
            calm.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            shots(calm, f"{name}-{scheme}")
            violations = calm.evaluate("axe.run()")["violations"]
            found = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations]
            assert found == [], (name, scheme)

    (tmp_path / "text.tflite").write_bytes(b"no model")
    resize(calm, *PHONE)
    calm.evaluate(AXE.read_text("utf-8"))
    for name in ("kinds", "kind", "my keys", "new key", "about"):
        go(calm, name)
        check(name)
    calm.locator("#file-input").set_input_files(str(tmp_path / "text.tflite"))
    calm.get_by_role("alert").wait_for()
    check("error")
    calm.goto(f"{host.url}selftest.html")
    calm.locator("body[data-result]").wait_for()
    calm.evaluate(AXE.read_text("utf-8"))
    check("selftest")


def test_the_app_follows_the_systems_colours_and_its_wish_for_calm(calm):
    ground = "getComputedStyle(document.body).backgroundColor"
    lightness = {}
    for scheme in ("light", "dark"):
        calm.emulate_media(color_scheme=scheme)
        lightness[scheme] = sum(map(int, re.findall(r"\d+", calm.evaluate(ground))[:3]))
    assert lightness["light"] > 600  # of 765
    assert lightness["dark"] < 150
    moved = {}
    for motion in ("no-preference", "reduce"):
        calm.emulate_media(reduced_motion=motion)
        go(calm, "about")
        calm.evaluate("() => { location.hash = '#/'; }")
        calm.locator(".welcome").wait_for()
        calm.evaluate(HOLD, "recognisePhoto")
        calm.locator("#photo-input").set_input_files(str(sample("dimple-00")))
        calm.locator(".answer .pending").wait_for()
        moved[motion] = calm.evaluate(MOVING)
        calm.evaluate("released_()")
        calm.locator(".key-card").wait_for()
        moved[motion] += calm.evaluate(MOVING)
    assert moved["no-preference"]  # the wait for the answer
    assert [name for name in moved["reduce"] if name != "spinner"] == []


def test_shared_photos_open(calm, host):
    path, key = photo_with_a_key()
    data = list(path.read_bytes())
    assert calm.evaluate(SHARE, [data, ["shared.jpg"]]) == "opaqueredirect"
    open_again(calm, host)
    calm.locator(".key-card").wait_for()
    assert [kind for kind, _ in answers(calm)] == [key.kind]
    open_again(calm, host)
    wait_until_ready(calm)
    calm.locator(".welcome").wait_for()  # once only
    calm.evaluate(SHARE, [data, ["one.jpg", "two.jpg"]])
    open_again(calm, host)
    calm.locator(".import").wait_for()
    calm.locator("a.photo-row").nth(1).wait_for()


def open_again(page, host):
    """Open the start page anew, whatever the address is."""
    page.goto("about:blank")
    page.goto(host.url)


def test_the_app_says_how_it_can_be_installed(calm, visited, host):
    go(calm, "about")
    assert calm.get_by_text(message("install.title")).count() == 0
    calm.evaluate(OFFER)
    calm.get_by_role("button", name=message("install.button")).click()
    calm.wait_for_function("() => globalThis.asked_")
    calm.get_by_text(message("install.title")).wait_for(state="detached")
    calm.evaluate("location.hash = '#/'")
    calm.locator(".welcome").wait_for()
    calm.evaluate(OFFER)
    assert calm.get_by_text(message("install.title")).count() == 0  # it is not the first thing to be said
    path, _ = photo_with_a_key()
    for is_first in (True, False):
        open_photo(calm, path)
        assert calm.locator(".install-card").count() == is_first
        if is_first:
            calm.get_by_role("button", name=message("install.later")).click()
    phone = visited.new_page()
    phone.add_init_script(IPHONE)
    phone.goto(f"{host.url}#/about")
    phone.get_by_text(message("install.share")).wait_for()
    assert phone.get_by_role("button", name=message("install.button")).count() == 0
    phone.close()


def test_without_a_history_answers_last_for_this_visit_only(calm):
    go(calm, "history")
    calm.get_by_role("button", name=message("history.private")).click()
    calm.get_by_role("switch").uncheck()
    calm.keyboard.press("Escape")
    open_photo(calm, sample("dimple-00"))
    assert calm.get_by_text(message("answer.historyOff")).is_visible()
    go(calm, "history")
    calm.get_by_text(message("history.off")).wait_for()
    calm.go_back()
    calm.locator(".key-card[data-kind=dimple]").wait_for()  # in this visit
    assert count_stored(calm, "entries") == 0
    calm.reload()
    calm.get_by_text(message("answer.goneOff")).wait_for()
    wait_until_ready(calm)


def test_the_first_view_is_there_before_the_models(chromium, host):
    context = new_context(chromium)
    page = context.new_page()
    page.add_init_script(NOT_ASKED)
    context.route("**/*.bin", lambda route: None)  # the models never arrive
    page.goto(host.url)
    page.locator(".welcome .loading").wait_for()
    page.get_by_role("link", name=message("nav.kinds")).click()
    page.locator(".kinds .kind-card").first.click()
    page.locator(".kind h1").wait_for()
    page.locator("#photo-input").set_input_files(str(sample("dimple-00")))
    page.locator(".viewer > img").wait_for()  # the photo is there; its answer waits
    assert page.locator(".shell").get_attribute("data-ready") == "false"
    context.close()
