"""A video or a camera -> each of its keys once.

In:    a Recogniser; a video file, and which of its frames are predicted; or a camera
Out:   a Prediction of the whole video, and its tracks; the tracks in each frame of a camera
Needs: numpy, pillow, ai-edge-litert, PyAV [video]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keykind.core.errors import BadPhoto
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.predict.prediction import Key, Prediction
from keykind.predict.recogniser import Recogniser
from keykind.video.motion import Brightness, Motion, reduced
from keykind.video.source import Camera, Frame, Pixels, Video
from keykind.video.tracking import Track, Tracker

RATE = 6.0  # predicted frames a second by default: between two, a key moves less than its length


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A frame that stands for its video."""

    pixels: Pixels
    seconds: float
    score: float  # sum of the probabilities of its keys


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What a video shows."""

    prediction: Prediction  # of the whole video: each key once
    tracks: tuple[Track, ...] = ()  # of each of these keys, in the same order
    frames: int = 0  # that were predicted
    still: Still | None = None  # the frame that shows most; None if the video cannot be read


def recognise_video(recogniser: Recogniser, path: str | Path, *, every: int | None = None) -> Prediction:
    """Return the keys of a video, each once, at its place in the frame that shows it best.

    every: predict every Nth frame; None: about 6 a second. `Key.seconds`: when it is first and last seen.
    Raises BadVideo if the file cannot be read, MissingExtra without keykind[video].
    """
    return watch(recogniser, path, every=every).prediction


def attempt_video(recogniser: Recogniser, path: str | Path, *, every: int | None = None) -> Watched:
    """Return what a video shows, or a prediction with an error if it cannot be read."""
    try:
        return watch(recogniser, path, every=every)
    except BadPhoto as error:
        return Watched(Prediction(error.subject, (), f"{error.fault}; {error.remedy}"))


def watch(recogniser: Recogniser, path: str | Path, *, every: int | None = None) -> Watched:
    """Return what a video shows, with the tracks from which `recording.save` draws. Raises like the above."""
    with Video(path) as video:
        step = every or max(1, round(video.rate / RATE))
        motion, tracker, count = Motion(), Tracker(), 0
        still = Still(np.zeros((1, 1, 3), np.uint8), 0.0, -1.0)
        predicted = _predictions(recogniser, video, step)
        for frame, keys, brightness in progress(predicted, -(-video.expected // step), "frames"):
            tracker.update(keys, frame.seconds, motion.update(brightness, max(frame.pixels.shape)))
            score = sum(key.probability for key in keys)
            if score > still.score:
                still = Still(frame.pixels, frame.seconds, score)
            count += 1
    tracks = tuple(tracker.confirmed(count))
    summary = tuple(track.summary(recogniser.kind_threshold) for track in tracks)
    height, width = still.pixels.shape[:2]
    prediction = Prediction(video.name, summary, width=width, height=height, damaged=video.damaged)
    return Watched(prediction, tracks, count, still)


def watch_camera(recogniser: Recogniser, camera: Camera) -> Iterator[tuple[Frame, list[Track]]]:
    """Yield the newest frame of a camera with the tracks that it shows, again and again.

    Raises BadVideo if the camera sends no more.
    """
    motion, tracker = Motion(), Tracker()
    for frame in camera.frames():
        keys = recogniser.recognise(frame.pixels).keys
        shift = motion.update(reduced(frame.pixels), max(frame.pixels.shape))
        yield frame, tracker.update(keys, frame.seconds, shift)


def _predictions(
    recogniser: Recogniser, video: Video, every: int
) -> Iterator[tuple[Frame, tuple[Key, ...], Brightness]]:
    """Yield every Nth frame, its keys and its brightness, in order, computed in threads."""

    def predict(frame: Frame) -> tuple[Frame, tuple[Key, ...], Brightness]:
        return frame, recogniser.recognise(frame.pixels).keys, reduced(frame.pixels)

    return parallel_map(predict, video.frames(every))
