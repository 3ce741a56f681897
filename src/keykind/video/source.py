"""A video file or a camera -> frames.

In:    the path of a video; or the number of a camera
Out:   Frame(s): upright RGB pixels and their time; BadVideo
Needs: numpy, opencv-python-headless [video]
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadPhoto, printable
from keykind.core.files import file_mode
from keykind.video.opencv import opencv

SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".3gp", ".wmv", ".mts", ".m2ts", ".ts"}
)
DEFAULT_RATE = 30.0  # frames/s of a source that does not state its own
MAX_RATE = 1000.0  # frames/s; above it, what the file states is a clock's resolution
MIN_COMPLETE = 0.9  # share of the stated frames, which some files overstate, below which a video is damaged
CAMERA_TIMEOUT = 10.0  # s without a frame after which a camera counts as disconnected

Pixels = NDArray[np.uint8]  # (h, w, 3)


class BadVideo(BadPhoto):
    """A video or camera cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a video."""

    index: int  # from 0
    seconds: float  # since the first frame
    pixels: Pixels  # RGB, upright


def is_video(name: str | Path) -> bool:
    """Return whether a name has the ending of a video."""
    return Path(name).suffix.lower() in SUFFIXES


class Video:
    """A video file, whose frames are read once; then `damaged` says whether some are missing."""

    def __init__(self, path: str | Path) -> None:
        """Open a video. Raises BadVideo if it cannot be read, MissingExtra without keykind[video]."""
        self.name = printable(str(path))
        if not file_mode(path):
            raise BadVideo(self.name, fault="does not exist", remedy="check its name")
        self._capture = opencv().VideoCapture(str(path))
        self.width = int(self._capture.get(opencv().CAP_PROP_FRAME_WIDTH))
        self.height = int(self._capture.get(opencv().CAP_PROP_FRAME_HEIGHT))
        if not self._capture.isOpened() or not self.width or not self.height:
            self._capture.release()
            fault = f"cannot be read as a video ({Path(path).stat().st_size:,} bytes)"
            raise BadVideo(self.name, fault=fault, remedy="convert it to MP4 (H.264), or copy it again")
        self.rate = _rate(self._capture)
        self.expected = _frame_count(self._capture)  # frames; 0: unknown
        self.read = 0  # frames so far

    def frames(self, every: int = 1) -> Iterator[Frame]:
        """Yield every Nth frame, the first one first. Raises BadVideo if there are none."""
        start, last = 0.0, -1.0
        while self._capture.grab():
            seconds = self._capture.get(opencv().CAP_PROP_POS_MSEC) / 1000
            start = start if self.read else seconds
            # Files without times state 0 for every frame.
            last = seconds - start if seconds - start > last else last + 1 / self.rate
            if self.read % every == 0:
                ok, pixels = self._capture.retrieve()
                if not ok:
                    break
                yield Frame(self.read, max(last, 0.0), np.ascontiguousarray(pixels[..., ::-1]))
            self.read += 1
        if not self.read:
            fault = "has no frame that can be decoded" + (f", of {self.expected:,}" if self.expected else "")
            raise BadVideo(self.name, fault=fault, remedy="convert it to MP4 (H.264), or copy it again")

    @property
    def damaged(self) -> str | None:
        """Return what is missing after all frames have been read, or None."""
        if self.read >= MIN_COMPLETE * self.expected:
            return None
        return f"ends after {self.read:,} of {self.expected:,} frames"

    def close(self) -> None:
        """Release the file."""
        self._capture.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Camera:
    """A camera. It gives the newest frame each time, so that answers do not lag behind."""

    rate = DEFAULT_RATE
    damaged: str | None = None

    def __init__(self, number: int) -> None:
        """Open a camera, numbered from 0. Raises BadVideo if there is none."""
        self.name = f"camera {number}"
        self._capture = opencv().VideoCapture(number)
        if not self._capture.isOpened():
            remedy = "connect one, close other programs that use it, or give another number"
            raise BadVideo(self.name, fault="cannot be opened", remedy=remedy)
        self._fresh = threading.Condition()
        self._newest: Pixels | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._keep_reading, daemon=True)
        self._thread.start()

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame, again and again. Raises BadVideo if the camera sends no more."""
        start, index = time.monotonic(), 0
        while True:
            with self._fresh:
                arrived = self._fresh.wait_for(
                    lambda: self._newest is not None or self._closed, CAMERA_TIMEOUT
                )
                pixels, self._newest = self._newest, None
            if pixels is None:
                fault = "sends no frames" if not arrived or not index else "was disconnected"
                raise BadVideo(self.name, fault=fault, remedy="connect it again")
            yield Frame(index, time.monotonic() - start, pixels)
            index += 1

    def _keep_reading(self) -> None:
        while not self._closed:
            pixels = _read(self._capture)
            with self._fresh:
                self._newest, self._closed = pixels, self._closed or pixels is None
                self._fresh.notify()

    def close(self) -> None:
        """Stop reading and release the camera."""
        self._closed = True
        self._thread.join(CAMERA_TIMEOUT)
        self._capture.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(capture: Any) -> Pixels | None:
    """Return the next frame, RGB, which OpenCV has turned upright; None if there is none."""
    ok, frame = capture.read()
    return np.ascontiguousarray(frame[..., ::-1]) if ok else None


def _rate(capture: Any) -> float:
    """Return the number of frames a second."""
    stated = float(capture.get(opencv().CAP_PROP_FPS))
    return stated if 0 < stated <= MAX_RATE else DEFAULT_RATE


def _frame_count(capture: Any) -> int:
    """Return how many frames a file states that it has; 0 if it does not."""
    return max(int(capture.get(opencv().CAP_PROP_FRAME_COUNT)), 0)
