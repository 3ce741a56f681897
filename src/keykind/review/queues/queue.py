"""What a queue is: a title, how its items are found in what is known, and when one is decided.

In:    Known: photos with decisions, what the scan and a run say about them
Out:   Item of each photo or set of photos to look at, with its reason in words
Needs: numpy
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.review.catalogue import PhotoState
from keykind.review.observations import Measured, Seen
from keykind.review.predictions import Judged

Suggestion = dict[str, Any]  # kind, key, excluded (reason) or exclude (id of a photo)
MEASURING, COMPARING, RECOGNISING = STAGES = "measuring", "comparing", "recognising"  # of the scan


@dataclass(frozen=True, slots=True)
class Item:
    """One or more photos to decide about together."""

    photos: tuple[int, ...]
    reason: str  # one sentence
    suggestion: Suggestion | None = None

    @property
    def id(self) -> str:
        """A name that stays the same when the queue is computed again."""
        return "-".join(map(str, self.photos))


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the queues need to know about the model of the scan."""

    kinds: tuple[str, ...]
    ood_threshold: float | None
    detects: bool  # whether it looks for keys
    fits: bool  # whether its kinds are those of the photos


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Everything that queues are computed from."""

    photos: Sequence[PhotoState]  # by id
    measured: Sequence[Measured | None]  # by id; None: not measured yet
    seen: Sequence[Seen | None]  # by id; None: not seen yet
    clusters: Sequence[tuple[int, ...]]  # photos that look the same
    judged: Mapping[int, Judged]  # photo -> what a model that never saw it in training says
    kinds: Sequence[str]  # that photos may have
    model: ModelFacts | None = None
    run_ood_threshold: float | None = None
    of_keys: bool = True


@dataclass(frozen=True, slots=True)
class Built:
    """The items of a queue; or why there is no such queue, and what to do."""

    items: Sequence[Item] = ()
    note: str = ""
    available: bool = True


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue."""

    id: str
    title: str
    reason: str  # what is in it, one sentence
    build: Callable[[Known], Built]
    is_decided: Callable[[Sequence[PhotoState]], bool]  # by what labels.csv says about an item's photos
    stages: Sequence[str] = ()  # of the scan, that must have ended for the queue to be complete
    keeps_decided: bool = False  # whether items decided in earlier sessions are listed, too


def unavailable(note: str) -> Built:
    """Return a queue that cannot be computed. note: why, and what to do."""
    return Built((), note, available=False)


def labelled(photos: Sequence[PhotoState]) -> bool:
    """Return whether a person has said what each photo shows, or that it is not used."""
    return all(photo.row.kind or photo.row.excluded for photo in photos)


def best_two(probabilities: NDArray[np.floating]) -> tuple[int, int]:
    """Return the indices of the largest and second largest probability."""
    order = np.argsort(-probabilities, kind="stable")
    return int(order[0]), int(order[min(1, len(order) - 1)])
