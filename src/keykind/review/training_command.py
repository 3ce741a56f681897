"""A run -> the command that trains again as it was trained, on its split.

In:    the photos; the folder of a run, or none
Out:   the arguments of `keykind train`, the folder of the next run, a recipe as TOML
Needs: numpy
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keykind.core.errors import BadRun
from keykind.core.files import READ_ERRORS, write_text
from keykind.experiment.train import NAMED_WEIGHTS, default_out

NUMBERED = re.compile(r"-(\d+)$")  # of the runs after the first: RUN-2, RUN-3
PATHS = ("test", "negatives")  # options that are files or folders
VALUES = ("kinds", "group_pattern", "devices", "engine")  # other options that have a value


def next_out(photos: Path, run: Path | None) -> Path:
    """Return the folder of the next run, which does not exist yet: RUN-2, RUN-3, ..."""
    first = default_out(photos) if run is None else run.with_name(NUMBERED.sub("", run.name))
    for folder in runs_after(first):
        if not folder.exists():
            return folder
    raise AssertionError  # runs_after has no end


def runs_after(first: Path) -> Iterator[Path]:
    """Yield a folder, and then those of the runs after it."""
    yield first
    number = 2
    while True:
        yield first.with_name(f"{first.name}-{number}")
        number += 1


def command(photos: Path, out: Path, run: Path | None, scratch: Path) -> list[str]:
    """Return the arguments of `keykind`. scratch: a folder for the recipe. Raises BadRun, CannotWrite.

    Recipe, weights, seed and all other options are those of the run.
    """
    arguments = ["train", str(photos.absolute()), "--out", str(out.absolute())]
    if run is None:
        return arguments
    try:
        record = json.loads((run / "recipe.json").read_text("utf-8"))
        options, recipe = dict(record.get("options", {})), dict(record["recipe"])
    except (*READ_ERRORS, TypeError) as error:
        fault, remedy = f"has a recipe.json that cannot be read ({error})", "train anew with keykind train"
        raise BadRun(run, fault=fault, remedy=remedy) from error
    name = re.sub(r"[^\w.-]+", "-", str(options.get("recipe", "recipe")))
    file = scratch / f"{name}.toml"
    write_text(file, toml(recipe))
    arguments += ["--split-of", str(run.absolute()), "--recipe", str(file)]
    return [*arguments, "--seed", str(record.get("seed", 0)), *_options(options)]


def _options(options: Mapping[str, Any]) -> Iterator[str]:
    base = Path(options.get("cwd", "."))
    for name in PATHS:
        if options.get(name):
            yield from (f"--{name}", str((base / options[name]).absolute()))
    for name in VALUES:
        if value := options.get(name):
            text = ",".join(value) if isinstance(value, list) else str(value)
            yield f"--{name.replace('_', '-')}={text}"  # a pattern may begin with -
    if options.get("keep_leaks"):
        yield "--keep-leaks"
    if weights := options.get("weights"):
        yield from ("--weights", weights if weights in NAMED_WEIGHTS else str((base / weights).absolute()))


def toml(values: Mapping[str, Any]) -> str:
    """Return the values of a recipe as TOML: a line for each, and a table for each group.

    Numbers, texts and lists of them are written alike in JSON and TOML.
    """
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    groups = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for name, group in groups.items():
        lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in group.items())]
    return "\n".join(lines) + "\n"
