"""A parallel map over a Ray cluster: distributes work and nothing else.

In:    a function and items; RAY_ADDRESS, or else this machine's CPUs
Out:   its results in the order of the items, whatever the number of nodes and whichever are lost meanwhile
Needs: ray, pyarrow    [scale]

Each actor receives the pickled function, including its models, once. Items are sent in chunks. Ray restarts
lost actors on other nodes and resubmits their unfinished chunks.
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
from keykind.core.parallel import Engine, cpu_count, disable_nested_threads
from keykind.core.process import keep_freed_memory
from keykind.core.quiet import quiet, suppress_warnings

T = TypeVar("T")
R = TypeVar("R")
CHUNK_SIZE = 64  # maximum items sent at once; Ray's overhead per chunk is noticeable for smaller ones
MIN_CHUNKS_PER_ACTOR = 8  # if there are enough items; lets all actors finish at about the same time
MIN_WINDOW = 100_000  # items submitted at once; only their names are in memory
WINDOW_PER_ACTOR = 5_000  # items, if that is more; each window starts new actors, which takes seconds
OBJECT_STORE_BYTES = 256_000_000  # shared memory of a cluster on this machine only
TASKS_PER_ACTOR = 2  # chunks: one running, one waiting
HOST_PORT = re.compile(r"[^/]+:\d+")  # one form of a cluster's address; others are auto and ray://...
CONNECT_TIMEOUT = 10  # seconds
MAX_RETRIES = 10  # of a chunk; otherwise an item that crashes its process would be retried for ever
CPUS_PER_ACTOR = 0.5  # requested, so that the actors of a lost node find room on the others
RAY_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}  # no telemetry, few logs


def engine(chunk_size: int = CHUNK_SIZE) -> Engine:
    """Return `ray_map` with a chunk size, connected to a cluster. Raises KeykindError if there is none."""
    connect()
    return partial(ray_map, chunk_size=chunk_size)


def connect() -> None:
    """Connect to the cluster of RAY_ADDRESS, or start one on this machine; once per process.

    Raises KeykindError.
    """
    if ray.is_initialized():
        return
    for name, value in RAY_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    local: dict[str, Any] = {
        "address": "local",
        "num_cpus": cpu_count(),
        "include_dashboard": False,
        "object_store_memory": OBJECT_STORE_BYTES,
    }
    address = os.environ.get("RAY_ADDRESS")
    try:
        if address and HOST_PORT.fullmatch(address):  # Ray itself would retry for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT).close()
        with quiet():
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **({} if address else local))
    except (OSError, RuntimeError, ValueError, RayError) as error:
        fault = f"cannot be reached ({_line(error, 0)})"
        remedy = "check RAY_ADDRESS and `ray status`, or unset RAY_ADDRESS to use this machine alone"
        raise KeykindError(
            f"Ray cluster {address or 'on this machine'}", fault=fault, remedy=remedy
        ) from error


def ray_map(work: Callable[[T], R], items: Iterable[T], chunk_size: int = CHUNK_SIZE) -> Iterator[R]:
    """Yield work(item) for each item, in order, computed by actors with bounded memory.

    The first exception, from the work or from the items, is raised in place of its result.
    Raises KeykindError if the cluster fails, or a node has another version of keykind.
    """
    pickled = cloudpickle.dumps(work)
    remaining, error = iter(items), None
    while error is None:
        window, error = _take(remaining, max(MIN_WINDOW, WINDOW_PER_ACTOR * _actor_count()))
        if not window:
            break
        yield from _map_window(pickled, window, chunk_size)
    if error is not None:
        raise error


def _take(items: Iterator[T], count: int) -> tuple[list[T], Exception | None]:
    """Return the next `count` items, and the exception that ended them early, if any."""
    window: list[T] = []
    try:
        window.extend(islice(items, count))
    except Exception as error:  # noqa: BLE001 - raised again in place of the item
        return window, error
    return window, None


def _map_window(work: bytes, items: list[T], chunk_size: int) -> Iterator[Any]:
    """Yield the results of the items, in order."""
    actors = _actor_count()
    size = min(max(len(items) // (actors * MIN_CHUNKS_PER_ACTOR), 1), chunk_size)
    chunks = [{"chunk": cloudpickle.dumps(items[i : i + size])} for i in range(0, len(items), size)]
    rows = ray.data.from_items(chunks, override_num_blocks=len(chunks))
    with suppress_warnings("keykind"):  # Ray deprecates max_task_retries, and has no replacement yet
        dataset = rows.map_batches(
            _Actor,
            fn_constructor_args=(work, __version__, str(Path.cwd())),
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=CPUS_PER_ACTOR,
            max_task_retries=MAX_RETRIES,
            # min_size=1: if a node is lost for good, the remaining actors take over its chunks.
            compute=ray.data.ActorPoolStrategy(
                min_size=1,
                max_size=actors,
                initial_size=actors,
                max_tasks_in_flight_per_actor=TASKS_PER_ACTOR,
            ),
        )
    dataset.context.execution_options.preserve_order = True
    dataset.context.enable_progress_bars = False
    try:
        for row in dataset.iter_rows():
            results, error = pickle.loads(row["results"])  # noqa: S301 - from our own actors
            yield from results
            if error is not None:
                raise error
    except RayError as error:
        fault = f"failed ({_line(error, -1)})"
        remedy = "see the session's logs in /tmp/ray; every node needs the same keykind with its extras"
        raise KeykindError("Ray", fault=fault, remedy=remedy) from error


def _line(error: Exception, index: int) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[index][:200]


def _actor_count() -> int:
    """Return the number of actors that keeps the cluster's CPUs busy."""
    return max(int(ray.cluster_resources().get("CPU", 1)), 1)


class _Actor:
    """A process of the cluster. Works in one thread, one chunk at a time, as every CPU has its own actor."""

    def __init__(self, work: bytes, version: str, folder: str) -> None:
        keep_freed_memory()
        if Path(folder).is_dir():  # photos' paths may be relative to it
            os.chdir(folder)
        self._version = version
        self._work: Callable[[Any], Any] = pickle.loads(work)  # noqa: S301 - from the driver

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        """Return the results of a chunk, and the exception that ended it, if any."""
        results: list[Any] = []
        caught: Exception | None = None
        try:
            self._prepare()
            for item in pickle.loads(table["chunk"][0].as_py()):  # noqa: S301 - from the driver
                results.append(self._work(item))  # noqa: PERF401 - results before an exception are kept
        except Exception as error:  # noqa: BLE001 - raised by the driver in place of the result
            error.add_note(traceback.format_exc())
            caught = error
        return pyarrow.table({"results": [cloudpickle.dumps((results, caught))]})

    def _prepare(self) -> None:
        disable_nested_threads()  # Ray may call from another thread than the constructor's
        if self._version != __version__:
            fault = f"has keykind {__version__} on a node, but {self._version} on the driver"
            raise KeykindError("Ray cluster", fault=fault, remedy="install the same version everywhere")
