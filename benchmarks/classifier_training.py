"""How the bundled classifier was trained: the data, the recipe, the curve and the score on held-out renders.

    python benchmarks/classifier_training.py RUN [--write]

In:    RUN, the run that `keykind dev ship` bundled
Out:   the section on stdout; with --write also in docs/models.md
Needs: nothing beyond Python
"""

import argparse
import json
from pathlib import Path

from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
PACKAGES = ("keykind", "keras", "tensorflow-cpu", "ai-edge-litert")


def text(run: Path) -> str:
    """Return the section of the page."""
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    photos = ", ".join(
        f"{kind.replace('_', ' ')} {sum(counts.values()):,}" for kind, counts in metrics["counts"].items()
    )
    summary = (
        f"Rendered photos: {photos}; a key was detected in {metrics['keys_found']:,}. Recipe "
        f"`default`, starting from {Path(metrics['weights']).name}, on three quarters of the photos; "
        f"on the others the weighted F1 is {metrics['test']['plain']['weighted_f1']:.3f}, the temperature "
        f"{metrics['temperature']:.2f}. Full fine-tuning:"
    )
    names = [name for name in metrics["all_layers"][0] if name != "seconds"]
    epochs = [
        (str(i), *(f"{round(epoch[name], 3):g}" for name in names), f"{epoch['seconds'] / 60:.1f}")
        for i, epoch in enumerate(metrics["all_layers"], 1)
    ]
    table = markdown(("epoch", *(name.replace("_", " ") for name in names), "minutes"), epochs)
    command = "keykind train RENDERS --recipe default --weights imagenet --out RUN"
    heading = "How the classifier was trained"
    return section(heading, f"{summary}\n\n{table}", command=command, packages=PACKAGES)


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
