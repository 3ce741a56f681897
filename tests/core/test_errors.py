"""Tests of errors.py."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keykind.core import errors
from keykind.core.errors import KeykindError, MissingExtra, printable

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KeykindError)]
ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates and control signs included


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_an_error_is_one_line_that_any_terminal_can_show(subject, fault, remedy):
    words = str(KeykindError(subject, fault=fault, remedy=remedy))
    assert len(words.splitlines()) == 1
    assert words.isprintable()
    words.encode("utf-8")


def test_an_error_says_what_it_is_about_what_is_wrong_and_what_to_do():
    error = KeykindError("a.jpg", fault="ends after 3 of 9 bytes", remedy="copy the file again")
    assert str(error) == "a.jpg: ends after 3 of 9 bytes; copy the file again"


@given(st.text(st.characters(categories=("L", "N", "P")), max_size=40))
def test_letters_of_any_script_stay_as_they_are(text):
    assert printable(text) == text


def test_bytes_that_are_no_text_become_question_marks():
    name = b"key-\xff\n.jpg".decode("utf-8", "surrogateescape")
    assert printable(name) == "key-??.jpg"


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_the_way_to_another_process(kind):
    wanted = {"extra": "train", "missing": "keras"} if kind is MissingExtra else {"fault": "f", "remedy": "r"}
    error = kind("subject", **wanted)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
