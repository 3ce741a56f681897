"""Photos per second of the HTTP service, its latency, and its behaviour under overload.

    python benchmarks/serve.py PHOTOS [--run RUN] [--seconds 60] [--overload 600] [--workers 2] [--write]

In:    PHOTOS: a folder of 12-megapixel photos; RUN: a finished run, else the models that ship are served
Out:   the rate of the folder without a service; capacity, latency at 80% of it, twice the capacity for a long
       time, a worker killed under load; with RUN also the capacity of a plain service of FastAPI and Keras
       that classifies whole photos; with --write also in docs/benchmarks.md
Needs: Linux; keykind[serve], httpx2; with RUN keykind[train]

Clients and service share the cores: the clients are asyncio tasks of this process, with httpx2. Capacity is
measured in a closed loop, with a few clients that send the next request as soon as one is answered;
everything else in an open loop, with requests at random moments (a Poisson process).

Targets: 25 photos/s of 12 megapixels, or 65% of the folder's rate; p99 under 1 s at 80% of that load; at
twice the capacity every accepted request answered and the rest 503, constant memory under 700 MB, no error in
the log; kill -9 of a worker loses only its own requests.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from http_load import CLIENTS, LOST, TIMEOUT, Load, LoadGenerator
from keykind.core.parallel import cpu_count
from keykind.photo.source import NamedPhoto
from keykind.predict.recogniser import Recogniser
from memory import resident
from table import markdown, section, write_section

PEERS = Path(__file__).parent / "peers"
LOAD_SHARE = 0.8  # of the capacity, for the latency
START_TIMEOUT = 300  # seconds until a service answers: TensorFlow takes long
PACKAGES = ("fastapi", "uvicorn", "httptools", "uvloop", "httpx2", "ai-edge-litert", "pillow")


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    process: subprocess.Popen[bytes]
    url: str  # of the route
    log: Path

    def processes(self) -> list[int]:
        """Return the ids of the process and its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def memory(self) -> int:
        """Return the sum of the resident sets of all its processes, in bytes; shared pages count for each."""
        return sum(map(resident, self.processes()))

    def lines(self) -> list[str]:
        """Return the lines of its log."""
        return self.log.read_text("utf-8").splitlines()

    def workers(self) -> list[int]:
        """Return the ids of its workers, ended ones too, in the order of their start."""
        return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", "\n".join(self.lines()))]

    def errors(self) -> list[str]:
        """Return the lines of the log that are errors or not JSON."""
        return [
            line for line in self.lines() if not line.startswith("{") or json.loads(line)["level"] == "error"
        ]


@contextmanager
def running(command: Sequence[str], route: str, port: int, **environment: str) -> Iterator[Service]:
    """Run a service; yield it once it answers."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("ab") as stream:
            process = subprocess.Popen(command, stdout=stream, stderr=stream, env=os.environ | environment)
        service = Service(process, f"http://127.0.0.1:{port}{route}", log)
        try:
            _wait_for(service, port)
            yield service
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT)


def _wait_for(service: Service, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            httpx2.get(f"http://127.0.0.1:{port}/openapi.json", timeout=TIMEOUT)
        except httpx2.TransportError:
            if service.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("\n".join(service.lines())) from None
            time.sleep(0.2)
        else:
            return


def keykind_service(model: Path | None, port: int, workers: int) -> list[str]:
    """Return the command of keykind's service; model None: the one that ships."""
    options = ["--model", str(model)] if model else []
    options += ["--port", str(port), "--workers", str(workers)]
    return [sys.executable, "-m", "keykind", "serve", *options]


def peer_service(port: int, workers: int) -> list[str]:
    """Return the command of the plain service."""
    options = [
        "--app-dir",
        str(PEERS),
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--log-level",
        "warning",
    ]
    return [sys.executable, "-m", "uvicorn", "keras_service:app", *options]


def folder_rate(model: Path | None, photos: Sequence[bytes], seconds: float) -> float:
    """Return the photos/s that keykind answers in this process, after start-up, without a service."""
    recogniser, sources = Recogniser.load(model), [NamedPhoto("photo.jpg", data) for data in photos]
    for _ in recogniser.recognise_many(sources):  # creates the interpreters
        pass
    start = time.perf_counter()
    for count, _ in enumerate(recogniser.recognise_many(cycle(sources)), start=1):
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return count / elapsed
    raise RuntimeError("there are no photos")


async def kill_under_load(
    generator: LoadGenerator, service: Service, rate: float, seconds: float
) -> tuple[Load, float]:
    """Kill a worker halfway; return the load, and the seconds until its replacement serves."""
    before = len(service.workers())

    async def kill() -> float:
        await asyncio.sleep(seconds / 2)
        os.kill(service.workers()[0], signal.SIGKILL)
        start = time.monotonic()
        while len(service.workers()) == before:
            await asyncio.sleep(0.5)  # reading a long log takes time, too
        return time.monotonic() - start

    load, replaced = await asyncio.gather(generator.open_loop(rate, seconds), kill())
    return load, replaced


