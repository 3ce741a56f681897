"""Tests of serve/server.py: processes that are started, killed and stopped."""

import json
import os
import re
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
    pytest.skip("needs POSIX signals", allow_module_level=True)

from commands import keykind
from keykind.core.errors import BadSettings
from keykind.serve.server import addresses, listen
from served import DEADLINE, Service, blank, random_photo
from tiny_model import tiny_file

NAME, SECRET, ADDRESS = "secret-name.jpg", "a-secret-key-of-the-shop", "203.0.113.7"
LONG = [("photo", (f"{i}.png", blank(3000, 3000))) for i in range(16)]  # takes seconds


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_file(tmp_path_factory.mktemp("model") / "tiny.tflite")


class Upload(threading.Thread):
    """A long request, sent in the background."""

    def __init__(self, client: httpx2.Client, request_id: str, photos: int = len(LONG)) -> None:
        super().__init__()
        self._client, self._id, self._files = client, request_id, LONG[:photos]
        self.status, self.headers = None, {}
        self.start()

    def run(self) -> None:
        with suppress(httpx2.TransportError):
            headers = {"x-request-id": self._id}
            response = self._client.post("/v1/recognise", files=self._files, headers=headers)
            self.status, self.headers = response.status_code, response.headers


def client_of_each_worker(service: Service) -> dict[int, httpx2.Client]:
    """Return a connected client for each of two workers, by process ID."""
    clients = {}
    for i in range(200):
        client = httpx2.Client(base_url=service.url, timeout=DEADLINE)
        client.get("/v1/health", headers={"x-request-id": f"find-{i}"})
        clients.setdefault(service.worker_of(f"find-{i}"), client)
        if len(clients) == 2:
            return clients
    raise AssertionError("one worker accepts every connection")


def metric(service: Service, name: str) -> float:
    """Return the sum of a metric over its labels."""
    lines = httpx2.get(f"{service.url}/metrics", timeout=DEADLINE).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if re.match(rf"{name}[ {{]", line))


def wait_until(condition) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_worker_loses_only_its_own_requests_and_is_replaced(model):
    with Service("--model", model, "--seconds", 60, workers=2) as service:
        clients = client_of_each_worker(service)
        (killed, client), (other, other_client) = clients.items()
        lost, kept = Upload(client, "lost"), Upload(other_client, "kept")
        wait_until(lambda: metric(service, "keykind_accepted_requests") == 2)
        os.kill(killed, signal.SIGKILL)
        lost.join()
        kept.join()
        assert (lost.status, kept.status) == (None, 200)
        assert service.worker_of("kept") == other
        service.wait_for("Application startup complete.", 3)
        assert len(client_of_each_worker(service)) == 2
        metrics = httpx2.get(f"{service.url}/metrics", timeout=DEADLINE).text
        assert "keykind_accepted_requests 0.0" in metrics  # the killed worker's requests are gone
        counts = [line for line in metrics.splitlines() if line.startswith("keykind_photos_total")]
        assert counts == [f'keykind_photos_total{{verdict="answered"}} {len(LONG)}.0']
        assert service.stop() == 0


def test_a_new_worker_takes_over_the_counts_and_files_of_a_dead_one(model, tmp_path):
    def photos() -> float:
        return metric(service, "keykind_photos_total")

    def files() -> set[str]:
        return {path.name for path in tmp_path.rglob("*") if path.is_file()}

    with Service("--model", model, TMPDIR=str(tmp_path)) as service:
        for count in range(1, 3):
            assert service.post(random_photo()).status_code == 200
            assert photos() == count
            before = files()
            os.kill(service.workers[-1], signal.SIGKILL)
            service.wait_for("Application startup complete.", count + 1)
            assert photos() == count
            assert files() == before


def test_the_address_to_open_is_printed_and_the_log_is_not_mixed_with_it(model):
    with Service("--model", model) as service:
        printed = service.process.stdout.readline()
        assert printed == (
            f"Open {service.url}/ in a browser; {service.url}/docs is for programs. Ctrl-C stops it.\n"
        )
        assert httpx2.get(printed.split()[1], timeout=DEADLINE).status_code == 200
        assert all(json.loads(line) for line in service.lines)


