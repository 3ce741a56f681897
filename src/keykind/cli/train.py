"""`keykind train`: train on photos, test, and write the report.

In:    options
Out:   the folder of a run; its scores
Needs: keras, tensorflow, scikit-learn, scipy, matplotlib                                  [train]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keykind.cli.options import add_dataset_options, add_engine, add_seed, devices, engine, read_dataset
from keykind.cli.output import OK, SOME_UNREADABLE, message, print_faults, print_scores
from keykind.core.extras import require

HELP = "train on photos, test, and write the report"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_dataset_options(parser)
    parser.add_argument(
        "--recipe",
        default="report",
        metavar="NAME|FILE",
        help="report, default, or a .toml file (default: %(default)s)",
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
        help="photos without a key, to test how well such photos are rejected, besides the bundled ones",
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
    add_seed(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    parser.add_argument("--resume", action="store_true", help="resume an interrupted run")
    add_engine(parser)


def run(options: argparse.Namespace) -> int:
    """Train and report."""
    require("train")
    import numpy as np

    from keykind.dataset.dataset import hold_out, read_negative_sets
    from keykind.experiment.run_folder import RunFolder
    from keykind.train.recipe import load_recipe, weights_for, with_fine_tuning, with_renders

    recipe = with_fine_tuning(load_recipe(options.recipe), options.fine_tune)
    recipe = with_renders(recipe, options.renders)
    RunFolder(options.out).check(resume=options.resume)
    dataset = read_dataset(options)
    if not dataset.subset("test"):
        dataset = hold_out(dataset, recipe.hold_out, np.random.default_rng(options.seed))
    negatives, broken = read_negative_sets(options.negatives)
    faults = dataset.read_errors + broken
    print_faults(faults)
    for warning in dataset.warnings:
        message(f"keykind: {warning}")
    renders = _renders(recipe.renders, dataset.kinds, options.seed)  # before Keras, see mixing.py
    from keykind.experiment.experiment import Experiment
    from keykind.experiment.run import run as run_experiment
    from keykind.train.devices import find_devices

    experiment = Experiment(
        dataset,
        recipe,
        weights_for(recipe, options.weights),
        options.seed,
        options.out,
        negatives=negatives,
        renders=renders,
        engine=engine(options),
        devices=find_devices(options.devices),
    )
    print_scores(run_experiment(experiment, resume=options.resume), options.out)
    return SOME_UNREADABLE if faults else OK


def _renders(count: int, kinds: Sequence[str], seed: int) -> tuple[Any, ...]:
    """Return `count` rendered photos of the kinds."""
    if not count:
        return ()
    require("render")
    from keykind.train.synthetic import rendered_photos

    return rendered_photos(kinds, count, seed)
