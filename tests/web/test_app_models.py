"""Tests of the app with models of one's own, in Chromium: written around one, or opened by the user."""

import json

import pytest

from app_actions import answers
from app_pages import (
    DIFFERENCE,
    KEY_WORDS,
    LANGUAGES,
    NOT_ASKED,
    correct_first_key,
    message,
    new_context,
    open_photo,
    photo_with_a_key,
    resize,
    sample,
    wait_for_model,
    wait_for_switch,
    wait_until_ready,
)
from app_server import Host
from keykind.app import write_app
from keykind.dataset.bundled import bundled_photos
from keykind.model.model import unpack
from keykind.predict.recogniser import Recogniser, shipped_model
from stored_answers import count_stored, wait_until_stored
from tiny_model import tiny_bytes, tiny_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CLASSES = ("red cup", "cylinder", "blue_plate")  # one is named like a kind of key
OWN_KEYS = ("abloy", "cruciform")
APP_MODEL = message("model.back")
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
def visitor(chromium):
    """A browser profile of a first visit, in which the camera starts on request only."""
    profile = new_context(chromium)
    profile.add_init_script(NOT_ASKED)
    yield profile
    profile.close()


@pytest.fixture
def opened(visitor):
    """A function that opens an address in the profile and waits until the app is ready."""

    def open_page(url):
        page = visitor.new_page()
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
    wait_for_model(page)


def view(page, name):
    """Show a view of the app that is open."""
    page.evaluate("name => { location.hash = `#/${name}`; }", name)
    page.locator(f".page.{name or 'welcome'}").wait_for()


def open_developers(page):
    view(page, "about")
    page.locator(".developers > summary").click()


def use_app_model(page):
    page.locator(".own-model").get_by_role("button", name=APP_MODEL).click()
    page.locator(".own-model").wait_for(state="detached")
    wait_for_switch(page)


def assert_pythons(page, recogniser, photo):
    """Assert that the page's answers to a photo are Python's."""
    open_photo(page, photo)
    expected = [(key.kind, key.probability) for key in recogniser.recognise(photo).keys]
    shown = answers(page)
    assert len(shown) == len(expected)
    for (kind, probability), (pythons, its) in zip(
        sorted(shown, key=str), sorted(expected, key=str), strict=True
    ):
        assert kind == pythons
        assert abs(probability - its) <= DIFFERENCE


def assert_app_model_answers(page):
    """Assert that the answer to a photo is that of the app's own model."""
    path, key = photo_with_a_key()
    open_photo(page, path)
    ((kind, probability),) = answers(page)
    assert kind == key.kind
    assert abs(probability - key.probability) <= DIFFERENCE


@pytest.mark.parametrize(
    "changes", [{}, {"ood_threshold": 1.2}, {"confidence_threshold": 0.95, "maps": False}]
)
def test_a_model_of_other_classes_answers_as_in_python(opened, host, tmp_path, changes):
    model = tiny_file(tmp_path / "crockery.tflite", kinds=CLASSES, **changes)
    page = opened(host.url)
    drop_model(page, model)
    for name in PHOTOS:
        assert_pythons(page, Recogniser.load(model), sample(name))
        assert page.locator(".entry").count() == 1  # the whole photo
        assert page.locator(".outlines .line").count() == 0
        assert page.locator(".ask-mark, .measurements").count() == 0


def test_a_model_of_other_keys_answers_as_in_python(opened, sites, tmp_path):
    model = tiny_file(tmp_path / "keys.tflite", kinds=OWN_KEYS, crop="key")
    page = opened(sites(model).url)
    for name in PHOTOS:
        assert_pythons(page, Recogniser.load(model), sample(name))
    assert page.locator(".outlines .line").count() >= 1
    open_developers(page)
    assert "abloy, cruciform" in page.locator(".about").inner_text()


def test_an_app_around_other_classes_never_mentions_keys(visitor, sites, other):
    page, host = visitor.new_page(), sites(other)
    for language in LANGUAGES:
        for part in visit_parts(page, host.url, language):
            texts = page.evaluate(TEXTS)
            assert [text for text in texts if KEY_WORDS.search(text)] == [], (language, part)
            assert page.locator(".sketch, .outlines polygon, [href='#/my-keys']").count() == 0, part
    manifest = json.loads(page.evaluate("fetch('manifest.webmanifest').then((response) => response.text())"))
    assert manifest["name"] == "red cup, cylinder, blue plate"
    assert not any("detector" in path or "refiner" in path for path, _ in host.sent)
    assert not any(path.endswith(".avif") for path, _ in host.sent)
    page.goto(f"{host.url}#/my-keys")
    page.locator(".page.welcome").wait_for()


def visit_parts(page, url, language):
    """Show each part of an app around `other` in a language, and yield its name."""
    page.goto(url)
    page.evaluate("language => localStorage.setItem('keykind-language', language)", language)
    page.reload()
    yield "loading"
    wait_until_ready(page)
    assert page.locator("html").get_attribute("lang") == language
    yield "welcome"
    open_photo(page, sample("dimple-00"))
    yield "answer"
    page.locator(".ask-why").click()
    page.locator(".why canvas[role=img]").wait_for()
    yield "why"
    page.locator(".ask-wrong").click()
    yield "wrong"
    page.locator(".wrong .no-key").click()
    page.locator(".key-card[data-correction]").wait_for()
    yield "corrected"
    for name in ("history", "corrections", "kinds", "about"):
        view(page, name)
        page.locator(f".{name} img, .{name} .names, .{name} .models").first.wait_for(state="attached")
        yield name
    view(page, "")
    page.locator(".welcome .choices button").first.click()
    page.locator(".whole-answer").wait_for()
    yield "camera"
    page.goto(f"{url}selftest.html")
    page.locator("body[data-result]").wait_for()
    yield "selftest"


