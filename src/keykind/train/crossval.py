"""Cross-validation: folds that never split a physical key, and the choice of the best fold.

In:    the training samples
Out:   for each fold the photos for training and for validation
Needs: numpy, scikit-learn                                                                 [train]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from keykind.core.errors import BadDataset
from keykind.dataset.listing import counted
from keykind.dataset.samples import Sample

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """The photos for training and for validation, as indices."""

    train: Rows
    validation: Rows


def make_folds(samples: Sequence[Sample], count: int, seed: int) -> tuple[Fold, ...]:
    """Return `count` folds, stratified by kind; all photos of a group are in one fold.

    The views of a photo are always in its fold, so augmented copies never leak.
    Raises BadDataset if a kind has fewer groups (physical keys) than there are folds.
    """
    kinds = np.array([sample.kind for sample in samples])
    groups = np.array([sample.group for sample in samples])
    for kind in sorted(set(kinds.tolist())):
        of_kind = groups[kinds == kind]
        distinct = len(set(of_kind.tolist()))
        if distinct < count:
            raise BadDataset(
                kind,
                fault=f"{counted(len(of_kind), 'training photo')} of {counted(distinct, 'different object')}"
                f", but {count} folds need at least {count}",
                remedy=f"add photos of {counted(count - distinct, 'other object')}, leave the kind out "
                "(--kinds), or lower `folds` in a recipe",
            )
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    folds = [Fold(train, validation) for train, validation in splitter.split(kinds, kinds, groups)]
    for fold in folds:
        absent = set(kinds.tolist()) - set(kinds[fold.train].tolist())
        if absent:
            raise BadDataset(
                ", ".join(sorted(absent)),
                fault="would have no training photo in one fold: its objects also belong to other kinds",
                remedy="correct the groups, or lower `folds` in a recipe",
            )
    return tuple(folds)


def best_fold(accuracies: Sequence[float], losses: Sequence[float]) -> int:
    """Return the fold with the highest validation accuracy; ties: the lowest loss, then the first fold."""
    return min(range(len(accuracies)), key=lambda fold: (-accuracies[fold], losses[fold], fold))
