"""Pictures of photos that several verbs make: where they go, and what is said of them.

In:    parsed options; the names of the photos
Out:   Pictures, which make them; messages on stderr; a page or picture, opened
Needs: numpy, pillow, ai-edge-litert

Imported only if pictures are asked for: plain predictions start faster.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from keykind.cli.output import has_display, message, open_page
from keykind.core.errors import KeykindError
from keykind.photo.inputs import STDIN, count_photos
from keykind.predict import saving
from keykind.predict.evidence import Shown
from keykind.predict.file_names import RelativeNames
from keykind.predict.pictures import Pictures, Targets
from keykind.predict.recogniser import Recogniser
from keykind.video import is_video


def targets_of(options: argparse.Namespace, photos: Sequence[str]) -> Targets:
    """Return what is to be made of the photos, and check that it may be.

    Raises CannotWrite if not, KeykindError if `--show` is given and there is no display.
    """
    if options.show and not has_display():
        fault = "needs a display, and there is none (neither DISPLAY nor WAYLAND_DISPLAY is set)"
        remedy = "give --html FILE or --save FOLDER, and open them elsewhere"
        raise KeykindError("--show", fault=fault, remedy=remedy)
    targets = Targets(options.save, options.html, getattr(options, "sort", None), options.force)
    targets.check(photos, options.out)
    if targets.save and not targets.force and count_photos(photos):
        _check_own(targets.save, photos)
    if not options.show:
        return targets
    folder = Path(tempfile.mkdtemp(prefix="keykind-"))  # it stays: the browser reads it later
    if count_photos(photos) == 1:
        return replace(targets, save=targets.save or folder)
    return replace(targets, html=targets.html or folder / "photos.html")


@contextmanager
def pictures_of(
    options: argparse.Namespace,
    targets: Targets,
    photos: Sequence[str],
    recogniser: Recogniser,
    evidence: Shown | None = None,
) -> Iterator[Pictures]:
    """Yield the pictures to be made, and at the end say what was made and open it if asked to."""
    pictures = Pictures(targets, photos, recogniser, evidence)
    try:
        with pictures:
            yield pictures
    finally:
        for error in pictures.errors:
            message(f"keykind: no picture of {error}")
        for line in _summary(options, pictures):
            message(line)
    shown = pictures.first if count_photos(photos) == 1 else targets.html
    if options.show and shown:
        open_page(shown)


def _check_own(folder: Path, files: Sequence[str]) -> None:
    """Raise CannotWrite if a file is in the place of an annotated photo or video and is not keykind's."""
    relative = RelativeNames(files)
    for file in filter(lambda file: file != STDIN, files):
        name = relative.of(file)
        if is_video(file):
            from keykind.video import recording  # only if it is used: videos need PyAV

            recording.check_own(folder / name.with_suffix(".mp4"))
        else:
            saving.check_own(folder / saving.picture_name(name))


def _summary(options: argparse.Namespace, pictures: Pictures) -> Iterator[str]:
    if options.save and pictures.saved:
        yield f"{_counted(pictures.saved, pictures.saved_videos)} with {pictures.what} in {options.save}"
    if pictures.copied:
        yield f"{_counted(pictures.copied, pictures.copied_videos)} sorted into {options.sort}"
    if options.html and pictures.page:
        yield f"{pictures.page}"


def _counted(files: int, videos: int) -> str:
    """Return e.g. "2 photos and 1 video". files: both together."""
    photos = files - videos
    parts = [f"{photos:,} photo{'s' * (photos != 1)}"] if photos or not videos else []
    parts += [f"{videos:,} video{'s' * (videos != 1)}"] if videos else []
    return " and ".join(parts)
