"""The photos that come with keykind: rendered keys, as many of each kind as the student report had.

In:    nothing
Out:   the folder sample/{train,test}/<kind>/, whole; how many photos are in it; the folder sample-nothing/
Needs: nothing beyond Python

Product photos to train, phone photos to test, and photos without a key, to test what a model refuses;
`python benchmarks/render_sample.py` makes them.
"""

from importlib.resources import files
from pathlib import Path

from keykind.core.errors import BadDataset

FOLDER = Path(str(files("keykind"))) / "sample"
NEGATIVES_FOLDER = Path(str(files("keykind"))) / "sample-nothing"
COUNTS = {  # split -> kind -> photos
    "train": {"cylinder": 32, "dimple": 33, "laser_track": 30, "mortice": 34},
    "test": {"cylinder": 54, "dimple": 18, "laser_track": 12, "mortice": 21},
}
NOTHING = 60  # photos without a key
RENDERED = "rendered, come with keykind"  # what a report calls these


def bundled_photos(folder: Path = FOLDER) -> Path:
    """Return the sample's folder. Raises BadDataset where photos are missing, or others lie among them."""
    kinds = [(split, kind, count) for split, side in COUNTS.items() for kind, count in side.items()]
    wanted = sum(count for _, _, count in kinds)
    found = sum(len(list(folder.glob(f"{split}/{kind}/*.jpg"))) for split, kind, _ in kinds)
    return _whole(folder, found, wanted)


def bundled_negatives(folder: Path = NEGATIVES_FOLDER) -> Path:
    """Return the folder of the photos without a key. Raises BadDataset where some are missing."""
    return _whole(folder, len(list(folder.glob("*.jpg"))), NOTHING)


def _whole(folder: Path, found: int, wanted: int) -> Path:
    if found != wanted:
        fault = f"holds {found:,} of the {wanted:,} photos that come with keykind"
        raise BadDataset(folder, fault=fault, remedy="install keykind again")
    return folder
