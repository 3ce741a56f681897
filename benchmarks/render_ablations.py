"""Rendered sets that each lack one source of variation, to measure what it contributes.

    python benchmarks/render_ablations.py OUT [--count 1200] [--size 256] [--seed 11]

In:    nothing
Out:   OUT/everything, OUT/without-clutter, OUT/without-tilt, ... as `keykind render` writes a set; an
       interrupted command is resumed
Needs: keykind[render]

Then run benchmarks/sim_to_real.py OUT/without-tilt ... --series ablation for each. Comparing product
and phone scenes needs no such sets: `keykind render --scene product`.
"""

import argparse
from dataclasses import dataclass, fields, replace
from pathlib import Path

from keykind.render.scenes.draft import FULL_VARIATION, Variation
from keykind.render.sets.job import Task, make_job
from keykind.render.sets.rendering import Studio, open_studio, process_renderer, render_set
from keykind.render.sets.set_folder import SetFolder
from keykind.render.studio.render_photo import RenderedPhoto, render_photo

KINDS = ("cylinder", "dimple", "laser_track", "mortice")  # those of the real photos


@dataclass(frozen=True, slots=True)
class AblatedStudio(Studio):
    """A studio in which some source of variation is switched off."""

    variation: Variation = FULL_VARIATION

    def render(self, task: Task) -> RenderedPhoto:
        """Return one photo with its label."""
        seed = (task.seed, task.index)
        return render_photo(
            process_renderer(self.variant), task.scene, task.kinds, task.size, seed, self.variation
        )


def variations() -> dict[str, Variation]:
    """Return full variation, and full variation but for one source."""
    names = [field.name for field in fields(Variation)]
    return {"everything": FULL_VARIATION} | {
        f"without-{name}": replace(FULL_VARIATION, **{name: False}) for name in names
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=1200, help="photos per set (default: %(default)s)")
    parser.add_argument("--size", type=int, default=256, help="px (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=11, help="(default: %(default)s)")
    options = parser.parse_args()
    job = make_job(options.count, KINDS, None, options.size, options.seed)
    for name, variation in variations().items():
        folder = SetFolder(options.out / name)
        studio = open_studio(folder, job, None, None)
        print(
            name,
            render_set(folder, job, AblatedStudio(studio.variant, studio.workers, variation=variation)),
            sep="\n",
        )


if __name__ == "__main__":
    main()
