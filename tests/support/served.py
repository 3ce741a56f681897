"""A service in processes of its own, for tests of what only those show.

In:    options of `keykind serve`
Out:   Served: where it listens, what it noted, its workers
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from io import BytesIO

import httpx2
import numpy as np
from PIL import Image

PATIENCE = 120  # seconds; a busy computer takes long to begin


class Served:
    def __init__(self, *options: object, workers: int = 1, **environment: str) -> None:
        command = [sys.executable, "-m", "keykind", "serve", "--port", "0", "--workers", str(workers)]
        self.process = subprocess.Popen(
            [*command, *map(str, options)],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.wait_for("Application startup complete.", workers)
        self.url = self.noted("listening")[0]["url"].removesuffix("/")
        self.port = int(self.url.rpartition(":")[2])

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line)

    def noted(self, message: str) -> list[dict[str, object]]:
        return [line for line in map(json.loads, list(self.lines)) if line["message"] == message]

    def wait_for(self, message: str, count: int = 1) -> list[dict[str, object]]:
        latest = time.monotonic() + PATIENCE
        while len(noted := self.noted(message)) < count:
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < latest, self.lines
            time.sleep(0.05)
        return noted

    @property
    def workers(self) -> list[int]:
        """Every one that was ever begun."""
        return [
            int(found[1]) for found in re.finditer(r"Started server process \[(\d+)\]", "".join(self.lines))
        ]

    def worker_of(self, name: str) -> int:
        """Return the process that answered the request of that id."""
        latest = time.monotonic() + PATIENCE
        while time.monotonic() < latest:
            for line in self.noted("answered"):
                if line["id"] == name:
                    return int(line["process"])
            time.sleep(0.05)
        raise AssertionError(f"{name} was not answered: {self.lines}")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self._reader.join()
        return status

    def post(self, photo: bytes, route: str = "recognise", **options: object) -> httpx2.Response:
        headers = {"content-type": "image/jpeg"} | options.pop("headers", {})
        return httpx2.post(
            f"{self.url}/v1/{route}", content=photo, headers=headers, timeout=PATIENCE, **options
        )

    def raw(self, data: bytes) -> socket.socket:
        """Return a connection on which bytes were sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.sendall(data)
        return connection


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def picture(width: int = 64, height: int = 48, kind: str = "JPEG", seed: int = 0) -> bytes:
    """Return a photo of random colours."""
    stream = BytesIO()
    colours = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    Image.fromarray(colours.repeat(8, 0).repeat(8, 1)).save(stream, kind)
    return stream.getvalue()


def blank(width: int, height: int) -> bytes:
    """Return a PNG of few bytes and many pixels."""
    stream = BytesIO()
    Image.new("RGB", (width, height), "navy").save(stream, "PNG", compress_level=1)
    return stream.getvalue()
