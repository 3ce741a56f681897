"""A finished run -> one page, and each of its figures as a file.

In:    Outcome: dataset, curves, scores, answers, and what is needed to show why
Out:   report.html (one file, no network), figures/*.png
Needs: matplotlib                                                                          [train]
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from keykind.core.files import write_bytes
from keykind.core.html import Content, Html, Tile, chart, gallery, page, table, tag
from keykind.core.parallel import ordered
from keykind.dataset.dataset import Dataset
from keykind.evaluate import charts
from keykind.evaluate.metrics import OODMetrics, Scores
from keykind.evaluate.suggestions import suggest
from keykind.evaluate.thumbnails import MOST, Answer, Explainer, examples, of_each, views
from keykind.evaluate.wording import beside_published, between, right, score_table
from keykind.train.features import Plan
from keykind.train.head_training import Trained
from keykind.train.recipe import Recipe
from keykind.train.saliency import Saliency


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Everything a finished run knows."""

    dataset: Dataset
    recipe: Recipe
    plan: Plan
    folds: Sequence[Trained]
    fine_tuning: Mapping[str, Sequence[float]] | None
    all_layers: Sequence[Mapping[str, float]]  # epochs in which all layers were trained: loss, accuracy
    renders: int  # rendered photos that they saw besides
    best_fold: int
    scores: dict[str, Scores]  # of the test photos: "plain", "edge"
    calibrated: Scores  # plain, after the temperature
    temperature: float
    rejection: Mapping[str, OODMetrics]  # of each set of photos without a key
    attention: Saliency | None  # where the evidence stands, where rendered labels tell
    answers: tuple[Answer, ...]  # to the plain test photos
    explainer: Explainer
    facts: dict[str, str]  # how it was made, for the last table
    notice: str  # said in the page's first line; empty where there is nothing to say first


class Figures:
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
            self._write(name, charts.sheet(tiles))
        return gallery(tiles)

    def _write(self, name: str, picture: bytes) -> None:
        self._count += 1
        write_bytes(self._folder / f"{self._count:02}-{name}.png", picture)


def write_report(outcome: Outcome, figures_folder: Path) -> str:
    """Write the figures and return the page. The page carries its pictures itself.

    Raises CannotWrite for a full disk, BadPhoto where a photo went away meanwhile.
    """
    drawn = Figures(figures_folder)
    plain = outcome.scores["plain"]
    title = f"Weighted F1 {plain.weighted_f1:.2f} on {len(outcome.answers)} test photos"
    return page(
        title,
        tag("p", outcome.notice, class_="warning") if outcome.notice else None,
        tag("h1", "What kind of key is it? The run's report"),
        _answer(outcome),
        _data(outcome, drawn),
        _seen(outcome, drawn),
        _learned(outcome, drawn),
        _told(outcome, drawn),
        _why(outcome, drawn),
        _made(outcome),
    )


def _answer(outcome: Outcome) -> Iterable[Content]:
    plain, edge = outcome.scores["plain"], outcome.scores.get("edge")
    keys = sum(kind.keys for kind in plain.per_kind)
    commonest = max(plain.per_kind, key=lambda kind: kind.support)
    confused = [
        f"{count} of {plain.support(true)} {true} were called {answer}"
        for true, answer, count in plain.confusions()[:3]
    ]
    yield tag(
        "div",
        tag(
            "div",
            f"Weighted F1 {plain.weighted_f1:.2f} [{between(plain.intervals['weighted_f1'])}]",
            class_="big",
        ),
        tag(
            "p",
            f"on {len(outcome.answers)} test photos of {keys} physical keys. {right(plain)} answers are "
            f"right; always answering {commonest.kind} would give {commonest.support}. "
            f"Macro F1 {plain.macro_f1:.2f} [{between(plain.intervals['macro_f1'])}]. ",
            f"On their edge views the weighted F1 is {edge.weighted_f1:.2f}." if edge else None,
        ),
        tag("p", tag("strong", "Confused: "), "; ".join(confused) + "." if confused else "nothing."),
        class_="answer",
    )
    yield tag("h2", "What to photograph next")
    yield tag("ul", [tag("li", line) for line in suggest(outcome.dataset, plain, outcome.answers)])
    if outcome.dataset.warnings:
        yield tag("h2", "What the photos themselves say")
        yield tag("ul", [tag("li", warning) for warning in outcome.dataset.warnings])


def _data(outcome: Outcome, drawn: Figures) -> Iterable[Content]:
    dataset = outcome.dataset
    yield tag("h2", "Photos of each kind")
    yield drawn.chart(
        "class-counts",
        charts.class_counts(dataset.counts()),
        f"{len(dataset.samples)} photos, {len({sample.group for sample in dataset.samples})} physical keys.",
    )
    yield tag("h2", "Examples")
    for split in ("train", "test"):
        shown = of_each(dataset.of(split), lambda sample: sample)
        yield tag("h3", f"To {split}")
        yield drawn.gallery(f"examples-{split}", examples(shown))


def _seen(outcome: Outcome, drawn: Figures) -> Iterable[Content]:
    size = outcome.explainer.network.size
    shown = of_each(outcome.dataset.of("train"), lambda sample: sample, each=2)
    yield tag("h2", "What the network sees")
    yield tag(
        "p",
        f"Each photo is stretched to {size} × {size} px; the edge view is the strength of its Sobel edges.",
    )
    yield drawn.gallery("views-plain-edge", views(shown, outcome.plan, ("plain", "edge"), size))
    augmented = [view for view in outcome.recipe.views if view.endswith("_augmented")]
    if augmented:
        yield tag("h3", "Augmented")
        yield tag(
            "p", "Turned, zoomed and perhaps mirrored at random; empty areas are black. For training only."
        )
        yield drawn.gallery("views-augmented", views(shown, outcome.plan, augmented, size))


