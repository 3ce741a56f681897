"""Folders or a table -> listed photos, each with its kind, split and key.

In:    PHOTOS/<kind>/**, PHOTOS/{train,test}/<kind>/**, or a CSV table (path, label; group and split if known)
Out:   Listing(root, photos, kinds, faults, warnings), sorted, keys as tables tell them; no photo is opened
Needs: nothing beyond Python
"""

import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.core.files import BESIDE, LABELS, SET_FILE, mode_of
from keykind.dataset.csv_table import Row, read_table
from keykind.dataset.key_ids import groups_in, names_keys, with_keys
from keykind.dataset.listing import (
    SPLITS,
    Listing,
    PhotoEntry,
    ReadError,
    relative,
    some,
)
from keykind.photo.decode import SUFFIXES

REMEDY = "make one folder per kind and put its photos there: PHOTOS/<kind>/*.jpg"


def list_photos(source: Path, *, as_test: bool = False) -> Listing:
    """List the photos of a folder or of a CSV table.

    as_test: all of them stand in the test split, whatever their folders or the table say.
    Raises BadDataset if the source is neither, names no photo, or has a split that is not train or test.
    """
    mode = mode_of(source)
    if stat.S_ISDIR(mode):
        listing, tables = _list_folders(source, as_test)
    elif stat.S_ISREG(mode) and source.suffix.lower() == ".csv":
        listing = _list_table(source)
        tables = [path for path in groups_in(_folders_of(listing)) if not _same(path, source)]
    else:
        fault = "is a file, but no CSV table" if mode else "is not there"
        raise BadDataset(source, fault=fault, remedy="give a folder with one folder per kind, or a CSV table")
    photos = listing.photos
    if as_test:
        photos = tuple(replace(photo, split="test") for photo in photos)
    photos = tuple(sorted(photos, key=lambda photo: (photo.split, photo.kind, photo.relative)))
    return with_keys(replace(listing, photos=photos), tables)


@dataclass(slots=True)
class _Walk:
    """What was met so far on the way through the folders of one set."""

    root: Path
    photos: list[PhotoEntry] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    faults: list[ReadError] = field(default_factory=list)
    outside: int = 0  # photos that lie in no kind's folder
    strange: Counter[str] = field(default_factory=Counter)  # endings that are no photo's
    tables: list[Path] = field(default_factory=list)  # that name keys
    runs: list[str] = field(default_factory=list)  # folders that keykind wrote

    def blame(self, path: Path, reason: str) -> None:
        """Note why a file or folder is passed over."""
        self.faults.append(ReadError(printable(path.relative_to(self.root).as_posix()), reason))

    def entries(self, folder: Path) -> Iterator[tuple[Path, int]]:
        """Yield what lies in a folder, sorted, with its mode, links followed; no runs, no hidden files.

        What `keykind render` put beside the photos of a set is no photo and no kind.
        """
        beside = BESIDE if _is_rendered(folder) else ()
        try:
            paths = sorted(
                path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in beside
            )
        except OSError as error:
            self.blame(folder, f"the folder cannot be read ({error.strerror}); check its permissions")
            return
        for path in paths:
            mode = mode_of(path)
            if not mode:
                self.blame(path, "a link that leads nowhere; remove it or mend it")
            elif stat.S_ISDIR(mode) and _is_run(path):
                self.runs.append(printable(path.relative_to(self.root).as_posix()))
            else:
                yield path, mode

    def folders(self, parent: Path) -> list[Path]:
        """Return the folders in a folder of kinds; the files beside them are counted."""
        found = []
        for path, mode in self.entries(parent):
            if stat.S_ISDIR(mode):
                found.append(path)
            elif path.suffix.lower() in SUFFIXES:
                self.outside += 1
            else:
                self.note(path, mode)
        return found

    def note(self, path: Path, mode: int) -> None:
        """Remember a file that is no photo."""
        if names_keys(path, mode):
            self.tables.append(path)
        else:
            self.strange[_ending(path)] += 1

    def read_kind(self, top: Path, split: str) -> None:
        """Collect the photos of one kind, however deep; a folder met again (a loop of links) is a fault."""
        self.kinds.add(top.name)
        above = {self.root.resolve(), top.parent.resolve()}
        met = above.union(*(folder.parents for folder in above))
        left = [(top, top.resolve())]
        while left:
            folder, place = left.pop()
            if place in met:
                self.blame(folder, f"leads to {printable(place)}, which was met before; remove the link")
                continue
            met.add(place)
            for path, mode in self.entries(folder):
                if stat.S_ISDIR(mode):
                    left.append((path, path.resolve() if path.is_symlink() else place / path.name))
                elif path.suffix.lower() in SUFFIXES:
                    place_in_set = relative(path, self.root)
                    self.photos.append(
                        PhotoEntry(path, place_in_set, printable(place_in_set), top.name, split)
                    )
                else:
                    self.note(path, mode)

    def passed_over(self) -> str | None:
        """Say how many files are no photos of a kind, or None."""
        strange = self.strange.total()
        if not self.outside + strange:
            return None
        endings = some(f"{number:,} {ending}" for ending, number in sorted(self.strange.items()))
        return (
            f"Files passed over: {self.outside + strange:,}, of them {self.outside:,} photos outside the "
            f"folder of a kind and {strange:,} that are no photos{f' ({endings})' if endings else ''}; "
            "move photos into the folder of their kind, others away."
        )


