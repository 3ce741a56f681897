"""labels.csv and its photos -> a dataset in a format of other programs.

In:    a folder of photos with labels.csv
Out:   OUT/annotations.json (COCO keypoints), or OUT/data.yaml and OUT/labels (YOLO pose); OUT/images
Needs: numpy, pillow, ai-edge-litert

Images are copies of the photos, or hard links to them. Programs differ in whether they turn a photo as its
EXIF orientation says, so a photo that is not stored upright is written upright, as JPEG, and so is one in a
format that few programs read.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from keykind.core.errors import BadDataset, BadPhoto, CannotWrite
from keykind.core.files import UNFINISHED, writing_to
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.dataset.formats import coco, yolo
from keykind.dataset.formats.marks import EXPORTED, PhotoOut, categories
from keykind.dataset.label_rows import LABEL_FILE, read_labels
from keykind.dataset.listing import ReadError, counted
from keykind.dataset.marked_photos import MarkedPhoto, check_folder, marked_photos, outside
from keykind.dataset.splits import TEST
from keykind.photo.decode import Header, decode_photo, read_bytes, read_header
from keykind.photo.profile import rgb_profile

FORMATS = ("coco", "yolo")
COCO_FILE = "annotations.json"
CONTENT = (yolo.IMAGES, yolo.LABELS, COCO_FILE, yolo.DATA_FILE)  # of an export
JPEG = (".jpg", ".jpeg")
COPIED = {
    "JPEG": JPEG,
    "MPO": JPEG,
    "PNG": (".png",),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
}  # with extensions
QUALITY = 95  # of upright JPEG
START = 200  # bytes of a file in which an export says what it is


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported."""

    photos: int
    keys: int
    without_keys: int  # photos
    test: int  # photos of the test split
    upright: int  # photos that were written upright, as JPEG
    problems: tuple[ReadError, ...]  # photos that were left out


@dataclass(frozen=True, slots=True)
class _Image:
    """A photo to export, and how its image is made."""

    source: Path
    photo: PhotoOut
    is_copied: bool


def export_labels(
    folder: str | Path, out: str | Path, *, file_format: str, link: bool = False, force: bool = False
) -> Exported:
    """Write the photos of a folder all of whose keys are marked, with the marks.

    file_format: one of FORMATS. link: hard links in place of copies. force: replace an earlier export.
    Raises BadDataset if no key is marked, or no marked photo can be read; CannotWrite.
    """
    folder, out = Path(folder), Path(out)
    check_folder(folder)
    table = folder / LABEL_FILE
    marked = marked_photos(table, folder)
    if not marked:
        fault = f"has 0 photos whose keys are marked ({counted(len(read_labels(table).rows), 'row')})"
        raise BadDataset(table, fault=fault, remedy="mark the keys of some photos in the column ends")
    _check_out(folder, out, force=force)
    headers = progress(parallel_map(lambda photo: _header(folder, photo), marked), len(marked), "sizes")
    images, problems = _images(folder, list(zip(marked, headers, strict=True)))
    with _unfinished(out) as work:
        write = parallel_map(lambda image: _write_image(image, work, file_format, link=link), images)
        faults = list(progress(write, len(images), "images"))
        problems += [fault for fault in faults if fault]
        written = [image for image, fault in zip(images, faults, strict=True) if not fault]
        if not written:
            fault = f"marks {counted(len(marked), 'photo')}, 0 of which can be exported"
            raise BadDataset(table, fault=fault, remedy=f"{problems[0].name}: {problems[0].reason}")
        _write_labels([image.photo for image in written], work, file_format)
        _replace(out, work)
    photos = [image.photo.marked for image in written]
    return Exported(
        len(photos),
        sum(len(photo.ends) for photo in photos),
        sum(not photo.ends for photo in photos),
        sum(photo.split == TEST for photo in photos),
        sum(not image.is_copied for image in written),
        tuple(problems),
    )


