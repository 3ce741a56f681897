"""`keykind predict`: find and recognise the keys in photos.

In:    options
Out:   predictions as text or JSON lines, or in files
Needs: numpy, pillow, ai-edge-litert; pyarrow for .parquet, fsspec for s3:// and the like  [scale]
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from keykind.cli.options import add_engine, add_model_options, engine, positive
from keykind.cli.output import OK, SOME_UNREADABLE
from keykind.core.errors import KeykindError
from keykind.photo.storage import parse_location

if TYPE_CHECKING:
    from keykind.predict.recogniser import Recogniser
    from keykind.predict.writers import Tally

HELP = "predict the kind of every key in photos"
DEFAULT_FORMAT = "jsonl"
DEFAULT_PART = 1000  # photos


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO|FOLDER",
        help="photos, folders of photos (searched recursively), quoted patterns such as 'shop/**/*.jpg', "
        "URLs such as s3://bucket/keys, or - for one photo on standard input",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON per photo instead of text"
    )
    add_model_options(parser)
    parser.add_argument(
        "--out",
        type=parse_location,
        metavar="FILE|FOLDER",
        help="write the predictions to a .csv, .jsonl or .parquet file, or, without an extension, to a "
        "folder of files, which the same command resumes; print only the counts",
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "csv", "parquet"),
        help=f"format of the files in a folder (default: {DEFAULT_FORMAT})",
    )
    parser.add_argument(
        "--part",
        type=positive,
        metavar="N",
        help=f"photos per file in a folder (default: {DEFAULT_PART})",
    )
    add_engine(parser)


def run(options: argparse.Namespace) -> int:
    """Print or write the predictions for photos."""
    from keykind.core.files import check_not_input
    from keykind.core.process import prepare_process

    prepare_process()  # before NumPy is imported
    from keykind.predict.recogniser import Recogniser

    _check_folder_options(options)
    if isinstance(options.out, Path):
        check_not_input(options.out, map(parse_location, options.photos))
    recogniser = Recogniser.load(options.model, whole=options.whole)
    tally = _write(options, recogniser) if options.out else _print(options, recogniser)
    return SOME_UNREADABLE if tally.unreadable else OK


def _check_folder_options(options: argparse.Namespace) -> None:
    """Raise KeykindError if options of a folder of predictions are given without one."""
    given = [f"--{name}" for name in ("format", "part") if getattr(options, name) is not None]
    if given and (not options.out or options.out.suffix):
        target = f"with the file {options.out}" if options.out else "without --out"
        fault = f"was given {' and '.join(given)} {target}; it is for a folder of files"
        remedy = "leave it out, or give --out FOLDER, a name without an extension"
        raise KeykindError("keykind predict", fault=fault, remedy=remedy)


def _write(options: argparse.Namespace, recogniser: "Recogniser") -> "Tally":
    """Write the predictions to a file or folder, print the counts and return them."""
    from keykind.core.progress import progress
    from keykind.photo.inputs import count_photos, iter_photos
    from keykind.predict.shards import ShardedOutput
    from keykind.predict.wording import wording_of

    recognise = partial(recogniser.recognise_many, engine=engine(options))
    total = count_photos(options.photos) if options.out.suffix else 0  # some in a folder may be done
    output = ShardedOutput(options.out, f".{options.format or DEFAULT_FORMAT}", options.part or DEFAULT_PART)
    tally = output.write(
        iter_photos(options.photos), recogniser, lambda photos: progress(recognise(photos), total, "photos")
    )
    print(json.dumps(tally.as_json()) if options.json else tally.text(wording_of(recogniser.model.card)))
    if tally.unreadable and not options.json:
        print(f"why photos are unreadable is in the column error of {options.out}")
    return tally


def _print(options: argparse.Namespace, recogniser: "Recogniser") -> "Tally":
    """Print the predictions, each as soon as it is ready, and return their counts."""
    from keykind.photo.inputs import iter_photos
    from keykind.predict import writers
    from keykind.predict.wording import wording_of

    tally, wording = writers.Tally(), wording_of(recogniser.model.card)
    predictions = recogniser.recognise_many(iter_photos(options.photos), engine=engine(options))
    counted = tally.counted(predictions)
    text = writers.text_lines(counted, recogniser.kinds, wording)
    for line in writers.json_lines(counted) if options.json else text:
        print(line, flush=True)
    return tally
