"""A video and what was seen in it -> an annotated MP4.

In:    frames with the keys that each shows
Out:   an MP4 file (VP9), written atomically: boxes, kinds, probabilities
Needs: numpy, pillow, opencv-python-headless [video]
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keykind.core.errors import CannotWrite
from keykind.core.files import atomic_write
from keykind.predict.annotate import annotate
from keykind.predict.recogniser import Key, Prediction
from keykind.predict.wording import Wording
from keykind.video.opencv import opencv
from keykind.video.recognise import Watched
from keykind.video.source import Pixels, Video

# Codecs from the best: VP9, which browsers and phones play, and which is free of royalties; MPEG-4 part 2.
CODECS = "vp09", "mp4v"
MAX_SIDE = 1920  # px of a recording; larger videos are reduced
MAX_REPEATED = 10.0  # s without a new frame that a recording bridges


def save(path: Path, watched: Watched, out: str | Path, wording: Wording) -> None:
    """Write a video again, with its keys drawn into every frame.

    A key has its final answer from its first frame on; between predicted frames its place is interpolated.
    Raises CannotWrite, BadVideo.
    """
    with Video(path) as video, recording(out, video.rate, wording) as add:
        for frame in video.frames():
            places = [track.at(frame.seconds) for track in watched.tracks]
            keys = [
                replace(answer, box=place.box, head=place.head, tip=place.tip)
                for answer, place in zip(watched.prediction.keys, places, strict=True)
                if place is not None
            ]
            add(frame.pixels, frame.seconds, tuple(keys))


class Recording:
    """An MP4 file that is being written, at a constant number of frames a second."""

    def __init__(self, path: Path, rate: float, wording: Wording) -> None:
        self._path, self._rate, self._wording = path, rate, wording
        self._writer: Any = None
        self._size = (0, 0)
        self._written = 0  # frames
        self._last: Pixels | None = None

    def add(self, pixels: Pixels, seconds: float, keys: tuple[Key, ...]) -> None:
        """Draw the keys into a frame and write it as often as its time asks for. Raises CannotWrite."""
        height, width = pixels.shape[:2]
        photo = Prediction("", keys)
        drawn = np.asarray(annotate(Image.fromarray(pixels), photo, self._wording))
        frame = self._fit(drawn[..., ::-1], width, height)
        due = round(seconds * self._rate)
        missing = min(due - self._written, round(MAX_REPEATED * self._rate))
        for _ in range(missing):  # the source sent none in between
            self._writer.write(frame if self._last is None else self._last)
        if due >= self._written:
            self._writer.write(frame)
            self._written = due + 1
        self._last = frame

    def _fit(self, frame: Pixels, width: int, height: int) -> Pixels:
        """Return a frame at the size of the recording, which the first one decides."""
        cv2 = opencv()
        if self._writer is None:
            scale = min(1, MAX_SIDE / max(width, height))
            self._size = _even(width * scale), _even(height * scale)
            self._writer = _open_writer(self._path, self._rate, self._size)
        if self._size != (width, height):
            frame = cv2.resize(frame, self._size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(frame)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.release()


@contextmanager
def recording(out: str | Path, rate: float, wording: Wording) -> Iterator[Any]:
    """Yield the function that adds a frame to an MP4 file: its pixels, its time (s), its keys."""
    if Path(out).suffix.lower() != ".mp4":
        fault = f"ends in '{Path(out).suffix}', but videos are written as .mp4"
        raise CannotWrite(out, fault=fault, remedy="give a name that ends in .mp4")
    with atomic_write(out) as temporary:
        named = temporary.with_name(f"{temporary.name}.mp4")  # FFmpeg goes by the ending
        output = Recording(named, rate, wording)
        try:
            yield output.add
            output.close()
            if not named.exists():
                raise CannotWrite(out, fault="would have no frame", remedy="give a video with frames")
            named.replace(temporary)
        finally:
            output.close()
            named.unlink(missing_ok=True)


def _even(side: float) -> int:
    """Return a side as an even number of pixels: colour has half the resolution."""
    return max(2, round(side) // 2 * 2)


def _open_writer(path: Path, rate: float, size: tuple[int, int]) -> Any:
    cv2 = opencv()
    for codec in CODECS:
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, size)
        if writer.isOpened():
            return writer
        writer.release()
    fault = "cannot be written: this installation of OpenCV has no encoder for MP4"
    raise CannotWrite(path, fault=fault, remedy="run: pip install -U 'keykind[video]'")
