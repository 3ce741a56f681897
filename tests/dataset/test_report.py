"""Tests of dataset/report.py: text, JSON and page."""

import base64
import io
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import ExifTags, Image

import drawn
from keykind.dataset.dataset import read_dataset
from keykind.dataset.listing import ReadError
from keykind.dataset.report import as_json, html, text
from keykind.dataset.samples import Leak


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    """Two kinds with a broken file, a copy, a resized copy, a leak, a mislabelled photo and an empty kind."""
    root = tmp_path_factory.mktemp("messy")
    drawn.photos(root / "train", cylinder=6, dimple=4, safe=0)
    for seed in (70, 71):
        drawn.save(drawn.key(seed), root / "test" / "dimple" / f"{seed}.jpg")
    train = root / "train"
    shutil.copy(train / "cylinder" / "0.jpg", train / "cylinder" / "copy.jpg")
    shutil.copy(train / "cylinder" / "1.jpg", train / "dimple" / "wrong.jpg")
    shutil.copy(train / "dimple" / "0.jpg", root / "test" / "dimple" / "leak.jpg")
    drawn.save(drawn.key(3).resize((200, 150)), train / "cylinder" / "small.jpg")
    (train / "dimple" / "broken.jpg").write_bytes(b"<script>alert(1)</script>")
    return read_dataset(root)


