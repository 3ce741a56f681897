"""`keykind dev`: make the files bundled with keykind, and measure them.

In:    options
Out:   trained networks and their scores; scores on real photos; the bundled models; the bundled photos
Needs: keras, tensorflow; manifold3d, mitsuba                                              [train, render]
"""

import argparse
from pathlib import Path

from keykind.cli import dev_decision, dev_training
from keykind.cli.options import add_force, add_seed, add_sets, add_stages, file_ending, positive
from keykind.cli.output import OK, SOME_UNREADABLE
from keykind.cli.render import add_asset_folders
from keykind.core.errors import KeykindError
from keykind.core.extras import require

HELP = "make the models and photos bundled with keykind; for developers of keykind"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the commands of this verb, each with its options."""
    parser.set_defaults(command=lambda _: parser.print_help())
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, (help_text, add, run_command) in COMMANDS.items():
        options = commands.add_parser(
            name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}."
        )
        add(options)
        options.set_defaults(command=run_command, refuse=options.error)


def run(options: argparse.Namespace) -> int:
    """Run one of the commands."""
    status: int | None = options.command(options)
    return OK if status is None else status


def _add_score_detector(parser: argparse.ArgumentParser) -> None:
    add_sets(parser)
    add_stages(parser)


def _add_score_real(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "photos",
        type=Path,
        metavar="PHOTOS",
        help="folder with the photos and labels.csv, or this file; keys are marked in it, or in keys.csv",
    )
    add_stages(parser)
    parser.add_argument("--model", type=Path, metavar="FILE", help="classifier (default: the bundled one)")
    parser.add_argument(
        "--decision",
        type=Path,
        metavar="FILE",
        help="decision fitted to these models (default: the bundled one, if it was)",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="SOURCE",
        help="leave out the photos of a source, e.g. because it was trained on; may be repeated",
    )
    parser.add_argument(
        "--marks",
        type=Path,
        metavar="FILE",
        help="JSON with the marked keys by the SHA-256 of the photos; or another labels.csv with marks",
    )
    parser.add_argument(
        "--split", choices=("train", "test"), help="only photos of this split in labels.csv (default: all)"
    )
    parser.add_argument(
        "--sheet", type=Path, metavar="FOLDER", help="write contact sheets: misses.png, false.png, all-NN.png"
    )
    parser.add_argument("--json", type=file_ending(".json"), metavar="FILE", help="write all scores as JSON")
    add_force(parser, "replace the file of --json if it exists")
    add_seed(parser)


def _add_ship(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, nargs="?", metavar="RUN", help="run whose classifier to bundle")
    parser.add_argument(
        "--begin",
        metavar="NAME|FILE",
        help="initial weights of this run; every tensor must differ from them",
    )
    parser.add_argument("--detector", type=Path, metavar="FILE", help="detector.tflite to bundle")
    parser.add_argument("--refiner", type=Path, metavar="FILE", help="refiner.tflite to bundle")
    parser.add_argument("--segmenter", type=Path, metavar="FILE", help="segmenter.tflite to bundle")
    parser.add_argument(
        "--features", type=Path, metavar="FILE", help="features.npz: features for the bundled classifier"
    )
    parser.add_argument(
        "--decision", type=Path, metavar="FILE", help="decision to bundle, fitted to the bundled models"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="folder to write to (default: the installed package)"
    )


def _add_render_sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="folder to write to (default: the installed package)"
    )
    parser.add_argument(
        "--max-photos",
        type=positive,
        metavar="N",
        help="maximum number of photos per kind and split (default: all)",
    )
    parser.add_argument(
        "--variant", metavar="NAME", help="Mitsuba variant (default: the fastest that works here)"
    )
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="number of processes (default: one per CPU core)"
    )


def _score_detector(options: argparse.Namespace) -> None:
    require("train")
    from keykind.detect.detector import load_detector
    from keykind.train.detector.labels import split_set
    from keykind.train.detector.training import score_photos

    detector = load_detector(options.detector, options.refiner)
    for folder in options.sets:
        print(f"{folder.name:12} {score_photos(detector, split_set(folder, options.max_photos)[1])}")


def _score_real(options: argparse.Namespace) -> int:
    import numpy as np

    from keykind.core.files import check_new, check_not_input, write_json
    from keykind.evaluate.real_photos.report import text
    from keykind.evaluate.real_photos.score import Selection, load_recogniser, score_real_photos

    if options.json:
        check_not_input(options.json, [options.marks, options.decision])
        check_new(options.json, force=options.force)
    scores = score_real_photos(
        load_recogniser(options.model, options.detector, options.refiner, decision=options.decision),
        options.photos,
        Selection(options.marks, options.exclude, options.split),
        sheets=options.sheet,
        rng=np.random.default_rng(options.seed),
    )
    if options.json:
        write_json(options.json, scores.as_json())
    print(text(scores))
    return SOME_UNREADABLE if scores.unread else OK


def _ship(options: argparse.Namespace) -> None:
    require("train")
    from keykind.experiment import shipping
    from keykind.model.shipped import FOLDER

    _check_ship(options)
    out = options.out or FOLDER
    if options.detector:
        print(shipping.ship_detector(options.detector, out))
    if options.refiner:
        print(shipping.ship_refiner(options.refiner, out))
    if options.segmenter:
        print(shipping.ship_segmenter(options.segmenter, out))
    if options.source:
        exported, weights = shipping.ship_classifier(options.source, options.begin, out)
        print(*exported.lines(), weights, sep="\n")
    if options.features:
        print(shipping.ship_features(options.features, out))
    if options.decision:
        print(shipping.ship_decision(options.decision, out))


def _check_ship(options: argparse.Namespace) -> None:
    """Raise KeykindError if there is nothing to bundle, or a run or its initial weights are missing."""
    from keykind.export.from_run import check_finished

    stages = (options.detector, options.refiner, options.segmenter, options.features)
    if not (options.source or any(stages) or options.decision):
        fault = "was given neither a run nor --detector, --refiner, --segmenter, --features or --decision"
        remedy = "give at least one of them"
        raise KeykindError("keykind dev ship", fault=fault, remedy=remedy)
    if options.source:
        check_finished(options.source)
    if options.source and not options.begin:
        remedy = "give the initial weights of the run"
        raise KeykindError(options.source, fault="needs --begin", remedy=remedy)
    if options.begin and not options.source:
        fault, remedy = "was given --begin without a run", "give the run whose initial weights these are"
        raise KeykindError("keykind dev ship", fault=fault, remedy=remedy)


def _render_sample(options: argparse.Namespace) -> None:
    require("render")
    from keykind.core.parallel import cpu_count
    from keykind.dataset.bundled import PHOTOS_FOLDER
    from keykind.render.sets.rendering import Studio
    from keykind.render.sets.sample import render_sample
    from keykind.render.studio.variant import choose_variant

    studio = Studio(choose_variant(options.variant), options.workers or cpu_count())
    for line in render_sample(studio, options.out or PHOTOS_FOLDER, options.max_photos):
        print(line)


def _add_render_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the photos")
    parser.add_argument("--keys", type=positive, required=True, metavar="N", help="number of keys")
    parser.add_argument(
        "--photos", type=positive, default=4, metavar="N", help="photos of each key (default: %(default)s)"
    )
    parser.add_argument(
        "--size", type=positive, default=448, metavar="PX", help="longer side (default: %(default)s)"
    )
    add_seed(parser)
    parser.add_argument(
        "--workers", type=int, metavar="N", help="number of processes (default: one per CPU core)"
    )
    add_asset_folders(parser)


def _render_keys(options: argparse.Namespace) -> None:
    require("render")
    from keykind.core.parallel import cpu_count
    from keykind.render.paint.assets import find_assets
    from keykind.render.sets.key_series import render_series, series
    from keykind.render.sets.rendering import Studio
    from keykind.render.studio.variant import choose_variant

    variant = choose_variant()
    variant.set_environment()
    assets = find_assets(options.lights, options.grounds, options.behind, options.clutter)
    studio = Studio(variant, options.workers or cpu_count(), assets)
    keys = range(options.keys)
    photos = list(series(options.out, keys, options.photos, seed=options.seed, size=options.size))
    print(f"{options.out}: {render_series(photos, studio)} of {len(photos)} photos rendered")


COMMANDS = {
    **dev_training.COMMANDS,
    "score-detector": (
        "score a detector on the held-out photos of rendered sets",
        _add_score_detector,
        _score_detector,
    ),
    "score-real": (
        "score a detector and a classifier on real photos with marked keys",
        _add_score_real,
        _score_real,
    ),
    "fit-decision": (dev_decision.HELP, dev_decision.add_options, dev_decision.run),
    "ship": ("bundle trained models with the package", _add_ship, _ship),
    "render-keys": ("render several photos of each of many keys", _add_render_keys, _render_keys),
    "render-sample": ("render the photos bundled with keykind", _add_render_sample, _render_sample),
}
