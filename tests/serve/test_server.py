"""Tests of serve/running.py: processes that are begun, killed and stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
if not hasattr(signal, "SIGKILL"):
    pytest.skip("processes are killed by POSIX means", allow_module_level=True)

from commands import keykind
from served import PATIENCE, Served, blank, picture
from tiny_model import tiny_file

NAME, SECRET, ADDRESS = "geheim.jpg", "a-secret-key-of-the-shop", "203.0.113.7"
LONG = [("photo", (f"{number}.png", blank(3000, 3000))) for number in range(16)]  # seconds of work


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")


class Asking(threading.Thread):
    """A client that asks on a connection of its own."""

    def __init__(self, client: httpx2.Client, name: str) -> None:
        super().__init__()
        self._client, self._name, self.status, self.headers = client, name, None, {}
        self.start()

    def run(self) -> None:
        with suppress(httpx2.TransportError):
            headers = {"x-request-id": self._name}
            answer = self._client.post("/v1/recognise", files=LONG, headers=headers)
            self.status, self.headers = answer.status_code, answer.headers


def clients_of_both(service: Served) -> dict[int, httpx2.Client]:
    """Return a client for each worker, with a connection to it."""
    clients = {}
    for number in range(200):
        client = httpx2.Client(base_url=service.url, timeout=PATIENCE)
        client.get("/v1/health", headers={"x-request-id": f"find-{number}"})
        clients.setdefault(service.worker_of(f"find-{number}"), client)
        if len(clients) == 2:
            return clients
    raise AssertionError("one worker takes every connection")


def accepted(service: Served) -> float:
    lines = httpx2.get(f"{service.url}/metrics", timeout=PATIENCE).text.splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("keykind_accepted_requests "))


def wait_until(true) -> None:
    latest = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < latest
        time.sleep(0.05)


def test_a_killed_worker_takes_along_its_own_requests_alone_and_is_replaced(model):
    with Served("--model", model, "--seconds", 60, workers=2) as service:
        clients = clients_of_both(service)
        (killed, one), (other, two) = clients.items()
        lost, kept = Asking(one, "lost"), Asking(two, "kept")
        wait_until(lambda: accepted(service) == 2)
        os.kill(killed, signal.SIGKILL)
        lost.join()
        kept.join()
        assert (lost.status, kept.status) == (None, 200)
        assert service.worker_of("kept") == other
        service.wait_for("Application startup complete.", 3)
        assert len(clients_of_both(service)) == 2
        numbers = httpx2.get(f"{service.url}/metrics", timeout=PATIENCE).text
        assert "keykind_accepted_requests 0.0" in numbers  # what the dead one had accepted is forgotten
        told = [line for line in numbers.splitlines() if line.startswith("keykind_photos_total")]
        assert told == ['keykind_photos_total{verdict="answered"} 16.0']
        assert service.stop() == 0


def test_workers_that_die_leave_their_counts_and_no_files(model, tmp_path):
    def told() -> float:
        lines = httpx2.get(f"{service.url}/metrics", timeout=PATIENCE).text.splitlines()
        return sum(float(line.split()[1]) for line in lines if line.startswith("keykind_photos_total"))

    def files() -> set[str]:
        return {path.name for path in tmp_path.rglob("*") if path.is_file()}

    with Served("--model", model, TMPDIR=str(tmp_path)) as service:
        for number in range(1, 4):
            assert service.post(picture()).status_code == 200
            assert told() == number
            kept = files()
            os.kill(service.workers[-1], signal.SIGKILL)
            service.wait_for("Application startup complete.", number + 1)
        assert told() == 3
        assert files() == kept


def test_what_was_accepted_is_answered_before_the_end(model):
    service = Served("--model", model, "--seconds", 60)
    asking = Asking(httpx2.Client(base_url=service.url, timeout=PATIENCE), "accepted")
    wait_until(lambda: accepted(service) == 1)
    status = service.stop()
    asking.join()
    assert (status, asking.status) == (0, 200)
    with pytest.raises(httpx2.ConnectError):
        service.post(picture())


def test_a_connection_ends_where_others_wait_so_that_the_next_may_find_a_free_worker(model):
    with Served("--model", model, "--seconds", 60) as service:
        asked = [Asking(httpx2.Client(base_url=service.url, timeout=PATIENCE), str(n)) for n in range(2)]
        for one in asked:
            one.join()
        assert sorted(one.headers.get("connection", "kept") for one in asked) == ["close", "kept"]


def test_workers_end_with_the_process_that_began_them(model):
    with Served("--model", model) as service:
        (worker,) = service.workers
        service.process.kill()
        service.process.wait()
        wait_until(lambda: _ended(worker))


def _ended(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_log_and_temporary_folder_hold_nothing_of_a_request(model, tmp_path):
    keys, temporary = tmp_path / "keys.txt", tmp_path / "temporary"
    keys.write_text(SECRET)
    temporary.mkdir()
    with Served("--model", model, "--api-keys", keys, TMPDIR=str(temporary)) as service:
        told = {
            "x-api-key": SECRET,
            "x-forwarded-for": ADDRESS,
            "user-agent": "shop-till",
            "host": "evil.example",
        }
        files = [("photo", (NAME, picture() + bytes(3_000_000)))] * 2
        for path in ("/v1/recognise", f"/v1/explain?kind={NAME}", f"/{NAME}", f"/v1/explain?x={SECRET}"):
            httpx2.post(service.url + path, files=files, headers=told, timeout=PATIENCE)
        assert service.post(b"no photo", headers=told).status_code == 200
        assert service.post(picture()).status_code == 401
        written = [path for path in temporary.rglob("*") if path.is_file()]
        assert {path.suffix for path in written} == {".db", ".lock"}  # the numbers, and whose they are
        assert not any(NAME.encode() in path.read_bytes() for path in written)
        service.stop()
    lines = [json.loads(line) for line in service.lines]
    assert [line["status"] for line in lines if line["message"] == "answered"] == [
        200,
        422,
        404,
        422,
        200,
        401,
    ]
    text = "".join(line for line in service.lines if "listening" not in line)
    for word in (NAME, SECRET, ADDRESS, "127.0.0.1", "shop-till", "evil", "no photo"):
        assert word not in text
    assert not list(temporary.iterdir())


def refused(*options: object, **environment: str) -> str:
    """Return the one line with which a service that cannot begin ends."""
    done = keykind("serve", *options, timeout=PATIENCE, env=os.environ | environment)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    return line


def test_a_port_in_use_is_one_line_that_says_so(model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("--model", model, "--port", port)
    assert line.startswith(f"keykind: 127.0.0.1:{port}: cannot be listened at (")
    assert "choose another --host or --port" in line


def test_an_address_of_another_machine_is_one_line_that_says_so(model):
    assert "192.0.2.1:8000: cannot be listened at" in refused("--model", model, "--host", "192.0.2.1")


def test_a_model_that_is_missing_is_one_line_that_says_so(tmp_path):
    assert "none.tflite: cannot be read" in refused("--model", tmp_path / "none.tflite", "--port", 0)


def test_without_the_extra_one_line_names_the_command_that_mends_it(model):
    code = (
        "import sys; from importlib import util\n"
        "from keykind.cli import main; from keykind.core import extras\n"
        "extras.find_spec = lambda name: None if name == 'uvicorn' else util.find_spec(name)\n"
        f"sys.exit(main.main(['serve', '--model', {str(model)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "keykind: keykind serve: needs uvicorn, which is not installed; run: pip install 'keykind[serve]'\n"
    )
