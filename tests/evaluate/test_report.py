"""Tests of report.py: the page, also in a browser."""

import base64
import io
import re
import shutil
from dataclasses import replace

import pytest
from PIL import Image

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.evaluate.thumbnails import of_each
from keykind.experiment import run as runs

LIMIT = 10_000_000  # bytes of a page


@pytest.fixture(scope="module")
def page(finished):
    return finished[0].out / "report.html"


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Debian's chromium is not installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=executable, args=flags)
        yield started
        started.close()


def test_the_page_is_one_file_that_needs_no_network(page):
    text = page.read_text("utf-8")
    assert page.stat().st_size < LIMIT
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:|#)\s*(?:https?:|//|\.|/)""", text)
    assert "<script" not in text


def test_the_page_begins_with_its_notice_and_then_the_answer(page):
    text = page.read_text("utf-8")
    assert re.search(r"<body><main><p class=.warning.>Drawn keys\. The network.+ weights are random", text)
    body = text[text.index("<body>") :]
    assert body.index("warning") < body.index("Weighted F1") < body.index("What to photograph next")


def test_the_page_has_the_sections_of_the_report_in_its_order(page):
    heads = re.findall(r"<h2>(.*?)</h2>", page.read_text("utf-8"))
    wanted = [
        "Photos of each kind",
        "Examples",
        "What the network sees",
        "Learning",
        "What is confused with what",
        "F1 of each kind",
        "Do the probabilities mean what they say?",
        "Where it looks",
        "Wrong answers",
        "How it was made",
    ]
    assert [head for head in heads if head in wanted] == wanted


def test_the_page_names_what_could_not_be_read(page):
    assert "torn.jpg" in page.read_text("utf-8")


def test_no_exif_of_a_photo_is_in_its_page(page):
    pictures = re.findall(r'src="data:image/\w+;base64,([^"]+)"', page.read_text("utf-8"))
    assert len(pictures) > 20
    for picture in pictures:
        with Image.open(io.BytesIO(base64.b64decode(picture))) as opened:
            assert not opened.getexif()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_readable_in_a_browser(page, browser, tmp_path, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    tab = context.new_page()
    troubles, asked = [], []
    tab.on("console", lambda message: troubles.append(message.text))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    assert troubles == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    broken = "[...document.images].filter(image => image.complete && !image.naturalWidth).length"
    assert tab.evaluate(broken) == 0
    contrasts = tab.evaluate(CONTRASTS)
    assert len(contrasts) > 50
    assert min(contrasts) >= 4.5
    tab.screenshot(path=tmp_path / "page.png", full_page=True)
    context.close()


# The contrast (WCAG 2.1) of every text on the page, chart texts on the page's ground included.
CONTRASTS = """() => {
  const light = colour => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] };
  const ground = node => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/rgba\\(0, 0, 0, 0\\)|transparent/.test(colour)) return colour }
    return 'rgb(255, 255, 255)' };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const holder = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || holder.closest('style, script, defs')) continue;
    const style = getComputedStyle(holder);
    const inChart = holder.closest('svg');
    const ink = inChart ? style.fill : style.color;
    if (inChart && /rgb\\((0, 0, 0|255, 255, 255)\\)/.test(ink)) continue;  // numbers on a coloured field
    const [a, b] = [light(ink), light(ground(holder))].sort((x, y) => y - x);
    found.push((a + 0.05) / (b + 0.05)) }
  return found }"""


def test_galleries_show_different_keys_first(finished):
    samples = finished[0].dataset.of("train")
    twins = [
        replace(sample, group="the same key") if sample.kind == "dimple" else sample for sample in samples
    ]
    lone = replace(twins[-1], kind="dimple", group="another key")
    shown = [
        sample for sample in of_each([*twins, lone], lambda sample: sample, each=2) if sample.kind == "dimple"
    ]
    assert [sample.group for sample in shown] == ["the same key", "another key"]


def test_galleries_stay_small_with_many_kinds(finished):
    sample = finished[0].dataset.samples[0]
    many = [replace(sample, kind=f"kind {number % 200}") for number in range(2000)]
    assert len(of_each(many, lambda one: one)) <= 60


def test_a_run_without_a_wrong_answer_says_so(finished, tmp_path, monkeypatch):
    experiment, _ = finished
    caught = []
    monkeypatch.setattr(runs, "write_report", lambda outcome, _: caught.append(outcome) or "")
    runs.run(replace(experiment, out=tmp_path / "run"))
    right = tuple(replace(answer, kind=answer.sample.kind) for answer in caught[0].answers)
    monkeypatch.undo()
    text = runs.write_report(replace(caught[0], answers=right), tmp_path / "figures")
    assert "There are none." in text
