"""What the benchmarks share: Markdown tables, the environment they were measured in, and their page.

In:    a section's name and text
Out:   docs/benchmarks.md with that section replaced and the others unchanged
Needs: nothing beyond Python
"""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from keykind.core.files import write_text

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
POINTS = 5  # of a curve, besides the first
TITLE = """# Benchmarks

Each table is written by the command below it. Both sides of a comparison run alternately in one process, so
other load on the machine affects both: trust the ratios more than the times.
"""


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are right-aligned."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def environment(*packages: str) -> str:
    """Return the date, the cores and the versions of Python and `packages`, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = [f"{package} {version(package)}" for package in packages]
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    return ", ".join(
        [day, f"{cores} cores ({platform.machine()})", f"Python {platform.python_version()}", *versions]
    )


def section(heading: str, text: str, *, command: str, packages: Sequence[str]) -> str:
    """Return a section for `write_section`: heading, text, the command, and the environment."""
    return f"## {heading}\n\n{text.strip()}\n\nMeasured with `{command}` ({environment(*packages)})."


def write_section(name: str, text: str, path: Path = PAGE, title: str = TITLE) -> None:
    """Write `text` between `<!-- name -->` and `<!-- /name -->` of the page; append a new section.

    title: how a page begins that does not exist yet.
    """
    page = path.read_text(encoding="utf-8") if path.exists() else title
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(start)
    after = rest.partition(end)[2] if found else "\n"
    write_text(path, f"{before.rstrip()}\n\n{start}\n{text.strip()}\n{end}{after}")


def curve_rows(
    trained: str, curve: Sequence[Mapping[str, float]], batch: int, parts: Sequence[str]
) -> list[tuple[str, ...]]:
    """Return rows of a stage's curve, evenly spaced: what is trained, views, loss and its parts.

    batch: views per step.
    """
    points = [curve[round(i * (len(curve) - 1) / POINTS)] for i in range(POINTS + 1)] if curve else []
    return [
        (trained, f"{int(point['step']) * batch:,}", *(f"{point[part]:.3f}" for part in ("loss", *parts)))
        for point in points
    ]
