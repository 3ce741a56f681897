"""What the routes of the review desk work on: photos, decisions, queues, training.

In:    Settings
Out:   Desk, whose methods return the JSON of the API
Needs: numpy, pillow, ai-edge-litert
"""

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keykind
from keykind.core.errors import BadDataset, KeykindError, Unreachable
from keykind.dataset.listing import counted
from keykind.predict.palette import colour_of, css
from keykind.review.answers import items_json, kinds_json, photo_json, prediction_json, queue_json
from keykind.review.catalogue import Catalogue, shortcuts
from keykind.review.comparison import Comparison, compare
from keykind.review.current_run import CurrentRun, find_run, fit_run
from keykind.review.decisions import Change, Decisions, check_new_kind
from keykind.review.images import Images, PhotoFile, PhotoFiles, about_file
from keykind.review.insights import Insights
from keykind.review.names import keys_named, photos_named
from keykind.review.predictions import read_run
from keykind.review.queue_lists import QueueList
from keykind.review.queues.by_name import ALL
from keykind.review.training import PROGRAM, Training

MIN_KINDS = 2  # to train on
MOST_FOUND = 20  # photos that a search lists
Json = dict[str, Any]


class NotHere(KeykindError):
    """A request names a photo or queue that does not exist."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the desk is started with."""

    photos: Path
    run: Path | None = None  # None: the newest of PHOTOS-run, PHOTOS-run-2, ...
    model: Path | None = None  # None: that of the run, or else the bundled one
    reviewer: str = ""
    program: Sequence[str] = PROGRAM  # that trains


