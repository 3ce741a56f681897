"""How many photos a second the service answers, how soon, and what becomes of too many.

    python benchmarks/serve.py RUN PHOTOS [--seconds 60] [--overload 600] [--workers 2] [--write]

In:    RUN: a finished run; PHOTOS: a folder of 12-megapixel photos
Out:   capacity, latency at 80% of it, twice of it for a long time, a worker killed under load; beside it a
       plain service of FastAPI and Keras; docs/benchmarks.md
Needs: Linux; keykind[serve,train], httpx2

Clients and service share the processors: the clients are asyncio tasks of this process, with httpx2. Capacity
is measured with a few clients that ask again as soon as they are answered; everything else with requests that
come at random moments (a Poisson process) whether or not others were answered.

Targets: 25 photos/s of 12 megapixels; p99 under 1 s at 80% of that load; at twice the capacity every
accepted request answered and the rest 503, memory flat and under 700 MB, no error in the log; kill -9 of a
worker loses only its own requests.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from asking import CLIENTS, LOST, PATIENCE, Asker, Load
from keykind.core import parallel
from memory import resident
from table import markdown, section, write_section

PEERS = Path(__file__).parent / "peers"
SHARE = 0.8  # of the capacity at which the latency is told
BEGINNING = 300  # seconds at most until a service answers: TensorFlow takes long
PACKAGES = ("fastapi", "uvicorn", "httptools", "uvloop", "httpx2", "ai-edge-litert", "pillow", "keras")


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs."""

    process: subprocess.Popen[bytes]
    url: str  # that is asked
    log: Path

    def processes(self) -> list[int]:
        """Return the numbers of the process and its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def memory(self) -> int:
        """Return the resident sets of all its processes, in bytes; what they share counts for each."""
        return sum(map(resident, self.processes()))

    def lines(self) -> list[str]:
        """Return what it has noted so far."""
        return self.log.read_text("utf-8").splitlines()

    def workers(self) -> list[int]:
        """Return its workers, also those that have ended, by when they began to serve."""
        return [
            int(number) for number in re.findall(r"Started server process \[(\d+)\]", "\n".join(self.lines()))
        ]

    def faults(self) -> list[str]:
        """Return the lines of errors, and those that are no JSON."""
        return [
            line for line in self.lines() if not line.startswith("{") or json.loads(line)["level"] == "error"
        ]


@contextmanager
def running(command: Sequence[str], route: str, port: int, **environment: str) -> Iterator[Service]:
    """Give a service that answers."""
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
            process.wait(PATIENCE)


def _wait_for(service: Service, port: int) -> None:
    latest = time.monotonic() + BEGINNING
    while True:
        try:
            httpx2.get(f"http://127.0.0.1:{port}/openapi.json", timeout=PATIENCE)
        except httpx2.TransportError:
            if service.process.poll() is not None or time.monotonic() > latest:
                raise RuntimeError("\n".join(service.lines())) from None
            time.sleep(0.2)
        else:
            return


def keykind_service(run: Path, port: int, workers: int) -> list[str]:
    """Return the command of keykind's service."""
    options = ["--model", str(run / "keys.tflite"), "--port", str(port), "--workers", str(workers)]
    return [sys.executable, "-m", "keykind", "serve", *options]


def peer_service(port: int, workers: int) -> list[str]:
    """Return the command of the plain one."""
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


async def killed_under_load(
    asker: Asker, service: Service, rate: float, seconds: float
) -> tuple[Load, float]:
    """Kill a worker in the middle; return the load, and the seconds until another serves in its place."""
    before = len(service.workers())

    async def kill() -> float:
        await asyncio.sleep(seconds / 2)
        os.kill(service.workers()[0], signal.SIGKILL)
        start = time.monotonic()
        while len(service.workers()) == before:
            await asyncio.sleep(0.5)  # reading a long log costs time, too
        return time.monotonic() - start

    load, replaced = await asyncio.gather(asker.at_random(rate, seconds), kill())
    return load, replaced


async def measured(options: argparse.Namespace, photos: Sequence[bytes]) -> str:
    """Measure keykind's service and its peer, and return the section."""
    with running(
        keykind_service(options.run, options.port, options.workers), "/v1/recognise", options.port
    ) as service:
        asker = Asker(service.url, photos, service.memory)
        full = await asker.again_and_again(options.seconds)
        calm = await asker.at_random(SHARE * full.rate, options.seconds)
        flood = await asker.at_random(2 * full.rate, options.overload)
        faults = service.faults()
        kill, replaced = await killed_under_load(asker, service, SHARE * full.rate, options.seconds)
    peer_command = peer_service(options.port, options.workers)
    with running(peer_command, "/predict", options.port, MODEL=str(options.run / "model.keras")) as service:
        peer = await Asker(service.url, photos, service.memory).again_and_again(options.seconds)
    return told(full, calm, flood, faults, peer) + told_of_kill(kill, replaced, options.workers)


def told(full: Load, calm: Load, flood: Load, faults: Sequence[str], peer: Load) -> str:
    """Return capacity, latency and overload as Markdown."""

    def row(name: str, load: Load) -> list[str]:
        rest = sum(load.statuses.values()) - load.statuses[200] - load.statuses[503]
        times = [f"{load.percentile(share):.2f}" for share in (0.5, 0.99)]
        first, most = load.memory[len(load.memory) // 10] / 1e6, max(load.memory) / 1e6
        counts = [f"{load.statuses[200]:,}", f"{load.statuses[503]:,}", f"{rest:,}"]
        return [name, f"{load.rate:.1f}", *times, *counts, f"{first:.0f}", f"{most:.0f}"]

    head = ["", "photos/s", "s, median", "s, p99", "answered", "503", "else", "MB, early", "MB, most"]
    rows = [
        row(f"{CLIENTS} clients, as fast as it goes", full),
        row(f"{SHARE:.0%} of that, at random", calm),
        row(f"2 times that, at random, {flood.seconds:.0f} s", flood),
        row(f"peer: FastAPI and Keras, {CLIENTS} clients", peer),
    ]
    return f"""Photos of 12 megapixels, each in a form of its own, over loopback. Memory adds up the resident
sets of all processes.

{markdown(head, rows)}

{full.rate / peer.rate:.1f} times the peer's photos/s. Errors in the service's log: {len(faults)}."""


def told_of_kill(load: Load, replaced: float, workers: int) -> str:
    """Return what a killed worker cost as Markdown."""
    asked, answered = sum(load.statuses.values()), load.statuses[200]
    return f"""

One of {workers} workers killed (`kill -9`) at {SHARE:.0%} of the load: of {asked:,} requests
{load.statuses[LOST]} were lost, {load.statuses[503]} sent away, {answered:,} answered; another worker served
after {replaced:.1f} s."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as place:
        return int(place.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder of 12-megapixel photos")
    parser.add_argument(
        "--seconds",
        type=float,
        default=60,
        help="of each load but that of twice the capacity (default: %(default)s)",
    )
    parser.add_argument(
        "--overload", type=float, default=600, help="that of twice the capacity (default: %(default)s)"
    )
    parser.add_argument(
        "--workers", type=int, default=parallel.workers(), help="of each (default: a core each)"
    )
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    options.port = free_port()
    photos = [path.read_bytes() for path in sorted(options.photos.glob("*.jpg"))]
    text = asyncio.run(measured(options, photos))
    lengths = f"--seconds {options.seconds:g} --overload {options.overload:g}"
    command = f"python benchmarks/serve.py RUN PHOTOS {lengths}"
    page = section("The service", text, command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("serve", page)


if __name__ == "__main__":
    main()
