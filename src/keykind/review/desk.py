"""What the routes of the review desk work on: photos, decisions, queues, scan, training.

In:    Settings
Out:   Desk, whose methods return the JSON of the API
Needs: numpy, pillow, ai-edge-litert
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keykind
from keykind.core.errors import KeykindError
from keykind.predict.palette import colour_of, css
from keykind.review.answers import items_json, kinds_json, photo_json, queue_json
from keykind.review.catalogue import Catalogue, shortcuts
from keykind.review.decisions import Change, Decisions
from keykind.review.images import Images, PhotoFiles
from keykind.review.queue_lists import QueueList
from keykind.review.queues.queue import Known
from keykind.review.queues.table import QUEUES

Json = dict[str, Any]
READY, WORKING, UNAVAILABLE = "ready", "working", "unavailable"


class NotHere(KeykindError):
    """A request names a photo or queue that does not exist."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the desk is started with."""

    photos: Path
    run: Path | None = None
    model: Path | None = None
    reviewer: str = ""


class Desk:
    """The review desk of one folder. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        """List the photos and read the decisions. Raises BadDataset, CannotWrite, BadRun, BadModel."""
        self.settings = settings
        self.catalogue = Catalogue(settings.photos)
        self.decisions = Decisions(self.catalogue, settings.reviewer)
        paths = [entry.path for entry in self.catalogue.entries]
        self.files = PhotoFiles(paths)
        self.images = Images(paths, self.files)
        self._queues = {queue.id: QueueList(queue) for queue in QUEUES}
        self._lock = threading.RLock()
        self.rebuild()

    @property
    def notes(self) -> list[str]:
        """What to say when the desk opens, one sentence each."""
        return []

    def start(self) -> None:
        """Begin the work in the background."""

    def close(self) -> None:
        """Stop what runs in the background."""

    def rebuild(self, *, keep_order: bool = False) -> None:
        """Compute the queues again."""
        known = Known(self.catalogue.states(), [], [], (), {}, self.kinds())
        for items in self._queues.values():
            built = items.queue.build(known)
            with self._lock:
                items.replace(built, self.catalogue, keep_order=keep_order)

    def kinds(self) -> list[str]:
        """Return the kinds that photos may have, in an order that stays."""
        return self.catalogue.kinds()

    def state(self) -> Json:
        """Return the state of the desk."""
        self.catalogue.refresh()
        kinds = self.kinds()
        with self._lock:
            queues = [self._queue_json(items) for items in self._queues.values()]
        return {
            "folder": str(self.settings.photos),
            "reviewer": self.settings.reviewer,
            "version": keykind.__version__,
            "keykind": keykind.__version__,
            "kinds": kinds_json(
                kinds,
                shortcuts(kinds),
                self.catalogue.counts(),
                [css(colour_of(kind, kinds)) for kind in kinds],
            ),
            "photos": len(self.catalogue),
            "decided": self.catalogue.decided(),
            "of_keys": True,
            "has_splits": self.catalogue.has_splits(),
            "model": None,
            "run": None,
            "problems": self.catalogue.problems(),
            "queues": queues,
            "training": {"state": "idle"},
            "undo": len(self.decisions),
        }

    def queue(self, queue: str, offset: int, limit: int) -> Json:
        """Return some items of a queue. Raises NotHere."""
        self.catalogue.refresh()
        with self._lock:
            return items_json(self._list(queue), self.catalogue, offset, limit)

    def photos(self, ids: Sequence[int]) -> list[Json]:
        """Return some photos. Raises NotHere."""
        self.catalogue.refresh()
        return [self._photo_json(photo) for photo in self.check(ids)]

    def decide(self, queue: str, item: str, changes: Sequence[Change]) -> Json:
        """Write a decision. Raises NotHere, LabelConflict, BadDataset, CannotWrite."""
        self.check([change.photo for change in changes])
        items = self._list(queue)
        photos = self.decisions.decide(queue, item, changes)
        with self._lock:
            items.decide(item)
        return {"photos": self.photos(photos), "undo": len(self.decisions)}

    def undo(self) -> Json:
        """Take back the last decision. Raises NothingToUndo, LabelConflict, BadDataset, CannotWrite."""
        decision = self.decisions.undo()
        with self._lock:
            index = self._list(decision.queue).undo(decision.item)
        return {
            "photos": self.photos(decision.photos),
            "queue": decision.queue,
            "item": decision.item,
            "index": index,
            "undo": len(self.decisions),
        }

    def image(self, photo: int, side: int) -> bytes:
        """Return a photo as a JPEG. Raises NotHere, BadPhoto."""
        self.check([photo])
        return self.images.jpeg(photo, side)

    def check(self, ids: Sequence[int]) -> Sequence[int]:
        """Return the ids. Raises NotHere for one that no photo has."""
        for photo in ids:
            if photo not in self.catalogue:
                fault = f"has {len(self.catalogue):,} photos, with ids from 0"
                raise NotHere(f"photo {photo}", fault=fault, remedy="load the page again")
        return ids

    def _list(self, queue: str) -> QueueList:
        if queue not in self._queues:
            known = ", ".join(self._queues)
            raise NotHere(f"queue {queue[:80]!r}", fault="does not exist", remedy=f"use one of {known}")
        return self._queues[queue]

    def _photo_json(self, photo: int) -> Json:
        return photo_json(self.catalogue.state(photo), self.files.look(photo), None, None)

    def _queue_json(self, items: QueueList) -> Json:
        state = READY if items.available else UNAVAILABLE
        return queue_json(items, self.catalogue, state, (len(self.catalogue), len(self.catalogue)))
