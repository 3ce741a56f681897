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
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from keykind.cli import doctor
from keykind.cli.arguments import Verb, build_parser
from keykind.core.errors import KeykindError
from keykind.core.extras import require

GOOD, SOME_UNREADABLE, NOTHING_DONE = 0, 1, 2
RENDERS = 4  # that a cluster's actor is sent at once: each takes a second, and a lost chunk is repeated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a file's name may hold signs that the terminal cannot show
    options = parser().parse_args(arguments)
    verb: Verb = options.verb
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
        _say("keykind: stopped")
        return NOTHING_DONE
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    return build_parser(VERBS)


def demo(options: argparse.Namespace) -> int:
    """Train on the photos that come with keykind."""
    require("train")
    from keykind.experiment.demo import run_demo

    status = _tell(run_demo(options.out, options.seed), options.out)
    if not options.no_open and sys.stdout.isatty():
        _open(options.out / "report.html")
    _say("Photos of yours, in a browser or from a program: keykind serve")
    return status


def inspect(options: argparse.Namespace) -> int:
    """Check a set of photos."""
    from keykind.core.files import write_text
    from keykind.dataset import report

    dataset = _dataset(options)
    if options.html:
        write_text(options.html, report.html(dataset))
    print(json.dumps(report.facts(dataset), indent=2) if options.json else report.text(dataset))
    return SOME_UNREADABLE if dataset.faults else GOOD


def render(options: argparse.Namespace) -> int:
    """Render a set of photos."""
    require("render")
    from keykind.render.sets.job import checked_order
    from keykind.render.sets.rendering import open_studio, render_set
    from keykind.render.sets.set_folder import SetFolder

    order = checked_order(options.count, _kinds(options), options.scene, options.size, options.seed)
    folder = SetFolder(options.out)
    studio = open_studio(folder, order, options.variant, options.workers)
    _say(studio.variant.words)
    engine = None if options.engine == "local" else _engine(options, RENDERS)
    summary = render_set(folder, order, studio, engine)
    for fault in summary.faults:
        _say(f"keykind: {fault.name}: {fault.reason}")
    print(summary)
    return SOME_UNREADABLE if summary.faults else GOOD


def train(options: argparse.Namespace) -> int:
    """Train on photos and report."""
    require("train")
    import numpy as np

    from keykind.dataset.dataset import hold_out, negative_sets
    from keykind.experiment.run_folder import RunFolder
    from keykind.train.recipe import load_recipe, weights_for, with_fine_tuning, with_renders

    recipe = with_fine_tuning(load_recipe(options.recipe), options.fine_tune)
    recipe = with_renders(recipe, options.renders)
    RunFolder(options.out).check(resume=options.resume)
    dataset = _dataset(options)
    if not dataset.of("test"):
        dataset = hold_out(dataset, recipe.hold_out, np.random.default_rng(options.seed))
    negatives, broken = negative_sets(options.nothing)
    faults = dataset.faults + broken
    for fault in faults:
        _say(f"keykind: {fault.name}: {fault.reason}")
    for warning in dataset.warnings:
        _say(f"keykind: {warning}")
    renders = _renders(recipe.renders, dataset.kinds, options.seed)  # before Keras, see mixing.py
    from keykind.experiment.experiment import Experiment
    from keykind.experiment.run import run
    from keykind.train.devices import find_devices

    devices = find_devices(options.devices)
    weights = weights_for(recipe, options.weights)
    experiment = Experiment(
        dataset,
        recipe,
        weights,
        options.seed,
        options.out,
        negatives=negatives,
        renders=renders,
        engine=_engine(options),
        devices=devices,
    )
    metrics = run(experiment, resume=options.resume)
    _tell(metrics, options.out)
    return SOME_UNREADABLE if faults else GOOD


def export(options: argparse.Namespace) -> int:
    """Write a model file."""
    from keykind.export.export import ExportOptions, export_model

    exported = export_model(
        options.source,
        ExportOptions(options.precision, options.client is not None, options.out, options.force),
    )
    for line in exported.lines():
        print(line)
    return GOOD


