"""`keykind explain`: draw which regions of a photo support a prediction.

In:    options
Out:   a PNG image
Needs: numpy, pillow, ai-edge-litert
"""

import argparse
from pathlib import Path

from keykind.cli.options import add_force, add_model_options, positive
from keykind.cli.output import OK

HELP = "draw which regions of a photo support the prediction"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument("photo", metavar="PHOTO", help="a photo, or - for standard input")
    parser.add_argument("--out", type=Path, required=True, metavar="PNG", help="the image to write")
    add_force(parser, "replace the image if it exists")
    add_model_options(parser)
    parser.add_argument(
        "--kind", metavar="NAME", help="the kind to explain, or all (default: the most probable)"
    )
    parser.add_argument(
        "--key",
        type=positive,
        default=1,
        metavar="N",
        help="which of several keys to explain; 1 has the highest detection score (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Write the image that explains a prediction."""
    from keykind.core.files import check_new, check_not_input
    from keykind.photo.inputs import single_photo
    from keykind.predict import figure
    from keykind.predict.recogniser import Recogniser

    figure.check_extension(options.out)
    photo = single_photo(options.photo)
    check_not_input(options.out, [photo])
    check_new(options.out, force=options.force)
    recogniser = Recogniser.load(options.model, whole=options.whole)
    explanation = recogniser.explain(photo, options.key - 1)
    figure.save(figure.draw(explanation, options.kind), options.out)
    print(options.out)
    return OK
