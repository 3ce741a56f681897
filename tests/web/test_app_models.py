"""Tests of the app with models of one's own, in Chromium: written around one, or opened by the user."""

import json
import re

import pytest

from app_pages import (
    DIFFERENCE,
    answers,
    correct_first_key,
    is_pythons,
    new_context,
    open_photo,
    photo_with_a_key,
    sample,
    wait_until_ready,
)
from app_server import Host
from keykind.app import write_app
from keykind.dataset.bundled import bundled_photos
from keykind.model.model import unpack
from keykind.predict.recogniser import Recogniser
from tiny_model import tiny_bytes, tiny_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CLASSES = ("red cup", "cylinder", "blue_plate")  # one is named like a kind of key
OWN_KEYS = ("abloy", "cruciform")
KEY_WORDS = re.compile(r"\bkeys?\b|schlüssel|\bclés?\b", re.IGNORECASE)
TEXTS = """() => [document.title, document.body.innerText,
    document.querySelector('meta[name=description]').content,
    ...[...document.querySelectorAll('*')].flatMap((element) =>
        ['aria-label', 'alt', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''))]"""
PHOTOS = ("dimple-00", "laser_track-00", "mortice-00", "cylinder-00")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A model of three classes that are no keys."""
    return tiny_file(tmp_path_factory.mktemp("other") / "crockery.tflite", kinds=CLASSES)


@pytest.fixture(scope="module")
def sites(app, other, tmp_path_factory):
    """The URL of the app around a model, by the model's path; each is written and served once."""
    hosts = {}

    def site(model):
        if model not in hosts:
            hosts[model] = Host(write_app(tmp_path_factory.mktemp("site") / "app", app, model=model).parent)
        return hosts[model]

    yield site
    for host in hosts.values():
        host.stop()


@pytest.fixture
def opened(context):
    """A function that opens an address in a profile of a first visit and waits until the app is ready."""

    def open_page(url, profile=context):
        page = profile.new_page()
        page.goto(url)
        wait_until_ready(page)
        return page

    return open_page


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


def drop_model(page, path):
    drop(page, path)
    page.locator(".own-model").wait_for()


def assert_pythons(page, recogniser, photo):
    """Assert that the page's answers to a photo are Python's."""
    open_photo(page, photo)
    keys = recogniser.recognise(photo).keys
    shown = [text for text in answers(page) if not text.startswith("None of")]
    assert len(shown) == len(keys)
    for key in keys:  # the app numbers them in reading order
        start = "" if key.kind is None else key.kind.replace("_", " ")
        same = [text for text in shown if text.lower().startswith(start)]
        if key.kind is None:
            assert any("ot certain" in text for text in same)
        else:
            assert any(is_pythons(text, key.probability) for text in same)


@pytest.mark.parametrize(
    "changes", [{}, {"ood_threshold": 1.2}, {"confidence_threshold": 0.95, "maps": False}]
)
def test_a_model_of_other_classes_answers_as_in_python(opened, host, tmp_path, changes):
    model = tiny_file(tmp_path / "crockery.tflite", kinds=CLASSES, **changes)
    page = opened(host.url)
    drop_model(page, model)
    for name in PHOTOS:
        assert_pythons(page, Recogniser.load(model), sample(name))
        assert page.locator(".key-card").count() == 1  # the whole photo


def test_a_model_of_other_keys_answers_as_in_python(opened, sites, tmp_path):
    model = tiny_file(tmp_path / "keys.tflite", kinds=OWN_KEYS, crop="key")
    page = opened(sites(model).url)
    for name in PHOTOS:
        assert_pythons(page, Recogniser.load(model), sample(name))
    assert page.locator(".outlines .line").count() >= 1
    page.goto(f"{sites(model).url}#about")
    assert "abloy, cruciform" in page.locator(".about").inner_text()


@pytest.mark.parametrize("locale", ["en-GB", "de-DE", "fr-FR"])
def test_an_app_around_other_classes_never_mentions_keys(chromium, sites, other, locale):
    profile = new_context(chromium, locale=locale)
    page = profile.new_page()
    host = sites(other)
    page.goto(host.url)
    for part in visit_parts(page, host.url):
        texts = page.evaluate(TEXTS)
        assert [text for text in texts if KEY_WORDS.search(text)] == [], part
        assert page.locator(".sketch").count() == page.locator(".outlines polygon").count() == 0, part
    manifest = json.loads(page.evaluate("fetch('manifest.webmanifest').then((response) => response.text())"))
    assert manifest["name"] == "red cup, cylinder, blue plate"
    assert not any("detector" in path or "refiner" in path for path, _ in host.sent)
    profile.close()


