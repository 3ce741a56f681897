"""A measured evaluation -> its report page.

In:    Measured
Out:   report.html: one file, no network; two models beside each other, with their difference
Needs: matplotlib, scikit-learn, scipy                                                [evaluate]
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from keykind import __version__
from keykind.core.command import command_line
from keykind.core.html import Content, Html, page, table, tag
from keykind.evaluate.model_files.answers import NOTHING_FOUND
from keykind.evaluate.model_files.cards import cards_section
from keykind.evaluate.model_files.measured import Measured
from keykind.evaluate.model_files.sections import (
    answers_section,
    calibration_section,
    confusion_section,
    f1_section,
    others_section,
    photos_section,
)
from keykind.evaluate.report.data import Section, contents, folded, resource
from keykind.evaluate.wording import correct_count, format_interval, photos

MAX_NOTES = 6  # that are not folded


def evaluation_page(measured: Measured, inputs: Sequence[Path], files: Sequence[str]) -> str:
    """Return the page. files: beside it, to link to."""
    sections = list(_sections(measured, inputs, files))
    names = " and ".join(model.name for model in measured.models)
    where = inputs[-1].resolve().name
    return page(
        f"{names} on {where}",
        [tag("p", sentence, class_="warning") for sentence in measured.warnings()],
        tag("h1", f"{names}: evaluation on {where}"),
        contents(sections),
        tag("div", _summary(measured, files), [section.html() for section in sections], class_="content"),
        style=resource("report.css"),
        script=resource("report.js"),
    )


def _sections(measured: Measured, inputs: Sequence[Path], files: Sequence[str]) -> Iterator[Section]:
    yield confusion_section(measured)
    yield cards_section(measured)
    yield answers_section(measured)
    yield f1_section(measured)
    if any(result.calibration.count for result in measured.scores):
        yield calibration_section(measured)
    if measured.others:
        yield others_section(measured)
    yield photos_section(measured)
    yield _run_section(measured, inputs, files)


def _summary(measured: Measured, files: Sequence[str]) -> Iterator[Html]:
    panels = [tag("div", *_result(measured, i), class_="answer") for i in range(len(measured.models))]
    yield tag("div", panels, class_="pair first", id="result")
    yield from _difference(measured)
    links = [part for name in files for part in (" · ", tag("a", name, href=name))]
    yield tag(
        "p",
        f"{datetime.now().astimezone():%Y-%m-%d %H:%M} · keykind {__version__}",
        links,
        class_="soft origin",
    )
    notes = [tag("li", sentence) for sentence in measured.notes()]
    if notes:
        yield tag("h2", "Which photos are measured")
        yield tag("ul", notes[:MAX_NOTES])
    if len(notes) > MAX_NOTES:
        yield folded(f"{len(notes) - MAX_NOTES} more notes", tag("ul", notes[MAX_NOTES:]))


def _result(measured: Measured, index: int) -> Iterator[Content | Iterable[Content]]:
    model, result = measured.models[index], measured.scores[index]
    scores, subject = result.scores, measured.subject
    if len(measured.models) > 1:
        yield tag("div", tag("strong", model.name))
    interval = format_interval(scores.intervals["weighted_f1"])
    yield tag("div", f"Weighted F1 {scores.weighted_f1:.2f} ", tag("span", f"[{interval}]"), class_="big")
    yield tag(
        "p",
        f"on {photos(len(measured.photos))} of {subject.counted(measured.keys)}: of the most probable kinds, "
        f"{correct_count(scores):,} are correct, accuracy {scores.accuracy:.2f} "
        f"[{format_interval(scores.intervals['accuracy'])}]. Macro F1 {scores.macro_f1:.2f} "
        f"[{format_interval(scores.intervals['macro_f1'])}].",
    )
    yield tag(
        "p",
        tag("strong", "In the answers of keykind predict, "),
        f"{result.answered.value:.0%} of the photos get a kind, and {result.correct.value:.0%} of these the "
        "right one.",
    )
    confused = [
        f"{count} of {scores.support(true)} {true} "
        + (f"with {predicted}" if predicted == NOTHING_FOUND else f"predicted as {predicted}")
        for true, predicted, count in scores.confusions()[:3]
    ]
    yield tag("p", tag("strong", "Wrong: "), f"{'; '.join(confused)}." if confused else "nothing.")


def _difference(measured: Measured) -> Iterator[Html]:
    paired = measured.difference
    if paired is None:
        return
    before, after = (model.name for model in measured.models)
    accuracy = paired.after_accuracy - paired.before_accuracy
    low, high = paired.interval
    if paired.is_clear:
        better, worse = (after, before) if low > 0 else (before, after)
        verdict = f"{better} is better than {worse}: the interval excludes 0."
    else:
        verdict = "The interval contains 0: these photos do not show which of them is better."
    yield tag(
        "div",
        tag(
            "div",
            f"Difference {paired.difference:+.2f} ",
            tag("span", f"[{low:+.2f}, {high:+.2f}]"),
            class_="big",
        ),
        tag(
            "p",
            f"of weighted F1, {after} minus {before}, photo by photo; of accuracy {accuracy:+.2f} "
            f"[{paired.accuracy_interval[0]:+.2f}, {paired.accuracy_interval[1]:+.2f}]. {verdict}",
        ),
        tag(
            "p",
            f"{photos(len(paired.improved))} got better, {len(paired.worsened):,} worse; ",
            tag("a", "see them below", href="#wrong"),
            ".",
        ),
        class_="answer",
    )


def _run_section(measured: Measured, inputs: Sequence[Path], files: Sequence[str]) -> Section:
    rows: list[Sequence[Content]] = [
        ("date", f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}"),
        ("command", tag("code", command_line() or "called from Python")),
        ("in the folder", str(Path.cwd())),
        ("photos", ", ".join(str(path.absolute()) for path in inputs)),
        ("keykind", __version__),
    ]
    for model in measured.models:
        card, recogniser = model.recogniser.model.card, model.recogniser
        crop = "detected keys" if recogniser.detector else "whole photos"
        text = f"{model.path.absolute()}; {crop}, {card.precision}; kinds: {', '.join(card.kinds)}"
        rows.append((f"model {model.name}", text))
    links = [part for name in files for part in (tag("a", name, href=name), " ")]
    content = [table(("", ""), rows), tag("p", "Files beside this page: ", links)]
    return Section("run", "About this evaluation", "date, command, photos, models", content)
