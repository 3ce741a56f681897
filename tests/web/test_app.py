"""Tests of the app in Chromium: what users do with the camera, photos and the keyboard."""

import json
import os
from pathlib import Path

import pytest

from app_build import WEB
from app_pages import (
    DIFFERENCE,
    new_context,
    open_photo,
    sample,
    wait_until_ready,
    watch,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PHONE, DESKTOP, NARROW = (360, 740), (1280, 800), (320, 568)
LANGUAGES = sorted(path.stem for path in (WEB / "src" / "words").glob("*.json"))
MARGIN = 15  # px that stay free on either side
RIGHTMOST = """part => Math.max(...[...document.querySelectorAll(`${part} *:not(header, header *, svg *)`)]
    .map(element => element.getBoundingClientRect().right))"""


def test_the_self_test_passes(context, host, app):
    page = context.new_page()
    page.goto(f"{host.url}selftest.html")
    page.locator("body[data-result]").wait_for()
    assert page.locator("body").get_attribute("data-result") == "passed", page.inner_text("table")
    assert float(page.locator("body").get_attribute("data-difference")) <= DIFFERENCE
    golden = json.loads((app / "golden" / "golden.json").read_text("utf-8"))
    assert page.locator("tbody tr").count() == len(golden)
    assert any(photo["keys"] for photo in golden)


@pytest.mark.parametrize(
    ("locale", "title", "camera"),
    [
        ("de-AT", "Welche Art Schlüssel ist das?", "Kamera öffnen"),
        ("fr-CA", "De quel type de clé s’agit-il\u202f?", "Ouvrir l’appareil photo"),
        ("ja-JP", "What kind of key is it?", "Use the camera"),
    ],
)
def test_the_language_is_the_browsers_or_the_users_choice(chromium, host, locale, title, camera):
    context = new_context(chromium, locale=locale)
    with watch(context.new_page(), host.url) as page:
        assert page.locator("h1").inner_text() == title
        assert page.get_by_role("button", name=camera).is_visible()
        assert page.locator("html").get_attribute("lang") == (locale[:2] if locale != "ja-JP" else "en")
        page.goto(f"{host.url}#about")
        page.locator("#language").select_option("fr")
        assert page.locator("h1").inner_text() == "À propos"
        page.goto(f"{host.url}#scan")
        page.reload()
        assert page.locator("h1").inner_text() == "De quel type de clé s’agit-il\u202f?"
        assert page.locator("html").get_attribute("lang") == "fr"
    context.close()


def visit_parts(page):
    """Show each part of the app in turn, and yield its name."""
    yield "home"
    open_photo(page, sample("dimple-00"))
    page.locator(".notice").wait_for(state="detached")
    yield "photo"
    page.goto(page.url.split("#")[0] + "#about")
    page.locator(".about").wait_for()
    yield "about"


def visit_all_parts(page, host):
    yield from visit_parts(page)
    page.goto(f"{host.url}#scan")
    page.reload()
    wait_until_ready(page)
    page.get_by_role("button", name="Use the camera").click()
    page.locator(".camera .outlines .line").wait_for()
    yield "camera"
    page.goto(f"{host.url}selftest.html")
    page.locator("body[data-result]").wait_for()
    yield "selftest"


def test_axe_finds_no_accessibility_violations(page, host):
    """Set KEYKIND_SHOTS to a folder to keep a screenshot of each part."""
    axe = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    for part in visit_all_parts(page, host):
        page.evaluate(axe)
        for width, height in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                save_screenshot(page, f"{part}-{width}-{scheme}")
                violations = page.evaluate("axe.run()")["violations"]
                found = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations]
                assert found == [], (part, width, scheme)
    page.goto(host.url)


def save_screenshot(page, name):
    if folder := os.environ.get("KEYKIND_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_the_narrowest_phone(page, language):
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.evaluate("language => localStorage.setItem('keykind-language', language)", language)
    page.reload()
    wait_until_ready(page)
    for part in visit_parts(page):
        save_screenshot(page, f"{part}-{NARROW[0]}-{language}")
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0], part
        right = page.evaluate(RIGHTMOST, "dialog" if part == "detail" else "main")
        assert right <= NARROW[0] - MARGIN, part
