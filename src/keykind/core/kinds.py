"""The kinds of key that keykind knows: names, labels, and hints for telling them apart.

In:    keykind/kinds/<kind>/kind.toml
Out:   KINDS, in their order; NAMES, the same without labels
Needs: nothing beyond Python
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

FILE = "kind.toml"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of key; labels and hints are keyed by language (ISO 639-1)."""

    name: str  # of its folder, and of the class in labels and predictions
    labels: dict[str, str]  # what people call it
    hints: dict[str, str]  # how to recognise it

    @property
    def label(self) -> str:
        """Return the English label."""
        return self.labels["en"]

    @property
    def hint(self) -> str:
        """Return the English hint."""
        return self.hints["en"]


def read_kinds(folder: Traversable) -> tuple[Kind, ...]:
    """Return the kinds whose folders are in this one, sorted by the `order` in their kind.toml.

    Raises ValueError if a kind.toml is not valid TOML or lacks an entry.
    """
    entries = [_read_kind(entry) for entry in folder.iterdir() if entry.joinpath(FILE).is_file()]
    return tuple(kind for _, kind in sorted(entries, key=lambda entry: (entry[0], entry[1].name)))


def _read_kind(folder: Traversable) -> tuple[int, Kind]:
    file = folder.joinpath(FILE)
    try:
        fields = tomllib.loads(file.read_text("utf-8"))
        order, kind = int(fields["order"]), Kind(folder.name, dict(fields["label"]), dict(fields["hint"]))
    except KeyError as error:
        raise ValueError(f"{file}: no entry {error}; see the kind.toml of another kind") from error
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    if "en" not in kind.labels or kind.labels.keys() != kind.hints.keys():
        raise ValueError(f"{file}: label and hint need the same languages, including en")
    return order, kind


KINDS = read_kinds(files("keykind") / "kinds")
NAMES = tuple(kind.name for kind in KINDS)
