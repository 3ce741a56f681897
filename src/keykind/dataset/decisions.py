"""Listed photos and labels.csv -> the photos as a person decided about them.

In:    a Listing: what folders or a table say; the rows of labels.csv
Out:   the Listing with decided kinds, keys, splits and marked keys, without excluded photos; warnings
Needs: numpy, pillow

A labels.csv without the columns of decisions (`ends`, `excluded`) may be a table for other purposes. It gives
key ids, and kinds of photos that no kind's folder holds; where it contradicts a folder, the folder counts.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from keykind.core.errors import BadDataset, printable
from keykind.core.files import file_mode
from keykind.dataset.kind_names import folded_kind
from keykind.dataset.label_rows import LABEL_FILE, LabelRow, has_decisions, read_labels
from keykind.dataset.listing import (
    Decisions,
    Listing,
    PhotoEntry,
    counted,
    first_few,
    relative_path,
    shorten,
)
from keykind.dataset.paths_on_disk import find_paths
from keykind.dataset.splits import TEST, TRAIN, part_of


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """The rows of a labels.csv, or of a table with its columns."""

    path: Path
    rows: Mapping[str, LabelRow]
    is_plain: bool = False  # without columns of decisions: what folders say counts
    is_dataset: bool = False  # whether it lists the photos itself, and is no file beside them
    may_have_others: bool = False  # rows about photos that the dataset, a table, does not list

    @property
    def title(self) -> str:
        """Return its name for sentences."""
        return printable(self.path.name)

    @property
    def with_kind(self) -> frozenset[str]:
        """Return the paths of the photos that it gives a kind."""
        return frozenset(path for path, row in self.rows.items() if row.kind and not row.excluded)


def decisions_beside(root: Path) -> DecisionTable | None:
    """Return the labels.csv of a folder, if it has one. Raises BadDataset if it cannot be read."""
    path = root / LABEL_FILE
    rows = read_labels(path).rows
    return DecisionTable(path, rows, is_plain=not has_decisions(path)) if rows else None


def decisions_of(table: Path) -> DecisionTable | None:
    """Return the decisions in a table that lists photos, if it has columns for them. Raises BadDataset."""
    if not has_decisions(table):
        return None
    return DecisionTable(table, read_labels(table).rows, is_dataset=True, may_have_others=True)


@dataclass(slots=True)
class Tally:
    """What decisions change, while they are applied."""

    spellings: Mapping[str, str]  # folded kind -> kind, of the folders or the table
    decided: int = 0
    labelled: int = 0
    marked: int = 0
    relabelled: list[tuple[str, str, str]] = field(default_factory=list)
    excluded: list[tuple[str, str]] = field(default_factory=list)
    contradicted: list[tuple[str, str, str]] = field(default_factory=list)  # kinds of a plain table
    splits: Counter[str] = field(default_factory=Counter)  # of the photos that are given one
    moved: list[str] = field(default_factory=list)  # to another split
    unused_splits: int = 0  # of a plain table

    def decisions(self) -> Decisions:
        """Return what the listing keeps of it."""
        return Decisions(
            self.decided, self.labelled, self.marked, tuple(self.relabelled), tuple(self.excluded)
        )


def apply_decisions(listing: Listing, table: DecisionTable, *, as_test: bool, has_test: bool) -> Listing:
    """Return the listing as decided: photos that have a kind now, and are not excluded.

    as_test: all photos are test photos. has_test: whether there are test photos elsewhere. Photos without a
    kind are the listing's `unlabelled`.
    Raises BadDataset if two rows are about one photo and differ.
    """
    tally = Tally({folded_kind(kind): kind for kind in listing.kinds})
    photos, unlabelled = list[PhotoEntry](), list[PhotoEntry]()
    rows, notes = rows_of_photos(listing, table)
    for entry in (*listing.photos, *listing.unlabelled):
        row = rows.get(entry.relative)
        decided = entry if row is None else _decided(entry, row, table, tally)
        if decided:
            (photos if decided.kind else unlabelled).append(decided)
    photos = list({(photo.relative, photo.kind, photo.split): photo for photo in photos}.values())
    if not as_test:
        notes += _split_notes(listing, tally, table, has_test=has_test)
    return replace(
        listing,
        photos=tuple(photos),
        unlabelled=tuple(unlabelled),
        kinds=_kinds(listing, photos),
        warnings=(*listing.warnings, *_notes(tally, table), *notes),
        decisions=listing.decisions + tally.decisions(),
    )


def _decided(entry: PhotoEntry, row: LabelRow, table: DecisionTable, tally: Tally) -> PhotoEntry | None:
    """Return a photo as decided, None if it is excluded."""
    is_marked = row.ends is not None
    tally.decided += is_marked or bool(row.excluded) or not (row.is_empty or _says_no_more(table))
    if row.excluded:
        tally.excluded.append((entry.name, printable(row.excluded)))
        return None
    tally.marked += is_marked
    kind = _kind(entry, row, table, tally)
    if table.is_plain:
        tally.unused_splits += bool(row.split) and part_of(row.split) != entry.split
        return replace(entry, kind=kind)
    split = part_of(row.split) if row.split else None
    if split:
        tally.splits[split] += 1
        tally.moved += [entry.name] if split != entry.split else []
    ends = row.ends if is_marked else entry.ends
    key_id = row.key or entry.key_id
    return replace(entry, kind=kind, split=split or entry.split, key_id=key_id, ends=ends)


def _says_no_more(table: DecisionTable) -> bool:
    """Return whether kinds and splits in a table are no decisions: all there is about photos, or not used."""
    return table.is_plain or (table.is_dataset and table.path.name != LABEL_FILE)


def _kind(entry: PhotoEntry, row: LabelRow, table: DecisionTable, tally: Tally) -> str:
    """Return the kind of a photo, in the spelling of the folders if they have it."""
    folded = folded_kind(row.kind)
    if not row.kind or folded == folded_kind(entry.kind):
        return entry.kind
    kind = tally.spellings.get(folded, row.kind)
    change = entry.name, printable(entry.kind), printable(kind)
    if not entry.kind:
        tally.labelled += 1
        tally.decided += table.is_plain
    elif table.is_plain:
        tally.contradicted.append(change)
        return entry.kind
    else:
        tally.relabelled.append(change)
    return kind


def _kinds(listing: Listing, photos: Sequence[PhotoEntry]) -> tuple[str, ...]:
    """Return the kinds, without those all of whose photos are decided to be of another, or excluded."""
    before, now = {photo.kind for photo in listing.photos}, {photo.kind for photo in photos}
    return tuple(sorted((set(listing.kinds) - before) | now))


def rows_of_photos(listing: Listing, table: DecisionTable) -> tuple[dict[str, LabelRow], list[str]]:
    """Return relative path -> row of the photos that have one, and sentences about rows without a photo.

    A row may spell a path as another system does; one that spells it as it is on disk takes precedence.
    Raises BadDataset if two rows are about one photo and differ.
    """
    entries = (*listing.photos, *listing.unlabelled)
    names = {entry.relative.replace("\\", "/"): entry.relative for entry in entries}
    rows = {names[path]: row for path, row in table.rows.items() if path in names}
    others = [path for path in table.rows if path not in names]
    found, notes = find_paths(listing.root, others, table.title)
    gone: list[str] = []
    respelled: dict[str, LabelRow] = {}
    for path in others:
        name = names.get(relative_path(found[path], listing.root).replace("\\", "/"))
        if name is None or name in rows:
            gone += [] if table.may_have_others and file_mode(found[path]) else [path]
        elif respelled.setdefault(name, table.rows[path]).version != table.rows[path].version:
            pair = f"{printable(respelled[name].path)} and {printable(path)}"
            fault = f"has two rows about one photo, which differ: {pair}"
            raise BadDataset(table.path, fault=fault, remedy="delete one of them")
    return rows | respelled, [*notes, *_gone(gone, table)]


def _gone(paths: Sequence[str], table: DecisionTable) -> Iterator[str]:
    if paths:
        listed = first_few(shorten(printable(path)) for path in paths)
        yield (
            f"Rows of {table.title} without a photo in the dataset: {len(paths):,} of {len(table.rows):,} "
            f"({listed}); put the photos back, correct the paths, or delete the rows."
        )


def _notes(tally: Tally, table: DecisionTable) -> Iterator[str]:
    """Yield what the decisions change that a user should know."""
    if tally.excluded:
        yield (
            f"Photos that {table.title} excludes: {len(tally.excluded):,} ({reasons_text(tally.excluded)}); "
            "left out."
        )
    if tally.relabelled:
        yield (
            f"Photos of another kind in {table.title} than their folder or table says: "
            f"{len(tally.relabelled):,} ({changes_text(tally.relabelled)}); {table.title} counts."
        )
    if tally.contradicted or tally.unused_splits:
        parts = [
            f"another kind of {counted(len(tally.contradicted), 'photo')} than their folder "
            f"({changes_text(tally.contradicted)})"
            if tally.contradicted
            else "",
            f"another split of {counted(tally.unused_splits, 'photo')}" if tally.unused_splits else "",
        ]
        yield (
            f"{table.title} has {' and '.join(filter(None, parts))}; it has no column ends or excluded, so "
            f"the folders count; add a column excluded to its heading if {table.title} should."
        )


def reasons_text(excluded: Sequence[tuple[str, str]]) -> str:
    """Return why photos are excluded, most frequent first, e.g. "blurred 8, not a key 4"."""
    reasons = Counter(printable(reason) for _, reason in excluded)
    return first_few(f"{shorten(reason)} {count:,}" for reason, count in reasons.most_common())


def changes_text(changes: Sequence[tuple[str, str, str]]) -> str:
    """Return changes of kinds, e.g. "a/1.jpg: b instead of a"."""
    return first_few(f"{shorten(name)}: {new} instead of {old}" for name, old, new in changes)


def _split_notes(listing: Listing, tally: Tally, table: DecisionTable, *, has_test: bool) -> Iterator[str]:
    """Yield what follows from the splits that are decided."""
    photos = (*listing.photos, *listing.unlabelled)
    given, tests = tally.splits.total(), tally.splits.total() - tally.splits[TRAIN]
    if not given or (table.is_dataset and given == len(photos)):
        return
    has_split = not table.is_dataset and any(photo.split != TRAIN for photo in photos)
    if has_test or has_split:
        if tally.moved:
            listed = first_few(map(shorten, tally.moved))
            yield f"Photos that {table.title} moves to another split: {len(tally.moved):,} ({listed})."
        return
    start = f"Photos that {table.title} puts into a split: {given:,} of {len(photos):,}"
    if tests:
        yield (
            f"{start} ({tests:,} {TEST}); all others are trained on, and no photos are held out at random."
        )
    else:
        yield (
            f"{start}, none of them {TEST}; test photos are held out at random, among these too; put some "
            f"into {TEST}."
        )
