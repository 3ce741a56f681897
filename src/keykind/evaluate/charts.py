"""Metrics of a run -> charts.

In:    counts, training curves, scores
Out:   matplotlib figures; as SVG in the page's text colour, and as PNG
Needs: matplotlib, scikit-learn, scipy                                                     [train]
"""

import io
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw, ImageFont

from keykind.core.html import Tile
from keykind.evaluate.intervals import Interval
from keykind.evaluate.metrics import Calibration, Scores
from keykind.evaluate.thumbnails import SIDE
from keykind.evaluate.wording import percent, shorten

INK = "#010203"  # placeholder for the page's text colour; used for nothing else in a chart
BLUE, ORANGE = "#0173b2", "#de8f05"  # distinguishable by colour-blind readers, on white and on black
COLUMNS = 8  # tiles in a row of a contact sheet
MAX_KINDS = 24  # kinds that a chart can label legibly
ROW = 0.6  # height of a kind's bars, inches
MAX_HEIGHT = 30.0  # of a chart, inches
METRICS = ("loss", "accuracy")  # with a curve each
CAPTION = 30  # height of the two lines of text below a tile, px
LINE = 30  # characters in a line below a tile
OTHER_SCRIPTS = (
    *(
        "Noto Sans CJK JP",
        "Noto Sans CJK SC",
        "Hiragino Sans",
        "Yu Gothic",
        "Microsoft YaHei",
        "Malgun Gothic",
    ),
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Arial Unicode MS"),
)  # fonts for names that DejaVu Sans lacks characters of, in order of preference
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "keykind",  # the same chart gives the same bytes
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.constrained_layout.use": True,
    "text.parse_math": False,  # the name of a kind may contain dollar signs
}
Curves = Mapping[str, Sequence[float]]
P = ParamSpec("P")


@contextmanager
def _style() -> Iterator[None]:
    """Apply STYLE, with fonts of other scripts; without them, boxes but no warnings."""
    installed = {font.name for font in fontManager.ttflist}
    families = ["DejaVu Sans", *(name for name in OTHER_SCRIPTS if name in installed)]
    with mpl.rc_context(STYLE | {"font.family": families}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        yield


def svg(figure: Figure) -> str:
    """Return the chart as inline SVG, transparent, drawn in the page's text colour, light or dark."""
    buffer = io.StringIO()
    with _style():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :].replace(INK, "currentColor")


def png(figure: Figure) -> bytes:
    """Return the chart as PNG on white, 150 dpi."""
    buffer = io.BytesIO()
    with _style():
        figure.savefig(buffer, format="png", dpi=150, facecolor="white")
    return buffer.getvalue()


def contact_sheet(tiles: Sequence[Tile]) -> bytes:
    """Return the tiles with their captions on one white PNG, COLUMNS in a row."""
    font = ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 10)
    width, height = SIDE + 8, SIDE + 8 + CAPTION
    sheet = Image.new("RGB", (COLUMNS * width, math.ceil(len(tiles) / COLUMNS) * height), "white")
    draw = ImageDraw.Draw(sheet)
    for i, tile in enumerate(tiles):
        left, top = i % COLUMNS * width + 4, i // COLUMNS * height + 4
        with Image.open(io.BytesIO(tile.picture)) as image:
            sheet.paste(image, (left, top))
        caption = f"{tile.caption[:LINE]}\n{tile.caption[LINE : 2 * LINE]}"
        draw.multiline_text((left, top + SIDE + 2), caption, fill="black", font=font)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Apply STYLE while drawing: matplotlib fixes the colour of text at creation, not when saving."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _style():
            return draw(*args, **kwargs)

    return styled


def _axes(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height))
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


