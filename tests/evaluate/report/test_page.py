"""Tests of evaluate/report/page.py: the page as a whole, also in a browser and on paper."""

import base64
import io
import re
from dataclasses import replace

import pytest
from PIL import Image

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.evaluate.report.page import write_report
from keykind.evaluate.thumbnails import MAX_BYTES, MAX_TILES, examples_per_kind
from keykind.evaluate.wording import OBJECTS

LIMIT = 10_000_000  # bytes of a page
PHONE = {"width": 390, "height": 844}
SCREENS = 6  # heights of a phone, at most, before anything is unfolded
SECTIONS = [
    "Confusion matrix",
    "Wrong photos",
    "F1 per kind",
    "Where the network looks",
    "Data",
    "Network input",
    "Training curves",
    "Calibration",
    "Rejecting photos without a key",
    "Hyperparameters",
    "Model, layer by layer",
    "Run",
]


@pytest.fixture(scope="module")
def page(finished):
    return finished[0].out / "report.html"


def test_the_page_is_one_file_without_external_links(page):
    text = page.read_text("utf-8")
    assert page.stat().st_size < LIMIT
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:|#)\s*(?:https?:|//|\.|/)""", text)
    assert text.count("<script") == text.count("<script>") == 1


def test_the_links_of_the_page_lead_to_files_of_the_run(page):
    links = set(re.findall(r'href="([^"#]+)"', page.read_text("utf-8")))
    assert {"metrics.json", "recipe.json", "predictions.csv", "photos.csv", "keys.tflite"} <= links
    assert all((page.parent / link).is_file() for link in links)


def test_the_page_begins_with_the_notice_and_the_result(page):
    text = page.read_text("utf-8")
    assert re.search(r"<body><main><p class=.warning.>Drawn keys\. The network.+ weights are random", text)
    body = text[text.index("<body>") :]
    assert body.index("warning") < body.index("Weighted F1") < body.index("What to photograph next")


def test_the_page_has_its_sections_in_order_and_a_list_of_them(page):
    text = page.read_text("utf-8")
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    assert [heading for heading in headings if heading in SECTIONS] == SECTIONS
    links = re.findall(r'<a href="#(\w[\w-]*)">(.*?)</a>', text)
    assert [title for _, title in links] == ["Result", *SECTIONS]
    assert all(f'id="{target}"' in text for target, _ in links)


def test_the_page_states_date_command_data_and_version(finished, page):
    text = page.read_text("utf-8")
    run = text[text.index('id="run"') :]
    photos = finished[0].dataset.samples[0].path.parents[2]
    assert str(photos) in run
    assert re.search(r"<td>date</td><td>20\d\d-\d\d-\d\d \d\d:\d\d", run)
    assert "keykind.train(" in run  # these tests are not a command
    assert re.search(r"<td>keykind</td><td>\d+\.\d+\.\d+", run)


def test_the_page_lists_unreadable_photos(page):
    assert "torn.jpg" in page.read_text("utf-8")


def test_pictures_on_the_page_carry_no_exif_and_are_small(page):
    pictures = re.findall(r'src="data:image/\w+;base64,([^"]+)"', page.read_text("utf-8"))
    assert len(pictures) > 20
    for picture in pictures:
        data = base64.b64decode(picture)
        assert len(data) <= MAX_BYTES
        with Image.open(io.BytesIO(data)) as opened:
            assert not opened.getexif()


def test_a_page_about_other_things_never_says_key(report_data, tmp_path):
    text = write_report(replace(report_data, subject=OBJECTS, saliency=None, notice=""), tmp_path)
    body = re.sub(r"(?s)<script>.*?</script>|<[^>]+>", " ", text[text.index("<body>") :])
    said = re.findall(r"\S*\bkeys?\b\S*", body, re.IGNORECASE)
    assert set(said) <= {"keys.tflite"}


def test_a_page_of_a_hundred_kinds_with_long_and_foreign_names_stays_small(many_kinds, tmp_path):
    text = write_report(many_kinds, tmp_path)
    assert len(text) < LIMIT
    assert text.count("<img") * MAX_BYTES * 4 / 3 < 0.9 * LIMIT  # so are those with other photos
    assert "鍵 &lt;b&gt; 7 " in text
    assert "<b> 7 " not in text


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_readable_in_a_browser(page, browser, scheme, width):
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
    tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    contrasts = tab.evaluate(CONTRASTS)
    assert len(contrasts) > 50
    assert min(contrasts) >= 4.5
    context.close()


@pytest.mark.browser
def test_a_phone_shows_the_page_in_a_few_screens(page, many_kinds, browser, tmp_path):
    many = tmp_path / "many.html"
    many.write_text(write_report(many_kinds, tmp_path / "figures"), "utf-8")
    for file in (page, many):
        tab = browser.new_page(viewport=PHONE)
        tab.goto(file.as_uri())
        assert tab.evaluate("document.documentElement.scrollHeight") <= SCREENS * PHONE["height"]
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        tab.close()


@pytest.mark.browser
def test_a_link_of_the_contents_unfolds_its_section(page, browser):
    tab = browser.new_page(viewport=PHONE)
    tab.goto(page.as_uri())
    tab.locator("nav summary").click()
    tab.locator("nav a", has_text="Model, layer by layer").click()
    tab.locator("#model table").wait_for()
    tab.close()


@pytest.mark.browser
def test_paper_shows_folded_sections_but_for_the_layers_and_keeps_them_folded_on_screen(page, browser):
    tab = browser.new_page(viewport=PHONE)
    tab.goto(page.as_uri())
    folded = tab.locator("details:not([open])").count()
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    assert tab.locator("#f1 table").first.is_visible()
    assert tab.locator("#hyperparameters table").first.is_visible()
    assert not tab.locator("#model").is_visible()
    assert not tab.locator("nav").is_visible()
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator("details:not([open])").count() == folded
    tab.close()


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
    assert len(examples_per_kind(many, lambda sample: sample)) <= MAX_TILES
