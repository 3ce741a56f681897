"""Queues about the kind of a photo: probably mislabelled, not sure, not labelled.

In:    Known
Out:   items, those that teach or correct most first
Needs: numpy
"""

from collections.abc import Iterator, Sequence

import numpy as np

from keykind.dataset.listing import counted
from keykind.evaluate.label_errors import label_errors
from keykind.evaluate.sampling import most_informative
from keykind.review.catalogue import PhotoState
from keykind.review.queues.queue import (
    RECOGNISING,
    Built,
    Item,
    Known,
    Opinion,
    Queue,
    labelled,
    unavailable,
)

MAX_MARGIN = 0.3  # between the two most probable kinds, up to which a model counts as not sure
MAX_NOISE = 0.35  # share of labels beyond which rather the model than the labels is wrong
BY_ANY_MODEL = "The model thinks these photos show another kind."  # it may have been trained on the photo
NO_MODEL = "No model knows these kinds; train one here, or give one with --run RUN or --model FILE."


def build_label_errors(known: Known) -> Built:
    """Return probable label errors by confident learning, then other photos that a model labels otherwise."""
    if known.run is None and (known.model is None or not known.model.fits):
        return unavailable(NO_MODEL)
    rows = _judged(known) if known.run else _seen(known)
    stages = () if known.run else (RECOGNISING,)
    contents, note = "" if known.run else BY_ANY_MODEL, _note_on_run(known)
    if not rows:
        return Built((), note, stages, reason=contents)
    kinds = rows[0][1].kinds
    index = {kind: i for i, kind in enumerate(kinds)}
    labels = np.array([index[photo.kind] for photo, _ in rows], np.intp)
    errors = label_errors(np.stack([opinion.probabilities for _, opinion in rows]), labels)
    items = []
    for i in errors.order.tolist():
        photo, opinion = rows[i]
        suggested = kinds[int(errors.suggested[i])]
        if suggested != photo.kind:
            probability = float(opinion.probabilities[index[suggested]])
            reason = f"Labelled {photo.kind}; {opinion.source} says {suggested} ({probability:.2f})."
            items.append(Item((photo.id,), reason, {"kind": suggested}))
    return Built(items, " ".join(filter(None, (_share(errors.noise), note))), stages, reason=contents)


def _share(noise: float) -> str:
    """Return the estimated share of wrong labels as a sentence; none if there are none."""
    if noise > MAX_NOISE:
        return f"The model contradicts {noise:.0%} of the labels: it is too weak for its doubts to say much."
    return f"About {noise:.1%} of the labels are estimated to be wrong." if noise else ""


def _judged(known: Known) -> list[tuple[PhotoState, Opinion]]:
    """Return the used photos of the run's tables whose label the run knows."""
    return [pair for pair in _opinions(known) if pair[0].id in known.judged]


def _seen(known: Known) -> list[tuple[PhotoState, Opinion]]:
    return list(_opinions(known))


def _opinions(known: Known) -> Iterator[tuple[PhotoState, Opinion]]:
    """Yield the used, labelled photos with the opinion of a model that knows their kind."""
    for photo in known.photos:
        if photo.is_used and photo.kind:
            opinion = known.opinion(photo.id)
            if opinion is not None and photo.kind in opinion.kinds:
                yield photo, opinion


def _note_on_run(known: Known) -> str:
    """Return what the run's tables leave out, and what to do."""
    if known.run is None:
        return f"By {known.model.title}; a run on these photos would find more." if known.model else ""
    if not known.run.has_out_of_fold:
        return "The run has no out_of_fold.csv, so only its test photos are here; train again for all."
    return ""


def build_not_sure(known: Known) -> Built:
    """Return labelled photos about which a model wavers, the smallest margin first."""
    if known.run is None and (known.model is None or not known.model.fits):
        return unavailable(NO_MODEL)
    doubtful = []
    for photo, opinion in _opinions(known):
        seen = known.seen[photo.id]
        reason = None if photo.id in known.judged or seen is None else seen.reason
        if opinion.margin <= MAX_MARGIN or reason:
            why = f" ({reason})" if reason else ""
            text = f"Labelled {photo.kind}; {opinion.source} is not sure{why}: {opinion.ranked(2)}."
            doubtful.append((opinion.margin, Item((photo.id,), text)))
    doubtful.sort(key=lambda pair: pair[0])
    return Built([item for _, item in doubtful], stages=(RECOGNISING,))


def build_unlabelled(known: Known) -> Built:
    """Return photos without a kind, those that would teach the model most first."""
    photos = [photo for photo in known.photos if photo.is_used and not photo.kind]
    opinions = {photo.id: known.opinion(photo.id) for photo in photos}
    ready = [photo for photo in photos if opinions[photo.id] is not None]
    waiting = [photo for photo in photos if opinions[photo.id] is None]
    items = [_unlabelled_item(photo, opinions[photo.id]) for photo in _by_information(known, ready)]
    items += [Item((photo.id,), "Not labelled.") for photo in waiting]
    if known.model is None or not known.model.fits:
        return Built(items, f"By name. {NO_MODEL}" if items else "")
    note = f"{counted(len(photos), 'photo')} without a kind, those first that would teach the model most."
    return Built(items, note if items else "", (RECOGNISING,))


def _by_information(known: Known, photos: Sequence[PhotoState]) -> list[PhotoState]:
    if not photos:
        return []
    values = [known.opinion(photo.id) for photo in photos]
    probabilities = np.stack([value.probabilities for value in values if value is not None])
    vectors = [seen.features if (seen := known.seen[photo.id]) else None for photo in photos]
    given = [vector for vector in vectors if vector is not None]
    features = np.stack(given).astype(np.float32) if len(given) == len(photos) else probabilities
    return [photos[i] for i in most_informative(probabilities, features).tolist()]


def _unlabelled_item(photo: PhotoState, opinion: Opinion | None) -> Item:
    if opinion is None:
        return Item((photo.id,), "Not labelled.")
    if opinion.margin <= MAX_MARGIN:
        return Item((photo.id,), f"Not labelled; {opinion.source} is not sure: {opinion.ranked(2)}.")
    text = f"Not labelled; {opinion.source} says {opinion.ranked(1)}."
    return Item((photo.id,), text, {"kind": opinion.best})


LABEL_ERRORS = Queue(
    "label-errors",
    "Probable label errors",
    "A model that never saw these photos in training thinks they show another kind.",
    build_label_errors,
    labelled,
)
NOT_SURE = Queue("not-sure", "Not sure", "The model wavers between two kinds.", build_not_sure, labelled)
UNLABELLED = Queue("unlabelled", "Not labelled", "Photos without a kind.", build_unlabelled, labelled)
