"""Exit statuses, and what several verbs print.

In:    messages, metrics, read errors
Out:   text on stdout and stderr
Needs: nothing beyond Python
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keykind.dataset.listing import ReadError
    from keykind.photo.source import Source

OK = 0
SOME_UNREADABLE = 1  # done, but some photos could not be read or rendered
FAILED = 2


def message(text: str) -> None:
    """Print a message to stderr, if stderr is open."""
    if sys.stderr:
        print(text, file=sys.stderr)


def print_errors(errors: Iterable["ReadError"]) -> None:
    """Print a line to stderr for each photo that could not be read or rendered."""
    for error in errors:
        message(f"keykind: {error.name}: {error.reason}")


def photos_of(names: Sequence[str | Path]) -> Iterator["Source"]:
    """Yield the photos that arguments stand for; then say once what was passed over beside them.

    Raises BadPhoto as `iter_photos` does.
    """
    from keykind.photo.inputs import iter_photos
    from keykind.photo.system_files import PassedOver

    passed_over = PassedOver()
    yield from iter_photos(names, passed_over)
    if sentence := passed_over.sentence():
        message(f"keykind: {sentence}")


def print_scores(metrics: dict[str, Any], run: Path) -> None:
    """Print the test scores of a run and the path of its report."""
    for view, scores in metrics["test"].items():
        low, high = scores["interval"]["weighted_f1"]
        weighted, macro = scores["weighted_f1"], scores["macro_f1"]
        print(f"{view:6} weighted F1 {weighted:.3f} [{low:.3f}, {high:.3f}]  macro F1 {macro:.3f}")
    print(run / "report.html")


def open_page(path: Path) -> None:
    """Open a page in a graphical browser, if there is one; a text browser would take over the terminal."""
    import webbrowser

    if sys.platform in ("darwin", "win32") or os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"}:
        webbrowser.open(path.absolute().as_uri())
