"""Photos and videos -> their predictions, in one order.

In:    photos and videos, any number; how photos are recognised; which frames of videos are predicted
Out:   Prediction(s), in order; pictures of the videos, if pictures are made
Needs: numpy, pillow, ai-edge-litert, PyAV [video]
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

from PIL import Image

from keykind.photo.source import Source
from keykind.predict.annotate import annotate
from keykind.predict.pictures import Pictures
from keykind.predict.prediction import Prediction
from keykind.predict.recogniser import Recogniser
from keykind.predict.shards import Recognise
from keykind.predict.wording import Wording, wording_of
from keykind.video import is_video, recording
from keykind.video.recognise import Watched, attempt_video


def with_videos(
    recognise: Recognise, recogniser: Recogniser, every: int | None, pictures: Pictures | None = None
) -> Recognise:
    """Return a function that recognises videos, too.

    recognise: does it for photos; every: predict every Nth frame, None: about 6 a second; pictures: to which
    the videos are added.
    """

    def mixed(sources: Iterable[Source]) -> Iterator[Prediction]:
        for are_videos, group in groupby(sources, is_video):
            if are_videos:
                yield from map(answer, map(Path, map(str, group)))
            else:
                yield from recognise(group)

    def answer(path: Path) -> Prediction:
        watched = attempt_video(recogniser, path, every=every)
        if pictures:
            _add(pictures, path, watched, wording_of(recogniser.model.card))
        return watched.prediction

    return mixed


def _add(pictures: Pictures, path: Path, watched: Watched, wording: Wording) -> None:
    def record(target: Path) -> None:
        if not pictures.force:
            recording.check_own(target)
        recording.save(path, watched, target, wording)

    pictures.add_video(path, watched.prediction, partial(_still, watched, wording), record)


def _still(watched: Watched, wording: Wording) -> Image.Image | None:
    """Return the frame that shows most of a video, annotated."""
    if watched.still is None:
        return None
    keys = recording.keys_at(watched, watched.still.seconds)
    image = Image.fromarray(watched.still.pixels)
    return annotate(image, replace(watched.prediction, keys=keys), wording)