async def measure(options: argparse.Namespace, photos: Sequence[bytes]) -> str:
    """Measure the folder, keykind's service and with a run its peer, and return the section."""
    model = options.run / "keys.tflite" if options.run else None
    folder = folder_rate(model, photos, options.seconds)
    command = keykind_service(model, options.port, options.workers)
    with running(command, "/v1/recognise", options.port) as service:
        generator = LoadGenerator(service.url, photos, service.memory)
        capacity = await generator.closed_loop(options.seconds)
        rate = LOAD_SHARE * capacity.rate
        moderate = await generator.open_loop(rate, options.seconds)
        overload = await generator.open_loop(2 * capacity.rate, options.overload)
        errors = service.errors()
        killed, seconds = await kill_under_load(generator, service, rate, options.seconds)
    rows = {
        f"{CLIENTS} clients, as fast as possible": capacity,
        f"{LOAD_SHARE:.0%} of that, at random": moderate,
        f"2 times that, at random, {overload.seconds:.0f} s": overload,
    }
    peer = await measure_peer(options, photos) if options.run else None
    if peer:
        rows[f"peer: FastAPI and Keras, {CLIENTS} clients"] = peer
    return "\n\n".join(
        [
            load_text(rows),
            rate_text(capacity, folder, peer),
            f"Errors in the service's log: {len(errors)}.",
            kill_text(killed, seconds, options.workers),
        ]
    )


async def measure_peer(options: argparse.Namespace, photos: Sequence[bytes]) -> Load:
    """Return the capacity of the plain service."""
    command, model = peer_service(options.port, options.workers), str(options.run / "model.keras")
    with running(command, "/predict", options.port, MODEL=model) as service:
        generator = LoadGenerator(service.url, photos, service.memory)
        return await generator.closed_loop(options.seconds)


def load_text(loads: Mapping[str, Load]) -> str:
    """Return the loads as a Markdown table, a row each."""

    def row(name: str, load: Load) -> list[str]:
        rest = sum(load.statuses.values()) - load.statuses[200] - load.statuses[503]
        latencies = [f"{load.percentile(share):.2f}" for share in (0.5, 0.99)]
        early, peak = load.memory[len(load.memory) // 10] / 1e6, max(load.memory) / 1e6
        counts = [f"{load.statuses[200]:,}", f"{load.statuses[503]:,}", f"{rest:,}"]
        return [name, f"{load.rate:.1f}", *latencies, *counts, f"{early:.0f}", f"{peak:.0f}"]

    header = ["", "photos/s", "s, median", "s, p99", "answered", "503", "other", "MB early", "MB peak"]
    table = markdown(header, [row(name, load) for name, load in loads.items()])
    return f"""12-megapixel photos, one per form, over loopback. Memory is the sum of the resident
sets of all processes.

{table}"""


def rate_text(capacity: Load, folder: float, peer: Load | None) -> str:
    """Return the service's photos/s beside those of the same photos without a service, and of the peer."""
    text = f"""Without a service, `recognise_many` answers {folder:.1f} photos/s in one process, measured
before with the same photos; the service reaches **{capacity.rate / folder:.0%}** of that (target: 25
photos/s, or 65%)."""
    if peer is None:
        return text
    return f"{text} It answers {capacity.rate / peer.rate:.1f} times the peer's photos/s."


def kill_text(load: Load, seconds: float, workers: int) -> str:
    """Return the effect of a killed worker as Markdown."""
    sent, answered = sum(load.statuses.values()), load.statuses[200]
    return f"""One of {workers} workers killed (`kill -9`) at {LOAD_SHARE:.0%} of the load: of {sent:,}
requests {load.statuses[LOST]} were lost, {load.statuses[503]} refused, {answered:,} answered; a new worker
was serving after {seconds:.1f} s."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder of 12-megapixel photos")
    parser.add_argument(
        "--run", type=Path, metavar="RUN", help="a finished run (default: the shipped models)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=60,
        help="of each load except the overload (default: %(default)s)",
    )
    parser.add_argument(
        "--overload", type=float, default=600, help="seconds of twice the capacity (default: %(default)s)"
    )
    parser.add_argument(
        "--workers", type=int, default=cpu_count(), help="per service (default: one per core)"
    )
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    options.port = free_port()
    photos = [path.read_bytes() for path in sorted(options.photos.glob("*.jpg"))]
    text = asyncio.run(measure(options, photos))
    lengths = f"--seconds {options.seconds:g} --overload {options.overload:g}"
    run = " --run RUN" if options.run else ""
    command = f"python benchmarks/serve.py PHOTOS{run} {lengths}"
    packages = [*PACKAGES, "keras"] if options.run else PACKAGES
    page = section("The service", text, command=command, packages=packages)
    print(page)
    if options.write:
        write_section("serve", page)


if __name__ == "__main__":
    main()
