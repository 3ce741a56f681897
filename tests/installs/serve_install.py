"""What the container does, without one: run by `make container`, in an environment made as in Dockerfile.

Not a pytest file: there is no pytest there. The Dockerfile's own commands are run: its entry point, as its
user where that is possible here, and its health check; afterwards nothing that was installed has changed.
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

from keykind.app import FOLDER, INDEX
from tiny_model import tiny_file

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"
THERE = "/keykind"  # the environment, in the container
PORT = "8000"
PATIENCE = 60  # seconds


def instructions(path: Path = DOCKERFILE) -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions: name, and the rest of the line."""
    text = re.sub(r"\\\n\s*", "", path.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2]) for line in lines]


def last(name: str) -> str:
    return [rest for found, rest in instructions() if found == name][-1]


def check(wanted: bool, what: str) -> None:
    if not wanted:
        sys.exit(f"container: {what}")
    print("good:", what)


def command(words: str, port: int) -> list[str]:
    """Return a command of the Dockerfile for the environment and port that are used here."""
    here = json.loads(words[words.index("[") :])
    return [word.replace(THERE, sys.prefix, 1).replace(f":{PORT}/", f":{port}/") for word in here]


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of each file that is installed."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def rights() -> dict[str, int]:
    """Return the container's user for subprocess, where we may be that user and it may run our Python."""
    user, group = map(int, last("USER").split(":"))
    try:
        subprocess.run([sys.executable, "-c", ""], user=user, group=group, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("note: run as the present user, who alone can reach this environment")
        return {}
    return {"user": user, "group": group}


def check_page(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        page = answer.read()
    whole = page == (FOLDER / INDEX).read_bytes() if (FOLDER / INDEX).is_file() else b"keykind" in page
    check(whole, "the service gives its page")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as place:
        return place.getsockname()[1]


def main() -> None:
    port = free_port()
    check(not last("USER").startswith(("0", "root")), "the container's user is not root")
    before, mine = state(Path(sys.prefix)), rights()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        model = tiny_file(Path(folder) / "tiny.tflite")
        said = Path(folder) / "said"
        options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--model", str(model)]
        with said.open("w") as stream:
            service = subprocess.Popen(
                [*command(last("ENTRYPOINT"), port), *options],
                stderr=stream,
                cwd=folder,
                env={"TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"},
                **mine,
            )
        probe = command(last("HEALTHCHECK"), port)
        latest = time.monotonic() + PATIENCE
        while not (healthy := subprocess.run(probe, check=False, capture_output=True).returncode == 0):
            if service.poll() is not None or time.monotonic() > latest:
                break
            time.sleep(0.5)
        words = "as it is written" if healthy else said.read_text()[-500:]
        check(healthy, f"the health check passes ({words})")
        check_page(port)
        service.send_signal(signal.SIGTERM)
        check(service.wait(PATIENCE) == 0, "the service ends when it is told to")
        check(subprocess.run(probe, check=False, capture_output=True).returncode != 0, "then the check fails")
        left = sorted(path.name for path in Path(folder).iterdir())
        check(left == ["said", "tiny.tflite"], "the temporary folder is as it was")
    check(state(Path(sys.prefix)) == before, "nothing that is installed has changed")


if __name__ == "__main__":
    main()
