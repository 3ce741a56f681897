"""The photos under review, and what was decided about each.

In:    a folder or table of photos, and the labels.csv beside them
Out:   PhotoState of each photo, by its id; the kinds that occur
Needs: numpy, pillow

A photo's id is its place in the list, so it is valid as long as the process runs.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keykind.core.errors import BadDataset, KeykindError
from keykind.dataset.key_ends import KeyEnds
from keykind.dataset.label_file import LabelFile
from keykind.dataset.label_rows import LabelRow, read_labels
from keykind.dataset.listing import counted, first_few
from keykind.dataset.review_listing import ReviewEntry, list_for_review
from keykind.dataset.splits import TEST, part_of

SHORTCUTS = "123456789abegijlopqvwy"  # one key per kind; the page itself uses the other letters
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


class Catalogue:
    """All photos, with the decisions in labels.csv, which other programs may change. Thread-safe."""

    def __init__(self, photos: str | Path) -> None:
        """List the photos and read labels.csv. Raises BadDataset, CannotWrite if it cannot be written."""
        listing = list_for_review(photos)
        self.entries: Sequence[ReviewEntry] = listing.entries
        if not self.entries:
            fault, remedy = "has 0 photos", "give a folder with one folder per kind, or a CSV table"
            raise BadDataset(photos, fault=fault, remedy=remedy)
        self.source, self.warnings = Path(photos), listing.problems
        self._listing = listing
        self.labels = LabelFile(listing.root)
        self.labels.check_writable()
        if MARKED_SET in read_labels(self.labels.path).heading:
            fault = f"has a column {MARKED_SET}, so it lists photos to test detectors with"
            raise BadDataset(self.labels.path, fault=fault, remedy="review a copy of the photos without it")
        self.problem: str | None = None  # why labels.csv cannot be read at the moment
        self._by_name = {entry.name: i for i, entry in enumerate(self.entries)}
        self._changes = 0
        self._kinds: dict[str, None] = {}  # all that ever came up, in that order

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, photo: int) -> bool:
        return 0 <= photo < len(self.entries)

    def refresh(self) -> None:
        """Take over what other programs wrote into labels.csv; keep what is known if it cannot be read."""
        try:
            if self.labels.refresh():
                self.touch()
            self.problem = None
        except KeykindError as error:
            self.problem = str(error)

    @property
    def generation(self) -> int:
        """A number that grows whenever a decision changes."""
        return self._changes

    def touch(self) -> None:
        """Note that decisions changed."""
        self._changes += 1

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

    def kinds(self, others: Iterable[str] = ()) -> list[str]:
        """Return the kinds of the folders, of `others` and of decisions; a new one comes last."""
        decided = {self._listing.kind(row.kind) for row in self.labels.rows.values() if row.kind}
        present = dict.fromkeys([*self._listing.kinds, *others, *sorted(decided)])
        self._kinds |= present
        return [kind for kind in self._kinds if kind in present]

    def counts(self) -> Counter[str]:
        """Return the number of photos of each kind that are used, as decided."""
        return Counter(state.kind for state in self.states() if state.is_used)

    def decided(self) -> int:
        """Return the number of photos that something is decided about."""
        return sum(not state.row.is_empty for state in self.states())

    def has_splits(self) -> bool:
        """Return whether some photos are test photos by their folder, table or decision."""
        return any(state.split == TEST for state in self.states())

    def problems(self) -> list[str]:
        """Return what is wrong with labels.csv, one sentence each."""
        sentences = [self.problem] if self.problem else []
        known = {entry.row for entry in self.entries}
        if missing := sorted(path for path in self.labels.rows if path not in known):
            rows = counted(len(missing), "row")
            sentences.append(
                f"{self.labels.path.name}: {rows} about photos that are not here ({first_few(missing)}); "
                "they are kept."
            )
        return sentences


def shortcuts(kinds: Sequence[str]) -> list[str | None]:
    """Return the key of the keyboard for each kind; None for all if there are too few keys."""
    if len(kinds) > len(SHORTCUTS):
        return [None] * len(kinds)
    return list(SHORTCUTS[: len(kinds)])
