"""How often the intervals of a report contain the true score.

    python benchmarks/intervals.py [--tests 400] [--write]

In:    nothing: predictions are drawn from classifiers of known accuracy
Out:   the share of tests whose interval contains the true score; with --write also in docs/report.md
Needs: keykind[train]

Each test draws the kinds of n keys, 1 to 7 photos of each, and predictions that are correct with an accuracy
that differs between keys (beta distribution, intraclass correlation 0.5): photos of a key are right or wrong
together. A wrong prediction is any other kind.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keykind.evaluate.intervals import NAMES, Interval, score_intervals
from table import markdown, section, write_section

KINDS = 4
SHARES = np.array([0.4, 0.3, 0.2, 0.1])  # of the kinds
KEYS, ACCURACIES = (10, 30, 100), (0.7, 0.9, 0.98)
MAX_PHOTOS = 7  # of one key
CORRELATION = 0.5  # of the photos of one key
RESAMPLES = 1000
PACKAGES = ("numpy",)
PAGE = Path(__file__).parents[1] / "docs" / "report.md"
Draw = tuple[NDArray[np.intp], NDArray[np.intp], list[str]]  # labels, predictions, keys


def draw(keys: int, accuracy: float, rng: np.random.Generator) -> Draw:
    """Return one test."""
    kinds, photos = rng.choice(KINDS, keys, p=SHARES), rng.integers(1, MAX_PHOTOS + 1, keys)
    scale = (1 - CORRELATION) / CORRELATION
    of_key = rng.beta(accuracy * scale, (1 - accuracy) * scale, keys)
    labels, key = np.repeat(kinds, photos), np.repeat(np.arange(keys), photos)
    correct = rng.random(len(labels)) < of_key[key]
    other = (labels + rng.integers(1, KINDS, len(labels))) % KINDS
    return labels, np.where(correct, labels, other), list(map(str, key))


def true_scores(accuracy: float) -> dict[str, float]:
    """Return the scores of endlessly many photos."""
    shares = np.full((KINDS, KINDS), (1 - accuracy) / (KINDS - 1))
    np.fill_diagonal(shares, accuracy)
    joint = SHARES[:, None] * shares
    f1 = 2 * np.diag(joint) / (joint.sum(axis=0) + joint.sum(axis=1))
    return {
        "accuracy": accuracy,
        "weighted_f1": float(f1 @ SHARES),
        "macro_f1": float(f1.mean()),
        "first": float(f1[0]),
    }


def coverage(keys: int, accuracy: float, tests: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of tests whose interval contains the true score, and the mean width."""
    true = true_scores(accuracy)
    hits, widths = dict.fromkeys((*NAMES, "first"), 0), []
    for _ in range(tests):
        found = score_intervals(*draw(keys, accuracy, rng), KINDS, resamples=RESAMPLES, rng=rng)
        intervals: dict[str, Interval] = found.overall | {"first": found.f1[0]}
        for name, (low, high) in intervals.items():
            hits[name] += low <= true[name] <= high
        widths.append(float(np.subtract(*found.overall["weighted_f1"][::-1])))
    return {name: count / tests for name, count in hits.items()} | {"width": float(np.mean(widths))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", type=int, default=400, help="per row (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/report.md")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = []
    for keys in KEYS:
        for accuracy in ACCURACIES:
            found = coverage(keys, accuracy, options.tests, rng)
            shares = [f"{found[name]:.0%}" for name in (*NAMES, "first")]
            rows.append([str(keys), f"{accuracy:.2f}", *shares, f"{found['width']:.2f}"])
            print(*rows[-1], flush=True)
    heads = (
        "keys",
        "true accuracy",
        "accuracy",
        "weighted F1",
        "macro F1",
        "F1 of the commonest kind",
        "width",
    )
    write_table(rows, heads, options)


def write_table(rows: list[list[str]], heads: tuple[str, ...], options: argparse.Namespace) -> None:
    """Print the table, and write it into docs/report.md if asked to."""
    text = (
        f"How often a 95% interval contains the true score, in {options.tests} simulated tests a row: "
        f"1 to {MAX_PHOTOS} photos of each key, right or wrong together (intraclass correlation "
        f"{CORRELATION}), of {KINDS} kinds with {', '.join(f'{share:.0%}' for share in SHARES)} of the keys."
    )
    page = section(
        "Coverage of the intervals",
        f"{text}\n\n{markdown(heads, rows)}",
        command=f"python benchmarks/intervals.py --tests {options.tests} --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("intervals", page, PAGE)


if __name__ == "__main__":
    main()
