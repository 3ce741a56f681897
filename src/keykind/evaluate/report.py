"""A finished run -> report page, and each of its figures as a file.

In:    ReportData: dataset, training curves, scores, predictions, the network for Grad-CAM
Out:   report.html (one file, no network), figures/*.png
Needs: keras, tensorflow, matplotlib, scikit-learn, scipy                                  [train]
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from keykind.core.files import write_bytes
from keykind.core.html import Content, Html, Tile, chart, gallery, page, table, tag
from keykind.core.parallel import parallel_map
from keykind.dataset.samples import Dataset
from keykind.evaluate import charts
from keykind.evaluate.metrics import OODMetrics, Scores
from keykind.evaluate.suggestions import suggest
from keykind.evaluate.thumbnails import (
    MAX_TILES,
    Explainer,
    PhotoPrediction,
    examples_per_kind,
    photo_tiles,
    view_tiles,
)
from keykind.evaluate.wording import correct_count, f1_caption, format_interval, score_table
from keykind.train.features import Plan
from keykind.train.head_training import TrainedHead
from keykind.train.recipe import Recipe
from keykind.train.saliency import Saliency


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """Everything that the report of a finished run contains."""

    dataset: Dataset
    recipe: Recipe
    plan: Plan
    folds: Sequence[TrainedHead]
    fine_tuning: Mapping[str, Sequence[float]] | None  # curves of partial fine-tuning
    full_fine_tuning: Sequence[Mapping[str, float]]  # its epochs: loss, accuracy
    renders: int  # rendered photos added in full fine-tuning
    best_fold: int
    scores: dict[str, Scores]  # of the test photos: "plain", "edge"
    calibrated: Scores  # plain, with the temperature
    temperature: float
    ood: Mapping[str, OODMetrics]  # by set of photos without a key
    saliency: Saliency | None  # None without rendered labels
    predictions: tuple[PhotoPrediction, ...]  # on the plain test photos
    explainer: Explainer
    details: dict[str, str]  # of the run: setting -> value
    notice: str  # first line of the page; empty for none


class FigureWriter:
    """Writes each figure of the page to the run's folder, numbered in the order of the page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def chart(self, name: str, figure: Figure, caption: str) -> Html:
        """Write the chart as PNG and return it as HTML."""
        self._write(name, charts.png(figure))
        return chart(charts.svg(figure), caption)

    def gallery(self, name: str, tiles: Sequence[Tile]) -> Html:
        """Write the tiles as one PNG and return them as HTML."""
        if tiles:
            self._write(name, charts.contact_sheet(tiles))
        return gallery(tiles)

    def _write(self, name: str, data: bytes) -> None:
        self._count += 1
        write_bytes(self._folder / f"{self._count:02}-{name}.png", data)


def write_report(data: ReportData, figures_folder: Path) -> str:
    """Write the figures and return the page, which embeds them.

    Raises CannotWrite for a full disk, BadPhoto if a photo has been removed meanwhile.
    """
    figures = FigureWriter(figures_folder)
    plain = data.scores["plain"]
    title = f"Weighted F1 {plain.weighted_f1:.2f} on {len(data.predictions)} test photos"
    return page(
        title,
        tag("p", data.notice, class_="warning") if data.notice else None,
        tag("h1", "Key classification: report of the run"),
        _summary(data),
        _photos(data, figures),
        _network_input(data, figures),
        _training(data, figures),
        _scores(data, figures),
        _grad_cam(data, figures),
        _details(data),
    )


