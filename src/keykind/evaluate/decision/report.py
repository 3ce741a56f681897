"""DecisionScores and a Decision -> text.

In:    DecisionScores, Decision
Out:   lines of text
Needs: nothing beyond Python
"""

from collections.abc import Iterator

from keykind.evaluate.decision.fit import DecisionScores
from keykind.model.decision import Decision

TITLES = {
    "key": "P(key)",
    "kind": "P(kind is right | key)",
    "reported": "P(key) P(kind is right | key)",
}


def text(decision: Decision, scores: DecisionScores) -> str:
    """Return what a fit gave: weights, AUROC, calibration, and what thresholds give."""
    return "\n".join(_lines(decision, scores))


def _lines(decision: Decision, scores: DecisionScores) -> Iterator[str]:
    others = scores.candidates - scores.keys
    yield f"{scores.keys:,} detections of keys, {others:,} of other things; scored by fits to other photos"
    for name in ("key", "remote", "kind"):
        model = getattr(decision, name)
        weights = ", ".join(f"{feature} {weight:+.2f}" for feature, weight in model.weights.items())
        yield f"{name:7} intercept {model.intercept:+.2f}; {weights}"
    aurocs = ", ".join(f"{name} {value:.3f}" for name, value in scores.auroc.items())
    yield f"AUROC of keys: {aurocs}; of kinds that are right: {scores.kind_auroc:.3f}"
    for name, title in TITLES.items():
        yield f"{title}: ECE {scores.ece[name]:.3f}"
        yield from (
            f"  {entry.probability:.2f} is true of {entry.share:.2f} of {entry.count:,}"
            for entry in scores.reliability[name]
        )
    yield "threshold  recall  false/photo  reported  of these right  photos without a key that get a kind"
    for rate in scores.rates:
        yield (
            f"{rate.threshold:9.1f}  {rate.recall:6.3f}  {rate.false:11.3f}  {rate.reported:8.3f}  "
            f"{rate.right:14.3f}  {rate.negatives:11.3f}"
        )
