"""Check what the container does, without Docker; run by `make container` in the Dockerfile's environment.

Not a pytest file, because pytest is not installed there. Runs the Dockerfile's own commands: its entry point,
as its user if possible here, and its health check; afterwards no installed file has changed.
"""

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))

from keykind.app import APP_FOLDER
from keykind.app_folder import INDEX
from keykind.serve.app_files import app_contents
from tiny_model import tiny_file

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"
CONTAINER_PREFIX = "/keykind"  # of the environment in the container
PORT = "8000"
TIMEOUT = 60  # seconds


def instructions(path: Path = DOCKERFILE) -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions: name and arguments."""
    text = re.sub(r"\\\n\s*", "", path.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2]) for line in lines]


def last(name: str) -> str:
    return [arguments for instruction, arguments in instructions() if instruction == name][-1]


def check(passed: bool, claim: str) -> None:
    if not passed:
        sys.exit(f"container: not true: {claim}")
    print("ok:", claim)


def command(instruction: str, port: int) -> list[str]:
    """Return a command of the Dockerfile, adapted to this environment and port."""
    words = json.loads(instruction[instruction.index("[") :])
    return [word.replace(CONTAINER_PREFIX, sys.prefix, 1).replace(f":{PORT}/", f":{port}/") for word in words]


def file_state(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the size and modification time of each file."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def container_user() -> dict[str, int]:
    """Return the container's user as arguments for subprocess, if it can run Python here; else nothing."""
    user, group = map(int, last("USER").split(":"))
    try:
        subprocess.run([sys.executable, "-c", ""], user=user, group=group, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("note: run as the current user; no other user can access this environment")
        return {}
    return {"user": user, "group": group}


def check_page(port: int, model: Path) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=TIMEOUT) as response:
        page = response.read()
    built = (APP_FOLDER / INDEX).is_file()
    complete = page == app_contents(APP_FOLDER, str(model))[INDEX] if built else b"keykind" in page
    check(complete, "the service serves the app around its model")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def main() -> None:
    port = free_port()
    check(not last("USER").startswith(("0", "root")), "the container's user is not root")
    before, user = file_state(Path(sys.prefix)), container_user()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        model = tiny_file(Path(folder) / "tiny.tflite")
        log = Path(folder) / "log"
        options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--model", str(model)]
        with log.open("w") as stream:
            service = subprocess.Popen(
                [*command(last("ENTRYPOINT"), port), *options],
                stderr=stream,
                cwd=folder,
                env={"TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"},
                **user,
            )
        probe = command(last("HEALTHCHECK"), port)
        deadline = time.monotonic() + TIMEOUT
        while not (healthy := subprocess.run(probe, check=False, capture_output=True).returncode == 0):
            if service.poll() is not None or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        detail = "" if healthy else f" ({log.read_text()[-500:]})"
        check(healthy, f"the health check passes{detail}")
        check_page(port, model)
        service.send_signal(signal.SIGTERM)
        check(service.wait(TIMEOUT) == 0, "the service stops on SIGTERM")
        check(
            subprocess.run(probe, check=False, capture_output=True).returncode != 0,
            "then the health check fails",
        )
        left = sorted(path.name for path in Path(folder).iterdir())
        check(left == ["log", "tiny.tflite"], "the service leaves no temporary files")
    check(file_state(Path(sys.prefix)) == before, "no installed file has changed")


if __name__ == "__main__":
    main()
