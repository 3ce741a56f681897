"""The photos under review, and what was decided about each.

In:    a folder or table of photos, and the labels.csv beside them
Out:   PhotoState of each photo, by its id; the kinds that occur
Needs: numpy, pillow

A photo's id is its place in the list, to which photos are only added: it is valid while the process runs.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keykind.core.errors import BadDataset, KeykindError
from keykind.core.files import clear_unfinished
from keykind.core.lock import lock_folder
from keykind.dataset.folders import REMEDY as ONE_FOLDER_PER_KIND
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.label_file import LOCK_TIMEOUT, LabelFile
from keykind.dataset.label_rows import LabelRow, read_labels
from keykind.dataset.listing import counted, first_few
from keykind.dataset.review_listing import ReviewEntry, ReviewListing, list_for_review
from keykind.dataset.splits import TEST, part_of

SHORTCUTS = "123456789abegijlopqvwy"  # one key per kind; the page itself uses the other letters
CELLS = ("kind", "key", "split", "excluded")  # of LabelRow, "" if not decided
MARKED_SET = "n_keys"  # a column that evaluate.real_photos needs; decisions would make the table ambiguous


@dataclass(frozen=True, slots=True)
class PhotoState:
    """A photo as the folder and the decisions describe it."""

    id: int
    entry: ReviewEntry
    row: LabelRow
    kind: str  # as decided, or else that of its folder; "" if there is none

    @property
    def key(self) -> str:
        """The name of the physical key; "" if none is known."""
        return self.row.key or self.entry.key_id or ""

    @property
    def split(self) -> str:
        """Either train or test."""
        return (part_of(self.row.split) if self.row.split else None) or self.entry.split

    @property
    def is_used(self) -> bool:
        """Whether the photo is not excluded."""
        return not self.row.excluded

    @property
    def ends(self) -> tuple[KeyEnds, ...] | None:
        """The marked keys; None: not marked."""
        return self.row.ends


@dataclass(frozen=True, slots=True)
class Summary:
    """What the decisions are in all."""

    counts: Mapping[str, int]  # photos of each kind that are used, as decided
    decided: int  # photos that something is decided about
    has_splits: bool  # whether some photos are test photos
    kinds: tuple[str, ...]  # of photos with decisions
    missing: tuple[str, ...]  # paths in labels.csv of which there is no photo


class Catalogue:
    """All photos, with the decisions in labels.csv, which other programs may change. Thread-safe."""

    def __init__(self, photos: str | Path) -> None:
        """List the photos and read labels.csv. Raises BadDataset, CannotWrite if it cannot be written."""
        listing = list_for_review(photos)
        if not listing.entries:
            fault, remedy = "contains no photos", "give a folder of photos, or a CSV table"
            raise BadDataset(photos, fault=fault, remedy=remedy)
        self.source = Path(photos)
        self.labels = LabelFile(listing.root)
        self.labels.check_writable()
        with lock_folder(listing.root, timeout=LOCK_TIMEOUT):
            clear_unfinished(listing.root)  # what a process left that was killed while it wrote
        if MARKED_SET in read_labels(self.labels.path).heading:
            fault = f"has a column {MARKED_SET}, so it lists photos to test detectors with"
            raise BadDataset(self.labels.path, fault=fault, remedy="review a copy of the photos without it")
        self.problem: str | None = None  # why labels.csv cannot be read at the moment
        self.take(listing)
        self._edits: list[frozenset[int]] = []  # photos whose rows other programs changed
        self.reopened = 0  # how often other programs took decisions away
        self._lost = 0  # rows of labels.csv when it vanished
        self._kinds: dict[str, None] = {}  # all that ever came up, in that order

    def look_again(self) -> ReviewListing:
        """Return the photos that there are now: those that are known keep their ids, new ones follow.

        Raises BadDataset as `list_for_review` does.
        """
        listing = list_for_review(self.source)
        known = {entry.path for entry in self.entries}
        new = (entry for entry in listing.entries if entry.path not in known)
        return replace(listing, entries=(*self.entries, *new))

    def take(self, listing: ReviewListing) -> None:
        """Let the photos of a listing be those under review."""
        entries = listing.entries
        self._listing, self.entries = listing, entries
        self._by_name = {entry.name: i for i, entry in enumerate(entries)}
        self._by_row = {entry.row: i for i, entry in enumerate(entries)}
        self._folder_counts = Counter(entry.folder_kind for entry in entries)
        self.has_folder_kinds = any(entry.folder_kind for entry in entries)
        self._folders_have_splits = any(entry.split == TEST for entry in entries)
        self._summed: tuple[Mapping[str, LabelRow], Summary] | None = None
        self._missing_before = set(self.summary().missing)  # the listing has a sentence about them

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, photo: int) -> bool:
        return 0 <= photo < len(self.entries)

    def refresh(self) -> None:
        """Take over what other programs wrote into labels.csv; keep what is known if it cannot be read."""
        before = self.labels.rows
        try:
            paths = self.labels.refresh()
            self.problem = None
        except KeykindError as error:
            self.problem = str(error)
            return
        if paths:
            self._edits.append(frozenset(self._by_row[path] for path in paths if path in self._by_row))
            now = self.labels.rows
            self.reopened += any(_is_reopened(before.get(path), now.get(path)) for path in paths)
            if not now and not self.labels.path.exists():
                self._lost = len(before)

    @property
    def edits(self) -> int:
        """How often other programs changed decisions, as far as is known."""
        return len(self._edits)

    def edited(self, since: int) -> frozenset[int]:
        """Return the photos that other programs decided about after that number of edits."""
        return frozenset().union(*self._edits[since:])

    def state(self, photo: int) -> PhotoState:
        """Return the state of a photo."""
        entry = self.entries[photo]
        return self._state(photo, entry, self.labels.row(entry.row))

    def states(self) -> list[PhotoState]:
        """Return the states of all photos, in the order of their ids."""
        rows = self.labels.rows
        return [
            self._state(i, entry, rows.get(entry.row) or LabelRow(entry.row))
            for i, entry in enumerate(self.entries)
        ]

    def _state(self, photo: int, entry: ReviewEntry, row: LabelRow) -> PhotoState:
        kind = self._listing.kind(row.kind) if row.kind else entry.folder_kind
        return PhotoState(photo, entry, row, kind)

    def find(self, names: Iterable[str]) -> list[int | None]:
        """Return the id of each photo by its name in tables of a run; None if it is not here."""
        return [self._by_name.get(name) for name in names]

    def kinds(self) -> list[str]:
        """Return the kinds of the folders and of decisions."""
        return list(dict.fromkeys([*self._listing.kinds, *self.summary().kinds]))

    def kinds_in_order(self, others: Iterable[str] = ()) -> list[str]:
        """Return them and `others`; the order stays, and a new one comes last."""
        first = self._listing.kinds if self.has_folder_kinds else ()
        present = dict.fromkeys([*first, *others, *self.kinds()])
        self._kinds |= present
        return [kind for kind in self._kinds if kind in present]

    def summary(self) -> Summary:
        """Return what the decisions are in all; computed again only if one changed."""
        rows = self.labels.rows
        if self._summed is None or self._summed[0] is not rows:
            self._summed = rows, self._summary(rows)
        return self._summed[1]

    def _summary(self, rows: Mapping[str, LabelRow]) -> Summary:
        """Return the summary, from the folders' and what the rows change."""
        counts, decided, has_splits = Counter(self._folder_counts), 0, self._folders_have_splits
        kinds, missing = set(), []
        for path, row in rows.items():
            photo = self._by_row.get(path)
            if photo is None:
                missing.append(path)
                continue
            state = self.state(photo)
            counts[state.entry.folder_kind] -= 1
            counts[state.kind] += state.is_used
            decided += not row.is_empty
            has_splits = has_splits or state.split == TEST
            kinds.add(state.kind)
        return Summary(counts, decided, has_splits, tuple(sorted(kinds - {""})), tuple(sorted(missing)))

    def problems(self) -> list[str]:
        """Return what is wrong with the photos and with labels.csv, one sentence each."""
        sentences = [*([self.problem] if self.problem else []), *self._of_listing()]
        if len(self.labels.rows) < self._lost:
            rows = counted(self._lost, "row")
            sentences.append(
                f"{self.labels.path.name} was deleted or moved while the desk was open: {rows} with "
                "decisions are lost, and their photos can be decided again; or put the file back."
            )
        missing = [path for path in self.summary().missing if path not in self._missing_before]
        if missing:
            rows = counted(len(missing), "row")
            sentences.append(
                f"{self.labels.path.name}: {rows} about photos that are not here ({first_few(missing)}); "
                "they are kept."
            )
        return sentences

    def _of_listing(self) -> list[str]:
        """Return what the listing says, but not that kinds are missing: they are given here."""
        problems = self._listing.problems
        return [text for text in problems if self.has_folder_kinds or not text.endswith(ONE_FOLDER_PER_KIND)]


def _is_reopened(before: LabelRow | None, now: LabelRow | None) -> bool:
    """Return whether a cell that was decided is empty now."""
    if before is None or before.is_empty:
        return False
    if now is None or (before.ends is not None and now.ends is None):
        return True
    return any(getattr(before, cell) and not getattr(now, cell) for cell in CELLS)


def shortcuts(kinds: Sequence[str]) -> list[str | None]:
    """Return the key of the keyboard for each kind; None for those after the last key."""
    return [SHORTCUTS[i] if i < len(SHORTCUTS) else None for i in range(len(kinds))]
