"""Answers -> lists of photos to look at, and what is said about each photo.

In:    Measured
Out:   wrong photos of one model; of two, those that only one of them gets right; words about an answer
Needs: scikit-learn, scipy                                                            [evaluate]
"""

from collections.abc import Iterable

from keykind.core.html import Html, tag
from keykind.evaluate.model_files.answers import NOTHING_FOUND
from keykind.evaluate.model_files.choice import ChosenModel
from keykind.evaluate.model_files.measured import Measured
from keykind.evaluate.model_files.scores import JudgedPhoto
from keykind.evaluate.report.confusion import cell_id
from keykind.evaluate.wording import shorten
from keykind.predict.prediction import ANSWERED
from keykind.predict.wording import NOT_A_KEY, wording_of

NAME_LENGTH = 24  # characters of a model's name on a card


def photo_lists(measured: Measured) -> dict[str, list[JudgedPhoto]]:
    """Return the photos that are wrong with some model, by title; most probable first."""
    paired, judged = measured.difference, measured.photos
    if paired is None:
        return {"Wrong photos": _ranked(photo for photo in judged if not photo.is_right(0))}
    before, after = (shorten(model.name) for model in measured.models)
    return {
        f"Only {before} is right": _ranked(judged[i] for i in paired.worsened),
        f"Only {after} is right": _ranked(judged[i] for i in paired.improved),
        "Both are wrong": _ranked(photo for photo in judged if not any(map(photo.is_right, (0, 1)))),
    }


def right_photos(measured: Measured, limit: int) -> list[JudgedPhoto]:
    """Return about `limit` photos that are right with every model, the least probable ones of each kind."""
    chosen = []
    kinds = measured.kinds[:limit]
    for kind in kinds:
        right = [
            photo
            for photo in measured.photos
            if photo.sample.kind == kind and all(map(photo.is_right, range(len(photo.answers))))
        ]
        right.sort(key=lambda photo: min(answer.probability for answer in photo.answers))
        chosen += right[: max(limit // len(kinds), 1)]
    return chosen


def _ranked(judged: Iterable[JudgedPhoto]) -> list[JudgedPhoto]:
    """Return the photos, those with the most probable wrong answer first."""
    return sorted(judged, key=_wrong_probability, reverse=True)


def _wrong_probability(photo: JudgedPhoto) -> float:
    wrong = (answer.probability for i, answer in enumerate(photo.answers) if not photo.is_right(i))
    return max(wrong, default=0.0)


def cells(measured: Measured, photo: JudgedPhoto) -> dict[str, str]:
    """Return the attribute that names the cells of the confusion matrices that a photo is in."""
    index = {kind: i for i, kind in enumerate(measured.columns)}
    true = index[photo.sample.kind]
    names = [
        cell_id(str(i), true, index[answer.kind or NOTHING_FOUND]) for i, answer in enumerate(photo.answers)
    ]
    return {"data-cell": " ".join(names)}


def answer_line(measured: Measured, photo: JudgedPhoto, model: int) -> Html:
    """Return what a model predicts for a photo, and what it answers if that is not a kind."""
    answer, right = photo.answers[model], photo.is_right(model)
    chosen, several = measured.models[model], len(measured.models) > 1
    before = tag(
        "span", f"{shorten(chosen.name, NAME_LENGTH)}: " if several else "predicted as ", class_="soft"
    )
    attributes = {} if right else {"class_": "wrong"}
    if answer.kind is None:
        return tag("span", before if several else None, tag("strong", NOTHING_FOUND, **attributes))
    verdict = None
    if answer.verdict != ANSWERED:
        verdict = tag("span", f", answer: {verdict_text(chosen, answer.verdict)}", class_="soft")
    kind = tag("strong", shorten(answer.kind), title=answer.kind, **attributes)
    return tag("span", before, kind, f" {answer.probability:.2f}", verdict)


def answer_text(photo: JudgedPhoto) -> str:
    """Return a photo's name and what is predicted for it, as text."""
    given = " | ".join(
        NOTHING_FOUND if answer.kind is None else f"{answer.kind} {answer.probability:.2f}"
        for answer in photo.answers
    )
    return f"{photo.sample.name}: {photo.sample.kind} → {given}"


def verdict_text(model: ChosenModel, verdict: str) -> str:
    """Return one of VERDICTS in the words of a model: "not a key", "none of the classes"."""
    return wording_of(model.recogniser.model.card).rejected if verdict == NOT_A_KEY else verdict
