"""Errors that a user can act on.

In:    a subject (photo, file, option), what is wrong with it, a remedy
Out:   KeykindError and its subclasses; str(error) is one line
Needs: nothing
"""

from pathlib import Path
from typing import Any


def printable(path: str | Path) -> str:
    """Return a path as text that any terminal and file accepts.

    Undecodable bytes and control characters become '?'. The path is not resolved.
    """
    text = str(path).encode("utf-8", "replace").decode("utf-8")
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


class KeykindError(Exception):
    """An error that the user can fix: its subject, what is wrong (with numbers), and what to do."""

    def __init__(self, subject: str | Path, *, fault: str, remedy: str) -> None:
        super().__init__(subject, fault, remedy)
        self.subject = printable(subject)
        self.fault = printable(fault)
        self.remedy = printable(remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.subject, self.fault, self.remedy)

    def __str__(self) -> str:
        return f"{self.subject}: {self.fault}; {self.remedy}"


class BadPhoto(KeykindError):
    """A photo cannot be read; other photos are not affected."""


class Unreachable(BadPhoto):
    """A photo cannot be fetched at the moment, e.g. because of a network failure."""


class BadDataset(KeykindError):
    """A dataset cannot be used for training or testing."""


class BadRecipe(KeykindError):
    """A recipe has an unknown key or an invalid value."""


class BadWeights(KeykindError):
    """A weights file is missing, damaged, or made for another network."""


class BadModel(KeykindError):
    """A model file is missing, damaged, newer than this version, or not written by keykind."""


class BadDevices(KeykindError):
    """The devices requested for training are not available."""


class BadRun(KeykindError):
    """A run folder is missing, incomplete, in use, or made with another recipe."""


class BadSettings(KeykindError):
    """The settings of the service are invalid."""


class NoApp(KeykindError):
    """The app is not part of this installation."""


class CannotWrite(KeykindError):
    """A result cannot be written: no space, no permission."""


class MissingExtra(KeykindError):
    """An optional dependency of keykind is not installed."""

    def __init__(self, subject: str, *, extra: str, missing: str) -> None:
        super().__init__(
            subject,
            fault=f"needs {missing}, which is not installed",
            remedy=f"run: pip install 'keykind[{extra}]'",
        )


def _restore(cls: type[KeykindError], subject: str, fault: str, remedy: str) -> KeykindError:
    """Return an error that was pickled, e.g. by another process."""
    error = cls.__new__(cls)
    KeykindError.__init__(error, subject, fault=fault, remedy=remedy)
    return error
