"""Folders or a table -> listed photos, each with its kind, split and key id.

In:    PHOTOS/<kind>/**, PHOTOS/{train,test}/<kind>/**, or a CSV table (path, label; optional: group, split)
Out:   Listing(root, photos, kinds, read_errors, warnings), sorted, key ids from tables; no photo is opened
Needs: numpy, pillow
"""

import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.core.files import LABELS, RENDER_FILES, SET_FILE, file_mode, is_same_file
from keykind.dataset.csv_table import Row, read_table
from keykind.dataset.key_ids import add_key_ids, find_groups_csv, is_key_table
from keykind.dataset.listing import SPLITS, Listing, PhotoEntry, ReadError, first_few, relative_path
from keykind.photo.decode import SUFFIXES

REMEDY = "make one folder per kind and put its photos there: PHOTOS/<kind>/*.jpg"


def list_photos(source: str | Path, *, as_test: bool = False) -> Listing:
    """List the photos of a folder or of a CSV table.

    as_test: put all photos in the test split, whatever their folders or the table say.
    Raises BadDataset if the source is neither, lists no photos, or has a split other than train or test.
    """
    source = Path(source)
    mode = file_mode(source)
    if stat.S_ISDIR(mode):
        listing, tables = _list_folders(source, as_test)
    elif stat.S_ISREG(mode) and source.suffix.lower() == ".csv":
        listing = _list_table(source)
        tables = [path for path in find_groups_csv(_folders_of(listing)) if not is_same_file(path, source)]
    else:
        fault = "is a file, but not a CSV table" if mode else "does not exist"
        raise BadDataset(source, fault=fault, remedy="give a folder with one folder per kind, or a CSV table")
    photos = listing.photos
    if as_test:
        photos = tuple(replace(photo, split="test") for photo in photos)
    photos = tuple(sorted(photos, key=lambda photo: (photo.split, photo.kind, photo.relative)))
    return add_key_ids(replace(listing, photos=photos), tables)


@dataclass(slots=True)
class _Walk:
    """The state of a walk through the folders of one dataset."""

    root: Path
    photos: list[PhotoEntry] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    read_errors: list[ReadError] = field(default_factory=list)
    stray_photos: int = 0  # not in the folder of any kind
    other_files: Counter[str] = field(default_factory=Counter)  # by file extension
    tables: list[Path] = field(default_factory=list)  # with key ids
    runs: list[str] = field(default_factory=list)  # folders written by keykind

    def add_error(self, path: Path, reason: str) -> None:
        """Record why a file or folder is skipped."""
        self.read_errors.append(ReadError(printable(path.relative_to(self.root).as_posix()), reason))

    def entries(self, folder: Path) -> Iterator[tuple[Path, int]]:
        """Yield the entries of a folder, sorted, with their modes, following links; no runs, no hidden files.

        Skips what `keykind render` writes next to the photos of a set.
        """
        skipped = RENDER_FILES if _is_rendered_set(folder) else ()
        try:
            paths = sorted(
                path
                for path in folder.iterdir()
                if not path.name.startswith(".") and path.name not in skipped
            )
        except OSError as error:
            self.add_error(folder, f"the folder cannot be read ({error.strerror}); check its permissions")
            return
        for path in paths:
            mode = file_mode(path)
            if not mode:
                self.add_error(path, "broken symbolic link; fix or remove it")
            elif stat.S_ISDIR(mode) and _is_run(path):
                self.runs.append(printable(path.relative_to(self.root).as_posix()))
            else:
                yield path, mode

    def folders(self, parent: Path) -> list[Path]:
        """Return the folders in a folder of kinds; files next to them are only recorded."""
        folders = []
        for path, mode in self.entries(parent):
            if stat.S_ISDIR(mode):
                folders.append(path)
            elif path.suffix.lower() in SUFFIXES:
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
                elif path.suffix.lower() in SUFFIXES:
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
            f"Files skipped: {self.stray_photos:,} photos outside the folder of a kind, {others:,} "
            f"files that are not photos{f' ({extensions})' if extensions else ''}; move photos into the "
            "folder of their kind, other files elsewhere."
        )


def _is_rendered_set(folder: Path) -> bool:
    """Return whether a folder is a set rendered by keykind."""
    return stat.S_ISREG(file_mode(folder / SET_FILE)) and stat.S_ISDIR(file_mode(folder / LABELS))


def _is_run(folder: Path) -> bool:
    """Return whether a folder is a training run of keykind, finished or not."""
    metrics, work = file_mode(folder / "metrics.json"), file_mode(folder / "work")
    return stat.S_ISREG(file_mode(folder / "recipe.json")) and (stat.S_ISREG(metrics) or stat.S_ISDIR(work))


