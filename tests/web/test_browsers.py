"""Tests of the app in Chromium, Firefox and WebKit: what each engine does in its own way.

Selectors are in tests/support/app_actions.py. What all engines do alike is tested in Chromium only, in
test_app.py.
"""

import struct

import pytest
from PIL import ExifTags, Image, ImageCms

from app_actions import (
    CORRECTED,
    KIND_CARD,
    KINDS_LINK,
    NO_CAMERA,
    OFFLINE_READY,
    VIDEO,
    alerts,
    answers,
    collected,
    correct,
    notices,
    open_camera,
    open_photo,
    parts,
    remembered,
    run_self_test,
    show_evidence,
    view,
    wait_for_frames,
    wait_until_ready,
)
from app_build import WEB
from app_pages import keys_in, photo_with_a_key, sample
from app_server import Host
from browsers import offline
from keykind.dataset.bundled import bundled_negatives
from web_page import COLLECT_ERRORS, Options

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
DIFFERENCE = 0.02  # of a probability from Python's
QUOTA = 10_000  # bytes; neither the app's files fit nor a photo
FULL = """() => {
    IDBObjectStore.prototype.put = () => { throw new DOMException('no room', 'QuotaExceededError'); };
}"""
DARK_GAMMA = 9.0
PHOTOS = ("cylinder-01", "dimple-00", "laser_track-03", "mortice-07")


def assert_is_pythons(page, path):
    """Check the answers for a photo that the page shows."""
    shown, expected = answers(page), keys_in(path)
    assert len(shown) == len(expected), (shown, expected)
    for (kind, probability), key in zip(
        sorted(shown, key=str),
        sorted(expected, key=lambda key: str((key.kind, key.probability))),
        strict=True,
    ):
        assert kind == key.kind
        assert abs(probability - key.probability) <= DIFFERENCE


def profile_of_gamma(gamma):
    """Return an ICC profile with sRGB's primaries and another gamma."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    start = profile.index(b"para") + 12  # of the first parameter of the curve that all three channels share
    return profile[:start] + struct.pack(">i", round(gamma * 65536)) + profile[start + 4 :]


def test_errors_of_the_console_are_noticed(engine, tmp_path):
    """Otherwise the next test could not fail."""
    (tmp_path / "index.html").write_text(
        "<!doctype html><head></head><script src=wrong.js></script>", "utf-8"
    )
    (tmp_path / "wrong.js").write_text("console.error('logged'); throw new Error('thrown');", "utf-8")
    host = Host(tmp_path, first_script=COLLECT_ERRORS)
    with engine.open(host.url) as page:
        page.goto()
        found = " ".join(page.errors())
        assert "logged" in found
        assert "thrown" in found
    host.stop()


def test_a_first_visit_has_no_error_in_the_console(engine, collecting_host):
    with engine.open(collecting_host.url) as page:
        page.goto()
        wait_until_ready(page)
        page.wait_for(OFFLINE_READY)
        assert page.errors() == []


def test_the_self_test_agrees_with_python(any_page):
    result, difference = run_self_test(any_page)
    assert result == "passed"
    assert difference <= DIFFERENCE


@pytest.mark.parametrize("name", PHOTOS)
def test_an_imported_photo_gets_pythons_answer(any_page, name):
    open_photo(any_page, sample(name))
    assert_is_pythons(any_page, sample(name))


def test_a_photo_without_a_key_has_no_answer(any_page):
    path = next(path for path in sorted(bundled_negatives().iterdir()) if not keys_in(path))
    open_photo(any_page, path)
    assert answers(any_page) == []


def test_a_rotated_photo_is_read_upright(any_page, tmp_path):
    path, _ = photo_with_a_key()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    rotated = tmp_path / "rotated.jpg"
    with Image.open(path) as image:
        image.transpose(Image.Transpose.ROTATE_90).save(rotated, exif=exif, quality=95)
    open_photo(any_page, rotated)
    assert_is_pythons(any_page, rotated)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_colour_profile_is_ignored_as_in_python(any_page, tmp_path, suffix):
    """It would darken the photo."""
    path, _ = photo_with_a_key()
    profiled = tmp_path / f"profiled.{suffix}"
    with Image.open(path) as image:
        image.save(profiled, quality=95, icc_profile=profile_of_gamma(DARK_GAMMA))
    open_photo(any_page, profiled)
    assert_is_pythons(any_page, profiled)


def test_a_file_that_is_no_photo_is_refused(any_page, tmp_path):
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(b"\xff\xd8\xff\xe0torn")
    open_photo(any_page, torn)
    assert "cannot open the file" in " ".join(alerts(any_page))


def test_a_key_shows_its_heat_map(any_page):
    path, _ = photo_with_a_key()
    open_photo(any_page, path)
    show_evidence(any_page)


def test_the_camera_is_read_frame_by_frame(any_page):
    open_camera(any_page)
    assert any_page.shows(VIDEO)
    wait_for_frames(any_page, 3)
    view(any_page, "about")
    assert not any_page.shows(VIDEO)


def test_a_device_without_a_camera_is_explained(engine, host):
    with engine.open(host.url, Options(camera=False)) as page:
        page.goto()
        wait_until_ready(page)
        open_camera(page)
        assert page.shows(NO_CAMERA)
        open_photo(page, sample("dimple-00"))
        assert_is_pythons(page, sample("dimple-00"))


def test_the_app_reloads_and_answers_offline(engine, app):
    host = Host(app)
    with engine.open(host.url) as page:
        page.goto()
        wait_until_ready(page)
        page.wait_for(OFFLINE_READY)
        with offline(page, host):
            page.reload()
            wait_until_ready(page)
            open_photo(page, sample("dimple-00"))
            assert_is_pythons(page, sample("dimple-00"))


def test_answers_and_corrections_last_until_the_next_visit(any_page):
    open_photo(any_page, sample("dimple-00"))
    correct(any_page, "mortice")
    any_page.reload()
    wait_until_ready(any_page)
    any_page.wait_for(CORRECTED)
    show_evidence(any_page)
    assert collected(any_page) == 1
    assert remembered(any_page) >= 1


def test_without_room_to_store_the_app_still_answers(engine, app):
    """WebKit's driver cannot limit the storage: there, what the database would do is imitated."""
    host = Host(app)
    with engine.open(host.url, Options(quota=QUOTA)) as page:
        page.goto()
        wait_until_ready(page)
        if not page.has_quota:
            page.evaluate(FULL)
        open_photo(page, sample("dimple-00"))
        assert_is_pythons(page, sample("dimple-00"))
        assert "no room on this device" in " ".join(notices(page))
    host.stop()


def test_the_app_answers_in_a_private_window(engine, host):
    with engine.open(host.url, Options(private=True)) as page:
        page.goto()
        wait_until_ready(page)
        open_photo(page, sample("dimple-00"))
        assert_is_pythons(page, sample("dimple-00"))
        correct(page, "mortice")
        page.reload()
        page.wait_for(CORRECTED)


def test_the_back_button_returns_to_the_view_before(any_page):
    any_page.click(KINDS_LINK)  # WebKit's Back passes over views that no click has opened
    any_page.click(KIND_CARD)
    any_page.wait_for(".kind")
    any_page.back()
    any_page.wait_for(".kinds")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_no_violation(engine, host, dark):
    axe = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    with engine.open(host.url, Options(dark=dark)) as page:
        page.goto()
        wait_until_ready(page)
        for part in parts(page):
            page.evaluate(f"() => {{ {axe} }}")
            violations = page.evaluate("async () => (await axe.run()).violations")
            found = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations]
            assert found == [], part
