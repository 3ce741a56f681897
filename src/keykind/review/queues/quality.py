"""Queues about whether a photo is fit for use: damaged or hard to see; unlike all others.

In:    Known
Out:   items with the reason in numbers, the worst first
Needs: numpy
"""

import numpy as np

from keykind.dataset.warnings import BLANK
from keykind.model.decision import BLURRED_SHARPNESS
from keykind.review.images import about_file
from keykind.review.observations import Measured, Seen
from keykind.review.queues.queue import (
    MEASURING,
    RECOGNISING,
    Built,
    Item,
    Known,
    Queue,
    labelled,
    unavailable,
)

DARK, BRIGHT = 0.12, 0.97  # mean brightness, 0..1, beyond which little can be seen
MAX_CLIPPED = 0.95  # share of black and white pixels; a key on white paper leaves less
LEAST_SHARE_OF_MEDIAN = 0.05  # of the photos' median sharpness, below which one counts as blurred
BLURRED, DAMAGED, UNREADABLE, BLANK_PHOTO = "blurred", "damaged", "unreadable", "blank"
Fault = tuple[int, str, str]  # rank, sentence, reason to exclude the photo


def build_quality(known: Known) -> Built:
    """Return photos that cannot be read, are damaged, flat, blurred, dark or bright."""
    sharpness = [m.sharpness for m in known.measured if m is not None and not m.error]
    median = float(np.median(sharpness)) if sharpness else 0.0
    ranked = []
    for photo in known.photos:
        measured = known.measured[photo.id]
        if photo.is_used and measured is not None:
            reason = _fault(measured, median) or _blurred_key(known.seen[photo.id])
            if reason:
                rank, text, excluded = reason
                ranked.append((rank, Item((photo.id,), text, {"excluded": excluded})))
    ranked.sort(key=lambda pair: pair[0])
    return Built([item for _, item in ranked], stages=(MEASURING, RECOGNISING))


def _fault(measured: Measured, median: float) -> Fault | None:
    """Return the worst thing that is wrong with a photo; None: nothing is."""
    if measured.error:
        return 0, f"The photo cannot be read. {about_file(measured.error)}", UNREADABLE
    if measured.damage:
        return 1, f"The file is damaged: {measured.damage}.", DAMAGED
    return _hard_to_see(measured, median)


def _hard_to_see(measured: Measured, median: float) -> Fault | None:
    sharpness, brightness, clipped = measured.sharpness, measured.brightness, measured.clipped
    if sharpness < BLANK:
        return (
            2,
            f"A single flat colour (sharpness {sharpness:.2f}; photos have at least {BLANK}).",
            BLANK_PHOTO,
        )
    if sharpness < LEAST_SHARE_OF_MEDIAN * median:
        text = f"Blurred: sharpness {sharpness:.1f}; the median of these photos is {median:.0f}."
        return 3, text, BLURRED
    if brightness < DARK:
        return 4, f"Dark: mean brightness {brightness:.0%}.", "dark"
    if brightness > BRIGHT:
        return 5, f"Overexposed: mean brightness {brightness:.0%}.", "overexposed"
    if clipped > MAX_CLIPPED:
        return 5, f"High contrast: {clipped:.0%} of the pixels are pure black or white.", "overexposed"
    return None


def _blurred_key(seen: Seen | None) -> Fault | None:
    if seen is None or seen.sharpness is None or seen.sharpness >= BLURRED_SHARPNESS:
        return None
    text = (
        f"The key is blurred: its sharpness is {seen.sharpness:.4f}; sharp keys have more than "
        f"{BLURRED_SHARPNESS}."
    )
    return 3, text, BLURRED


def build_ood(known: Known) -> Built:
    """Return photos unlike those that the model was trained on, the least alike first."""
    limit = known.run.ood_threshold if known.run else None
    model_limit = known.model.ood_threshold if known.model else None
    if limit is None and model_limit is None:
        note = "The model has no out-of-distribution score; start with --model and one that has."
        return unavailable(note) if known.model or known.run else Built(stages=(RECOGNISING,))
    ranked = []
    for photo in known.photos:
        score, threshold = _ood(known, photo.id, limit, model_limit)
        if photo.is_used and score is not None and threshold and score > threshold:
            text = (
                f"Unlike the photos that the model was trained on: out-of-distribution score {score:.2f}, "
                f"above its threshold {threshold:.2f}."
            )
            ranked.append((threshold / score, Item((photo.id,), text, {"excluded": _not_a(known)})))
    ranked.sort(key=lambda pair: pair[0])
    return Built([item for _, item in ranked], stages=(RECOGNISING,))


def _ood(
    known: Known, photo: int, limit: float | None, model_limit: float | None
) -> tuple[float | None, float | None]:
    """Return the score of a photo, if possible of a model that was not trained on it, and its threshold."""
    judged, seen = known.judged.get(photo), known.seen[photo]
    if judged is not None and judged.ood is not None and limit is not None:
        return judged.ood, limit
    return (None if seen is None else seen.ood), model_limit


def _not_a(known: Known) -> str:
    return "not a key" if known.of_keys else "none of these kinds"


QUALITY = Queue(
    "quality",
    "Damaged or blurred",
    "Photos that cannot be read, are damaged, blurred, dark or too bright.",
    build_quality,
    labelled,
)
OOD = Queue(
    "ood",
    "Unlike all others",
    "Photos unlike those that the model was trained on, such as those without a key.",
    build_ood,
    labelled,
)
