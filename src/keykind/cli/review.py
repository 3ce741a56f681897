"""`keykind review`: check the photos of a dataset in the browser.

In:    photos; a run or model whose predictions suggest what to look at
Out:   a page, until it is stopped; decisions in labels.csv beside the photos
Needs: fastapi, uvicorn [serve]; to train again [train]
"""

import argparse
import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from keykind.cli.options import port
from keykind.cli.output import OK, has_display, message
from keykind.core.extras import require

if TYPE_CHECKING:
    from keykind.review.desk import Desk

HELP = "check photos and their labels in the browser, and train again"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "photos", type=Path, metavar="PHOTOS", help="a folder with one subfolder per kind, or a CSV file"
    )
    parser.add_argument(
        "--run",
        type=Path,
        metavar="RUN",
        help="a finished run on these photos (default: the newest of PHOTOS-run, PHOTOS-run-2, ...)",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="a model file whose predictions help (default: that of the run, or else the bundled model)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; any other than this machine's own opens the photos to those who have the "
        "printed address (default: %(default)s)",
    )
    parser.add_argument("--port", type=port, default=8501, help="0 for any free port (default: %(default)s)")
    parser.add_argument(
        "--reviewer", metavar="NAME", help="who decides, for labels.csv (default: the name of the user)"
    )
    parser.add_argument("--no-open", action="store_true", help="do not open the page in a browser")


def run(options: argparse.Namespace) -> int:
    """Serve the page until the process is stopped."""
    require("serve")
    from keykind.core.process import prepare_process

    prepare_process(arenas=2)  # before NumPy is imported; the desk has many threads, few of them busy
    from keykind.review.desk import Settings
    from keykind.review.server import is_loopback, run_desk

    def announce(address: str, desk: "Desk") -> None:
        if not is_loopback(options.host):
            message(
                f"keykind: {options.host} can be reached from other machines; the connection is not encrypted"
            )
        for note in desk.notes:
            message(f"keykind: {note}")
        print(f"Open {address} in a browser. Ctrl-C stops it.", flush=True)
        if not options.no_open and has_display():
            import webbrowser

            webbrowser.open(address)

    reviewer = options.reviewer if options.reviewer is not None else _user()
    run_desk(
        Settings(options.photos, options.run, options.model, reviewer), options.host, options.port, announce
    )
    return OK


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in containers
        return ""
