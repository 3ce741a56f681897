"""Photos -> the kind of each key in them.

In:    photos: files, bytes, arrays, PIL images; a model file
Out:   Prediction(s) in the order of the photos, with the error of each that cannot be read; Explanation
Needs: numpy, pillow, ai-edge-litert

Whether a detection is a key, and of which kind, is decided by model/decision.py.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from keykind.core.errors import BadModel, BadPhoto, Unreachable
from keykind.core.parallel import Engine, parallel_map
from keykind.core.process import keep_freed_memory
from keykind.detect.detection import Detector
from keykind.detect.detector import load_detector, load_from_folder
from keykind.model import shipped
from keykind.model.card import WHOLE
from keykind.model.decision import Decision, Verdict, default_decision, refusal_of
from keykind.model.gradcam import Explanation
from keykind.model.model import Model, load_model
from keykind.photo.source import Source, fetch, name_of, prefetch
from keykind.predict.prediction import NOT_SURE, Candidate, Key, Prediction
from keykind.predict.regions import Region, Seen, evidence_of, see, see_whole
from keykind.predict.wording import NOT_A_KEY, wording_of

__all__ = ["Recogniser", "evidence_of"]

SHIPPED = shipped.FOLDER / shipped.CLASSIFIER


@dataclass(frozen=True, slots=True)
class Recogniser:
    """A detector and a classifier, ready to run. Thread-safe."""

    model: Model
    detector: Detector | None = None  # None: the whole photo is classified as one key
    decision: Decision | None = None  # None: the default one for the model's card

    @classmethod
    def load(cls, path: str | Path | None = None, *, whole: bool = False) -> "Recogniser":
        """Return a recogniser with the model in a file; None: the model that ships with keykind.

        Keys are detected if the model was trained on crops of keys, unless `whole` is set.
        Raises BadModel if the file cannot be used, or this version ships no model.
        """
        path = shipped_model() if path is None else Path(path)
        model = load_model(path)
        if whole or model.card.crop == WHOLE:
            return cls(model)
        detector = load_detector()
        return cls(model, detector, fitted_decision(model, detector))

    @classmethod
    def from_folder(cls, folder: str | Path) -> "Recogniser":
        """Return a recogniser with the models in a folder, as keykind bundles them. Raises BadModel."""
        path = Path(folder) / shipped.CLASSIFIER
        model = load_model(path)
        if model.card.crop == WHOLE:
            return cls(model)
        detector = load_from_folder(folder)
        has_index = (Path(folder) / shipped.INDEX).exists()
        return cls(model, detector, fitted_decision(model, detector, folder) if has_index else None)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds that the model distinguishes, in its order."""
        return self.model.card.kinds

    @property
    def kind_threshold(self) -> float:
        """Return the probability from which a kind counts as known."""
        return self._rule.kind_threshold

    def recognise(self, source: Source) -> Prediction:
        """Return the keys of a photo. Raises BadPhoto if it cannot be read."""
        return self._prediction(source, self._see(source))

    def attempt(self, source: Source) -> Prediction:
        """Return the keys of a photo, or a Prediction with an error if it cannot be read."""
        try:
            return self.recognise(source)
        except BadPhoto as error:
            message = f"{error.fault}; {error.remedy}"
            return Prediction(name_of(source), (), message, isinstance(error, Unreachable))

    def recognise_many(
        self, sources: Iterable[Source], engine: Engine = parallel_map
    ) -> Iterator[Prediction]:
        """Attempt photos in parallel and yield predictions in order, with bounded memory for any number.

        Raises TypeError for a single path, or the bytes of a photo.
        """
        if isinstance(sources, str | bytes | Path):
            raise TypeError(f"give a list of photos, not one {type(sources).__name__}")
        if engine is not parallel_map:
            return engine(self.attempt, sources)
        keep_freed_memory()
        return engine(self.attempt, map(prefetch, sources))

    def explain(self, source: Source, index: int = 0) -> Explanation:
        """Return the answer for one key of a photo and the evidence for each kind (Grad-CAM).

        index: into the keys that `recognise` returns, followed by its candidates. Where nothing was
        detected, 0 is the whole photo.
        Raises BadPhoto if the photo cannot be read or has fewer keys, BadModel if the model has no maps.
        """
        self.check_maps()
        source = fetch(source)  # it may be read again, as a whole
        seen = self._see(source)
        results = self._explained(seen)
        if not results and not index:
            return self._explain_whole(source)
        if index >= len(results):
            fault, remedy = wording_of(self.model.card).missing(len(results))
            raise BadPhoto(name_of(source), fault=fault, remedy=remedy)
        return self._explanation(source, *results[index])

    def explain_all(
        self, source: Source, limit: int | None = None
    ) -> tuple[Prediction, tuple[Explanation, ...]]:
        """Return the prediction for a photo and the evidence for each of its keys.

        If it has none: for what was refused; where nothing was detected, for the whole photo.
        limit: the most explanations. Raises what `explain` raises.
        """
        self.check_maps()
        source = fetch(source)
        seen = self._see(source)
        prediction = self._prediction(source, seen)
        results = self._explained(seen)
        shown = [result for result in results if result[0].is_key] or results
        explanations = [self._explanation(source, *result) for result in shown[:limit]]
        return prediction, tuple(explanations) or (self._explain_whole(source),)

    def _see(self, source: Source) -> Seen:
        return see(source, self.model, self.detector, self._rule.min_score)

    def check_maps(self) -> None:
        """Raise BadModel if the model has no class maps, so that it cannot explain predictions."""
        if not self.model.card.maps:
            fault = "has no class maps, so it cannot explain predictions (files for MediaPipe have none)"
            raise BadModel(self.model.name, fault=fault, remedy="give a file exported with class maps")

    def _explained(self, seen: Seen) -> list[tuple[Verdict, Region]]:
        """Return the keys, then what was refused."""
        results = [(self._decide(region), region) for region in seen.regions]
        return sorted(results, key=lambda result: not result[0].is_key)

    def _explanation(self, source: Source, verdict: Verdict, region: Region) -> Explanation:
        answer = NOT_SURE if verdict.is_key else NOT_A_KEY
        if verdict.kind is not None:
            answer = self.kinds[verdict.kind]
        assert region.output.maps is not None  # noqa: S101 - checked against the card on loading
        maps = {kind: region.output.maps[..., i] for i, kind in enumerate(self.kinds)}
        probabilities = self._probabilities(region, verdict)
        return Explanation(name_of(source), answer, probabilities, maps, region.display(), verdict.reason)

    def _explain_whole(self, source: Source) -> Explanation:
        """Return the evidence in the whole photo, in which nothing was detected."""
        (region,) = see_whole(source, self.model).regions
        whole = self._explanation(source, self._decide(region), region)
        return replace(whole, answer=NOT_A_KEY, reason=None, undetected=True)

    @property
    def _rule(self) -> Decision:
        return self.decision or default_decision(self.model.card)

    def _decide(self, region: Region) -> Verdict:
        return self._rule.decide(region.evidence, self.model.card)

    def _probabilities(self, region: Region, verdict: Verdict) -> dict[str, float]:
        """Return kind -> probability that the region is a key of this kind."""
        values = self._rule.probabilities(region.output.probabilities, verdict)
        return dict(zip(self.kinds, values.tolist(), strict=True))

    def _prediction(self, source: Source, seen: Seen) -> Prediction:
        keys: list[Key] = []
        candidates: list[Candidate] = []
        for region in seen.regions:
            verdict = self._decide(region)
            probabilities = self._probabilities(region, verdict)
            best, place = max(probabilities.values()), (region.box, region.head, region.tip)
            if verdict.is_key:
                kind = None if verdict.kind is None else self.kinds[verdict.kind]
                key = Key(kind, best, probabilities, *place, verdict.reason, features=region.output.features)
                keys.append(key)
            else:
                why = refusal_of(region.evidence, self.model.card)
                score, key_probability = region.evidence.score, verdict.key_probability
                candidates.append(
                    Candidate(
                        None,
                        best,
                        probabilities,
                        *place,
                        why=why,
                        key_probability=key_probability,
                        score=score,
                    )
                )
        return Prediction(
            name_of(source),
            tuple(keys),
            width=seen.width,
            height=seen.height,
            candidates=tuple(candidates),
            damaged=seen.damage,
        )


def fitted_decision(model: Model, detector: Detector, folder: str | Path = shipped.FOLDER) -> Decision | None:
    """Return the decision in a folder of models if it was fitted to a model and a detector, else None.

    Raises BadModel if the index of the folder is damaged.
    """
    decision = shipped.read_decision(folder)
    if decision is None or (decision.classifier, decision.detector) != (model.digest, detector.digest):
        return None
    return decision


def shipped_model() -> Path:
    """Return the model file that ships with keykind. Raises BadModel if this version has none."""
    if not SHIPPED.is_file():
        fault = "does not ship with this version of keykind"
        raise BadModel("model", fault=fault, remedy="give a model file")
    return SHIPPED
