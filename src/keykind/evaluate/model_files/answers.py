"""Photos -> what a model answers for each: the kind of its best key, or why there is none.

In:    samples; a Recogniser
Out:   Answer(s) in the order of the samples; a ReadError for each photo that has vanished meanwhile
Needs: numpy, pillow, ai-edge-litert

Predictions are streamed: of each photo only its answer is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from keykind.core.parallel import Engine
from keykind.core.progress import progress
from keykind.dataset.listing import ReadError
from keykind.dataset.samples import Sample
from keykind.model.head import Floats
from keykind.predict.prediction import ANSWERED, NOT_SURE, Key, Prediction
from keykind.predict.recogniser import Recogniser
from keykind.predict.regions import Point
from keykind.predict.wording import NOT_A_KEY

NOTHING_FOUND = "no key found"  # nothing was detected, not even something that was refused
VERDICTS = ANSWERED, NOT_SURE, NOT_A_KEY, NOTHING_FOUND


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a model answers for the best key of a photo, or for the whole photo."""

    verdict: str  # one of VERDICTS: what `keykind predict` prints; if ANSWERED, `kind` is the answer
    kind: str | None  # the most probable one, also of what is refused; None: nothing was found
    probability: float  # of it, as of a key of this kind
    probabilities: Floats | None  # (c,) of the model's kinds; the rest to 1: anything else
    box: tuple[Point, ...] = ()  # four corners of the key; empty for the whole photo


def answer_photos(
    recogniser: Recogniser, samples: Sequence[Sample], engine: Engine, title: str
) -> Iterator[Answer | ReadError]:
    """Yield a model's answer for each photo. title: of the progress bar."""
    predictions = recogniser.recognise_many([sample.path for sample in samples], engine)
    pairs = zip(samples, progress(predictions, len(samples), title), strict=True)
    for sample, prediction in pairs:
        error = prediction.error
        yield answer_of(prediction) if error is None else ReadError(sample.name, error)


def answer_of(prediction: Prediction) -> Answer:
    """Return the answer for the key with the highest score, or else for what was refused."""
    found = (*prediction.keys, *prediction.candidates)
    if not found:
        return Answer(NOTHING_FOUND, None, 0.0, None)
    best = found[0]
    values = np.array(list(best.probabilities.values()), np.float32)
    kind = max(best.probabilities, key=best.probabilities.__getitem__)
    box = () if best.head is None else best.box
    return Answer(_verdict(best, bool(prediction.keys)), kind, best.probability, values, box)


def _verdict(best: Key, is_key: bool) -> str:
    if not is_key:
        return NOT_A_KEY
    return NOT_SURE if best.kind is None else ANSWERED
