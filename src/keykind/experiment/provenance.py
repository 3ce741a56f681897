"""Where a run comes from: the command, the data, the date, for its report.

In:    Experiment, its recipe.json, the command line of this process
Out:   Provenance
Needs: numpy, pillow, ai-edge-litert
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from keykind.core.command import command_line
from keykind.core.files import READ_ERRORS
from keykind.evaluate.report.data import Provenance
from keykind.experiment.experiment import Experiment
from keykind.experiment.run_folder import COMMAND

FILES = (
    "metrics.json",
    "predictions.csv",
    "out_of_fold.csv",
    "photos.csv",
    "history.csv",
    "recipe.json",
    "keys.tflite",
    "model.keras",
)


def trace(experiment: Experiment) -> Provenance:
    """Return where the run comes from. A resumed one comes from the command that started it."""
    record = _recorded(experiment.out)
    options = {**experiment.options, **record.get("options", {})}
    folder = Path(options.get("cwd", Path.cwd()))
    photos, test = options.get("photos"), options.get("test")
    return Provenance(
        written=datetime.now().astimezone(),
        command=record.get(COMMAND) or command_line() or _call(experiment, options),
        folder=folder,
        photos=str(folder / photos) if photos else _common_folder(experiment),
        test=str(folder / test) if test else None,
        files=FILES,
    )


def _recorded(folder: Path) -> dict[str, Any]:
    """Return what recipe.json holds."""
    try:
        return dict(json.loads((folder / "recipe.json").read_text("utf-8")))
    except READ_ERRORS:
        return {}


def _call(experiment: Experiment, options: Mapping[str, Any]) -> str:
    """Return the run as a call from Python."""
    given = {key: value for key, value in options.items() if key not in ("cwd", "photos")}
    given |= {"out": str(experiment.out), "seed": experiment.seed}
    arguments = ", ".join(f"{key}={value!r}" for key, value in given.items())
    return f"keykind.train({options.get('photos', 'dataset')!r}, {arguments})"


def _common_folder(experiment: Experiment) -> str:
    """Return the folder that contains all photos."""
    paths = [sample.path.absolute() for sample in experiment.dataset.samples]
    try:
        return os.path.commonpath([path.parent for path in paths])
    except ValueError:  # on several drives
        return ", ".join(sorted({path.anchor for path in paths}))
