"""The command line, recipes and kinds -> docs/cli.md, and the tables in docs/train.md and docs/synthetic.md.

`python docs/generate.py` writes the pages; with `--check` it fails if one is out of date.
"""

import argparse
import inspect
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}

from keykind.cli.main import parser
from keykind.core.kinds import KINDS
from keykind.train import recipe

DOCS = Path(__file__).parent
HEAD = """# Command line

Made from `keykind --help` by `python docs/generate.py`; do not edit.

Exit status of every verb: 0 done; 1 done, but some photos could not be read or rendered; 2 not done, and the
reason is printed, also if the results cannot be printed because the disk is full; 130 interrupted with
Ctrl-C, with a line that says what to do next. A file that exists is replaced with `--force` only; a folder
that a command began is resumed by repeating the command.
"""
FIELD = re.compile(r"^    (\w+): [^=]+ = .*?(?:  # (.*))?$", re.MULTILINE)


def pages() -> dict[Path, str]:
    """Return each page with its text."""
    return {
        DOCS / "cli.md": command_line(),
        DOCS / "train.md": _with_table("train.md", "recipe", recipe_table()),
        DOCS / "synthetic.md": _with_table("synthetic.md", "kinds", kind_table()),
    }


def command_line() -> str:
    """Return the reference of every verb, and of the commands of `keykind dev`."""
    root = parser()
    parts = [HEAD, _block("keykind", root)]
    for name, verb in _subparsers(root).items():
        parts.append(_block(f"keykind {name}", verb))
        parts += [
            _block(f"keykind {name} {command}", options, level=3)
            for command, options in _subparsers(verb).items()
        ]
    return "\n".join(parts)


def _with_table(page: str, name: str, table: str) -> str:
    """Return a page with the table between the markers of that name replaced."""
    marked = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
    return marked.sub(lambda _: table, (DOCS / page).read_text("utf-8"))


def _subparsers(whole: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """Return the parsers of a parser's verbs or commands by name; none if it has none."""
    for action in whole._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def kind_table() -> str:
    """Return a table of the kinds: the name of each, and how to recognise it."""
    rows = "".join(f"| `{kind.name}` | {kind.hint} |\n" for kind in KINDS)
    return f"| kind | how to recognise it |\n|---|---|\n{rows}"


def recipe_table() -> str:
    """Return a table of a recipe's keys: the value of each in `report`, and its comment in the code."""
    values = recipe.REPORT.as_json()
    groups = {name: values.pop(name) for name in ("detector", "refiner", "classifier")}
    rows = _rows(values, _comments(recipe.Recipe), "")
    rows += _rows(groups["detector"], _comments(recipe.DetectorRecipe), "detector.")
    rows += _rows(groups["refiner"], _comments(recipe.RefinerRecipe), "refiner.")
    rows += _rows(groups["classifier"], _comments(recipe.ClassifierRecipe), "classifier.")
    return f"| key | `report` | meaning |\n|---|---|---|\n{rows}"


def _comments(group: type) -> dict[str, str]:
    """Return the comment of each field of a dataclass."""
    return dict(FIELD.findall(inspect.getsource(group)))


def _rows(values: Mapping[str, object], meanings: Mapping[str, str], prefix: str) -> str:
    return "".join(
        f"| `{prefix}{key}` | {_value(value)} | {meanings[key]} |\n" for key, value in values.items()
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _block(title: str, part: argparse.ArgumentParser, level: int = 2) -> str:
    return f"{'#' * level} {title}\n\n```\n{part.format_help().rstrip()}\n```\n"


if __name__ == "__main__":
    for path, text in pages().items():
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            sys.exit(f"docs/{path.name} is out of date: run python docs/generate.py")