def _check_out(folder: Path, out: Path, *, force: bool) -> None:
    """Raise CannotWrite if the export would be among the photos, or replace anything but an export."""
    inner, outer = out.resolve(), folder.resolve()
    if inner == outer:
        raise CannotWrite(out, fault="is the folder of photos itself", remedy="choose a folder beside it")
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise CannotWrite(out, fault=f"is in {folder}, or contains it", remedy="choose a folder beside it")
    if out.exists() and not out.is_dir():
        raise CannotWrite(out, fault="is a file", remedy="give the name of a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not force:
        remedy = "give a new folder, or --force to replace an earlier export"
        raise CannotWrite(out, fault="exists and is not empty", remedy=remedy)
    lists = [out / name for name in (COCO_FILE, yolo.DATA_FILE) if (out / name).is_file()]
    if not any(EXPORTED.encode() in path.read_bytes()[:START] for path in lists):
        fault = "is not empty, and was not exported by keykind"
        raise CannotWrite(out, fault=fault, remedy="give a new folder; only an export is replaced")


def _header(folder: Path, photo: MarkedPhoto) -> Header | ReadError:
    try:
        header = read_header(folder / photo.name)
    except BadPhoto as error:
        return ReadError(photo.name, f"{error.fault}; {error.remedy}")
    key = outside(photo.ends, header.width, header.height)
    if key is None:
        return header
    points = f"{key.head[0]:g}, {key.head[1]:g} to {key.tip[0]:g}, {key.tip[1]:g}"
    fault = f"has {header.width} x {header.height} pixels, but a key is marked from {points}"
    return ReadError(photo.name, f"{fault}; mark it again, in pixels of the upright photo")


def _images(
    folder: Path, photos: Sequence[tuple[MarkedPhoto, Header | ReadError]]
) -> tuple[list[_Image], list[ReadError]]:
    """Return the photos that can be exported, with the names of their images, and problems of others."""
    stems = Counter(_stem(photo.name) for photo, _ in photos)
    images, problems = [], []
    for photo, header in photos:
        if isinstance(header, ReadError):
            problems.append(header)
            continue
        is_copied = header.format in COPIED and not header.turned
        endings = COPIED[header.format] if is_copied else JPEG
        is_clear = PurePosixPath(photo.name).suffix.lower() in endings and stems[_stem(photo.name)] == 1
        file = photo.name if is_clear else f"{photo.name}{endings[0]}"  # an import finds its photo again
        out = PhotoOut(photo, file, header.width, header.height)
        images.append(_Image(folder / photo.name, out, is_copied))
    return images, problems


def _stem(name: str) -> str:
    """Return a path without its extension: YOLO's labels are found by it."""
    return str(PurePosixPath(name).with_suffix("")).casefold()


def _write_image(image: _Image, work: Path, file_format: str, *, link: bool) -> ReadError | None:
    """Write the image of a photo; return why it cannot be read. Raises CannotWrite."""
    place = yolo.place_of(image.photo) if file_format == "yolo" else image.photo.file
    target = work / yolo.IMAGES / place
    try:
        with writing_to(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            if not image.is_copied:
                _write_upright(image.source, target)
            elif link:
                _link(image.source, target)
            else:
                shutil.copyfile(image.source, target)
    except BadPhoto as error:
        return ReadError(image.photo.marked.name, f"{error.fault}; {error.remedy}")
    return None


def _write_upright(source: Path, target: Path) -> None:
    data = read_bytes(source)
    pixels = decode_photo(data, source).pixels
    Image.fromarray(pixels).save(target, "JPEG", quality=QUALITY, icc_profile=rgb_profile(data))


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError as error:
        fault = f"cannot be a hard link to {source} ({error.strerror})"
        remedy = "export to the disk that the photos are on, or without --link"
        raise CannotWrite(target, fault=fault, remedy=remedy) from error


def _write_labels(photos: Sequence[PhotoOut], work: Path, file_format: str) -> None:
    with writing_to(work):
        if file_format == "coco":
            (work / COCO_FILE).write_text(coco.coco_text(photos), "utf-8")
            return
        names = categories(photos)
        for photo in photos:
            path = work / yolo.LABELS / PurePosixPath(yolo.place_of(photo)).with_suffix(".txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yolo.label_text(photo, names), "utf-8")
        (work / yolo.IMAGES / yolo.TRAIN).mkdir(exist_ok=True)  # data.yaml names it, even if it is empty
        (work / yolo.DATA_FILE).write_text(yolo.data_text(photos), "utf-8")


@contextmanager
def _unfinished(out: Path) -> Iterator[Path]:
    """Yield a folder in the output folder, which is deleted at the end."""
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=out))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _replace(out: Path, work: Path) -> None:
    """Put a finished export into its folder, in place of an earlier one."""
    with writing_to(out):
        for name in reversed(CONTENT):  # first the files that would list what is gone
            if (out / name).is_dir():
                shutil.rmtree(out / name)
            else:
                (out / name).unlink(missing_ok=True)
        for name in CONTENT:
            if (work / name).exists():
                (work / name).rename(out / name)
