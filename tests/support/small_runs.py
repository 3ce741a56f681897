"""What tests of runs share."""

import csv
import json
from pathlib import Path
from typing import Any

from fake_detector import FakeDetector, detection


class Everywhere(FakeDetector):
    """A detector that finds a key in the middle of every photo."""

    digest = "everywhere"

    def detect(self, photo, score_threshold=0.0):
        x, y, side = photo.width / 2, photo.height / 2, photo.width / 4
        return (detection((x - side, y), (x + side, y), side),)


class Halves(FakeDetector):
    """A detector that finds a key in the middle of every other photo."""

    digest = "halves"

    def detect(self, photo, score_threshold=0.0):
        x, y, side = photo.width / 2, photo.height / 2, photo.width / 4
        key = detection((x - side, y), (x + side, y), side)
        return (key,) if photo.pixels.sum() % 2 else ()


class Nowhere(FakeDetector):
    """A detector that finds nothing."""

    digest = "nowhere"

    def detect(self, photo, score_threshold=0.0):
        return ()


def without_times(metrics: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in json.loads(json.dumps(metrics)).items() if key != "seconds"}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
