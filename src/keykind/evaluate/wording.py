"""Scores -> the table and captions of a report.

In:    Scores
Out:   HTML and text
Needs: scikit-learn, scipy                                                                 [train]
"""

from keykind.core.html import Content, Html, table
from keykind.evaluate.intervals import Interval
from keykind.evaluate.metrics import Scores

PUBLISHED = {"cylinder": 0.698, "dimple": 0.622, "laser track": 0.581, "mortice": 0.875}  # F1, 2024 report
PUBLISHED_F1 = 0.7068  # weighted, on its own 105 photos


def score_table(scores: Scores) -> Html:
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
    return table(("kind", "precision", "recall", "F1", "photos", "keys"), rows)


def format_interval(interval: Interval) -> str:
    """Return an interval as text, without brackets."""
    return f"{interval[0]:.2f}, {interval[1]:.2f}"


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
