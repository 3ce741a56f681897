"""Tests of the app's camera in Chromium: how it starts, what it shows, when it freezes, its controls."""

import re
import threading

import pytest

from app_build import WEB
from app_pages import NOT_ASKED, new_context, resize, visit, watch
from app_server import Host
from keykind.app import write_app
from tiny_model import tiny_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SIZES = [(320, 568), (390, 844), (844, 390), (820, 1180), (1280, 800)]
TARGET = 44  # px: the least side of what is tapped
CLASSES = ("red cup", "cylinder", "blue_plate")
CALM = "localStorage.setItem('keykind-camera-freezes', 'false')"

# Fails as often as FAILURES says, with the name of the error.
FAILING = """{
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    let left = FAILURES;
    navigator.mediaDevices.getUserMedia = async (constraints) => {
        if (left-- > 0) throw new DOMException('', 'NAME');
        return open(constraints);
    };
}"""
INSECURE = """
    Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined });
    Object.defineProperty(window, 'isSecureContext', { get: () => false });"""
# Remembers the streams and what was asked for.
RECORDED = """{
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    [globalThis.streams_, globalThis.asked_] = [[], []];
    navigator.mediaDevices.getUserMedia = async (constraints) => {
        asked_.push(constraints.video);
        const stream = await open(constraints);
        streams_.push(stream);
        return stream;
    };
}"""
# A page that is hidden.
HIDDEN = "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })"
# An engine that fails for as many frames as `failing_` says.
FAILING_FRAMES = """{
    const post = Worker.prototype.postMessage;
    globalThis.failing_ = 0;
    Worker.prototype.postMessage = function (message, transfer) {
        const fails = message.method === 'recogniseFrame' && failing_-- > 0;
        post.call(this, fails ? { ...message, method: 'none' } : message, transfer);
    };
}"""
# A camera that looks at a grey wall.
WALL = """navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const context = canvas.getContext('2d');
    const paint = () => {
        context.fillStyle = `rgb(${120 + 10 * Math.random()} 125 130)`;
        context.fillRect(0, 0, 640, 480);
        setTimeout(paint, 100);
    };
    paint();
    return canvas.captureStream(10);
}"""
# The same until the user has switched the automatic photos off.
WALL_UNTIL_CALM = f"if (localStorage.getItem('keykind-camera-freezes') !== 'false') {WALL}"
# Remembers the lines over the picture.
LINES = """{
    globalThis.lines_ = [];
    const note = () => {
        const line = document.querySelector('.pill')?.textContent;
        if (line && line !== lines_.at(-1)) lines_.push(line);
    };
    new MutationObserver(note).observe(document, { childList: true, characterData: true, subtree: true });
}"""
# Counts the frames that the page takes from the camera.
TAKEN = """{
    const take = globalThis.createImageBitmap;
    globalThis.taken_ = 0;
    globalThis.createImageBitmap = (...values) => {
        taken_ += values[0] instanceof HTMLVideoElement;
        return take(...values);
    };
}"""
# A phone's camera: torch, zoom, focus, three lenses. What is set is remembered.
PHONE = """{
    globalThis.applied_ = [];
    const supported = navigator.mediaDevices.getSupportedConstraints();
    navigator.mediaDevices.getSupportedConstraints = () => ({ ...supported, pointsOfInterest: true });
    MediaStreamTrack.prototype.getCapabilities = () =>
        ({ torch: true, zoom: { min: 1, max: 4 }, focusMode: ['continuous', 'single-shot'] });
    MediaStreamTrack.prototype.applyConstraints = async ({ advanced }) => void applied_.push(advanced[0]);
    navigator.mediaDevices.enumerateDevices = async () => ['front', 'wide', 'tele'].map((name) =>
        ({ kind: 'videoinput', deviceId: name, label: `Camera, ${name}` }));
}"""
FRAMES = """count => new Promise((resolve) => {
    let seen = 0;
    new PerformanceObserver((list, observer) => {
        seen += list.getEntriesByName('frame').length;
        if (seen < count) return;
        observer.disconnect();
        resolve(seen);
    }).observe({ type: 'measure' });
})"""
SMALL_TARGETS = """least => [...document.querySelectorAll('.stage button, .stage a, .welcome button')]
    .filter((element) => !element.matches('.live-label'))
    .map((element) => [element.className, element.getBoundingClientRect()])
    .filter(([, { width, height }]) => width < least || height < least).map(([name]) => name)"""
