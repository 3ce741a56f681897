"""Models, photos and answers -> everything that the report of an evaluation is made from.

In:    the models, the selected photos
Out:   Measured: answers, scores, the paired difference, what could not be read, sentences about all that
Needs: scikit-learn, scipy                                                            [evaluate]
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from keykind.core.errors import BadDataset
from keykind.core.parallel import Engine
from keykind.dataset.decision_report import lines as decision_lines
from keykind.dataset.label_rows import LABEL_FILE
from keykind.dataset.listing import ReadError, counted
from keykind.dataset.samples import Dataset, Sample
from keykind.evaluate.model_files.answers import Answer, answer_photos
from keykind.evaluate.model_files.choice import ChosenModel
from keykind.evaluate.model_files.scores import (
    RESAMPLES,
    JudgedPhoto,
    ModelScores,
    columns_of,
    labels_of,
    predicted_of,
    score_model,
)
from keykind.evaluate.model_files.selection import Selection
from keykind.evaluate.model_files.vocabulary import Vocabulary
from keykind.evaluate.paired import PairedDifference, paired_difference
from keykind.evaluate.wording import KEYS, OBJECTS, Subject


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The answers of one or two models for the same photos, and how good they are."""

    models: tuple[ChosenModel, ...]
    vocabulary: Vocabulary
    dataset: Dataset
    selection: Selection
    photos: tuple[JudgedPhoto, ...]  # of kinds that all models know
    others: tuple[JudgedPhoto, ...]  # of other kinds; not in the scores
    columns: tuple[str, ...]  # of the confusion matrices
    scores: tuple[ModelScores, ...]  # of each model
    difference: PairedDifference | None  # of two models
    read_errors: tuple[ReadError, ...]

    @property
    def subject(self) -> Subject:
        """What the photos show."""
        return KEYS if all(model.recogniser.model.card.of_keys for model in self.models) else OBJECTS

    @property
    def kinds(self) -> tuple[str, ...]:
        """The scored kinds, in the order of the first model."""
        shown = {photo.sample.kind for photo in self.photos}
        return tuple(kind for kind in self.columns if kind in shown)

    @property
    def keys(self) -> int:
        """The number of physical keys that are scored."""
        return len({photo.sample.group for photo in self.photos})

    def warnings(self) -> tuple[str, ...]:
        """Return sentences about why scores may be too high."""
        return tuple(self.selection.warnings(self.models))

    def notes(self) -> tuple[str, ...]:
        """Return sentences about which photos and kinds are measured, and about the photos."""
        judged = [photo.sample for photo in (*self.photos, *self.others)]
        return (
            *self.selection.notes(self.models),
            *(f"{LABEL_FILE}: {line}." for line in decision_lines(self.dataset.decisions)),
            *self.vocabulary.notes(self.models, judged),
            *self.dataset.warnings,
        )


def measure(
    models: Sequence[ChosenModel],
    vocabulary: Vocabulary,
    dataset: Dataset,
    selection: Selection,
    *,
    engine: Engine,
    rng: np.random.Generator,
) -> Measured:
    """Let the models answer for the selected photos, and score the answers.

    Raises BadDataset if no photo of a scored kind is left.
    """
    judged, vanished = _judge(models, vocabulary, selection.samples, engine)
    photos = tuple(photo for photo in judged if photo.sample.kind in vocabulary.shared)
    if not photos:
        fault = f"0 of {counted(len(selection.samples), 'photo')} can still be read"
        raise BadDataset("photos", fault=fault, remedy="check that they are still there")
    columns = columns_of(photos, vocabulary.kinds)
    seed = int(rng.integers(2**32))  # equal answers get equal intervals
    return Measured(
        tuple(models),
        vocabulary,
        dataset,
        selection,
        photos,
        tuple(photo for photo in judged if photo.sample.kind not in vocabulary.shared),
        columns,
        tuple(score_model(photos, i, columns, np.random.default_rng(seed)) for i in range(len(models))),
        _compare(photos, columns, rng) if len(models) > 1 else None,
        (*dataset.read_errors, *vanished),
    )


def _judge(
    models: Sequence[ChosenModel], vocabulary: Vocabulary, samples: Sequence[Sample], engine: Engine
) -> tuple[list[JudgedPhoto], list[ReadError]]:
    """Return the photos with the answers of all models, and those that have vanished meanwhile."""
    answers = [list(_answers(vocabulary, i, model, samples, engine)) for i, model in enumerate(models)]
    judged, vanished = [], []
    for sample, row in zip(samples, zip(*answers, strict=True), strict=True):
        given = tuple(answer for answer in row if isinstance(answer, Answer))
        if len(given) == len(models):
            judged.append(JudgedPhoto(sample, given))
        else:
            vanished.append(next(answer for answer in row if isinstance(answer, ReadError)))
    return judged, vanished


def _answers(
    vocabulary: Vocabulary, index: int, model: ChosenModel, samples: Sequence[Sample], engine: Engine
) -> Iterator[Answer | ReadError]:
    """Yield the answers of a model, with its kinds in the common spelling."""
    spelling = vocabulary.spellings[index]
    for answer in answer_photos(model.recogniser, samples, engine, model.name):
        if isinstance(answer, ReadError) or answer.kind is None:
            yield answer
        else:
            yield replace(answer, kind=spelling[answer.kind])


def _compare(
    photos: Sequence[JudgedPhoto], columns: Sequence[str], rng: np.random.Generator
) -> PairedDifference:
    before, after = (predicted_of(photos, model, columns) for model in (0, 1))
    groups = [photo.sample.group for photo in photos]
    labels = labels_of(photos, columns)
    return paired_difference(labels, before, after, groups, len(columns), resamples=RESAMPLES, rng=rng)
