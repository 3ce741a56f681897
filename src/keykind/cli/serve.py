"""`keykind serve`: serve predictions over HTTP.

In:    options
Out:   a service, until it is stopped
Needs: fastapi, uvicorn                                                                    [serve]
"""

import argparse
from pathlib import Path

from keykind.cli.options import add_model_options, port, positive, positive_number
from keykind.cli.output import OK
from keykind.core.extras import require

HELP = "serve predictions and the phone app over HTTP"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 for all addresses of this machine (default: %(default)s)",
    )
    parser.add_argument("--port", type=port, default=8000, help="0 for any free port (default: %(default)s)")
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="number of processes (default: one per CPU core)"
    )
    add_model_options(parser)
    parser.add_argument(
        "--wait",
        type=positive_number,
        default=0.8,
        metavar="SECONDS",
        help="how long a request may be expected to wait for others; beyond it, the answer is 503 at once "
        "(default: %(default)s)",
    )
    parser.add_argument("--queue", type=_removed_queue, help=argparse.SUPPRESS)
    parser.add_argument(
        "--most-mb",
        type=positive,
        default=40,
        metavar="N",
        help="largest request in megabytes (default: %(default)s)",
    )
    parser.add_argument(
        "--most-megapixels",
        type=positive,
        default=52,
        metavar="N",
        help="largest photo in megapixels (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        default=30,
        metavar="N",
        help="time limit for receiving a request, and again for answering it (default: %(default)s)",
    )
    parser.add_argument(
        "--api-keys",
        type=Path,
        metavar="FILE",
        help="require one of the API keys in this file, one per line",
    )
    parser.add_argument(
        "--cors",
        nargs="+",
        default=[],
        metavar="ORIGIN",
        help="origins whose pages may call the service, such as https://shop.example",
    )


def _removed_queue(_: str) -> None:
    """Reject the option that counted requests until 0.8.0, whatever they cost."""
    raise argparse.ArgumentTypeError("was removed in 0.9.0; use --wait SECONDS, a limit on the expected wait")


def run(options: argparse.Namespace) -> int:
    """Serve until the process is stopped."""
    require("serve")
    from keykind.core.parallel import cpu_count
    from keykind.serve.server import run_service
    from keykind.serve.settings import settings_from_options

    settings, workers = settings_from_options(options), options.workers or cpu_count()
    run_service(settings, options.host, options.port, workers, announce=_announce)
    return OK


def _announce(address: str, for_others: str | None) -> None:
    """Print what to open; the log, for programs, goes to stderr."""
    others = f" (from other machines {for_others})" if for_others else ""
    print(f"Open {address}{others} in a browser; {address}docs is for programs. Ctrl-C stops it.", flush=True)
