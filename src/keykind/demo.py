"""A few drawn keys -> a whole run, with no network and no photos.

In:    a folder and a seed
Out:   FOLDER/photos, drawn; FOLDER/run, as `keykind train` leaves it
Needs: what train needs                                                                    [train]
"""

from pathlib import Path
from typing import Any

import numpy as np

from keykind.dataset import read_dataset
from keykind.drawings import draw_photos
from keykind.experiment import Experiment
from keykind.recipe import REPORT
from keykind.run import run

COUNTS = {"train": 12, "test": 6}  # drawings of each kind
NOTICE = "This run shows drawn keys, not photos, only to show that everything works."


def run_demo(folder: Path, seed: int) -> dict[str, Any]:
    """Draw keys, train on them by the `report` recipe with random weights, and return the run's metrics.

    A finished demo in the folder is left as it is.
    """
    draw_photos(folder / "photos", COUNTS, np.random.default_rng(seed))
    dataset = read_dataset(folder / "photos")
    return run(Experiment(dataset, REPORT, "random", seed, folder / "run", NOTICE), resume=True)
