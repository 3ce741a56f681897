"""A folder of real photos, a detector and a classifier -> all scores.

In:    a folder as `annotations` reads it; files of models, or those that ship with keykind
Out:   RealPhotoScores, also as JSON values; contact sheets
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keykind import __version__
from keykind.core.errors import BadDataset, BadModel
from keykind.detect.detector import load_detector
from keykind.evaluate.real_photos.annotations import read_annotations, table_of
from keykind.evaluate.real_photos.answer_scores import AnswerScores, score_answers
from keykind.evaluate.real_photos.answers import answer_photos
from keykind.evaluate.real_photos.detection import Unread, detect_photos
from keykind.evaluate.real_photos.detector_scores import DetectorScores, score_detector
from keykind.evaluate.real_photos.sheets import write_sheets
from keykind.model.card import WHOLE
from keykind.model.model import load_model
from keykind.model.shipped import load_decision
from keykind.predict.recogniser import Recogniser, fitted_decision, shipped_model

RESAMPLES = 1000  # of the bootstrap


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the photos count, and where their marks are, as in `read_annotations`."""

    marks: str | Path | None = None
    exclude: Collection[str] = ()
    split: str | None = None


@dataclass(frozen=True, slots=True)
class RealPhotoScores:
    """A detector and a classifier measured on real photos."""

    folder: str  # its name
    sources: int
    no_key: int  # photos without a key
    excluded: tuple[str, ...]  # sources
    unread: tuple[Unread, ...]  # photos that cannot be read; the scores are of the others
    detector: DetectorScores
    answers: AnswerScores

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "keykind": __version__,
            "photos": {
                "folder": self.folder,
                "read": self.detector.photos,
                "sources": self.sources,
                "without_key": self.no_key,
                "excluded_sources": list(self.excluded),
                "unread": {photo.name: photo.reason for photo in self.unread},
            },
            "detector": self.detector.as_json(),
            "answers": self.answers.as_json(),
        }


def load_recogniser(
    model: str | Path | None = None,
    detector: str | Path | None = None,
    refiner: str | Path | None = None,
    *,
    decision: str | Path | None = None,
) -> Recogniser:
    """Return a recogniser with these files; None: those that ship with keykind.

    refiner: of the detector, see `load_detector`.
    Raises BadModel if a file cannot be used, or the model was trained on whole photos.
    """
    path = shipped_model() if model is None else Path(model)
    loaded = load_model(path)
    if loaded.card.crop == WHOLE:
        fault, remedy = "was trained on whole photos", "give a model that was trained on crops of keys"
        raise BadModel(loaded.name, fault=fault, remedy=remedy)
    stages = load_detector(detector, refiner)
    fitted = fitted_decision(loaded, stages) if decision is None else load_decision(decision)
    return Recogniser(loaded, stages, fitted)


def score_real_photos(
    recogniser: Recogniser,
    photos: str | Path,
    selection: Selection = Selection(),
    *,
    sheets: str | Path | None = None,
    rng: np.random.Generator,
) -> RealPhotoScores:
    """Return how well keys are detected and classified in the photos of a folder, or of its labels.csv.

    recogniser: with a detector. sheets: folder for contact sheets.
    Raises BadDataset if a table is invalid or no photo can be read, CannotWrite.
    """
    if recogniser.detector is None:
        raise ValueError("the recogniser has no detector")
    annotated = read_annotations(photos, selection.marks, selection.exclude, selection.split)
    detected, unread = detect_photos(recogniser.detector, annotated)
    if not detected:
        fault, remedy = f"lists {len(unread)} photos, none of which can be read", "copy the photos beside it"
        raise BadDataset(table_of(photos), fault=fault, remedy=remedy)
    answered = answer_photos(recogniser, detected)
    if sheets is not None:
        write_sheets(answered, Path(sheets))
    return RealPhotoScores(
        table_of(photos).resolve().parent.name,
        len({item.photo.source for item in detected}),
        sum(photo.shows_no_key for photo in answered),
        tuple(selection.exclude),
        unread,
        score_detector(detected, resamples=RESAMPLES, rng=rng),
        score_answers(answered, resamples=RESAMPLES, rng=rng),
    )
