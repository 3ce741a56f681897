"""Folders or a table -> listed photos, each with its kind, split and key.

In:    PHOTOS/<kind>/**, PHOTOS/{train,test}/<kind>/**, or a CSV table (path, label; group and split if known)
Out:   Listing(root, photos, kinds, faults, warnings), sorted; no photo is opened
Needs: nothing beyond Python
"""

import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from keykind.errors import BadDataset, printable
from keykind.photo import SUFFIXES
from keykind.table import Row, read_table

SPLITS = ("train", "test")
GROUPS = "groups.csv"  # beside the photos: which photo shows which physical key
COLUMNS = {
    "path": ("path", "photo", "file", "filename"),
    "label": ("label", "kind", "class"),
    "group": ("group", "key_id", "key"),
    "split": ("split",),
}  # of a table -> the headings that mean it
SHOWN = 5  # names in a message before it says how many more
NAME = 60  # signs of a name in a message or below a picture
REMEDY = "make one folder per kind and put its photos there: PHOTOS/<kind>/*.jpg"


@dataclass(frozen=True, slots=True)
class Fault:
    """A photo, file or folder that cannot be read, with its reason in one line."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A photo that a set names; nobody has opened it yet."""

    path: Path
    relative: str  # to the set's root, posix, as the disk spells it
    name: str  # the same, printable
    kind: str
    split: str  # "train" or "test"
    key: str | None = None  # the physical key, where the set tells it


@dataclass(frozen=True, slots=True)
class Listing:
    """What a set of photos holds, before any of them is read."""

    root: Path
    photos: tuple[Listed, ...]  # sorted by split, kind and name
    kinds: tuple[str, ...]  # sorted, also those without a photo
    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]


def list_photos(source: Path, *, as_test: bool = False) -> Listing:
    """List the photos of a folder or of a CSV table.

    as_test: all of them stand in the test split, whatever their folders or the table say.
    Raises BadDataset if the source is neither, names no photo, or has a split that is not train or test.
    """
    mode = _mode(source)
    if stat.S_ISDIR(mode):
        listing = _list_folders(source, as_test)
    elif stat.S_ISREG(mode) and source.suffix.lower() == ".csv":
        listing = _list_table(source)
    else:
        fault = "is a file, but no CSV table" if mode else "is not there"
        raise BadDataset(source, fault=fault, remedy="give a folder with one folder per kind, or a CSV table")
    photos = listing.photos
    if as_test:
        photos = tuple(replace(photo, split="test") for photo in photos)
    photos = tuple(sorted(photos, key=lambda photo: (photo.split, photo.kind, photo.relative)))
    return _with_keys(replace(listing, photos=photos), source)


def some(names: Iterable[str], between: str = ", ") -> str:
    """Return the first few names and how many more there are."""
    names = list(names)
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return between.join(names[:SHOWN]) + more


def short(name: str) -> str:
    """Return a name with its middle left out where it is long."""
    half = NAME // 2
    return name if len(name) <= NAME else f"{name[:half]}…{name[1 - half :]}"


@dataclass(slots=True)
class _Walk:
    """What was met so far on the way through the folders of one set."""

    root: Path
    photos: list[Listed] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    outside: int = 0  # photos that lie in no kind's folder
    strange: Counter[str] = field(default_factory=Counter)  # endings that are no photo's

    def blame(self, path: Path, reason: str) -> None:
        """Note why a file or folder is passed over."""
        self.faults.append(Fault(printable(path.relative_to(self.root).as_posix()), reason))

    def entries(self, folder: Path) -> Iterator[tuple[Path, int]]:
        """Yield what lies in a folder, sorted, with its mode; links are followed, hidden files left out."""
        try:
            paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            self.blame(folder, f"the folder cannot be read ({error.strerror}); check its permissions")
            return
        for path in paths:
            mode = _mode(path)
            if mode:
                yield path, mode
            else:
                self.blame(path, "a link that leads nowhere; remove it or mend it")

    def folders(self, parent: Path) -> list[Path]:
        """Return the folders in a folder of kinds; the files beside them are counted."""
        found = []
        for path, mode in self.entries(parent):
            if stat.S_ISDIR(mode):
                found.append(path)
            elif path.suffix.lower() in SUFFIXES:
                self.outside += 1
            elif path.name.lower() != GROUPS:
                self.strange[_ending(path)] += 1
        return found

    def read_kind(self, top: Path, split: str) -> None:
        """Collect the photos of one kind, however deep; a folder met again (a loop of links) is a fault."""
        kind = printable(top.name)
        self.kinds.add(kind)
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
                    relative = path.relative_to(self.root).as_posix()
                    self.photos.append(Listed(path, relative, printable(relative), kind, split))
                else:
                    self.strange[_ending(path)] += 1

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


