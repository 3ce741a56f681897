"""Folders of photos -> listed photos, each with its kind and split.

In:    PHOTOS/<kind>/**, PHOTOS/<split>/<kind>/** or PHOTOS/<kind>/<split>/**; names of splits: `splits`
Out:   Listing(root, photos, kinds, read_errors, warnings), and the tables with key ids. No photo
       is opened but those without an extension, of which the first bytes are read
Needs: numpy, pillow
"""

import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.core.files import LABELS, RENDER_FILES, SET_FILE, file_mode
from keykind.dataset.folder_levels import check_levels, kinds_like_splits, same_folders_inside
from keykind.dataset.key_ids import find_groups_csv, is_key_table
from keykind.dataset.listing import Listing, PhotoEntry, ReadError, counted, first_few, relative_path
from keykind.dataset.splits import TEST, TRAIN, VALIDATION, part_of
from keykind.dataset.table_text import normal
from keykind.photo.formats import is_photo_file
from keykind.photo.system_files import PassedOver

REMEDY = "make one folder per kind and put its photos there: PHOTOS/<kind>/*.jpg"


@dataclass(slots=True)
class Walk:
    """The state of a walk through the folders of one dataset."""

    root: Path
    photos: list[PhotoEntry] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    read_errors: list[ReadError] = field(default_factory=list)
    stray_photos: int = 0  # not in the folder of any kind
    other_files: Counter[str] = field(default_factory=Counter)  # by file extension
    tables: list[Path] = field(default_factory=list)  # with key ids
    runs: list[str] = field(default_factory=list)  # folders written by keykind
    passed_over: PassedOver = field(default_factory=PassedOver)

    def add_error(self, path: Path, reason: str) -> None:
        """Record why a file or folder is skipped."""
        self.read_errors.append(ReadError(printable(path.relative_to(self.root).as_posix()), reason))

    def entries(self, folder: Path) -> Iterator[tuple[Path, int]]:
        """Yield the visible entries of a folder, sorted, with their modes, following links; no runs.

        Skips what `keykind render` writes next to the photos of a set.
        """
        skipped = RENDER_FILES if _is_rendered_set(folder) else ()
        try:
            paths = sorted(path for path in folder.iterdir() if path.name not in skipped)
        except OSError as error:
            self.add_error(folder, f"the folder cannot be read ({error.strerror}); check its permissions")
            return
        for path in paths:
            mode = file_mode(path)
            is_folder = stat.S_ISDIR(mode)
            if self.passed_over.skips(path.name, path, is_folder=is_folder) or path.name.startswith("."):
                continue
            if not mode:
                self.add_error(path, "broken symbolic link; fix or remove it")
            elif is_folder and _is_run(path):
                self.runs.append(printable(path.relative_to(self.root).as_posix()))
            else:
                yield path, mode

    def folders(self, parent: Path) -> list[Path]:
        """Return the folders in a folder of kinds; files next to them are only recorded."""
        folders = []
        for path, mode in self.entries(parent):
            if stat.S_ISDIR(mode):
                folders.append(path)
            elif is_photo_file(path):
                self.stray_photos += 1
            else:
                self.add_other_file(path, mode)
        return folders

    def add_other_file(self, path: Path, mode: int) -> None:
        """Record a file that is not a photo."""
        if is_key_table(path, mode):
            self.tables.append(path)
        else:
            self.other_files[_extension(path)] += 1

    def read_kind(self, top: Path, split: str) -> None:
        """Collect the photos of one kind at any depth; a folder reached twice (loop of links) is an error."""
        self.kinds.add(top.name)
        ancestors = {self.root.resolve(), top.parent.resolve()}
        visited = ancestors.union(*(folder.parents for folder in ancestors))
        pending = [(top, top.resolve())]
        while pending:
            folder, resolved = pending.pop()
            if resolved in visited:
                self.add_error(
                    folder, f"links to {printable(resolved)}, which was already visited; remove the link"
                )
                continue
            visited.add(resolved)
            for path, mode in self.entries(folder):
                if stat.S_ISDIR(mode):
                    pending.append((path, path.resolve() if path.is_symlink() else resolved / path.name))
                elif is_photo_file(path):
                    relative = relative_path(path, self.root)
                    self.photos.append(PhotoEntry(path, relative, printable(relative), top.name, split))
                else:
                    self.add_other_file(path, mode)

    def skipped_files(self) -> str | None:
        """Return a warning about files that are not photos of a kind, or None."""
        others = self.other_files.total()
        if not self.stray_photos + others:
            return None
        extensions = first_few(f"{count:,} {suffix}" for suffix, count in sorted(self.other_files.items()))
        return (
            f"Files skipped: {counted(self.stray_photos, 'photo')} outside the folder of a kind, "
            f"{counted(others, 'file')} of other types{f' ({extensions})' if extensions else ''}; move "
            "photos into the folder of their kind, other files elsewhere."
        )


