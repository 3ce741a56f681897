"""A video file or a camera -> frames.

In:    the path of a video; or the number of a camera
Out:   Frame(s): upright RGB pixels and their time; BadVideo
Needs: numpy, PyAV [video]
"""

import stat
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadPhoto, printable
from keykind.core.extras import require
from keykind.core.files import file_mode
from keykind.photo.decode import MIN_SIDE

DEFAULT_RATE = 30.0  # frames/s of a source that does not state its own
MAX_RATE = 1000.0  # frames/s; what is stated above it is the resolution of a clock
MAX_SIDE = 16_384  # px of a frame: 800 MB
MIN_COMPLETE = 0.9  # share of the stated frames, which some files overstate, below which a video is damaged
MAX_FAILURES = 20  # one after the other, to find the next packet, after which a video counts as ended
CAMERA_TIMEOUT = 10.0  # s without a frame after which a camera counts as disconnected
CAMERA_FORMATS = {"win32": "dshow", "darwin": "avfoundation"}  # of FFmpeg, by platform; elsewhere v4l2
CONVERT = "convert it to MP4 (H.264), or copy it again"

Pixels = NDArray[np.uint8]  # (h, w, 3)


class BadVideo(BadPhoto):
    """A video or camera cannot be read."""


class Frame(NamedTuple):
    """One frame of a video."""

    number: int  # from 0
    seconds: float  # since the first frame
    pixels: Pixels  # RGB, upright


class _Closing:
    """An object that `with` closes."""

    def close(self) -> None:
        """Release what is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Video(_Closing):
    """A video file, whose frames are read once; then `damaged` says what is wrong with some."""

    def __init__(self, path: str | Path) -> None:
        """Open a video. Raises BadVideo if it cannot be read, MissingExtra without keykind[video]."""
        self.name = printable(str(path))
        if not stat.S_ISREG(file_mode(path)):
            fault = "is not a file" if file_mode(path) else "does not exist"
            raise BadVideo(self.name, fault=fault, remedy="give the path of a video")
        size = Path(path).stat().st_size
        try:
            self._container = pyav().open(str(path))
        except (OSError, ValueError) as error:  # FFmpeg's errors are subclasses of both
            fault = f"cannot be read as a video ({size:,} bytes; {_text_of(error)})"
            raise BadVideo(self.name, fault=fault, remedy=CONVERT) from error
        if not self._container.streams.video:
            self._container.close()
            raise BadVideo(self.name, fault="has no picture, only sound", remedy="give a video")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.rate = _rate(self._stream)
        self.expected = _frame_count(self._container, self._stream, self.rate)  # frames; 0: unknown
        self._read = 0  # frames so far
        self._undecodable = 0  # packets
        self._corrupt = 0  # frames that the decoder could only fill in, or not convert

    def frames(self, every: int = 1) -> Iterator[Frame]:
        """Yield every Nth frame, the first one first. Raises BadVideo if there are none."""
        start, seconds = 0.0, -1.0
        for frame in self._decoded():
            stated = seconds + 1 / self.rate if frame.time is None else float(frame.time)
            start = start if self._read else stated
            seconds = max(stated - start, seconds + 1e-4)  # of some files, they do not increase
            number, self._read = self._read, self._read + 1
            self._corrupt += bool(frame.is_corrupt)
            if number % every == 0 and (pixels := self._pixels(frame)) is not None:
                yield Frame(number, max(seconds, 0.0), pixels)
        if not self._read:
            fault = "has no frame that can be decoded" + (f", of {self.expected:,}" if self.expected else "")
            raise BadVideo(self.name, fault=fault, remedy=CONVERT)

    @property
    def damaged(self) -> str | None:
        """Return what was missing or damaged, once all frames have been read, or None."""
        if self._read < MIN_COMPLETE * self.expected:
            return f"ends after {self._read:,} of {self.expected:,} frames"
        if self._undecodable:
            return f"{self._undecodable:,} of its packets cannot be decoded"
        if self._corrupt:
            return f"{self._corrupt:,} of its {self._read:,} frames are damaged"
        return None

    def close(self) -> None:
        """Release the file."""
        self._container.close()

    def _pixels(self, frame: Any) -> Pixels | None:
        """Return a frame's pixels, or None, counted, if they cannot be converted. Raises BadVideo."""
        try:
            return upright(frame, self.name)
        except pyav().FFmpegError:
            self._corrupt += 1
            return None

    def _decoded(self) -> Iterator[Any]:
        """Yield PyAV's frames; what cannot be decoded is passed over and counted."""
        errors = pyav().FFmpegError
        for packet in self._packets():
            try:
                frames = packet.decode()
            except errors:
                self._undecodable += 1
                continue
            yield from frames

    def _packets(self) -> Iterator[Any]:
        """Yield PyAV's packets, the last one empty; after bytes that are none, go on behind them."""
        errors, failed = pyav().FFmpegError, 0
        packets = self._container.demux(self._stream)
        while failed < MAX_FAILURES:
            try:
                packet = next(packets, None)
            except errors:
                self._undecodable += 1
                failed += 1
                packets = self._container.demux(self._stream)  # the one before has ended
                continue
            if packet is None:
                return
            failed = 0
            yield packet


