"""Dataset -> inspection report.

In:    a Dataset
Out:   text for a terminal, JSON values, one self-contained HTML page with thumbnails
Needs: numpy, pillow
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from keykind.core.html import Html, gallery, join, page, table, tag
from keykind.dataset import decision_report
from keykind.dataset.groups import reason_text
from keykind.dataset.listing import ReadError, counted, first_few
from keykind.dataset.samples import Dataset, Sample
from keykind.dataset.thumbnails import tiles
from keykind.dataset.warnings import conflict_text

MAX_LINES = 10  # of one list in the text
MAX_ROWS = 200  # of one table on the page
TILES = 16  # thumbnails in one gallery: two rows on a desktop screen
MAX_KINDS = 40  # kinds in the text, and with thumbnails on the page
KIND_TILES = 128  # thumbnails of all kinds together
MAX_CLUSTERS = 24  # leaks, or clusters of duplicates, with thumbnails
CLUSTER_TILES = 4  # thumbnails of one cluster

EXTREMES: tuple[tuple[str, Callable[[Sample], float], Callable[[Sample], str]], ...] = (
    ("Blurriest", lambda sample: sample.sharpness, lambda sample: f"sharpness {sample.sharpness:,.0f}"),
    ("Darkest", lambda sample: sample.brightness, lambda sample: f"brightness {sample.brightness:.2f}"),
    ("Brightest", lambda sample: -sample.brightness, lambda sample: f"brightness {sample.brightness:.2f}"),
    (
        "Smallest",
        lambda sample: sample.width * sample.height,
        lambda sample: f"{sample.width} × {sample.height} px",
    ),
)  # title, sort key, caption
JSON_NAMES = {"region": "cut"}  # attribute -> key in JSON, kept from version 0.6


def as_json(dataset: Dataset) -> dict[str, Any]:
    """Return everything known about a dataset as JSON values, except paths on this disk."""
    return {
        "photos": len(dataset.samples),
        "kinds": list(dataset.kinds),
        "counts": dataset.counts(),
        "groups": _group_count(dataset.samples),
        "samples": [_sample_json(sample) for sample in dataset.samples],
        "left_out": [_sample_json(sample) for sample in dataset.left_out],
        "faults": [asdict(error) for error in (*dataset.read_errors, *_damaged(dataset))],
        "warnings": list(dataset.warnings),
        "duplicates": [list(names) for names in dataset.duplicates],
        "near_duplicates": [list(names) for names in dataset.near_duplicates],
        "key_conflicts": [asdict(conflict) for conflict in dataset.key_conflicts],
        "leaks": [{"train": leak.train, "test": leak.test, "why": leak.reason} for leak in dataset.leaks],
        "decisions": decision_report.as_json(dataset.decisions),
    }


def text(dataset: Dataset) -> str:
    """Return a summary of a few dozen lines for a terminal, whatever the dataset's size."""
    parts = [
        [_headline(dataset), _size_range(dataset.samples), *decision_report.lines(dataset.decisions)],
        _text_table(["kind", "train", "test", "objects"], _count_rows(dataset)),
        _text_list("read errors", [f"{error.name}: {error.reason}" for error in dataset.read_errors]),
        _text_list("damaged photos", [f"{photo.name}: {photo.reason}" for photo in _damaged(dataset)]),
        _text_list(
            "leaks", [f"{leak.train} = {leak.test} ({reason_text(leak.reason)})" for leak in dataset.leaks]
        ),
        _text_list("duplicates", [first_few(names, " = ") for names in dataset.duplicates]),
        _text_list("near duplicates", [first_few(names, " ~ ") for names in dataset.near_duplicates]),
        _text_list("different keys that look the same", map(conflict_text, dataset.key_conflicts)),
        [
            f"{title.lower():<10} "
            + ", ".join(f"{sample.name} ({caption(sample)})" for sample in _extreme(dataset, key, 3))
            for title, key, caption in EXTREMES
        ],
        _text_list("warnings", dataset.warnings),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def html(dataset: Dataset) -> str:
    """Return one page with thumbnails, smaller than 10 MB for any number of photos.

    Thumbnails are re-encoded from pixels alone: no EXIF, no location, no camera.
    """
    return page(
        "Dataset inspection",
        tag("h1", "Dataset inspection"),
        _summary(dataset),
        _warnings(dataset.warnings),
        _balance(dataset),
        decision_report.html(dataset.decisions),
        _unreadable(dataset.read_errors, "Unreadable files"),
        _unreadable(_damaged(dataset), "Damaged photos"),
        _leaks(dataset),
        _duplicates(dataset),
        _near_duplicates(dataset),
        _key_conflicts(dataset),
        _kinds(dataset),
        _extremes(dataset),
    )


def _sample_json(sample: Sample) -> dict[str, Any]:
    return {JSON_NAMES.get(name, name): value for name, value in asdict(sample).items() if name != "path"}


def _group_count(samples: Iterable[Sample]) -> int:
    return len({sample.group for sample in samples})


def _headline(dataset: Dataset) -> str:
    photos, kinds = counted(len(dataset.samples), "usable photo"), counted(len(dataset.kinds), "kind")
    return f"{photos} of {kinds}, {counted(_group_count(dataset.samples), 'object')}"


def _size_range(samples: Sequence[Sample]) -> str:
    """Return the range and median of the photos' shorter sides."""
    sides = [min(sample.width, sample.height) for sample in samples]
    return f"shorter side {min(sides):,} to {max(sides):,} px, median {median(sides):,.0f} px"


def _count_rows(dataset: Dataset) -> list[list[str | int]]:
    """Return a row per kind and one for all: name, training photos, test photos, physical keys."""
    groups = Counter(kind for kind, _ in {(sample.kind, sample.group) for sample in dataset.samples})
    rows: list[list[str | int]] = [
        [kind, counts["train"], counts["test"], groups[kind]] for kind, counts in dataset.counts().items()
    ]
    total = [len(dataset.subset("train")), len(dataset.subset("test")), _group_count(dataset.samples)]
    return [*rows, ["all", *total]]


def _text_table(head: Sequence[str], rows: Sequence[Sequence[str | int]]) -> list[str]:
    cells = [head, *([f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows)]
    width = max(len(row[0]) for row in cells)
    lines = [row[0].ljust(width) + "".join(cell.rjust(8) for cell in row[1:]) for row in cells]
    if len(lines) <= MAX_KINDS:
        return lines
    return [*lines[:MAX_KINDS], f"and {len(lines) - MAX_KINDS - 1:,} more", lines[-1]]


def _text_list(title: str, lines: Iterable[str]) -> list[str]:
    lines = list(lines)
    if not lines:
        return []
    more = [f"  and {len(lines) - MAX_LINES:,} more"] if len(lines) > MAX_LINES else []
    return [f"{title} {len(lines):,}", *(f"  {line}" for line in lines[:MAX_LINES]), *more]


def _extreme(dataset: Dataset, key: Callable[[Sample], float], count: int) -> list[Sample]:
    return sorted(dataset.samples, key=key)[:count]


def _summary(dataset: Dataset) -> Html:
    counts = [(len(dataset.subset(split)), f"{split} photo") for split in ("train", "test")]
    problems = [
        (len(dataset.left_out), "left-out photo"),
        (len(dataset.read_errors), "unreadable file"),
        (len(dataset.leaks), "leak"),
        (len(dataset.duplicates), "duplicate cluster"),
    ]
    return tag(
        "div",
        tag("div", _headline(dataset), class_="big"),
        tag("div", ", ".join(counted(count, noun) for count, noun in counts + problems)),
        tag("div", _size_range(dataset.samples), class_="soft"),
        class_="answer",
    )


def _warnings(warnings: Sequence[str]) -> Html:
    return join(
        tag("p", sentence, class_="warning", style="overflow-wrap: anywhere") for sentence in warnings
    )


def _balance(dataset: Dataset) -> Html:
    rows = _count_rows(dataset)[:-1]
    largest = max(int(train) + int(test) for _, train, test, _ in rows)
    bars = [[*row, _bar(int(row[1]) / largest, int(row[2]) / largest)] for row in rows[:MAX_ROWS]]
    head = ["kind", "train", "test", "objects", "train + test"]
    return join([tag("h2", f"Kinds: {_first_of(MAX_ROWS, len(rows))}"), table(head, bars)])


def _bar(train: float, test: float) -> Html:
    """Return a bar of two parts, each 0..1 of the width, in the text colour."""
    return Html(
        '<svg style="width: min(15rem, 24vw); height: .75rem" viewBox="0 0 1 1" preserveAspectRatio="none" '
        f'fill="currentColor" aria-hidden="true"><rect width="{train:.4f}" height="1"/>'
        f'<rect x="{train:.4f}" width="{test:.4f}" height="1" opacity=".4"/></svg>'
    )


def _damaged(dataset: Dataset) -> list[ReadError]:
    """Return the photos that are used although their data is damaged."""
    samples = (*dataset.samples, *dataset.left_out)
    return [ReadError(sample.name, sample.damage) for sample in samples if sample.damage]


def _unreadable(errors: Sequence[ReadError], title: str) -> Html | None:
    if not errors:
        return None
    rows = [[error.name, error.reason] for error in errors[:MAX_ROWS]]
    heading = tag("h2", f"{title}: {_first_of(MAX_ROWS, len(errors))}")
    return join([heading, table(["file", "reason"], rows)])


def _leaks(dataset: Dataset) -> Html | None:
    intro = "Training photos that duplicate a test photo or show the same object, next to that photo."
    clusters = [(reason_text(leak.reason), (leak.train, leak.test)) for leak in dataset.leaks]
    return _panels(dataset, "Leaks", intro, clusters)


def _duplicates(dataset: Dataset) -> Html | None:
    intro = "Files with equal bytes."
    return _panels(dataset, "Duplicates", intro, [_labelled(names) for names in dataset.duplicates])


def _near_duplicates(dataset: Dataset) -> Html | None:
    intro = (
        "Photos that look the same: resaved, rescaled or brightened copies, or photos of a burst. "
        "They count as one object and stay on one side of every split."
    )
    return _panels(dataset, "Near duplicates", intro, [_labelled(names) for names in dataset.near_duplicates])


def _key_conflicts(dataset: Dataset) -> Html | None:
    intro = (
        "Photos that look the same, or have equal bytes, though a table or the group pattern states that "
        "they show different keys. What is stated counts; check it."
    )
    clusters = [
        (f"{conflict.reason}: {first_few(conflict.keys, ' and ')}", conflict.photos)
        for conflict in dataset.key_conflicts
    ]
    return _panels(dataset, "Different keys that look the same", intro, clusters)


def _labelled(names: Sequence[str]) -> tuple[str, Sequence[str]]:
    return f"{_first_of(CLUSTER_TILES, len(names))} photos", names  # two at least


def _panels(
    dataset: Dataset, title: str, intro: str, clusters: Sequence[tuple[str, Sequence[str]]]
) -> Html | None:
    """Return a panel for each cluster (label, names) with its photos side by side; None without clusters."""
    if not clusters:
        return None
    samples = {sample.name: sample for sample in (*dataset.samples, *dataset.left_out)}
    panels = []
    for label, names in clusters[:MAX_CLUSTERS]:
        members = [samples[name] for name in names[:CLUSTER_TILES]]
        shown = gallery(tiles(members, lambda sample: f"{sample.split}, {sample.kind}"))
        width = f"width: {8.5 * len(members) + 2}rem; max-width: 100%; margin: 0"
        panels.append(tag("div", tag("div", label, class_="soft"), shown, class_="answer", style=width))
    row = tag("div", panels, style="display: flex; flex-wrap: wrap; gap: .75rem")
    return join([tag("h2", f"{title}: {_first_of(MAX_CLUSTERS, len(clusters))}"), tag("p", intro), row])


def _kinds(dataset: Dataset) -> Html:
    """Return example photos of each kind, evenly spaced among all of them."""
    limit = max(3, min(TILES, KIND_TILES // len(dataset.kinds)))
    parts = [tag("h2", f"Photos of each kind: {_first_of(MAX_KINDS, len(dataset.kinds))}")]
    for kind in dataset.kinds[:MAX_KINDS]:
        samples = [sample for sample in dataset.samples if sample.kind == kind]
        examples = samples[:: -(-len(samples) // limit)]
        parts.append(tag("h3", f"{kind}: {len(examples):,} of {len(samples):,}"))
        parts.append(gallery(tiles(examples, lambda sample: sample.split)))
    return join(parts)


def _extremes(dataset: Dataset) -> Html:
    parts = [tag("h2", "Photos to check")]
    for title, key, caption in EXTREMES:
        parts.append(tag("h3", f"{title}: {_first_of(TILES, len(dataset.samples))}"))
        parts.append(gallery(tiles(_extreme(dataset, key, TILES), caption)))
    return join(parts)


def _first_of(limit: int, count: int) -> str:
    return f"first {limit:,} of {count:,}" if count > limit else f"{count:,}"