def predict(options: argparse.Namespace) -> int:
    """Say what kind of key photos show."""
    from keykind.core.progress import progress
    from keykind.photo.inputs import how_many, photos_from
    from keykind.predict import writers
    from keykind.predict.recogniser import Recogniser
    from keykind.predict.shards import PartFolder

    recogniser = Recogniser.load(options.model, whole=options.whole)
    photos = photos_from(options.photos)
    recognise = partial(recogniser.recognise_many, engine=_engine(options))
    if options.out:
        where = PartFolder(options.out, f".{options.format}", options.part)
        total = how_many(options.photos) if options.out.suffix else 0  # of a folder some may be done
        tally = where.write(photos, recogniser, lambda some: progress(recognise(some), total, "photos"))
        print(json.dumps(tally.as_json()) if options.json else tally)
        return SOME_UNREADABLE if tally.unreadable else GOOD
    tally = writers.Tally()
    found = tally.counted(recognise(photos))
    lines = writers.json_lines(found) if options.json else writers.text_lines(found, recogniser.kinds)
    for line in lines:
        print(line, flush=True)
    return SOME_UNREADABLE if tally.unreadable else GOOD


def explain(options: argparse.Namespace) -> int:
    """Draw why a photo got its answer."""
    from keykind.photo.inputs import photo_from
    from keykind.predict import figure
    from keykind.predict.recogniser import Recogniser

    figure.check_ending(options.out)
    recogniser = Recogniser.load(options.model, whole=options.whole)
    explanation = recogniser.explain(photo_from(options.photo), options.key - 1)
    figure.save(figure.draw(explanation, options.kind), options.out)
    print(options.out)
    return GOOD


def cutout(options: argparse.Namespace) -> int:
    """Write each key of a photo on transparent ground."""
    from keykind.detect.cutouts import write_cut_outs
    from keykind.detect.detector import load_detector
    from keykind.photo.inputs import photo_from

    for path in write_cut_outs(photo_from(options.photo), load_detector(), options.out):
        print(path)
    return GOOD


def serve(options: argparse.Namespace) -> int:
    """Answer over HTTP."""
    require("serve")
    from keykind.core.parallel import workers
    from keykind.serve.server import run_service
    from keykind.serve.settings import settings_of

    run_service(settings_of(options), options.host, options.port, options.workers or workers())
    return GOOD


def app(options: argparse.Namespace) -> int:
    """Write the app for a static host."""
    from keykind.app import write_app

    print(write_app(options.out))
    return GOOD


def examine(_: argparse.Namespace) -> int:
    """Say what is installed."""
    findings = list(doctor.examine())
    for finding in findings:
        sign = "good" if finding.good else "MISSING" if finding.needed else "absent"
        mend = "" if finding.good else f"  -> {finding.remedy}"
        print(f"{sign:8} {finding.subject:14} {finding.state}{mend}")
    return GOOD if all(finding.good or not finding.needed for finding in findings) else NOTHING_DONE


def _dataset(options: argparse.Namespace) -> Any:
    from keykind.dataset.dataset import read_dataset

    return read_dataset(
        options.photos,
        options.test,
        kinds=_kinds(options),
        group_pattern=options.group_pattern,
        keep_leaks=options.keep_leaks,
    )


def _renders(count: int, kinds: Sequence[str], seed: int) -> tuple[Any, ...]:
    """Return so many rendered photos of the kinds."""
    if not count:
        return ()
    require("render")
    from keykind.train.synthetic import rendered_photos

    return rendered_photos(kinds, count, seed)


def _engine(options: argparse.Namespace, chunk: int | None = None) -> Any:
    """Return what does the work on many photos; with Ray, so many are sent at once."""
    if options.engine == "local":
        from keykind.core.parallel import ordered

        return ordered
    require("scale")
    from keykind import scale

    return scale.engine(chunk or scale.CHUNK)


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


VERBS: dict[str, Verb] = {
    "demo": demo,
    "inspect": inspect,
    "render": render,
    "train": train,
    "export": export,
    "predict": predict,
    "explain": explain,
    "cutout": cutout,
    "serve": serve,
    "app": app,
    "doctor": examine,
}
