"""A video or a camera -> each of its keys once.

In:    a Recogniser; a video file, and which of its frames are predicted; or a camera
Out:   a Prediction of the whole video, and its tracks; the tracks in each frame of a camera
Needs: numpy, pillow, ai-edge-litert, PyAV [video]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keykind.core.errors import BadPhoto
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.predict.recogniser import Prediction, Recogniser
from keykind.video.motion import Brightness, Motion, reduced
from keykind.video.source import Camera, Frame, Video
from keykind.video.tracking import Track, Tracker

RATE = 6.0  # predicted frames a second, unless told otherwise: between two, a key moves less than its length


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What a video shows."""

    prediction: Prediction  # of the whole video: each key once
    tracks: tuple[Track, ...] = ()  # of each of these keys, in the same order
    frames: int = 0  # that were predicted


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
        size: tuple[int | None, int | None] = (None, None)  # px of a frame
        predicted = _predictions(recogniser, video, step)
        for seconds, prediction, brightness in progress(predicted, -(-video.expected // step), "frames"):
            shift = motion.update(brightness, max(prediction.width or 0, prediction.height or 0))
            tracker.update(prediction.keys, seconds, shift)
            count, size = count + 1, (prediction.width, prediction.height)
        tracks = tuple(tracker.confirmed(count))
        keys = tuple(track.summary(recogniser.kind_threshold) for track in tracks)
        return Watched(Prediction(video.name, keys, width=size[0], height=size[1]), tracks, count)


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
) -> Iterator[tuple[float, Prediction, Brightness]]:
    """Yield the time, the prediction and the brightness of every Nth frame, in order, computed in threads."""

    def predict(frame: Frame) -> tuple[float, Prediction, Brightness]:
        return frame.seconds, recogniser.recognise(frame.pixels), reduced(frame.pixels)

    return parallel_map(predict, video.frames(every))
