"""`keykind export`: write a model as one file.

In:    options
Out:   a .tflite or .onnx file; how it compares with Keras
Needs: nothing beyond the base for a bundled or existing model; Keras for a run            [train]
"""

import argparse
from pathlib import Path

from keykind.cli.options import add_force
from keykind.cli.output import OK
from keykind.model.card import PRECISIONS

HELP = "write a run's model as one file, and compare its predictions with Keras"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "source",
        type=Path,
        nargs="?",
        metavar="RUN|FILE",
        help="folder of a run, or a model file (default: the bundled model)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="precision of the weights; int8 also quantises the activations (default: fp32)",
    )
    parser.add_argument(
        "--for",
        dest="client",
        choices=("mediapipe",),
        help="write a file for this program; its only output is the probabilities",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="a .tflite or .onnx file (default: named after its contents)"
    )
    add_force(parser, "replace the file if it exists, and write it even if its error exceeds the tolerance")


def run(options: argparse.Namespace) -> int:
    """Write a model file."""
    from keykind.export.export import ExportOptions, export_model

    mediapipe = options.client is not None
    chosen = ExportOptions(
        options.precision, mediapipe, options.out, force=options.force, replace=options.force
    )
    print(*export_model(options.source, chosen).lines(), sep="\n")
    return OK
