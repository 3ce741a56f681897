"""A running review desk for tests in browsers.

In:    a folder of photos, the built page, a model file
Out:   ReviewHost: its address with the token, the desk, the rows of labels.csv
Needs: fastapi, uvicorn    [serve]
"""

import csv
import threading
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn

from desks import DEADLINE, TOKEN
from keykind.review.access import Access
from keykind.review.app import create_app
from keykind.review.desk import Desk, Settings
from keykind.review.page_files import page_files
from keykind.serve.server import listen

ADDRESS = "127.0.0.1"
OPENING = f"?token={TOKEN}"  # the path of the page with the token


class ReviewHost:
    """Serves a desk in a thread; it can be stopped, and started again on the same port."""

    def __init__(self, photos: Path, page: Path, model: Path) -> None:
        self.photos, self._page, self._model = photos, page, model
        self.port = 0
        self.start()

    def start(self) -> None:
        """Serve, from new: the desk reads the folder again."""
        listener = listen(ADDRESS, self.port)
        self.port = listener.getsockname()[1]
        self.url = f"http://{ADDRESS}:{self.port}/"
        self.desk = Desk(Settings(self.photos, reviewer="ann", model=self._model))
        access = Access(TOKEN, self.port, frozenset({f"{ADDRESS}:{self.port}"}))
        app = create_app(self.desk, access, page_files(self._page))
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, as if the program had ended."""
        self._server.should_exit = True
        self._thread.join(30)

    def wait_for_queues(self) -> None:
        """Wait until all queues are computed: a page that is opened then asks for nothing by itself."""
        end = time.monotonic() + DEADLINE
        while any(queue["state"] == "working" for queue in self.desk.state()["queues"]):
            assert time.monotonic() < end, self.desk.state()
            time.sleep(0.05)

    def wait_for_rows(self, is_there: Callable[[dict[str, dict[str, str]]], object]):
        """Wait until labels.csv is as expected, and return its rows."""
        end = time.monotonic() + DEADLINE
        while not is_there(rows := self.rows()):
            assert time.monotonic() < end, rows
            time.sleep(0.05)
        return rows

    def rows(self) -> dict[str, dict[str, str]]:
        """Return what labels.csv says, by the photos' paths."""
        path = self.photos / "labels.csv"
        if not path.exists():
            return {}
        with path.open(encoding="utf-8", newline="") as file:
            return {row["path"]: row for row in csv.DictReader(file)}