class Page(HTMLParser):
    """The tags, link attributes and text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags, self.links, self.texts = [], [], []
        self.feed(source)
        self.text = " ".join(self.texts)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data):
        self.texts.append(data)

    def pictures(self) -> list[Image.Image]:
        data = [base64.b64decode(link.partition("base64,")[2]) for link in self.links]
        return [Image.open(io.BytesIO(item)) for item in data]


def test_the_text_counts_kinds_keys_and_problems(messy):
    lines = text(messy).splitlines()
    assert lines[0] == "13 usable photos of 2 kinds, 11 objects"
    assert [line.split() for line in lines[3:7]] == [
        ["kind", "train", "test", "objects"],
        ["cylinder", "7", "0", "5"],
        ["dimple", "3", "3", "6"],
        ["all", "10", "3", "11"],
    ]
    for part in ("read errors 1", "leaks 1", "duplicates 3", "near duplicates 1"):
        assert part in lines
    assert "  train/dimple/0.jpg = test/dimple/leak.jpg (same bytes)" in lines
    assert any(line.startswith("blurriest") for line in lines)


def test_the_text_stays_short_for_a_large_set(messy):
    many = replace(
        messy,
        kinds=tuple(f"kind {i}" for i in range(2000)),
        samples=messy.samples * 1000,
        read_errors=tuple(ReadError(f"{i}.jpg", "broken") for i in range(5000)),
        leaks=messy.leaks * 5000,
        near_duplicates=((messy.samples[0].name,) * 5000,) * 50,
    )
    summary = text(many)
    assert len(summary.splitlines()) < 100
    assert len(summary) < 20_000
    assert "  and 4,990 more" in summary


def test_json_values_round_trip_and_contain_no_path_on_disk(messy):
    encoded = json.dumps(as_json(messy), allow_nan=False)
    assert json.loads(encoded) == as_json(messy)
    assert str(messy.samples[0].path.parents[2]) not in encoded
    assert as_json(messy)["counts"] == messy.counts()
    assert len(as_json(messy)["samples"]) + len(as_json(messy)["left_out"]) == 16
    assert as_json(messy)["leaks"] == [
        {"train": "train/dimple/0.jpg", "test": "test/dimple/leak.jpg", "why": "same bytes"}
    ]


def test_the_page_is_self_contained(messy):
    page = Page(html(messy))
    assert page.links
    assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "url(" not in html(messy)


def test_the_page_has_every_section(messy):
    page = Page(html(messy))
    for expected in (
        "13 usable photos of 2 kinds, 11 objects",
        "Unreadable files: 1",
        "Leaks: 1",
        "Duplicates: 3",
        "Near duplicates: 1",
        "cylinder: 7 of 7",
        "Blurriest: 13",
        "Darkest: 13",
        "Brightest: 13",
        "Smallest: 13",
        *messy.warnings,
    ):
        assert expected in page.text


def test_a_clean_dataset_has_no_sections_about_problems(tmp_path):
    dataset = read_dataset(drawn.photos(tmp_path, cylinder=2, dimple=2))
    page = Page(html(dataset)).text
    assert not [title for title in ("Unreadable", "Leaks", "uplicates:") if title in page]
    assert "read errors" not in text(dataset)


def test_the_thumbnails_carry_no_exif(tmp_path):
    drawn.photos(tmp_path, cylinder=2, dimple=2)
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "SECRETARTIST"
    exif[ExifTags.Base.GPSInfo] = {ExifTags.GPS.GPSLatitude: (48.0, 8.0, 0.0)}
    drawn.save(drawn.key(9), tmp_path / "dimple" / "gps.jpg", exif=exif, comment=b"SECRETCOMMENT")
    page = html(read_dataset(tmp_path))
    pictures = Page(page).pictures()
    assert pictures
    assert not [picture for picture in pictures if picture.getexif() or "comment" in picture.info]
    assert b"SECRET" not in b"".join(base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)", page))


def test_a_page_of_ten_thousand_noisy_photos_is_below_ten_megabytes(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    drawn.save(Image.fromarray(noise), tmp_path / "dimple" / "noise.png")
    small = read_dataset(tmp_path)
    noisy = next(sample for sample in small.samples if "noise" in sample.name)
    kinds = tuple(f"kind {i}" for i in range(500))
    samples = tuple(replace(noisy, name=f"{i}-{'&' * 240}", kind=kinds[i % 500]) for i in range(10_000))
    clusters = tuple(
        tuple(sample.name for sample in samples[start : start + 10]) for start in range(0, 10_000, 10)
    )
    large = replace(
        small,
        kinds=kinds,
        samples=samples,
        read_errors=tuple(ReadError(f"{i}-{'<' * 240}", "broken " * 30) for i in range(10_000)),
        duplicates=clusters,
        near_duplicates=clusters,
        leaks=tuple(Leak(sample.name, samples[0].name, "same bytes") for sample in samples),
    )
    page = html(large)
    assert len(page.encode()) < 10_000_000
    assert "Leaks: first 24 of 10,000" in page
    assert "Unreadable files: first 200 of 10,000" in page
    assert "Blurriest: first 16 of 10,000" in page


def test_names_cannot_break_the_page(tmp_path):
    drawn.photos(tmp_path, cylinder=1, dimple=1)
    for seed, name in enumerate(
        [b"<script>x.jpg", b'"onload=.jpg', b"\xff\xfe.jpg", "鍵.jpg".encode(), b"y" * 251 + b".jpg"]
    ):
        drawn.save(drawn.key(20 + seed), drawn.bytes_path(tmp_path / "dimple", name))
    (tmp_path / "<b>kind").mkdir()
    shutil.copy(tmp_path / "dimple" / "0.jpg", tmp_path / "<b>kind" / "0.jpg")
    source = html(read_dataset(tmp_path))
    page = Page(source)
    assert not {"script", "b"} & set(page.tags)
    assert "dimple/<script>x.jpg" in page.text
    assert "鍵.jpg" in page.text
    assert source.encode()


def test_a_photo_that_was_deleted_since_gets_a_placeholder(tmp_path):
    dataset = read_dataset(drawn.photos(tmp_path, cylinder=2, dimple=2))
    (tmp_path / "dimple" / "1.jpg").unlink()
    assert len(Page(html(dataset)).pictures()) == 4 * 5


def test_photos_of_a_cluster_are_captioned_with_split_and_kind(messy):
    page = Page(html(messy)).text
    assert "train/dimple/wrong.jpg: train, dimple" in page
    assert "train/cylinder/1.jpg: train, cylinder" in page


def test_a_damaged_photo_is_a_fault_in_text_json_and_page_and_stays_usable(tmp_path):
    drawn.photos(tmp_path, cylinder=2, dimple=2)
    path = tmp_path / "dimple" / "0.jpg"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10] + b"\xff\xd9")
    dataset = read_dataset(tmp_path)
    assert len(dataset.samples) == 4
    (fault,) = as_json(dataset)["faults"]
    assert fault["name"] == "dimple/0.jpg"
    assert fault["reason"].startswith("JPEG data is")
    assert "damaged photos 1\n  dimple/0.jpg: JPEG data is" in text(dataset)
    assert "Damaged photos: 1" in html(dataset)
    assert any(sentence.startswith("Damaged photos: 1 (dimple/0.jpg") for sentence in dataset.warnings)
