"""What a report is made from, and what every section of it uses.

In:    the results of a run
Out:   ReportData; FigureWriter, which writes figures/*.png; section(), a part of the page that can be folded
Needs: matplotlib, scikit-learn, scipy                                                     [train]
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from keykind.core.files import write_bytes
from keykind.core.html import Content, Html, Tile, chart, tag
from keykind.dataset.samples import Dataset
from keykind.evaluate import charts
from keykind.evaluate.metrics import OODMetrics, Scores
from keykind.evaluate.report.layers import Layer
from keykind.evaluate.thumbnails import Explainer, PhotoPrediction
from keykind.evaluate.wording import KEYS, Subject
from keykind.train.features import Plan
from keykind.train.recipe import Recipe
from keykind.train.saliency import Saliency

if TYPE_CHECKING:  # it imports Keras, which reports of model files do without
    from keykind.train.head_training import TrainedHead

OPEN, WIDE, FOLDED = "open", "wide", "folded"  # sections: always open; on wide screens; never, to begin with
MANY_ROWS = 24  # rows of pictures from which on a section is folded on all screens


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a run comes from, so that it can be made again."""

    written: datetime  # with its time zone
    command: str  # as typed, or the call from Python
    folder: Path  # in which the command was given
    photos: str  # the data, as given
    test: str | None  # the test data, if given apart
    files: tuple[str, ...]  # in the run folder, to link to


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """Everything that the report of a finished run contains."""

    dataset: Dataset
    recipe: Recipe
    plan: Plan
    folds: Sequence["TrainedHead"]
    fine_tuning: Mapping[str, Sequence[float]] | None  # curves of partial fine-tuning
    full_fine_tuning: Sequence[Mapping[str, float]]  # its epochs: loss, accuracy
    renders: int  # rendered photos added in full fine-tuning
    best_fold: int
    scores: dict[str, Scores]  # of the test photos: "plain", "edge"
    calibrated: Scores  # of the judging view, with the temperature
    temperature: float
    ood: Mapping[str, OODMetrics]  # by set of photos without a key
    saliency: Saliency | None  # None without rendered labels
    predictions: Mapping[str, tuple[PhotoPrediction, ...]]  # of the test photos, by view like `scores`
    explainer: Explainer
    layers: tuple[Layer, ...]  # of the trained model
    provenance: Provenance
    details: dict[str, str]  # of the run: setting -> value
    notice: str  # first line of the page; empty for none
    subject: Subject = KEYS  # what the photos show

    @property
    def plain(self) -> tuple[PhotoPrediction, ...]:
        """The predictions on the plain test photos."""
        return self.predictions["plain"]


class FigureWriter:
    """Writes each figure of the page to the run's folder, numbered in the order of the page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def chart(self, name: str, figure: Figure, caption: str) -> Html:
        """Write the chart as PNG and return it as HTML."""
        self.save(name, figure)
        return chart(charts.svg(figure), caption)

    def save(self, name: str, figure: Figure) -> None:
        """Write a chart as PNG that the page shows in another form."""
        self._write(name, charts.png(figure))

    def save_tiles(self, name: str, tiles: Sequence[Tile]) -> None:
        """Write the tiles as one PNG, if there are any."""
        if tiles:
            self._write(name, charts.contact_sheet(tiles))

    def _write(self, name: str, data: bytes) -> None:
        self._count += 1
        write_bytes(self._folder / f"{self._count:02}-{name}.png", data)


def gallery_state(data: ReportData) -> str:
    """Return how a section with a row of pictures for each kind begins: folded if there are many."""
    return WIDE if len(data.dataset.kinds) <= MANY_ROWS else FOLDED


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page. On a phone most are folded, with one line that says what is inside."""

    id: str
    title: str
    line: str  # what a reader learns without unfolding it
    content: Sequence[Content | Iterable[Content]]
    state: str = WIDE
    printed: bool = True

    def html(self) -> Html:
        """Return the section as HTML."""
        heading = tag("h2", self.title), tag("span", self.line, class_="soft")
        body = tag("div", *self.content, class_="body")
        attributes = {"open": ""} if self.state == OPEN else {"data-state": self.state}
        folding = tag("details", tag("summary", *heading), body, **attributes)
        return tag("section", folding, id=self.id, **({} if self.printed else {"class": "unprinted"}))


def folded(title: str, *content: Content | Iterable[Content], printed: bool = True) -> Html:
    """Return a part of a section that is folded on all screens; paper shows it if `printed`."""
    attributes = {} if printed else {"class": "unprinted"}
    return tag("details", tag("summary", title), *content, **attributes)


def contents(sections: Sequence[Section]) -> Html:
    """Return the list of contents: links to the result and to each section."""
    links = [("result", "Result"), *((section.id, section.title) for section in sections)]
    items = [tag("li", tag("a", title, href=f"#{id_}")) for id_, title in links]
    folding = tag("details", tag("summary", "Contents"), tag("ol", items), **{"data-state": "wide"})
    return tag("nav", folding, **{"aria-label": "Contents"})


def resource(name: str) -> str:
    """Return the text of report.css or report.js."""
    return (resources.files(__package__) / name).read_text("utf-8")
