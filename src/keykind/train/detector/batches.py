"""Training batches, made by worker processes: views, their features, their targets.

In:    Sources: folders of pools and hands, the trunk; a recipe; a seed
Out:   Batch(es) in order; batch n is the same in every run with the same seed, however many workers there are
Needs: numpy, opencv, ai-edge-litert                                                       [train]
"""

import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import KeykindError
from keykind.core.parallel import exit_with_parent
from keykind.train.detection_recipes import DetectorRecipe
from keykind.train.detector.clutter import read_things
from keykind.train.detector.features import Trunk
from keykind.train.detector.holding import read_hands
from keykind.train.detector.pool import ScenePool
from keykind.train.detector.targets import target_rows
from keykind.train.detector.views import Pools, training_view

PREFETCH = 2  # batches requested per process: one in the making, one waiting
NICENESS = 5  # of the workers: the training step, which waits for their batches, goes first

Batch = tuple[list[NDArray[np.float16]], NDArray[np.float32]]  # feature maps (n, h, w, c); targets (n, ...)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a worker process finds what views are made of."""

    scenes: Path  # folders of pools
    backgrounds: Path
    marked: Path | None
    hands: Path | None  # folders of PNG files
    things: Path | None = None

    def open(self) -> Pools:
        """Return the pools."""
        return Pools(
            ScenePool(self.scenes),
            ScenePool(self.backgrounds),
            read_hands(self.hands) if self.hands else (),
            ScenePool(self.marked) if self.marked else None,
            read_things(self.things) if self.things else (),
        )


class BatchMaker:
    """Makes any batch of a training, given its number."""

    def __init__(self, pools: Pools, trunk: Trunk, recipe: DetectorRecipe, seed: int) -> None:
        self._pools, self._trunk, self._recipe, self._seed = pools, trunk, recipe, seed

    def __call__(self, number: int) -> Batch:
        """Return batch `number`."""
        features, targets = [], []
        for i in range(self._recipe.batch):
            view = training_view(self._pools, self._recipe, np.random.default_rng([self._seed, number, i]))
            features.append(self._trunk(view.image))
            targets.append(target_rows(view.keys))
        return [np.stack(maps) for maps in zip(*features, strict=True)], np.stack(targets)


def batches(
    sources: Sources, trunk: bytes, recipe: DetectorRecipe, seed: int, numbers: Iterable[int], processes: int
) -> Generator[Batch, None, None]:
    """Yield the batches of these numbers, in order, made by a number of processes.

    Raises what opening the pools raises, and KeykindError if a worker was killed.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)  # workers live while this process holds `sender`
    pool = ProcessPoolExecutor(
        processes, context, initializer=_start, initargs=(receiver, sources, trunk, recipe, seed)
    )
    pending: deque[Future[Batch]] = deque()
    try:
        for number in numbers:
            pending.append(pool.submit(_make, number))
            if len(pending) >= PREFETCH * processes:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        fault = "was killed, perhaps because memory ran out"
        raise KeykindError("worker", fault=fault, remedy="run the same command again: it resumes") from error
    finally:
        sender.close()
        pool.shutdown(wait=False, cancel_futures=True)
        receiver.close()


_maker: BatchMaker  # of a worker process


def _start(receiver: Connection, sources: Sources, trunk: bytes, recipe: DetectorRecipe, seed: int) -> None:
    """Prepare a worker process."""
    global _maker  # noqa: PLW0603 - a process pool has no other place for what its workers keep
    exit_with_parent(receiver)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    cv2.setNumThreads(1)
    _maker = BatchMaker(sources.open(), Trunk(trunk), recipe, seed)


def _make(number: int) -> Batch:
    return _maker(number)
