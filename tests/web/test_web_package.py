"""Tests of the package keykind-web: another page recognises keys with the engine alone."""

import json

import pytest

from app_build import WEB, build_package
from app_pages import DIFFERENCE, TIMEOUT, keys_in, photo_with_a_key
from app_server import Host
from keykind.core.files import write_bytes
from once import once

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
RECOGNISE = """async (photo) => {
    const { Recogniser } = await import('./index.js');
    const recogniser = await Recogniser.load();
    const blob = await (await fetch(photo)).blob();
    const ofFile = await recogniser.recognise(blob);
    const ofBitmap = await recogniser.recognise(await createImageBitmap(blob));
    recogniser.close();
    return [ofFile, ofBitmap];
}"""


CLOSED = """async (photo) => {
    const { Recogniser } = await import('./index.js');
    const recogniser = await Recogniser.load();
    const blob = await (await fetch(photo)).blob();
    const messageOf = (promise) => promise.then(() => 'recognised', ({ message }) => message);
    await recogniser.recognise(blob);
    const during = messageOf(recogniser.recognise(blob));
    recogniser.close();
    return [await during, await messageOf(recogniser.recognise(blob))];
}"""


UNUSABLE = """async () => {
    const { Recogniser, PhotoError } = await import('./index.js');
    const recogniser = await Recogniser.load();
    const closed = await createImageBitmap(new ImageData(64, 64));
    closed.close();
    const photos = [new Blob([]), new Blob(['no photo']), closed, new Image()];
    const errors = [];
    for (const photo of photos) await recogniser.recognise(photo).catch((error) => errors.push(error));
    return errors.map((error) => [error instanceof PhotoError, error.problem, error.message]);
}"""


@pytest.fixture(scope="session")
def package(generated, tmp_path_factory):
    """The package, built once for all tests."""
    return once(tmp_path_factory, "package", build_package)


@pytest.fixture
def photo(package):
    """The name of a photo of one key beside the package; other workers may be reading the same file."""
    path, _ = photo_with_a_key()
    write_bytes(package / path.name, path.read_bytes())
    return path.name


@pytest.fixture
def host(package):
    served = Host(package, has_policy=False)  # the example's script is in its page
    yield served
    served.stop()


def test_the_example_names_the_kind_of_a_key(browser, host):
    path, key = photo_with_a_key()
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{host.url}example.html")
    page.locator("#photo:enabled").set_input_files(str(path))
    assert page.locator("li").inner_text().startswith(f"{key.kind}, ")


def test_the_example_has_twenty_lines_of_script_at_most(package):
    page = (package / "example.html").read_text("utf-8")
    script = page.partition("<script")[2].splitlines()
    assert len(script) <= 20


def test_a_result_has_the_fields_of_predict(browser, host, photo):
    path, key = photo_with_a_key()
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{host.url}example.html")
    results = page.evaluate(RECOGNISE, photo)
    expected = key.as_json()
    for result in results:
        (found,) = result["keys"]
        assert found.keys() == expected.keys() & found.keys()
        assert found["kind"] == key.kind
        for kind, probability in expected["probabilities"].items():
            assert found["probabilities"][kind] == pytest.approx(probability, abs=DIFFERENCE)
    assert len(keys_in(path)) == len(results[0]["keys"])


def test_a_closed_recogniser_refuses_photos_and_leaves_no_error_behind(browser, host, photo):
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{host.url}README.md")
    assert page.evaluate(CLOSED, photo) == ["the recogniser was closed"] * 2
    page.wait_for_timeout(200)
    assert errors == []


def test_a_photo_that_cannot_be_used_is_a_photo_error_with_a_sentence(browser, host):
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{host.url}example.html")
    errors = page.evaluate(UNUSABLE)
    assert [problem for _, problem, _ in errors] == ["empty", "unreadable", "unreadable", "unreadable"]
    assert all(is_photo_error for is_photo_error, *_ in errors)
    assert errors[0][2] == "The file is empty."


def test_the_example_says_why_a_photo_cannot_be_used(browser, host, tmp_path):
    (tmp_path / "text.jpg").write_bytes(b"no photo")
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{host.url}example.html")
    page.locator("#photo:enabled").set_input_files(str(tmp_path / "text.jpg"))
    page.get_by_text("cannot be opened as a photo").wait_for()
    assert errors == []


def test_the_package_says_which_version_it_is(package):
    from keykind import __version__

    stated = json.loads((package / "package.json").read_text("utf-8"))
    assert stated["version"] == __version__
    assert (package / stated["types"]).is_file()
    assert (WEB / "package" / "package.json").is_file()