@_styled
def class_counts(counts: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw the number of training and test photos of each kind, and the total."""
    figure, (axes,) = _axes(7, min(0.8 + ROW * len(counts), MAX_HEIGHT))
    y = np.arange(len(counts))
    parts = {
        "train": ([count["train"] for count in counts.values()], BLUE),
        "test": ([count["test"] for count in counts.values()], ORANGE),
    }
    start = np.zeros(len(counts))
    for name, (values, colour) in parts.items():
        bars = axes.barh(y, values, left=start, color=colour, label=name, height=0.6)
        axes.bar_label(
            bars, [str(value) if value else "" for value in values], label_type="center", color="white"
        )
        start = start + np.asarray(values)
    for i, total in enumerate(start):
        axes.text(total, i, f" {total:.0f}", va="center")
    axes.set_yticks(y, list(map(shorten, counts)))
    axes.invert_yaxis()
    axes.set_xlabel("photos")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return figure


@_styled
def training_curves(histories: Sequence[Curves], metrics: Sequence[str] = METRICS) -> Figure:
    """Draw loss and accuracy per epoch: mean over folds, and a band from the lowest to the highest.

    Each history has the curves of the training photos, and perhaps those of the validation photos.
    """
    figure, axes = _axes(4.2 * len(metrics), 3.0, columns=len(metrics))
    for panel, metric in zip(axes, metrics, strict=True):
        for curve, colour, label in ((metric, BLUE, "training"), (f"val_{metric}", ORANGE, "validation")):
            if curve not in histories[0]:
                continue
            longest = max(len(history[curve]) for history in histories)
            table = np.full((len(histories), longest), np.nan)
            for row, history in enumerate(histories):
                table[row, : len(history[curve])] = history[curve]
            epochs = np.arange(1, longest + 1)
            marker = "o" if longest == 1 else None
            panel.plot(epochs, np.nanmean(table, axis=0), color=colour, label=label, marker=marker)
            panel.fill_between(
                epochs, np.nanmin(table, axis=0), np.nanmax(table, axis=0), color=colour, alpha=0.2, lw=0
            )
        panel.set_xlabel("epoch")
        panel.set_title(metric)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].legend(frameon=False)
    return figure


@_styled
def confusion(scores: Scores, title: str) -> Figure:
    """Draw the confusion matrix: rows are true kinds, columns predictions; shaded by share of the row."""
    count = len(scores.kinds)
    side = 1.6 + 0.75 * min(count, MAX_KINDS)
    figure, (axes,) = _axes(side, side)
    shares = scores.confusion / np.maximum(scores.confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(np.ones_like(shares), cmap="gray", vmin=0, vmax=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if count <= MAX_KINDS:
        for (row, column), photos in np.ndenumerate(scores.confusion):
            colour = "white" if shares[row, column] > 0.5 else "black"
            text = f"{photos}\n{percent(shares[row, column])}" if photos else "0"
            axes.text(column, row, text, ha="center", va="center", color=colour)
    ticks = range(0, count, math.ceil(count / MAX_KINDS))
    names = [shorten(scores.kinds[i]) for i in ticks]
    axes.set_xticks(ticks, names, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, names)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title)
    return figure


@_styled
def f1_bars(tests: Mapping[str, Scores]) -> Figure:
    """Draw the F1 of each kind with its interval; tests: view -> scores, side by side."""
    kinds = next(iter(tests.values())).kinds
    figure, (axes,) = _axes(7, min(0.9 + ROW * len(kinds), MAX_HEIGHT))
    height = 0.8 / len(tests)
    for i, ((view, scores), colour) in enumerate(zip(tests.items(), (BLUE, ORANGE), strict=False)):
        y = np.arange(len(kinds)) + (i - (len(tests) - 1) / 2) * height
        values = [kind.f1 for kind in scores.per_kind]
        axes.barh(y, values, height=height * 0.9, color=colour, label=view)
        _whiskers(axes, y, values, [kind.f1_interval for kind in scores.per_kind])
        for position, kind in zip(y, scores.per_kind, strict=True):
            beyond = max(kind.f1, kind.f1_interval[1])
            axes.text(beyond + 0.01, position, f"{kind.f1:.2f}", va="center", size="small")
    axes.set_yticks(range(len(kinds)), map(shorten, kinds))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.09)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_xlabel("F1; whiskers: 95% interval over physical keys")
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return figure


@_styled
def reliability_diagram(tests: Mapping[str, Calibration]) -> Figure:
    """Draw accuracy against confidence; a calibrated model is on the diagonal.

    tests: at most two, by name; of those without predictions nothing is drawn.
    """
    figure, (axes,) = _axes(4.2, 4.2)
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls="--")
    for (name, test), colour in zip(tests.items(), (BLUE, ORANGE), strict=False):
        if not test.count:
            continue
        sizes = [20 + 180 * entry.count / test.count for entry in test.bins]
        points = [entry.confidence for entry in test.bins], [entry.accuracy for entry in test.bins]
        axes.plot(*points, color=colour, lw=1)
        axes.scatter(*points, s=sizes, color=colour, label=f"ECE {test.error:.3f}: {shorten(name)}")
    axes.set(xlim=(0, 1.02), ylim=(-0.02, 1.05), xlabel="confidence", ylabel="accuracy")
    axes.legend(frameon=False, loc="lower right", markerscale=0.6)
    return figure


def _whiskers(axes: Axes, y: np.ndarray, values: Sequence[float], intervals: Sequence[Interval]) -> None:
    low = [max(value - bounds[0], 0) for value, bounds in zip(values, intervals, strict=True)]
    high = [max(bounds[1] - value, 0) for value, bounds in zip(values, intervals, strict=True)]
    axes.errorbar(values, y, xerr=[low, high], fmt="none", ecolor=INK, elinewidth=1, capsize=2)
