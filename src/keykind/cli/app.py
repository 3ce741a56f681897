"""`keykind app`: write the phone app, around keykind's models or one's own.

In:    options
Out:   a folder for any static host
Needs: nothing beyond Python; with --model: numpy, pillow, ai-edge-litert
"""

import argparse
from pathlib import Path

from keykind.cli.output import OK

HELP = "write the phone app, a web page, to a folder for any static host"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="a new or empty folder, or one with an app and --force"
    )
    parser.add_argument(
        "--model", type=Path, help="a model file of any classes (default: keykind's own models)"
    )
    parser.add_argument(
        "--title", type=_title, help="name of the app (default: the classes of --model, or keykind)"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace the app in OUT; files that are no part of it stay"
    )


def run(options: argparse.Namespace) -> int:
    """Write the app."""
    from keykind.app import write_app

    print(write_app(options.out, model=options.model, title=options.title, force=options.force))
    return OK


def _title(text: str) -> str:
    from keykind.app import MAX_TITLE

    if not 0 < len(text.strip()) <= MAX_TITLE:
        raise argparse.ArgumentTypeError(f"has {len(text.strip())} characters; a title has 1 to {MAX_TITLE}")
    return text.strip()
