"""What labels.csv decides about a dataset -> its part of the inspection report.

In:    Decisions of a Dataset
Out:   lines of text, JSON values, a section of the HTML page; nothing if nothing is decided
Needs: nothing beyond Python
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from keykind.core.html import Html, join, table, tag
from keykind.dataset.decisions import reasons_text
from keykind.dataset.listing import Decisions, counted

MAX_ROWS = 200  # of one table on the page


def as_json(decisions: Decisions) -> dict[str, Any]:
    """Return the decisions as JSON values."""
    return {
        "photos": decisions.photos,
        "labelled": decisions.labelled,
        "marked": decisions.marked,
        "relabelled": [{"photo": name, "from": old, "to": new} for name, old, new in decisions.relabelled],
        "excluded": [{"photo": name, "why": reason} for name, reason in decisions.excluded],
    }


def lines(decisions: Decisions) -> list[str]:
    """Return one line, e.g. "decisions about 40 photos: 5 relabelled, 3 excluded (blurred 3)"."""
    if not decisions.photos:
        return []
    parts = [
        f"{len(decisions.relabelled):,} relabelled",
        f"{decisions.labelled:,} newly labelled",
        f"{decisions.marked:,} with marked keys",
        f"{len(decisions.excluded):,} excluded",
    ]
    reasons = f" ({reasons_text(decisions.excluded)})" if decisions.excluded else ""
    return [f"decisions about {counted(decisions.photos, 'photo')}: {', '.join(parts)}{reasons}"]


def html(decisions: Decisions) -> Html | None:
    """Return a section with the counts, the relabelled photos and the excluded ones."""
    if not decisions.photos:
        return None
    (sentence,) = lines(decisions)
    reasons = Counter(reason for _, reason in decisions.excluded)
    return join(
        [
            tag("h2", f"Decisions: {decisions.photos:,}"),
            tag("p", f"{sentence[:1].upper()}{sentence[1:]}."),
            _table("Relabelled", ["photo", "its folder says", "kind"], decisions.relabelled),
            _table("Excluded", ["reason", "photos"], [(why, f"{n:,}") for why, n in reasons.most_common()]),
            _table("Excluded photos", ["photo", "reason"], decisions.excluded),
        ]
    )


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Html | None:
    if not rows:
        return None
    shown = f"first {MAX_ROWS:,} of {len(rows):,}" if len(rows) > MAX_ROWS else f"{len(rows):,}"
    return join([tag("h3", f"{title}: {shown}"), table(head, [list(row) for row in rows[:MAX_ROWS]])])
