"""What is said of a photo, for people: a line per key, and how certain the answer is.

In:    Prediction; Wording
Out:   lines of text; a number
Needs: numpy, pillow, ai-edge-litert
"""

from dataclasses import dataclass

from keykind.model.decision import BLADE_HIDDEN, REFUSAL_TEXTS
from keykind.predict.annotate import answer_text, percent
from keykind.predict.prediction import UNREADABLE, Key, Prediction
from keykind.predict.wording import Wording
from keykind.predict.writers import LEAST_ALTERNATIVE, MAX_ALTERNATIVES


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One key of a photo, or the answer for a photo without one."""

    kind: str | None  # None: not known, or no key
    answer: str  # "cylinder 97%", "not sure: blurred", "not a key", "unreadable"
    details: str = ""  # the most probable kinds, why something was refused, why the photo cannot be read


def answer_lines(prediction: Prediction, wording: Wording) -> list[AnswerLine]:
    """Return a line per key; for a photo without one, the answer and a line for each thing refused."""
    if prediction.error is not None:
        return [AnswerLine(None, UNREADABLE, prediction.error)]
    if prediction.keys:
        return [AnswerLine(key.kind, answer_text(key, wording), alternatives(key)) for key in prediction.keys]
    refused = [
        AnswerLine(None, f"refused: {REFUSAL_TEXTS[each.why]}", f"{percent(each.key_probability)} a key")
        for each in prediction.candidates
        if each.head is not None
    ]
    whole = next((REFUSAL_TEXTS[each.why] for each in prediction.candidates if each.head is None), "")
    return [AnswerLine(None, wording.verdict(prediction.verdict), whole), *refused]


def alternatives(key: Key) -> str:
    """Return the most probable kinds of a key whose kind is not known, unless its blade is hidden."""
    if key.kind is not None or key.reason == BLADE_HIDDEN:
        return ""
    first, *others = sorted(key.probabilities.items(), key=lambda item: -item[1])[:MAX_ALTERNATIVES]
    likely = [first, *(other for other in others if other[1] >= LEAST_ALTERNATIVE)]
    return " or ".join(f"{kind} {percent(probability)}" for kind, probability in likely)


def certainty(prediction: Prediction) -> float:
    """Return how certain the least certain answer for a photo is, 0..1; 0 if it could not be read."""
    if prediction.error is not None:
        return 0.0
    if prediction.keys:
        return min(key.probability for key in prediction.keys)
    return 1 - max((candidate.key_probability for candidate in prediction.candidates), default=0.0)


def has_unknown(prediction: Prediction) -> bool:
    """Return whether the kind of any key of a photo is not known."""
    return any(key.kind is None for key in prediction.keys)
