"""All runs behind docs/synthetic.md, one after another.

    python benchmarks/sim_to_real_all.py RENDERS ABLATIONS --photos labels.csv --weights WEIGHTS --out FOLDER

In:    RENDERS from `keykind render` (8,800 photos of the four kinds); ABLATIONS from render_ablations.py;
       real photos and weights as for sim_to_real.py
Out:   FOLDER/NAME.json for each run; `benchmarks/sim_to_real.py --table FOLDER --write` makes the tables
Needs: keykind[train]; hours on two cores

A finished run is not repeated; a killed one is resumed.
"""

import argparse
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("sim_to_real.py")
CURVE = (500, 1000, 2000, 8800)  # renders, one in 20 of them held out
SCENE_LIMIT = 2000  # renders of the runs that compare scenes; the curve has the run with both scenes
SAVED = "curve-8800"  # the run whose network is saved


def runs(renders: Path, ablations: Path) -> list[tuple[str, list[str]]]:
    """Return the name of each run and its own arguments; the longest runs come last."""
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
    ablation = [
        (folder.name, [str(folder), "--series", "ablation"])
        for folder in sorted(ablations.iterdir())
        if folder.is_dir()
    ]
    return [*curve[:3], *scenes, *ablation, *frozen, *curve[3:]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("renders", type=Path)
    parser.add_argument("ablations", type=Path)
    for option in ("--photos", "--weights", "--out"):
        parser.add_argument(option, type=Path, required=True)
    options = parser.parse_args()
    shared = ["--photos", options.photos, "--weights", options.weights, "--out", options.out]
    for name, arguments in runs(options.renders, options.ablations):
        save = ["--save", str(options.out / f"{name}.weights.h5")] if name == SAVED else []
        command = [sys.executable, str(SCRIPT), *arguments, *map(str, shared), "--name", name, *save]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
