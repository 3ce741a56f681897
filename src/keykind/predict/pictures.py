"""Photos -> their predictions, and on the way annotated pictures, a gallery page and sorted copies.

In:    photos, any number; a Recogniser; what to make of them
Out:   Prediction(s), in order; files
Needs: numpy, pillow, ai-edge-litert

Everything is made in one pass. A photo is read once, decoded for its answer and once more for its pictures.
Names are given in the order of the photos, so that they do not depend on which thread is faster.
"""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path, PurePath
from types import TracebackType

from PIL import Image

from keykind.core.errors import BadPhoto, CannotWrite, printable
from keykind.core.files import check_writable
from keykind.core.parallel import Engine, parallel_map
from keykind.core.process import keep_freed_memory
from keykind.model.gradcam import Explanation
from keykind.photo.decode import read_bytes
from keykind.photo.profile import rgb_profile
from keykind.photo.source import NamedPhoto, Source, fetch, load_pixels, name_of, prefetch
from keykind.predict import gallery, saving
from keykind.predict.annotate import annotate
from keykind.predict.evidence import MAP_SIDE, PHOTO_SIDE, Shown
from keykind.predict.file_names import RelativeNames, Taken, check_apart
from keykind.predict.gallery import Gallery, Picture
from keykind.predict.prediction import Prediction
from keykind.predict.recogniser import Recogniser
from keykind.predict.sorting import Sorter
from keykind.predict.wording import wording_of

GALLERY_QUALITY = 72  # of JPEG
Answered = tuple[Source, Prediction, tuple[Explanation, ...]]  # a photo, perhaps downloaded, and its answer


@dataclass(frozen=True, slots=True)
class Targets:
    """What is made of photos, besides predictions."""

    save: Path | None = None  # folder of annotated photos
    html: Path | None = None  # gallery page
    sort: Path | None = None  # folder of copies by answer
    force: bool = False  # replace files that keykind did not write; add to a folder that is not empty

    def check(self, arguments: Sequence[str], out: object = None) -> None:
        """Raise CannotWrite if a file or folder may not be written. arguments: names of the photos."""
        folders = [folder for folder in (self.save, self.sort) if folder is not None]
        for folder in folders:
            check_apart(folder, arguments)
        taken = [folder.resolve() for folder in (*folders, out) if isinstance(folder, Path)]
        if len(set(taken)) < len(taken):
            fault = "is given for two results of the same command"
            raise CannotWrite(folders[-1], fault=fault, remedy="give each a folder of its own")
        if self.html is not None:
            if not self.force:
                gallery.check_own(self.html)
            check_writable(self.html.parent, self.html)
        for folder in folders:
            check_writable(folder)


@dataclass(frozen=True, slots=True)
class _Job:
    """A photo whose pictures are to be made."""

    answered: Answered
    name: PurePath  # below its folder
    target: Path | None  # of the annotated photo
    side: int | None  # longer side of its picture in the gallery, px


@dataclass(frozen=True, slots=True)
class _Made:
    """A photo whose pictures were made."""

    job: _Job
    pictures: tuple[Picture, ...]
    error: BadPhoto | None = None  # why there are none, although it was read before


