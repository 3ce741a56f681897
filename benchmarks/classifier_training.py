"""How the bundled classifier was trained: the data, the curves and the score on held-out renders.

    python benchmarks/classifier_training.py RUN [--write]

In:    RUN, the run of `keykind dev train-classifier` that `keykind dev ship` bundled
Out:   the section on stdout; with --write also in docs/models.md
Needs: keykind[train]
"""

import argparse
import json
from pathlib import Path
from typing import Any

from keykind.train.classifier.training import PARTS
from table import curve_rows, markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
PACKAGES = ("keykind", "keras", "tensorflow-cpu", "ai-edge-litert")


def text(run: Path) -> str:
    """Return the section of the page."""
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    recipe = metrics["recipe"]["classifier"]
    keys = ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in metrics["counts"]["train"].items())
    held_out = sum(metrics["counts"]["held out"].values())
    summary = (
        f"Rendered keys: {keys}. Training started from the weights `{Path(metrics['weights']).name}`; seed "
        f"{metrics['seed']}, AdamW. On {held_out} keys of photos held out the weighted F1 is "
        f"{metrics['test']['plain']['weighted_f1']:.3f}, the temperature {metrics['temperature']:.2f}. Means "
        "over 100 steps, on views as hard as those trained on: the loss, its parts for views of keys and of "
        "other things, and the share of keys whose kind is right."
    )
    rows = [
        *curve_rows(
            "head, on frozen features", _curve(run / "training" / "top.json"), recipe["batch"], PARTS
        ),
        *curve_rows("all layers", _curve(run / "training" / "whole.json"), recipe["batch"], PARTS),
    ]
    table = markdown(("trained", "views", "loss", *PARTS), rows)
    return section(
        "How the classifier was trained",
        f"{summary}\n\n{table}",
        command="python benchmarks/classifier_training.py RUN --write",
        packages=PACKAGES,
    )


def _curve(path: Path) -> list[dict[str, Any]]:
    curves: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["curves"]
    return curves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    parser.add_argument("--write", action="store_true", help="also write docs/models.md")
    options = parser.parse_args()
    page = text(options.run)
    print(page)
    if options.write:
        write_section("training", page, PAGE)


if __name__ == "__main__":
    main()
