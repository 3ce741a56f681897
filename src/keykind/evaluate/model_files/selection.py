"""Labelled photos -> those that the models are measured on, and why others are not.

In:    a Dataset of `read_labelled`; the models
Out:   Selection: photos, and sentences about them
Needs: numpy, pillow

A photo that a model was trained on says nothing about others, and neither does another photo of the same key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from keykind.core.errors import BadDataset
from keykind.dataset.listing import SPLITS, counted
from keykind.dataset.samples import Dataset, Sample
from keykind.evaluate.model_files.choice import ChosenModel

TEST, ALL = "test", "all"  # which photos are measured
HINT = "--all measures them, too"


@dataclass(frozen=True, slots=True)
class Overlap:
    """Photos that are not new to a model."""

    trained_on: frozenset[str]  # names
    same_key: frozenset[str]  # names of other photos of the same keys

    @property
    def names(self) -> frozenset[str]:
        """Return all of them."""
        return self.trained_on | self.same_key

    def within(self, samples: Sequence[Sample]) -> "Overlap":
        """Return those among the samples."""
        names = {sample.name for sample in samples}
        return Overlap(self.trained_on & names, self.same_key & names)

    def text(self, model: str) -> str:
        """Return e.g. "keys was trained on 98 of them, and on the same keys as in 4 more"."""
        more = f", and on photos of the same objects as in {len(self.same_key):,} more"
        return f"{model} was trained on {len(self.trained_on):,} of them{more if self.same_key else ''}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The photos that are measured."""

    samples: tuple[Sample, ...]
    split: str  # TEST: only those of the test split; ALL
    training_split: int  # photos that are not measured because they are of the training split
    left_out: tuple[Sample, ...]  # not new to one of the models, and therefore not measured
    overlaps: tuple[Overlap, ...]  # of each model with the measured photos and those left out

    def notes(self, models: Sequence[ChosenModel]) -> Iterator[str]:
        """Yield a sentence for each reason why photos are not measured."""
        if self.split == TEST:
            count = len(self.samples) + len(self.left_out)
            yield (
                f"Measured on the test split: {counted(count, 'photo')}; not on the {self.training_split:,} "
                f"of the training split ({HINT})."
            )
        if self.left_out:
            texts = [
                overlap.text(model.name)
                for model, overlap in zip(models, self.overlaps, strict=True)
                if overlap.names
            ]
            photos = counted(len(self.left_out), "photo")
            yield f"Left out, because they are not new: {photos}; {'; '.join(texts)} ({HINT})."

    def warnings(self, models: Sequence[ChosenModel]) -> Iterator[str]:
        """Yield a sentence for each reason why scores may be too high."""
        for model, overlap in zip(models, self.overlaps, strict=True):
            measured = overlap.within(self.samples)
            if measured.names:
                yield (
                    f"Scores too high: of the {len(self.samples):,} measured photos, "
                    f"{measured.text(model.name)}; leave out --all to measure new photos only."
                )
            elif model.table is None and not model.is_bundled:
                yield (
                    f"It is not known which photos {model.name} was trained on; if these were among them, "
                    "its scores are too high. Give the folder of its run to leave them out."
                )


def select_photos(
    dataset: Dataset, models: Sequence[ChosenModel], photos: str | Path, *, everything: bool
) -> Selection:
    """Return the photos to measure: the test split if there is one, without those that are not new.

    everything: all photos instead. Raises BadDataset if none is left.
    """
    splits = {sample.split for sample in dataset.samples}
    only_test = not everything and splits == set(SPLITS)
    candidates = dataset.subset("test") if only_test else dataset.samples
    overlaps = tuple(_overlap(dataset, model).within(candidates) for model in models)
    known = frozenset().union(*(overlap.names for overlap in overlaps))
    measured = tuple(sample for sample in candidates if everything or sample.name not in known)
    if not measured:
        pairs = zip(models, overlaps, strict=True)
        who = " or ".join(model.name for model, overlap in pairs if overlap.names)
        fault = f"has no photo that is new: {who} was trained on all {len(candidates):,}, or on their objects"
        raise BadDataset(photos, fault=fault, remedy="give other photos, or --all to measure these")
    return Selection(
        measured,
        TEST if only_test else ALL,
        len(dataset.samples) - len(candidates),
        tuple(sample for sample in candidates if sample.name in known and not everything),
        overlaps,
    )


def _overlap(dataset: Dataset, model: ChosenModel) -> Overlap:
    trained = model.trained_on(dataset.samples)
    groups = {sample.group for sample in dataset.samples if sample.name in trained}
    same_key = (sample.name for sample in dataset.samples if sample.group in groups)
    return Overlap(trained, frozenset(same_key) - trained)
