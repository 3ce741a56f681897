"""Are one's own keys identified by a few photos of each, and are unknown keys rejected?

    keykind dev render-keys FOLDER/threshold --keys 36 --photos 6 --seed 21002 --lights HDRIS ...
    keykind dev render-keys FOLDER/measure --keys 72 --photos 6 --seed 21003 --lights HDRIS ...
    python benchmarks/my_keys.py FOLDER [--real PHOTOS] [--write]

In:    FOLDER: several photos of each key, rendered as above; PHOTOS: a folder of real photos with labels.csv
       (path, key_id), several of each key
Out:   how many test photos of enrolled keys are matched with the right one, and how many of unknown keys are
       rejected; with --write also in docs/benchmarks.md
Needs: nothing beyond keykind

Each set is 12 keys of one owner, several of one kind. Three photos of each are enrolled: the first three in
which keykind finds the key. The others are tested: on another ground, in other light, from another side.
Unknown keys are those of all other sets. LEAST_SIMILARITY was chosen on sets of their own.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keykind.core.parallel import parallel_map
from keykind.evaluate.real_photos.matching import MAX_DISTANCE, undirected_distance
from keykind.predict.prototypes import LEAST_SIMILARITY, Match, Prototype, enrol, match
from keykind.predict.recogniser import Recogniser
from table import markdown, section, write_section

SET, ENROLLED, PHOTOS = 12, 3, 6  # keys of a set; photos of a key that are enrolled, and that there are
RESAMPLES, REPEATS = 2000, 20  # bootstrap over sets; draws of the enrolled real photos
REJECTED = 0.93  # share of the unknown keys of the threshold sets that it rejects; the target is 0.9
MIN_REAL = 2 * ENROLLED  # photos of a real key
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")
Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key, and the features of its photos in which it was found."""

    name: str
    features: tuple[Features, ...]
    missed: int  # photos in which it was not found

    @property
    def kind(self) -> str:
        """Return the kind of a rendered key."""
        return self.name.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one photo was matched."""

    key: str
    expected: int | None  # index of the key in its set; None: an unknown key
    match: Match | None  # None: no key was found in the photo
    same_kind: bool = False  # whether the nearest key of the set is of the kind of this one

    def is_right(self, least: float) -> bool:
        """Return whether the answer is right: the key itself; for an unknown key, none."""
        if self.match is None:
            return self.expected is None
        accepted = self.match.nearest if self.match.similarity >= least else None
        return accepted == self.expected


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", type=int, default=6)
    parser.add_argument("--threshold-sets", type=int, default=3)
    parser.add_argument("--model", type=Path, help="default: the bundled one")
    parser.add_argument("--real", type=Path, help="folder of real photos with labels.csv")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    counts = {"threshold": options.threshold_sets, "measure": options.sets}
    recogniser = Recogniser.load(options.model)
    sets = {name: read_sets(options.folder / name, count, recogniser) for name, count in counts.items()}
    text = report(sets, real_outcomes(options.real, recogniser) if options.real else None)
    print(text)
    if options.write:
        command = f"python benchmarks/my_keys.py FOLDER --sets {options.sets} --real PHOTOS --write"
        write_section("my-keys", section("My keys", text, command=command, packages=PACKAGES))


def read_sets(folder: Path, count: int, recogniser: Recogniser) -> list[list[OwnKey]]:
    """Return the keys of each set, with the features of their photos."""
    folders = sorted(folder.iterdir(), key=lambda path: path.name.rpartition("-")[2])
    if len(folders) < SET * count:
        raise SystemExit(f"{folder} has {len(folders)} keys, fewer than {count} sets of {SET}")
    keys = list(parallel_map(lambda path: read_key(path, recogniser), folders[: SET * count]))
    return [keys[SET * i : SET * (i + 1)] for i in range(count)]


def read_key(folder: Path, recogniser: Recogniser) -> OwnKey:
    """Return a rendered key: in each photo, the key that keykind finds where the labelled one is."""
    found = []
    paths = sorted(folder.glob("*.jpg"))[:PHOTOS]
    for path in paths:
        labels = json.loads(path.with_suffix(".json").read_text("utf-8"))["keys"]
        features = (
            key_at(path, recogniser, np.array([labels[0]["head"], labels[0]["tip"]])) if labels else None
        )
        found += [] if features is None else [features]
    return OwnKey(folder.name, tuple(found), len(paths) - len(found))


def key_at(path: Path, recogniser: Recogniser, ends: NDArray[np.float64] | None) -> Features | None:
    """Return the features of the key at (head, tip) of a photo, or without them of its first key."""
    keys = recogniser.recognise(path).keys
    if ends is None:
        return keys[0].features if keys else None
    distances = [undirected_distance(np.array([key.head, key.tip]), ends) for key in keys]
    near = min(range(len(keys)), key=distances.__getitem__, default=None)
    return None if near is None or distances[near] > MAX_DISTANCE else keys[near].features


def outcomes(own: Sequence[OwnKey], unknown: Sequence[OwnKey]) -> Iterator[Outcome]:
    """Enrol a set; match the other photos of its keys, and all photos of unknown keys."""
    prototypes = [enrol(key.features[:ENROLLED], "network") for key in own if len(key.features) > ENROLLED]
    kept = [key for key in own if len(key.features) > ENROLLED]
    for i, key in enumerate(kept):
        yield from (matched(key, i, vector, prototypes, kept) for vector in key.features[ENROLLED:])
        yield from (Outcome(key.name, i, None) for _ in range(key.missed))
    for key in unknown:
        yield from (matched(key, None, vector, prototypes, kept) for vector in key.features)


def matched(
    key: OwnKey, expected: int | None, vector: Features, prototypes: list[Prototype], own: Sequence[OwnKey]
) -> Outcome:
    """Return how a photo was matched."""
    result = match(vector, prototypes, "network", -1.0)
    nearest = own[result.nearest or 0]
    return Outcome(key.name, expected, result, nearest.kind == key.kind)


def set_outcomes(sets: Sequence[Sequence[OwnKey]]) -> list[list[Outcome]]:
    """Return the outcomes of each set; the keys of the others are unknown to it."""
    return [list(outcomes(own, [key for other in sets if other is not own for key in other])) for own in sets]


def real_outcomes(folder: Path, recogniser: Recogniser) -> list[list[Outcome]]:
    """Return outcomes of real keys: each is the unknown key once; enrolled photos are drawn REPEATS times."""
    photos = defaultdict(list)
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            photos[row["key_id"]].append(folder / row["path"])
    keys = []
    for name, paths in photos.items():
        if len(paths) >= MIN_REAL:
            found = [key_at(path, recogniser, None) for path in paths]
            kept = tuple(features for features in found if features is not None)
            keys.append(OwnKey(name, kept, len(paths) - len(kept)))
    rng, groups = np.random.default_rng(0), []
    for _ in range(REPEATS):
        drawn = [
            OwnKey(key.name, tuple(key.features[i] for i in rng.permutation(len(key.features))), key.missed)
            for key in keys
        ]
        groups += [
            list(outcomes([key for key in drawn if key is not unknown], [unknown])) for unknown in drawn
        ]
    return groups


def threshold(groups: Sequence[Sequence[Outcome]], rejected: float = REJECTED) -> float:
    """Return the similarity below which this share of the photos of unknown keys is."""
    values = [one.match.similarity for group in groups for one in group if one.expected is None and one.match]
    return float(np.quantile(values, rejected))


def rates(groups: Sequence[Sequence[Outcome]], least: float) -> dict[str, float]:
    """Return the shares of right answers."""
    every = [outcome for group in groups for outcome in group]
    mine = [outcome for outcome in every if outcome.expected is not None]
    found = [outcome for outcome in mine if outcome.match is not None]
    unknown = [outcome for outcome in every if outcome.expected is None]
    akin = [outcome for outcome in unknown if outcome.same_kind]

    def share(part: Sequence[Outcome], level: float) -> float:
        return sum(outcome.is_right(level) for outcome in part) / max(len(part), 1)

    return {
        "right": share(mine, least),
        "right, of keys found": share(found, least),
        "nearest is right": share(mine, -1.0),
        "unknown keys rejected": share(unknown, least),
        "unknown keys rejected, nearest of their kind": share(akin, least),
    }


def intervals(groups: Sequence[Sequence[Outcome]], least: float) -> dict[str, tuple[float, float]]:
    """Return the 95% intervals over resampled sets."""
    rng = np.random.default_rng(0)
    draws: dict[str, list[float]] = defaultdict(list)
    for _ in range(RESAMPLES):
        chosen = [groups[i] for i in rng.integers(len(groups), size=len(groups))]
        for name, value in rates(chosen, least).items():
            draws[name].append(value)
    return {name: tuple(np.quantile(values, (0.025, 0.975))) for name, values in draws.items()}


def report(sets: dict[str, list[list[OwnKey]]], real: list[list[Outcome]] | None) -> str:
    """Return the table and what it shows."""
    groups = {name: set_outcomes(keys) for name, keys in sets.items()}
    measured = rates(groups["measure"], LEAST_SIMILARITY)
    bounds = intervals(groups["measure"], LEAST_SIMILARITY)
    others = rates(groups["threshold"], LEAST_SIMILARITY)
    photos = rates(real, LEAST_SIMILARITY) if real else {}
    rows = [
        (
            name,
            f"{value:.1%} [{bounds[name][0]:.0%}, {bounds[name][1]:.0%}]",
            f"{others[name]:.1%}",
            f"{photos[name]:.1%}" if photos and "kind" not in name else "–",
        )
        for name, value in measured.items()
    ]
    count, keys = len(sets["measure"]), SET * len(sets["measure"])
    mine = sum(outcome.expected is not None for group in groups["measure"] for outcome in group)
    unknown = sum(outcome.expected is None for group in groups["measure"] for outcome in group)
    least = threshold(groups["threshold"])
    table = markdown(("photos", "measured sets", "sets of the threshold", "real keys"), rows)
    return f"""{count} sets of {SET} rendered keys ({keys} keys), {ENROLLED} photos of each enrolled;
{mine} other photos of them and {unknown} matches of unknown keys, in brackets the 95% interval over sets.
A key that is not found in a test photo counts as wrong in the first row. The threshold is {LEAST_SIMILARITY};
on the sets that it was chosen on, {REJECTED:.0%} of the unknown keys are below {least:.2f}.

{table}"""


if __name__ == "__main__":
    main()
