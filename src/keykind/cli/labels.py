"""`keykind labels`: exchange the keys marked in labels.csv with other programs.

In:    options
Out:   a dataset as COCO keypoints or YOLO pose; rows of labels.csv; counts
Needs: numpy, pillow, ai-edge-litert
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from keykind.cli.options import add_force
from keykind.cli.output import OK, SOME_UNREADABLE, print_errors

HELP = "exchange the keys marked in labels.csv with other programs: COCO keypoints, YOLO pose"
FORMATS = ("coco", "yolo")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the commands of this verb, each with its options."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (help_text, add, run_command) in COMMANDS.items():
        options = commands.add_parser(
            name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}."
        )
        add(options)
        options.set_defaults(command=run_command, refuse=options.error)


def run(options: argparse.Namespace) -> int:
    """Run one of the commands."""
    status: int = options.command(options)
    return status


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_photos(parser)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write to")
    parser.add_argument("--format", choices=FORMATS, required=True, help="COCO keypoints, or YOLO pose")
    parser.add_argument(
        "--link",
        action="store_true",
        help="make hard links to the photos in place of copies; do not edit them",
    )
    add_force(parser, "replace an earlier export")


def _add_import(parser: argparse.ArgumentParser) -> None:
    _add_photos(parser)
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="a JSON file of COCO keypoints, the folder of a YOLO pose dataset, or a folder with such a file",
    )
    parser.add_argument("--format", choices=FORMATS, help="how to read SOURCE (default: as it looks)")
    parser.add_argument("--reviewer", default="", metavar="NAME", help="who marked the keys, for labels.csv")
    add_force(parser, "replace marks and kinds in labels.csv that differ")


def _add_photos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="folder of photos, with labels.csv in it")


def _export(options: argparse.Namespace) -> int:
    from keykind.dataset.formats.export import export_labels

    done = export_labels(
        options.photos, options.out, file_format=options.format, link=options.link, force=options.force
    )
    print_errors(done.problems)
    parts = [f"{options.out}: {_photos_and_keys(done.photos, done.keys, done.without_keys)}"]
    parts += [f"{done.test:,} for testing"] if done.test else []
    parts += [f"{done.upright:,} written upright"] if done.upright else []
    print(", ".join(parts))
    return SOME_UNREADABLE if done.problems else OK


def _import(options: argparse.Namespace) -> int:
    from keykind.dataset.formats.imports import Stamp, import_labels
    from keykind.dataset.listing import first_few

    stamp = Stamp(options.reviewer, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    done = import_labels(
        options.photos, options.source, stamp, file_format=options.format, force=options.force
    )
    print_errors(done.problems)
    keys = sum(len(row.ends or ()) for row in done.rows)
    without = sum(not row.ends for row in done.rows)
    print(f"{options.photos}: {_photos_and_keys(len(done.rows), keys, without, ' marked')}")
    if done.unchanged:
        print(f"marked so before: {done.unchanged:,}")
    if done.kept:
        print(f"decided otherwise, and kept without --force: {len(done.kept):,} ({first_few(done.kept)})")
    if done.unmarked:
        print(f"without marks in {options.source}: {done.unmarked:,}")
    return SOME_UNREADABLE if done.problems else OK


def _photos_and_keys(photos: int, keys: int, without: int, done: str = "") -> str:
    """Return numbers as text: "5 photos (3 with 4 keys, 2 without a key)". done: follows "photos"."""
    from keykind.dataset.listing import counted

    text = f"{counted(photos, 'photo')}{done}"
    if not without:
        return f"{text} with {counted(keys, 'key')}" if photos else text
    parts = [f"{photos - without:,} with {counted(keys, 'key')}"] if photos > without else []
    return f"{text} ({', '.join([*parts, f'{without:,} without a key'])})"


COMMANDS = {  # name -> help, function that adds its options, function that runs it
    "export": ("write the photos whose keys are marked as a dataset of another format", _add_export, _export),
    "import": ("write the keys marked in a dataset of another format into labels.csv", _add_import, _import),
}