def _is_rendered(folder: Path) -> bool:
    """Tell whether keykind rendered a set into a folder."""
    return stat.S_ISREG(mode_of(folder / SET_FILE)) and stat.S_ISDIR(mode_of(folder / LABELS))


def _is_run(folder: Path) -> bool:
    """Tell whether keykind wrote a run into a folder, finished or not."""
    done, begun = mode_of(folder / "metrics.json"), mode_of(folder / "work")
    return stat.S_ISREG(mode_of(folder / "recipe.json")) and (stat.S_ISREG(done) or stat.S_ISDIR(begun))


def _list_folders(root: Path, as_test: bool) -> tuple[Listing, list[Path]]:
    """Return what the folders hold, and the tables in them that name keys."""
    walk = _Walk(root)
    folders = walk.folders(root)
    sides = [folder for folder in folders if folder.name.casefold() in SPLITS]
    if sides and not as_test and all(folder.name.casefold() == "test" for folder in sides):
        raise BadDataset(
            root,
            fault=f"has a folder test beside {len(folders) - len(sides):,} others, but none called train",
            remedy="move the kinds to train on into a folder train",
        )
    for side in sides:
        for folder in walk.folders(side):
            walk.read_kind(folder, side.name.casefold())
    for folder in [] if sides else folders:
        walk.read_kind(folder, "train")
    if not walk.photos:
        raise _no_photos(walk)
    beside = [folder for folder in folders if sides and folder not in sides]
    said = (walk.passed_over(), _beside([printable(folder.name) for folder in beside]), _runs(walk.runs))
    warnings = tuple(sentence for sentence in said if sentence)
    listing = Listing(root, tuple(walk.photos), tuple(sorted(walk.kinds)), tuple(walk.faults), warnings)
    return listing, walk.tables + groups_in(beside)


def _no_photos(walk: _Walk) -> BadDataset:
    kinds = f" ({some(sorted(walk.kinds))})" if walk.kinds else ""
    trouble = f"; {walk.faults[0].name}: {walk.faults[0].reason}" if walk.faults else ""
    fault = (
        f"holds {len(walk.kinds):,} folders of kinds{kinds} with 0 photos in them, {walk.outside:,} photos "
        f"beside them and {walk.strange.total():,} other files{trouble}"
    )
    return BadDataset(walk.root, fault=fault, remedy=REMEDY)


def _beside(names: list[str]) -> str | None:
    if not names:
        return None
    return f"Folders passed over beside train and test: {len(names):,} ({some(names)}); move what is wanted."


def _runs(names: list[str]) -> str | None:
    if not names:
        return None
    return (
        f"Folders passed over because keykind wrote a run there: {len(names):,} ({some(names)}); "
        "write runs outside the photos."
    )


def _list_table(source: Path) -> Listing:
    rows = read_table(source, needed=("path", "label"))
    _check_splits(source, rows)
    photos: dict[tuple[str, ...], PhotoEntry] = {}
    faults = []
    for row in rows:
        path, label = row.cells.get("path", ""), row.cells.get("label", "")
        if fault := _fault(path, label):
            faults.append(ReadError(f"{printable(source.name)} line {row.line}", f"{fault}; fill it in"))
            continue
        place = source.parent / path
        name, split = relative(place, source.parent), row.cells.get("split", "train").casefold()
        key = printable(row.cells.get("group", "")) or None
        photos.setdefault((name, label, split), PhotoEntry(place, name, printable(name), label, split, key))
    if not photos:
        raise BadDataset(
            source, fault=f"names no photo in its {len(rows):,} rows", remedy="add rows: path,label"
        )
    again = len(rows) - len(faults) - len(photos)
    warnings = [f"Rows that repeat a photo with the same label: {again:,}, passed over; remove them."]
    kinds = tuple(sorted({photo.kind for photo in photos.values()}))
    return Listing(
        source.parent, tuple(photos.values()), kinds, tuple(faults), tuple(warnings if again else ())
    )


def _fault(path: str, label: str) -> str | None:
    """Return what is wrong with a row, or None."""
    if not path:
        return "has no path"
    if not label:
        return "has no label"
    return "has a path that no disk can hold" if "\0" in path else None


def _folders_of(listing: Listing) -> set[Path]:
    """Return the root and all folders between it and the photos; two above a photo that lies elsewhere."""
    found = {listing.root}
    for folder in {photo.path.parent for photo in listing.photos}:
        if folder.is_relative_to(listing.root):
            found.update(above for above in (folder, *folder.parents) if above.is_relative_to(listing.root))
        else:
            found.update((folder, folder.parent))
    return found


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _check_splits(source: Path, rows: list[Row]) -> None:
    words = Counter(row.cells.get("split", "train") for row in rows)
    unknown = {word: count for word, count in words.items() if word.casefold() not in SPLITS}
    if unknown:
        listed = some(f"{printable(word)!r} in {count:,} rows" for word, count in sorted(unknown.items()))
        remedy = "write train or test in each row, or remove the column"
        raise BadDataset(source, fault=f"its column split holds {listed}", remedy=remedy)


def _ending(path: Path) -> str:
    return printable(path.suffix.lower()) or "without ending"
