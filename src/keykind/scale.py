"""The work of `parallel`, done by a cluster: an engine that distributes and does nothing else.

In:    a function and items; RAY_ADDRESS, or else this machine's processors
Out:   its results, in the order of the items, whatever the number of nodes and whoever is lost on the way
Needs: ray    [scale]

Each actor is given the function once, and with it the models that it holds, as bytes. Items travel in chunks.
Ray begins lost actors anew elsewhere and gives them again what they had not finished.
"""

import logging
import os
import pickle
import re
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow
import ray
import ray.data
from ray import cloudpickle
from ray.exceptions import RayError

from keykind import __version__
from keykind.core.errors import KeykindError
from keykind.core.parallel import Engine, begin_no_threads, workers
from keykind.core.quiet import quiet, unwarned

T = TypeVar("T")
R = TypeVar("R")
CHUNK = 64  # items that travel together, at most: fewer, and Ray's own work for each chunk counts
ROUNDS = 8  # chunks for each actor, at least, where there are enough items: the last ones end together
WINDOW = 100_000  # items that the cluster is given at once, at least: only their names are in memory
SHARE_OF_WINDOW = 5_000  # the same for each actor; they begin anew with each window, which takes some seconds
STORE = 256_000_000  # bytes of shared memory that a cluster of this machine alone takes
IN_FLIGHT = 2  # chunks at an actor: one in work, one waiting
PLACE = re.compile(r"[^/]+:\d+")  # of a cluster; others are auto and ray://...
ANSWERING = 10  # seconds in which it must answer
RETRIES = 10  # of a chunk: a photo that ends each process that looks at it would be tried for ever
SHARE = 0.5  # of a processor that an actor asks for: where a node is lost, its actors find room on the others
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}  # nothing is sent, little is said


def engine(chunk: int = CHUNK) -> Engine:
    """Return an engine that sends so many items at once. Raises KeykindError if no cluster can be had."""
    connect()
    return partial(ordered, chunk=chunk)


def connect() -> None:
    """Join the cluster that RAY_ADDRESS names, or begin one of this machine alone; once in a process."""
    if ray.is_initialized():
        return
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    own: dict[str, Any] = {
        "address": "local",
        "num_cpus": workers(),
        "include_dashboard": False,
        "object_store_memory": STORE,
    }
    address = os.environ.get("RAY_ADDRESS")
    try:
        if address and PLACE.fullmatch(address):  # Ray would wait for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), ANSWERING).close()
        with quiet():
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **({} if address else own))
    except (OSError, RuntimeError, ValueError, RayError) as error:
        fault = f"cannot be joined ({_line(error, 0)})"
        remedy = "check RAY_ADDRESS and `ray status`, or leave it away for this machine alone"
        raise KeykindError(
            f"Ray cluster {address or 'of this machine'}", fault=fault, remedy=remedy
        ) from error


def ordered(work: Callable[[T], R], items: Iterable[T], chunk: int = CHUNK) -> Iterator[R]:
    """Yield work(item) for each item, in order, computed by actors; memory stays bounded for any number.

    The first exception, of the work or of the items, is raised where its result would stand.
    Raises KeykindError where the cluster fails, or its nodes have another version of keykind.
    """
    packed = cloudpickle.dumps(work)
    left, fault = iter(items), None
    while fault is None:
        window, fault = _taken(left, max(WINDOW, SHARE_OF_WINDOW * _actors()))
        if not window:
            break
        yield from _done(packed, window, chunk)
    if fault is not None:
        raise fault


def _taken(items: Iterator[T], count: int) -> tuple[list[T], Exception | None]:
    """Return the next `count` items, and what ended them if that was an exception."""
    window: list[T] = []
    try:
        window.extend(islice(items, count))
    except Exception as error:  # noqa: BLE001 - raised again where it stands
        return window, error
    return window, None


def _done(work: bytes, items: list[T], most: int) -> Iterator[Any]:
    """Yield the results of the items, in order."""
    actors = _actors()
    size = min(max(len(items) // (actors * ROUNDS), 1), most)
    chunks = [{"chunk": cloudpickle.dumps(items[at : at + size])} for at in range(0, len(items), size)]
    rows = ray.data.from_items(chunks, override_num_blocks=len(chunks))
    with unwarned("keykind"):  # Ray will take retries by another name, and has none yet
        dataset = rows.map_batches(
            _Actor,
            fn_constructor_args=(work, __version__, str(Path.cwd())),
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=SHARE,
            max_task_retries=RETRIES,
            # At least one: where a node is lost for good, the others take over what its actors had in work.
            compute=ray.data.ActorPoolStrategy(
                min_size=1, max_size=actors, initial_size=actors, max_tasks_in_flight_per_actor=IN_FLIGHT
            ),
        )
    dataset.context.execution_options.preserve_order = True
    dataset.context.enable_progress_bars = False
    try:
        for row in dataset.iter_rows():
            results, fault = pickle.loads(row["results"])  # noqa: S301 - from our own actors
            yield from results
            if fault is not None:
                raise fault
    except RayError as error:
        what = f"failed ({_line(error, -1)})"
        remedy = "see the logs of the session in /tmp/ray; has every node the same keykind and its extras?"
        raise KeykindError("Ray", fault=what, remedy=remedy) from error


def _line(error: Exception, number: int) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[number][:200]


def _actors() -> int:
    """Return how many actors keep the cluster's processors busy."""
    return max(int(ray.cluster_resources().get("CPU", 1)), 1)


class _Actor:
    """One process of the cluster: does a chunk at a time in one thread, for each core has an actor."""

    def __init__(self, work: bytes, version: str, folder: str) -> None:
        if Path(folder).is_dir():  # names of photos may begin there
            os.chdir(folder)
        self._version = version
        self._work: Callable[[Any], Any] = pickle.loads(work)  # noqa: S301 - from the process that began it

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        """Return the results of a chunk, and the exception that ended it."""
        results: list[Any] = []
        fault: Exception | None = None
        try:
            self._check()
            for item in pickle.loads(table["chunk"][0].as_py()):  # noqa: S301 - as above
                results.append(self._work(item))  # noqa: PERF401 - what was done before a fault counts
        except Exception as error:  # noqa: BLE001 - raised where its result would stand
            error.add_note(traceback.format_exc())
            fault = error
        return pyarrow.table({"results": [cloudpickle.dumps((results, fault))]})

    def _check(self) -> None:
        begin_no_threads()  # Ray may call from another thread than began us
        if self._version != __version__:
            fault = f"keykind {__version__} on a node, {self._version} where the command was given"
            raise KeykindError("Ray cluster", fault=fault, remedy="install the same version everywhere")