def _list_folders(root: Path, as_test: bool) -> tuple[Listing, list[Path]]:
    """Return the photos in the folders, and the tables with key ids."""
    walk = _Walk(root)
    folders = walk.folders(root)
    splits = [folder for folder in folders if folder.name.casefold() in SPLITS]
    if splits and not as_test and all(folder.name.casefold() == "test" for folder in splits):
        others = len(folders) - len(splits)
        raise BadDataset(
            root,
            fault=f"has a folder named test next to {others:,} others, but none named train",
            remedy="move the kinds to train on into a folder named train",
        )
    for split in splits:
        for folder in walk.folders(split):
            walk.read_kind(folder, split.name.casefold())
    for folder in [] if splits else folders:
        walk.read_kind(folder, "train")
    if not walk.photos:
        raise _no_photos(walk)
    unused = [folder for folder in folders if splits and folder not in splits]
    sentences = (
        walk.skipped_files(),
        _skipped_folders([printable(folder.name) for folder in unused]),
        _skipped_runs(walk.runs),
    )
    warnings = tuple(sentence for sentence in sentences if sentence)
    listing = Listing(root, tuple(walk.photos), tuple(sorted(walk.kinds)), tuple(walk.read_errors), warnings)
    return listing, walk.tables + find_groups_csv(unused)


def _no_photos(walk: _Walk) -> BadDataset:
    kinds = f" ({first_few(sorted(walk.kinds))})" if walk.kinds else ""
    error = f"; {walk.read_errors[0].name}: {walk.read_errors[0].reason}" if walk.read_errors else ""
    fault = (
        f"has 0 photos in {len(walk.kinds):,} kind folders{kinds}, {walk.stray_photos:,} photos outside them "
        f"and {walk.other_files.total():,} other files{error}"
    )
    return BadDataset(walk.root, fault=fault, remedy=REMEDY)


def _skipped_folders(names: list[str]) -> str | None:
    if not names:
        return None
    listed = first_few(names)
    return f"Folders skipped next to train and test: {len(names):,} ({listed}); move what you want to use."


def _skipped_runs(names: list[str]) -> str | None:
    if not names:
        return None
    return (
        f"Folders skipped because they are runs of keykind: {len(names):,} ({first_few(names)}); "
        "write runs outside the photos."
    )


def _list_table(source: Path) -> Listing:
    rows = read_table(source, needed=("path", "label"))
    _check_splits(source, rows)
    photos: dict[tuple[str, ...], PhotoEntry] = {}
    read_errors = []
    for row in rows:
        cell, label = row.cells.get("path", ""), row.cells.get("label", "")
        if fault := _row_fault(cell, label):
            name = f"{printable(source.name)} line {row.line}"
            read_errors.append(ReadError(name, f"{fault}; correct the row"))
            continue
        path = source.parent / cell
        relative, split = relative_path(path, source.parent), row.cells.get("split", "train").casefold()
        key_id = printable(row.cells.get("group", "")) or None
        photos.setdefault(
            (relative, label, split), PhotoEntry(path, relative, printable(relative), label, split, key_id)
        )
    if not photos:
        raise BadDataset(
            source, fault=f"lists no photo in its {len(rows):,} rows", remedy="add rows: path,label"
        )
    repeated = len(rows) - len(read_errors) - len(photos)
    warnings = [f"Rows that repeat a photo with the same label: {repeated:,}, ignored; remove them."]
    kinds = tuple(sorted({photo.kind for photo in photos.values()}))
    return Listing(
        source.parent,
        tuple(photos.values()),
        kinds,
        tuple(read_errors),
        tuple(warnings if repeated else ()),
    )


def _row_fault(path: str, label: str) -> str | None:
    """Return what is wrong with a row, or None."""
    if not path:
        return "has no path"
    if not label:
        return "has no label"
    return "has a null character in its path" if "\0" in path else None


def _folders_of(listing: Listing) -> set[Path]:
    """Return all folders from the root down to the photos, and the two above each photo outside the root."""
    folders = {listing.root}
    for folder in {photo.path.parent for photo in listing.photos}:
        if folder.is_relative_to(listing.root):
            folders.update(above for above in (folder, *folder.parents) if above.is_relative_to(listing.root))
        else:
            folders.update((folder, folder.parent))
    return folders


def _check_splits(source: Path, rows: list[Row]) -> None:
    counts = Counter(row.cells.get("split", "train") for row in rows)
    unknown = {split: count for split, count in counts.items() if split.casefold() not in SPLITS}
    if unknown:
        listed = first_few(
            f"{printable(split)!r} in {count:,} rows" for split, count in sorted(unknown.items())
        )
        remedy = "write train or test in each row, or remove the column"
        raise BadDataset(source, fault=f"has a column split with {listed}", remedy=remedy)


def _extension(path: Path) -> str:
    return printable(path.suffix.lower()) or "without extension"