def visit_parts(page, url):
    """Show each part of an app around `other` in turn, and yield its name."""
    yield "loading"
    wait_until_ready(page)
    yield "home"
    open_photo(page, sample("dimple-00"))
    yield "photo"
    page.locator(".ask-why").click()
    page.locator(".why > canvas").wait_for()
    yield "why"
    page.locator(".ask-wrong").click()
    yield "wrong"
    page.locator(".wrong [data-kind='blue_plate']").click()
    page.locator(".wrong").wait_for(state="detached")
    page.goto(f"{url}#/corrections")
    page.locator(".corrected img").wait_for()
    yield "corrections"
    page.goto(f"{url}#about")
    page.locator(".about .models").wait_for(state="attached")
    yield "about"
    page.goto(f"{url}#scan")
    page.reload()
    wait_until_ready(page)
    page.locator(".home .bar button").first.click()
    page.locator(".camera .entry").wait_for()
    yield "camera"
    page.goto(f"{url}selftest.html")
    page.locator("body[data-result]").wait_for()
    yield "selftest"


@pytest.mark.parametrize("changes", [{"kinds": CLASSES}, {"kinds": CLASSES, "about": {"subject": "key"}}])
def test_the_self_test_of_an_app_around_a_model_passes(context, sites, tmp_path, changes):
    model = tiny_file(tmp_path / "own.tflite", **changes)
    page = context.new_page()
    page.goto(f"{sites(model).url}selftest.html")
    page.locator("body[data-result]").wait_for()
    assert page.locator("body").get_attribute("data-result") == "passed", page.inner_text("table")
    assert float(page.locator("body").get_attribute("data-difference")) <= DIFFERENCE


def test_an_app_around_a_model_works_offline(opened, app, other, tmp_path):
    host = Host(write_app(tmp_path / "app", app, model=other, title="Crockery").parent)
    page = opened(host.url)
    host.stop()
    page.reload()
    wait_until_ready(page)
    assert page.locator(".name").inner_text() == "Crockery"
    assert_pythons(page, Recogniser.load(other), sample("dimple-00"))


def test_an_opened_model_stays_until_the_user_goes_back(opened, app, other):
    host = Host(app)
    page = opened(host.url)
    drop_model(page, other)
    assert "crockery.tflite" in page.locator(".own-model").inner_text()
    host.stop()
    page.reload()  # offline
    page.locator(".own-model").wait_for()
    assert page.locator("h1").inner_text() == "What is it?"
    assert_pythons(page, Recogniser.load(other), sample("dimple-00"))
    page.goto(f"{host.url}#scan")
    page.reload()
    page.get_by_role("button", name="Use the app’s own model").click()
    page.locator(".own-model").wait_for(state="detached")
    assert page.locator("h1").inner_text() == "What kind of key is it?"
    page.reload()
    wait_until_ready(page)
    path, key = photo_with_a_key()
    open_photo(page, path)
    assert is_pythons(answers(page)[0], key.probability)
    page.goto(f"{host.url}#about")
    page.get_by_role("button", name="Use: crockery.tflite").click()
    page.locator(".own-model").wait_for()


def test_a_model_can_be_removed_from_the_device(opened, host, other):
    page = opened(host.url)
    drop_model(page, other)
    page.get_by_role("button", name="Use the app’s own model").click()
    page.locator(".own-model").wait_for(state="detached")
    page.goto(f"{host.url}#about")
    page.get_by_role("button", name="Remove from this device: crockery.tflite").click()
    page.locator(".models li").wait_for(state="detached")
    page.reload()
    page.locator(".about .models").wait_for(state="attached")
    assert page.locator(".models li").count() == 0


def test_a_model_is_chosen_in_the_about_page(opened, host, other):
    page = opened(f"{host.url}#about".replace("#about", ""))
    page.goto(f"{host.url}#about")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open a model file").click()
    chooser.value.set_files(str(other))
    page.locator(".own-model").wait_for()


def test_the_collection_keeps_the_photos_of_each_model_apart(opened, host, other):
    page = opened(host.url)
    open_photo(page, sample("dimple-00"))
    correct_first_key(page, "mortice")
    drop_model(page, other)
    open_photo(page, sample("dimple-00"))
    correct_first_key(page, "red cup")
    page.goto(f"{host.url}#/corrections")
    page.locator(".corrected img").wait_for()
    assert page.locator(".corrected select").evaluate_all("all => all.map(({ value }) => value)") == [
        "red cup"
    ]
    page.goto(f"{host.url}#scan")
    page.reload()
    page.get_by_role("button", name="Use the app’s own model").click()
    page.locator(".own-model").wait_for(state="detached")
    page.goto(f"{host.url}#/corrections")
    page.locator(".corrected img").wait_for()
    assert page.locator(".corrected select").evaluate_all("all => all.map(({ value }) => value)") == [
        "mortice"
    ]


@pytest.fixture
def models_host(other, tmp_path):
    """A host of model files that lets pages of other hosts read them."""
    (tmp_path / "crockery.tflite").write_bytes(other.read_bytes())
    served = Host(tmp_path, allows_origins=True)
    yield served
    served.stop()


