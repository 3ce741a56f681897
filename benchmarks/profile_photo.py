"""Where the time of one photo goes: milliseconds of a core per stage, without start-up.

    python benchmarks/profile_photo.py PHOTO... [--rounds 5]

In:    photos
Out:   a Markdown table
Needs: keykind's base installation

All work is done in one thread. A hook at each call and return of a Python function attributes the thread's
CPU time to the stage of the innermost function in STAGES; functions of Pillow, NumPy and LiteRT belong to the
stage that calls them. The hook itself costs time, so the time without it is given, too.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import FrameType

from keykind.core.parallel import thread_pool
from keykind.core.process import keep_freed_memory
from keykind.predict.recogniser import Recogniser
from table import markdown

READ, FIT, CUT, REST = "reading, decoding", "the detector's input", "crops", "post-processing and the rest"
NETWORKS = DETECTOR, REFINER, CLASSIFIER = "network: detector", "network: refiner", "network: classifier"
ORDER = (READ, FIT, *NETWORKS, CUT, REST)
ANY = ""  # all functions of the file
STAGES = (  # file in keykind, function -> stage, None: that of the caller; the first that matches
    ("detect/", "letterbox", FIT),
    ("detect/detector.py", "dense_outputs", DETECTOR),
    ("detect/refiner.py", "outputs", REFINER),
    ("model/model.py", "run", CLASSIFIER),
    ("photo/reductions.py", ANY, None),  # of decoded pixels
    ("photo/", ANY, READ),
    ("detect/align.py", ANY, CUT),
    ("detect/crops.py", "_extract", CUT),
    ("detect/", ANY, REST),
    ("predict/", ANY, REST),
    ("model/decision.py", ANY, REST),
)
PACKAGE = "/keykind/"


@cache
def stage_of(file: str, function: str) -> str | None:
    """Return the stage that a function begins; None: the one of its caller."""
    _, found, path = file.replace("\\", "/").rpartition(PACKAGE)
    if not found:
        return None
    matching = (stage for start, name, stage in STAGES if path.startswith(start) and name in (ANY, function))
    return next(matching, None)


class Profiler:
    """CPU time of this thread per stage, while it is used as a context."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._stack, self._since = [REST], 0.0

    def __enter__(self) -> "Profiler":
        self._stack, self._since = [REST], time.thread_time()
        sys.setprofile(self._hook)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        self._switch()

    def _hook(self, frame: FrameType, event: str, _: object) -> None:
        stack = self._stack
        if event == "call":
            code = frame.f_code
            stage = stage_of(code.co_filename, code.co_name) or stack[-1]
            if stage != stack[-1]:
                self._switch()
            stack.append(stage)
        elif event == "return" and len(stack) > 1:
            if stack[-1] != stack[-2]:
                self._switch()
            stack.pop()

    def _switch(self) -> None:
        """Attribute the time since the last switch to the current stage."""
        now = time.thread_time()
        self.seconds[self._stack[-1]] += now - self._since
        self._since = now


def profile(recogniser: Recogniser, paths: Sequence[Path], rounds: int) -> str:
    """Return the table of the mean over photos and rounds.

    Raises RuntimeError if a stage took no time: its function has another name now.
    """
    keep_freed_memory()  # as `predict` does
    with thread_pool(1) as pool:  # no further threads are started in it
        return pool.submit(_profile, recogniser, paths, rounds).result()


def _profile(recogniser: Recogniser, paths: Sequence[Path], rounds: int) -> str:
    for path in paths:
        recogniser.recognise(path)
    profiler, plain = Profiler(), 0.0
    for _ in range(rounds):
        for path in paths:
            start = time.thread_time()
            recogniser.recognise(path)
            plain += time.thread_time() - start
            with profiler:
                recogniser.recognise(path)
    missing = [stage for stage in ORDER if not profiler.seconds[stage]]
    if missing:
        raise RuntimeError(f"no function of {', '.join(missing)} was called; adapt STAGES")
    count, total = rounds * len(paths), sum(profiler.seconds.values())
    rows = [
        [stage, f"{1e3 * profiler.seconds[stage] / count:.1f}", f"{profiler.seconds[stage] / total:.0%}"]
        for stage in ORDER
    ]
    outside = sum(profiler.seconds[stage] for stage in (FIT, CUT, REST)) / total
    return f"""{markdown(["stage", "ms of a core", "share"], rows)}

Mean of {len(paths)} photos, {rounds} rounds, in one thread: {1e3 * total / count:.1f} ms, without the
profiler {1e3 * plain / count:.1f} ms. Outside the networks and decoding: **{outside:.0%}**."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    options = parser.parse_args()
    print(profile(Recogniser.load(), options.photos, options.rounds))


if __name__ == "__main__":
    main()
