"""What a queue is: a title, how its items are found in what is known, and when one is decided.

In:    Known: photos with decisions, what the scan and a run say about them
Out:   Item of each photo or set of photos to look at, with its reason in words
Needs: numpy
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.review.catalogue import PhotoState
from keykind.review.observations import Measured, Seen
from keykind.review.predictions import Judged, RunFacts

Suggestion = dict[str, Any]  # kind, key, excluded (reason) or exclude (id of a photo)
STAGES = MEASURING, COMPARING, RECOGNISING = "measuring", "comparing", "recognising"  # of the scan


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

    title: str  # e.g. "the bundled model", within a sentence
    kinds: tuple[str, ...]
    ood_threshold: float | None
    detects: bool  # whether it looks for keys
    fits: bool  # whether it knows kinds of the photos


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """What the model that knows least about a photo says about its kind."""

    kinds: Sequence[str]
    probabilities: NDArray[np.float32]  # (c,)
    source: str  # who says so, within a sentence
    caption: str  # the same, at the end of one

    @property
    def best(self) -> str:
        """The most probable kind."""
        return self.kinds[int(self.probabilities.argmax())]

    @property
    def margin(self) -> float:
        """The largest probability minus the second largest; 1 with one kind."""
        if len(self.probabilities) < 2:
            return 1.0
        second, first = np.partition(self.probabilities, -2)[-2:]
        return float(first - second)

    def ranked(self, count: int) -> str:
        """Return the most probable kinds, e.g. "cylinder 0.48 or dimple 0.41"."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return " or ".join(f"{self.kinds[i]} {self.probabilities[i]:.2f}" for i in order.tolist())


UNSEEN = "the model, which never saw this photo in training,"
BY_RUN = "the run, which did not train on this photo"
MAYBE_SEEN = "which may have trained on this photo"


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Everything that queues are computed from."""

    photos: Sequence[PhotoState]  # by id
    measured: Sequence[Measured | None]  # by id; None: not measured yet
    seen: Sequence[Seen | None]  # by id; None: not seen yet
    clusters: Sequence[tuple[int, ...]] = ()  # photos that look the same
    run: RunFacts | None = None
    judged: Mapping[int, Judged] = field(default_factory=dict)  # photo -> prediction in the run's tables
    model: ModelFacts | None = None  # None: no model could be loaded, or not yet
    of_keys: bool = True  # whether the kinds are kinds of keys

    def opinion(self, photo: int) -> Opinion | None:
        """Return what a model says about a photo, if possible one that was not trained on it."""
        judged = self.judged.get(photo)
        if judged is not None and self.run is not None:
            return Opinion(self.run.kinds, judged.probabilities, UNSEEN, BY_RUN)
        seen = self.seen[photo]
        if self.model is None or not self.model.fits or seen is None or seen.probabilities is None:
            return None
        title, is_old = self.model.title, self.run is not None and not self.run.has_out_of_fold
        return Opinion(
            self.model.kinds, seen.probabilities, title, f"{title}, {MAYBE_SEEN}" if is_old else title
        )


@dataclass(frozen=True, slots=True)
class Built:
    """The items of a queue; or why there is no such queue, and what to do."""

    items: Sequence[Item] = ()
    note: str = ""
    stages: Sequence[str] = ()  # of the scan, without which the queue is not complete
    available: bool = True
    reason: str = ""  # what is in it; "": as the queue says


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue."""

    id: str
    title: str
    reason: str  # what is in it, one sentence
    build: Callable[[Known], Built]
    is_decided: Callable[[Sequence[PhotoState]], bool]  # by what labels.csv says about an item's photos
    asks_kind: bool = True  # whether it asks what the photo shows, which a key's name or ends do not say
    keeps_decided: bool = False  # whether items decided in earlier sessions are listed, too


def unavailable(note: str) -> Built:
    """Return a queue that cannot be computed. note: why, and what to do."""
    return Built((), note, available=False)


def answers(queue: Queue, cells: Set[str]) -> bool:
    """Return whether a decision about these cells answers what a queue asks; without cells: looked at."""
    return not (queue.asks_kind and cells) or bool(cells & {"kind", "excluded"})


def labelled(photos: Sequence[PhotoState]) -> bool:
    """Return whether a person has said what each photo shows, or that it is not used."""
    return all(photo.row.kind or photo.row.excluded for photo in photos)
