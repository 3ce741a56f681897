"""The demo: a complete run on the bundled photos, offline.

In:    a folder and a seed
Out:   the run folder, as `keykind train` writes it
Needs: what train needs                                                                    [train]
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from keykind.dataset.bundled import RENDERED, bundled_negatives, bundled_photos
from keykind.dataset.dataset import read_dataset, read_negatives
from keykind.experiment.experiment import Experiment
from keykind.experiment.run import run
from keykind.model.card import KEY
from keykind.model.shipped import WEIGHTS
from keykind.train.recipe import REPORT

DEMO = replace(REPORT, name="report, on detected keys", crop=KEY)  # the bundled weights were trained on such
NOTICE = (
    "These photos are rendered: no key in them exists. "
    "The scores say how well the model classifies rendered keys, not real ones."
)


def run_demo(out: str | Path, seed: int) -> dict[str, Any]:
    """Train on the bundled photos with the bundled weights, and return the run's metrics.

    A finished demo in the folder is left unchanged.
    Raises BadRun if the folder holds anything else, BadDataset or BadWeights for a damaged installation.
    """
    dataset = read_dataset(bundled_photos())
    negatives, _ = read_negatives(bundled_negatives())
    experiment = Experiment(dataset, DEMO, WEIGHTS, seed, Path(out), NOTICE, {RENDERED: negatives})
    return run(experiment, resume=True)
