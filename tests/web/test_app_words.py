"""Tests of web/src/words: one file a language, all with the same entries."""

import json
import re

import pytest

from app_build import WEB
from keykind.core.kinds import KINDS

FOLDER = WEB / "src" / "words"
LANGUAGES = ("de", "en", "fr")


def words(language):
    return json.loads((FOLDER / f"{language}.json").read_text("utf-8"))


def test_there_is_one_file_a_language():
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == list(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_entries_in_the_same_order(language):
    assert list(words(language)) == list(words("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_puts_in_the_same_values(language):
    english = words("en")
    for name, text in words(language).items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[name])), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_is_empty_or_has_stray_spaces(language):
    for name, text in words(language).items():
        assert text == text.strip() != "", name
        assert "  " not in text, name


@pytest.mark.parametrize("language", ["de", "fr"])
def test_sentences_are_translated(language):
    english = words("en")
    same = [name for name, text in words(language).items() if text == english[name] and " " in text]
    assert [name for name in same if name not in ("key.answer",)] == []


def test_english_kinds_are_called_and_told_as_python_does_it():
    english = words("en")
    for kind in KINDS:
        assert english[f"kind.{kind.name}"] == kind.label
        assert english[f"tell.{kind.name}"] == kind.tell


def test_every_kind_has_a_sketch():
    sketches = {path.stem for path in (WEB / "src" / "sketches").glob("*.svg")}
    assert sketches == {kind.name for kind in KINDS}


def test_every_entry_is_used():
    source = "\n".join(path.read_text("utf-8") for path in (WEB / "src").rglob("*.ts"))
    made = ("kind.", "tell.", "cause.", "measure.", "fault.", "nav.")  # put together from a name
    unused = [name for name in words("en") if f"'{name}'" not in source and not name.startswith(made)]
    assert unused == []
