"""Scores -> the sections about them: F1 per kind, all scores, calibration, rejection.

In:    ReportData
Out:   Section(s)
Needs: matplotlib, scikit-learn, scipy                                                     [train]
"""

from collections.abc import Iterator, Mapping

from keykind.core.html import Html, table, tag
from keykind.evaluate import charts
from keykind.evaluate.metrics import Calibration, OODMetrics
from keykind.evaluate.report.bars import Bar, bar_chart
from keykind.evaluate.report.data import OPEN, WIDE, FigureWriter, ReportData, Section, folded
from keykind.evaluate.wording import KEYS, Subject, f1_caption, format_interval, photos, score_table

FEW_KINDS = 6  # whose bars are not folded on a phone
DOTS = "Larger dots stand for more photos."


def f1_section(data: ReportData, figures: FigureWriter) -> Section:
    """Return the F1 of each kind as bars, and all scores as tables."""
    plain = data.scores["plain"]
    figures.save("f1-per-kind", charts.f1_bars(data.scores))
    bars = {
        kind: [
            Bar(score.f1, f"{score.f1:.2f} [{format_interval(score.f1_interval)}]", score.f1_interval)
            for score in (scores.per_kind[i] for scores in data.scores.values())
        ]
        for i, kind in enumerate(plain.kinds)
    }
    caption = f"{f1_caption(plain)} Lines and brackets: 95% intervals over {data.subject.physical_items}."
    tables = [
        tag("div", tag("h3", f"{view.capitalize()} view"), score_table(scores, data.subject))
        for view, scores in data.scores.items()
    ]
    best = max(plain.per_kind, key=lambda score: score.f1)
    worst = min(plain.per_kind, key=lambda score: score.f1)
    line = f"from {worst.f1:.2f} ({worst.kind}) to {best.f1:.2f} ({best.kind})"
    if worst.f1 == best.f1:
        line = f"{best.f1:.2f} for every kind"
    all_scores = folded("All scores: precision, recall, F1", tag("div", tables, class_="pair wide"))
    content = [bar_chart(tuple(data.scores), bars, caption), all_scores]
    return Section("f1", "F1 per kind", line, content, OPEN if len(bars) <= FEW_KINDS else WIDE)


def calibration_section(data: ReportData, figures: FigureWriter) -> Section:
    """Return the reliability diagram before and after calibration."""
    before = data.scores[data.recipe.judging_view].calibration
    after = data.calibrated.calibration
    text = (
        f"Temperature {data.temperature:.2f}, fitted on validation photos. Expected calibration error "
        f"{before.error:.3f} before, {after.error:.3f} after. {DOTS}"
    )
    drawing = charts.reliability_diagram({"uncalibrated": before, "calibrated": after})
    numbers = calibration_table("Calibrated", after)
    content = tag("div", figures.chart("reliability", drawing, text), numbers, class_="pair")
    return Section("calibration", "Calibration", f"expected calibration error {after.error:.3f}", [content])


def calibration_table(title: str, calibration: Calibration) -> Html:
    """Return confidence, accuracy and photos of each bin."""
    rows = [(f"{entry.confidence:.2f}", f"{entry.accuracy:.2f}", entry.count) for entry in calibration.bins]
    return tag("div", tag("h3", title), table(("confidence", "accuracy", "photos"), rows))


def rejection_section(data: ReportData) -> Section:
    """Return how well photos of none of the kinds are rejected."""
    name, metrics = next(iter(data.ood.items()))
    line = f"{metrics.negatives_rejected:.0%} of {photos(metrics.negatives)} ({name}) rejected"
    title = f"Rejecting {data.subject.negatives}"
    return Section("rejection", title, line, list(rejection_table(data.ood, data.subject)))


def rejection_table(ood: Mapping[str, OODMetrics], subject: Subject = KEYS) -> Iterator[Html]:
    """Yield the shares of test photos and of negatives that are rejected."""
    first = next(iter(ood.values()))
    yield tag(
        "p",
        f"{1 - first.keys_passed:.0%} of the {first.keys} test photos are wrongly rejected. FPR at 95% TPR: "
        f"the share of {subject.negatives} accepted at the threshold that accepts 95% of the test photos.",
    )
    rows = [
        (
            name,
            metrics.negatives,
            f"{metrics.negatives_rejected:.0%}",
            f"{metrics.auroc:.3f}",
            f"{metrics.fpr95:.0%}",
        )
        for name, metrics in ood.items()
    ]
    yield table((subject.negatives, "photos", "rejected", "AUROC", "FPR at 95% TPR"), rows)
