"""Numbers of a run -> charts.

In:    counts, curves, scores
Out:   matplotlib figures; as SVG that takes the page's ink, and as PNG
Needs: matplotlib                                                                          [train]
"""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw, ImageFont

from keykind.core.html import Tile
from keykind.evaluate.metrics import Interval, Scores
from keykind.evaluate.thumbnails import SIDE

INK = "#010203"  # stands for the page's text colour; no other part of a chart uses it
BLUE, ORANGE = "#0173b2", "#de8f05"  # told apart by the colour-blind, and on white and black
COLUMNS = 8  # tiles in a row of a sheet
MOST_KINDS = 24  # of which a chart can show names and numbers one can read
CAPTION = 30  # height of the two lines of text below a tile, px
LINE = 30  # signs in a line below a tile
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "keykind",  # the same chart is the same file
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.constrained_layout.use": True,
    "text.parse_math": False,  # a kind may have dollar signs in its name
}
Curves = Mapping[str, Sequence[float]]
P = ParamSpec("P")


def svg(figure: Figure) -> str:
    """Return the chart as inline SVG: no ground of its own, ink as the page's text, light or dark."""
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :].replace(INK, "currentColor")


def png(figure: Figure) -> bytes:
    """Return the chart as PNG on white, 150 dots an inch."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=150, facecolor="white")
    return buffer.getvalue()


def sheet(tiles: Sequence[Tile]) -> bytes:
    """Return the tiles with their captions on one white PNG, COLUMNS in a row."""
    font = ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 10)
    width, height = SIDE + 8, SIDE + 8 + CAPTION
    paper = Image.new("RGB", (COLUMNS * width, math.ceil(len(tiles) / COLUMNS) * height), "white")
    pen = ImageDraw.Draw(paper)
    for place, tile in enumerate(tiles):
        left, top = place % COLUMNS * width + 4, place // COLUMNS * height + 4
        with Image.open(io.BytesIO(tile.picture)) as picture:
            paper.paste(picture, (left, top))
        words = f"{tile.caption[:LINE]}\n{tile.caption[LINE : 2 * LINE]}"
        pen.multiline_text((left, top + SIDE + 2), words, fill="black", font=font)
    buffer = io.BytesIO()
    paper.save(buffer, "PNG")
    return buffer.getvalue()


def _styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in STYLE: matplotlib settles the colour of a text when the text is made, not when it is saved."""

    @wraps(draw)
    def styled(*arguments: P.args, **named: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*arguments, **named)

    return styled


def _axes(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height))
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


@_styled
def class_counts(counts: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw how many photos each kind has: all, to train, to test."""
    figure, (axes,) = _axes(7, 0.8 + 0.55 * len(counts))
    place = np.arange(len(counts))
    parts = {
        "train": ([number["train"] for number in counts.values()], BLUE),
        "test": ([number["test"] for number in counts.values()], ORANGE),
    }
    start = np.zeros(len(counts))
    for name, (numbers, colour) in parts.items():
        bars = axes.barh(place, numbers, left=start, color=colour, label=name, height=0.6)
        axes.bar_label(
            bars, [str(number) if number else "" for number in numbers], label_type="center", color="white"
        )
        start = start + np.asarray(numbers)
    for y, total in enumerate(start):
        axes.text(total, y, f" {total:.0f}", va="center")
    axes.set_yticks(place, list(counts))
    axes.invert_yaxis()
    axes.set_xlabel("photos")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return figure


@_styled
def curves(histories: Sequence[Curves]) -> Figure:
    """Draw loss and accuracy an epoch: the mean over folds, and the band from lowest to highest fold."""
    figure, axes = _axes(8, 3.2, columns=2)
    for panel, measure in zip(axes, ("loss", "accuracy"), strict=True):
        for curve, colour, label in ((measure, BLUE, "training"), (f"val_{measure}", ORANGE, "validation")):
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
        panel.set_title(measure)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].legend(frameon=False)
    return figure


@_styled
def confusion(scores: Scores, title: str) -> Figure:
    """Draw the confusion matrix: rows are the true kind, columns the answer; shade: share of row."""
    count = len(scores.kinds)
    side = 1.6 + 0.75 * min(count, MOST_KINDS)
    figure, (axes,) = _axes(side, side)
    shares = scores.confusion / np.maximum(scores.confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(np.ones_like(shares), cmap="gray", vmin=0, vmax=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if count <= MOST_KINDS:
        for (row, column), number in np.ndenumerate(scores.confusion):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(number), ha="center", va="center", color=colour)
    shown = range(0, count, math.ceil(count / MOST_KINDS))
    names = [scores.kinds[place] for place in shown]
    axes.set_xticks(shown, names, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(shown, names)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    axes.set_title(title)
    return figure


@_styled
def f1_bars(tests: Mapping[str, Scores]) -> Figure:
    """Draw F1 for each kind with its interval, the views side by side."""
    kinds = next(iter(tests.values())).kinds
    figure, (axes,) = _axes(7, 0.9 + 0.6 * len(kinds))
    height = 0.8 / len(tests)
    for index, ((view, scores), colour) in enumerate(zip(tests.items(), (BLUE, ORANGE), strict=False)):
        place = np.arange(len(kinds)) + (index - (len(tests) - 1) / 2) * height
        values = [kind.f1 for kind in scores.per_kind]
        axes.barh(place, values, height=height * 0.9, color=colour, label=view)
        _whiskers(axes, place, values, [kind.f1_interval for kind in scores.per_kind])
    axes.set_yticks(range(len(kinds)), kinds)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("F1; whiskers: 95% interval over physical keys")
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return figure


@_styled
def reliability(tests: Mapping[str, Scores]) -> Figure:
    """Draw how often answers of a confidence are right; on the diagonal, as often as they say."""
    figure, (axes,) = _axes(4.2, 4.2)
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls="--")
    for (name, scores), colour in zip(tests.items(), (BLUE, ORANGE), strict=False):
        sizes = [20 + 180 * part.count / scores.confusion.sum() for part in scores.bins]
        points = [part.confidence for part in scores.bins], [part.accuracy for part in scores.bins]
        axes.plot(*points, color=colour, lw=1)
        axes.scatter(*points, s=sizes, color=colour, label=f"{name}: ECE {scores.ece:.3f}")
    axes.set(
        xlim=(0, 1.02), ylim=(-0.02, 1.05), xlabel="probability of the answer", ylabel="share that is right"
    )
    axes.legend(frameon=False, loc="lower right", markerscale=0.6)
    return figure


def _whiskers(axes: Axes, place: np.ndarray, values: Sequence[float], intervals: Sequence[Interval]) -> None:
    low = [max(value - bounds[0], 0) for value, bounds in zip(values, intervals, strict=True)]
    high = [max(bounds[1] - value, 0) for value, bounds in zip(values, intervals, strict=True)]
    axes.errorbar(values, place, xerr=[low, high], fmt="none", ecolor=INK, elinewidth=1, capsize=2)