STILL = "() => document.querySelector('.stage').getAnimations({ subtree: true }).length === 0"
OUTLINE = """() => {
    const { x, y, width, height } = document.querySelector('.live-outlines .line').getBoundingClientRect();
    return [x + width / 2, y + height / 2, Math.hypot(width, height)];
}"""


@pytest.fixture
def camera(visited, host):
    """A function that opens the app after running scripts in the page; errors fail the test."""

    def opened(*scripts, freezes=False):
        return visit(visited, host.url, *([] if freezes else [CALM]), *scripts)

    return opened


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def label(page):
    """Wait for a key that is named in the camera's picture."""
    found = page.locator(".live-label").first
    found.wait_for()
    return found


def test_the_camera_fills_the_screen_at_once_where_it_is_permitted(camera):
    with camera() as page:
        resize(page, 390, 844)
        video = page.locator(".stage video")
        video.wait_for()
        page.wait_for_function("() => document.querySelector('video').currentTime > 0")
        assert video.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
        assert page.evaluate("getComputedStyle(document.querySelector('video')).objectFit") == "cover"
        page.wait_for_function("() => document.title.startsWith('Camera')")


def test_a_first_visit_explains_itself_and_starts_the_camera_on_request(camera):
    with camera(NOT_ASKED) as page:
        page.locator(".welcome.start").wait_for()
        assert page.locator("h1").inner_text() == "What kind of key is it?"
        assert page.locator("video").count() == 0
        assert "#/kinds/" in page.locator(".known a").first.get_attribute("href")
        press(page, "Use the camera")
        label(page)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("NotAllowedError", "The camera is blocked"),
        ("NotReadableError", "The camera is in use"),
        ("UnknownError", "The camera did not start"),
    ],
)
def test_a_camera_that_fails_is_explained_and_can_be_tried_again(camera, name, title):
    with camera(FAILING.replace("FAILURES", "1").replace("NAME", name)) as page:
        page.locator(".welcome .drop-area").wait_for()
        assert page.locator("h1").inner_text() == title
        press(page, "Try again")
        page.locator(".stage video").wait_for()


@pytest.mark.parametrize(
    ("script", "text"),
    [
        (FAILING.replace("FAILURES", "9").replace("NAME", "NotFoundError"), "No camera was found"),
        ("navigator.mediaDevices.enumerateDevices = async () => []", "No camera was found"),
        (INSECURE, "https"),
    ],
    ids=["not found", "no devices", "insecure"],
)
def test_without_a_camera_photos_are_chosen_instead(camera, script, text):
    with camera(script) as page:
        page.locator(".welcome .drop-area").wait_for()
        assert text in page.locator(".lead").inner_text()
        assert page.get_by_role("button", name="Try again").count() == 0
        with page.expect_file_chooser() as chooser:
            press(page, "Choose a photo")
        assert chooser.value.is_multiple()


def test_the_picture_runs_before_the_models_are_there(chromium, host):
    """The files of a first visit are held back until the camera has been seen."""
    context, held, is_released = new_context(chromium), [], threading.Event()

    def hold(route):
        if is_released.is_set():
            route.continue_()
        else:
            held.append(route)

    context.route("**/*.bin", hold)
    page = context.new_page()
    page.add_init_script("delete Navigator.prototype.serviceWorker")  # routes do not see its requests
    page.goto(host.url)
    page.wait_for_function("() => document.querySelector('.stage video')?.currentTime > 0")
    assert page.locator(".pill").inner_text() != ""
    assert page.locator(".live-label").count() == 0
    is_released.set()
    for route in held:
        route.continue_()
    label(page)
    context.close()


def test_a_key_is_named_outlined_and_announced(camera):
    with camera() as page:
        page.locator(".live-label", has_text=re.compile(r"^dimple\s*\d+%$")).wait_for()
        page.locator(".live-outlines .sure .line[d]").first.wait_for()
        page.wait_for_function("() => document.querySelector('[aria-live]').textContent === 'dimple'")


def test_nothing_is_drawn_where_there_is_no_key(camera):
    with camera(WALL, LINES) as page:
        page.evaluate(FRAMES, 8)
        assert page.locator(".live-label, .live-outlines path").count() == 0
        page.locator(".pill", has_text="Move closer").wait_for()  # after a while without a key
        first, last = page.evaluate("lines_.slice(-2)")
        assert "Point the camera at a key" in first
        assert "Move closer" in last


