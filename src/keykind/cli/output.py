"""Exit statuses, and what several verbs print.

In:    messages, metrics, read errors
Out:   text on stdout and stderr
Needs: nothing beyond Python
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from keykind.core.errors import CannotWrite

if TYPE_CHECKING:
    from keykind.dataset.listing import ReadError
    from keykind.photo.source import Source

OK = 0
SOME_UNREADABLE = 1  # done, but some photos could not be read or rendered
FAILED = 2
INTERRUPTED = 130  # by Ctrl-C: 128 + SIGINT, as shells report it
STDOUT, STDERR = 1, 2  # file descriptors


def message(text: str) -> None:
    """Print a message to stderr, if stderr is open and can be written."""
    if sys.stderr:
        with suppress(OSError):
            print(text, file=sys.stderr)
        _flush_messages()


def _flush_messages() -> None:
    try:
        if sys.stderr:
            sys.stderr.flush()
    except OSError:  # e.g. a full disk: there is nowhere left to report it, but the exit status
        _discard(STDERR)


class CheckedOutput:
    """Stdout, whose failure is a CannotWrite; everything but what can fail is passed through.

    argparse would ignore an OSError, and for any other caller it could be that of another file.
    """

    def __init__(self, stream: TextIO) -> None:
        """Wrap a stream."""
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text. Raises BrokenPipeError if the reader has closed the pipe, CannotWrite."""
        with _writing_to_stdout():
            return self._stream.write(text)

    def flush(self) -> None:
        """Write what is buffered. Raises as `write` does."""
        with _writing_to_stdout():
            self._stream.flush()


@contextmanager
def checked_output() -> Iterator[None]:
    """Report failures to write stdout, and leave nothing that the interpreter would write at its exit.

    Raises BrokenPipeError if the reader has closed the pipe, CannotWrite.
    """
    if sys.stdout is None:  # closed by the user
        yield
        return
    stream = CheckedOutput(sys.stdout)
    try:
        with redirect_stdout(cast(TextIO, stream)):
            yield
    finally:  # also if argparse printed the help or an error and exits
        _flush_messages()
        stream.flush()


@contextmanager
def _writing_to_stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        fault = f"cannot be written ({error.strerror or error})"
        remedy = "free some space, or write to another file or program"
        raise CannotWrite("standard output", fault=fault, remedy=remedy) from error


def drop_output() -> None:
    """Discard what is buffered for stdout, and what is printed from now on."""
    _discard(STDOUT)


def end_on_interrupt() -> None:
    """Let a second Ctrl-C end the process at once, while it still waits for threads that are at work."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _discard(descriptor: int) -> None:
    """Redirect a file descriptor to nowhere: the interpreter flushes its stream once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def print_errors(errors: Iterable["ReadError"]) -> None:
    """Print a line to stderr for each photo that could not be read or rendered."""
    for error in errors:
        message(f"keykind: {error.name}: {error.reason}")


def photos_of(names: Sequence[str | Path], video_remedy: str = "") -> Iterator["Source"]:
    """Yield the photos that arguments stand for; then say once what was passed over beside them.

    video_remedy: what to do about videos in folders. Raises BadPhoto as `iter_photos` does.
    """
    from keykind.photo.inputs import iter_photos
    from keykind.photo.system_files import PassedOver

    passed_over = PassedOver()
    yield from iter_photos(names, passed_over)
    sentences = (
        passed_over.sentence(),
        passed_over.video_sentence(video_remedy),
        passed_over.annotated_sentence(),
    )
    for sentence in filter(None, sentences):
        message(f"keykind: {sentence}")


def print_scores(metrics: dict[str, Any], run: Path) -> None:
    """Print the test scores of a run and the path of its report."""
    for view, scores in metrics["test"].items():
        low, high = scores["interval"]["weighted_f1"]
        weighted, macro = scores["weighted_f1"], scores["macro_f1"]
        print(f"{view:6} weighted F1 {weighted:.3f} [{low:.3f}, {high:.3f}]  macro F1 {macro:.3f}")
    print(run / "report.html")


def has_display() -> bool:
    """Return whether pages and pictures can be opened: a text browser would take over the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"})


def open_page(path: Path) -> None:
    """Open a page or picture in a graphical browser, if there is one."""
    import webbrowser

    if has_display():
        webbrowser.open(path.absolute().as_uri())
