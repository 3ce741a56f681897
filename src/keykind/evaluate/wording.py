"""Scores -> the words and tables of a report.

In:    Scores; metrics.json
Out:   Subject, what the photos show; HTML and text
Needs: scikit-learn, scipy                                                                 [train]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keykind.core.html import Content, Html, table
from keykind.evaluate.intervals import Interval
from keykind.evaluate.metrics import Scores
from keykind.model.card import KEY, SUBJECT

PUBLISHED = {"cylinder": 0.698, "dimple": 0.622, "laser track": 0.581, "mortice": 0.875}  # F1, 2024 report
PUBLISHED_F1 = 0.7068  # weighted, on its own 105 photos
SMALLEST_PERCENT = 0.005  # shares below it would be rounded to 0%
LONGEST_NAME = 40  # characters of a kind's or photo's name where there is little room

KEYS_DETECTED = "keys detected"  # a row of the report's last table, of photos of keys only


@dataclass(frozen=True, slots=True)
class Subject:
    """The words for what the photos show: keys, or whatever the classes of the user are."""

    title: str  # of the page
    item: str  # one thing that may be in several photos
    items: str
    physical_items: str
    negatives: str  # photos of none of the kinds

    def counted(self, count: int) -> str:
        """Return a number of things as text: "1 physical key", "1,000 objects"."""
        name = self.physical_items
        return f"{count:,} {name.removesuffix('s') if count == 1 else name}"


KEYS = Subject("Key classification", "key", "keys", "physical keys", "photos without a key")
OBJECTS = Subject("Image classification", "object", "objects", "objects", "photos of none of the kinds")


def subject_of(metrics: Mapping[str, Any]) -> Subject:
    """Return the words for a run with these metrics; runs before 0.10.0 were of keys."""
    return KEYS if metrics.get(SUBJECT, KEY) == KEY else OBJECTS


def score_table(scores: Scores, subject: Subject = KEYS) -> Html:
    """Return precision, recall and F1 with intervals, and the numbers of photos and keys."""
    rows: list[tuple[Content, ...]] = [
        (
            kind.kind,
            f"{kind.precision:.2f}",
            f"{kind.recall:.2f} [{format_interval(kind.recall_interval)}]",
            f"{kind.f1:.2f} [{format_interval(kind.f1_interval)}]",
            kind.support,
            kind.keys,
        )
        for kind in scores.per_kind
    ]
    total = sum(kind.support for kind in scores.per_kind)
    for name, value in (("weighted", scores.weighted_f1), ("macro", scores.macro_f1)):
        interval = format_interval(scores.intervals[f"{name}_f1"])
        rows.append((name, "", "", f"{value:.2f} [{interval}]", total, ""))
    return table(("kind", "precision", "recall", "F1", "photos", subject.items), rows)


def format_interval(interval: Interval) -> str:
    """Return an interval as text, without brackets."""
    return f"{interval[0]:.2f}, {interval[1]:.2f}"


def percent(share: float) -> str:
    """Return a share of 0..1 as a whole percentage; a small one as "<1%", never as 0%."""
    return "<1%" if 0 < share < SMALLEST_PERCENT else f"{share:.0%}"


def photos(count: int, adjective: str = "") -> str:
    """Return a number of photos as text: "1 photo", "12 wrong photos"."""
    return f"{count:,} {adjective}{' ' if adjective else ''}photo{'' if count == 1 else 's'}"


def shorten(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name with its middle left out if it is longer than `longest` characters."""
    if len(name) <= longest:
        return name
    tail = longest // 3
    return f"{name[: longest - tail - 1]}…{name[-tail:]}"


def correct_count(scores: Scores) -> int:
    """Return the number of correct predictions."""
    return int(scores.confusion.trace())


def f1_caption(scores: Scores) -> str:
    """Return the F1 scores, next to those of the 2024 report if the kinds are the same."""
    caption = f"Weighted F1 {scores.weighted_f1:.3f}, macro F1 {scores.macro_f1:.3f} on plain photos."
    if {kind.replace("_", " ") for kind in scores.kinds} != PUBLISHED.keys():
        return caption
    published = ", ".join(f"{kind} {value}" for kind, value in PUBLISHED.items())
    return f"{caption} The 2024 report, on other photos: {PUBLISHED_F1} ({published})."
