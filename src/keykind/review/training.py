"""Train again in the background, in a process of its own.

In:    the photos, the current run
Out:   the state of the training: step, share done, log; the finished run beside the current one
Needs: nothing beyond Python; the process needs [train]
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from keykind.core.errors import BadRun, KeykindError
from keykind.core.extras import require
from keykind.core.files import writing_to
from keykind.experiment.run_folder import COMMAND, RunFolder
from keykind.review.predictions import is_finished
from keykind.review.training_command import command, next_out

IDLE, RUNNING, FINISHED, FAILED = "idle", "running", "finished", "failed"
KEPT, DISCARDED = "kept", "discarded"
PROGRAM = (sys.executable, "-m", "keykind")
LOG_LINES = 200
GRACE = 20.0  # seconds to end after Ctrl-C, before the process is killed
PREFIX = "keykind: "
UNKNOWN_DURATION = 300.0  # seconds that a training is assumed to take if no earlier one says
MILESTONES = (  # a file below the run, the step that it marks the beginning of, the share done by then
    ("recipe.json", "Computing features", 0.15),
    ("work/features-train.npy", "Computing features", 0.2),
    ("work/fold-0.npz", "Training the heads", 0.35),
    ("out_of_fold.csv", "Training", 0.45),
    ("work/features-test.npy", "Testing", 0.85),
    ("predictions.csv", "Writing the report", 0.92),
    ("report.html", "Writing the model", 0.97),
)


@dataclass(slots=True)
class State:
    """What the page shows of a training."""

    state: str = IDLE
    step: str = ""
    started: float = 0.0  # monotonic, s
    seconds: float = 0.0  # that it took, once it has ended
    expected: float = UNKNOWN_DURATION  # seconds
    out: Path | None = None
    log: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    decision: str | None = None
    command: Sequence[str] = ()  # arguments of keykind


class Training:
    """At most one training at a time. Thread-safe."""

    def __init__(
        self, photos: Path, on_finished: Callable[[Path], None], program: Sequence[str] = PROGRAM
    ) -> None:
        """Prepare. on_finished: called with the folder of a finished run, which may raise KeykindError."""
        self._photos, self._on_finished, self._program = photos, on_finished, program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.current = State()

    def start(self, run: Path | None) -> None:
        """Begin to train as `run` was trained. Raises BadRun if another result waits, MissingExtra."""
        require("train")
        with self._lock:
            if self.current.state == RUNNING or (
                self.current.state == FINISHED and not self.current.decision
            ):
                fault = "is running" if self.current.state == RUNNING else "has a result that is not decided"
                raise BadRun("training", fault=fault, remedy="stop it, or keep or discard its result, first")
            out = _claim(self._photos, run)
            self.current = State(RUNNING, "Reading the photos", time.monotonic(), out=out)
            self.current.expected = _seconds_of(run)
            self._stopping = False
            self._thread = threading.Thread(target=self._run, args=(run, out), name="training", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop a running training, and delete its files."""
        with self._lock:
            self._stopping = True
            thread, process = self._thread, self._process
        if thread is None or not thread.is_alive():
            return
        if process is not None:
            _end(process)
        thread.join()

    def keep(self) -> Path:
        """Mark the result as kept, and return the folder of the run. Raises BadRun if there is none."""
        return self._decide(KEPT)

    def discard(self) -> None:
        """Delete the run, and nothing that it did not write. Raises BadRun."""
        _clear(self._decide(DISCARDED), self.current.command)

    def progress(self) -> tuple[str, float, float]:
        """Return step, share done 0..1, and seconds."""
        now = self.current
        if now.state != RUNNING or now.out is None:
            return now.step, float(now.state == FINISHED), now.seconds
        seconds = time.monotonic() - now.started
        reached = [(step, share) for name, step, share in MILESTONES if (now.out / name).exists()]
        step, share = reached[-1] if reached else (now.step, 0.02)
        following = [limit for _, _, limit in MILESTONES if limit > share]
        by_time = min(seconds / now.expected, following[0] if following else 0.99)
        return step, max(share, by_time), seconds

    def _decide(self, decision: str) -> Path:
        with self._lock:
            if self.current.state != FINISHED or self.current.decision or self.current.out is None:
                remedy = "train first, or load the page again"
                raise BadRun("training", fault="has no result to decide about", remedy=remedy)
            self.current.decision = decision
            return self.current.out

    def _run(self, run: Path | None, out: Path) -> None:
        now = self.current
        try:
            with tempfile.TemporaryDirectory(prefix="keykind-review-") as scratch:
                now.command = command(self._photos, out, run, Path(scratch))
                status = self._train(now.command, now)
            if is_finished(out) and not self._stopping:  # also if some photos could not be read
                self._on_finished(out)
                now.step, now.state = "Finished", FINISHED
            elif self._stopping:
                now.step, now.state = "Stopped", IDLE
            else:
                now.step, now.state = f"Stopped with an error (exit status {status}); see Details", FAILED
        except KeykindError as error:
            now.log.append(str(error))
            now.step, now.state = str(error), FAILED
        finally:
            now.seconds = time.monotonic() - now.started
            if now.state == RUNNING:  # an error of keykind itself
                now.step, now.state = "Ended by an internal error; see the terminal", FAILED
            if now.state != FINISHED:
                _clear(out, now.command)

    def _train(self, arguments: Sequence[str], now: State) -> int:
        """Run the process, and return its exit status; its output goes into the log."""
        with self._lock:
            if self._stopping:
                return -1
            self._process = subprocess.Popen(  # noqa: S603 - keykind itself
                [*self._program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C in the terminal reaches it through `stop` only
            )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        for line in self._process.stdout:
            if text := line.strip():
                now.log.append(text.removeprefix(PREFIX))
        return self._process.wait()


def _end(process: subprocess.Popen[str]) -> None:
    """End a process like Ctrl-C; kill it if it does not end soon."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()


def _claim(photos: Path, run: Path | None) -> Path:
    """Return the folder of the next run, made here, so that no other program takes it. Raises CannotWrite."""
    while True:
        out = next_out(photos, run)
        with writing_to(out), suppress(FileExistsError):
            out.mkdir(parents=True)
            return out


def _clear(out: Path, arguments: Sequence[str]) -> None:
    """Delete the run that a command began, and its folder if nothing else is in it."""
    if not out.is_dir():
        return
    if _command_of(out) in (None, shlex.join(["keykind", *arguments])):
        with suppress(KeykindError):  # files that keykind did not write are in it: they stay
            RunFolder(out).clear()
    with suppress(OSError):
        out.rmdir()


def _command_of(out: Path) -> str | None:
    """Return the command that a run records; None if it records none."""
    with suppress(OSError, ValueError, TypeError, LookupError):
        command_line = json.loads((out / "recipe.json").read_text("utf-8"))[COMMAND]
        return None if command_line is None else str(command_line)
    return None


def _seconds_of(run: Path | None) -> float:
    """Return how long a run took."""
    with suppress(OSError, ValueError, TypeError, LookupError, AttributeError):
        if run is not None:
            return float(json.loads((run / "metrics.json").read_text("utf-8"))["seconds"]["total"]) or 1.0
    return UNKNOWN_DURATION
