"""Explained photos -> pictures of the evidence for each of their keys.

In:    a photo; a Recogniser; which keys and kinds to show
Out:   its prediction and explanations; pictures for a gallery; a figure
Needs: numpy, pillow, ai-edge-litert
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.model.gradcam import Explanation, is_empty
from keykind.photo.source import Source, name_of
from keykind.predict import figure
from keykind.predict.prediction import Prediction
from keykind.predict.recogniser import Recogniser
from keykind.predict.wording import Wording

MAX_KEYS = 12  # of one photo that are explained
PHOTO_SIDE = 1200  # px, longer side at which a photo is read for a figure
MAP_SIDE = 420  # px, longer side of a map in the gallery


@dataclass(frozen=True, slots=True)
class Shown:
    """Which evidence is shown."""

    kind: str | None = None  # None: for the most probable kind of each key; figure.ALL: for every kind
    key: int | None = None  # index of the only key that is shown; None: all, up to MAX_KEYS

    def explain(self, recogniser: Recogniser, source: Source) -> tuple[Prediction, tuple[Explanation, ...]]:
        """Return the prediction for a photo, and the evidence; an unreadable photo has none.

        Raises BadModel if the model has no maps.
        """
        try:
            prediction, explanations = recogniser.explain_all(source, MAX_KEYS if self.key is None else None)
        except BadPhoto as error:
            return Prediction(name_of(source), (), f"{error.fault}; {error.remedy}"), ()
        chosen = explanations if self.key is None else explanations[self.key : self.key + 1]
        return prediction, chosen

    def maps(
        self, explanations: Sequence[Explanation], wording: Wording
    ) -> Iterator[tuple[Image.Image, str]]:
        """Yield the evidence in each explained area, and what it shows."""
        for explanation in explanations:
            pixels = figure.fit(explanation.pixels, MAP_SIDE)
            kinds = figure.kinds_to_draw(explanation, self.kind)
            known = explanation.answer in explanation.maps
            answer = "" if known else f"; {figure.verdict_of(explanation, wording)}"
            for kind, panel in zip(kinds, figure.evidence_panels(explanation, kinds, pixels), strict=True):
                none = "; no evidence for this kind" if is_empty(explanation.maps[kind]) else ""
                yield panel.image, f"{panel.title}{answer}{none}"

    def figure(
        self, annotated: Image.Image, explanations: Sequence[Explanation], wording: Wording
    ) -> Image.Image:
        """Return the annotated photo next to the evidence; the photo alone if nothing was explained."""
        if not explanations:
            return annotated
        return figure.draw_photo(np.asarray(annotated), explanations, self.kind, wording)