class Pictures:
    """The pictures, page and copies of one command; a context manager, which writes the page at its end."""

    def __init__(
        self,
        targets: Targets,
        arguments: Sequence[str],
        recogniser: Recogniser,
        evidence: Shown | None = None,
    ) -> None:
        """Take the command-line names of the photos. evidence: which is shown beside each photo; None: none.

        Raises CannotWrite if targets must not be written.
        """
        self._targets, self._recogniser, self._evidence = targets, recogniser, evidence
        self._wording = wording_of(recogniser.model.card)
        self._relative, self._taken = RelativeNames(arguments), Taken()
        kinds, sort = recogniser.kinds, targets.sort
        self._sorter = sort and Sorter(sort, kinds, self._wording, force=targets.force)
        self._gallery = Gallery(kinds, self._wording, has_maps=evidence is not None) if targets.html else None
        self._scheduled = 0  # photos whose pictures were begun
        self._written: list[Path] = []  # annotated photos; threads add to it
        self._running: Generator[Prediction, None, None] | None = None
        self.copied = 0  # photos and videos
        self.saved_videos = self.copied_videos = 0  # of these, videos
        self.first: Path | None = None  # annotated photo
        self.page: Path | None = None  # gallery page, once it is written
        self.errors: list[str] = []  # photos of which no picture could be made, and why

    @property
    def what(self) -> str:
        """Return what was added to each photo, in words."""
        if self._evidence is not None:
            return "evidence"
        return "boxes and answers" if self._wording.of_keys else "answers"

    @property
    def saved(self) -> int:
        """Return how many annotated photos and videos were written, also those whose turn had not come."""
        return len(self._written) + self.saved_videos

    def __enter__(self) -> "Pictures":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the page of what is finished, also after an interruption, but not if writing failed."""
        if self._running:  # an interrupted loop still holds it: wait for the photos that are in its threads
            self._running.close()
        if self._gallery and self._targets.html and not isinstance(error, CannotWrite):
            count = self._gallery.count
            title = f"{count:,} photo{'s' * (count != 1)}"
            notes = [f"Model: {PurePath(self._recogniser.model.name).name}."]
            if error is not None:
                notes.append("The command was stopped before it had answered all photos.")
            self._gallery.write(self._targets.html, title, notes)
            self.page = self._targets.html

    def recognise(self, photos: Iterable[Source], engine: Engine = parallel_map) -> Iterator[Prediction]:
        """Return the predictions in order, each when its files are made. Raises CannotWrite."""
        keep_freed_memory()
        sources = map(prefetch, photos) if engine is parallel_map else photos
        answered = engine(partial(_attempt, self._recogniser, self._evidence), sources)
        self._running = (self._finish(made) for made in parallel_map(self._make, map(self._job, answered)))
        return self._running

    @property
    def force(self) -> bool:
        """Return whether files are replaced that keykind did not write."""
        return self._targets.force

    def add_video(
        self,
        path: Path,
        prediction: Prediction,
        still: Callable[[], Image.Image | None],
        record: Callable[[Path], None],
    ) -> None:
        """Take a video that was answered elsewhere. Raises CannotWrite.

        still: returns its picture in the page; record: writes the annotated video to a path.
        """
        name = self._relative.of(path)
        if self._targets.save and prediction.error is None:
            target = self._targets.save / self._taken.unique(name.with_suffix(".mp4"))
            record(target)
            self.saved_videos += 1
            self.first = self.first or target
        copied = self.copied
        self._sort(path, name.name, prediction)
        self.copied_videos += self.copied - copied
        if self._gallery:
            image, side = still(), gallery.side_of(self._scheduled)
            self._scheduled += 1
            pictures = [Picture(jpeg(fitted(image, side)))] if image else []
            self._gallery.add(printable(str(name)), prediction, pictures)

    def _sort(self, source: Source, name: str, prediction: Prediction) -> None:
        if self._sorter:
            self._sorter.copy(source, name, prediction)
            self.copied = self._sorter.counts.total()

    def _job(self, answered: Answered) -> _Job:
        """Return what is to be made of a photo; called in the order of the photos."""
        source, prediction, _ = answered
        name = self._relative.of(source)
        target = None
        if self._targets.save and prediction.error is None:
            target = self._targets.save / self._taken.unique(saving.picture_name(name))
        side = gallery.side_of(self._scheduled) if self._gallery else None
        self._scheduled += 1
        return _Job(answered, name, target, side)

    def _make(self, job: _Job) -> _Made:
        """Make the pictures of a photo; called in threads."""
        prediction = job.answered[1]
        if prediction.error is not None or (job.target is None and job.side is None):
            return _Made(job, ())
        try:
            return _Made(job, self._draw(job))
        except BadPhoto as error:  # changed since it was answered
            return _Made(job, (), error)

    def _draw(self, job: _Job) -> tuple[Picture, ...]:
        source, prediction, explanations = job.answered
        source = _in_memory(source)
        side = None if job.target else job.side
        if self._evidence is not None:
            side = max(job.side or 0, PHOTO_SIDE)
        image = load_pixels(source, min_side=_min_side(prediction, side)).reductions.by(1)
        if job.target is not None:
            if self._evidence is None:
                picture = annotate(image, prediction, self._wording)
            else:
                annotated = annotate(fitted(image, PHOTO_SIDE), prediction, self._wording)
                picture = self._evidence.figure(annotated, explanations, self._wording)
            self._save(picture, job.target, source)
        if job.side is None:
            return ()
        pictures = [Picture(jpeg(annotate(fitted(image, job.side), prediction, self._wording)))]
        if self._evidence is not None:
            maps = self._evidence.maps(explanations, self._wording)
            pictures += [Picture(jpeg(fitted(image, MAP_SIDE)), caption) for image, caption in maps]
        return tuple(pictures)

    def _save(self, picture: Image.Image, target: Path, source: Source) -> None:
        if not self._targets.force:
            saving.check_own(target)
        content = source.content if isinstance(source, NamedPhoto) else None
        profile = rgb_profile(content) if isinstance(content, bytes) else None
        saving.save_picture(picture, target, profile)
        self._written.append(target)

    def _finish(self, made: _Made) -> Prediction:
        """Count, sort and show a photo whose pictures are made; called in the order of the photos."""
        source, prediction, _ = made.job.answered
        if made.error is not None:
            self.errors.append(str(made.error))
        elif made.job.target is not None:
            self.first = self.first or made.job.target
        self._sort(source, made.job.name.name, prediction)
        if self._gallery:
            shown = prediction
            if made.error is not None:
                shown = replace(prediction, keys=(), error=f"{made.error.fault}; {made.error.remedy}")
            self._gallery.add(printable(str(made.job.name)), shown, made.pictures)
        return prediction


def fitted(image: Image.Image, side: int) -> Image.Image:
    """Return an image whose longer side is at most `side` px."""
    if max(image.size) <= side:
        return image
    scale = side / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def jpeg(image: Image.Image) -> bytes:
    """Return an image as JPEG, for a gallery."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=GALLERY_QUALITY, optimize=True)
    return buffer.getvalue()


def _attempt(recogniser: Recogniser, evidence: Shown | None, source: Source) -> Answered:
    """Return the prediction for a photo, and its evidence; a remote photo is downloaded once."""
    try:
        source = fetch(source)
    except BadPhoto as error:
        source = error
    if evidence is None:
        return source, recogniser.attempt(source), ()
    return source, *evidence.explain(recogniser, source)


def _in_memory(source: Source) -> Source:
    """Return the photo with the bytes of its file, which are read twice: for pixels and for the profile."""
    if isinstance(source, str | Path):
        return NamedPhoto(name_of(source), read_bytes(source))
    return source


def _min_side(prediction: Prediction, side: int | None) -> int | None:
    """Return the shorter side at which a photo is decoded for a picture of the given longer side, px."""
    if side is None or not prediction.width or not prediction.height:
        return None
    shorter, longer = sorted((prediction.width, prediction.height))
    return max(1, math.ceil(side * shorter / longer))
