"""`keykind evaluate`: measure one or two models on labelled photos, and write a report.

In:    options
Out:   the folder of the evaluation; its scores as text or JSON
Needs: scikit-learn, scipy, matplotlib                                                [evaluate]
"""

import argparse
import json
from pathlib import Path
from typing import Any

from keykind.cli.options import add_engine, add_force, add_kinds, add_seed, engine
from keykind.cli.output import OK, SOME_UNREADABLE, message

HELP = "measure a model on labelled photos without training, or compare two"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="a model file, the folder of a run, or the word keykind for the bundled models; two: compared",
    )
    parser.add_argument(
        "photos",
        type=Path,
        metavar="PHOTOS",
        help="a folder with one subfolder per kind, or a CSV file; if it has a test split, that is measured",
    )
    parser.add_argument(
        "--test", type=Path, metavar="PHOTOS", help="a folder or CSV file of test photos, as of keykind train"
    )
    add_kinds(parser, "measure only these kinds")
    parser.add_argument(
        "--group-pattern",
        metavar="REGEX",
        help="regular expression over photo paths; its group `key`, or else its first, is the key's name",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        dest="everything",
        help="measure also the training split, and photos that a model was trained on",
    )
    parser.add_argument(
        "--whole", action="store_true", help="skip key detection: treat the whole photo as one key"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="folder of the report (default: PHOTOS-evaluation)"
    )
    add_force(parser, "replace the evaluation in that folder")
    parser.add_argument("--json", action="store_true", help="print metrics.json instead of text")
    add_seed(parser)
    add_engine(parser)


def run(options: argparse.Namespace) -> int:
    """Measure, write the report and print the scores."""
    import numpy as np

    from keykind.evaluate.model_files.evaluation import evaluate

    finished = evaluate(
        options.models,
        options.photos,
        rng=np.random.default_rng(options.seed),
        out=options.out,
        test=options.test,
        kinds=options.kinds,
        group_pattern=options.group_pattern,
        everything=options.everything,
        whole=options.whole,
        force=options.force,
        engine=engine(options),
        notify=lambda sentence: message(f"keykind: {sentence}"),
    )
    if options.json:
        print(json.dumps(finished.metrics, indent=2, ensure_ascii=False))
    else:
        _print(finished.metrics)
        print(finished.report)
    return SOME_UNREADABLE if finished.read_errors else OK


def _print(metrics: dict[str, Any]) -> None:
    """Print a line for each model, and one for the difference."""
    counts = metrics["counts"]
    print(f"{counts['scored']:,} photos, {counts['keys']:,} keys")
    for model in metrics["models"]:
        low, high = model["interval"]["weighted_f1"]
        answers = model["answers"]
        print(
            f"{model['name']}: weighted F1 {model['weighted_f1']:.3f} [{low:.3f}, {high:.3f}]  "
            f"macro F1 {model['macro_f1']:.3f}  accuracy {model['accuracy']:.3f}  "
            f"get a kind {answers['answered']['share']:.0%}, right {answers['correct']['share']:.0%} of them"
        )
    if paired := metrics["difference"]:
        f1 = paired["weighted_f1"]
        low, high = f1["interval"]
        print(
            f"difference of weighted F1 {f1['difference']:+.3f} [{low:+.3f}, {high:+.3f}]  "
            f"{len(paired['improved']):,} photos better, {len(paired['worsened']):,} worse"
        )
