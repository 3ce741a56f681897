"""Photos, items and queues -> the JSON of the API.

In:    states, what is known about a photo, lists of queues
Out:   plain values
Needs: numpy
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keykind.dataset.key_ends import KeyEnds
from keykind.review.catalogue import Catalogue, PhotoState
from keykind.review.images import PhotoFile
from keykind.review.observations import Found, Seen
from keykind.review.queue_lists import QueueList
from keykind.review.queues.queue import Item, Opinion

DIGITS = 4  # of a probability
Json = dict[str, Any]


def photo_json(photo: PhotoState, file: PhotoFile, seen: Seen | None, prediction: Json | None) -> Json:
    """Return one photo."""
    row, entry = photo.row, photo.entry
    return {
        "id": photo.id,
        "name": entry.name,
        "width": file.width,
        "height": file.height,
        "folder_kind": entry.folder_kind or None,
        "kind": photo.kind or None,
        "key": photo.key or None,
        "split": photo.split,
        "excluded": row.excluded or None,
        "ends": None if row.ends is None else [_ends_json(ends) for ends in row.ends],
        "row": None if row.is_empty else {"who": row.who or None, "when": row.when or None},
        "version": row.version,
        "file": file.version,
        "prediction": prediction,
        "detections": None if seen is None else [_found_json(found) for found in seen.found],
        "problem": file.problem,
    }


def prediction_json(opinion: Opinion, is_sure: bool) -> Json:
    """Return a prediction; its kind is None if the model is not sure."""
    pairs = zip(opinion.kinds, opinion.probabilities.tolist(), strict=True)
    return {
        "kind": opinion.best if is_sure else None,
        "probabilities": {name: round(value, DIGITS) for name, value in pairs},
        "source": opinion.caption,
    }


def queue_json(items: QueueList, catalogue: Catalogue, state: str, progress: tuple[int, int]) -> Json:
    """Return a queue without its items. progress: photos done, and all, of what it waits for."""
    decided = items.decided(catalogue)
    return {
        "id": items.queue.id,
        "title": items.queue.title,
        "reason": (items.built and items.built.reason) or items.queue.reason,
        "size": len(decided),
        "open": len(decided) - sum(decided),
        "state": state,
        "done": progress[0],
        "total": progress[1],
        "note": items.built.note if items.built else "",
        "asks_kind": items.queue.asks_kind,
    }


def items_json(items: QueueList, catalogue: Catalogue, offset: int, limit: int) -> Json:
    """Return some items of a queue."""
    decided = items.decided(catalogue)
    part = range(offset, min(offset + limit, len(decided)))
    return {
        "id": items.queue.id,
        "size": len(decided),
        "open": len(decided) - sum(decided),
        "items": [_item_json(items.items[i], bool(decided[i])) for i in part],
    }


def _item_json(item: Item, decided: bool) -> Json:
    return {
        "id": item.id,
        "photos": list(item.photos),
        "reason": item.reason,
        "suggestion": item.suggestion,
        "decided": decided,
    }


def kinds_json(
    kinds: Sequence[str], keys: Sequence[str | None], counts: Mapping[str, int], colours: Sequence[str]
) -> list[Json]:
    """Return the kinds with their keyboard shortcuts."""
    return [
        {"name": kind, "shortcut": key, "photos": counts.get(kind, 0), "colour": colour}
        for kind, key, colour in zip(kinds, keys, colours, strict=True)
    ]


def _ends_json(ends: KeyEnds) -> Json:
    return {"head": list(ends.head), "tip": list(ends.tip), "kind": ends.kind or None}


def _found_json(found: Found) -> Json:
    return {
        "head": list(found.head),
        "tip": list(found.tip),
        "width": found.width,
        "score": round(found.score, DIGITS),
    }
