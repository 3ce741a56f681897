"""The commands of `keykind dev` that train the bundled networks.

In:    options
Out:   a trained detector, refiner, segmenter or classifier
Needs: keras, tensorflow, opencv                                                           [train]
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keykind.cli.options import add_seed, add_sets, positive
from keykind.core.extras import require

if TYPE_CHECKING:
    from keykind.experiment.detector_training import TrainingFolders


def _add_training(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the options of training a network; name: its key in recipes, and of its files."""
    _add_folders(parser)
    _add_start(parser, name)


def _add_folders(parser: argparse.ArgumentParser) -> None:
    """Add the folders that training reads and writes."""
    add_sets(parser)
    parser.add_argument(
        "--backgrounds",
        type=Path,
        nargs="+",
        required=True,
        metavar="FOLDER",
        help="photos without keys, also in subfolders",
    )
    parser.add_argument(
        "--hands",
        type=Path,
        metavar="FOLDER",
        help="hands to put into photos: PNG files with an alpha channel",
    )
    parser.add_argument(
        "--clutter",
        type=Path,
        metavar="FOLDER",
        help="small objects other than keys to put into photos: PNG files with an alpha channel",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder for the results")


def _add_start(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the initial weights, the recipe and the seed."""
    parser.add_argument(
        "--weights",
        default="imagenet",
        metavar="NAME|FILE",
        help="weights of the backbone: keykind, imagenet, random, or a file (default: %(default)s)",
    )
    parser.add_argument(
        "--scaling",
        choices=("unit", "native"),
        default="native",
        help="pixel scaling that the weights expect (default: %(default)s)",
    )
    parser.add_argument(
        "--recipe",
        default="default",
        metavar="NAME|FILE",
        help=f"recipe whose `{name}` table is used (default: %(default)s)",
    )
    add_seed(parser)


def _add_detection(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the options of training a stage of the detector."""
    _add_training(parser, name)
    parser.add_argument(
        "--marks",
        type=Path,
        metavar="FILE|FOLDER",
        help="real photos: labels.csv or its folder; keys are marked in it, or in keys.csv beside it; photos "
        "of its test split, and others of the same keys, are never trained on; remotes.csv may mark remotes",
    )
    _add_begin(parser, name)


def _add_begin(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(
        "--begin", type=Path, metavar="FILE", help=f"start from the {name}.weights.h5 of an earlier run"
    )


def _add_train_detector(parser: argparse.ArgumentParser) -> None:
    _add_detection(parser, "detector")


def _add_train_refiner(parser: argparse.ArgumentParser) -> None:
    _add_detection(parser, "refiner")
    parser.add_argument(
        "--detector",
        type=Path,
        required=True,
        metavar="FILE",
        help="detector.tflite, whose detections are to be refined",
    )


def _add_train_segmenter(parser: argparse.ArgumentParser) -> None:
    _add_folders(parser)
    parser.add_argument(
        "--refiner",
        type=Path,
        required=True,
        metavar="FILE",
        help="refiner.weights.h5, whose first layers the segmenter starts from",
    )
    _add_begin(parser, "segmenter")
    for name, part in (("crops", "the decoder"), ("fine-tune-crops", "all layers")):
        parser.add_argument(
            f"--{name}", type=positive, metavar="N", help=f"training crops of {part} (default: the recipe's)"
        )
    add_seed(parser)


def _add_train_classifier(parser: argparse.ArgumentParser) -> None:
    _add_training(parser, "classifier")
    parser.add_argument(
        "--network",
        choices=("mobilenet_v2", "mobilenet_v2_dense"),
        help="backbone, in place of the recipe's",
    )


def _train_detector(options: argparse.Namespace) -> None:
    require("train")
    from keykind.experiment.detector_training import train_from_folders
    from keykind.train.detector.training import Start
    from keykind.train.recipe import load_recipe

    start = Start(options.weights, options.scaling, options.begin)
    recipe = load_recipe(options.recipe).detector
    print(train_from_folders(_folders(options), start, recipe, options.out, options.seed))


def _train_refiner(options: argparse.Namespace) -> None:
    require("train")
    from keykind.experiment.detector_training import train_refiner_from_folders
    from keykind.train.recipe import load_recipe
    from keykind.train.refiner.training import RefinerStart

    start = RefinerStart(options.detector, options.weights, options.scaling, options.begin)
    recipe = load_recipe(options.recipe)
    print(train_refiner_from_folders(_folders(options), start, recipe, options.out, options.seed))


def _train_segmenter(options: argparse.Namespace) -> None:
    require("train")
    from keykind.experiment.detector_training import train_segmenter_from_folders
    from keykind.train.detection_recipes import SegmenterRecipe
    from keykind.train.segmenter.training import SegmenterStart

    given = {"crops": options.crops, "fine_tune_crops": options.fine_tune_crops}
    recipe = replace(SegmenterRecipe(), **{name: count for name, count in given.items() if count})
    start = SegmenterStart(options.refiner, options.begin)
    print(train_segmenter_from_folders(_folders(options), start, recipe, options.out, options.seed))


def _train_classifier(options: argparse.Namespace) -> None:
    require("train")
    from keykind.experiment.classifier_training import train_classifier_from_folders
    from keykind.train.recipe import load_recipe, with_values

    recipe = load_recipe(options.recipe)
    if options.network:
        recipe = with_values(recipe, {"backbone": options.network}, "--network")
    metrics = train_classifier_from_folders(
        _folders(options), options.weights, options.scaling, recipe, options.out, options.seed
    )
    scores = metrics["test"]["plain"]
    print(f"{options.out}: weighted F1 {scores['weighted_f1']:.3f} on keys of rendered photos held out")


def _add_train_features(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "series", type=Path, metavar="SERIES", help="folder that `keykind dev render-keys` wrote"
    )
    parser.add_argument(
        "--sets",
        type=Path,
        nargs="+",
        default=[],
        metavar="SET",
        help="datasets written by `keykind render` with one key in a photo",
    )
    parser.add_argument(
        "--backgrounds",
        type=Path,
        nargs="+",
        required=True,
        metavar="FOLDER",
        help="photos without keys, also in subfolders",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder for the results")
    add_seed(parser)


def _train_features(options: argparse.Namespace) -> None:
    require("train")
    from keykind.experiment.feature_training import FeaturePhotos, train_features

    photos = FeaturePhotos(options.series, options.sets, options.backgrounds)
    print(train_features(photos, options.out, options.seed, print))


def _folders(options: argparse.Namespace) -> "TrainingFolders":
    from keykind.experiment.detector_training import TrainingFolders

    return TrainingFolders(
        options.sets,
        options.backgrounds,
        options.hands,
        getattr(options, "marks", None),  # the classifier has no such option
        options.clutter,
        options.max_photos,
    )


COMMANDS = {  # name -> help, function that adds its options, function that runs it
    "train-detector": ("train the detector on rendered sets", _add_train_detector, _train_detector),
    "train-refiner": (
        "train the second stage of a detector on its detections in rendered sets",
        _add_train_refiner,
        _train_refiner,
    ),
    "train-segmenter": (
        "train the network of the cut-outs' masks on keys of rendered sets",
        _add_train_segmenter,
        _train_segmenter,
    ),
    "train-classifier": (
        "train the classifier on keys of rendered sets",
        _add_train_classifier,
        _train_classifier,
    ),
    "train-features": (
        "train the features by which single keys are recognised",
        _add_train_features,
        _train_features,
    ),
}
