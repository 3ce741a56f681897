"""A finished run -> report page, and each of its figures as a file.

In:    ReportData: dataset, training curves, scores, predictions, the network for Grad-CAM
Out:   report.html (one file, no network), figures/*.png
Needs: keras, tensorflow, matplotlib, scikit-learn, scipy                                  [train]
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from keykind.core.html import Content, Html, page, table, tag
from keykind.dataset.name_groups import BY_NAMES, FLAG
from keykind.evaluate.report.confusion import confusion_section
from keykind.evaluate.report.data import FigureWriter, ReportData, Section, contents, folded, resource
from keykind.evaluate.report.data_section import data_section, input_section
from keykind.evaluate.report.grad_cam import grad_cam_section
from keykind.evaluate.report.photo_cards import cards_section
from keykind.evaluate.report.scores_section import calibration_section, f1_section, rejection_section
from keykind.evaluate.report.training_section import hyperparameter_section, model_section, training_section
from keykind.evaluate.suggestions import suggest
from keykind.evaluate.wording import KEYS, KEYS_DETECTED, correct_count, format_interval, photos

MAX_WARNINGS = 5  # of the dataset that are not folded


def write_report(data: ReportData, figures_folder: Path) -> str:
    """Write the figures and return the page, which embeds them.

    Raises CannotWrite for a full disk, BadPhoto if a photo has been removed meanwhile.
    """
    sections = list(_sections(data, FigureWriter(figures_folder)))
    plain = data.scores["plain"]
    title = f"Weighted F1 {plain.weighted_f1:.2f} on {photos(len(data.plain), 'test')}"
    return page(
        title,
        tag("p", data.notice, class_="warning") if data.notice else None,
        tag("h1", f"{data.subject.title}: report of the run"),
        contents(sections),
        tag("div", _summary(data), [section.html() for section in sections], class_="content"),
        style=resource("report.css"),
        script=resource("report.js"),
    )


def _sections(data: ReportData, figures: FigureWriter) -> Iterator[Section]:
    yield confusion_section(data, figures)
    yield cards_section(data, figures)
    yield f1_section(data, figures)
    yield grad_cam_section(data, figures)
    yield data_section(data, figures)
    yield input_section(data, figures)
    yield training_section(data, figures)
    yield calibration_section(data, figures)
    if data.ood:
        yield rejection_section(data)
    yield hyperparameter_section(data)
    yield model_section(data)
    yield _run_section(data)


def _summary(data: ReportData) -> Iterable[Content]:
    result = tag("div", _result(data), class_="answer")
    advice = [
        tag("li", line) for line in suggest(data.dataset, data.scores["plain"], data.plain, data.subject)
    ]
    aside = tag("div", tag("h2", "What to photograph next"), tag("ul", advice))
    yield tag("div", result, aside, class_="pair first", id="result")
    yield _origin_line(data)
    warnings = [_warning(sentence) for sentence in data.dataset.warnings]
    if warnings:
        yield tag("h2", "Dataset warnings")
        yield tag("ul", warnings[:MAX_WARNINGS])
    if len(warnings) > MAX_WARNINGS:
        yield folded(f"{len(warnings) - MAX_WARNINGS} more warnings", tag("ul", warnings[MAX_WARNINGS:]))


def _warning(sentence: str) -> Html:
    """Return a warning as an item of a list; the option that it proposes can be copied."""
    text, flag, value = sentence.partition(FLAG)
    return tag("li", text, tag("code", flag, value) if flag else None)


def _result(data: ReportData) -> Iterable[Content]:
    plain, edge = data.scores["plain"], data.scores.get("edge")
    groups = data.subject.counted(sum(kind.keys for kind in plain.per_kind))
    commonest = max(plain.per_kind, key=lambda kind: kind.support)
    confusions = [
        f"{count} of {plain.support(true)} {true} predicted as {predicted}"
        for true, predicted, count in plain.confusions()[:3]
    ]
    yield tag(
        "div",
        f"Weighted F1 {plain.weighted_f1:.2f} ",
        tag("span", f"[{format_interval(plain.intervals['weighted_f1'])}]"),
        class_="big",
    )
    yield tag(
        "p",
        f"on {photos(len(data.plain), 'test')} of {groups}. {correct_count(plain)} predictions are correct; "
        f"always predicting {commonest.kind} would give {commonest.support}. "
        f"Macro F1 {plain.macro_f1:.2f} [{format_interval(plain.intervals['macro_f1'])}]. ",
        f"On their edge views the weighted F1 is {edge.weighted_f1:.2f}." if edge else None,
    )
    if any(warning.startswith(BY_NAMES) for warning in data.dataset.warnings):
        caveat = "by their names, several photos show one object; see the warnings below."
        yield tag("p", tag("strong", "Perhaps too high: "), caveat)
    yield tag("p", tag("strong", "Confused: "), "; ".join(confusions) + "." if confusions else "nothing.")


def _origin_line(data: ReportData) -> Html:
    origin = data.provenance
    links = [part for name in origin.files for part in (" · ", tag("a", name, href=name))]
    return tag(
        "p",
        f"{origin.written:%Y-%m-%d %H:%M} · keykind {data.details['keykind']} · recipe {data.recipe.name}",
        links,
        class_="soft origin",
    )


def _run_section(data: ReportData) -> Section:
    origin = data.provenance
    rows: list[Sequence[Content]] = [
        ("date", f"{origin.written:%Y-%m-%d %H:%M:%S %Z}"),
        ("command", tag("code", origin.command)),
        ("in the folder", str(origin.folder)),
        ("data", origin.photos),
    ]
    if origin.test:
        rows.append(("test data", origin.test))
    of_keys = data.subject is KEYS
    rows += [(name, value) for name, value in data.details.items() if of_keys or name != KEYS_DETECTED]
    links = [part for name in origin.files for part in (tag("a", name, href=name), " ")]
    content = [table(("", ""), rows), tag("p", "Files beside this page: ", links)]
    return Section("run", "Run", "date, command, data, files", content)
