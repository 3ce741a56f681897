"""Every run behind docs/synthetic.md, one after another.

Run:   python benchmarks/realism_all.py RENDERS VARIETIES --photos labels.csv --weights WEIGHTS --out FOLDER
Out:   FOLDER/NAME.json for each run; `benchmarks/realism.py --table FOLDER --write` shows them
Needs: keykind[train]; RENDERS from `keykind render` (8,800 photos of the four kinds), VARIETIES from
       benchmarks/render_varieties.py; hours on two cores

A finished run is not repeated; a killed one goes on where it was.
"""

import argparse
import subprocess
import sys
from pathlib import Path

REALISM = Path(__file__).with_name("realism.py")
CURVE = (500, 1000, 2000, 8800)  # renders, one in 20 of them kept aside
SCENE_LIMIT = 2000  # renders of the runs that compare scenes; the curve has the run of both
BEST = "curve-8800"  # the run whose network is kept


def runs(renders: Path, varieties: Path) -> list[tuple[str, list[str]]]:
    """Return the name of each run and its own arguments; the dearest come last."""
    curve = [
        (f"curve-{count}", [str(renders), "--series", "curve", "--limit", str(count)]) for count in CURVE
    ]
    frozen = [
        (f"frozen-{count}", [str(renders), "--series", "curve", "--frozen", "--limit", str(count)])
        for count in (CURVE[1], CURVE[-1])
    ]
    scenes = [
        (
            f"scene-{scene}",
            [str(renders), "--series", "scenes", "--limit", str(SCENE_LIMIT), "--scene", scene],
        )
        for scene in ("product", "phone")
    ]
    lacking = [
        (folder.name, [str(folder), "--series", "ablation"])
        for folder in sorted(varieties.iterdir())
        if folder.is_dir()
    ]
    return [*curve[:3], *scenes, *lacking, *frozen, *curve[3:]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("renders", type=Path)
    parser.add_argument("varieties", type=Path)
    for option in ("--photos", "--weights", "--out"):
        parser.add_argument(option, type=Path, required=True)
    options = parser.parse_args()
    shared = ["--photos", options.photos, "--weights", options.weights, "--out", options.out]
    for name, own in runs(options.renders, options.varieties):
        kept = ["--save", str(options.out / f"{name}.weights.h5")] if name == BEST else []
        command = [sys.executable, str(REALISM), *own, *map(str, shared), "--name", name, *kept]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
