"""Kinds of key -> rendered photos of them, to train on beside a user's own.

In:    the kinds, how many photos, a seed
Out:   Sample(s), as read from a rendered set in the user's cache
Needs: numpy, pillow, manifold3d, mitsuba                                                  [render]

They are rendered before Keras is loaded: Mitsuba's compiler and TensorFlow cannot share a process that
loaded TensorFlow first.
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
from keykind.render.sets.job import checked_order
from keykind.render.sets.rendering import open_studio, render_set
from keykind.render.sets.set_folder import SetFolder

SIDE = 320  # px of the longer side of each photo


def rendered_photos(kinds: Sequence[str], count: int, seed: int) -> tuple[Sample, ...]:
    """Return `count` rendered photos of the kinds, alike many of each; what an earlier call rendered is kept.

    Raises BadRecipe for a kind that keykind cannot render, KeykindError if rendering fails.
    """
    strange = [kind for kind in kinds if kind not in NAMES]
    if strange:
        fault = f"keykind cannot render {', '.join(strange)}"
        raise BadRecipe(
            "--renders", fault=fault, remedy=f"use it for {', '.join(NAMES)} only, or leave it away"
        )
    order = checked_order(count, kinds, None, SIDE, seed)
    wanted = {"keykind": __version__, **order.as_json()}  # another version may render other photos
    mark = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]
    folder = SetFolder(default_folder() / f"renders-{mark}")
    summary = render_set(folder, order, open_studio(folder, order, None, None))
    if summary.faults:
        first = summary.faults[0]
        fault = f"{len(summary.faults)} of {count} photos could not be rendered: {first.name}: {first.reason}"
        raise KeykindError("--renders", fault=fault, remedy="run `keykind doctor`")
    return read_dataset(summary.folder, kinds=kinds).samples
