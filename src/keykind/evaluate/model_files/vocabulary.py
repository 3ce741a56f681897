"""Kinds of photos and of models -> one spelling of each, and which of them are scored.

In:    the kinds of each model; labelled photos
Out:   Vocabulary; the photos with the models' spelling; sentences about kinds that are not in both
Needs: nothing beyond Python
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keykind.core.errors import BadDataset
from keykind.dataset.kind_names import loosely
from keykind.dataset.listing import counted, first_few
from keykind.dataset.samples import Dataset, Sample
from keykind.evaluate.model_files.choice import ChosenModel


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The kinds of one or more models."""

    kinds: tuple[str, ...]  # of all models, as the first that has it spells it
    spellings: tuple[dict[str, str], ...]  # of each model: its kind -> that of `kinds`

    def known(self, model: int) -> frozenset[str]:
        """Return the kinds that a model knows."""
        return frozenset(self.spellings[model].values())

    @property
    def shared(self) -> frozenset[str]:
        """Return the kinds that all models know."""
        return frozenset.intersection(*(self.known(i) for i in range(len(self.spellings))))

    def respelled(self, dataset: Dataset) -> Dataset:
        """Return photos with their kinds spelled as those of the models: laser_track for laser track."""
        names = {kind: _spelled(kind, self.kinds) or kind for kind in dataset.kinds}
        samples = tuple(replace(sample, kind=names[sample.kind]) for sample in dataset.samples)
        renamed = first_few(f"{kind} as {name}" for kind, name in names.items() if kind != name)
        note = f"Kinds of the photos are read as the models spell them: {renamed}."
        warnings = (*dataset.warnings, *([note] if renamed else []))
        return replace(dataset, kinds=tuple(sorted(set(names.values()))), samples=samples, warnings=warnings)

    def notes(self, models: Sequence[ChosenModel], samples: Sequence[Sample]) -> Iterator[str]:
        """Yield a sentence about the kinds that only models know, and about those that only photos show."""
        counts = Counter(sample.kind for sample in samples)
        names = " and ".join(model.name for model in models)
        unknown = {kind: count for kind, count in sorted(counts.items()) if kind not in self.shared}
        if len(models) > 1 and any(self.known(i) != self.shared for i in range(len(models))):
            yield f"{names} know different kinds; they are compared on the kinds that both know."
        if unknown:
            listed = first_few(f"{kind} {count:,}" for kind, count in unknown.items())
            who = "one of the models" if len(models) > 1 else names
            yield (
                f"Photos of kinds that {who} does not know: {sum(unknown.values()):,} ({listed}); they are "
                "not in the scores, but listed by answer."
            )
        for i, model in enumerate(models):
            missing = [kind for kind in self.kinds if kind in self.known(i) and not counts[kind]]
            if missing:
                yield (
                    f"Kinds of {model.name} without a photo: {len(missing):,} ({first_few(missing)}); they "
                    "are not measured, and predictions of them are wrong."
                )

    def check(self, models: Sequence[ChosenModel], samples: Sequence[Sample], photos: str | Path) -> None:
        """Raise BadDataset if no photo is of a kind that all models know."""
        shown = sorted({sample.kind for sample in samples})
        if self.shared & set(shown):
            return
        known = "; ".join(f"{model.name} knows {first_few(model.recogniser.kinds)}" for model in models)
        fault = f"has {counted(len(samples), 'photo')} of {first_few(shown)}, but {known}: no kind in common"
        remedy = "rename the folders or labels to the models' kinds, or give another model"
        raise BadDataset(photos, fault=fault, remedy=remedy)


def vocabulary_of(models: Sequence[ChosenModel]) -> Vocabulary:
    """Return the kinds of the models; those that differ in spaces, hyphens or case only are one kind."""
    kinds: list[str] = []
    spellings = []
    for model in models:
        earlier = tuple(kinds)
        spelling = {kind: _spelled(kind, earlier) or kind for kind in model.recogniser.kinds}
        kinds += [kind for kind in spelling.values() if kind not in kinds]
        spellings.append(spelling)
    return Vocabulary(tuple(kinds), tuple(spellings))


def _spelled(kind: str, kinds: Sequence[str]) -> str | None:
    """Return the one of some kinds that equals a kind but for spelling; None: none, or several."""
    if kind in kinds:
        return kind
    alike = [other for other in kinds if loosely(other) == loosely(kind)]
    return alike[0] if len(alike) == 1 else None
