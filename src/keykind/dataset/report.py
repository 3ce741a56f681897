"""Dataset -> what a person should see of it before training.

In:    a Dataset
Out:   text for a terminal, facts for JSON, one self-contained HTML page with pictures
Needs: numpy, pillow
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.core.html import Html, Tile, gallery, join, page, table, tag
from keykind.core.parallel import ordered
from keykind.dataset.dataset import Dataset, Sample
from keykind.dataset.listing import short, some
from keykind.photo import decode

LINES = 10  # of one list in the text
ROWS = 200  # of one table on the page
TILES = 16  # pictures in one gallery: two rows on a desk
KINDS = 40  # kinds in the text, and with pictures on the page
KIND_TILES = 128  # pictures of all kinds together
CLUSTERS = 24  # leaks, or clusters of duplicates, with pictures
CLUSTER_TILES = 4  # pictures of one cluster
THUMBNAIL = 176  # longest side of a picture on the page, px
QUALITIES = (80, 60, 40, 20)  # of JPEG, tried in turn
MAX_BYTES = 12_000  # of one picture: 432 of them in base64 are 6.9 MB, so a page stays below 10 MB

EXTREMES: tuple[tuple[str, Callable[[Sample], float], Callable[[Sample], str]], ...] = (
    ("Blurriest", lambda one: one.sharpness, lambda one: f"sharpness {one.sharpness:,.0f}"),
    ("Darkest", lambda one: one.brightness, lambda one: f"brightness {one.brightness:.2f}"),
    ("Brightest", lambda one: -one.brightness, lambda one: f"brightness {one.brightness:.2f}"),
    ("Smallest", lambda one: one.width * one.height, lambda one: f"{one.width} × {one.height} px"),
)  # title, what the photos are sorted by, what is said of each


def facts(dataset: Dataset) -> dict[str, Any]:
    """Return all that is known of a dataset as values that JSON can hold, paths on this disk excepted."""
    return {
        "photos": len(dataset.samples),
        "kinds": list(dataset.kinds),
        "counts": dataset.counts(),
        "groups": _groups(dataset.samples),
        "samples": [_sample_facts(sample) for sample in dataset.samples],
        "left_out": [_sample_facts(sample) for sample in dataset.left_out],
        "faults": [asdict(fault) for fault in dataset.faults],
        "warnings": list(dataset.warnings),
        "duplicates": [list(names) for names in dataset.duplicates],
        "near_duplicates": [list(names) for names in dataset.near_duplicates],
        "leaks": [asdict(leak) for leak in dataset.leaks],
    }


def text(dataset: Dataset) -> str:
    """Return a dataset in a few dozen lines for a terminal, whatever its size."""
    parts = [
        [_headline(dataset), _sizes(dataset.samples)],
        _columns(["kind", "train", "test", "keys"], _count_rows(dataset)),
        _listed("faults", [f"{fault.name}: {fault.reason}" for fault in dataset.faults]),
        _listed("leaks", [f"{leak.train} = {leak.test} ({leak.why})" for leak in dataset.leaks]),
        _listed("duplicates", [some(names, " = ") for names in dataset.duplicates]),
        _listed("near duplicates", [some(names, " ~ ") for names in dataset.near_duplicates]),
        [
            f"{title.lower():<10} "
            + ", ".join(f"{one.name} ({say(one)})" for one in _extreme(dataset, key, 3))
            for title, key, say in EXTREMES
        ],
        _listed("warnings", dataset.warnings),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def html(dataset: Dataset) -> str:
    """Return one page with pictures, below 10 MB however many photos there are.

    The pictures are encoded anew from their pixels: no EXIF, no place, no camera.
    """
    return page(
        "Inspection of the photos",
        tag("h1", "Inspection of the photos"),
        _answer(dataset),
        _warnings(dataset.warnings),
        _balance(dataset),
        _faults(dataset),
        _leaks(dataset),
        _duplicates(dataset),
        _near_duplicates(dataset),
        _kinds(dataset),
        _extremes(dataset),
    )


def _sample_facts(sample: Sample) -> dict[str, Any]:
    return {name: value for name, value in asdict(sample).items() if name != "path"}


def _groups(samples: Iterable[Sample]) -> int:
    return len({sample.group for sample in samples})


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _headline(dataset: Dataset) -> str:
    keys = _number(_groups(dataset.samples), "physical key")
    return f"{_number(len(dataset.samples), 'usable photo')} of {_number(len(dataset.kinds), 'kind')}, {keys}"


def _sizes(samples: Sequence[Sample]) -> str:
    """Say how large the photos are by their shorter sides."""
    sides = [min(sample.width, sample.height) for sample in samples]
    return f"shorter sides {min(sides):,} to {max(sides):,} px, half of them at least {median(sides):,.0f} px"


def _count_rows(dataset: Dataset) -> list[list[str | int]]:
    """Return a row for each kind and one for all: name, training photos, test photos, physical keys."""
    groups = Counter(kind for kind, _ in {(sample.kind, sample.group) for sample in dataset.samples})
    rows: list[list[str | int]] = [
        [kind, counts["train"], counts["test"], groups[kind]] for kind, counts in dataset.counts().items()
    ]
    total = [len(dataset.of("train")), len(dataset.of("test")), _groups(dataset.samples)]
    return [*rows, ["all", *total]]


def _columns(head: Sequence[str], rows: Sequence[Sequence[str | int]]) -> list[str]:
    cells = [head, *([f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows)]
    first = max(len(row[0]) for row in cells)
    lines = [row[0].ljust(first) + "".join(cell.rjust(8) for cell in row[1:]) for row in cells]
    return (
        lines if len(lines) <= KINDS else [*lines[:KINDS], f"and {len(lines) - KINDS - 1:,} more", lines[-1]]
    )


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  and {len(lines) - LINES:,} more"] if len(lines) > LINES else []
    return [f"{title} {len(lines):,}", *(f"  {line}" for line in lines[:LINES]), *more]


def _extreme(dataset: Dataset, key: Callable[[Sample], float], count: int) -> list[Sample]:
    return sorted(dataset.samples, key=key)[:count]


def _answer(dataset: Dataset) -> Html:
    counts = [(len(dataset.of(split)), f"{split} photo") for split in ("train", "test")]
    troubles = [
        (len(dataset.left_out), "left-out photo"),
        (len(dataset.faults), "unreadable file"),
        (len(dataset.leaks), "leak"),
        (len(dataset.duplicates), "duplicate cluster"),
    ]
    return tag(
        "div",
        tag("div", _headline(dataset), class_="big"),
        tag("div", ", ".join(_number(*one) for one in counts + troubles)),
        tag("div", _sizes(dataset.samples), class_="soft"),
        class_="answer",
    )


def _warnings(warnings: Sequence[str]) -> Html:
    return join(
        tag("p", sentence, class_="warning", style="overflow-wrap: anywhere") for sentence in warnings
    )


def _balance(dataset: Dataset) -> Html:
    rows = _count_rows(dataset)[:-1]
    largest = max(int(train) + int(test) for _, train, test, _ in rows)
    bars = [[*row, _bar(int(row[1]) / largest, int(row[2]) / largest)] for row in rows[:ROWS]]
    head = ["kind", "train", "test", "physical keys", "train + test"]
    return join([tag("h2", f"Kinds: {_first_of(ROWS, len(rows))}"), table(head, bars)])


def _bar(train: float, test: float) -> Html:
    """Return a bar of two parts, each 0..1 of the width, in the colour of the text."""
    return Html(
        '<svg style="width: min(15rem, 24vw); height: .75rem" viewBox="0 0 1 1" preserveAspectRatio="none" '
        f'fill="currentColor" aria-hidden="true"><rect width="{train:.4f}" height="1"/>'
        f'<rect x="{train:.4f}" width="{test:.4f}" height="1" opacity=".4"/></svg>'
    )


def _faults(dataset: Dataset) -> Html | None:
    if not dataset.faults:
        return None
    rows = [[fault.name, fault.reason] for fault in dataset.faults[:ROWS]]
    title = tag("h2", f"Unreadable files: {_first_of(ROWS, len(dataset.faults))}")
    return join([title, table(["file", "reason"], rows)])


def _leaks(dataset: Dataset) -> Html | None:
    said = "Training photos and the test photos that they give away."
    return _panels(dataset, "Leaks", said, [(leak.why, (leak.train, leak.test)) for leak in dataset.leaks])


def _duplicates(dataset: Dataset) -> Html | None:
    said = "Files with equal bytes."
    return _panels(dataset, "Duplicates", said, [_labelled(names) for names in dataset.duplicates])


def _near_duplicates(dataset: Dataset) -> Html | None:
    said = (
        "Photos that look the same: saved again, rescaled, brightened, or of one burst. "
        "They count as one physical key and stay on one side of every split."
    )
    return _panels(dataset, "Near duplicates", said, [_labelled(names) for names in dataset.near_duplicates])


def _labelled(names: Sequence[str]) -> tuple[str, Sequence[str]]:
    return f"{_first_of(CLUSTER_TILES, len(names))} photos", names


def _panels(
    dataset: Dataset, title: str, said: str, clusters: Sequence[tuple[str, Sequence[str]]]
) -> Html | None:
    """Return a panel for each cluster (label, names), its photos side by side; nothing without clusters."""
    if not clusters:
        return None
    samples = {sample.name: sample for sample in (*dataset.samples, *dataset.left_out)}
    panels = []
    for label, names in clusters[:CLUSTERS]:
        shown = [samples[name] for name in names[:CLUSTER_TILES]]
        tiles = gallery(_tiles(shown, lambda one: f"{one.split}, {one.kind}"))
        width = f"width: {8.5 * len(shown) + 2}rem; max-width: 100%; margin: 0"
        panels.append(tag("div", tag("div", label, class_="soft"), tiles, class_="answer", style=width))
    row = tag("div", panels, style="display: flex; flex-wrap: wrap; gap: .75rem")
    return join([tag("h2", f"{title}: {_first_of(CLUSTERS, len(clusters))}"), tag("p", said), row])


def _kinds(dataset: Dataset) -> Html:
    """Return photos of each kind, taken evenly from all it has."""
    most = max(3, min(TILES, KIND_TILES // len(dataset.kinds)))
    parts = [tag("h2", f"Photos of each kind: {_first_of(KINDS, len(dataset.kinds))}")]
    for kind in dataset.kinds[:KINDS]:
        own = [sample for sample in dataset.samples if sample.kind == kind]
        shown = own[:: -(-len(own) // most)]
        parts.append(tag("h3", f"{kind}: {len(shown):,} of {len(own):,}"))
        parts.append(gallery(_tiles(shown, lambda one: one.split)))
    return join(parts)


def _extremes(dataset: Dataset) -> Html:
    parts = [tag("h2", "Photos to look at twice")]
    for title, key, say in EXTREMES:
        parts.append(tag("h3", f"{title}: {_first_of(TILES, len(dataset.samples))}"))
        parts.append(gallery(_tiles(_extreme(dataset, key, TILES), say)))
    return join(parts)


def _first_of(shown: int, count: int) -> str:
    return f"first {shown:,} of {count:,}" if count > shown else f"{count:,}"


def _tiles(samples: Iterable[Sample], say: Callable[[Sample], str]) -> Iterator[Tile]:
    """Yield small pictures, each with the photo's name and what is said of it."""
    samples = list(samples)
    for sample, picture in zip(samples, ordered(_thumbnail, samples), strict=True):
        yield Tile(picture, f"{short(sample.name)}: {say(sample)}")


def _thumbnail(sample: Sample) -> bytes:
    """Return a JPEG of at most MAX_BYTES, of the pixels alone; an empty one if the photo is gone."""
    try:
        image = Image.fromarray(decode.read(sample.path, at_least=THUMBNAIL).pixels)
    except BadPhoto:
        image = Image.new("RGB", (THUMBNAIL, THUMBNAIL), "grey")
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= MAX_BYTES:
            break
    return buffer.getvalue()
