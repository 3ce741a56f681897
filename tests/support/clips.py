"""Short videos for tests: a camera that moves over a picture."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keykind.video.source import pyav

SIZE = (320, 240)  # px of a frame, width and height


def pan(picture: NDArray[np.uint8], frames: int, size: tuple[int, int] = SIZE) -> list[NDArray[np.uint8]]:
    """Return frames (h, w, 3) of a camera that moves from the left end of a picture to its right end."""
    width, height = size
    starts = np.linspace(0, picture.shape[1] - width, frames).round().astype(int)
    return [np.ascontiguousarray(picture[:height, start : start + width]) for start in starts]


def write_clip(path: Path, frames: list[NDArray[np.uint8]], rate: int = 30) -> Path:
    """Write RGB frames as a video, in MPEG-4 part 2."""
    height, width = frames[0].shape[:2]
    with pyav().open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 4_000_000
        for frame in frames:
            container.mux(stream.encode(pyav().VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path
