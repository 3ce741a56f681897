"""A review desk for tests: a folder of drawn keys, a client with the token, waiting for the background."""

import time
from pathlib import Path

import numpy as np
from fastapi.testclient import TestClient

from drawings import draw_key
from keykind.review.access import Access
from keykind.review.app import create_app
from keykind.review.desk import Desk, Settings

TOKEN = "a-token-for-tests"
HOST = "127.0.0.1:8501"
DEADLINE = 60  # seconds


def draw_kinds(folder: Path, count: int = 3, kinds=("cylinder", "dimple"), seed: int = 0) -> Path:
    """Write drawings into folder/<kind>/<kind>-0.jpg, without splits."""
    rng = np.random.default_rng(seed)
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
        for i in range(count):
            draw_key(kind, rng).save(folder / kind / f"{kind}-{i}.jpg")
    return folder


class DeskClient(TestClient):
    """Sends requests as the page does; a context, in which the desk's background work runs."""

    def __init__(self, photos: Path, page: Path, **settings: object) -> None:
        self.desk = Desk(Settings(photos, **{"reviewer": "ann"} | settings))
        access = Access(TOKEN, 8501, frozenset({HOST}))
        app = create_app(self.desk, access, {"index.html": page})
        super().__init__(app, base_url=f"http://{HOST}", headers={"x-keykind-token": TOKEN})

    def state(self) -> dict:
        return self.get("/api/state").json()

    def queues(self) -> dict[str, dict]:
        return {queue["id"]: queue for queue in self.state()["queues"]}

    def items(self, queue: str) -> list[dict]:
        return self.get(f"/api/queues/{queue}?limit=1000").json()["items"]

    def photo(self, photo: int) -> dict:
        return self.get(f"/api/photos/{photo}").json()

    def id_of(self, name: str) -> int:
        (photo,) = self.desk.catalogue.find([name])
        return photo

    def decide(self, *changes: dict, queue: str = "all", item: str = "0"):
        """Decide about photos, with their present versions unless others are given."""
        changes = [{"version": self.photo(change["photo"])["version"]} | change for change in changes]
        return self.post("/api/decisions", json={"queue": queue, "item": item, "changes": changes})

    def wait_until(self, is_true, what: str = "the background") -> None:
        deadline = time.monotonic() + DEADLINE
        while not is_true():
            assert time.monotonic() < deadline, f"waited {DEADLINE} s for {what}: {self.state()}"
            time.sleep(0.05)

    def wait_for_queues(self) -> dict[str, dict]:
        """Wait until the scan is over and all queues are computed, and return them."""
        self.wait_until(lambda: all(queue["state"] != "working" for queue in self.queues().values()))
        return self.queues()
