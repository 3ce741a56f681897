"""The app's photo-quality measures of keys in good photos, compared with the limits of its warnings.

`python benchmarks/app_limits.py` detects the keys in the 105 bundled phone photos, measures each in the app's
core (Node), and prints a table: percentiles, the limit, the share beyond it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from app_build import Core, models
from keykind.dataset.bundled import bundled_photos
from keykind.detect.crops import crop_all
from keykind.detect.detector import SCORE_THRESHOLD, load_from_folder
from keykind.photo.decode import read_photo

PERCENTILES = (1, 5, 50, 95, 99)


def measure_keys(core: Core) -> Iterator[dict[str, float]]:
    """Yield the measures of the key with the highest score in each photo."""
    detector = load_from_folder(models())
    for path in sorted(bundled_photos().glob("test/*/*.jpg")):
        crops = crop_all(
            lambda min_side, path=path: read_photo(path, min_side=min_side), detector, SCORE_THRESHOLD
        )
        for key in [key for key in crops if not key.detection.remote][:1]:
            detection = key.detection
            found = {
                "head": detection.head.tolist(),
                "tip": detection.tip.tolist(),
                "width": detection.width,
                "occlusion": detection.occlusion,
                "truncation": detection.truncation,
            }
            region = {"centre": key.region.centre, "axis": key.region.axis, "width": key.region.width}
            yield core.measure(key.crop, region, found)


def shares_beyond(core: Core, keys: list[dict[str, float]]) -> dict[str, float]:
    """Return, for each measure, the share of keys beyond its limit."""
    causes = [core.causesOf(key) for key in keys]
    return {name: float(np.mean([name in each for each in causes])) for name in core.limits()}


def table(core: Core) -> str:
    """Return the table."""
    keys = list(measure_keys(core))
    beyond = shares_beyond(core, keys)
    lines = [f"| {len(keys)} keys | " + " | ".join(f"{p}%" for p in PERCENTILES) + " | limit | beyond |"]
    lines.append("|" + " --- |" * (len(PERCENTILES) + 3))
    for name, limit in core.limits().items():
        values = np.percentile([key[name] for key in keys], PERCENTILES)
        cells = " | ".join(f"{value:.3g}" for value in values)
        lines.append(f"| {name} | {cells} | {limit:g} | {beyond[name]:.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(Core()))
