"""The command line: one short function a verb. It parses, calls, prints and chooses the exit status.

In:    arguments
Out:   results on stdout, words on stderr; 0 good, 1 some photos could not be read, 2 nothing could be done
Needs: what the verb needs, imported only then
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from keykind import __version__, doctor
from keykind.errors import KeykindError

GOOD, SOME_UNREADABLE, NOTHING_DONE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a file's name may hold signs that the terminal cannot show
    options = parser().parse_args(arguments)
    verb: Callable[[argparse.Namespace], int] = options.verb
    try:
        status = verb(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads us, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    except KeykindError as error:
        _say(f"keykind: {error}")
        return NOTHING_DONE
    except KeyboardInterrupt:
        _say("keykind: stopped; finished work is kept")
        return NOTHING_DONE
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; docs/cli.md is made from it."""
    whole = argparse.ArgumentParser("keykind", description="Tells what kind of key a photo shows.")
    whole.add_argument("--version", action="version", version=f"keykind {__version__}")
    verbs = whole.add_subparsers(required=True, metavar="VERB")
    _demo_options(verbs)
    _inspect_options(verbs)
    _render_options(verbs)
    _train_options(verbs)
    _doctor_options(verbs)
    return whole


def _demo_options(verbs: Any) -> None:
    options = _verb(verbs, "demo", "train on the photos that come with keykind, open the page; offline")
    options.add_argument(
        "--out",
        type=Path,
        default=Path("demo-run"),
        help="folder of the run (default: %(default)s)",
    )
    options.add_argument("--seed", type=_seed, default=0, help="for everything random (default: %(default)s)")
    options.add_argument("--no-open", action="store_true", help="do not open the page in a browser")
    options.set_defaults(verb=demo)


def _inspect_options(verbs: Any) -> None:
    options = _verb(verbs, "inspect", "check a set of photos: unreadable, double, leaking, blurred ones")
    _photo_options(options)
    options.add_argument("--json", action="store_true", help="print JSON instead of text")
    options.add_argument("--html", type=Path, metavar="FILE", help="also write a page with pictures")
    options.set_defaults(verb=inspect)


def _render_options(verbs: Any) -> None:
    options = _verb(verbs, "render", "render photos of invented keys, with labels; the same again goes on")
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
    options.set_defaults(verb=render)


def _train_options(verbs: Any) -> None:
    options = _verb(verbs, "train", "train on photos, test, and write the report page")
    _photo_options(options)
    options.add_argument(
        "--recipe",
        default="report",
        metavar="NAME|FILE",
        help="report, or a .toml file (default: %(default)s)",
    )
    options.add_argument(
        "--weights",
        default="imagenet",
        metavar="NAME|FILE",
        help="keykind, imagenet, random, or a weights file (default: %(default)s)",
    )
    options.add_argument("--fine-tune", type=int, metavar="N", help="also train the network's last N layers")
    options.add_argument("--seed", type=_seed, default=0, help="for everything random (default: %(default)s)")
    options.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    options.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    options.set_defaults(verb=train)


def _doctor_options(verbs: Any) -> None:
    options = _verb(verbs, "doctor", "say what is installed, what is missing, and how to mend it")
    options.set_defaults(verb=examine)


def _verb(verbs: Any, name: str, help_line: str) -> argparse.ArgumentParser:
    options: argparse.ArgumentParser = verbs.add_parser(
        name, help=help_line, description=f"{help_line[0].upper()}{help_line[1:]}."
    )
    return options


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
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


def demo(options: argparse.Namespace) -> int:
    """Train on the photos that come with keykind."""
    doctor.require("train")
    from keykind.demo import run_demo

    status = _tell(run_demo(options.out, options.seed), options.out)
    if not options.no_open and sys.stdout.isatty():
        _open(options.out / "report.html")
    return status


def inspect(options: argparse.Namespace) -> int:
    """Check a set of photos."""
    from keykind import inspection
    from keykind.files import write_text

    dataset = _dataset(options)
    if options.html:
        write_text(options.html, inspection.html(dataset))
    print(json.dumps(inspection.facts(dataset), indent=2) if options.json else inspection.text(dataset))
    return SOME_UNREADABLE if dataset.faults else GOOD


def render(options: argparse.Namespace) -> int:
    """Render a set of photos."""
    doctor.require("render")
    from keykind.render.sets.order import checked_order
    from keykind.render.sets.rendering import open_studio, render_set
    from keykind.render.sets.set_folder import SetFolder

    order = checked_order(options.count, _kinds(options), options.scene, options.size, options.seed)
    folder = SetFolder(options.out)
    studio = open_studio(folder, order, options.variant, options.workers)
    _say(studio.variant.words)
    summary = render_set(folder, order, studio)
    for fault in summary.faults:
        _say(f"keykind: {fault.name}: {fault.reason}")
    print(summary)
    return SOME_UNREADABLE if summary.faults else GOOD


def train(options: argparse.Namespace) -> int:
    """Train on photos and report."""
    doctor.require("train")
    import numpy as np

    from keykind.dataset import hold_out
    from keykind.recipe import load_recipe, with_fine_tuning
    from keykind.run_folder import RunFolder

    recipe = with_fine_tuning(load_recipe(options.recipe), options.fine_tune)
    RunFolder(options.out).check(resume=options.resume)
    dataset = _dataset(options)
    if not dataset.of("test"):
        dataset = hold_out(dataset, recipe.hold_out, np.random.default_rng(options.seed))
    for fault in dataset.faults:
        _say(f"keykind: {fault.name}: {fault.reason}")
    for warning in dataset.warnings:
        _say(f"keykind: {warning}")
    from keykind.experiment import Experiment
    from keykind.run import run

    metrics = run(
        Experiment(dataset, recipe, options.weights, options.seed, options.out), resume=options.resume
    )
    _tell(metrics, options.out)
    return SOME_UNREADABLE if dataset.faults else GOOD


def examine(_: argparse.Namespace) -> int:
    """Say what is installed."""
    findings = list(doctor.examine())
    for finding in findings:
        sign = "good" if finding.good else "MISSING" if finding.needed else "absent"
        mend = "" if finding.good else f"  -> {finding.remedy}"
        print(f"{sign:8} {finding.subject:14} {finding.state}{mend}")
    return GOOD if all(finding.good or not finding.needed for finding in findings) else NOTHING_DONE


def _dataset(options: argparse.Namespace) -> Any:
    from keykind.dataset import read_dataset

    return read_dataset(
        options.photos,
        options.test,
        kinds=_kinds(options),
        group_pattern=options.group_pattern,
        keep_leaks=options.keep_leaks,
    )


def _kinds(options: argparse.Namespace) -> list[str] | None:
    return [kind.strip() for kind in options.kinds.split(",")] if options.kinds else None


def _tell(metrics: dict[str, Any], out: Path) -> int:
    """Print the run's answer and where its page is."""
    for view, scores in metrics["test"].items():
        low, high = scores["interval"]["weighted_f1"]
        weighted, macro = scores["weighted_f1"], scores["macro_f1"]
        print(f"{view:6} weighted F1 {weighted:.3f} [{low:.3f}, {high:.3f}]  macro F1 {macro:.3f}")
    print(out / "report.html")
    return GOOD


def _open(page: Path) -> None:
    """Show a page in a browser with windows, if there is one; a text browser would take the terminal."""
    import webbrowser

    if sys.platform in ("darwin", "win32") or os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"}:
        webbrowser.open(page.absolute().as_uri())


def _say(words: str) -> None:
    if sys.stderr:
        print(words, file=sys.stderr)