def _list_folders(root: Path, as_test: bool) -> Listing:
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
    beside = [printable(folder.name) for folder in folders if sides and folder not in sides]
    warnings = [sentence for sentence in (walk.passed_over(), _beside(beside)) if sentence]
    return Listing(root, tuple(walk.photos), tuple(sorted(walk.kinds)), tuple(walk.faults), tuple(warnings))


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


def _list_table(source: Path) -> Listing:
    rows = read_table(source, COLUMNS, needed=("path", "label"))
    _check_splits(source, rows)
    photos: dict[tuple[str, ...], Listed] = {}
    faults = []
    for row in rows:
        path, label = row.cells.get("path", ""), row.cells.get("label", "")
        if not path or not label or "\0" in path:
            fault = (
                "has no path"
                if not path
                else "has no label"
                if not label
                else "has a path that no disk can hold"
            )
            faults.append(Fault(f"{printable(source.name)} line {row.line}", f"{fault}; fill it in"))
            continue
        place = source.parent / path
        relative = _relative(place, source.parent)
        kind, split = printable(label), row.cells.get("split", "train").casefold()
        photo = Listed(
            place, relative, printable(relative), kind, split, printable(row.cells.get("group", "")) or None
        )
        photos.setdefault((relative, kind, split), photo)
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


def _check_splits(source: Path, rows: list[Row]) -> None:
    words = Counter(row.cells.get("split", "train") for row in rows)
    unknown = {word: count for word, count in words.items() if word.casefold() not in SPLITS}
    if unknown:
        listed = some(f"{printable(word)!r} in {count:,} rows" for word, count in sorted(unknown.items()))
        remedy = "write train or test in each row, or remove the column"
        raise BadDataset(source, fault=f"its column split holds {listed}", remedy=remedy)


def _with_keys(listing: Listing, source: Path) -> Listing:
    """Return the listing with the physical keys that the table groups.csv beside the photos tells, if any."""
    table = listing.root / GROUPS
    if not stat.S_ISREG(_mode(table)) or table == source:
        return listing
    rows = read_table(table, COLUMNS, needed=("path", "group"))
    keys = {
        _relative(listing.root / row.cells["path"], listing.root): printable(row.cells["group"])
        for row in rows
        if row.cells.get("path") and row.cells.get("group")
    }
    photos = tuple(replace(photo, key=photo.key or keys.get(photo.relative)) for photo in listing.photos)
    strange = sorted(short(printable(name)) for name in keys.keys() - {photo.relative for photo in photos})
    if not strange:
        return replace(listing, photos=photos)
    warning = (
        f"Paths in {GROUPS} that are not in the set: {len(strange):,} of {len(keys):,} ({some(strange)}); "
        f"write each relative to the folder of {GROUPS}."
    )
    return replace(listing, photos=photos, warnings=(*listing.warnings, warning))


def _relative(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _ending(path: Path) -> str:
    return printable(path.suffix.lower()) or "without ending"


def _mode(path: Path) -> int:
    """Return what lies at a path as file mode; 0 if nothing does, or the name can be no file's."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0