def test_a_model_runs_from_the_address_in_the_pages_own(opened, host, other, models_host):
    address = f"{models_host.url}crockery.tflite"
    page = opened(f"{host.url}?model={address}")
    assert address in page.locator(".own-model").inner_text()
    assert_pythons(page, Recogniser.load(other), sample("dimple-00"))
    blocked = "fetch(url).then(() => 'sent', () => 'blocked')"
    assert page.evaluate(f"(url) => {blocked}", models_host.url) == "blocked"  # once the model is there
    page.goto(host.url)  # a link changes nothing for later visits
    wait_until_ready(page)
    assert page.locator(".own-model").count() == 0
    models_host.stop()
    page.goto(f"{host.url}?model={address}")  # its copy
    page.locator(".own-model").wait_for()


def test_a_relative_address_is_of_the_pages_host(opened, app, other, tmp_path):
    index = write_app(tmp_path / "app", app)
    (index.parent / "crockery.tflite").write_bytes(other.read_bytes())
    host = Host(index.parent)
    page = opened(f"{host.url}?model=crockery.tflite")
    assert page.locator(".own-model").count() == 1
    host.stop()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("javascript:alert(1)", "has to start with http"),
        ("file:///etc/passwd", "has to start with http"),
        ("data:application/octet-stream;base64,AAAA", "has to start with http"),
        ("https://", "has to start with http"),
        ("nothing.tflite", "answered HTTP 404"),
        ("index.html", "is not a model"),
        ("OTHER/", "does not allow other pages to read the file"),
    ],
)
def test_an_address_without_a_model_is_explained_and_the_apps_model_runs(
    opened, host, tmp_path, address, message
):
    closed = Host(tmp_path)
    page = opened(f"{host.url}?model={address.replace('OTHER/', closed.url)}")
    assert message in page.get_by_role("alert").inner_text()
    path, key = photo_with_a_key()
    open_photo(page, path)
    assert is_pythons(answers(page)[0], key.probability)
    closed.stop()


REFUSED = {
    "foreign.tflite": (unpack(tiny_bytes(), "tiny")[0], "keykind did not export it, or it is cut off"),
    "cut.tflite": (tiny_bytes()[:-30], "keykind did not export it, or it is cut off"),
    "text.tflite": (b"no model at all", "is not a model"),
    "empty.tflite": (b"", "is not a model"),
    "damaged.tflite": (tiny_bytes().replace(b"step_0", b"step_X"), "damaged"),
    "newer": (tiny_bytes().replace(b'"schema": 1', b'"schema": 9'), "later version"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_model_is_refused_and_the_one_before_stays(opened, sites, other, tmp_path, name):
    data, message = REFUSED[name]
    (tmp_path / name).write_bytes(data)
    page = opened(sites(other).url)
    drop(page, tmp_path / name)
    assert message in page.get_by_role("alert").inner_text()
    assert_pythons(page, Recogniser.load(other), sample("dimple-00"))


def test_an_app_without_a_detector_refuses_a_model_that_needs_one(opened, sites, other, tmp_path):
    page = opened(sites(other).url)
    drop(page, tiny_file(tmp_path / "keys.tflite", kinds=OWN_KEYS, crop="key"))
    assert "has no detector" in page.get_by_role("alert").inner_text()


def test_names_are_text_whatever_they_contain(opened, host, tmp_path):
    model = tiny_file(tmp_path / "<img src=x onerror=alert(1)>.tflite", kinds=("<b>bold</b>", "x" * 255))
    page = opened(host.url)
    page.set_viewport_size({"width": 320, "height": 568})
    drop_model(page, model)
    assert "<b>bold</b>" in page.locator(".known").inner_text()
    assert "<img src=x" in page.locator(".own-model").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_model_of_a_thousand_classes_is_listed_in_part(opened, host, tmp_path):
    kinds = tuple(f"class {i}" for i in range(1000))
    page = opened(host.url)
    drop_model(page, tiny_file(tmp_path / "many.tflite", kinds=kinds, confidence_threshold=0.0))
    assert "and 940 more" in page.locator(".known").inner_text()
    assert_pythons(page, Recogniser.load(tmp_path / "many.tflite"), sample("dimple-00"))


def test_two_apps_of_one_host_do_not_delete_each_others_files(opened, app, other, tmp_path):
    write_app(tmp_path / "keys", app)
    write_app(tmp_path / "cups", app, model=other)
    host = Host(tmp_path)
    for name in ("keys", "cups"):
        opened(f"{host.url}{name}/").close()
    host.stop()
    for name, title in {"keys": "keykind", "cups": "red cup, cylinder, blue plate"}.items():
        page = opened(f"{host.url}{name}/")
        assert page.locator(".name").inner_text() == title


def test_the_bundled_classifier_opened_as_a_file_answers_as_the_apps(opened, host):
    from keykind.predict.recogniser import shipped_model

    page = opened(host.url)
    drop_model(page, shipped_model())
    for path in sorted(bundled_photos().glob("test/*/*-00.jpg"))[:3]:
        assert_pythons_labels(page, path)


def assert_pythons_labels(page, photo):
    open_photo(page, photo)
    keys = Recogniser.load().recognise(photo).keys
    assert page.locator(".key-card.sure").count() == sum(key.kind is not None for key in keys)
