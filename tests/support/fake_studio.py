"""A Studio that makes noise instead of rendering, for fast tests. Imported by each worker: keep it light."""

import io
import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from keykind.core.geometry import encode_rle
from keykind.render.sets.job import Task
from keykind.render.studio.render_photo import RenderedPhoto
from keykind.render.studio.variant import Variant

FAKE = Variant("scalar_rgb", None, "rendering noise")


@dataclass(frozen=True, slots=True)
class FakeStudio:
    """Makes photos of noise that depend on their task alone; some fail, one may kill its process."""

    workers: int
    variant: Variant = FAKE
    failing: tuple[int, ...] = ()
    deadly: int | None = None  # index of the photo whose worker dies
    pause: float = 0.0  # seconds per photo
    diary: Path | None = None  # folder that gets one file per photo that was started

    def render(self, task: Task) -> RenderedPhoto:
        if self.diary:
            (self.diary / f"{task.index}-{os.getpid()}").touch()
        if task.index == self.deadly:
            os._exit(9)
        if task.index in self.failing:
            raise ValueError("a fault of its own")
        interrupted: list[int] = []
        signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
        time.sleep(self.pause)
        if interrupted:  # like Mitsuba: a wrong photo instead of an exception
            return self.render(replace(task, seed=task.seed + 1))
        rng = np.random.default_rng((task.seed, task.index))
        photo = Image.fromarray(rng.integers(0, 256, (task.size * 3 // 4, task.size, 3), np.uint8))
        stream = io.BytesIO()
        photo.save(stream, "JPEG")
        return RenderedPhoto(photo, stream.getvalue(), label(task, photo.size), task.index % 3)


def label(task: Task, size: tuple[int, int]) -> dict[str, object]:
    """Return a label as label_scene does, of one key, 10 x 20 px at (5, 8), half of it blade."""
    masks = np.zeros((3, size[1], size[0]), dtype=bool)
    masks[0, 8:28, 5:15] = masks[1, 8:18, 5:15] = masks[2, 18:28, 5:15] = True
    whole, bow, blade = map(encode_rle, masks)
    key = {
        "kind": task.kinds[0] if task.kinds else None,
        "box": [[5.0, 8.0], [15.0, 8.0], [15.0, 28.0], [5.0, 28.0]],
        "head": [10.0, 8.0],
        "tip": [10.0, 28.0],
        "mask": whole,
        "bow": bow,
        "blade": blade,
        "occluded": 0.0,
        "cut_off": 0.0,
    }
    return {
        "width": size[0],
        "height": size[1],
        "scene": task.scene,
        "seed": task.seed,
        "number": task.index,
        "keys": [key] if task.kinds else [],
        "others": [],
        "parameters": {},
    }
