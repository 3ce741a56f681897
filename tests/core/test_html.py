"""Tests of core/html.py."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from keykind.core.html import Html, Tile, chart, gallery, image, join, page, table, tag

# HTML turns carriage returns into line feeds, and NUL and surrogates are invalid in it.
TEXT = st.text(st.characters(exclude_characters="\r\0", exclude_categories=("Cs",)), max_size=40)
VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Parses HTML and asserts that every element is closed."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def cells(self, name):
        return [attributes for tag_, attributes in self.tags if tag_ == name]


def picture(format_):
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(buffer, format_)
    return buffer.getvalue()


@given(TEXT, TEXT)
def test_any_text_and_any_attribute_round_trips(text, attribute):
    reader = Reader(tag("p", text, title=attribute))
    assert reader.text == text
    assert reader.tags == [("p", {"title": attribute})]


def test_text_that_looks_like_html_is_escaped():
    reader = Reader(page("<script>t</script>", tag("p", "<b>&amp;</b>"), tag("p", "x", title='"><i>')))
    assert {"script", "b", "i"}.isdisjoint(name for name, _ in reader.tags)
    assert "<script>t</script>" in reader.text
    assert "<b>&amp;</b>" in reader.text


def test_html_is_not_escaped_again():
    assert tag("p", tag("b", "&")) == "<p><b>&amp;</b></p>"
    assert tag("p", ["1 < 2", None, [tag("i", 3), 4]]) == "<p>1 &lt; 2<i>3</i>4</p>"


def test_html_concatenated_with_text_is_text():
    assert join([Html("<b>") + "<i>"]) == "&lt;b&gt;&lt;i&gt;"


def test_the_trailing_underscore_of_an_attribute_is_removed():
    assert tag("p", class_="soft", lang="en") == '<p class="soft" lang="en"></p>'


@pytest.mark.parametrize("text", ["7", "0.7", "1,234", "12%", "+0.5", "-3", "\N{MINUS SIGN}3", "0.70"])
def test_numeric_columns_are_right_aligned_with_their_heading(text):
    reader = Reader(table(["kind", "number"], [["dimple", text], ["laser", 12]]))
    assert reader.cells("th") == [{}, {"class": "number"}]
    assert reader.cells("td") == [{}, {"class": "number"}] * 2


@pytest.mark.parametrize("text", ["-", "0.1 [0, 1]", "1.2.3", "a1", "."])
def test_a_column_with_any_text_is_left_aligned_with_its_heading(text):
    reader = Reader(table(["number"], [[1], [text]]))
    assert reader.cells("th") == [{}]
    assert reader.cells("td") == [{}, {}]


def test_an_empty_cell_in_a_numeric_column_is_right_aligned():
    assert Reader(table(["keys"], [[2], [""]])).cells("td") == [{"class": "number"}] * 2


def test_a_table_without_rows_has_headings():
    reader = Reader(table(["kind", "photos"], []))
    assert reader.text == "kindphotos"
    assert reader.cells("th") == [{}, {}]


def test_every_table_scrolls_horizontally():
    assert Reader(table(["a"], [[1]])).tags[0] == ("div", {"class": "scroll"})


@pytest.mark.parametrize(("format_", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_picture_is_inline(format_, media_type):
    data = picture(format_)
    [(_, attributes)] = Reader(image(data, '"alt" <b>')).tags
    start, _, content = attributes["src"].partition(",")
    assert start == f"data:{media_type};base64"
    assert base64.b64decode(content, validate=True) == data
    assert attributes["alt"] == '"alt" <b>'


def test_a_gallery_has_each_picture_with_its_caption():
    reader = Reader(gallery([Tile(picture("PNG"), "a < b"), Tile(picture("JPEG"), "c")]))
    assert reader.text == "a < bc"
    assert [attributes["alt"] for attributes in reader.cells("img")] == ["a < b", "c"]


def test_a_page_loads_no_other_resource():
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>1</text></svg>'
    html = page(
        "Report",
        tag("h1", "Report"),
        chart(svg, "A chart"),
        gallery([Tile(picture("PNG"), "a")]),
        table(["a"], [[1]]),
    )
    reader = Reader(html)
    assert {"script", "link", "iframe", "object", "base"}.isdisjoint(name for name, _ in reader.tags)
    for _, attributes in reader.tags:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            assert attributes.get(name, "data:").startswith(("data:", "#"))
    assert not re.search(r"@import|url\(", html)


def test_a_page_is_a_complete_document_for_phones_and_dark_mode():
    html = page("Title", "text")
    assert html.startswith("<!doctype html>")
    reader = Reader(html)
    metas = reader.cells("meta")
    assert {"charset": "utf-8"} in metas
    assert any(attributes.get("name") == "viewport" for attributes in metas)
    assert ("html", {"lang": "en"}) in reader.tags
    assert "prefers-color-scheme: dark" in html
