"""Predictions -> cards of wrong photos with the evidence for either kind; the right photos, folded.

In:    ReportData
Out:   Section: each card names its cell of the confusion matrix, which chooses it
Needs: keras, tensorflow, matplotlib, scikit-learn, scipy                                  [train]
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from keykind.core.html import Content, Html, Tile, image, tag
from keykind.core.parallel import parallel_map
from keykind.evaluate.report.confusion import cell_id
from keykind.evaluate.report.data import OPEN, FigureWriter, ReportData, Section
from keykind.evaluate.report.galleries import picture
from keykind.evaluate.thumbnails import MAX_TILES, PhotoPrediction, photo_tile, photo_tiles
from keykind.evaluate.wording import photos, shorten
from keykind.model.card import KEY

T = TypeVar("T")
WITHOUT_INPUT = 3  # pictures of a card: the photo, and the maps of two kinds
MAX_CARDS = {"plain": 48}  # wrong photos shown of each view
MAX_OTHER_CARDS = 16  # of other views
MAX_RIGHT = 60  # right photos shown in all, the least probable of each kind
MAX_NAMES = 500  # wrong photos that are only named


def cards_section(data: ReportData, figures: FigureWriter) -> Section:
    """Return the wrong photos of each view as cards, and right ones, folded."""
    wrong = {view: _wrong(predictions) for view, predictions in data.predictions.items()}
    first, *others = wrong
    content: list[Content | Iterable[Content]] = [
        tag(
            "p",
            tag("span", _count_text(data, first, wrong[first]), role="status"),
            " ",
            tag("button", "Show all", type="button", class_="clear", hidden=""),
            class_="filter",
        ),
        _cards(data, figures, first, wrong[first]),
    ]
    content += [
        foldable(f"wrong-{view}", f"Wrong in the {view} view: {len(wrong[view]):,}", cards)
        for view in others
        if (cards := _cards(data, figures, view, wrong[view]))
    ]
    content.append(foldable("right", "Right photos", *_right(data)))
    line = photos(len(wrong[first]), "wrong test") if wrong[first] else "none"
    return Section("wrong", "Wrong photos", line, content, OPEN)


def foldable(id_: str, title: str, *content: Content | Iterable[Content], is_open: bool = False) -> Html:
    """Return a list of photos that is unfolded if one of its photos is chosen by a cell."""
    attributes = {"open": ""} if is_open else {}
    return tag("details", tag("summary", title), *content, id=id_, class_="unprinted", **attributes)


def _wrong(predictions: Sequence[PhotoPrediction]) -> list[PhotoPrediction]:
    """Return the wrong predictions, highest probability first."""
    wrong = [prediction for prediction in predictions if not prediction.correct]
    return sorted(wrong, key=lambda prediction: -prediction.probability)


def _count_text(data: ReportData, view: str, wrong: Sequence[PhotoPrediction]) -> str:
    if not wrong:
        return f"There are none: all {photos(len(data.predictions[view]), 'test')} are right."
    shown = min(len(wrong), _limit(view))
    of_all = f"{shown} of " if shown < len(wrong) else ""
    return f"{of_all}{photos(len(wrong), 'wrong')}, highest probability first."


def _limit(view: str) -> int:
    return MAX_CARDS.get(view, MAX_OTHER_CARDS)


def chosen_cards(wrong: Sequence[PhotoPrediction], limit: int) -> list[PhotoPrediction]:
    """Return at most `limit` predictions in their order: the first of each confusion, then the second, ..."""
    return first_of_each(wrong, limit, lambda prediction: (prediction.sample.kind, prediction.kind))


def first_of_each(items: Sequence[T], limit: int, confusion: Callable[[T], Hashable]) -> list[T]:
    """Return at most `limit` items in their order: the first of each confusion, then the second, ..."""
    seen: dict[Hashable, int] = defaultdict(int)
    ranked = []
    for i, item in enumerate(items):
        ranked.append((seen[confusion(item)], i))
        seen[confusion(item)] += 1
    return [items[i] for i in sorted(i for _, i in sorted(ranked)[:limit])]


def _cards(
    data: ReportData, figures: FigureWriter, view: str, wrong: Sequence[PhotoPrediction]
) -> Html | None:
    if not wrong:
        return None
    chosen = chosen_cards(wrong, _limit(view))
    shown = set(map(id, chosen))
    drawn = list(parallel_map(lambda prediction: _pictures(data, view, prediction), chosen))
    suffix = "" if view == "plain" else f"-{view}"
    figures.save_tiles(f"misclassified{suffix}", [tiles[0] for tiles in drawn])
    figures.save_tiles(f"misclassified-grad-cam{suffix}", [tile for tiles in drawn for tile in tiles[-2:]])
    cards = [_card(data, view, *pair) for pair in zip(chosen, drawn, strict=True)]
    others = [prediction for prediction in wrong if id(prediction) not in shown]
    names = [
        tag("li", f"{other.sample.name}: {other.caption()}", **{"data-cell": _cell_of(data, view, other)})
        for other in others[:MAX_NAMES]
    ]
    rest = (
        tag(
            "details",
            tag("summary", f"{photos(len(others), 'more wrong')} by name; all are in predictions.csv"),
            tag("ul", names),
            class_="unprinted",
        )
        if others
        else None
    )
    return tag("div", tag("div", cards, class_="cards narrow" if data.recipe.crop == KEY else "cards"), rest)


def _pictures(data: ReportData, view: str, prediction: PhotoPrediction) -> tuple[Tile, ...]:
    """Return the photo, the crop if it is another picture, the map of the predicted and of the true kind."""
    kinds = prediction.kind, prediction.sample.kind
    crop, *maps = data.explainer.explain(prediction, kinds, view)
    another = prediction.sample.region is not None or view != "plain"
    return (photo_tile(prediction.sample), *([crop] if another else []), *maps)


def _card(data: ReportData, view: str, prediction: PhotoPrediction, tiles: Sequence[Tile]) -> Html:
    sample = prediction.sample
    labels = [sample.name, *(["network input"] if len(tiles) > WITHOUT_INPUT else [])]
    labels += [
        _map_label(tile, kind) for tile, kind in zip(tiles[-2:], (prediction.kind, sample.kind), strict=True)
    ]
    pictures = [
        tag("figure", image(tile.picture, label), tag("figcaption", label))
        for tile, label in zip(tiles, labels, strict=True)
    ]
    arrangement = "beside" if data.recipe.crop == KEY else "even"
    facts = tag(
        "p",
        tag("strong", shorten(sample.kind), title=sample.kind),
        tag("span", " predicted as ", class_="soft"),
        tag("strong", shorten(prediction.kind), title=prediction.kind, class_="wrong"),
        f" {prediction.probability:.2f}",
    )
    pictures_ = tag("div", pictures, class_=f"pictures {arrangement}")
    return tag("article", facts, pictures_, **{"data-cell": _cell_of(data, view, prediction)})


def _map_label(tile: Tile, kind: str) -> str:
    return tile.caption if tile.caption.startswith("no evidence") else f"evidence for {kind}"


def _cell_of(data: ReportData, view: str, prediction: PhotoPrediction) -> str:
    kinds = data.explainer.kinds
    return cell_id(view, kinds.index(prediction.sample.kind), kinds.index(prediction.kind))


def _right(data: ReportData) -> Iterator[Content | Iterable[Content]]:
    """Yield the least probable right photos of each kind, of all views."""
    kinds = data.explainer.kinds
    shown = data.predictions if len(kinds) * len(data.predictions) <= MAX_RIGHT else {"plain": data.plain}
    limit = max(MAX_RIGHT // (len(kinds) * len(shown)), 1)
    right: dict[str, list[tuple[str, PhotoPrediction]]] = {}  # by photo: the views in which it is right
    for kind in kinds[:MAX_TILES]:
        for view, predictions in shown.items():
            of_kind = [one for one in predictions if one.correct and one.kind == kind]
            for prediction in sorted(of_kind, key=lambda one: one.probability)[:limit]:
                right.setdefault(prediction.sample.name, []).append((view, prediction))
    tiles = photo_tiles([views[0][1].sample for views in right.values()])
    yield tag("p", f"At most {limit} of each kind and view, lowest probability first.", class_="soft")
    yield tag(
        "div",
        [
            tag(
                "div",
                picture(tile, _right_caption(views)),
                **{"data-cell": " ".join(_cell_of(data, view, one) for view, one in views)},
            )
            for tile, views in zip(tiles, right.values(), strict=True)
        ],
        class_="gallery",
    )


def _right_caption(views: Sequence[tuple[str, PhotoPrediction]]) -> str:
    probabilities = ", ".join(f"{view} {one.probability:.2f}" for view, one in views)
    return f"{views[0][1].kind} ({probabilities}) {views[0][1].sample.name.rsplit('/', 1)[-1]}"