def _summary(data: ReportData) -> Iterable[Content]:
    plain, edge = data.scores["plain"], data.scores.get("edge")
    keys = sum(kind.keys for kind in plain.per_kind)
    commonest = max(plain.per_kind, key=lambda kind: kind.support)
    confusions = [
        f"{count} of {plain.support(true)} {true} predicted as {predicted}"
        for true, predicted, count in plain.confusions()[:3]
    ]
    yield tag(
        "div",
        tag(
            "div",
            f"Weighted F1 {plain.weighted_f1:.2f} [{format_interval(plain.intervals['weighted_f1'])}]",
            class_="big",
        ),
        tag(
            "p",
            f"on {len(data.predictions)} test photos of {keys} physical keys. {correct_count(plain)} "
            f"predictions are correct; always predicting {commonest.kind} would give {commonest.support}. "
            f"Macro F1 {plain.macro_f1:.2f} [{format_interval(plain.intervals['macro_f1'])}]. ",
            f"On their edge views the weighted F1 is {edge.weighted_f1:.2f}." if edge else None,
        ),
        tag("p", tag("strong", "Confused: "), "; ".join(confusions) + "." if confusions else "nothing."),
        class_="answer",
    )
    yield tag("h2", "What to photograph next")
    yield tag("ul", [tag("li", line) for line in suggest(data.dataset, plain, data.predictions)])
    if data.dataset.warnings:
        yield tag("h2", "Dataset warnings")
        yield tag("ul", [tag("li", warning) for warning in data.dataset.warnings])


def _photos(data: ReportData, figures: FigureWriter) -> Iterable[Content]:
    dataset = data.dataset
    yield tag("h2", "Photos of each kind")
    yield figures.chart(
        "class-counts",
        charts.class_counts(dataset.counts()),
        f"{len(dataset.samples)} photos, {len({sample.group for sample in dataset.samples})} physical keys.",
    )
    yield tag("h2", "Examples")
    for split, title in (("train", "Training"), ("test", "Test")):
        samples = examples_per_kind(dataset.subset(split), lambda sample: sample)
        yield tag("h3", title)
        yield figures.gallery(f"examples-{split}", photo_tiles(samples))


def _network_input(data: ReportData, figures: FigureWriter) -> Iterable[Content]:
    size = data.explainer.network.size
    samples = examples_per_kind(data.dataset.subset("train"), lambda sample: sample, per_kind=2)
    yield tag("h2", "Network input")
    yield tag(
        "p", f"Each photo is stretched to {size} × {size} px; the edge view is its Sobel gradient magnitude."
    )
    yield figures.gallery("views-plain-edge", view_tiles(samples, data.plan, ("plain", "edge"), size))
    augmented = [view for view in data.recipe.views if view.endswith("_augmented")]
    if augmented:
        yield tag("h3", "Augmented")
        yield tag("p", "Randomly rotated, zoomed and flipped; empty areas are black. Used in training only.")
        yield figures.gallery("views-augmented", view_tiles(samples, data.plan, augmented, size))


def _training(data: ReportData, figures: FigureWriter) -> Iterable[Content]:
    yield tag("h2", "Training curves")
    folds, best = len(data.folds), data.folds[data.best_fold]
    yield figures.chart(
        "loss-and-accuracy",
        charts.training_curves([fold.history for fold in data.folds]),
        f"Mean over {folds} folds; the bands range from the lowest to the highest. Fold {data.best_fold + 1} "
        f"had the best validation accuracy ({best.val_accuracy:.2f}) and was "
        f"{'fine-tuned and ' if data.fine_tuning else ''}tested.",
    )
    if data.full_fine_tuning:
        renders = f" and {data.renders:,} rendered photos" if data.renders else ""
        yield tag("h3", "Full fine-tuning")
        yield tag(
            "p",
            f"All layers were then trained on that fold's photos{renders}, with strong augmentation drawn "
            "anew in each epoch, so the accuracy is lower than on plain photos.",
        )
        rows = [
            (i, f"{epoch['loss']:.3f}", f"{epoch['accuracy']:.1%}")
            for i, epoch in enumerate(data.full_fine_tuning, 1)
        ]
        yield table(("epoch", "loss", "accuracy"), rows)
    if data.fine_tuning:
        layers = data.recipe.fine_tune_layers
        yield figures.chart(
            "fine-tuning",
            charts.training_curves([data.fine_tuning]),
            f"Fine-tuning of that fold's model, with the last {layers} layers of the network trainable.",
        )