def test_a_sure_answer_freezes_the_picture_once(camera):
    with camera(freezes=True) as page:
        page.locator(".answer-card").wait_for()
        assert re.search(r"dimple\s*\d+%", page.locator(".answer-card").inner_text())
        assert page.evaluate("document.querySelector('video').paused")
        page.wait_for_function(
            "() => document.querySelector('[aria-live]').textContent.startsWith('Photo taken: dimple')"
        )
        press(page, "Keep scanning")
        page.wait_for_function("() => document.activeElement.className === 'shutter'")
        page.evaluate(FRAMES, 15)
        assert page.locator(".answer-card").count() == 0  # the same key is still there
        assert page.locator(".last-photo").count() == 0  # the photo is not kept
        page.get_by_role("link", name="History").click()
        page.locator(".history").wait_for()
        page.go_back()
        label(page)
        page.evaluate(FRAMES, 10)
        assert page.locator(".answer-card").count() == 0


def test_the_details_of_a_frozen_picture_are_its_photo(camera):
    with camera(freezes=True) as page:
        press(page, "Details")
        page.wait_for_url(re.compile(r"#/answer/\d+$"))
        page.get_by_text("dimple").first.wait_for()


def test_freezing_can_be_switched_off_for_good(camera):
    with camera(WALL_UNTIL_CALM, freezes=True) as page:
        page.locator(".chip[aria-pressed=true]").click()
        assert page.evaluate("localStorage.getItem('keykind-camera-freezes')") == "false"
        page.reload()
        label(page)
        page.evaluate(FRAMES, 15)
        assert page.locator(".answer-card").count() == 0


def test_the_shutter_takes_a_photo_and_the_camera_is_released(camera):
    with camera(RECORDED) as page:
        label(page)
        press(page, "Take a photo")
        page.wait_for_url("**/#/answer/*")
        live = "streams_.map(stream => stream.getTracks()[0].readyState).join()"
        page.wait_for_function(f"{live} === 'ended'")
        page.go_back()
        label(page)
        assert page.evaluate(live) == "ended,live"


def test_a_tap_on_a_key_opens_its_answer(camera):
    with camera() as page:
        label(page)
        page.evaluate(FRAMES, 3)
        page.wait_for_function(f"({OUTLINE})()[2] > 0")
        x, y, _ = page.evaluate(OUTLINE)
        page.mouse.click(x, y)
        page.wait_for_url("**/#/answer/*")


def test_zoom_enlarges_what_is_shown_and_its_outlines_alike(camera):
    with camera() as page:
        resize(page, 1280, 800)
        label(page)
        page.evaluate(FRAMES, 5)
        page.wait_for_function(f"({OUTLINE})()[2] > 0")
        length = page.evaluate(OUTLINE)[2]
        page.mouse.move(640, 300)
        page.mouse.wheel(0, -120)
        page.locator(".chip").first.filter(has_not_text=re.compile("^1×$")).wait_for()
        zoom = float(page.locator(".chip").first.inner_text().rstrip("×"))
        assert zoom > 1
        page.evaluate(FRAMES, 5)
        page.wait_for_function(f"length => Math.abs(({OUTLINE})()[2] / length - 1) < 0.08", arg=zoom * length)
        for _ in range(3):
            page.keyboard.press("-")
        assert page.locator(".chip").first.inner_text() == "1×"
        page.keyboard.press("+")
        assert page.locator(".chip").first.inner_text() != "1×"


def test_the_name_of_a_key_that_reaches_beyond_the_screen_is_not_cut_off_and_its_outline_stays(camera):
    with camera() as page:
        resize(page, 390, 844)
        label(page)
        page.evaluate(FRAMES, 4)
        outline = page.locator(".live-outlines .line").first.bounding_box()
        controls = page.locator(".controls").bounding_box()
        assert outline["x"] < 0
        assert outline["y"] + outline["height"] > controls["y"]
        box = label(page).bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
        assert 0 <= box["y"] <= box["y"] + box["height"] <= controls["y"]


def test_controls_that_the_camera_lacks_are_hidden(camera):
    with camera() as page:
        label(page)
        assert page.get_by_role("button", name="Torch").count() == 0
        assert page.get_by_role("button", name="Switch camera").count() == 0
        page.mouse.click(300, 100)  # beside the key
        assert page.locator(".focus-ring").count() == 0


