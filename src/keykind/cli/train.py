"""`keykind train`: train and test a model on photos, and write the report.

In:    options
Out:   the folder of a run; its scores
Needs: keras, tensorflow, scikit-learn, scipy, matplotlib                                  [train]
"""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from keykind.cli.options import add_dataset_options, add_engine, add_seed, devices
from keykind.cli.output import OK, SOME_UNREADABLE, message, print_scores

if TYPE_CHECKING:
    from keykind.experiment.train import Run

HELP = "train and test a model on your photos, and write a report"
INTERRUPTED = 130  # exit status: 128 + SIGINT, as of other programs


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_dataset_options(parser, required=False)
    parser.add_argument(
        "--recipe",
        metavar="NAME|FILE",
        help="a recipe: default (if not given), report (the student report of 2024), or a .toml file",
    )
    parser.add_argument(
        "--weights",
        metavar="NAME|FILE",
        help="initial weights: keykind (if not given; included), imagenet (downloaded), random, or a file",
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
        help="also train on N rendered photos of the same kinds, if these are keykind's",
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
    parser.add_argument(
        "--split-of",
        type=Path,
        metavar="RUN",
        help="test on the test photos of an earlier run; photos that it did not have are for training",
    )
    add_seed(parser, default=None)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="RUN",
        help="folder of the run (default: PHOTOS-run)",
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument(
        "--force", action="store_true", help="replace the run in that folder, but no other files"
    )
    existing.add_argument(
        "--resume",
        action="store_true",
        help="resume an interrupted run; `keykind train --resume RUN` is enough, because photos and options "
        "are read from the run",
    )
    add_engine(parser, default=None)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Train and report."""
    if options.resume and options.out is None:
        options.photos, options.out = None, options.photos
    if options.photos is None and (options.out is None or not options.resume):
        options.usage_error("PHOTOS is required, except for --resume RUN")
    if options.out is None:
        from keykind.experiment.train import default_out

        options.out = default_out(options.photos, options.test)
        message(f"keykind: the run is written to {options.out}")
    finished = _train(options)
    print_scores(finished.metrics, finished.path)
    return SOME_UNREADABLE if finished.read_errors else OK


def _train(options: argparse.Namespace) -> "Run":
    from keykind.experiment.train import train

    return train(
        options.photos,
        out=options.out,
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
        force=options.force,
        devices=options.devices,
        engine=options.engine,
        split_of=options.split_of,
        notify=lambda problem: message(f"keykind: {problem}"),
        announce=lambda decision: message(f"keykind: {decision}"),
    )


def interrupted(options: argparse.Namespace) -> str:
    """Return what to do after Ctrl-C."""
    if options.out is None or not (options.out / "recipe.json").is_file():
        return "nothing was written yet; run the same command again"
    command = shlex.join(["keykind", "train", "--resume", str(options.out)])
    return f"finished steps are kept; to continue, add --resume: {command}"