def test_the_heat_map_is_of_the_class_that_is_chosen(opened, sites, other):
    page = opened(sites(other).url)
    open_photo(page, sample("dimple-00"))
    page.locator(".ask-why").click()
    page.locator(".why canvas[role=img]").wait_for()
    kinds = page.locator(".why select option").evaluate_all("all => all.map(({ value }) => value)")
    assert sorted(kinds) == sorted(CLASSES)
    page.locator(".why select").select_option(kinds[-1])
    label = kinds[-1].replace("_", " ")
    page.wait_for_function(
        "label => document.querySelector('.why canvas[role=img]').ariaLabel.includes(label)", arg=label
    )


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
    assert page.locator(".app-name").inner_text() == "Crockery"
    page.wait_for_function("title => document.title === title", arg=f"{message('home.title.any')} – Crockery")
    assert_pythons(page, Recogniser.load(other), sample("dimple-00"))


def test_an_opened_model_stays_until_the_user_goes_back(opened, app, other):
    host = Host(app)
    page = opened(host.url)
    drop_model(page, other)
    assert "crockery.tflite" in page.locator(".own-model").inner_text()
    host.stop()
    page.reload()  # offline
    page.locator(".own-model").wait_for()
    assert page.locator("h1").inner_text() == message("home.title.any")
    assert page.locator(".app-name").inner_text() == "red cup, cylinder, blue plate"
    assert_pythons(page, Recogniser.load(other), sample("dimple-00"))
    use_app_model(page)
    page.locator(".answer").wait_for(state="detached")  # what was shown is of the other model
    assert page.locator(".app-name").inner_text() == message("app.name")
    page.reload()
    wait_until_ready(page)
    assert_app_model_answers(page)
    open_developers(page)
    page.get_by_role("button", name=message("model.useNamed", name="crockery.tflite")).click()
    wait_for_model(page)


def test_a_model_is_opened_in_the_about_page_and_removed_there(opened, host, other):
    page = opened(host.url)
    open_developers(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=message("model.open")).click()
    chooser.value.set_files(str(other))
    wait_for_model(page)
    use_app_model(page)
    open_developers(page)
    page.get_by_role("button", name=message("model.remove", name="crockery.tflite")).click()
    page.locator(".models li").wait_for(state="detached")
    assert count_stored(page, "models") == 0
    page.reload()
    page.locator(".about .models").wait_for(state="attached")
    assert page.locator(".models li").count() == 0


def test_corrections_of_each_model_are_kept_apart(opened, host, other):
    def corrections():
        view(page, "corrections")
        page.locator(".corrected img").wait_for()
        return page.locator(".corrected select").evaluate_all("all => all.map(({ value }) => value)")

    page = opened(host.url)
    open_photo(page, sample("dimple-00"))
    correct_first_key(page, "mortice")
    drop_model(page, other)
    open_photo(page, sample("dimple-00"))
    correct_first_key(page, "red cup")
    assert corrections() == ["red cup"]
    use_app_model(page)
    assert corrections() == ["mortice"]


def test_an_answer_of_another_model_is_shown_without_a_heat_map(opened, host, other):
    page = opened(host.url)
    open_photo(page, sample("dimple-00"))
    address = page.evaluate("location.hash")
    drop_model(page, other)
    page.evaluate("address => { location.hash = address; }", address)
    page.locator(".key-card[data-kind=dimple]").wait_for()
    page.locator(".ask-why").click()
    page.locator(".key-card").get_by_text(message("answer.otherModel")).wait_for()


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
    wait_until_stored(page, "models", 1)
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
    assert_app_model_answers(page)
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
    resize(page, 320, 568)
    drop_model(page, model)
    assert "<b>bold</b>" in page.locator(".known").inner_text()
    assert "<img src=x" in page.locator(".own-model").inner_text()
    open_photo(page, sample("dimple-00"))
    page.locator(".ask-wrong").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for name in ("history", "kinds", "about", ""):
        view(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name


def test_a_model_of_a_thousand_classes_is_listed_in_part(opened, host, tmp_path):
    kinds = tuple(f"class {i}" for i in range(1000))
    page = opened(host.url)
    drop_model(page, tiny_file(tmp_path / "many.tflite", kinds=kinds, confidence_threshold=0.0))
    assert message("camera.moreKinds", n=992) in page.locator(".known").inner_text()
    assert_pythons(page, Recogniser.load(tmp_path / "many.tflite"), sample("dimple-00"))
    page.locator(".ask-wrong").click()
    page.locator(".wrong select").select_option("class 777")
    page.locator(".wrong select + button").click()
    page.locator(".key-card[data-correction='class 777']").wait_for()


def test_two_apps_of_one_host_do_not_delete_each_others_files(opened, app, other, tmp_path):
    write_app(tmp_path / "keys", app)
    write_app(tmp_path / "cups", app, model=other)
    host = Host(tmp_path)
    for name in ("keys", "cups"):
        opened(f"{host.url}{name}/").close()
    host.stop()
    for name, title in {"keys": "keykind", "cups": "red cup, cylinder, blue plate"}.items():
        page = opened(f"{host.url}{name}/")
        assert page.locator(".app-name").inner_text() == title


def test_the_bundled_classifier_opened_as_a_file_answers_as_the_apps(opened, host):
    page = opened(host.url)
    page.locator("#file-input").set_input_files(str(shipped_model()))
    wait_for_model(page)
    assert page.locator("h1").inner_text() == message("home.title")  # its classes are kinds of keys
    for path in sorted(bundled_photos().glob("test/*/*-00.jpg"))[:2]:
        assert_pythons(page, Recogniser.load(), path)
