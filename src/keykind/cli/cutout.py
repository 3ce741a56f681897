"""`keykind cutout`: cut each key out of a photo.

In:    options
Out:   PNG images with transparent background
Needs: numpy, pillow, ai-edge-litert
"""

import argparse
from pathlib import Path

from keykind.cli.options import add_force
from keykind.cli.output import OK

HELP = "cut out each key of a photo, aligned, on a transparent background"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument("photo", metavar="PHOTO", help="a photo, or - for standard input")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PNG",
        help="the image to write; several keys are written as NAME-1.png, NAME-2.png and so on, "
        "highest detection score first",
    )
    add_force(parser, "replace images that exist")


def run(options: argparse.Namespace) -> int:
    """Write each key of a photo as an image."""
    from keykind.detect.cutouts import write_cutouts
    from keykind.detect.detector import load_detector
    from keykind.photo.inputs import single_photo

    for path in write_cutouts(
        single_photo(options.photo), load_detector(), options.out, replace=options.force
    ):
        print(path)
    return OK
