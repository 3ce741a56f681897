"""What can be said on the command line: the options of each verb.

In:    the function of each verb
Out:   the parser; docs/cli.md is made from it
Needs: nothing beyond Python
"""

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from keykind import __version__
from keykind.model.card import PRECISIONS
from keykind.photo.storage import parse_location

Verb = Callable[[argparse.Namespace], int]


def build_parser(verbs: Mapping[str, Verb]) -> argparse.ArgumentParser:
    """Return the parser of the whole command line, which leaves the verb's function in `verb`."""
    whole = argparse.ArgumentParser("keykind", description="Tells what kind of key a photo shows.")
    whole.add_argument("--version", action="version", version=f"keykind {__version__}")
    places = whole.add_subparsers(required=True, metavar="VERB")
    for name, (help_line, add) in VERBS.items():
        options = places.add_parser(
            name, help=help_line, description=f"{help_line[0].upper()}{help_line[1:]}."
        )
        add(options)
        options.set_defaults(verb=verbs[name])
    return whole


def _demo_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--out",
        type=Path,
        default=Path("demo-run"),
        help="folder of the run (default: %(default)s)",
    )
    options.add_argument("--seed", type=_seed, default=0, help="for everything random (default: %(default)s)")
    options.add_argument("--no-open", action="store_true", help="do not open the page in a browser")


def _inspect_options(options: argparse.ArgumentParser) -> None:
    _photo_options(options)
    options.add_argument("--json", action="store_true", help="print JSON instead of text")
    options.add_argument("--html", type=Path, metavar="FILE", help="also write a page with pictures")


def _render_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("out", type=Path, metavar="OUT", help="folder of the set")
    options.add_argument("--count", type=int, required=True, metavar="N", help="photos in the set")
    options.add_argument("--kinds", metavar="A,B,...", help="only these kinds (default: all seven)")
    options.add_argument(
        "--scene",
        metavar="NAME",
        help="product, phone, multi (several keys) or nothing (no key) (default: product and phone in turn)",
    )
    options.add_argument(
        "--size", type=int, default=320, metavar="PX", help="longer side of a photo (default: %(default)s)"
    )
    options.add_argument("--seed", type=_seed, default=0, help="for everything random (default: %(default)s)")
    options.add_argument("--workers", type=int, metavar="N", help="processes (default: one a processor core)")
    options.add_argument(
        "--variant",
        metavar="NAME",
        help="of Mitsuba: cuda_ad_rgb, llvm_ad_rgb or scalar_rgb (default: the fastest that works here)",
    )
    _engine_options(options)


def _train_options(options: argparse.ArgumentParser) -> None:
    _photo_options(options)
    options.add_argument(
        "--recipe",
        default="report",
        metavar="NAME|FILE",
        help="report, default, or a .toml file (default: %(default)s)",
    )
    options.add_argument(
        "--weights",
        metavar="NAME|FILE",
        help="keykind, imagenet, random, or a file (default: keykind for recipe default, else imagenet)",
    )
    options.add_argument(
        "--nothing",
        type=Path,
        metavar="PHOTOS",
        help="photos without a key, to test what is refused, besides rendered ones that come with keykind",
    )
    options.add_argument(
        "--renders",
        type=int,
        metavar="N",
        help="with recipe default: mix in N rendered photos of the same kinds",
    )
    options.add_argument("--fine-tune", type=int, metavar="N", help="also train the network's last N layers")
    options.add_argument(
        "--devices",
        type=_devices,
        metavar="N|all|cpu:N",
        help="share each batch of the network's training among the first N GPUs, all of them, or N virtual "
        "devices of the processor (default: one device)",
    )
    options.add_argument("--seed", type=_seed, default=0, help="for everything random (default: %(default)s)")
    options.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    options.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    _engine_options(options)


def _export_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "source",
        type=Path,
        nargs="?",
        metavar="RUN|FILE",
        help="folder of a run, or a model file (default: the model that comes with keykind)",
    )
    options.add_argument(
        "--precision", choices=PRECISIONS, help="of the weights; int8 computes so too (default: fp32)"
    )
    options.add_argument("--for", dest="client", choices=("mediapipe",), help="probabilities alone")
    options.add_argument(
        "--out", type=Path, metavar="FILE", help="a .tflite or .onnx file (default: named by what is in it)"
    )
    options.add_argument("--force", action="store_true", help="write it although it is worse than allowed")


