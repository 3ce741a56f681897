"""Predictions -> text or JSON lines, or a file.

In:    predictions, one after another, any number
Out:   text or JSON lines; a .csv, .jsonl or .parquet file, written atomically; a Tally of the verdicts
Needs: numpy, pillow, ai-edge-litert; pyarrow for .parquet, fsspec for addresses [scale]

COLUMNS defines the columns of both tables, CSV and Parquet.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from keykind.core.errors import CannotWrite, MissingExtra
from keykind.core.files import writing_to
from keykind.model.decision import BLADE_HIDDEN
from keykind.photo.storage import Location, parse_location, write_atomically
from keykind.predict.prediction import DIGITS, NOT_SURE, UNREADABLE, VERDICTS, Key, Prediction, rounded_down
from keykind.predict.wording import KEYS, Wording

CORNERS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")
MAX_HEADING = 65536  # characters of an existing table's heading that are read
ROW_GROUP = 10_000  # rows of a Parquet file that are in memory at once
MAX_ALTERNATIVES = 2  # kinds listed if the kind is not known
LEAST_ALTERNATIVE = 0.05  # probability of the second

Value = str | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: how a row's value is read, and its Parquet type.

    A row is a key of a photo, or a photo without one: then the key is None.
    """

    read: Callable[[Prediction, Key | None], Value]
    parquet_type: str = "float64"  # name of pyarrow's function that returns the type


def _probability(kind: str) -> Column:
    return Column(lambda _, key: round(key.probabilities[kind], DIGITS) if key else None)