class Camera(_Closing):
    """A camera. It gives the newest frame each time, so that answers do not lag behind."""

    rate = DEFAULT_RATE

    def __init__(self, number: int) -> None:
        """Open a camera, numbered from 0. Raises BadVideo if there is none."""
        self.name = f"camera {number}"
        kind = CAMERA_FORMATS.get(sys.platform, "v4l2")
        av = pyav()
        try:
            devices = [device.name for device in av.enumerate_input_devices(kind)]
        except (OSError, ValueError):
            devices = []
        try:
            self._container = av.open(_device(kind, number, devices), format=kind)
        except (OSError, ValueError) as error:
            found = f"; there are {len(devices)}" if devices else ""
            remedy = "connect one, close other programs that use it, or give another number"
            raise BadVideo(
                self.name, fault=f"cannot be opened ({_text_of(error)}){found}", remedy=remedy
            ) from error
        self._arrived = threading.Condition()
        self._newest: Any = None  # PyAV's frame
        self._ended = False
        self._thread = threading.Thread(target=self._keep_reading, daemon=True)
        self._thread.start()

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame, again and again. Raises BadVideo if the camera sends no more."""
        start, index = time.monotonic(), 0
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: self._newest is not None or self._ended, CAMERA_TIMEOUT)
                frame, self._newest = self._newest, None
            if frame is None:
                fault = f"sends no more frames, after {index:,}"
                raise BadVideo(self.name, fault=fault, remedy="connect it again")
            yield Frame(index, time.monotonic() - start, upright(frame, self.name))
            index += 1

    def close(self) -> None:
        """Stop reading and release the camera."""
        self._ended = True
        self._thread.join(CAMERA_TIMEOUT)
        self._container.close()

    def _keep_reading(self) -> None:
        try:
            for frame in self._container.decode(video=0):
                with self._arrived:
                    self._newest = frame
                    self._arrived.notify()
                if self._ended:
                    return
        except (OSError, ValueError):  # it was unplugged
            pass
        finally:
            with self._arrived:
                self._ended = True
                self._arrived.notify()


def pyav() -> Any:
    """Return PyAV. Raises MissingExtra without keykind[video]."""
    require("video")
    return import_module("av")  # its FFmpeg prints nothing, unlike that of others


def upright(frame: Any, name: str) -> Pixels:
    """Return the pixels (h, w, 3) of PyAV's frame, turned as the file says. Raises BadVideo if too large."""
    if max(frame.width, frame.height) > MAX_SIDE:
        fault = f"has frames of {frame.width:,} x {frame.height:,} px; at most {MAX_SIDE:,} are read"
        raise BadVideo(name, fault=fault, remedy="convert it to a smaller size")
    if min(frame.width, frame.height) < MIN_SIDE:
        fault = f"has frames of {frame.width} x {frame.height} px, but needs at least {MIN_SIDE} on each side"
        raise BadVideo(name, fault=fault, remedy="give the video in its original size")
    pixels = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90) % 4))


def _rate(stream: Any) -> float:
    """Return the number of frames a second."""
    stated = float(stream.average_rate or 0)
    return stated if 0 < stated <= MAX_RATE else DEFAULT_RATE


def _frame_count(container: Any, stream: Any, rate: float) -> int:
    """Return how many frames a file states that it has; 0 if it does not."""
    if stream.frames:
        return int(stream.frames)
    microseconds = container.duration or 0
    return max(int(microseconds / 1e6 * rate), 0)


def _device(kind: str, number: int, devices: list[str]) -> str:
    """Return what FFmpeg calls a camera."""
    if kind == "v4l2":
        return f"/dev/video{number}"
    if kind == "dshow":
        return f"video={devices[number] if number < len(devices) else number}"
    return str(number)


def _text_of(error: Exception) -> str:
    """Return what FFmpeg says is wrong, in one line."""
    return printable(str(getattr(error, "strerror", None) or error))[:100]
