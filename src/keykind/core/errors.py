"""What goes wrong, said so that a person can mend it.

In:    a subject (photo, file, option), a fault with numbers, a remedy
Out:   KeykindError and its children; str(error) is one line
Needs: nothing
"""

from pathlib import Path
from typing import Any


def printable(path: Path | str) -> str:
    """Return a path as text any terminal and file can take: undecodable bytes and control signs become '?'.

    Paths below the current folder lose the leading './' only; nothing is resolved.
    """
    text = str(path).encode("utf-8", "replace").decode("utf-8")
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in text)


class KeykindError(Exception):
    """A fault that the user can mend: what it is about, what is wrong with numbers, what to do."""

    def __init__(self, subject: Path | str, *, fault: str, remedy: str) -> None:
        super().__init__(subject, fault, remedy)
        self.subject = printable(subject)
        self.fault = printable(fault)
        self.remedy = printable(remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.subject, self.fault, self.remedy)

    def __str__(self) -> str:
        return f"{self.subject}: {self.fault}; {self.remedy}"


class BadPhoto(KeykindError):
    """A photo that cannot be read; the others are not touched by it."""


class Unreachable(BadPhoto):
    """A photo that cannot be had now: the fault lies on the way to it, and may pass."""


class BadDataset(KeykindError):
    """A set of photos that cannot be trained or tested on."""


class BadRecipe(KeykindError):
    """A recipe with an unknown key or an impossible value."""


class BadWeights(KeykindError):
    """A weights file that is missing, broken, or of another network."""


class BadModel(KeykindError):
    """A model file that is missing, damaged, newer than this version, or not what keykind writes."""


class BadDevices(KeykindError):
    """Devices to train on that are not there."""


class BadRun(KeykindError):
    """A run folder that is missing, unfinished, or made by another recipe."""


class BadSettings(KeykindError):
    """Settings of a service that it cannot work with."""


class NoApp(KeykindError):
    """The app is not part of this installation."""


class CannotWrite(KeykindError):
    """A result that could not be written: no space, no permission."""


class MissingExtra(KeykindError):
    """An optional part of keykind that is not installed."""

    def __init__(self, subject: str, *, extra: str, missing: str) -> None:
        super().__init__(
            subject,
            fault=f"needs {missing}, which is not installed",
            remedy=f"run: pip install 'keykind[{extra}]'",
        )


def _restore(kind: type[KeykindError], subject: str, fault: str, remedy: str) -> KeykindError:
    """Return an error that came from another process."""
    error = kind.__new__(kind)
    KeykindError.__init__(error, subject, fault=fault, remedy=remedy)
    return error
