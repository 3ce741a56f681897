"""By which rule should several photos of one key be combined?

    python benchmarks/several_photos.py CLEAN SERIES [--draws 20] [--write]

In:    a folder of photos with labels.csv (path, label, key_id, n_keys), several of some keys; folders of one
       rendered key each, <kind>-<number>/, as render/sets/key_series.py writes them
Out:   how often 1, 2 and 3 photos of a key are answered, and right, by each rule, and how well the
       probability is calibrated; with --write also in docs/benchmarks.md
Needs: keykind's base installation

Each photo counts as it is, and as poor phones and hands take it. The rule "app" is web/src/core/combine.ts's.
"""

import argparse
import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from keykind.core.parallel import parallel_map
from keykind.photo.source import load_pixels
from keykind.predict.prediction import Key
from keykind.predict.recogniser import Recogniser
from table import markdown, section, write_section

NOT_KEY = "not_key"
POOR_VERSIONS = 2  # of each photo
SIDE = (130, 380)  # px, longer side of a poor photo
BLUR = (0.0, 2.5)  # px, standard deviation
BRIGHTNESS = (0.3, 1.3)
NOISE = (2.0, 16.0)  # grey levels, standard deviation
LEAST_PROBABILITY = 1e-4  # as in combine.ts
FAULTY_WEIGHT = 0.5  # as in combine.ts: of a photo that is not sure because of the photo
LEAST_KNOWN = 0.02  # as in combine.ts: probability of any of the kinds
POWER = 0.75  # as in combine.ts
FAULTS = frozenset({"blade_hidden", "too_small", "cut_off", "blurred"})
POWERS = np.arange(0, 1.01, 0.05)
BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)  # of the probability, for its calibration
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")
SURE = 0.9  # probability from which an answer should hardly ever be wrong
HEADER = (
    "rule",
    "photos",
    "answered",
    "right, of those",
    "right, of those at 90% and more",
    "calibration error",
    "log loss",
    "no key, but named",
)
EXPLANATION = """Photos of a key are drawn at random, and their answers combined by each rule. Poor photos
are turned, reduced to 130 to 380 px, blurred, darkened and noisy. The calibration error is the difference
between the probability of the most probable kind and the share that is right, over bins; the log loss is in
nats. Photos without a key, in which something is detected all the same, should not be named. The constants of
the app's rule were chosen on all photos but the poor ones of rendered keys."""
Answers = NDArray[np.float64]  # (kinds + 1,) probability of each kind and of anything else; the sum is 1
Rule = Callable[[Sequence["Shot"]], Answers]


@dataclass(frozen=True, slots=True)
class Shot:
    """What is answered about the key of one photo."""

    photo: str  # versions of one photo share it
    answers: Answers
    weight: float  # FAULTY_WEIGHT or 1

    @property
    def known(self) -> float:
        """Return the probability that it is of any of the kinds, at least LEAST_KNOWN."""
        return max(1 - float(self.answers[-1]), LEAST_KNOWN)


@dataclass(slots=True)
class Subject:
    """A key, or a photo without one, and its shots."""

    kind: str
    shots: list[Shot] = field(default_factory=list)

    def draw(self, count: int, rng: np.random.Generator) -> list[Shot] | None:
        """Return shots of different photos; of a photo without a key, different versions. None: too few."""
        photos = sorted({shot.photo for shot in self.shots})
        if self.kind == NOT_KEY:
            chosen = rng.permutation(len(self.shots))[:count]
            return [self.shots[i] for i in chosen] if len(chosen) == count else None
        if len(photos) < count:
            return None
        drawn = []
        for photo in rng.choice(photos, count, replace=False):
            versions = [shot for shot in self.shots if shot.photo == photo]
            drawn.append(versions[rng.integers(len(versions))])
        return drawn


def pool(shots: Sequence[Shot], power: float, *, weighted: bool = False) -> Answers:
    """Return the product of the answers, each to the power n^power / n for n shots that count the same.

    weighted: shots count less the less is known, and if they have a fault.
    """
    weights = np.array([shot.weight * math.sqrt(shot.known) if weighted else 1.0 for shot in shots])
    effective = weights.sum() ** 2 / (weights**2).sum()
    exponents = weights / weights.sum() * effective**power
    logits = exponents @ np.log(np.maximum([shot.answers for shot in shots], LEAST_PROBABILITY))
    values = np.exp(logits - logits.max())
    return np.asarray(values / values.sum())


