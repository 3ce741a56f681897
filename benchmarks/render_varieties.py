"""Sets of rendered photos that each lack one thing, to measure what that thing brings.

Run:   python benchmarks/render_varieties.py OUT [--count 1200] [--size 256] [--seed 11]
       then benchmarks/realism.py OUT/without-tilt ... --series ablation, for each
Out:   OUT/everything, OUT/without-clutter, OUT/without-tilt, ... as `keykind render` leaves a set; goes on
       where it was stopped

What product or phone scenes bring needs no set of its own: `keykind render --scene product`.
"""

import argparse
from dataclasses import dataclass, fields, replace
from pathlib import Path

from keykind.render.scenes.stage import EVERYTHING, Variety
from keykind.render.sets.job import Task, checked_order
from keykind.render.sets.rendering import Studio, open_studio, render_set, tracer
from keykind.render.sets.set_folder import SetFolder
from keykind.render.studio.render_photo import Shot, shoot

KINDS = ("cylinder", "dimple", "laser_track", "mortice")  # those of the real photos


@dataclass(frozen=True, slots=True)
class PoorStudio(Studio):
    """A studio in which something never varies."""

    variety: Variety

    def take(self, task: Task) -> Shot:
        """Return one photo with its label."""
        seed = (task.seed, task.number)
        return shoot(tracer(self.variant), task.scene, task.kinds, task.size, seed, self.variety)


def varieties() -> dict[str, Variety]:
    """Return everything, and everything but one."""
    names = [field.name for field in fields(Variety)]
    return {"everything": EVERYTHING} | {
        f"without-{name}": replace(EVERYTHING, **{name: False}) for name in names
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=1200, help="photos a set (default: %(default)s)")
    parser.add_argument("--size", type=int, default=256, help="px (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=11, help="(default: %(default)s)")
    options = parser.parse_args()
    order = checked_order(options.count, KINDS, None, options.size, options.seed)
    for name, variety in varieties().items():
        folder = SetFolder(options.out / name)
        studio = open_studio(folder, order, None, None)
        print(name, render_set(folder, order, PoorStudio(studio.variant, studio.workers, variety)), sep="\n")


if __name__ == "__main__":
    main()
