"""The command line: the table of verbs, the parser, and one place that turns errors into exit statuses.

In:    arguments
Out:   results on stdout, messages on stderr; an exit status, see output.py
Needs: what the verb needs, imported only then
"""

import argparse
import io
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from keykind import __version__
from keykind.cli.output import FAILED, INTERRUPTED, OK, checked_output, drop_output, end_on_interrupt, message
from keykind.core.errors import KeykindError

VERBS = (
    "demo",
    "inspect",
    "labels",
    "render",
    "train",
    "evaluate",
    "review",
    "export",
    "card",
    "predict",
    "explain",
    "cutout",
    "serve",
    "app",
    "doctor",
    "dev",
)  # in the order of `keykind --help`; each is a module of this package
HIDDEN = ("dev",)  # not listed by `keykind --help`


class Verb(Protocol):
    """What a verb's module provides."""

    HELP: str

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's options."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the verb and return the exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status; without arguments, print the help."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # file names may have characters that the terminal lacks
    arguments = sys.argv[1:] if arguments is None else arguments
    options = argparse.Namespace(interrupted=lambda _: "")
    try:
        with checked_output():
            options = _parse(arguments)
            return cast(int, options.verb(options))
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        drop_output()
        return OK
    except KeykindError as error:
        message(f"keykind: {error}")
        return FAILED
    except KeyboardInterrupt:
        end_on_interrupt()
        hint = options.interrupted(options)
        message(f"keykind: interrupted{hint and f'; {hint}'}")
        return INTERRUPTED


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments; print the help and exit if there are none."""
    verb = next(iter(arguments), None)
    root = parser((verb,) if verb in VERBS else None)
    options, unknown = root.parse_known_args(arguments or ["--help"])
    if unknown:  # root.parse_args would show the usage of `keykind`, not of the verb
        options.refuse(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def parser(verbs: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line with these verbs (None: all).

    `verb` holds the chosen verb's function, `interrupted` the one that says what to do after Ctrl-C.
    Each verb's module is imported, so `main` asks for the one that it needs.
    """
    root = argparse.ArgumentParser(
        "keykind", description="Find the keys in photos and tell what kind each is."
    )
    root.add_argument("--version", action="version", version=f"keykind {__version__}")
    subparsers = root.add_subparsers(required=True, metavar="VERB")
    for name in verbs or VERBS:
        verb = cast(Verb, import_module(f"keykind.cli.{name}"))
        add = subparsers.add_parser
        options = add(name) if name in HIDDEN else add(name, help=verb.HELP)
        options.description = f"{verb.HELP[0].upper()}{verb.HELP[1:]}."
        verb.add_options(options)
        options.set_defaults(
            verb=verb.run, refuse=options.error, interrupted=getattr(verb, "interrupted", lambda _: "")
        )
    return root