RULES: Mapping[str, Rule] = {
    "photo with the highest probability": lambda shots: max(
        (shot.answers for shot in shots), key=lambda answers: float(answers[:-1].max())
    ),
    "mean": lambda shots: np.mean([shot.answers for shot in shots], axis=0),
    "geometric mean": lambda shots: pool(shots, 0),
    "product": lambda shots: pool(shots, 1),
    "power n^0.75 / n": lambda shots: pool(shots, POWER),
    "the same, weighted (app)": lambda shots: pool(shots, POWER, weighted=True),
}


def poor(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a photo (h, w, 3) as a poor phone in a moving hand takes it."""
    image = Image.fromarray(pixels)
    ground = tuple(np.median(pixels.reshape(-1, 3), axis=0).astype(int).tolist())
    image = image.rotate(rng.uniform(-180, 180), Image.Resampling.BICUBIC, expand=True, fillcolor=ground)
    scale = rng.uniform(*SIDE) / max(pixels.shape[:2])
    size = max(round(image.width * scale), 8), max(round(image.height * scale), 8)
    image = image.resize(size, Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR)))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(*BRIGHTNESS))
    noisy = np.asarray(image, np.float64) + rng.normal(0, rng.uniform(*NOISE), (*size[::-1], 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def shots_of(recogniser: Recogniser, path: Path, versions: Sequence[NDArray[np.uint8]]) -> list[Shot]:
    """Return a shot per version of a photo in which anything is detected."""
    shots = []
    for version in versions:
        prediction = recogniser.recognise(version)
        found: list[Key] = [*prediction.keys, *prediction.candidates]
        if found:
            known = np.array([found[0].probabilities[kind] for kind in recogniser.kinds])
            weight = FAULTY_WEIGHT if found[0].reason in FAULTS else 1.0
            shots.append(Shot(str(path), np.append(known, max(1 - known.sum(), 0.0)), weight))
    return shots


def read_clean(folder: Path) -> dict[str, list[tuple[Path, str]]]:
    """Return key id -> (photo, kind) of keys with several photos, and of each photo without a key."""
    subjects: dict[str, list[tuple[Path, str]]] = {}
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["label"] == NOT_KEY:
                subjects[row["path"]] = [(folder / row["path"], NOT_KEY)]
            elif row["n_keys"] == "1" and row["key_id"]:
                subjects.setdefault(row["key_id"], []).append((folder / row["path"], row["label"]))
    return {key: photos for key, photos in subjects.items() if len(photos) > 1 or photos[0][1] == NOT_KEY}


def read_series(folder: Path) -> dict[str, list[tuple[Path, str]]]:
    """Return key -> (photo, kind) of a folder of rendered keys."""
    folders = sorted({path.parent for path in folder.rglob("*.jpg")})
    return {
        str(key): [(path, key.name.rpartition("-")[0]) for path in sorted(key.glob("*.jpg"))]
        for key in folders
    }


def see(
    recogniser: Recogniser, photos: Mapping[str, Sequence[tuple[Path, str]]], *, make_poor: bool
) -> list[Subject]:
    """Return the subjects with the shots of their photos, as they are or poor ones."""
    listed = [(key, path, kind) for key, several in photos.items() for path, kind in several]

    def shoot(index: int) -> list[Shot]:
        _, path, kind = listed[index]
        rng = np.random.default_rng([0, index])
        pixels = load_pixels(path).pixels
        count = POOR_VERSIONS + (kind == NOT_KEY)  # three photos of it, too
        versions = [poor(pixels, rng) for _ in range(count)] if make_poor else [pixels]
        return shots_of(recogniser, path, versions)

    subjects: dict[str, Subject] = {}
    for (key, _, kind), shots in zip(listed, parallel_map(shoot, range(len(listed))), strict=True):
        subjects.setdefault(key, Subject(kind)).shots.extend(shots)
    return list(subjects.values())


@dataclass(slots=True)
class Score:
    """How a rule answers draws of some photos."""

    threshold: float
    kinds: Sequence[str]
    tops: list[float] = field(default_factory=list)  # probability of the most probable kind
    right: list[bool] = field(default_factory=list)  # whether it is the key's
    losses: list[float] = field(default_factory=list)
    invented: list[bool] = field(default_factory=list)  # whether a photo without a key gets a kind

    def add(self, answers: Answers, kind: str) -> None:
        """Take the answer about a subject of a kind."""
        best = int(np.argmax(answers[:-1]))
        if kind == NOT_KEY:
            self.invented.append(bool(answers[best] >= self.threshold))
            return
        self.tops.append(float(answers[best]))
        self.right.append(self.kinds[best] == kind)
        self.losses.append(-math.log(max(answers[self.kinds.index(kind)], LEAST_PROBABILITY)))

    @property
    def loss(self) -> float:
        """Return the mean log loss, nats."""
        return float(np.mean(self.losses))

    def calibration_error(self) -> float:
        """Return by how much the probability differs from the share that is right, over bins, weighted."""
        tops, right = np.array(self.tops), np.array(self.right, float)
        bins = np.digitize(tops, BINS)
        gaps = [abs(float((tops - right)[bins == i].sum())) for i in np.unique(bins)]
        return sum(gaps) / len(tops)

    def row(self, rule: str, count: int) -> list[str]:
        """Return a row of the table."""
        tops, right = np.array(self.tops), np.array(self.right, float)
        answered, sure = tops >= self.threshold, tops >= SURE
        invented = f"{np.mean(self.invented):.0%}" if self.invented else ""
        return [
            rule,
            str(count),
            f"{answered.mean():.1%}",
            f"{right[answered].mean():.1%}",
            f"{right[sure].mean():.1%} of {sure.mean():.0%}",
            f"{self.calibration_error():.3f}",
            f"{self.loss:.3f}",
            invented,
        ]


def score(recogniser: Recogniser, subjects: Sequence[Subject], rule: Rule, count: int, draws: int) -> Score:
    """Return how a rule answers draws of `count` photos of each subject; all rules get the same draws."""
    rng = np.random.default_rng(count)
    result = Score(recogniser.kind_threshold, recogniser.kinds)
    for subject in subjects:
        for _ in range(draws):
            shots = subject.draw(count, rng)
            if shots:
                result.add(rule(shots), subject.kind)
    return result


def fitted_power(recogniser: Recogniser, subjects: Sequence[Subject], draws: int) -> float:
    """Return the power with the least log loss over 2 and 3 photos."""

    def loss(power: float) -> float:
        return sum(
            score(recogniser, subjects, lambda shots: pool(shots, power), count, draws).loss
            for count in (2, 3)
        )

    return float(min(POWERS, key=loss))


def table(recogniser: Recogniser, subjects: Sequence[Subject], draws: int) -> str:
    """Return the table of some photos, and the power that fits them best."""
    rows = [score(recogniser, subjects, RULES["mean"], 1, draws).row("(one photo)", 1)]
    for count in (2, 3):
        for name, rule in RULES.items():
            rows.append(score(recogniser, subjects, rule, count, draws).row(name, count))
    power = fitted_power(recogniser, subjects, draws)
    return f"{markdown(HEADER, rows)}\n\nOf the powers n^a / n, a = {power:.2f} has the least log loss."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clean", type=Path, metavar="CLEAN")
    parser.add_argument("series", type=Path, metavar="SERIES")
    parser.add_argument("--draws", type=int, default=20, help="of photos, per key")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    recogniser = Recogniser.load()
    parts = []
    for name, photos in (
        ("Real keys", read_clean(options.clean)),
        ("Rendered keys", read_series(options.series)),
    ):
        keys = [several for several in photos.values() if several[0][1] != NOT_KEY]
        for make_poor in (False, True):
            subjects = see(recogniser, photos, make_poor=make_poor)
            title = f"{name}, {'poor photos' if make_poor else 'as they are'}"
            others = sum(subject.kind == NOT_KEY and bool(subject.shots) for subject in subjects)
            size = f"{len(keys)} keys, {sum(map(len, keys))} photos; {others} photos without a key"
            parts.append(f"**{title}** ({size})\n\n{table(recogniser, subjects, options.draws)}")
    command = f"python benchmarks/several_photos.py CLEAN SERIES --draws {options.draws} --write"
    body = "\n\n".join([EXPLANATION, *parts])
    page = section("Several photos of one key", body, command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("several-photos", page)


if __name__ == "__main__":
    main()
