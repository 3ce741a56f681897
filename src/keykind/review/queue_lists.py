"""The items of one queue while people work through them.

In:    Built, whenever the queue is computed again; decisions
Out:   items in an order that stays; which of them are decided
Needs: numpy
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set

from keykind.review.catalogue import Catalogue
from keykind.review.queues.queue import Built, Item, Queue, answers


class QueueList:
    """One queue. Not thread-safe: the desk holds its lock."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.items: Sequence[Item] = ()
        self.built: Built | None = None  # as it was computed last; None: not yet
        self._decided_here: set[str] = set()  # ids of items decided in this session
        self._places: dict[str, int] = {}
        self._items_of: dict[int, list[int]] = {}  # photo -> places of its items
        self._flags: bytearray | None = None  # whether each item is decided; None: not known
        self._edits = 0  # of the catalogue, up to which they were followed

    @property
    def touched(self) -> bool:
        """Whether somebody has begun to work through it."""
        return bool(self._decided_here)

    def replace(self, built: Built, catalogue: Catalogue, *, keep_order: bool) -> None:
        """Take newly computed items.

        What was decided earlier is left out. keep_order: items that were there keep their places, new ones
        follow, and items decided in this session stay.
        """
        self._follow_edits(catalogue)
        new = {item.id: item for item in built.items}
        kept: list[Item] = []
        if keep_order:
            kept = [
                new.get(item.id, item)
                for item in self.items
                if item.id in new or item.id in self._decided_here
            ]
        else:
            self._decided_here &= new.keys()
        here = {item.id for item in kept}
        added = [
            item for item in new.values() if item.id not in here and not self._was_decided(item, catalogue)
        ]
        self.items = [*kept, *added]
        self._places = {item.id: i for i, item in enumerate(self.items)}
        items_of = defaultdict(list)
        for i, item in enumerate(self.items):
            for photo in item.photos:
                items_of[photo].append(i)
        self._items_of, self._flags, self.built = items_of, None, built

    def decide(self, item: str, cells: Set[str], catalogue: Catalogue) -> None:
        """Note that something was decided about an item in this session. cells: what about its photos."""
        self._follow_edits(catalogue)
        if answers(self.queue, cells):
            self._decided_here.add(item)
        self._update_item(item, catalogue)

    def undo(self, item: str, catalogue: Catalogue) -> int | None:
        """Note that it is no longer decided, and return its place; None: it is not in this queue now."""
        self._decided_here.discard(item)
        self._update_item(item, catalogue)
        return self._places.get(item)

    def place(self, photo: int) -> int | None:
        """Return the place of the first item with a photo; None: there is none."""
        return next(iter(self._items_of.get(photo, ())), None)

    def update(self, photos: Iterable[int], catalogue: Catalogue) -> None:
        """Note that decisions about some photos changed."""
        if self._flags is not None:
            for i in {i for photo in photos for i in self._items_of.get(photo, ())}:
                self._flags[i] = self._is_decided(self.items[i], catalogue)

    def decided(self, catalogue: Catalogue) -> bytearray:
        """Return for each item whether it is decided."""
        self._follow_edits(catalogue)
        if self._flags is None:
            self._flags = bytearray(self._is_decided(item, catalogue) for item in self.items)
        return self._flags

    def _follow_edits(self, catalogue: Catalogue) -> None:
        """Let labels.csv alone say what is decided about photos whose rows another program changed."""
        if self._edits == catalogue.edits:
            return
        edited, self._edits = catalogue.edited(self._edits), catalogue.edits
        places = {i for photo in edited for i in self._items_of.get(photo, ())}
        self._decided_here -= {self.items[i].id for i in places}
        self._flags = None

    def _update_item(self, item: str, catalogue: Catalogue) -> None:
        place = self._places.get(item)
        if self._flags is not None and place is not None:
            self._flags[place] = self._is_decided(self.items[place], catalogue)

    def _is_decided(self, item: Item, catalogue: Catalogue) -> bool:
        return item.id in self._decided_here or self.queue.is_decided(
            [catalogue.state(photo) for photo in item.photos]
        )

    def _was_decided(self, item: Item, catalogue: Catalogue) -> bool:
        """Return whether an item that is about to be added needs no decision; all photos stay in the list."""
        return self.queue.keeps_decided is False and self._is_decided(item, catalogue)
