"""`keykind train`: train and test a model on photos, and write the report.

In:    options
Out:   the folder of a run; its scores
Needs: keras, tensorflow, scikit-learn, scipy, matplotlib                                  [train]
"""

import argparse
from pathlib import Path

from keykind.cli.options import add_dataset_options, add_engine, add_seed, devices
from keykind.cli.output import OK, SOME_UNREADABLE, message, print_scores

HELP = "train and test a model on your photos, and write a report"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_dataset_options(parser, required=False)
    parser.add_argument(
        "--recipe",
        metavar="NAME|FILE",
        help="a recipe, report or default, or a .toml file; report if not given",
    )
    parser.add_argument(
        "--weights",
        metavar="NAME|FILE",
        help="initial weights: keykind, imagenet, random, or a file (default: keykind with --recipe default, "
        "otherwise imagenet)",
    )
    parser.add_argument(
        "--negatives",
        type=Path,
        metavar="PHOTOS",
        help="photos without a key, to measure how many are rejected, in addition to the bundled ones",
    )
    parser.add_argument(
        "--nothing", type=Path, dest="negatives", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )  # its name before 0.7
    parser.add_argument(
        "--renders",
        type=int,
        metavar="N",
        help="with --recipe default: also train on N rendered photos of the same kinds",
    )
    parser.add_argument(
        "--fine-tune", type=int, metavar="N", help="also train the last N layers of the backbone"
    )
    parser.add_argument(
        "--devices",
        type=devices,
        metavar="N|all|cpu:N",
        help="split each training batch over the first N GPUs, all GPUs, or N virtual CPU devices "
        "(default: one device)",
    )
    add_seed(parser, default=None)
    parser.add_argument("--out", type=Path, metavar="RUN", help="folder of the run")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="resume an interrupted run; `keykind train --resume RUN` is enough, because photos and options "
        "are read from the run",
    )
    add_engine(parser, default=None)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Train and report."""
    from keykind.experiment.train import train

    photos, out = options.photos, options.out
    if options.resume and out is None:
        photos, out = None, photos
    if out is None or (photos is None and not options.resume):
        options.usage_error("PHOTOS and --out are required, except for --resume RUN")
    finished = train(
        photos,
        out=out,
        recipe=options.recipe,
        test=options.test,
        kinds=options.kinds,
        group_pattern=options.group_pattern,
        keep_leaks=options.keep_leaks,
        negatives=options.negatives,
        weights=options.weights,
        renders=options.renders,
        fine_tune=options.fine_tune,
        seed=options.seed,
        resume=options.resume,
        devices=options.devices,
        engine=options.engine,
        notify=lambda problem: message(f"keykind: {problem}"),
    )
    print_scores(finished.metrics, finished.path)
    return SOME_UNREADABLE if finished.read_errors else OK
