"""`keykind inspect`: check a dataset.

In:    options
Out:   the findings as text or JSON, and as an HTML page
Needs: numpy, pillow
"""

import argparse
import json

from keykind.cli.options import add_dataset_options, add_force, file_ending, read_dataset
from keykind.cli.output import OK, SOME_UNREADABLE

HELP = "check a dataset for unreadable, duplicate, leaking and blurred photos"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_dataset_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument(
        "--html",
        type=file_ending(".html", ".htm"),
        metavar="FILE",
        help="also write an HTML page with thumbnails",
    )
    add_force(parser, "replace the page if it exists")


def run(options: argparse.Namespace) -> int:
    """Check a dataset and print the findings."""
    from keykind.core.files import check_new, check_not_input, write_text
    from keykind.dataset import report

    if options.html:
        check_new(options.html, force=options.force)
    dataset = read_dataset(options)
    if options.html:
        check_not_input(options.html, (sample.path for sample in dataset.samples))
        write_text(options.html, report.html(dataset))
    print(json.dumps(report.as_json(dataset), indent=2) if options.json else report.text(dataset))
    return SOME_UNREADABLE if dataset.read_errors else OK
