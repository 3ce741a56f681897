"""`keykind card`: print what a model file is.

In:    options
Out:   the model's card, inputs and outputs, size and hash, as text or JSON
Needs: numpy, pillow, ai-edge-litert
"""

import argparse
import json
from pathlib import Path

from keykind.cli.output import OK

HELP = "print what a model file is: its classes, scores, training data and origin"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE|RUN",
        help="a model file, or the folder of a run (default: the bundled model)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print JSON instead of text, with the whole recipe"
    )


def run(options: argparse.Namespace) -> int:
    """Print the description of a model file."""
    from keykind.model.description import describe_model
    from keykind.predict.recogniser import shipped_model

    description = describe_model(options.file or shipped_model())
    if options.json:
        print(json.dumps(description.as_json(), indent=2, ensure_ascii=False))
    else:
        print(*description.lines(), sep="\n")
    return OK
