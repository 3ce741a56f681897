"""The photos bundled with keykind: rendered keys, as many of each kind as in the student report.

In:    nothing
Out:   the folders sample/{train,test}/<kind>/ and sample-nothing/, checked for completeness
Needs: nothing beyond Python

Product photos for training, phone photos for testing, and photos without a key to test rejection;
made by `keykind dev render-sample`.
"""

from importlib.resources import files
from pathlib import Path

from keykind.core.errors import BadDataset

PHOTOS_FOLDER = Path(str(files("keykind"))) / "sample"
NEGATIVES_FOLDER = Path(str(files("keykind"))) / "sample-nothing"
COUNTS = {  # split -> kind -> photos
    "train": {"cylinder": 32, "dimple": 33, "laser_track": 30, "mortice": 34},
    "test": {"cylinder": 54, "dimple": 18, "laser_track": 12, "mortice": 21},
}
NEGATIVES = 60  # photos without a key
RENDERED = "rendered, come with keykind"  # name of these negatives in metrics.json and reports


def bundled_photos(folder: str | Path = PHOTOS_FOLDER) -> Path:
    """Return the folder of the bundled photos. Raises BadDataset if photos are missing or were added."""
    folder = Path(folder)
    expected = sum(sum(kinds.values()) for kinds in COUNTS.values())
    found = sum(
        len(list(folder.glob(f"{split}/{kind}/*.jpg"))) for split, kinds in COUNTS.items() for kind in kinds
    )
    return _checked(folder, found, expected)


def bundled_negatives(folder: str | Path = NEGATIVES_FOLDER) -> Path:
    """Return the folder of the bundled photos without a key. Raises BadDataset if photos are missing."""
    folder = Path(folder)
    return _checked(folder, len(list(folder.glob("*.jpg"))), NEGATIVES)


def _checked(folder: Path, found: int, expected: int) -> Path:
    if found != expected:
        fault = f"contains {found:,} of the {expected:,} photos bundled with keykind"
        raise BadDataset(folder, fault=fault, remedy="install keykind again")
    return folder
