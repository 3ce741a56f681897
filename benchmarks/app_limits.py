"""What the app measures of keys in good photos, beside the limits from which on it calls a measure a cause.

`python benchmarks/app_limits.py` finds the keys of the 105 rendered phone photos that come with keykind,
measures each in the app's own core (Node), and prints a table: percentiles, the limit, the share beyond it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from app_build import Core, models
from keykind.dataset.bundled import bundled_photos
from keykind.detect.crops import crop_keys
from keykind.detect.detector import load_detector
from keykind.model import shipped
from keykind.photo import decode

PERCENTS = (1, 5, 50, 95, 99)


def measured(core: Core) -> Iterator[dict[str, float]]:
    """Yield the measures of the surest key of each photo."""
    detector = load_detector(models() / shipped.DETECTOR)
    for path in sorted(bundled_photos().glob("test/*/*.jpg")):
        for piece in crop_keys(lambda least, path=path: decode.read(path, at_least=least), detector)[:1]:
            found = piece.found
            mask = {
                "data": found.mask.astype(np.uint8).ravel(),
                "width": found.mask.shape[1],
                "height": found.mask.shape[0],
            }
            told = {
                "box": found.box.tolist(),
                "head": found.head.tolist(),
                "tip": found.tip.tolist(),
                "occluded": found.occluded,
                "cutOff": found.cut_off,
                "mask": mask,
                "scale": found.scale,
            }
            cut = {"middle": piece.cut.middle, "along": piece.cut.along, "width": piece.cut.width}
            yield core.measure(piece.crop, cut, told)


def shares(core: Core, keys: list[dict[str, float]]) -> dict[str, float]:
    """Return, for each cause, the share of keys of which it is told."""
    causes = [core.causesOf(key) for key in keys]
    return {name: float(np.mean([name in told for told in causes])) for name in core.limits()}


def table(core: Core) -> str:
    """Return the table."""
    keys = list(measured(core))
    beyond = shares(core, keys)
    lines = [f"| {len(keys)} keys | " + " | ".join(f"{one}%" for one in PERCENTS) + " | limit | beyond |"]
    lines.append("|" + " --- |" * (len(PERCENTS) + 3))
    for name, limit in core.limits().items():
        values = np.percentile([key[name] for key in keys], PERCENTS)
        told = " | ".join(f"{value:.3g}" for value in values)
        lines.append(f"| {name} | {told} | {limit:g} | {beyond[name]:.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(Core()))
