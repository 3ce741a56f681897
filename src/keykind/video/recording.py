"""A video and what was seen in it -> an annotated MP4.

In:    frames with the keys that each shows
Out:   an MP4 file (VP9), written atomically: boxes, kinds, probabilities
Needs: numpy, pillow, PyAV [video]

VP9 is free of royalties, its encoder is under a permissive licence, and browsers play it; x264, which PyAV's
wheels contain, is under the GPL.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from keykind.core.errors import CannotWrite
from keykind.core.files import atomic_write, writing_to
from keykind.photo.annotated import MARK
from keykind.predict.annotate import annotate
from keykind.predict.prediction import Key, Prediction
from keykind.predict.wording import Wording
from keykind.video.recognise import Watched
from keykind.video.source import Pixels, Video, pyav

CODEC = "libvpx-vp9"
OPTIONS = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "32", "b": "0"}
TIME_BASE = Fraction(1, 90_000)  # s, as MP4 files have it
MAX_SIDE = 1920  # px of a recording; larger videos are reduced

AddFrame = Callable[[Pixels, float, tuple[Key, ...]], None]


def save(path: str | Path, watched: Watched, out: str | Path, wording: Wording) -> None:
    """Write a video again, with its keys drawn into every frame.

    A key has its final answer from its first frame on; between predicted frames its place is interpolated.
    Raises CannotWrite, BadVideo.
    """
    with Video(path) as video, recording(out, video.rate, wording) as add:
        for frame in video.frames():
            add(frame.pixels, frame.seconds, keys_at(watched, frame.seconds))


def keys_at(watched: Watched, seconds: float) -> tuple[Key, ...]:
    """Return the keys of a video at the places where they are at a time, with their final answers."""
    places = [track.at(seconds) for track in watched.tracks]
    return tuple(
        replace(answer, box=place.box, head=place.head, tip=place.tip)
        for answer, place in zip(watched.prediction.keys, places, strict=True)
        if place is not None
    )


def check_own(path: Path) -> None:
    """Raise CannotWrite if a file exists that `recording` did not write."""
    if not path.exists():
        return
    try:
        with pyav().open(str(path)) as container:
            is_own = container.metadata.get("comment") == MARK
    except (OSError, ValueError):
        is_own = False
    if not is_own:
        fault = "exists, and is no video that keykind wrote"
        raise CannotWrite(path, fault=fault, remedy="give another folder, or add --force to replace it")


@contextmanager
def recording(out: str | Path, rate: float, wording: Wording) -> Iterator[AddFrame]:
    """Yield the function that adds a frame to an MP4 file: its pixels, its time (s), its keys.

    rate: about how many frames a second there are. Nothing is written if there is no frame.
    Raises CannotWrite for another extension or a full disk.
    """
    if Path(out).suffix.lower() != ".mp4":
        fault = f"ends in '{Path(out).suffix}', but videos are written as .mp4"
        raise CannotWrite(out, fault=fault, remedy="give a name that ends in .mp4")
    with atomic_write(out) as temporary:
        writer = _Writer(temporary, rate, wording)
        try:
            yield writer.add
            with writing_to(out):
                writer.finish()
        finally:
            writer.close()


class _Writer:
    """An MP4 file that is being written."""

    def __init__(self, path: Path, rate: float, wording: Wording) -> None:
        self._container = pyav().open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        self._container.metadata["comment"] = MARK
        self._rate, self._wording = rate, wording
        self._stream: Any = None
        self._last = -1  # time of the last frame, in TIME_BASE

    def add(self, pixels: Pixels, seconds: float, keys: tuple[Key, ...]) -> None:
        """Draw the keys into a frame and write it."""
        photo = Prediction("", keys)
        image = annotate(Image.fromarray(pixels), photo, self._wording) if keys else Image.fromarray(pixels)
        if self._stream is None:
            self._stream = self._open_stream(*image.size)
        size = self._stream.width, self._stream.height
        if image.size != size:
            image = image.resize(size, Image.Resampling.BOX)
        frame = pyav().VideoFrame.from_image(image)
        self._last = frame.pts = max(round(seconds / TIME_BASE), self._last + 1)
        frame.time_base = TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self._stream is not None:
            self._container.mux(self._stream.encode())

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _open_stream(self, width: int, height: int) -> Any:
        scale = min(1, MAX_SIDE / max(width, height))
        stream = self._container.add_stream(CODEC, rate=round(self._rate), options=OPTIONS)
        stream.width, stream.height = _even(width * scale), _even(height * scale)
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        return stream


def _even(side: float) -> int:
    """Return a side as an even number of pixels: colour has half the resolution."""
    return max(2, round(side) // 2 * 2)