def _corner(i: int) -> Column:
    return Column(lambda _, key: key.box[i // 2][i % 2] if key else None)


# Heading -> column, in the order of the table. A function makes one column per kind.
COLUMNS: dict[str, Column | Callable[[str], Column]] = {
    "photo": Column(lambda prediction, _: prediction.photo, "string"),
    "kind": Column(lambda _, key: key.kind if key else None, "string"),
    "reason": Column(lambda _, key: key.reason if key else None, "string"),
    "probability": Column(lambda _, key: round(key.probability, DIGITS) if key else None),
    "p({kind})": _probability,
    **{name: _corner(i) for i, name in enumerate(CORNERS)},
    "error": Column(lambda prediction, _: prediction.error, "string"),
    "damaged": Column(lambda prediction, _: prediction.damaged, "string"),
}


@dataclass(slots=True)
class Tally:
    """The number of photos per verdict."""

    counts: Counter[str] = field(default_factory=Counter)

    def counted(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """Yield the predictions, counting their verdicts."""
        for prediction in predictions:
            self.counts[prediction.verdict] += 1
            yield prediction

    def add(self, counts: Mapping[str, int]) -> None:
        """Add the counts of another tally, as its `as_json` returns them."""
        self.counts.update({verdict: counts[verdict] for verdict in VERDICTS})

    @property
    def unreadable(self) -> int:
        """Return how many photos could not be read."""
        return self.counts[UNREADABLE]

    def as_json(self) -> dict[str, int]:
        """Return the number of photos in total and per verdict."""
        return {"photos": self.counts.total()} | {verdict: self.counts[verdict] for verdict in VERDICTS}

    def __str__(self) -> str:
        return self.text(KEYS)

    def text(self, wording: Wording) -> str:
        """Return the counts in the words for a model."""
        counts = ", ".join(f"{self.counts[verdict]:,} {wording.verdict(verdict)}" for verdict in VERDICTS)
        total = self.counts.total()
        return f"{total:,} photo{'s' * (total != 1)}: {counts}"


def text_lines(predictions: Iterable[Prediction], kinds: Sequence[str], wording: Wording) -> Iterator[str]:
    """Yield a line per key, or per photo without one: answer, probability, photo.

    The photo's name comes last because its width is unknown.
    """
    width = max(map(len, (*kinds, *map(wording.verdict, VERDICTS))))
    for prediction in predictions:
        for key in prediction.keys or [None]:
            answer, probability, details = _describe(prediction, key, wording)
            if prediction.damaged:
                details = "; ".join(filter(None, (details, prediction.damaged)))
            line = f"{answer:<{width}}  {probability:4}  {prediction.photo}"
            yield f"{line}  {details}" if details else line


def json_lines(predictions: Iterable[Prediction]) -> Iterator[str]:
    """Yield a line of JSON per photo."""
    for prediction in predictions:
        yield json.dumps(prediction.as_json(), ensure_ascii=False, allow_nan=False)


def write(path: str | Location, predictions: Iterable[Prediction], kinds: Sequence[str]) -> None:
    """Write predictions to a .csv, .jsonl or .parquet file atomically; memory use is bounded.

    Raises CannotWrite for another extension or a full disk, MissingExtra if pyarrow is needed and missing.
    """
    path = parse_location(path) if isinstance(path, str) else path
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        fault = f"ends in '{path.suffix}', but predictions are written as {', '.join(WRITERS)}"
        remedy = "use one of these extensions, or none for a folder of files"
        raise CannotWrite(str(path), fault=fault, remedy=remedy)
    with write_atomically(path) as temporary:
        writer(temporary, predictions, kinds)


def check_replaceable(path: Location) -> None:
    """Raise CannotWrite if a path is that of a CSV table with other columns, e.g. a table of labels."""
    if not isinstance(path, Path) or path.suffix.lower() != ".csv" or not path.is_file():
        return
    with writing_to(path), path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        heading = stream.readline(MAX_HEADING)
    own = {"photo", "kind", "probability", "error", *CORNERS}  # of every version of keykind
    if heading and not own <= set(heading.strip().split(",")):
        fault = "exists, and is a table that keykind predict did not write"
        raise CannotWrite(path, fault=fault, remedy="give another name, or remove it first")


def columns(kinds: Sequence[str]) -> dict[str, Column]:
    """Return the columns of a table by heading, in order."""
    table: dict[str, Column] = {}
    for name, column in COLUMNS.items():
        if isinstance(column, Column):
            table[name] = column
        else:
            table |= {name.format(kind=kind): column(kind) for kind in kinds}
    return table


def rows(predictions: Iterable[Prediction], table: Mapping[str, Column]) -> Iterator[list[Value]]:
    """Yield a row per key; one row for a photo without a key, or that could not be read."""
    for prediction in predictions:
        for key in prediction.keys or [None]:
            yield [column.read(prediction, key) for column in table.values()]


def _describe(prediction: Prediction, key: Key | None, wording: Wording) -> tuple[str, str, str]:
    """Return the answer, its probability and details, as text."""
    if key is None:
        return wording.verdict(prediction.verdict), "", prediction.error or ""
    when = "" if key.seconds is None else f"{key.seconds[0]:.1f}-{key.seconds[1]:.1f} s"
    if key.kind is not None:
        return key.kind, rounded_down(key.probability), when
    first, *others = sorted(key.probabilities.items(), key=lambda item: -item[1])[:MAX_ALTERNATIVES]
    likely = [first, *(other for other in others if other[1] >= LEAST_ALTERNATIVE)]
    alternatives = " or ".join(f"{kind} {rounded_down(probability)}" for kind, probability in likely)
    reason = wording.reason(key.reason, key.probability)
    details = (when, reason, "" if key.reason == BLADE_HIDDEN else alternatives)
    return NOT_SURE, "", "; ".join(filter(None, details))


def _write_csv(path: Path, predictions: Iterable[Prediction], kinds: Sequence[str]) -> None:
    table = columns(kinds)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(table)
        writer.writerows(rows(predictions, table))


def _write_jsonl(path: Path, predictions: Iterable[Prediction], _: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in json_lines(predictions))


def _write_parquet(path: Path, predictions: Iterable[Prediction], kinds: Sequence[str]) -> None:
    try:
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtra("predictions as .parquet", extra="scale", missing="pyarrow") from error
    table = columns(kinds)
    types = {name: getattr(arrow, column.parquet_type)() for name, column in table.items()}
    schema = arrow.schema(list(types.items()))
    remaining = rows(predictions, table)
    with parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(remaining, ROW_GROUP)):
            values = [list(column) for column in zip(*group, strict=True)]
            writer.write_table(arrow.table(values, schema=schema))


WRITERS: dict[str, Callable[[Path, Iterable[Prediction], Sequence[str]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}  # by extension
