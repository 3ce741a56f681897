"""`keykind dev fit-decision`: fit the decision "is it a key, and is its kind known?".

In:    options
Out:   a decision as JSON; what it gives, as text
Needs: scipy, scikit-learn, opencv                                                         [train]
"""

import argparse
from pathlib import Path

from keykind.cli.options import add_force, add_sets, add_stages, share
from keykind.cli.output import OK, SOME_UNREADABLE, message
from keykind.core.extras import require

HELP = "fit the decision whether a detection is a key of a known kind"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_sets(parser)
    parser.add_argument(
        "--negatives",
        nargs="+",
        required=True,
        metavar="PHOTO|FOLDER",
        help="photos without keys, preferably none that the models were trained on",
    )
    parser.add_argument("--model", type=Path, metavar="FILE", help="classifier (default: the bundled one)")
    add_stages(parser)
    for name, default, meaning in (
        ("key-threshold", 0.5, "minimum P(key) of a key"),
        ("kind-threshold", 0.5, "minimum P(key) P(kind is right | key) of a known kind"),
    ):
        parser.add_argument(
            f"--{name}", type=share, default=default, metavar="P", help=f"{meaning} (default: %(default)s)"
        )
    parser.add_argument(
        "--min-score",
        type=share,
        metavar="P",
        help="minimum score of a detection (default: the score that 99%% of the accepted keys have)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON file to write")
    add_force(parser, "replace the file if it exists")


def run(options: argparse.Namespace) -> int:
    """Fit the decision, write it and print what it gives."""
    require("train")
    from keykind.core.files import check_new, write_json
    from keykind.evaluate.decision.from_folders import FitModels, FitPhotos, Limits, fit_from_folders
    from keykind.evaluate.decision.report import text

    check_new(options.out, force=options.force)
    decision, scores, unreadable = fit_from_folders(
        FitPhotos(options.sets, options.negatives, options.max_photos),
        FitModels(options.model, options.detector, options.refiner),
        Limits(options.min_score, options.key_threshold, options.kind_threshold),
    )
    write_json(options.out, decision.as_json())
    print(text(decision, scores))
    for error in unreadable:
        message(f"keykind: {error}")
    return SOME_UNREADABLE if unreadable else OK
