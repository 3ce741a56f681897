"""The photos that come with keykind -> a whole run, with no network and no photos of yours.

In:    a folder and a seed
Out:   the folder of a run, as `keykind train` leaves it
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
from keykind.model.shipped import NAME
from keykind.train.recipe import REPORT

DEMO = replace(REPORT, name="report, on keys cut out", crop=KEY)  # as our weights have seen keys
NOTICE = (
    "These photos are rendered: no key in them exists. "
    "The scores say how well rendered keys are told apart, not real ones."
)


def run_demo(out: Path, seed: int) -> dict[str, Any]:
    """Train on the keys of the sample, cut out, with the weights that ship, and return the run's metrics.

    A finished demo in the folder stays as it is.
    Raises BadRun if the folder holds anything else, BadDataset or BadWeights for a damaged installation.
    """
    dataset = read_dataset(bundled_photos())
    negatives, _ = read_negatives(bundled_negatives())
    experiment = Experiment(dataset, DEMO, NAME, seed, out, NOTICE, {RENDERED: negatives})
    return run(experiment, resume=True)
