"""Tests of the kinds' page.toml and views, and of core/kind_pages.py, which reads them."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import keykind
from keykind.core.kind_pages import TEXTS, read_pages
from keykind.core.kinds import KINDS, NAMES, read_kinds

FOLDER = Path(keykind.__file__).parent / "kinds"
PAGES = read_pages()
ENGLISH = re.compile(r"\b(the|with|of|its|and|key|keys|blade|look|has|have|from)\b")
SCRIPTS = Path(__file__).parents[2] / "web" / "scripts"
SHOWS = ("side", "angle", "mark", "variant")
SIZE = (480, 300)  # px of a view
MOST_BYTES, MOST_BYTES_TOGETHER = 8_000, 200_000  # of views: they are part of a first visit to the app
LONGEST = 330  # characters of a text; more would not be read
CONFUSED = {  # pairs with a text of their own
    ("cylinder", "dimple"), ("cylinder", "laser_track"), ("cylinder", "double_bit"),
    ("cylinder", "cruciform"), ("dimple", "laser_track"), ("mortice", "double_bit"),
    ("mortice", "tubular"), ("double_bit", "cruciform"),
}  # fmt: skip


def texts_of(page):
    """Return the texts of a page, as (language, name, text)."""
    return [
        (language, name, text)
        for language, texts in page.texts.items()
        for name, text in [
            *((name, getattr(texts, name)) for name in TEXTS),
            *((f"also {i}", text) for i, text in enumerate(texts.also)),
            *((f"differs.{other}", text) for other, text in texts.differs.items()),
        ]
    ]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_every_kind_has_a_page_in_all_languages_of_its_label(kind):
    page = PAGES[kind.name]
    assert page.texts.keys() == kind.labels.keys()
    for language, name, text in texts_of(page):
        assert 0 < len(text) <= LONGEST, (language, name, len(text))
        assert not re.search(r"\s\s|\n", text), (language, name)


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_texts_are_sentences_but_names_and_captions_are_not(kind):
    for language, name, text in texts_of(PAGES[kind.name]):
        is_sentence = name in ("use", "look", "mistakes", "mark") or name.startswith("differs")
        assert text.endswith(".") == is_sentence, (language, name)


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_no_english_is_left_in_other_languages(kind):
    texts = texts_of(PAGES[kind.name])
    english = {text for language, _, text in texts if language == "en"}
    for language, name, text in texts:
        if language != "en":
            assert text not in english, (language, name)
            assert not ENGLISH.search(text), (language, name)
    hints = [text for language, text in kind.hints.items() if language != "en"]
    assert not any(ENGLISH.search(text) for text in hints)


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_the_mark_is_on_the_crop_in_the_half_of_the_tip(kind):
    left, top, right, bottom = PAGES[kind.name].region
    assert 0.4 <= left < right <= 1
    assert 0 <= top < 0.5 < bottom <= 1


def test_kinds_that_are_often_confused_have_a_text_of_their_own_in_one_of_their_pages():
    pairs = {
        tuple(sorted((kind, other), key=NAMES.index))
        for kind, page in PAGES.items()
        for other in page.texts["en"].differs
    }
    assert pairs == CONFUSED


def page_folder(root: Path, old: str = "", new: str = "") -> Path:
    """Copy the kinds into `root`, with a text of the dimple kind's page.toml replaced."""
    shutil.copytree(FOLDER, root / "kinds", ignore=shutil.ignore_patterns("__pycache__"))
    file = root / "kinds" / "dimple" / "page.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    return root / "kinds"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("region = ", "area = ", "no entry 'region'"),
        ("variant = 5", "others = 5", "no entry 'variant'"),
        ("region = [0.", "region = [1.", "needs left < right"),
        ('variant = "', 'caption = "', "unknown entry caption"),
        ('mark = "A', 'look = "A', "Cannot overwrite a value"),
        ("[it", "[nl", "languages are en, de, fr, es, pt, nl"),
        ("[de.differs]\ncylinder", "[de.differs]\ntubular", "de.differs needs the same kinds as en.differs"),
        ("differs]\ncylinder", "differs]\nround", "round is not another kind"),
    ],
)
def test_a_damaged_page_is_an_error_that_names_it(tmp_path, old, new, message):
    folder = page_folder(tmp_path, old, new)
    with pytest.raises(ValueError, match=rf"dimple.page\.toml.*{re.escape(message)}"):
        read_pages(folder)


def test_a_kind_without_a_page_has_none(tmp_path):
    folder = page_folder(tmp_path)
    (folder / "dimple" / "page.toml").unlink()
    assert read_pages(folder, read_kinds(folder)).keys() == set(NAMES) - {"dimple"}


def test_no_break_spaces_before_french_punctuation_are_kept():
    french = " ".join(
        text for page in PAGES.values() for language, _, text in texts_of(page) if language == "fr"
    )
    assert re.search("\u00a0[:;]", french)
    assert not re.search(" [:;!?]", french)


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_has_its_views_cut_out_of_their_ground(name):
    assert tuple(shows for shows, _ in PAGES[name].views) == SHOWS
    for shows, file in PAGES[name].views:
        with Image.open(FOLDER / name / "views" / file) as picture:
            alpha = np.asarray(picture.convert("RGBA"))[..., 3]
        assert alpha.shape[::-1] == SIZE
        assert 0.1 < (alpha > 128).mean() < 0.8, shows
        edges = [alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]]
        assert max(int(edge.max()) for edge in edges) < 16, shows  # nothing ends abruptly at the frame


def test_views_are_small():
    sizes = [path.stat().st_size for path in FOLDER.glob("*/views/*")]
    assert max(sizes) <= MOST_BYTES
    assert sum(sizes) <= MOST_BYTES_TOGETHER


@pytest.mark.parametrize("name", NAMES)
def test_the_view_of_the_mark_shows_the_region_of_the_mark(name, monkeypatch):
    pytest.importorskip("manifold3d", reason="the extra render is not installed")
    monkeypatch.syspath_prepend(SCRIPTS)
    views = pytest.importorskip("views")
    for shows, key, camera, _ in views.views(PAGES[name]):
        points = views._mark(key, PAGES[name]) if shows == "mark" else key.vertices()
        assert len(points) > 20
        shares = camera.project(points)[:, :2] / np.array(camera.size)
        assert (shares > 0).all(), shows
        assert (shares < 1).all(), shows
        assert np.ptp(shares, axis=0).max() > 0.6, shows
