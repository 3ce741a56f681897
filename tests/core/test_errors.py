"""Tests of core/errors.py."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keykind.core import errors
from keykind.core.errors import KeykindError, MissingExtra, printable

CLASSES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, KeykindError)]
ANY_TEXT = st.text(st.characters(), max_size=40)  # includes lone surrogates and control characters


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_an_error_is_one_printable_line(subject, fault, remedy):
    message = str(KeykindError(subject, fault=fault, remedy=remedy))
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    message.encode("utf-8")


def test_an_error_has_a_subject_a_fault_and_a_remedy():
    error = KeykindError("a.jpg", fault="ends after 3 of 9 bytes", remedy="copy the file again")
    assert str(error) == "a.jpg: ends after 3 of 9 bytes; copy the file again"


@given(st.text(st.characters(categories=("L", "N", "P")), max_size=40))
def test_letters_of_any_script_are_kept(text):
    assert printable(text) == text


def test_undecodable_bytes_become_question_marks():
    name = b"key-\xff\n.jpg".decode("utf-8", "surrogateescape")
    assert printable(name) == "key-??.jpg"


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_can_be_pickled(cls):
    details = {"extra": "train", "missing": "keras"} if cls is MissingExtra else {"fault": "f", "remedy": "r"}
    error = cls("subject", **details)
    unpickled = pickle.loads(pickle.dumps(error))
    assert type(unpickled) is cls
    assert str(unpickled) == str(error)
