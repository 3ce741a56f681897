"""`keykind explain`: draw which regions of photos support the predictions.

In:    options
Out:   a PNG image; or pictures of many photos, in a folder or in one page
Needs: numpy, pillow, ai-edge-litert
"""

import argparse
from pathlib import Path

from keykind.cli.options import add_model_options, add_picture_options, positive
from keykind.cli.output import OK, SOME_UNREADABLE, photos_of
from keykind.core.errors import KeykindError

HELP = "draw which regions of photos support the predictions"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO|FOLDER",
        help="a photo, or - for standard input; with --save, --html or --show any number of photos",
    )
    parser.add_argument("--out", type=Path, metavar="PNG", help="the image to write, of one photo")
    add_picture_options(parser, "the photos and the evidence for each key")
    add_model_options(parser)
    parser.add_argument(
        "--kind", metavar="NAME", help="the kind to explain, or all (default: the most probable)"
    )
    parser.add_argument(
        "--key",
        type=positive,
        metavar="N",
        help="which of several keys to explain; 1 has the highest detection score (default: 1 with --out, "
        "otherwise all)",
    )


def run(options: argparse.Namespace) -> int:
    """Write the images that explain predictions."""
    many = options.save or options.html or options.show
    if bool(options.out) == bool(many):
        fault = "was given no output" if not many else "was given --out with --save, --html or --show"
        remedy = "give --out PNG for one photo, or any of --save FOLDER, --html FILE and --show"
        raise KeykindError("keykind explain", fault=fault, remedy=remedy)
    return _explain_many(options) if many else _explain_one(options)


def _explain_one(options: argparse.Namespace) -> int:
    """Write the image of one photo."""
    from keykind.core.files import check_new, check_not_input
    from keykind.photo.inputs import single_photo
    from keykind.predict import figure
    from keykind.predict.recogniser import Recogniser
    from keykind.predict.wording import wording_of

    figure.check_extension(options.out)
    if len(options.photos) > 1:
        fault = f"was given {len(options.photos)} photos for one image"
        raise KeykindError("keykind explain", fault=fault, remedy="give --save FOLDER or --html FILE instead")
    photo = single_photo(options.photos[0])
    check_not_input(options.out, [photo])
    check_new(options.out, force=options.force)
    recogniser = Recogniser.load(options.model, whole=options.whole)
    explanation = recogniser.explain(photo, (options.key or 1) - 1)
    image = figure.draw(explanation, options.kind, wording_of(recogniser.model.card))
    figure.save(image, options.out)
    print(options.out)
    return OK


def _explain_many(options: argparse.Namespace) -> int:
    """Write the images of any number of photos; print their answers."""
    from keykind.cli.picture_output import pictures_of, targets_of
    from keykind.predict import figure, writers
    from keykind.predict.evidence import Shown
    from keykind.predict.recogniser import Recogniser
    from keykind.predict.wording import wording_of

    targets = targets_of(options, options.photos)
    recogniser = Recogniser.load(options.model, whole=options.whole)
    recogniser.check_maps()
    figure.check_kind(options.kind, recogniser.kinds)
    evidence = Shown(options.kind, options.key and options.key - 1)
    tally = writers.Tally()
    with pictures_of(options, targets, options.photos, recogniser, evidence) as pictures:
        counted = tally.counted(pictures.recognise(photos_of(options.photos)))
        for line in writers.text_lines(counted, recogniser.kinds, wording_of(recogniser.model.card)):
            print(line, flush=True)
    return SOME_UNREADABLE if tally.unreadable else OK
