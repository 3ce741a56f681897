"""The runs of realism.py -> Markdown tables.

In:    a folder of NAME.json
Out:   two tables a series (a learning curve, an ablation): scores, and recall of each kind
Needs: nothing beyond Python
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from table import environment, markdown, write_section

PAGE = Path(__file__).parents[1] / "docs" / "synthetic.md"
TITLE = """# Rendered photos

A model that learned from rendered photos alone is tested on real ones, which it never saw.
"""
HEADINGS = {
    "curve": "More and more renders",
    "scenes": "Product photos, phone photos, both",
    "ablation": "One thing left out",
}
PACKAGES = ("keras", "tensorflow-cpu", "numpy", "pillow")
SCORES = (
    "run",
    "trained",
    "renders",
    "all F1",
    "phone F1",
    "one view",
    "white paper F1",
    "keys right",
    "renders F1",
    "minutes",
)
NOTE = """\
F1 is weighted by photos, with the 95% interval of resampled physical keys. The answers are the mean of seven
views of a photo; *one view* is the phone photo as it is. *Keys right*: of the physical keys on white paper,
by the mean of their photos. *Renders F1*: of renders kept aside. Recall: of photos, then of physical keys by
the mean of their photos."""
Run = dict[str, Any]


def text(folder: Path) -> str:
    """Return the tables of all runs in a folder. Raises FileNotFoundError if there are none."""
    runs = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    if not runs:
        raise FileNotFoundError(f"no runs in {folder}")
    series = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run["series"], run["renders"], run["name"])):
        series[run["series"]].append(run)
    alike = {run["renders"] for run in series["scenes"]}
    series["scenes"] += [run for run in series["curve"] if run["renders"] in alike]
    tables = [f"### {HEADINGS[name]}\n\n{tabled(mine)}" for name, mine in series.items() if mine]
    return "\n\n".join([*tables, f"{NOTE}\n\n({environment(*PACKAGES)})"])


def tabled(runs: list[Run]) -> str:
    """Return both tables of a series."""
    kinds = runs[0]["kinds"]
    recalls = [[run["name"], *(recall(run, kind) for kind in kinds)] for run in runs]
    head = ("recall", *(f"{kind}" for kind in kinds))
    return f"{markdown(SCORES, [scores(run) for run in runs])}\n\n{markdown(head, recalls)}"


def scores(run: Run) -> list[str]:
    """Return a run's row of scores; a dash where the test has no such photos."""
    phone, white = run["real"].get("phone"), run["real"].get("white_paper")
    keys = len_keys(white) if white else 0
    return [
        run["name"],
        run["training"],
        f"{run['renders']:,}",
        f1(run["real"]["all"], "averaged"),
        f1(phone, "averaged"),
        f1(phone, "single"),
        f1(white, "averaged"),
        f"{white['averaged']['keys_right']} of {keys}" if white else "–",
        f"{run['render']['averaged']['photos']['weighted_f1']:.3f}",
        f"{run['seconds']['all'] / 60:.0f}",
    ]


def f1(part: Run | None, which: str) -> str:
    """Return the weighted F1 and its interval."""
    if part is None:
        return "–"
    photos = part[which]["photos"]
    low, high = photos["interval"]["weighted_f1"]
    return f"{photos['weighted_f1']:.3f} [{low:.2f}, {high:.2f}]"


def recall(run: Run, kind: str) -> str:
    """Return a kind's recall over photos and over keys, with how many there are."""
    photos, keys = (run["real"]["all"]["averaged"][by]["per_class"].get(kind) for by in ("photos", "keys"))
    if not photos or not photos["support"]:
        return "–"
    return f"{photos['recall']:.2f} of {photos['support']}, {keys['recall']:.2f} of {keys['support']}"


def len_keys(part: Run) -> int:
    """Return how many physical keys a part of the test shows."""
    return sum(kind["support"] for kind in part["averaged"]["keys"]["per_class"].values())


def write(tables: str) -> None:
    """Put the tables into docs/synthetic.md."""
    write_section("realism", tables, PAGE, TITLE)
