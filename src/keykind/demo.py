"""A few drawn keys -> a whole run, with no network and no photos.

In:    a folder and a seed
Out:   FOLDER/photos, drawn; FOLDER/run, as `keykind train` leaves it
Needs: what train needs                                                                    [train]
"""

from pathlib import Path
from typing import Any

import numpy as np

from keykind.dataset import read_dataset
from keykind.drawings import MARK, draw_photos
from keykind.errors import BadDataset
from keykind.experiment import Experiment
from keykind.recipe import REPORT
from keykind.run import run

COUNTS = {"train": 12, "test": 6}  # drawings of each kind
NOTICE = "This run shows drawn keys, not photos, only to show that everything works."


def run_demo(folder: Path, seed: int) -> dict[str, Any]:
    """Draw keys, train on them by the `report` recipe with random weights, and return the run's metrics.

    A finished demo in the folder is left as it is. Raises BadDataset if FOLDER/photos holds other photos.
    """
    photos = folder / "photos"
    others = [path for path in photos.rglob("*") if path.is_file() and not path.name.startswith(MARK)]
    if others:
        raise BadDataset(
            photos, fault=f"holds {len(others)} files of yours", remedy="name another folder for the demo"
        )
    if not (folder / "run").exists():
        draw_photos(photos, COUNTS, np.random.default_rng(seed))
    dataset = read_dataset(photos)
    return run(Experiment(dataset, REPORT, "random", seed, folder / "run", NOTICE), resume=True)
