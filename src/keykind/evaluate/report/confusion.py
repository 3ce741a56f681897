"""Scores -> the confusion matrix as a table whose cells choose the photos shown below it.

In:    Scores of one view or model; ReportData
Out:   HTML; Section
Needs: matplotlib, scikit-learn, scipy                                                     [train]
"""

from collections.abc import Iterable
from dataclasses import dataclass

from keykind.core.html import Content, Html, chart, tag
from keykind.evaluate import charts
from keykind.evaluate.metrics import Scores
from keykind.evaluate.report.data import OPEN, FigureWriter, ReportData, Section
from keykind.evaluate.wording import correct_count, percent, photos, shorten

LEVELS = 5  # shades of a cell, by its share of the row
MANY_KINDS = 10  # from here on cells are smaller and the names of columns are turned
LEGIBLE_KINDS = 24  # above it a picture gives the overview, and stands for the table on paper
MAX_KINDS = 200  # above it the table would be too large: there are the picture and the frequent confusions
FREQUENT = 12  # confusions that have a button of their own beside a large matrix
LONG_NAME = 12  # characters of a name that is turned, too


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A confusion matrix on a page."""

    scores: Scores
    view: str  # of the photos, or the number of the model; in the ids of cells
    where: str  # the same in words, e.g. "in the plain view"
    no_answer: str | None = None  # the last of the kinds, if it stands for predictions of no kind
    without_photos: bool = True  # whether kinds without photos have a row

    @property
    def rows(self) -> list[int]:
        """Return the kinds that have a row."""
        totals = self.scores.confusion.sum(axis=1).tolist()
        return [i for i, total in enumerate(totals) if total or self.without_photos]

    def confusion(self, true: int, predicted: int) -> str:
        """Return what a cell counts, in words."""
        kinds = self.scores.kinds
        if kinds[predicted] == self.no_answer:
            return f"{shorten(kinds[true])}, {self.no_answer}"
        return f"{shorten(kinds[true])} predicted as {shorten(kinds[predicted])}"


def cell_id(view: str, true: int, predicted: int) -> str:
    """Return the name of a cell of a view's matrix, by which photos are chosen."""
    return f"{view}-{true}-{predicted}"


def confusion_section(data: ReportData, figures: FigureWriter) -> Section:
    """Return the matrix of each view."""
    plain = data.scores["plain"]
    wrong = len(data.plain) - correct_count(plain)
    content: list[Content | Iterable[Content]] = [
        tag(
            "p",
            "Rows are true kinds, columns predictions; percentages are of the row. ",
            tag("span", "Choose a number to see its photos below.", class_="scripted"),
        ),
        tag(
            "div",
            [_matrix(figures, view, scores) for view, scores in data.scores.items()],
            class_="pair" if len(plain.kinds) < MANY_KINDS else "pair wide",
        ),
    ]
    line = f"{wrong:,} of {photos(len(data.plain), 'test')} predicted as another kind"
    return Section("confusion", "Confusion matrix", line, content, OPEN)


def _matrix(figures: FigureWriter, view: str, scores: Scores) -> Html:
    drawing = charts.confusion(scores, f"{view} photos")
    figures.save(f"confusion-{view}", drawing)
    total = int(scores.confusion.sum())
    right = f"{correct_count(scores):,} of {total:,} are right"
    caption = f"Test photos, {view} view: {right}, weighted F1 {scores.weighted_f1:.3f}."
    figure = matrix_figure(Matrix(scores, view, f"in the {view} view"), caption)
    if len(scores.kinds) <= LEGIBLE_KINDS:
        return figure
    return tag("div", tag("div", chart(charts.svg(drawing), ""), class_="overview"), figure)


def matrix_figure(matrix: Matrix, caption: str) -> Html:
    """Return the matrix with its caption; one of many kinds with its frequent confusions."""
    count = len(matrix.scores.kinds)
    frequent = _frequent(matrix) if count >= MANY_KINDS else None
    return tag(
        "figure", tag("figcaption", caption), frequent, matrix_table(matrix) if count <= MAX_KINDS else None
    )


def _frequent(matrix: Matrix) -> Html:
    """Return buttons of the most frequent confusions, which are hard to find in a large matrix."""
    scores = matrix.scores
    index = {kind: i for i, kind in enumerate(scores.kinds)}
    buttons = [
        _button(matrix, index[true], index[predicted], f"{shorten(true)} → {shorten(predicted)}: ")
        for true, predicted, _ in scores.confusions()[:FREQUENT]
    ]
    return tag("div", buttons, class_="frequent")


def matrix_table(matrix: Matrix) -> Html:
    """Return the matrix as a table; each number is a button that names its cell."""
    scores = matrix.scores
    kinds = scores.kinds
    turned = len(kinds) >= MANY_KINDS or any(len(kind) > LONG_NAME for kind in kinds)
    size = "many" if len(kinds) > LEGIBLE_KINDS else "some" if len(kinds) >= MANY_KINDS else "few"
    head = tag(
        "tr",
        tag("th", "true ↓ predicted →", class_="soft"),
        [tag("th", tag("span", shorten(kind)), scope="col", title=kind) for kind in kinds],
        tag("th", tag("span", "photos"), class_="soft"),
    )
    rows = [_row(matrix, i) for i in matrix.rows]
    sums = [tag("td", f"{count:,}", class_="soft") for count in scores.confusion.sum(axis=0).tolist()]
    foot = tag(
        "tr",
        tag("th", "photos", class_="soft"),
        sums,
        tag("td", f"{scores.confusion.sum():,}", class_="soft"),
    )
    table = tag(
        "table",
        tag("thead", head),
        tag("tbody", rows),
        tag("tfoot", foot),
        class_=f"matrix {size}{' turned' if turned else ''}",
    )
    return tag("div", table, class_="scroll tall", tabindex="0")


def _row(matrix: Matrix, true: int) -> Html:
    kind, counts = matrix.scores.kinds[true], matrix.scores.confusion[true].tolist()
    total = sum(counts)
    cells = [_cell(matrix, true, predicted, count, total) for predicted, count in enumerate(counts)]
    name = tag("th", tag("span", shorten(kind)), scope="row", title=kind)
    return tag("tr", name, cells, tag("td", f"{total:,}", class_="soft"))


def _cell(matrix: Matrix, true: int, predicted: int, count: int, total: int) -> Html:
    if not count:
        return tag("td")
    share = count / total
    level = min(int(share * LEVELS), LEVELS - 1)
    button = _button(matrix, true, predicted)
    return tag("td", button, class_=f"{'right' if true == predicted else 'wrong'} level{level}")


def _button(matrix: Matrix, true: int, predicted: int, title: str = "") -> Html:
    """Return the number and share of a cell; choosing it shows its photos."""
    confusion = matrix.scores.confusion
    count, total = int(confusion[true, predicted]), int(confusion[true].sum())
    return tag(
        "button",
        title or None,
        tag("span", f"{count:,}"),
        " ",
        tag("small", percent(count / total)),
        type="button",
        title=f"{matrix.confusion(true, predicted)} {matrix.where}: {count:,} of {total:,}",
        **{"aria-pressed": "false", "data-cell": cell_id(matrix.view, true, predicted)},
    )
