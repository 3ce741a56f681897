"""What is known about the photos, and the queues computed from it, as they grow in the background.

In:    the photos; a run and a model
Out:   lists of items, predictions of photos, progress; new ones when a scan stage ends or a run is kept
Needs: numpy, pillow, ai-edge-litert
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from keykind.core.kinds import NAMES
from keykind.dataset.review_listing import ReviewEntry, ReviewListing
from keykind.predict.recogniser import Recogniser
from keykind.review.catalogue import Catalogue, PhotoState
from keykind.review.current_run import BUNDLED, NO_MODEL, CurrentRun, check_model_file, describe, model_path
from keykind.review.images import file_version
from keykind.review.observations import Measured, Seen
from keykind.review.queue_lists import QueueList
from keykind.review.queues.queue import Known, ModelFacts, Opinion
from keykind.review.queues.table import QUEUES
from keykind.review.scan import Scan

VANISHED = Measured(error="no longer exists; put the file back, or leave the photo out")
READY, WORKING, UNAVAILABLE = "ready", "working", "unavailable"


class Insights:
    """The run, the scan and the queues. Thread-safe."""

    def __init__(
        self, catalogue: Catalogue, run: CurrentRun | None, model: Path | None, is_busy: Callable[[], bool]
    ) -> None:
        """Prepare. model: the file to scan with; None: that of the run, or the bundled one.

        Raises BadModel if the given file cannot be used.
        """
        self._catalogue, self._model, self._is_busy = catalogue, model, is_busy
        if model is not None:
            check_model_file(model)
        self._given = None if model is None else Recogniser.load(model)
        self.run = run
        self.model: ModelFacts | None = None
        self.lists: Mapping[str, QueueList] = {queue.id: QueueList(queue) for queue in QUEUES}
        self.lock = threading.RLock()  # of the lists
        self._building = threading.Lock()
        self._replacing = threading.Lock()  # of the scan
        self._model_problems: list[str] = []
        self._uses_bundled = False
        self._reopened = 0  # of the catalogue, as of the lists
        self._vanished: frozenset[int] = frozenset()  # photos whose files were deleted meanwhile
        self._is_waiting = threading.Event()  # whether a thread is about to compute the queues
        self._scan = self._new_scan(catalogue.entries)

    def start(self) -> None:
        """Compute the queues from what is known already, then scan."""
        self._scan.start()

    def close(self) -> None:
        """Stop the scan."""
        self._scan.stop()

    def use_run(self, run: CurrentRun) -> None:
        """Make another run the current one: its tables and its model."""
        with self._replacing:
            self._scan.stop()
            self.run, self.model, self._model_problems = run, None, []
            self._scan = self._new_scan(self._catalogue.entries)
            self._scan.start()

    def take(self, listing: ReviewListing) -> None:
        """Let the photos of a listing be those under review, and scan those that were added."""
        with self._replacing:
            self._scan.stop()
            with self._building:
                self._scan = self._new_scan(listing.entries, self._scan)
                self._catalogue.take(listing)
            self.rebuild(keep_order=True)  # the queues have them when this returns
            self._scan.start()

    def rebuild(self, *, keep_order: bool) -> None:
        """Compute all queues again. keep_order: items keep their places, also in untouched queues."""
        with self._building:
            self._is_waiting.clear()
            self._reopened = self._catalogue.reopened
            entries = enumerate(self._catalogue.entries)
            self._vanished = frozenset(i for i, entry in entries if not file_version(entry.path))
            known = self._without_vanished(self._known(self._catalogue.states()))
            for items in self.lists.values():
                built = items.queue.build(known)
                with self.lock:
                    items.replace(built, self._catalogue, keep_order=keep_order or items.touched)

    def follow(self) -> None:
        """Compute the queues again, in the background, if other programs took decisions away."""
        if self._reopened != self._catalogue.reopened:
            self._rebuild_soon()

    def note_file(self, photo: int, version: str) -> None:
        """Take notice that a photo's file vanished (no version) or is back."""
        measured = self._scan.measured[photo]
        if measured and not measured.error and (photo in self._vanished) == bool(version):
            self._rebuild_soon()

    def _rebuild_soon(self) -> None:
        if not self._is_waiting.is_set():
            self._is_waiting.set()
            rebuild = partial(self.rebuild, keep_order=True)
            threading.Thread(target=rebuild, name="rebuild", daemon=True).start()

    def _without_vanished(self, known: Known) -> Known:
        if not self._vanished:
            return known
        measured, seen = list(known.measured), list(known.seen)
        for photo in self._vanished:
            if measured[photo] is not None:
                measured[photo], seen[photo] = VANISHED, None
        return replace(known, measured=measured, seen=seen)

    @property
    def of_keys(self) -> bool:
        """Whether the photos show keys, as far as the run, the model or the names of the kinds say."""
        if self.run is not None:
            return self.run.facts.of_keys
        kinds = self._catalogue.kinds()
        return not kinds or any(kind in NAMES for kind in kinds)

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds that photos may have besides those of folders and decisions."""
        if self.run is not None:
            return self.run.facts.kinds
        if self._catalogue.has_folder_kinds:
            return ()
        if self._given is not None:
            return self._given.model.card.kinds
        return NAMES if self._uses_bundled else ()

    def note(self) -> str | None:
        """Return whether the bundled or the given model helps, as a sentence; None: nothing need be said."""
        if self._given is not None:
            facts, problems = describe(self._given, self._model, self._catalogue.kinds())
            return None if facts.fits else problems[0]
        if self.run is not None:
            return None
        if not self._uses_bundled:
            return NO_MODEL
        return f"No run is used; {BUNDLED} suggests what to look at. Choose with --run or --model."

    def problems(self) -> list[str]:
        """Return what does not fit or cannot be done, one sentence each."""
        scan = [self._scan.problem] if self._scan.problem else []
        return [*(self.run.problems if self.run else ()), *self._model_problems, *scan]

    def measured(self, photo: int, version: str) -> Measured | None:
        """Return what the scan measured of a photo; None: nothing yet, or its file has another version."""
        scan = self._scan
        return scan.measured[photo] if scan.versions[photo] == version else None

    def seen(self, photo: int) -> Seen | None:
        """Return what the scan saw in a photo."""
        return self._scan.seen[photo]

    def opinion(self, photo: int) -> tuple[Opinion, bool] | None:
        """Return what a model says about a photo, and whether it is sure."""
        opinion = self._known(()).opinion(photo)
        if opinion is None:
            return None
        seen = self.seen(photo)
        from_scan = self.run is None or photo not in self.run.judged
        return opinion, not (from_scan and seen is not None and seen.kind is None)

    def progress(self, items: QueueList) -> tuple[str, int, int]:
        """Return the state of a queue, and how many photos of how many are done for it."""
        count = len(self._catalogue)
        if items.built is None:
            return WORKING, 0, count
        if not items.built.available:
            return UNAVAILABLE, 0, 0
        for stage in items.built.stages:
            if stage not in self._scan.ended:
                return WORKING, self._scan.done[stage], count
        return READY, count, count

    def _known(self, photos: Sequence[PhotoState]) -> Known:
        """Return what is known, with the states of these photos."""
        scan, run = self._scan, self.run
        return Known(
            photos,
            scan.measured,
            scan.seen,
            scan.clusters,
            run.facts if run else None,
            run.judged if run else {},
            self.model,
            self.of_keys,
        )

    def _new_scan(self, entries: Sequence[ReviewEntry], before: Scan | None = None) -> Scan:
        facts = self.run.facts if self.run else None
        path, exists = model_path(self._model, facts, self._catalogue.kinds())
        self._uses_bundled = exists and path is None
        if not exists:
            self._model_problems = [NO_MODEL]

        def load() -> Recogniser:
            recogniser = self._given or Recogniser.load(path)
            self.model, self._model_problems = describe(recogniser, path, self._catalogue.kinds())
            return recogniser

        return Scan(entries, load if exists else None, self._on_news, self._is_busy, before)

    def _on_news(self, stage: str | None) -> None:
        self.rebuild(keep_order=stage is None)
