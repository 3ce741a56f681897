"""The runs of sim_to_real.py -> Markdown tables.

In:    a folder of NAME.json
Out:   two tables per series (a learning curve, an ablation): scores, and recall of each kind
Needs: nothing beyond Python
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from table import environment, markdown, write_section

PAGE = Path(__file__).parents[1] / "docs" / "synthetic.md"
TITLE = """# Rendered photos

A model trained on rendered photos only is tested on real photos, none of which it was trained on.
"""
HEADINGS = {
    "curve": "Number of renders",
    "scenes": "Product photos, phone photos, both",
    "ablation": "One source of variation removed",
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
    "keys correct",
    "renders F1",
    "minutes",
)
NOTE = """\
F1 is weighted by photos, with the 95% interval over resampled physical keys. A prediction is the mean over
seven views of a photo; *one view*: phone photos without test-time augmentation. *Keys correct*: of the
physical keys on white paper, by the mean over their photos. *Renders F1*: of held-out renders. Recall: of
photos, then of physical keys by the mean over their photos."""
Run = dict[str, Any]


def text(folder: Path) -> str:
    """Return the tables of all runs in a folder. Raises FileNotFoundError if there are none."""
    runs = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    if not runs:
        raise FileNotFoundError(f"no runs in {folder}")
    series = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run["series"], run["renders"], run["name"])):
        series[run["series"]].append(run)
    counts = {run["renders"] for run in series["scenes"]}
    series["scenes"] += [run for run in series["curve"] if run["renders"] in counts]
    tables = [
        f"### {HEADINGS.get(name, name)}\n\n{series_tables(members)}"
        for name, members in series.items()
        if members
    ]
    return "\n\n".join([*tables, f"{NOTE}\n\n({environment(*PACKAGES)})"])


def series_tables(runs: list[Run]) -> str:
    """Return both tables of a series."""
    kinds = runs[0]["kinds"]
    recalls = [[run["name"], *(recall(run, kind) for kind in kinds)] for run in runs]
    header = ("recall", *kinds)
    return f"{markdown(SCORES, [scores(run) for run in runs])}\n\n{markdown(header, recalls)}"


def scores(run: Run) -> list[str]:
    """Return a run's row of scores; a dash if the test has no such photos."""
    phone, white = run["real"].get("phone"), run["real"].get("white_paper")
    keys = count_keys(white) if white else 0
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


def f1(subset: Run | None, which: str) -> str:
    """Return the weighted F1 and its interval."""
    if subset is None:
        return "–"
    photos = subset[which]["photos"]
    low, high = photos["interval"]["weighted_f1"]
    return f"{photos['weighted_f1']:.3f} [{low:.2f}, {high:.2f}]"


def recall(run: Run, kind: str) -> str:
    """Return a kind's recall over photos and over keys, with their numbers."""
    photos, keys = (run["real"]["all"]["averaged"][by]["per_class"].get(kind) for by in ("photos", "keys"))
    if not photos or not photos["support"]:
        return "–"
    return f"{photos['recall']:.2f} of {photos['support']}, {keys['recall']:.2f} of {keys['support']}"


def count_keys(subset: Run) -> int:
    """Return the number of physical keys in a subset of the test."""
    return sum(kind["support"] for kind in subset["averaged"]["keys"]["per_class"].values())


def write(tables: str) -> None:
    """Write the tables into docs/synthetic.md."""
    write_section("sim-to-real", tables, PAGE, TITLE)
