"""The parser's own help -> docs/cli.md.

`python docs/make_cli.py` writes the page; `--check` tells whether it is up to date, and what to run if not.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}

from keykind.cli import parser

PAGE = Path(__file__).parent / "cli.md"
HEAD = "# Command line\n\nMade from `keykind --help` by `python docs/make_cli.py`; do not edit.\n"


def page() -> str:
    """Return the reference of every verb."""
    whole = parser()
    verbs = next(action for action in whole._actions if isinstance(action, argparse._SubParsersAction))
    parts = [HEAD, _block("keykind", whole)]
    parts += [_block(f"keykind {name}", verb) for name, verb in verbs.choices.items()]
    return "\n".join(parts)


def _block(title: str, part: argparse.ArgumentParser) -> str:
    return f"## {title}\n\n```\n{part.format_help().rstrip()}\n```\n"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page():
        sys.exit("docs/cli.md is not what the parser says: run python docs/make_cli.py")
