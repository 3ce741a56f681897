"""Predictions -> lines for people or programs, or a file of them.

In:    predictions, one after another, of any number
Out:   text or JSON lines; a .csv, .jsonl or .parquet file, whole or absent; a Tally of the verdicts
Needs: nothing beyond Python; pyarrow for .parquet, fsspec for addresses
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
from keykind.photo.storage import Address, whole_at
from keykind.predict.recogniser import DIGITS, NOT_SURE, UNREADABLE, VERDICTS, Key, Prediction

CORNERS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")
ROW_GROUP = 10_000  # rows of a Parquet file that are in memory at once
RIVALS = 2  # kinds that are named where the model is not sure

Row = list[str | float | None]


@dataclass(slots=True)
class Tally:
    """How many photos got which verdict, counted while they pass."""

    counts: Counter[str] = field(default_factory=Counter)

    def counted(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """Yield the predictions, counted."""
        for prediction in predictions:
            self.counts[prediction.verdict] += 1
            yield prediction

    def add(self, told: Mapping[str, int]) -> None:
        """Add what another tally told as JSON."""
        self.counts.update({verdict: told[verdict] for verdict in VERDICTS})

    @property
    def unreadable(self) -> int:
        """Return how many photos could not be read."""
        return self.counts[UNREADABLE]

    def as_json(self) -> dict[str, int]:
        """Return the counts by name."""
        return {"photos": self.counts.total()} | {verdict: self.counts[verdict] for verdict in VERDICTS}

    def __str__(self) -> str:
        parts = ", ".join(f"{self.counts[verdict]:,} {verdict}" for verdict in VERDICTS)
        return f"{self.counts.total():,} photos: {parts}"


def text_lines(predictions: Iterable[Prediction], kinds: Sequence[str]) -> Iterator[str]:
    """Yield a line a key, or a photo without one: answer, probability, photo.

    Names of photos have any length and are not known beforehand, so they stand last.
    """
    width = max(map(len, (*kinds, *VERDICTS)))
    for prediction in predictions:
        for key in prediction.keys or [None]:
            answer, probability, words = _told(prediction, key)
            line = f"{answer:<{width}}  {probability:4}  {prediction.photo}"
            yield f"{line}  {words}" if words else line


def json_lines(predictions: Iterable[Prediction]) -> Iterator[str]:
    """Yield a line of JSON a photo."""
    for prediction in predictions:
        yield json.dumps(prediction.as_json(), ensure_ascii=False, allow_nan=False)


def write(path: Path | Address, predictions: Iterable[Prediction], kinds: Sequence[str]) -> None:
    """Write predictions to a .csv, .jsonl or .parquet file, whole or not at all; memory stays bounded.

    Raises CannotWrite for another ending or a full disk, MissingExtra where pyarrow is needed and missing.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        fault = f"ends in '{path.suffix}', but answers are written as {', '.join(WRITERS)}"
        remedy = "give one of these endings, or none for a folder of files"
        raise CannotWrite(str(path), fault=fault, remedy=remedy)
    with whole_at(path) as temporary:
        writer(temporary, predictions, kinds)


def heading(kinds: Sequence[str]) -> list[str]:
    """Return the names of a table's columns."""
    return ["photo", "kind", "probability", *(f"p({kind})" for kind in kinds), *CORNERS, "error"]


def rows(prediction: Prediction, kinds: Sequence[str]) -> Iterator[Row]:
    """Yield a row a key; one row for a photo without a key, or that could not be read."""
    for key in prediction.keys:
        numbers = [key.probability, *(key.probabilities[kind] for kind in kinds)]
        box = [number for corner in key.box for number in corner]
        yield [prediction.photo, key.kind, *(round(number, DIGITS) for number in numbers), *box, None]
    if not prediction.keys:
        yield [prediction.photo, *[None] * (len(heading(kinds)) - 2), prediction.error]


def _told(prediction: Prediction, key: Key | None) -> tuple[str, str, str]:
    """Return the answer, its probability and what else is to be said, for people."""
    if key is None:
        return prediction.verdict, "", prediction.error or ""
    if key.kind is not None:
        return key.kind, f"{key.probability:.2f}", ""
    rivals = sorted(key.probabilities.items(), key=lambda item: -item[1])[:RIVALS]
    words = " or ".join(f"{kind} {probability:.2f}" for kind, probability in rivals)
    return NOT_SURE, "", words


def _write_csv(path: Path, predictions: Iterable[Prediction], kinds: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(heading(kinds))
        for prediction in predictions:
            table.writerows(rows(prediction, kinds))


def _write_jsonl(path: Path, predictions: Iterable[Prediction], _: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in json_lines(predictions))


def _write_parquet(path: Path, predictions: Iterable[Prediction], kinds: Sequence[str]) -> None:
    try:
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtra("answers as .parquet", extra="scale", missing="pyarrow") from error
    names = heading(kinds)
    words = {"photo", "kind", "error"}
    schema = arrow.schema([(name, arrow.string() if name in words else arrow.float64()) for name in names])
    every = (row for prediction in predictions for row in rows(prediction, kinds))
    with parquet.ParquetWriter(path, schema) as table:
        while group := list(islice(every, ROW_GROUP)):
            columns = [list(column) for column in zip(*group, strict=True)]
            table.write_table(arrow.table(columns, schema=schema))


WRITERS: dict[str, Callable[[Path, Iterable[Prediction], Sequence[str]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}  # by the file's ending
