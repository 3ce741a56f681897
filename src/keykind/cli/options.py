"""Options that several verbs share, and checks of option values.

In:    the parser of a verb; parsed options
Out:   the options added to it; what they select
Needs: nothing beyond Python
"""

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_dataset_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the photos of a dataset, and how they are read."""
    parser.add_argument(
        "photos",
        type=Path,
        nargs=None if required else "?",
        metavar="PHOTOS",
        help="a folder with one subfolder per kind, or a CSV file",
    )
    parser.add_argument(
        "--test",
        type=Path,
        metavar="PHOTOS",
        help="a folder or CSV file of test photos, if they are separate",
    )
    add_kinds(parser, "read only these kinds")
    parser.add_argument(
        "--group-pattern",
        metavar="REGEX",
        help="regular expression over photo paths; its group `key`, or else its first, is the key's name",
    )
    parser.add_argument(
        "--keep-leaks",
        action="store_true",
        help="keep training photos that duplicate a test photo or show the same key",
    )


def read_dataset(options: argparse.Namespace) -> Any:
    """Return the dataset selected by the options of `add_dataset_options`."""
    from keykind.dataset.dataset import read_dataset as read

    return read(
        options.photos,
        options.test,
        kinds=options.kinds,
        group_pattern=options.group_pattern,
        keep_leaks=options.keep_leaks,
    )


def add_kinds(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Add a comma-separated list of kinds."""
    parser.add_argument("--kinds", type=name_list, metavar="A,B,...", help=help_text)


def add_seed(parser: argparse.ArgumentParser, *, default: int | None = 0) -> None:
    """Add the seed."""
    parser.add_argument(
        "--seed", type=natural, default=default, help="seed of all random choices (default: 0)"
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the model and of its input."""
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="a model file (default: the bundled model)"
    )
    parser.add_argument(
        "--whole", action="store_true", help="skip key detection: treat the whole photo as one key"
    )


def add_force(parser: argparse.ArgumentParser, help_text: str = "replace files that exist") -> None:
    """Add the permission to replace what the verb writes; see keykind.core.files.check_new."""
    parser.add_argument("--force", action="store_true", help=help_text)


def add_engine(parser: argparse.ArgumentParser, *, default: str | None = "local") -> None:
    """Add the choice of where photos are processed."""
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default=default,
        help="where photos are processed: on this machine, or on a Ray cluster (at RAY_ADDRESS, or else "
        "started on this machine); the results are the same (default: local)",
    )


def engine(options: argparse.Namespace, chunk: int | None = None) -> Any:
    """Return the engine that `--engine` selects; Ray sends `chunk` items at a time."""
    if options.engine == "local":
        from keykind.core.parallel import parallel_map

        return parallel_map
    from keykind.core.extras import require

    require("scale")
    from keykind import scale

    return scale.engine(chunk or scale.CHUNK_SIZE)


def add_picture_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add what pictures are made of the photos. what: the pictures, in words."""
    parser.add_argument(
        "--save", type=Path, metavar="FOLDER", help=f"write {what} to a folder, with the photos' names"
    )
    parser.add_argument(
        "--html",
        type=file_ending(".html", ".htm"),
        metavar="FILE",
        help=f"write one page with {what}, to filter and enlarge",
    )
    parser.add_argument("--show", action="store_true", help=f"open {what}, where there is a display")
    add_force(
        parser,
        "replace files that exist, also those that keykind did not write; add to folders that are not empty",
    )


def add_sets(parser: argparse.ArgumentParser) -> None:
    """Add rendered sets."""
    parser.add_argument(
        "sets", type=Path, nargs="+", metavar="SET", help="datasets written by `keykind render`"
    )
    parser.add_argument(
        "--max-photos",
        type=positive,
        default=10_000,
        metavar="N",
        help="maximum number of photos per set, evenly spaced (default: %(default)s)",
    )


def add_stages(parser: argparse.ArgumentParser) -> None:
    """Add the files of a detector's two stages."""
    parser.add_argument(
        "--detector", type=Path, metavar="FILE", help="detector.tflite (default: the bundled one, refined)"
    )
    parser.add_argument(
        "--refiner", type=Path, metavar="FILE", help="refiner.tflite for --detector (default: none)"
    )


def name_list(text: str) -> list[str] | None:
    """Return the names in a comma-separated list; None for an empty one."""
    return [name.strip() for name in text.split(",")] if text else None


def natural(text: str) -> int:
    """Return an integer of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least 0")
    return int(text)


def positive(text: str) -> int:
    """Return an integer of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least 1")
    return int(text)


def positive_number(text: str) -> float:
    """Return a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def share(text: str) -> float:
    """Return a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def port(text: str) -> int:
    """Return a TCP port."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number from 0 to 65535")
    return int(text)


def file_ending(*suffixes: str) -> Callable[[str], Path]:
    """Return the type of an option: the path of a file whose name ends in one of the suffixes."""

    def path(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
        return Path(text)

    return path


def devices(text: str) -> str:
    """Return a selection of devices: a number of GPUs, `all`, or `cpu:` and a number."""
    if not re.fullmatch(r"all|(cpu:)?[1-9][0-9]{0,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of GPUs, all, or cpu:N")
    return text
