"""`keykind app`: write the phone app.

In:    options
Out:   a folder for any static host
Needs: nothing beyond Python
"""

import argparse
from pathlib import Path

from keykind.cli.output import OK

HELP = "write the phone app, a web page, to a folder for any static host"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument("out", type=Path, metavar="OUT", help="a new or empty folder")


def run(options: argparse.Namespace) -> int:
    """Write the app."""
    from keykind.app import write_app

    print(write_app(options.out))
    return OK
