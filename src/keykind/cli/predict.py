"""`keykind predict`: find and recognise the keys in photos.

In:    options
Out:   predictions as text or JSON lines, or in files; annotated photos and videos
Needs: numpy, pillow, ai-edge-litert; pyarrow for .parquet, fsspec for s3:// and the like  [scale]
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from keykind.cli.options import (
    add_engine,
    add_model_options,
    add_picture_options,
    engine,
    natural,
    positive,
    positive_number,
)
from keykind.cli.output import OK, SOME_UNREADABLE, photos_of
from keykind.core.errors import KeykindError
from keykind.photo.storage import check_new_location, parse_location
from keykind.video import is_video

if TYPE_CHECKING:
    from keykind.predict.pictures import Pictures
    from keykind.predict.recogniser import Recogniser
    from keykind.predict.shards import Recognise
    from keykind.predict.writers import Tally

HELP = "predict the kind of every key in photos"
DEFAULT_FORMAT = "jsonl"
DEFAULT_PART = 1000  # photos
VIDEO_REMEDY = "name them to search them"  # for videos in folders


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "photos",
        nargs="*",
        metavar="PHOTO|FOLDER|VIDEO",
        help="photos, folders of photos (searched recursively), quoted patterns such as 'shop/**/*.jpg', "
        "URLs such as s3://bucket/keys, - for one photo on standard input, or videos such as clip.mp4",
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
    add_picture_options(parser, "annotated photos and videos")
    parser.add_argument(
        "--sort",
        type=Path,
        metavar="FOLDER",
        help="copy the photos into one folder per answer: a folder per kind, `not sure` and so on",
    )
    parser.add_argument(
        "--every",
        type=positive,
        metavar="N",
        help="of videos, predict every Nth frame (default: about 6 a second)",
    )
    parser.add_argument(
        "--camera",
        type=natural,
        metavar="N",
        help="predict what a camera shows, until Ctrl-C; 0 is the first",
    )
    parser.add_argument(
        "--seconds", type=positive_number, metavar="S", help="with --camera: stop after this time"
    )
    add_engine(parser)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Print or write the predictions for photos."""
    from keykind.core.files import check_not_input
    from keykind.core.process import prepare_process

    prepare_process()  # before NumPy is imported
    from keykind.predict.recogniser import Recogniser
    from keykind.predict.writers import check_replaceable

    _check_inputs(options)
    _check_folder_options(options)
    if isinstance(options.out, Path):
        check_not_input(options.out, map(parse_location, options.photos))
    if options.out and options.out.suffix:
        check_replaceable(options.out)
        check_new_location(options.out, force=options.force)
    if options.camera is not None:
        from keykind.cli.camera_output import follow_camera

        follow_camera(options, Recogniser.load(options.model, whole=options.whole))
        return OK
    if options.save or options.html or options.sort or options.show:
        from keykind.cli.picture_output import pictures_of, targets_of

        targets = targets_of(options, options.photos)
        recogniser = Recogniser.load(options.model, whole=options.whole)
        with pictures_of(options, targets, options.photos, recogniser) as pictures:
            recognise = _with_videos(
                options, recogniser, partial(pictures.recognise, engine=engine(options)), pictures
            )
            tally = _answer(options, recogniser, recognise)
    else:
        recogniser = Recogniser.load(options.model, whole=options.whole)
        recognise = _with_videos(
            options, recogniser, partial(recogniser.recognise_many, engine=engine(options))
        )
        tally = _answer(options, recogniser, recognise)
    return SOME_UNREADABLE if tally.unreadable else OK


def _check_inputs(options: argparse.Namespace) -> None:
    """Exit with a usage error unless there is either a camera or something to read; check their options."""
    if options.camera is None and not options.photos:
        options.usage_error("the following arguments are required: PHOTO|FOLDER|VIDEO, or --camera N")
    if options.camera is None and options.seconds is not None:
        options.usage_error("--seconds is for --camera")
    if options.every is not None and not any(map(is_video, options.photos)):
        options.usage_error("--every is for videos, and none is given")
    useless = [f"--{name}" for name in ("out", "html", "sort", "show") if getattr(options, name)]
    if options.camera is not None and (options.photos or useless):
        what = "photos" if options.photos else useless[0]
        options.usage_error(f"--camera cannot be combined with {what}")


def _with_videos(
    options: argparse.Namespace,
    recogniser: "Recogniser",
    recognise: "Recognise",
    pictures: "Pictures | None" = None,
) -> "Recognise":
    """Return the function that recognises photos, or, if videos are given, one for both."""
    if not any(map(is_video, options.photos)):
        return recognise
    from keykind.core.extras import require
    from keykind.video.inputs import with_videos

    require("video")
    return with_videos(recognise, recogniser, options.every, pictures)


def _answer(options: argparse.Namespace, recogniser: "Recogniser", recognise: "Recognise") -> "Tally":
    """Write or print the predictions for photos, and return their counts."""
    write = _write if options.out else _print
    return write(options, recogniser, recognise)


def interrupted(options: argparse.Namespace) -> str:
    """Return what to do after Ctrl-C."""
    if not options.out:
        return ""
    return f"{options.out} was not written" if options.out.suffix else "repeat the command to continue"


def _check_folder_options(options: argparse.Namespace) -> None:
    """Raise KeykindError if options of a folder of predictions are given without one."""
    given = [f"--{name}" for name in ("format", "part") if getattr(options, name) is not None]
    if given and (not options.out or options.out.suffix):
        target = f"with the file {options.out}" if options.out else "without --out"
        fault = f"was given {' and '.join(given)} {target}; it is for a folder of files"
        remedy = "leave it out, or give --out FOLDER, a name without an extension"
        raise KeykindError("keykind predict", fault=fault, remedy=remedy)


def _write(options: argparse.Namespace, recogniser: "Recogniser", recognise: "Recognise") -> "Tally":
    """Write the predictions to a file or folder, print the counts and return them."""
    from keykind.core.progress import progress
    from keykind.photo.inputs import count_photos
    from keykind.predict.shards import ShardedOutput
    from keykind.predict.wording import wording_of

    total = count_photos(options.photos) if options.out.suffix else 0  # some in a folder may be done
    output = ShardedOutput(options.out, f".{options.format or DEFAULT_FORMAT}", options.part or DEFAULT_PART)
    photos = photos_of(options.photos, VIDEO_REMEDY)
    tally = output.write(photos, recogniser, lambda some: progress(recognise(some), total, "photos"))
    print(json.dumps(tally.as_json()) if options.json else tally.text(wording_of(recogniser.model.card)))
    if tally.unreadable and not options.json:
        print(f"why photos are unreadable is in the column error of {options.out}")
    return tally


def _print(options: argparse.Namespace, recogniser: "Recogniser", recognise: "Recognise") -> "Tally":
    """Print the predictions, each as soon as it is ready, and return their counts."""
    from keykind.predict import writers
    from keykind.predict.wording import wording_of

    tally, wording = writers.Tally(), wording_of(recogniser.model.card)
    counted = tally.counted(recognise(photos_of(options.photos, VIDEO_REMEDY)))
    text = writers.text_lines(counted, recogniser.kinds, wording)
    for line in writers.json_lines(counted) if options.json else text:
        print(line, flush=True)
    return tally
