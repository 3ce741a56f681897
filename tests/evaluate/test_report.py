"""Tests of evaluate/report.py: the page, also in a browser."""

import base64
import io
import re
import shutil
from dataclasses import replace

import pytest
from PIL import Image

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.evaluate import report
from keykind.evaluate.metrics import OODMetrics
from keykind.evaluate.thumbnails import examples_per_kind
from keykind.experiment import artifacts
from keykind.experiment.run import run
from keykind.train.saliency import Saliency

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


def test_the_page_is_one_file_without_external_links(page):
    text = page.read_text("utf-8")
    assert page.stat().st_size < LIMIT
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:|#)\s*(?:https?:|//|\.|/)""", text)
    assert "<script" not in text


def test_the_page_begins_with_the_notice_and_the_result(page):
    text = page.read_text("utf-8")
    assert re.search(r"<body><main><p class=.warning.>Drawn keys\. The network.+ weights are random", text)
    body = text[text.index("<body>") :]
    assert body.index("warning") < body.index("Weighted F1") < body.index("What to photograph next")


def test_the_page_has_its_sections_in_order(page):
    headings = re.findall(r"<h2>(.*?)</h2>", page.read_text("utf-8"))
    expected = [
        "Photos of each kind",
        "Examples",
        "Network input",
        "Training curves",
        "Confusion matrices",
        "F1 per kind",
        "Calibration",
        "Rejecting photos without a key",
        "Where the network looks",
        "Misclassified photos",
        "Run details",
    ]
    assert [heading for heading in headings if heading in expected] == expected


def test_the_page_lists_unreadable_photos(page):
    assert "torn.jpg" in page.read_text("utf-8")


def test_pictures_on_the_page_carry_no_exif(page):
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
    errors, requests = [], []
    tab.on("console", lambda message: errors.append(message.text))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(page.as_uri())
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    broken = "[...document.images].filter(image => image.complete && !image.naturalWidth).length"
    assert tab.evaluate(broken) == 0
    contrasts = tab.evaluate(CONTRASTS)
    assert len(contrasts) > 50
    assert min(contrasts) >= 4.5
    tab.screenshot(path=tmp_path / "page.png", full_page=True)
    context.close()


# The contrast (WCAG 2.1) of every text on the page, including chart text on the page's background.
CONTRASTS = """() => {
  const luminance = colour => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] };
  const background = node => {
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
    if (inChart && /rgb\\((0, 0, 0|255, 255, 255)\\)/.test(ink)) continue;  // numbers on a coloured cell
    const [a, b] = [luminance(ink), luminance(background(holder))].sort((x, y) => y - x);
    found.push((a + 0.05) / (b + 0.05)) }
  return found }"""


def test_examples_prefer_different_keys(finished):
    samples = finished[0].dataset.subset("train")
    twins = [
        replace(sample, group="the same key") if sample.kind == "dimple" else sample for sample in samples
    ]
    lone = replace(twins[-1], kind="dimple", group="another key")
    chosen = [
        sample
        for sample in examples_per_kind([*twins, lone], lambda sample: sample, per_kind=2)
        if sample.kind == "dimple"
    ]
    assert [sample.group for sample in chosen] == ["the same key", "another key"]


def test_the_number_of_examples_is_limited(finished):
    sample = finished[0].dataset.samples[0]
    many = [replace(sample, kind=f"kind {i % 200}") for i in range(2000)]
    assert len(examples_per_kind(many, lambda sample: sample)) <= 60


def test_a_run_without_misclassified_photos_has_none_to_show(finished, tmp_path, monkeypatch):
    experiment, _ = finished
    calls = []
    monkeypatch.setattr(artifacts, "write_report", lambda data, _: calls.append(data) or "")
    run(replace(experiment, out=tmp_path / "run"))
    correct = tuple(replace(prediction, kind=prediction.sample.kind) for prediction in calls[0].predictions)
    monkeypatch.undo()
    text = artifacts.write_report(replace(calls[0], predictions=correct), tmp_path / "figures")
    assert "There are none." in text


def test_saliency_is_reported_per_part_with_its_area():
    saliency = Saliency(
        4, {"blade": 0.5, "bow": 0.3, "ground": 0.2}, {"blade": 0.2, "bow": 0.2, "ground": 0.6}
    )
    page = "".join(map(str, report._saliency(saliency)))
    assert "in 4 rendered test photos" in page
    assert re.findall(r"(\d+)%", page) == ["50", "20", "30", "20", "20", "60"]


def test_rejection_is_reported_per_set_of_negatives():
    ood = {"walls": OODMetrics(20, 8, auroc=0.875, fpr95=0.25, keys_passed=0.9, negatives_rejected=0.5)}
    page = "".join(map(str, report._rejection(ood)))
    assert "10% of the 20 test photos are wrongly rejected" in page
    assert re.findall(r"<td.*?>(.*?)</td>", page) == ["walls", "8", "50%", "0.875", "25%"]