@pytest.mark.parametrize(
    ("host", "here"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("127.0.0.1", "127.0.0.1")]
)
def test_an_address_for_all_is_printed_as_one_that_browsers_open(host, here):
    try:
        listener = listen(host, 0)
    except BadSettings:
        pytest.skip("this machine has no IPv6")
    with listener:
        own, for_others = addresses(listener)
        assert own == f"http://{here}:{listener.getsockname()[1]}/"
        assert for_others is None or (host != "127.0.0.1" and "0.0.0.0" not in for_others)


def test_ctrl_c_stops_the_service_as_usual(model):
    with Service("--model", model) as service:
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(DEADLINE) == 0
        assert not any("Traceback" in line for line in service.lines)


def test_accepted_requests_are_finished_before_the_service_stops(model):
    service = Service("--model", model, "--seconds", 60)
    upload = Upload(httpx2.Client(base_url=service.url, timeout=DEADLINE), "accepted")
    wait_until(lambda: metric(service, "keykind_accepted_requests") == 1)
    status = service.stop()
    upload.join()
    assert (status, upload.status) == (0, 200)
    with pytest.raises(httpx2.ConnectError):
        service.post(random_photo())


def test_a_connection_is_closed_if_other_requests_wait_for_its_worker(model):
    with Service("--model", model, "--seconds", 60, "--wait", 60) as service:
        uploads = [Upload(httpx2.Client(base_url=service.url, timeout=DEADLINE), str(i), 6) for i in range(2)]
        for upload in uploads:
            upload.join()
        assert sorted(upload.headers.get("connection", "kept") for upload in uploads) == ["close", "kept"]


def test_a_request_that_would_wait_too_long_is_refused_at_once(model):
    with Service("--model", model, "--seconds", 60, "--wait", 0.1) as service:
        upload = Upload(httpx2.Client(base_url=service.url, timeout=DEADLINE), "accepted", 6)
        wait_until(lambda: metric(service, "keykind_backlog_seconds") > 1)
        response = service.post(random_photo())
        assert (response.status_code, upload.status) == (503, None)
        assert int(response.headers["retry-after"]) >= 2
        upload.join()
        assert upload.status == 200
        assert metric(service, "keykind_backlog_seconds") == 0
        assert service.post(random_photo()).status_code == 200


def test_workers_exit_with_their_parent_process(model):
    with Service("--model", model) as service:
        (worker,) = service.workers
        service.process.kill()
        service.process.wait()
        wait_until(lambda: _has_exited(worker))


def _has_exited(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_log_and_temporary_folder_contain_nothing_of_a_request(model, tmp_path):
    keys, temporary = tmp_path / "keys.txt", tmp_path / "temporary"
    keys.write_text(SECRET)
    temporary.mkdir()
    with Service("--model", model, "--api-keys", keys, TMPDIR=str(temporary)) as service:
        headers = {
            "x-api-key": SECRET,
            "x-forwarded-for": ADDRESS,
            "user-agent": "shop-till",
            "host": "evil.example",
        }
        files = [("photo", (NAME, random_photo() + bytes(3_000_000)))] * 2
        for path in ("/v1/recognise", f"/v1/explain?kind={NAME}", f"/{NAME}", f"/v1/explain?x={SECRET}"):
            httpx2.post(service.url + path, files=files, headers=headers, timeout=DEADLINE)
        assert service.post(b"not a photo", headers=headers).status_code == 200
        assert service.post(random_photo()).status_code == 401
        written = [path for path in temporary.rglob("*") if path.is_file()]
        assert {path.suffix for path in written} == {".db", ".lock"}  # metrics, and the locks of their slots
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
    log = "".join(line for line in service.lines if "listening" not in line)
    for text in (NAME, SECRET, ADDRESS, "127.0.0.1", "shop-till", "evil", "not a photo"):
        assert text not in log
    assert not list(temporary.iterdir())


def startup_error(*options: object, **environment: str) -> str:
    """Return the one line that a service prints if it cannot start."""
    done = keykind("serve", *options, timeout=DEADLINE, env=os.environ | environment)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    return line


def test_a_port_in_use_is_an_error_of_one_line(model):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = startup_error("--model", model, "--port", port)
    assert line == f"keykind: port {port}: is in use; choose another --port"


def test_an_address_of_another_machine_is_an_error_of_one_line(model):
    assert "192.0.2.1:8000: cannot listen there" in startup_error("--model", model, "--host", "192.0.2.1")


def test_a_missing_model_is_an_error_of_one_line(tmp_path):
    assert "none.tflite: cannot be read" in startup_error("--model", tmp_path / "none.tflite", "--port", 0)


def test_without_the_extra_the_error_names_the_install_command(model):
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
