"""A service in its own processes, for tests that need real sockets and signals.

In:    options of `keykind serve`
Out:   Service: its URL, its log, its workers
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

DEADLINE = 120  # seconds; a busy computer is slow to start it


class Service:
    """A running `keykind serve` on a free port; keep_alive: instead of the usual seconds, to save time."""

    def __init__(
        self, *options: object, workers: int = 1, keep_alive: int | None = None, **environment: str
    ) -> None:
        code = f"from keykind.serve import server; server.KEEP_ALIVE = {keep_alive}\n"
        code += "import sys; from keykind.cli.main import main; sys.exit(main())"
        program = ["-c", code] if keep_alive else ["-m", "keykind"]
        command = [sys.executable, *program, "serve", "--port", "0", "--workers", str(workers)]
        self.process = subprocess.Popen(
            [*command, *map(str, options)],
            stdout=subprocess.PIPE,  # one line: the addresses to open
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.wait_for("Application startup complete.", workers)
        self.url = self.logged("listening")[0]["url"].removesuffix("/")
        self.port = int(self.url.rpartition(":")[2])

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line)

    def logged(self, message: str) -> list[dict[str, object]]:
        """Return the log lines with a message."""
        return [line for line in map(json.loads, list(self.lines)) if line["message"] == message]

    def wait_for(self, message: str, count: int = 1) -> list[dict[str, object]]:
        """Wait until a message was logged `count` times; return its lines."""
        deadline = time.monotonic() + DEADLINE
        while len(lines := self.logged(message)) < count:
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.05)
        return lines

    @property
    def workers(self) -> list[int]:
        """Return the process IDs of all workers, including those that have ended, by time of start."""
        return [
            int(match[1]) for match in re.finditer(r"Started server process \[(\d+)\]", "".join(self.lines))
        ]

    def worker_of(self, request_id: str) -> int:
        """Return the ID of the process that answered a request."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            for line in self.logged("answered"):
                if line["id"] == request_id:
                    return int(line["process"])
            time.sleep(0.05)
        raise AssertionError(f"{request_id} was not answered: {self.lines}")

    def stop(self) -> int:
        """Stop the service with SIGTERM; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(DEADLINE)
        self._reader.join()
        return status

    def post(self, photo: bytes, route: str = "recognise", **options: object) -> httpx2.Response:
        """Send a photo as the body of a request."""
        headers = {"content-type": "image/jpeg"} | options.pop("headers", {})
        return httpx2.post(
            f"{self.url}/v1/{route}", content=photo, headers=headers, timeout=DEADLINE, **options
        )

    def raw(self, data: bytes) -> socket.socket:
        """Return a connection over which bytes were sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)
        connection.sendall(data)
        return connection


def read_all(connection: socket.socket) -> bytes:
    """Return what arrives until the other side closes the connection."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def random_photo(width: int = 64, height: int = 48, kind: str = "JPEG", seed: int = 0) -> bytes:
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
