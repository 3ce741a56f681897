"""Trained weights -> the file that comes with keykind.

    python benchmarks/ship_weights.py TRAINED.weights.h5 --imagenet IMAGENET.weights.h5 [--out FOLDER]

In:    weights that realism.py --save wrote, and those that its training began with
Out:   src/keykind/models/: the folded network as float16, and models.json with its hash
Needs: keykind[train]

Refuses weights of which any tensor, folded and rounded to float16, is still the one that training began with.
"""

import argparse
from pathlib import Path

import numpy as np

from keykind.backbone import load_backbone
from keykind.folding import fold, folded_arrays
from keykind.shipped import FOLDER, Arrays, write_arrays


def unchanged(arrays: Arrays, began: Arrays) -> list[str]:
    """Return the names of those arrays of more than one number that are the same in float16."""
    return [
        name
        for name, array in arrays.items()
        if array.size > 1 and np.array_equal(array.astype(np.float16), began[name].astype(np.float16))
    ]


def folded(weights: Path, scaling: str) -> Arrays:
    """Return the kernels and biases of a weights file's folded network."""
    return folded_arrays(fold(load_backbone("mobilenet_v2", str(weights), scaling=scaling, seed=0)))


def main() -> None:
    chosen = options()
    arrays = folded(chosen.trained, "unit")  # what all_layers.py trains sees 0..1
    for scaling in ("unit", "native"):  # the first kernel began as one of the two
        same = unchanged(arrays, folded(chosen.imagenet, scaling))
        if same:
            raise SystemExit(f"{len(same)} of {len(arrays)} tensors were not trained, the first is {same[0]}")
    path = write_arrays(arrays, chosen.out)
    count = sum(array.size for array in arrays.values())
    print(f"{path}: {len(arrays)} tensors, {count:,} numbers, {path.stat().st_size / 1e6:.2f} MB")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trained", type=Path, help="weights to ship")
    parser.add_argument("--imagenet", type=Path, required=True, help="weights that training began with")
    parser.add_argument("--out", type=Path, default=FOLDER, help="(default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
