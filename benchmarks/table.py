"""What the benchmarks share: Markdown tables, where they were measured, and their page.

In:    a section's name and text
Out:   docs/benchmarks.md with that section new and every other one as it was
Needs: nothing beyond Python
"""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from keykind.core.files import write_text

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
TITLE = """# Benchmarks

Each table is written by the command below it. Both sides run in one process, in turns, so that whatever else
the computer does falls on both: trust the ratios more than the times.
"""


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; every column but the first stands right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def environment(*packages: str) -> str:
    """Return the date, the processors and the versions of Python and `packages`, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = [f"{package} {version(package)}" for package in packages]
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    return ", ".join(
        [day, f"{cores} cores ({platform.machine()})", f"Python {platform.python_version()}", *versions]
    )


def section(heading: str, text: str, *, command: str, packages: Sequence[str]) -> str:
    """Return a section for `write_section`: heading, text, and how, where and when it was measured."""
    return f"## {heading}\n\n{text.strip()}\n\nMeasured with `{command}` ({environment(*packages)})."


def write_section(name: str, text: str, path: Path = PAGE, title: str = TITLE) -> None:
    """Put `text` between `<!-- name -->` and `<!-- /name -->` of the page; a new section goes to its end.

    title: how a page begins that is not there yet.
    """
    page = path.read_text(encoding="utf-8") if path.exists() else title
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(start)
    after = rest.partition(end)[2] if found else "\n"
    write_text(path, f"{before.rstrip()}\n\n{start}\n{text.strip()}\n{end}{after}")