def _scores(data: ReportData, figures: FigureWriter) -> Iterable[Content]:
    yield tag("h2", "Confusion matrices")
    yield tag(
        "div",
        [
            figures.chart(
                f"confusion-{view}",
                charts.confusion(scores, f"{view} photos"),
                f"Test photos, {view} view: weighted F1 {scores.weighted_f1:.3f}.",
            )
            for view, scores in data.scores.items()
        ],
        class_="charts",
    )
    yield tag("h2", "F1 per kind")
    yield figures.chart("f1-per-kind", charts.f1_bars(data.scores), f1_caption(data.scores["plain"]))
    for view, scores in data.scores.items():
        yield tag("h3", f"All scores, {view} view")
        yield score_table(scores)
    yield tag("h2", "Calibration")
    plain = data.scores["plain"]
    yield figures.chart(
        "reliability",
        charts.reliability_diagram({"uncalibrated": plain, "calibrated": data.calibrated}),
        f"Temperature {data.temperature:.2f}, fitted on validation photos. Expected calibration error "
        f"{plain.ece:.3f} before, {data.calibrated.ece:.3f} after. Larger dots stand for more photos.",
    )
    if data.ood:
        yield tag("h2", "Rejecting photos without a key")
        yield from _rejection(data.ood)


def _rejection(ood: Mapping[str, OODMetrics]) -> Iterable[Content]:
    first = next(iter(ood.values()))
    yield tag(
        "p",
        f"{1 - first.keys_passed:.0%} of the {first.keys} test photos are wrongly rejected. FPR at 95% TPR: "
        "the share of photos without a key accepted at the threshold that accepts 95% of the test photos.",
    )
    rows = [
        (
            name,
            metrics.negatives,
            f"{metrics.negatives_rejected:.0%}",
            f"{metrics.auroc:.3f}",
            f"{metrics.fpr95:.0%}",
        )
        for name, metrics in ood.items()
    ]
    yield table(("photos without a key", "photos", "rejected", "AUROC", "FPR at 95% TPR"), rows)


def _grad_cam(data: ReportData, figures: FigureWriter) -> Iterable[Content]:
    explainer = data.explainer
    samples = examples_per_kind(data.predictions, lambda prediction: prediction.sample)
    yield tag("h2", "Where the network looks")
    yield tag("p", "Grad-CAM for the predicted kind: yellow for strong evidence, violet for none.")
    if data.saliency:
        yield from _saliency(data.saliency)
    explained = parallel_map(lambda prediction: explainer.explain(prediction, [prediction.kind]), samples)
    yield figures.gallery("grad-cam", [tiles[1] for tiles in explained])
    wrong = sorted(
        (prediction for prediction in data.predictions if not prediction.correct),
        key=lambda prediction: -prediction.probability,
    )
    yield tag("h2", "Misclassified photos")
    if not wrong:
        yield tag("p", "There are none.")
        return
    first = wrong[: MAX_TILES // 2]
    yield tag(
        "p",
        f"{len(first)} of {len(wrong)}, highest confidence first. Captions: true kind → predicted kind, "
        "probability.",
    )
    explained = parallel_map(
        lambda prediction: explainer.explain(prediction, [prediction.kind, prediction.sample.kind]), first
    )
    crops, *maps = zip(*explained, strict=True)
    yield figures.gallery("misclassified", crops)
    yield tag("h3", "Grad-CAM for the predicted kind, then for the true kind")
    yield figures.gallery(
        "misclassified-grad-cam", [tile for pair in zip(*maps, strict=True) for tile in pair]
    )


def _saliency(saliency: Saliency) -> Iterable[Content]:
    yield tag(
        "p",
        f"Share of the evidence on each part of the key in {saliency.photos} rendered test photos with "
        "labels, and the share of the crop that the part covers.",
    )
    rows = [(part, f"{share:.0%}", f"{saliency.area[part]:.0%}") for part, share in saliency.energy.items()]
    yield table(("part", "of the evidence", "of the crop"), rows)


def _details(data: ReportData) -> Iterable[Content]:
    yield tag("h2", "Run details")
    yield table(("setting", "value"), data.details.items())
    if data.dataset.read_errors:
        yield tag("h3", "Unreadable photos")
        rows = [(error.name, error.reason) for error in data.dataset.read_errors]
        yield table(("photo", "reason"), rows)