def _learned(outcome: Outcome, drawn: Figures) -> Iterable[Content]:
    yield tag("h2", "Learning")
    folds, best = len(outcome.folds), outcome.folds[outcome.best_fold]
    yield drawn.chart(
        "loss-and-accuracy",
        charts.curves([fold.history for fold in outcome.folds]),
        f"Mean over {folds} folds, bands from the lowest to the highest. Fold {outcome.best_fold + 1} had "
        f"the best validation accuracy ({best.val_accuracy:.2f}) and was "
        f"{'fine-tuned and ' if outcome.fine_tuning else ''}tested.",
    )
    if outcome.all_layers:
        besides = f" and {outcome.renders:,} rendered ones" if outcome.renders else ""
        yield tag("h3", "All layers")
        yield tag(
            "p",
            f"Then all layers were trained on strong views of that fold's photos{besides}, drawn anew each "
            "epoch: moved, coloured and worn as no photo is, so the accuracy is lower than on photos.",
        )
        rows = [
            (number, f"{epoch['loss']:.3f}", f"{epoch['accuracy']:.1%}")
            for number, epoch in enumerate(outcome.all_layers, 1)
        ]
        yield table(("epoch", "loss", "accuracy"), rows)
    if outcome.fine_tuning:
        layers = outcome.recipe.fine_tune_layers
        yield drawn.chart(
            "fine-tuning",
            charts.curves([outcome.fine_tuning]),
            f"Fine-tuning that fold's model: the network's last {layers} layers were trained too.",
        )


def _told(outcome: Outcome, drawn: Figures) -> Iterable[Content]:
    yield tag("h2", "What is confused with what")
    yield tag(
        "div",
        [
            drawn.chart(
                f"confusion-{view}",
                charts.confusion(scores, f"{view} photos"),
                f"Test photos, {view} view: weighted F1 {scores.weighted_f1:.3f}.",
            )
            for view, scores in outcome.scores.items()
        ],
        class_="charts",
    )
    yield tag("h2", "F1 of each kind")
    yield drawn.chart(
        "f1-per-kind", charts.f1_bars(outcome.scores), beside_published(outcome.scores["plain"])
    )
    for view, scores in outcome.scores.items():
        yield tag("h3", f"All scores, {view}")
        yield score_table(scores)
    yield tag("h2", "Do the probabilities mean what they say?")
    plain = outcome.scores["plain"]
    yield drawn.chart(
        "reliability",
        charts.reliability({"as trained": plain, "with temperature": outcome.calibrated}),
        f"Temperature {outcome.temperature:.2f}, fitted on validation photos. Expected calibration error "
        f"{plain.ece:.3f} before, {outcome.calibrated.ece:.3f} after. Larger dots stand for more answers.",
    )
    if outcome.rejection:
        yield tag("h2", "Does it know what is no key?")
        yield from _refused(outcome.rejection)


def _refused(rejection: Mapping[str, OODMetrics]) -> Iterable[Content]:
    one = next(iter(rejection.values()))
    yield tag(
        "p",
        f"Of the {one.keys} test photos it refuses, wrongly, {1 - one.keys_passed:.0%}. The last column: how "
        "many photos without a key pass where 95% of the test photos do.",
    )
    rows = [
        (name, of.negatives, f"{of.negatives_rejected:.0%}", f"{of.auroc:.3f}", f"{of.fpr95:.0%}")
        for name, of in rejection.items()
    ]
    yield table(("photos without a key", "photos", "refused", "AUROC", "FPR at 95% TPR"), rows)


def _why(outcome: Outcome, drawn: Figures) -> Iterable[Content]:
    explainer = outcome.explainer
    shown = of_each(outcome.answers, lambda answer: answer.sample)
    yield tag("h2", "Where it looks")
    yield tag("p", "Grad-CAM for the answer: yellow where the evidence stands, violet where there is none.")
    if outcome.attention:
        yield from _attention(outcome.attention)
    explained = ordered(lambda answer: explainer.show(answer, [answer.kind]), shown)
    yield drawn.gallery("grad-cam", [tiles[1] for tiles in explained])
    wrong = sorted(
        (answer for answer in outcome.answers if not answer.right), key=lambda answer: -answer.probability
    )
    yield tag("h2", "Wrong answers")
    if not wrong:
        yield tag("p", "There are none.")
        return
    few = wrong[: MOST // 2]
    yield tag(
        "p", f"{len(few)} of {len(wrong)}, the surest first. Each caption: true kind → answer, probability."
    )
    explained = ordered(lambda answer: explainer.show(answer, [answer.kind, answer.sample.kind]), few)
    crops, *maps = zip(*explained, strict=True)
    yield drawn.gallery("misclassified", crops)
    yield tag("h3", "Why: the evidence for the answer, then for the true kind")
    yield drawn.gallery("misclassified-grad-cam", [tile for pair in zip(*maps, strict=True) for tile in pair])


def _attention(attention: Saliency) -> Iterable[Content]:
    yield tag(
        "p",
        f"The labels of {attention.photos} rendered test photos say which pixel shows a blade. So much of "
        "the evidence stands on each part, and so much of what the network sees is that part.",
    )
    rows = [(part, f"{share:.0%}", f"{attention.area[part]:.0%}") for part, share in attention.energy.items()]
    yield table(("part", "of the evidence", "of the picture"), rows)


def _made(outcome: Outcome) -> Iterable[Content]:
    yield tag("h2", "How it was made")
    yield table(("what", "value"), outcome.facts.items())
    if outcome.dataset.faults:
        yield tag("h3", "Photos that could not be read")
        yield table(("photo", "reason"), [(fault.name, fault.reason) for fault in outcome.dataset.faults])
