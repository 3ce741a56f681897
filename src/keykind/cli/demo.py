"""`keykind demo`: train on the bundled photos.

In:    options
Out:   the folder of a run; its scores
Needs: what train needs                                                                    [train]
"""

import argparse
import sys
from pathlib import Path

from keykind.cli.options import add_seed
from keykind.cli.output import OK, message, open_page, print_scores
from keykind.core.extras import require

HELP = "train on the bundled photos and open the report; works offline"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "--out", type=Path, default=Path("demo-run"), help="folder of the run (default: %(default)s)"
    )
    add_seed(parser)
    parser.add_argument("--no-open", action="store_true", help="do not open the report in a browser")


def interrupted(_: argparse.Namespace) -> str:
    """Return what to do after Ctrl-C."""
    return "repeat the command to continue"


def run(options: argparse.Namespace) -> int:
    """Run the demo and show its report."""
    require("train")
    from keykind.experiment.demo import run_demo

    print_scores(run_demo(options.out, options.seed), options.out)
    if not options.no_open and sys.stdout.isatty():
        open_page(options.out / "report.html")
    message("Try your own photos in a browser or from a program: keykind serve")
    return OK
