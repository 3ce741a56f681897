"""Requests of the page, checked.

In:    JSON
Out:   Change of each photo, and the decision that they belong to; or 422 with what is wrong
Needs: fastapi (pydantic)    [serve]
"""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from keykind.core.errors import printable
from keykind.dataset.key_ends import KeyEnds
from keykind.review.decisions import Change

MAX_NAME = 255  # characters of a kind or key, as of a folder's name
MAX_REASON = 500  # characters of why a photo is excluded
MAX_KEYS = 100  # marked in one photo
MAX_CHANGES = 500  # photos of one decision
MAX_POSITION = 1e6  # px; marks of cut-off keys may be outside the photo


def _one_line(text: str | None) -> str | None:
    if text is not None and printable(text) != text:
        raise ValueError("has characters that are not printable")
    return text if text is None else " ".join(text.split())


def _finite(value: float) -> float:
    if not math.isfinite(value) or abs(value) > MAX_POSITION:
        raise ValueError("is not a position in a photo")
    return value


def _or_none(value: object) -> object:
    return None if value == "" else value


Name = Annotated[str | None, Field(max_length=MAX_NAME), AfterValidator(_one_line)]
Reason = Annotated[str | None, Field(max_length=MAX_REASON), AfterValidator(_one_line)]
Coordinate = Annotated[float, AfterValidator(_finite)]


class Strict(BaseModel):
    """A request in which an unknown entry is an error."""

    model_config = ConfigDict(extra="forbid")


class EndsIn(Strict):
    """A marked key."""

    head: tuple[Coordinate, Coordinate]
    tip: tuple[Coordinate, Coordinate]
    kind: Name = None

    def as_ends(self) -> KeyEnds:
        """Return the marks as labels.csv has them, to a tenth of a pixel."""
        head, tip = (tuple(round(value, 1) for value in point) for point in (self.head, self.tip))
        if head == tip:
            raise ValueError("head and tip are the same point")
        return KeyEnds(head, tip, self.kind or "")  # type: ignore[arg-type]


class ChangeIn(Strict):
    """Cells of one photo; those that are not given stay, and null or "" clears one."""

    photo: int
    version: str = Field(default="", max_length=MAX_NAME)
    kind: Name = None
    key: Name = None
    split: Literal["train", "test", ""] | None = None
    ends: Annotated[list[EndsIn] | None, Field(max_length=MAX_KEYS), BeforeValidator(_or_none)] = None
    excluded: Reason = None

    def as_change(self) -> Change:
        """Return the change."""
        cells: dict[str, Any] = {}
        for name in self.model_fields_set - {"photo", "version"}:
            value = getattr(self, name)
            if name == "ends":
                cells[name] = None if value is None else tuple(ends.as_ends() for ends in value)
            else:
                cells[name] = value or ""
        return Change(self.photo, self.version, cells)


class DecisionIn(Strict):
    """A decision about an item of a queue."""

    queue: str = Field(max_length=MAX_NAME)
    item: str = Field(max_length=10_000)
    changes: Annotated[list[ChangeIn], Field(max_length=MAX_CHANGES)]
