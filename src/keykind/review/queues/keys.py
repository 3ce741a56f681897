"""The queue of photos in which no key, several, or another one than marked was found.

In:    Known
Out:   items with the reason in numbers
Needs: numpy
"""

import math
from collections.abc import Sequence

from keykind.dataset.key_ends import KeyEnds
from keykind.review.catalogue import PhotoState
from keykind.review.observations import Found, Seen
from keykind.review.queues.queue import RECOGNISING, Built, Item, Known, Queue, unavailable

LOW_SCORE = 0.6  # of the only detection; from 0.5 on something counts as a key
MAX_OFFSET = 0.15  # of a key's length, by which marks and detection may be apart


def build(known: Known) -> Built:
    """Return photos whose keys a person should mark: no key, marks that disagree, several, a low score."""
    if not known.of_keys:
        return unavailable("The kinds of these photos are not kinds of keys, so no keys are looked for.")
    if known.model is not None and not known.model.detects:
        fault = f"{known.model.title[0].upper()}{known.model.title[1:]} classifies whole photos"
        return unavailable(f"{fault}, so no keys are looked for; start with --model and one that crops keys.")
    ranked = []
    for photo in known.photos:
        seen = known.seen[photo.id]
        if photo.is_used and seen is not None and (found := _reason(photo, seen)):
            ranked.append((found[0], Item((photo.id,), found[1])))
    ranked.sort(key=lambda pair: pair[0])
    return Built([item for _, item in ranked], stages=(RECOGNISING,))


def _reason(photo: PhotoState, seen: Seen) -> tuple[int, str] | None:
    """Return rank and sentence; None: nothing is wrong."""
    found = seen.found
    if photo.ends is not None:
        return _disagreement(photo.ends, found)
    if not found:
        label = f"labelled {photo.kind}" if photo.kind else "not labelled"
        return 0, f"No key was found in this photo, which is {label}."
    if len(found) > 1:
        scores = ", ".join(f"{key.score:.2f}" for key in found[:5])
        return 2, f"{len(found)} keys were found; a photo should show one (scores {scores})."
    if found[0].score < LOW_SCORE:
        return 3, f"The only key found has a low score ({found[0].score:.2f})."
    return None


def _disagreement(marked: Sequence[KeyEnds], found: Sequence[Found]) -> tuple[int, str] | None:
    if len(marked) != len(found):
        return 1, f"{_keys(len(marked))} marked here, but {_keys(len(found))} found."
    for ends in marked:
        length = math.dist(ends.head, ends.tip)
        offsets = [max(math.dist(ends.head, key.head), math.dist(ends.tip, key.tip)) for key in found]
        turned = [max(math.dist(ends.head, key.tip), math.dist(ends.tip, key.head)) for key in found]
        if min(offsets) > MAX_OFFSET * length:
            if min(turned) <= MAX_OFFSET * length:
                return 1, "Head and tip are marked the other way round than they were found."
            return 1, (
                f"The nearest key found is {min(offsets):.0f} px from the marks, "
                f"{min(offsets) / length:.0%} of the key's length."
            )
    return None


def _keys(count: int) -> str:
    return "1 key is" if count == 1 else f"{count or 'no'} keys are"


def is_decided(photos: Sequence[PhotoState]) -> bool:
    """Return whether a reviewer marked the keys; marks without a name were imported."""
    return all(photo.row.excluded or (photo.ends is not None and photo.row.who) for photo in photos)


KEYS = Queue(
    "keys",
    "No key or a wrong key found",
    "Photos in which no key, several keys or another key than marked was found.",
    build,
    is_decided,
    asks_kind=False,
)
