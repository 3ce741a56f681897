"""Scores -> the sections about them: confusion, answers, F1, calibration, kinds not scored, photos.

In:    Measured
Out:   Section(s)
Needs: matplotlib, scikit-learn, scipy                                                [evaluate]
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from keykind.core.html import Content, Html, chart, table, tag
from keykind.evaluate import charts
from keykind.evaluate.metrics import KindScore, Scores
from keykind.evaluate.model_files.answers import NOTHING_FOUND
from keykind.evaluate.model_files.cards import gallery_of
from keykind.evaluate.model_files.lists import verdict_text
from keykind.evaluate.model_files.measured import Measured
from keykind.evaluate.model_files.scores import ModelScores, Share, verdicts_by_kind
from keykind.evaluate.report.bars import Bar, bar_chart
from keykind.evaluate.report.confusion import LEGIBLE_KINDS, MANY_KINDS, Matrix, matrix_figure
from keykind.evaluate.report.data import OPEN, WIDE, Section, folded
from keykind.evaluate.report.scores_section import DOTS, FEW_KINDS, calibration_table
from keykind.evaluate.wording import correct_count, format_interval, percent, photos, score_table
from keykind.predict.prediction import ANSWERED, NOT_SURE
from keykind.predict.wording import NOT_A_KEY


def confusion_section(measured: Measured) -> Section:
    """Return the matrix of each model."""
    wrong = [len(measured.photos) - correct_count(result.scores) for result in measured.scores]
    content: list[Content | Iterable[Content]] = [
        tag(
            "p",
            "Rows are true kinds, columns the most probable kinds; percentages are of the row. ",
            tag("span", "Choose a number to see its photos below.", class_="scripted"),
        ),
        tag(
            "div",
            [_matrix(measured, i) for i in range(len(measured.models))],
            class_="pair" if len(measured.columns) < MANY_KINDS else "pair wide",
        ),
    ]
    line = f"{' and '.join(f'{count:,}' for count in wrong)} of {photos(len(measured.photos))} wrong"
    return Section("confusion", "Confusion matrix", line, content, OPEN)


def _matrix(measured: Measured, index: int) -> Html:
    scores, name = measured.scores[index].scores, measured.models[index].name
    right = f"{correct_count(scores):,} of {len(measured.photos):,} are right"
    caption = f"{name}: {right}, weighted F1 {scores.weighted_f1:.3f}."
    no_answer = NOTHING_FOUND if NOTHING_FOUND in measured.columns else None
    figure = matrix_figure(Matrix(scores, str(index), f"by {name}", no_answer, without_photos=False), caption)
    if len(scores.kinds) <= LEGIBLE_KINDS:
        return figure
    drawing = charts.confusion(scores, name)
    return tag("div", tag("div", chart(charts.svg(drawing), ""), class_="overview"), figure)


def answers_section(measured: Measured) -> Section:
    """Return what a user of `keykind predict` gets: shares of answers, of the right ones, of refusals."""
    models = measured.models
    refused = " or ".join(dict.fromkeys(verdict_text(model, NOT_A_KEY) for model in models))
    shares: tuple[tuple[str, Callable[[ModelScores], Share]], ...] = (
        ("get a kind", lambda result: result.answered),
        ("of these, the right kind", lambda result: result.correct),
        ("not sure", lambda result: result.not_sure),
        (refused, lambda result: result.not_a_key),
        (NOTHING_FOUND, lambda result: result.nothing_found),
    )
    rows = [
        (name, *(_share_text(share(result)) for result in measured.scores))
        for name, share in shares
        if any(share(result).count for result in measured.scores) or name != NOTHING_FOUND
    ]
    text = (
        "What keykind predict answers for the key with the highest score in each photo, or for the whole "
        "photo. The other scores are those of the most probable kind, also where the answer is not sure or "
        f"{refused}. In brackets: 95% intervals over {measured.subject.physical_items}."
    )
    content = [tag("p", text), table(("answer", *(model.name for model in models)), rows)]
    answered = " and ".join(f"{result.answered.value:.0%}" for result in measured.scores)
    return Section("answers", "Answers", f"{answered} of the photos get a kind", content)


def _share_text(share: Share) -> str:
    low, high = share.interval
    return f"{percent(share.value)} [{low:.0%}, {high:.0%}], {share.count:,} of {share.of:,}"


def f1_section(measured: Measured) -> Section:
    """Return the F1 of each kind as bars, and all scores as tables."""
    names = [model.name for model in measured.models]
    scored = [_scored_kinds(measured, result) for result in measured.scores]
    bars = {
        kind: [
            Bar(
                entry[i].f1,
                f"{entry[i].f1:.2f} [{format_interval(entry[i].f1_interval)}]",
                entry[i].f1_interval,
            )
            for entry in scored
        ]
        for i, kind in enumerate(measured.kinds)
    }
    caption = f"Lines and brackets: 95% intervals over {measured.subject.physical_items}."
    tables = [
        tag("div", tag("h3", name), score_table(_only_scored(measured, result), measured.subject))
        for name, result in zip(names, measured.scores, strict=True)
    ]
    all_scores = folded("All scores: precision, recall, F1", tag("div", tables, class_="pair wide"))
    content = [bar_chart(names, bars, caption), all_scores]
    values = [entry.f1 for entries in scored for entry in entries]
    line = f"from {min(values):.2f} to {max(values):.2f}"
    return Section("f1", "F1 per kind", line, content, OPEN if len(bars) <= FEW_KINDS else WIDE)


def _scored_kinds(measured: Measured, result: ModelScores) -> list[KindScore]:
    by_kind = {entry.kind: entry for entry in result.scores.per_kind}
    return [by_kind[kind] for kind in measured.kinds]


def _only_scored(measured: Measured, result: ModelScores) -> Scores:
    """Return the scores without the kinds that no photo shows."""
    return replace(result.scores, per_kind=tuple(_scored_kinds(measured, result)))


def calibration_section(measured: Measured) -> Section:
    """Return how often the most probable kind is right, by its probability."""
    tests = {
        model.name: result.calibration for model, result in zip(measured.models, measured.scores, strict=True)
    }
    errors = " and ".join(f"{test.error:.3f}" if test.count else "–" for test in tests.values())
    counts = " and ".join(f"{test.count:,}" for test in tests.values())
    text = (
        "How often the most probable kind is right, by its probability. The dots of a calibrated model are "
        "on the diagonal: of the photos with a probability of 0.9, nine in ten are right. "
        f"{DOTS} Something was found in {counts} of {photos(len(measured.photos))}."
    )
    figure = chart(charts.svg(charts.reliability_diagram(tests)), text)
    tables = tag("div", [calibration_table(name, test) for name, test in tests.items() if test.count])
    content = tag("div", figure, tables, class_="pair")
    return Section("calibration", "Calibration", f"expected calibration error {errors}", [content])


def others_section(measured: Measured) -> Section:
    """Return what becomes of photos of kinds that a model does not know: it should give them no kind."""
    content: list[Content | Iterable[Content]] = [
        tag(
            "p",
            "Photos of kinds that are not scored. Those that show none of a model's kinds should get none.",
        )
    ]
    totals = []
    for i, model in enumerate(measured.models):
        counts = verdicts_by_kind(measured.others, i)
        head = ("kind", "photos", "get a kind", "not sure", verdict_text(model, NOT_A_KEY), NOTHING_FOUND)
        rows = [_verdict_row(kind, count) for kind, count in counts.items()]
        content.append(tag("div", tag("h3", model.name), table(head, rows)))
        totals.append(sum(count[ANSWERED] for count in counts.values()))
    answered = [
        photo for photo in measured.others if any(answer.verdict == ANSWERED for answer in photo.answers)
    ]
    if answered:
        content.append(folded("Those that get a kind", gallery_of(answered), printed=False))
    given = " and ".join(f"{total:,}" for total in totals)
    line = f"{given} of {photos(len(measured.others))} get a kind"
    return Section("others", "Other kinds", line, content)


def _verdict_row(kind: str, counts: Counter[str]) -> tuple[Content, ...]:
    verdicts = (counts[verdict] for verdict in (ANSWERED, NOT_SURE, NOT_A_KEY, NOTHING_FOUND))
    return (kind, counts.total(), *verdicts)


def photos_section(measured: Measured) -> Section:
    """Return the numbers of photos and keys of each kind, and what could not be read."""
    rows: list[Sequence[Content]] = []
    for kind in measured.kinds:
        groups = [photo.sample.group for photo in measured.photos if photo.sample.kind == kind]
        rows.append((kind, len(groups), len(set(groups))))
    content: list[Content | Iterable[Content]] = [table(("kind", "photos", measured.subject.items), rows)]
    if measured.read_errors:
        errors = [(error.name, error.reason) for error in measured.read_errors]
        content += [tag("h3", "Unreadable photos"), table(("photo", "reason"), errors)]
    line = f"{photos(len(measured.photos))} of {measured.subject.counted(measured.keys)}"
    return Section("data", "Photos", line, content)
