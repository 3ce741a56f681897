"""`keykind review` in its own process, for tests that need real sockets and signals."""

import json
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

DEADLINE = 60  # seconds
CODE = """
import sys
from pathlib import Path
from keykind.review import server
page = Path(sys.argv.pop(1))
server.page_files = lambda: {"index.html": page}
from keykind.cli.main import main
sys.exit(main())
"""


class ReviewServer:
    """A running `keykind review` on a free port; a context that ends it."""

    def __init__(self, photos: Path, page: Path, *options: object) -> None:
        command = [sys.executable, "-c", CODE, str(page), "review", str(photos), "--port", "0", "--no-open"]
        self.process = subprocess.Popen(
            [*command, *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.errors: list[str] = []
        self._reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self._reader.start()
        line = self.process.stdout.readline()
        match = re.search(r"(http://\S+/)\?token=(\S+)", line)
        assert match, (line, self.errors)
        self.url, self.token = match[1], match[2]

    def __enter__(self) -> "ReviewServer":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def stop(self, number: int = signal.SIGINT) -> int:
        """End the process with a signal; return its exit status."""
        self.process.send_signal(number)
        status = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return status

    def request(self, path: str, body: object = None, method: str = "GET") -> tuple[int, dict]:
        """Return status and JSON of a request with the token."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"x-keykind-token": self.token, "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method="POST" if data else method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def decide(self, photo: int, **cells: object) -> tuple[int, dict]:
        """Decide about a photo as it is now."""
        version = cells.pop("version", None)
        if version is None:
            version = self.request(f"api/photos/{photo}")[1]["version"]
        change = {"photo": photo, "version": version} | cells
        return self.request("api/decisions", {"queue": "all", "item": str(photo), "changes": [change]})
