"""Kinds of key -> rendered photos of them, for training beside the user's own photos.

In:    the kinds, the number of photos, a seed
Out:   Sample(s), read from a rendered dataset in the user's cache
Needs: numpy, pillow, manifold3d, mitsuba                                                  [render]

Render before importing Keras: Mitsuba's compiler crashes in a process that loaded TensorFlow first.
"""

import hashlib
import json
from collections.abc import Sequence

from keykind import __version__
from keykind.core.cache import default_folder
from keykind.core.errors import BadRecipe, KeykindError
from keykind.core.kinds import NAMES
from keykind.dataset.dataset import read_dataset
from keykind.dataset.samples import Sample
from keykind.render.sets.job import make_job
from keykind.render.sets.rendering import open_studio, render_set
from keykind.render.sets.set_folder import SetFolder

SIDE = 320  # px of the longer side of each photo


def rendered_photos(kinds: Sequence[str], count: int, seed: int) -> tuple[Sample, ...]:
    """Return `count` rendered photos, equally many of each kind; photos of an earlier call are reused.

    Raises BadRecipe for a kind that keykind cannot render, KeykindError if rendering fails.
    """
    unknown = [kind for kind in kinds if kind not in NAMES]
    if unknown:
        fault = f"keykind cannot render {', '.join(unknown)}"
        raise BadRecipe("--renders", fault=fault, remedy=f"use it for {', '.join(NAMES)} only, or omit it")
    job = make_job(count, kinds, None, SIDE, seed)
    inputs = {"keykind": __version__, **job.as_json()}  # another version may render other photos
    digest = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:16]
    folder = SetFolder(default_folder() / f"renders-{digest}")
    summary = render_set(folder, job, open_studio(folder, job, None, None))
    if summary.failures:
        first = summary.failures[0]
        failed = f"{len(summary.failures)} of {count} photos could not be rendered"
        fault = f"{failed}; the first is {first.name}: {first.reason}"
        raise KeykindError("--renders", fault=fault, remedy="run `keykind doctor`")
    return read_dataset(summary.folder, kinds=kinds).samples
