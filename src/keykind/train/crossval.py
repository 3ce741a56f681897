"""Photos -> folds that never split one physical key, and the choice among their models.

In:    the training samples
Out:   per fold, which photos train and which validate
Needs: numpy, scikit-learn                                                                 [train]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from keykind.core.errors import BadDataset
from keykind.dataset.dataset import Sample

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Which photos train and which validate, as row numbers."""

    train: Rows
    validation: Rows


def make_folds(samples: Sequence[Sample], count: int, seed: int) -> tuple[Fold, ...]:
    """Return `count` folds, stratified by kind; all photos of one group stand in one fold.

    A photo's views go where the photo goes, so augmented copies never cross the split.
    Raises BadDataset where a kind has fewer groups (physical keys) than there are folds.
    """
    kinds = np.array([sample.kind for sample in samples])
    groups = np.array([sample.group for sample in samples])
    for kind in sorted(set(kinds.tolist())):
        mine = groups[kinds == kind]
        distinct = len(set(mine.tolist()))
        if distinct < count:
            raise BadDataset(
                kind,
                fault=f"{len(mine)} photos of {distinct} different keys to train on, but {count} folds need "
                f"at least {count} different keys",
                remedy=f"add photos of {count - distinct} more keys, leave the kind out (--kinds), "
                "or lower `folds` in a recipe",
            )
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    folds = [Fold(train, validation) for train, validation in splitter.split(kinds, kinds, groups)]
    for fold in folds:
        absent = set(kinds.tolist()) - set(kinds[fold.train].tolist())
        if absent:
            raise BadDataset(
                ", ".join(sorted(absent)),
                fault="would be missing from the training side of a fold: its keys are other kinds' keys too",
                remedy="mend the groups, or lower `folds` in a recipe",
            )
    return tuple(folds)


def best_fold(accuracies: Sequence[float], losses: Sequence[float]) -> int:
    """Return the fold with the best validation accuracy; of equal ones the lower loss, then the first."""
    return min(range(len(accuracies)), key=lambda fold: (-accuracies[fold], losses[fold], fold))
