"""Tests of page.py."""

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

# HTML itself turns carriage returns into line feeds and refuses NUL and surrogates.
TEXT = st.text(st.characters(exclude_characters="\r\0", exclude_categories=("Cs",)), max_size=40)
VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Reads a page the way a browser does, and checks that what is opened is closed."""

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
def test_any_text_and_any_attribute_is_read_back_as_it_was(text, attribute):
    read = Reader(tag("p", text, title=attribute))
    assert read.text == text
    assert read.tags == [("p", {"title": attribute})]


def test_text_that_looks_like_html_stays_text():
    read = Reader(page("<script>t</script>", tag("p", "<b>&amp;</b>"), tag("p", "x", title='"><i>')))
    assert {"script", "b", "i"}.isdisjoint(name for name, _ in read.tags)
    assert "<script>t</script>" in read.text
    assert "<b>&amp;</b>" in read.text


def test_what_is_html_already_is_not_escaped_again():
    assert tag("p", tag("b", "&")) == "<p><b>&amp;</b></p>"
    assert tag("p", ["1 < 2", None, [tag("i", 3), 4]]) == "<p>1 &lt; 2<i>3</i>4</p>"


def test_html_put_together_with_text_counts_as_text():
    assert join([Html("<b>") + "<i>"]) == "&lt;b&gt;&lt;i&gt;"


def test_an_attribute_named_like_a_python_word_loses_its_underscore():
    assert tag("p", class_="soft", lang="en") == '<p class="soft" lang="en"></p>'


@pytest.mark.parametrize("text", ["7", "0.7", "1,234", "12%", "+0.5", "-3", "\N{MINUS SIGN}3", "0.70"])
def test_numbers_stand_right_and_so_does_their_heading(text):
    read = Reader(table(["kind", "number"], [["dimple", text], ["laser", 12]]))
    assert read.cells("th") == [{}, {"class": "number"}]
    assert read.cells("td") == [{}, {"class": "number"}] * 2


@pytest.mark.parametrize("text", ["-", "0.1 [0, 1]", "1.2.3", "a1", "."])
def test_a_column_with_one_word_stands_left_and_so_does_its_heading(text):
    read = Reader(table(["number"], [[1], [text]]))
    assert read.cells("th") == [{}]
    assert read.cells("td") == [{}, {}]


def test_a_gap_in_a_column_of_numbers_stands_right_too():
    assert Reader(table(["keys"], [[2], [""]])).cells("td") == [{"class": "number"}] * 2


def test_a_table_without_rows_still_has_its_headings():
    read = Reader(table(["kind", "photos"], []))
    assert read.text == "kindphotos"
    assert read.cells("th") == [{}, {}]


def test_every_table_scrolls_by_itself():
    assert Reader(table(["a"], [[1]])).tags[0] == ("div", {"class": "scroll"})


@pytest.mark.parametrize(("format_", "kind"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_picture_is_carried_whole(format_, kind):
    data = picture(format_)
    [(_, attributes)] = Reader(image(data, '"alt" <b>')).tags
    start, _, content = attributes["src"].partition(",")
    assert start == f"data:{kind};base64"
    assert base64.b64decode(content, validate=True) == data
    assert attributes["alt"] == '"alt" <b>'


def test_a_gallery_shows_each_tile_with_its_caption():
    read = Reader(gallery([Tile(picture("PNG"), "a < b"), Tile(picture("JPEG"), "c")]))
    assert read.text == "a < bc"
    assert [attributes["alt"] for attributes in read.cells("img")] == ["a < b", "c"]


def test_a_page_needs_nothing_from_anywhere_else():
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>1</text></svg>'
    html = page(
        "Report",
        tag("h1", "Report"),
        chart(svg, "A chart"),
        gallery([Tile(picture("PNG"), "a")]),
        table(["a"], [[1]]),
    )
    read = Reader(html)
    assert {"script", "link", "iframe", "object", "base"}.isdisjoint(name for name, _ in read.tags)
    for _, attributes in read.tags:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            assert attributes.get(name, "data:").startswith(("data:", "#"))
    assert not re.search(r"@import|url\(", html)


def test_a_page_is_a_whole_document_for_phones_and_for_dark_rooms():
    html = page("Title", "text")
    assert html.startswith("<!doctype html>")
    read = Reader(html)
    metas = read.cells("meta")
    assert {"charset": "utf-8"} in metas
    assert any(attributes.get("name") == "viewport" for attributes in metas)
    assert ("html", {"lang": "en"}) in read.tags
    assert "prefers-color-scheme: dark" in html
