"""Numbers per kind -> bar charts in HTML: legible on a phone, for any number of kinds and any script.

In:    counts or scores of each kind
Out:   HTML, with the value beside each bar
Needs: nothing beyond Python
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keykind.core.html import Html, tag
from keykind.evaluate.wording import shorten

SERIES = 2  # colours that a legend can have


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar."""

    share: float  # of the longest possible, 0..1
    value: str  # as text
    interval: tuple[float, float] | None = None  # like `share`


def bar_chart(series: Sequence[str], rows: Mapping[str, Sequence[Bar]], caption: str) -> Html:
    """Return one group of bars for each row, one bar for each of the series.

    Raises ValueError for more than SERIES series.
    """
    if len(series) > SERIES:
        raise ValueError(f"{len(series)} series of bars, at most {SERIES} can be told apart")
    legend = tag(
        "p", [tag("span", name, class_=f"swatch bar{i}") for i, name in enumerate(series)], class_="legend"
    )
    groups = [
        tag("div", tag("div", shorten(name), class_="name", title=name), tag("div", _bars(bars, series)))
        for name, bars in rows.items()
    ]
    chart = tag("div", groups, class_="bars many" if len(rows) > len(series) * 10 else "bars")
    return tag("figure", legend if len(series) > 1 else None, chart, tag("figcaption", caption))


def _bars(bars: Sequence[Bar], series: Sequence[str]) -> Iterable[Html]:
    for i, (bar, name) in enumerate(zip(bars, series, strict=True)):
        whisker = None
        if bar.interval:
            low, high = bar.interval
            whisker = tag("i", style=f"left:{low:.2%};width:{max(high - low, 0):.2%}")
        filled = tag("b", class_=f"bar{i}", style=f"width:{bar.share:.2%}")
        track = tag("span", filled, whisker, class_="track")
        yield tag("div", track, tag("span", bar.value, class_="value"), class_="bar", title=name)
