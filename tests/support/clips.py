"""Short videos for tests: a camera that moves over a picture."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keykind.video.opencv import opencv

SIZE = (320, 240)  # px of a frame, width and height


def pan(picture: NDArray[np.uint8], frames: int, size: tuple[int, int] = SIZE) -> list[NDArray[np.uint8]]:
    """Return frames (h, w, 3) of a camera that moves from the left end of a picture to its right end."""
    width, height = size
    starts = np.linspace(0, picture.shape[1] - width, frames).round().astype(int)
    return [np.ascontiguousarray(picture[:height, start : start + width]) for start in starts]


def write_clip(path: Path, frames: list[NDArray[np.uint8]], rate: float = 30) -> Path:
    """Write RGB frames as a video, in a codec that its ending allows."""
    cv2 = opencv()
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path