class Desk:
    """The review desk of one folder. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        """List the photos and read the decisions. Raises BadDataset, CannotWrite, BadRun, BadModel."""
        self.settings, self.session = settings, secrets.token_hex(4)
        self.catalogue = Catalogue(settings.photos)
        self.decisions = Decisions(self.catalogue, settings.reviewer)
        self._paths = [entry.path for entry in self.catalogue.entries]
        self.files = PhotoFiles(self._paths)
        self.images = Images(self._paths, self.files)
        run, self.notes = find_run(self.catalogue, settings.run)
        self._waiting = 0  # pictures that the page waits for
        self._counting = threading.Lock()
        self._looking = threading.Lock()
        self.insights = Insights(self.catalogue, run, settings.model, lambda: self._waiting > 0)
        self.notes += [note] if (note := self.insights.note()) else []
        self.training = Training(settings.photos, self._trained, settings.program)
        self._candidate: CurrentRun | None = None  # trained, and not yet kept or discarded
        self._comparison: Comparison | None = None
        self.kinds()  # their order is that before the first decision

    def start(self) -> None:
        """Begin the work in the background."""
        self.insights.start()

    def close(self) -> None:
        """Stop what runs in the background."""
        self.training.stop()
        self.insights.close()

    def state(self) -> Json:
        """Return the state of the desk."""
        self._refresh()
        insights, kinds, summary = self.insights, self.kinds(), self.catalogue.summary()
        with insights.lock:
            queues = [self._queue_json(items) for items in insights.lists.values()]
        model, run = insights.model, insights.run
        return {
            "folder": str(self.settings.photos),
            "session": self.session,  # ids of photos are valid in this process only
            "reviewer": self.settings.reviewer,
            "keykind": keykind.__version__,
            "kinds": kinds_json(
                kinds,
                shortcuts(kinds),
                summary.counts,
                [css(colour_of(kind, kinds)) for kind in kinds],
            ),
            "photos": len(self.catalogue),
            "decided": summary.decided,
            "of_keys": insights.of_keys,
            "has_splits": summary.has_splits,
            "model": model and {"name": model.title, "kinds": list(model.kinds)},
            "run": run
            and {"name": run.facts.path.name, "f1": run.facts.f1, "interval": list(run.facts.interval)},
            "problems": [*self.catalogue.problems(), *insights.problems()],
            "queues": queues,
            "training": self.training_state(),
            "undo": len(self.decisions),
        }

    def kinds(self) -> list[str]:
        """Return the kinds that photos may have, in an order that stays."""
        return self.catalogue.kinds_in_order(self.insights.kinds)

    def queue(self, queue: str, offset: int, limit: int) -> Json:
        """Return some items of a queue. Raises NotHere."""
        self._refresh()
        with self.insights.lock:
            return items_json(self._list(queue), self.catalogue, offset, limit)

    def rebuild(self) -> Json:
        """Compute all queues again, in the order of what is known now."""
        self._refresh()
        self.insights.rebuild(keep_order=False)
        return self.state()

    def photos(self, ids: Sequence[int]) -> list[Json]:
        """Return some photos. Raises NotHere."""
        self._refresh()
        return [self._photo_json(photo) for photo in self.check(ids)]

    def look_again(self) -> Json:
        """Look for photos that were added to the folder. Raises BadDataset if it cannot be listed."""
        with self._looking:
            listing, known = self.catalogue.look_again(), len(self.catalogue)
            added = [entry.path for entry in listing.entries[known:]]
            self._paths += added
            self.insights.take(listing)
        return {"added": len(added), "photos": len(self.catalogue)}

    def search(self, text: str) -> Json:
        """Return the photos with a text in their names, and keys with it. Some; total: how many photos."""
        self._refresh()
        states = self.catalogue.states()
        photos, keys = photos_named(states, text), keys_named(states, text)
        with self.insights.lock:
            everything = self._list(ALL.id)
            places = [{"photo": photo, "index": everything.place(photo)} for photo in photos[:MOST_FOUND]]
        return {"photos": places, "total": len(photos), "keys": keys}

    def decide(self, queue: str, item: str, changes: Sequence[Change]) -> Json:
        """Write a decision. Raises NotHere, LabelConflict, BadDataset, CannotWrite."""
        self.check([change.photo for change in changes])
        items = self._list(queue)
        self._refresh()
        for kind in {str(change.cells.get("kind") or "") for change in changes} - {"", *self.kinds()}:
            check_new_kind(kind)
        photos = self.decisions.decide(queue, item, changes)
        with self.insights.lock:
            items.decide(item, {cell for change in changes for cell in change.cells}, self.catalogue)
            self._update(photos)
        return {"photos": self.photos(photos), "undo": len(self.decisions)}

    def _refresh(self) -> None:
        """Take over what other programs decided."""
        self.catalogue.refresh()
        self.insights.follow()

    def undo(self) -> Json:
        """Take back the last decision. Raises NothingToUndo, NotUndone, BadDataset, CannotWrite."""
        self._refresh()
        decision = self.decisions.undo()
        with self.insights.lock:
            index = self._list(decision.queue).undo(decision.item, self.catalogue)
            self._update(decision.photos)
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
        with self._scan_waits():
            try:
                return self.images.jpeg(photo, side)
            except Unreachable:
                self.insights.note_file(photo, self.files.version(photo))
                raise

    def check(self, ids: Sequence[int]) -> Sequence[int]:
        """Return the ids. Raises NotHere for one that no photo has."""
        for photo in ids:
            if photo not in self.catalogue:
                remedy = f"the photos are numbered 0 to {len(self.catalogue) - 1}"
                raise NotHere(f"photo {photo}", fault="does not exist", remedy=remedy)
        return ids

    def train(self) -> Json:
        """Begin to train again. Raises BadDataset for fewer than 2 kinds, BadRun if a result waits."""
        self._refresh()
        counts = self.catalogue.summary().counts
        labelled = {kind: count for kind, count in counts.items() if kind and count > 0}
        if len(labelled) < MIN_KINDS:
            photos, kinds = counted(sum(labelled.values()), "labelled photo"), counted(len(labelled), "kind")
            fault = f"has {photos} of {kinds}"
            remedy = f"label photos of at least {MIN_KINDS} kinds first"
            raise BadDataset(self.settings.photos, fault=fault, remedy=remedy)
        run = self.insights.run
        self.training.start(run.facts.path if run else None)
        return self.training_state()

    def stop_training(self) -> Json:
        """Stop the training, and delete what it wrote."""
        self.training.stop()
        return self.training_state()

    def keep(self) -> Json:
        """Make the trained run the current one. Raises BadRun if there is none."""
        self.training.keep()
        if self._candidate is not None:
            self.insights.use_run(self._candidate)
        return self.training_state()

    def discard(self) -> Json:
        """Delete the trained run. Raises BadRun if there is none."""
        self.training.discard()
        return self.training_state()

    def training_state(self) -> Json:
        """Return how far the training is, and how its result compares with the current run."""
        now = self.training.current
        step, done, seconds = self.training.progress()
        compared = self._comparison if now.state == "finished" else None
        return {
            "state": now.state,
            "step": step,
            "done": round(done, 3),
            "seconds": round(seconds, 1),
            "log": list(now.log),
            "result": compared and asdict(compared),
            "decision": now.decision,
        }

    def _trained(self, out: Path) -> None:
        """Compare a finished run with the current one, on the labels as they are now. Raises BadRun."""
        self._candidate = fit_run(self.catalogue, read_run(out))
        run = self.insights.run
        self._comparison = compare(run.facts if run else None, self._candidate.facts, self.catalogue)

    @contextmanager
    def _scan_waits(self) -> Iterator[None]:
        """Let the scan wait while the block runs."""
        with self._counting:
            self._waiting += 1
        try:
            yield
        finally:
            with self._counting:
                self._waiting -= 1

    def _update(self, photos: Sequence[int]) -> None:
        """Let all queues know that decisions about photos changed."""
        for items in self.insights.lists.values():
            items.update(photos, self.catalogue)

    def _list(self, queue: str) -> QueueList:
        lists = self.insights.lists
        if queue not in lists:
            remedy = f"use one of {', '.join(lists)}"
            raise NotHere(f"queue {queue[:80]!r}", fault="does not exist", remedy=remedy)
        return lists[queue]

    def _photo_json(self, photo: int) -> Json:
        said = self.insights.opinion(photo)
        prediction = None if said is None else prediction_json(*said)
        state, file = self.catalogue.state(photo), self._file(photo)
        return photo_json(state, file, self.insights.seen(photo) if file.version else None, prediction)

    def _file(self, photo: int) -> PhotoFile:
        """Return what the file is, without opening it if the scan did."""
        version = self.files.version(photo)
        measured = self.insights.measured(photo, version)
        self.insights.note_file(photo, version)
        if version and measured is not None:
            if measured.error:  # also where the header can be read
                return PhotoFile(version, problem=about_file(measured.error))
            return PhotoFile(version, measured.width, measured.height)
        return self.files.look(photo)

    def _queue_json(self, items: QueueList) -> Json:
        state, done, total = self.insights.progress(items)
        return queue_json(items, self.catalogue, state, (done, total))