def _is_rendered_set(folder: Path) -> bool:
    """Return whether a folder is a set rendered by keykind."""
    return stat.S_ISREG(file_mode(folder / SET_FILE)) and stat.S_ISDIR(file_mode(folder / LABELS))


def _is_run(folder: Path) -> bool:
    """Return whether a folder is a training run of keykind, finished or not."""
    metrics, work = file_mode(folder / "metrics.json"), file_mode(folder / "work")
    return stat.S_ISREG(file_mode(folder / "recipe.json")) and (stat.S_ISREG(metrics) or stat.S_ISDIR(work))


def list_folders(root: Path, as_test: bool) -> tuple[Listing, list[Path]]:
    """Return the photos in the folders, and the tables with key ids.

    Validation photos are still of that split. as_test: all photos are test photos.
    Raises BadDataset if there are no photos, or folders may be splits as well as kinds.
    """
    walk = Walk(root)
    folders = walk.folders(root)
    splits = [(folder, part) for folder in folders if (part := part_of(folder.name))]
    unused = [folder for folder in folders if splits and not part_of(folder.name)]
    for folder, part in splits:
        for kind in walk.folders(folder):
            walk.read_kind(kind, part)
    for folder in [] if splits else folders:
        walk.read_kind(folder, TRAIN)
    skipped = [(folder, _count_photos(folder)) for folder in unused]
    if splits:
        _check_splits(walk, splits, skipped, as_test)
    if not walk.photos:
        raise _no_photos(walk)
    if not as_test:
        check_levels(walk.root, walk.photos)
    notes = kinds_like_splits(walk.photos) if splits else same_folders_inside(walk.photos)
    notes += [] if splits else _split_inside_kinds(walk)
    sentences = (*notes, walk.skipped_files(), _skipped_folders(skipped), _skipped_runs(walk.runs))
    return (
        Listing(
            root,
            tuple(walk.photos),
            tuple(sorted(walk.kinds)),
            tuple(walk.read_errors),
            tuple(sentence for sentence in sentences if sentence),
            tuple(walk.passed_over.counts.items()),
        ),
        walk.tables + find_groups_csv(unused),
    )


def _count_photos(folder: Path) -> int:
    """Return the number of photos in a folder and below."""
    walk = Walk(folder.parent)
    walk.read_kind(folder, TRAIN)
    return len(walk.photos)