def _predict_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO|FOLDER",
        help="photos, folders of photos (with all that is below), quoted patterns such as 'shop/**/*.jpg', "
        "addresses such as s3://bucket/keys, or - for one photo from standard input",
    )
    options.add_argument("--json", action="store_true", help="print a line of JSON a photo instead of text")
    _model_options(options)
    options.add_argument(
        "--out",
        type=parse_location,
        metavar="FILE|FOLDER",
        help="write the answers to a .csv, .jsonl or .parquet file, or without such an ending to a folder of "
        "files, where the same command again goes on; print only their number",
    )
    options.add_argument(
        "--format",
        choices=("jsonl", "csv", "parquet"),
        default="jsonl",
        help="of the files in a folder (default: %(default)s)",
    )
    options.add_argument(
        "--part",
        type=_place,
        default=1000,
        metavar="N",
        help="photos in each file of a folder (default: %(default)s)",
    )
    _engine_options(options)


def _explain_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("photo", metavar="PHOTO", help="a photo, or - for one from standard input")
    options.add_argument("--out", type=Path, required=True, metavar="PNG", help="the picture to write")
    _model_options(options)
    options.add_argument("--kind", metavar="NAME", help="for this kind, or all (default: the likeliest)")
    options.add_argument(
        "--key", type=_place, default=1, metavar="N", help="of several keys, the N-th surest (default: 1)"
    )


def _cutout_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("photo", metavar="PHOTO", help="a photo, or - for one from standard input")
    options.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PNG",
        help="the picture to write; of several keys NAME-1.png, NAME-2.png and so on, the surest first",
    )


def _serve_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen at; 0.0.0.0 is every one of this machine (default: %(default)s)",
    )
    options.add_argument("--port", type=_port, default=8000, help="0 takes a free one (default: %(default)s)")
    options.add_argument(
        "--workers", type=_place, metavar="N", help="processes (default: one a processor core)"
    )
    _model_options(options)
    options.add_argument(
        "--queue",
        type=_place,
        default=16,
        metavar="N",
        help="requests that a worker accepts before it answers others with 503 (default: %(default)s)",
    )
    options.add_argument(
        "--most-mb", type=_place, default=40, metavar="N", help="of one request (default: %(default)s)"
    )
    options.add_argument(
        "--most-megapixels", type=_place, default=52, metavar="N", help="of one photo (default: %(default)s)"
    )
    options.add_argument(
        "--seconds",
        type=_place,
        default=30,
        metavar="N",
        help="in which a request must arrive, and then be answered (default: %(default)s)",
    )
    options.add_argument(
        "--api-keys", type=Path, metavar="FILE", help="answer only who sends one of its keys, one a line"
    )
    options.add_argument(
        "--cors",
        nargs="+",
        default=[],
        metavar="ORIGIN",
        help="sites whose pages may ask from browsers, such as https://shop.example",
    )


def _app_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("out", type=Path, metavar="OUT", help="the folder to write, new or empty")


def _engine_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="what does the work: this process, or a Ray cluster (RAY_ADDRESS, else one of this machine's "
        "cores); the answers are the same (default: %(default)s)",
    )


def _model_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--model", type=Path, metavar="FILE", help="a model file (default: the one that comes with keykind)"
    )
    options.add_argument("--whole", action="store_true", help="look at the whole photo as one key")


def _doctor_options(options: argparse.ArgumentParser) -> None:
    """Take no options."""


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _place(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _devices(text: str) -> str:
    if not re.fullmatch(r"all|(cpu:)?[1-9][0-9]{0,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more, all, or cpu: and a number")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)


def _photo_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "photos", type=Path, metavar="PHOTOS", help="a folder with one folder of photos a kind, or a CSV file"
    )
    options.add_argument("--test", type=Path, metavar="PHOTOS", help="test photos, where they are kept apart")
    options.add_argument("--kinds", metavar="A,B,...", help="only these kinds")
    options.add_argument(
        "--group-pattern",
        metavar="REGEX",
        help="the part of a photo's name that says which physical key it shows",
    )
    options.add_argument(
        "--keep-leaks", action="store_true", help="keep training photos that the test photos repeat"
    )


VERBS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "demo": ("train on the photos that come with keykind, open the page; offline", _demo_options),
    "inspect": ("check a set of photos: unreadable, double, leaking, blurred ones", _inspect_options),
    "render": ("render photos of invented keys, with labels; the same again goes on", _render_options),
    "train": ("train on photos, test, and write the report page", _train_options),
    "export": ("write a run's model as one file, and compare its answers with Keras", _export_options),
    "predict": ("say what kind of key photos show", _predict_options),
    "explain": ("draw which places of a photo speak for the answer", _explain_options),
    "cutout": ("write each key of a photo on transparent ground, laid straight", _cutout_options),
    "serve": ("answer over HTTP, for programs and for browsers", _serve_options),
    "app": ("write the app as a folder that any static host can send", _app_options),
    "doctor": ("say what is installed, what is missing, and how to mend it", _doctor_options),
}
