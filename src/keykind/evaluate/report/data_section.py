"""The photos of a run -> the sections about them: counts, examples, what the network is shown.

In:    ReportData
Out:   Section(s)
Needs: keras, tensorflow, matplotlib, scikit-learn, scipy                                  [train]
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from keykind.core.html import Content, Html, Tile, table, tag
from keykind.dataset.samples import Sample
from keykind.detect.align import ASPECT_RATIO
from keykind.evaluate import charts
from keykind.evaluate.report.bars import Bar, bar_chart
from keykind.evaluate.report.data import FigureWriter, ReportData, Section, gallery_state
from keykind.evaluate.report.galleries import by_kind, kind_row, kind_rows, picture, strip
from keykind.evaluate.thumbnails import examples_per_kind, make_tile, photo_tiles, view_tiles
from keykind.evaluate.wording import photos
from keykind.model.card import KEY
from keykind.train.augment import CONTEXT_SCALE
from keykind.train.features import read_crop
from keykind.train.full_finetune import LARGE_CROP, ViewTask

VIEWS_PER_KIND = 2  # photos whose views are shown
MAX_VIEWED = 24  # of all kinds, to keep the page small
STRONG_VIEWS = 4  # of each of them
STRONG_SEED = 20  # of the views shown; those trained on are drawn anew in each epoch


def data_section(data: ReportData, figures: FigureWriter) -> Section:
    """Return counts and examples of each kind."""
    dataset = data.dataset
    counts = dataset.counts()
    groups = data.subject.counted(len({sample.group for sample in dataset.samples}))
    figures.save("class-counts", charts.class_counts(counts))
    most = max(max(count.values()) for count in counts.values())
    bars = {
        kind: [Bar(count[split] / most, f"{count[split]:,}") for split in ("train", "test")]
        for kind, count in counts.items()
    }
    line = f"{photos(len(dataset.samples))} of {groups} in {len(dataset.kinds)} kinds"
    content: list[Content | Iterable[Content]] = [
        bar_chart(("training", "test"), bars, f"Photos of each kind. {line}."),
        _examples(data, figures),
    ]
    if dataset.read_errors:
        rows = [(error.name, error.reason) for error in dataset.read_errors]
        content += [tag("h3", "Unreadable photos"), table(("photo", "reason"), rows)]
    return Section("data", "Data", line, content, gallery_state(data))


def _examples(data: ReportData, figures: FigureWriter) -> Html:
    kinds = data.dataset.kinds
    shown = {}
    for split in ("train", "test"):
        samples = examples_per_kind(data.dataset.subset(split), lambda sample: sample)
        tiles = photo_tiles(samples)
        figures.save_tiles(f"examples-{split}", tiles)
        shown[split] = by_kind(kinds, _with_kinds(samples, tiles))
    counts = data.dataset.counts()
    rows = [
        kind_row(
            kind,
            f"{counts[kind]['train']:,} for training, {counts[kind]['test']:,} for the test",
            [
                strip(shown[split][kind], title, "square")
                for split, title in (("train", "training"), ("test", "test"))
                if shown[split][kind]
            ],
        )
        for kind in kinds
        if shown["train"][kind] or shown["test"][kind]
    ]
    most = max(sum(len(shown[split][kind]) for split in shown) for kind in kinds)
    return tag("div", tag("h3", "Examples"), kind_rows(rows, most))


def _with_kinds(samples: Sequence[Sample], tiles: Sequence[Tile]) -> Iterator[tuple[str, Html]]:
    for sample, tile in zip(samples, tiles, strict=True):
        yield sample.kind, picture(tile, sample.name.rsplit("/", 1)[-1])


def input_section(data: ReportData, figures: FigureWriter) -> Section:
    """Return the views of a few photos as the network is shown them, in training too."""
    size, recipe = data.explainer.network.size, data.recipe
    training = data.dataset.subset("train")
    samples = examples_per_kind(training, lambda sample: sample, VIEWS_PER_KIND)[:MAX_VIEWED]
    augmented = [view for view in recipe.views if view.endswith("_augmented")]
    what = "The detected key, or else the whole photo," if recipe.crop == KEY else "Each photo"
    content: list[Content | Iterable[Content]] = [
        tag(
            "p", f"{what} is stretched to {size} × {size} px; the edge view is its Sobel gradient magnitude."
        ),
        _views(data, figures, "views-plain-edge", samples, ("plain", "edge")),
    ]
    if augmented:
        content += [
            tag("h3", "Augmented views, to train the head on"),
            tag("p", "Randomly rotated, zoomed and flipped; empty areas are black. Used in training only."),
            _views(data, figures, "views-augmented", samples, augmented),
        ]
    if data.full_fine_tuning:
        content += _strong_views(data, figures, samples)
    line = "what the network is shown, and trained on"
    return Section("input", "Network input", line, content, gallery_state(data))


def _views(
    data: ReportData, figures: FigureWriter, name: str, samples: Sequence[Sample], views: Sequence[str]
) -> Html:
    tiles = view_tiles(samples, data.plan, views, data.explainer.network.size)
    figures.save_tiles(name, tiles)
    owners = [sample for sample in samples for _ in views]
    captions = [view.replace("_", " ") for _ in samples for view in views]
    return _rows(data, owners, tiles, captions)


def _strong_views(
    data: ReportData, figures: FigureWriter, samples: Sequence[Sample]
) -> Iterator[Content | Iterable[Content]]:
    recipe, aligned = data.recipe, data.recipe.crop == KEY
    crops = [read_crop(sample, LARGE_CROP, CONTEXT_SCALE if aligned else 1.0) for sample in samples]
    task = ViewTask(np.stack(crops), np.zeros(len(crops), np.intp), len(data.dataset.kinds), recipe, aligned)
    size = max(recipe.full_fine_tuning_sizes)
    tiles = [
        make_tile(task.view(i, size, np.random.default_rng([STRONG_SEED, i, view])), sample.kind)
        for i, sample in enumerate(samples)
        for view in range(STRONG_VIEWS)
    ]
    figures.save_tiles("views-strong", tiles)
    drawn = (
        f"Drawn anew in each of the {len(data.full_fine_tuning)} epochs: other pose and proportions, "
        "exposure, colours, sharpness, noise, compression; some are partly covered."
    )
    if aligned:
        drawn += (
            f" They are stretched from {ASPECT_RATIO:g} : 1, and turned and shifted as detections may be."
        )
    yield tag("h3", "Augmented views, to train all layers on")
    yield tag("p", drawn)
    owners = [sample for sample in samples for _ in range(STRONG_VIEWS)]
    yield _rows(data, owners, tiles, [""] * len(tiles))


def _rows(data: ReportData, owners: Sequence[Sample], tiles: Sequence[Tile], captions: Sequence[str]) -> Html:
    """Return a row per kind; owners: the sample of each tile."""
    items = zip(owners, tiles, captions, strict=True)
    groups = by_kind(
        data.dataset.kinds, [(owner.kind, picture(tile, caption)) for owner, tile, caption in items]
    )
    rows = [
        kind_row(kind, "", [strip(pictures, None, "square")]) for kind, pictures in groups.items() if pictures
    ]
    return kind_rows(rows, max(map(len, groups.values())))