def _check_splits(
    walk: Walk, splits: Sequence[tuple[Path, str]], skipped: Sequence[tuple[Path, int]], as_test: bool
) -> None:
    """Raise BadDataset if folders named like splits may be kinds, or nothing is left to train on.

    skipped: the folders beside them, each with the number of its photos.
    """
    names = " and ".join(printable(folder.name) for folder, _ in splits)
    beside = [(folder.name, count) for folder, count in skipped if count]
    inside = {normal(kind).casefold() for kind in walk.kinds}
    flat = [folder.name for folder, _ in splits if not _kinds_in(walk, folder) and _count_photos(folder)]
    parts = {part for _, part in splits}
    as_kind = any(normal(name).casefold() in inside for name, _ in beside)
    if beside and (as_kind or flat or len(beside) > 1 or len(parts) == 1):
        listed = first_few(f"{printable(name)} ({counted(count, 'photo')})" for name, count in beside)
        fault = f"has a folder named {names}, like a split, beside folders with photos: {listed}"
        if TRAIN not in parts:
            fault += ", but none named train"
        remedy = (
            "if it is a split, move the others into it or into a folder named train; if it is a kind, rename "
            f"it, e.g. to kind_{printable(splits[0][0].name)}"
        )
        raise BadDataset(walk.root, fault=fault, remedy=remedy)
    if flat and not beside and not as_test:
        fault = f"has photos in {first_few(map(printable, flat))} without a folder for each kind"
        remedy = f"put them into PHOTOS/{printable(flat[0])}/<kind>/, or rename the folder if it is a kind"
        raise BadDataset(walk.root, fault=fault, remedy=remedy)
    if TRAIN not in parts and not as_test:
        fault = f"has a folder named {names}, but none named train"
        raise BadDataset(
            walk.root, fault=fault, remedy="move the kinds to train on into a folder named train"
        )


def _kinds_in(walk: Walk, split: Path) -> bool:
    """Return whether a split has folders of kinds."""
    return any(photo.path.is_relative_to(split) for photo in walk.photos)


def _split_inside_kinds(walk: Walk) -> list[str]:
    """Take PHOTOS/<kind>/<split>/ as splits if all photos are in such folders; else say that they are not.

    Changes the splits of the walk's photos.
    """
    parts = [_part_inside(photo.relative) for photo in walk.photos]
    if all(parts) and {TRAIN} < set(parts):
        walk.photos = [
            replace(photo, split=part or TRAIN) for photo, part in zip(walk.photos, parts, strict=True)
        ]
        return []
    count = sum(part in (TEST, VALIDATION) for part in parts)
    if not count:
        return []
    return [
        f"Photos in folders named like a test or validation split inside a kind: {count:,}; they are trained "
        "on like the others, since not all photos are in such folders; use PHOTOS/train/<kind> and "
        "PHOTOS/test/<kind>."
    ]


def _part_inside(relative: str) -> str | None:
    """Return the part that the folder inside the kind's folder means, e.g. of cylinder/test/1.jpg."""
    names = relative.split("/")
    return part_of(names[1]) if len(names) > 2 else None


def _no_photos(walk: Walk) -> BadDataset:
    kinds = f" ({first_few(sorted(walk.kinds))})" if walk.kinds else ""
    error = f"; {walk.read_errors[0].name}: {walk.read_errors[0].reason}" if walk.read_errors else ""
    fault = (
        f"has 0 photos in {counted(len(walk.kinds), 'kind folder')}{kinds}, "
        f"{counted(walk.stray_photos, 'photo')} outside them and "
        f"{counted(walk.other_files.total(), 'other file')}{error}"
    )
    return BadDataset(walk.root, fault=fault, remedy=REMEDY)


def _skipped_folders(folders: Sequence[tuple[Path, int]]) -> str | None:
    if not folders:
        return None
    listed = first_few(
        printable(folder.name) + (f" with {counted(count, 'photo')}" if count else "")
        for folder, count in folders
    )
    return f"Folders skipped next to train and test: {len(folders):,} ({listed}); move what you want to use."


def _skipped_runs(names: list[str]) -> str | None:
    if not names:
        return None
    return (
        f"Folders skipped because they are runs of keykind: {len(names):,} ({first_few(names)}); "
        "write runs outside the photos."
    )


def _extension(path: Path) -> str:
    return printable(path.suffix.lower()) or "without extension"