def test_torch_zoom_focus_and_lenses_are_the_cameras_own_where_it_has_them(camera):
    with camera(PHONE, RECORDED) as page:
        label(page)
        press(page, "Torch")
        page.wait_for_function("() => applied_.some(({ torch }) => torch)")
        assert page.get_by_role("button", name="Torch").get_attribute("aria-pressed") == "true"
        page.locator(".chip").first.click()
        page.wait_for_function("() => applied_.some(({ zoom }) => zoom === 2)")
        assert page.evaluate("document.querySelector('video').style.scale") == "1"
        page.mouse.click(300, 100)
        page.locator(".focus-ring").wait_for(state="attached")
        page.wait_for_function("() => applied_.some(({ pointsOfInterest: [point] = [] }) => point?.x < 0.5)")
        press(page, "Switch camera")
        press(page, "Camera, tele")
        page.wait_for_function("() => asked_.at(-1).deviceId?.ideal === 'tele'")
        label(page)


def test_the_camera_rests_while_the_page_is_hidden(camera):
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    with camera(TAKEN) as page:
        label(page)
        assert page.evaluate("taken_") > 0
        page.evaluate(hide, True)
        taken = page.evaluate("taken_")
        page.wait_for_timeout(1000)
        assert page.evaluate("taken_") == taken
        page.evaluate("document.querySelector('video').pause()")  # as phones do
        page.evaluate(hide, False)
        page.evaluate(FRAMES, 2)


def test_a_camera_that_opens_in_a_hidden_page_is_released(camera):
    with camera(RECORDED, HIDDEN) as page:
        page.wait_for_function("() => streams_.length > 0")
        page.wait_for_function("() => !streams_[0].active")


def test_frames_that_fail_do_not_end_the_recognition(camera):
    with camera(FAILING_FRAMES) as page:
        label(page)
        page.evaluate("globalThis.failing_ = 3")
        page.evaluate(FRAMES, 3)
        assert page.locator(".notice.error").count() == 0


def test_the_camera_works_with_the_keyboard_alone(camera):
    with camera(freezes=True) as page:
        page.locator(".answer-card").wait_for()
        page.wait_for_function("() => document.activeElement.className === 'answer-card'")
        page.keyboard.press("Escape")
        page.wait_for_function("() => document.activeElement.className === 'shutter'")
        page.keyboard.press("Space")
        page.wait_for_url("**/#/answer/*")


def test_a_model_of_whole_images_names_the_class_below_the_picture(chromium, app, tmp_path):
    model = tiny_file(tmp_path / "crockery.tflite", kinds=CLASSES)
    served = Host(write_app(tmp_path / "app", app, model=model).parent)
    context = new_context(chromium)
    page = context.new_page()
    page.add_init_script(CALM)
    with watch(page, served.url):
        page.locator(".whole-answer").wait_for()
        assert page.locator(".live-label, .live-outlines path").count() == 0
        assert not re.search(r"\bkeys?\b", page.locator(".stage").inner_text())
    context.close()
    served.stop()


@pytest.mark.parametrize("size", SIZES)
def test_every_control_is_large_enough_and_on_the_screen(camera, size):
    width, height = size
    with camera(PHONE, freezes=True) as page:
        resize(page, width, height)
        page.emulate_media(reduced_motion="reduce")  # nothing slides in while it is measured
        page.locator(".answer-card").wait_for()
        check_targets(page, width, height)
        page.keyboard.press("Escape")
        page.locator(".shutter").wait_for()
        check_targets(page, width, height)


def check_targets(page, width, height):
    assert page.evaluate(SMALL_TARGETS, TARGET) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in page.locator(".controls button, .answer-card button").all():
        box = button.bounding_box()
        assert 0 <= box["x"] <= width - box["width"]
        assert 0 <= box["y"] <= height - box["height"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_camera(camera, scheme):
    axe = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")

    def violations(page):
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]

    with camera(PHONE, freezes=True) as page:
        page.emulate_media(color_scheme=scheme)
        page.locator(".answer-card").wait_for()
        page.wait_for_function(STILL)  # it has slid up
        assert violations(page) == []
        page.keyboard.press("Escape")
        label(page)
        page.wait_for_function(STILL)
        assert violations(page) == []
    with camera(NOT_ASKED) as page:
        page.emulate_media(color_scheme=scheme)
        page.locator(".welcome").wait_for()
        assert violations(page) == []
    with camera(FAILING.replace("FAILURES", "9").replace("NAME", "NotAllowedError")) as page:
        page.emulate_media(color_scheme=scheme)
        page.locator(".drop-area").wait_for()
        assert violations(page) == []
