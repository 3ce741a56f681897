"""The queue of all photos.

In:    Known
Out:   an item for each photo, by name
Needs: numpy
"""

from keykind.review.catalogue import PhotoState
from keykind.review.queues.queue import Built, Item, Known, Queue, labelled


def build(known: Known) -> Built:
    """Return every photo."""
    reasons: dict[str, str] = {}  # one text for all photos of a kind
    items = []
    for photo in known.photos:
        text = _reason(photo)
        items.append(Item((photo.id,), reasons.setdefault(text, text)))
    return Built(items)


def _reason(photo: PhotoState) -> str:
    if photo.row.excluded:
        return f"Not used: {photo.row.excluded}."
    return f"Labelled {photo.kind}." if photo.kind else "Not labelled."


ALL = Queue("all", "All photos", "Every photo, by name.", build, labelled, keeps_decided=True)
