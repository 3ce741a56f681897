"""A walk through the folders of a dataset -> what is in them.

In:    PHOTOS/<kind>/**, PHOTOS/<split>/<kind>/**; photos of no kind in PHOTOS or in a folder `unlabelled`
Out:   Walk: photos by kind and split, photos without a kind, tables, other files, what is passed over. No
       photo is opened but those without an extension, of which the first bytes are read
Needs: numpy, pillow
"""

import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from keykind.core.errors import printable
from keykind.core.files import LABELS, RENDER_FILES, SET_FILE, file_mode, is_same_file
from keykind.dataset.key_ids import is_key_table
from keykind.dataset.label_rows import LABEL_FILE, has_decisions
from keykind.dataset.listing import PhotoEntry, ReadError, relative_path
from keykind.dataset.splits import TRAIN, part_of
from keykind.dataset.table_text import normal
from keykind.photo.formats import is_photo_file
from keykind.photo.system_files import PassedOver

UNLABELLED = ("unlabelled", "unlabeled")  # folders, in any case, whose photos have no kind yet


@dataclass(slots=True)
class Walk:
    """The state of a walk through the folders of one dataset."""

    root: Path
    photos: list[PhotoEntry] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    read_errors: list[ReadError] = field(default_factory=list)
    unlabelled: list[PhotoEntry] = field(default_factory=list)  # not in the folder of any kind
    splits: list[tuple[Path, str]] = field(default_factory=list)  # folders at the top, and their parts
    unused: list[Path] = field(default_factory=list)  # folders beside those of splits
    other_files: Counter[str] = field(default_factory=Counter)  # by file extension
    tables: list[Path] = field(default_factory=list)  # with key ids
    unread_labels: list[Path] = field(default_factory=list)  # decisions in another place than the root
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
            paths = sorted((path for path in folder.iterdir() if path.name not in skipped), key=_name)
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

    def folders(self, parent: Path, split: str) -> list[Path]:
        """Return the folders in a folder of kinds; collect the photos of no kind there."""
        folders = []
        for path, mode in self.entries(parent):
            if stat.S_ISDIR(mode) and is_unlabelled(path.name):
                self.unlabelled += self._photos(path, "", split)
            elif stat.S_ISDIR(mode):
                folders.append(path)
            elif is_photo_file(path):
                self.unlabelled.append(self._entry(path, "", split))
            else:
                self.add_other_file(path, mode)
        return folders

    def add_other_file(self, path: Path, mode: int) -> None:
        """Record a file that is not a photo; labels.csv directly in the root is read by `decisions`."""
        is_label_file = path.name.casefold() == LABEL_FILE and stat.S_ISREG(mode)
        at_root = is_label_file and is_same_file(path, self.root / LABEL_FILE)
        if is_label_file and has_decisions(path):
            self.unread_labels += [] if at_root else [path]
        elif is_key_table(path, mode):
            self.tables.append(path)
        elif not at_root:
            self.other_files[_extension(path)] += 1

    def read_kind(self, top: Path, split: str) -> None:
        """Collect the photos of one kind at any depth."""
        self.kinds.add(top.name)
        self.photos += self._photos(top, top.name, split)

    def _entry(self, path: Path, kind: str, split: str) -> PhotoEntry:
        relative = relative_path(path, self.root)
        return PhotoEntry(path, relative, printable(relative), kind, split)

    def _photos(self, top: Path, kind: str, split: str) -> list[PhotoEntry]:
        """Return the photos in a folder at any depth; a folder reached twice (loop of links) is an error."""
        photos: list[PhotoEntry] = []
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
                    photos.append(self._entry(path, kind, split))
                else:
                    self.add_other_file(path, mode)
        return photos


def _is_rendered_set(folder: Path) -> bool:
    """Return whether a folder is a set rendered by keykind."""
    return stat.S_ISREG(file_mode(folder / SET_FILE)) and stat.S_ISDIR(file_mode(folder / LABELS))


def _is_run(folder: Path) -> bool:
    """Return whether a folder is a training run of keykind, finished or not."""
    metrics, work = file_mode(folder / "metrics.json"), file_mode(folder / "work")
    return stat.S_ISREG(file_mode(folder / "recipe.json")) and (stat.S_ISREG(metrics) or stat.S_ISDIR(work))


def _name(path: Path) -> str:
    return path.name


def is_unlabelled(folder: str) -> bool:
    """Return whether a folder of this name holds photos without a kind."""
    return normal(folder).casefold() in UNLABELLED


def walk_folders(root: Path) -> Walk:
    """Return what the folders of a dataset hold, whatever is wrong with it; folders beside splits apart."""
    walk = Walk(root)
    folders = walk.folders(root, TRAIN)
    walk.splits = [(folder, part) for folder in folders if (part := part_of(folder.name))]
    for folder, part in walk.splits:
        for kind in walk.folders(folder, part):
            walk.read_kind(kind, part)
    if walk.splits:
        walk.unused = [folder for folder in folders if not part_of(folder.name)]
    else:
        for folder in folders:
            walk.read_kind(folder, TRAIN)
    return walk


def _extension(path: Path) -> str:
    return printable(path.suffix.lower()) or "without extension"
