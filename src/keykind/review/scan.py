"""Look at all photos in the background: measure them, compare them, recognise their keys.

In:    photos; a function that loads a Recogniser
Out:   Measured, Seen and clusters of look-alikes, growing; the progress of each stage
Needs: numpy, pillow, ai-edge-litert

The threads have a low priority, and wait while the page waits for a picture. Results are kept in keykind's
cache by path, size and time of change, so that a folder is read once.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from keykind.core.cache import Cache, default_folder
from keykind.core.errors import BadPhoto, KeykindError
from keykind.core.parallel import cpu_count, disable_nested_threads
from keykind.dataset.duplicates import Bytes, near_duplicates
from keykind.dataset.listing import PhotoEntry, ReadError
from keykind.dataset.review_listing import ReviewEntry
from keykind.dataset.samples import read_sample
from keykind.predict.recogniser import Recogniser
from keykind.review.images import file_version
from keykind.review.observations import Measured, Seen
from keykind.review.queues.queue import COMPARING, MEASURING, RECOGNISING, STAGES
from keykind.review.scan_cache import ScanCache
from keykind.review.viewing import view

R = TypeVar("R")
NICENESS = 15  # of the threads; 19 is the lowest priority
REPORT = 10.0  # seconds between calls of `on_news` while a stage runs
AHEAD = 2  # photos submitted ahead, per thread
MAX_WAIT = 0.5  # seconds that a photo waits at most while the page needs the processor

Load = Callable[[], Recogniser]


class Stopped(Exception):
    """The scan was stopped while photos were compared."""


class Scan:
    """One pass over all photos, in threads of its own. What was found is read by others at any time."""

    def __init__(
        self,
        entries: Sequence[ReviewEntry],
        load: Load | None,
        on_news: Callable[[str | None], None],
        is_busy: Callable[[], bool] = lambda: False,
        before: "Scan | None" = None,
    ) -> None:
        """Prepare a scan.

        load: None leaves the photos unrecognised. on_news: called with the name of a stage when it ends, and
        now and then with None. is_busy: whether the page waits for something. before: an earlier scan, of the
        first of these photos; what it found holds until this one has looked.
        """
        self._entries, self._load, self._on_news, self._is_busy = entries, load, on_news, is_busy
        self.versions: Sequence[str] = [""] * len(entries)  # of the files, when the scan began
        self.measured: list[Measured | None] = [None] * len(entries)
        self.seen: list[Seen | None] = [None] * len(entries)
        self.clusters: Sequence[tuple[int, ...]] = ()
        if before is not None:
            self.measured[: len(before.measured)] = before.measured
            self.seen[: len(before.seen)] = before.seen
            self.clusters = before.clusters
        self.done = dict.fromkeys(STAGES, 0)
        self.ended: set[str] = set()
        self.problem: str | None = None  # why a stage could not be done
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scan", daemon=True)
        self._reported = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the photos that are at work; their results are kept."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    @property
    def is_over(self) -> bool:
        """Whether all stages have ended."""
        return self.ended == set(STAGES)

    def _run(self) -> None:
        _lower_priority()
        self._on_news(None)
        pool = ThreadPoolExecutor(max(cpu_count() - 1, 1), "scan", initializer=_prepare_worker)
        try:
            with Cache(default_folder()) as cache:
                versions = self.versions = [file_version(entry.path) for entry in self._entries]
                pairs = zip(self._entries, versions, strict=True)
                photos = [f"{entry.path.absolute()}\n{version}" for entry, version in pairs]
                self._stages(ScanCache(cache, photos, self._check), pool)
        except Stopped:
            pass
        except KeykindError as error:
            self.problem = str(error)
        finally:
            pool.shutdown(cancel_futures=True)
            if not self._stop.is_set():  # also after an error: nobody waits for what does not come
                for stage in STAGES:
                    self._end(stage)

    def _stages(self, cache: ScanCache, pool: ThreadPoolExecutor) -> None:
        for stage, work in (
            (MEASURING, self._measure),
            (COMPARING, self._compare),
            (RECOGNISING, self._recognise),
        ):
            work(cache, pool)
            if self._stop.is_set():
                return
            self._end(stage)

    def _end(self, stage: str) -> None:
        if stage not in self.ended:
            self.ended.add(stage)
            self._on_news(stage)

    def _measure(self, cache: ScanCache, pool: ThreadPoolExecutor) -> None:
        """Fill `measured`, and put fingerprints into the cache."""

        def read(photo: int) -> tuple[Measured, Bytes | None]:
            return _measured(self._entries[photo])

        new = []
        for photo in self._counted(MEASURING, range(len(self._entries))):
            self.measured[photo] = cache.measured(photo)
            if self.measured[photo] is None:
                new.append(photo)
        self.done[MEASURING] = len(self._entries) - len(new)
        for photo, (measured, fingerprint) in self._mapped(pool, read, new, cache):
            self.measured[photo] = measured
            self.done[MEASURING] += 1
            if fingerprint is not None:
                cache.add_measured(photo, measured, fingerprint)
        cache.flush()

    def _compare(self, cache: ScanCache, _: ThreadPoolExecutor) -> None:
        clusters = cache.clusters()
        if clusters is None:
            clusters = list(near_duplicates(cache))
            cache.put_clusters(clusters)
        self.clusters = clusters
        self.done[COMPARING] = len(self._entries)

    def _recognise(self, cache: ScanCache, pool: ThreadPoolExecutor) -> None:
        """Fill `seen`."""
        if self._load is None:
            return
        recogniser = self._load()
        model = recogniser.model.digest + (recogniser.detector.digest if recogniser.detector else "")

        def look(photo: int) -> Seen | None:
            try:
                return view(self._entries[photo].path, recogniser)
            except BadPhoto:  # it is in the queue of those that cannot be read
                return None

        new = []
        for photo in self._counted(RECOGNISING, range(len(self._entries))):
            self.seen[photo] = cache.seen(photo, model)
            if self.seen[photo] is None:
                new.append(photo)
        self.done[RECOGNISING] = len(self._entries) - len(new)
        for photo, seen in self._mapped(pool, look, new, cache):
            self.seen[photo] = seen
            self.done[RECOGNISING] += 1
            if seen is not None:
                cache.add_seen(photo, model, seen)
        cache.flush()

    def _counted(self, stage: str, photos: Iterable[int]) -> Iterator[int]:
        """Yield the photos until the scan is stopped, and count them."""
        for photo in photos:
            if self._stop.is_set():
                return
            self.done[stage] += 1
            yield photo

    def _mapped(
        self, pool: ThreadPoolExecutor, work: Callable[[int], R], photos: Sequence[int], cache: ScanCache
    ) -> Iterator[tuple[int, R]]:
        """Yield each photo with its result until the scan is stopped; store results now and then."""
        pending: deque[tuple[int, Future[R]]] = deque()
        waiting = iter(photos)
        while not self._stop.is_set():
            while (
                len(pending) < AHEAD * max(cpu_count() - 1, 1) and (photo := next(waiting, None)) is not None
            ):
                self._give_way()
                pending.append((photo, pool.submit(work, photo)))
            if not pending:
                return
            photo, future = pending.popleft()
            yield photo, future.result()
            if time.monotonic() - self._reported > REPORT:
                cache.flush()
                self._on_news(None)
                self._reported = time.monotonic()

    def _check(self) -> None:
        """Raise Stopped if the scan is stopped."""
        if self._stop.is_set():
            raise Stopped

    def _give_way(self) -> None:
        """Wait while the page needs the processor, but not for ever."""
        end = time.monotonic() + MAX_WAIT
        while self._is_busy() and time.monotonic() < end and not self._stop.is_set():
            time.sleep(0.01)


def _measured(entry: ReviewEntry) -> tuple[Measured, Bytes | None]:
    """Return what a photo is, and its fingerprint; of one that cannot be read, why."""
    result = read_sample(PhotoEntry(entry.path, entry.relative, entry.name, entry.folder_kind, entry.split))
    if isinstance(result, ReadError):
        return Measured(error=result.reason), None
    sample, fingerprint = result
    measured = Measured(
        None,
        sample.sha256,
        sample.width,
        sample.height,
        sample.sharpness,
        sample.brightness,
        sample.clipped,
        sample.damage,
    )
    return measured, fingerprint


def _prepare_worker() -> None:
    disable_nested_threads()
    _lower_priority()


def _lower_priority() -> None:
    """Lower the priority of this thread, where the system has priorities of threads."""
    if hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
