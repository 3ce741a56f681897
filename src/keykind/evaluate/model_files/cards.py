"""Lists of photos -> cards with the photo, the answers, and where the evidence for them is.

In:    Measured
Out:   Section(s): each photo names its cells of the confusion matrices, which choose it
Needs: matplotlib, scikit-learn, scipy                                                [evaluate]
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from keykind.core.errors import BadPhoto
from keykind.core.html import Content, Html, Tile, image, tag
from keykind.core.parallel import parallel_map
from keykind.evaluate.model_files.lists import answer_line, answer_text, cells, photo_lists, right_photos
from keykind.evaluate.model_files.measured import Measured
from keykind.evaluate.model_files.scores import JudgedPhoto
from keykind.evaluate.report.data import OPEN, Section, folded
from keykind.evaluate.report.galleries import picture
from keykind.evaluate.report.photo_cards import first_of_each, foldable
from keykind.evaluate.thumbnails import SIDE, make_tile, outlined_tile
from keykind.evaluate.wording import photos, shorten
from keykind.model.gradcam import Explanation, is_empty, overlay

MAX_CARDS = 48  # wrong photos of one model that have a card
MAX_COMPARED = 24  # photos of each list of two models that have one
MAX_SMALL = 60  # right photos shown, and photos of kinds that are not scored
MAX_NAMES = 500  # photos that are only named
GONE = np.full((SIDE, SIDE, 3), 128, np.uint8)  # in place of a photo that can no longer be read


def cards_section(measured: Measured) -> Section:
    """Return the photos that are wrong with some model, by list, and right ones, folded."""
    lists = photo_lists(measured)
    several = len(measured.models) > 1
    limit = MAX_COMPARED if several else MAX_CARDS
    count = sum(map(len, lists.values()))
    content: list[Content | Iterable[Content]] = [
        tag(
            "p",
            tag("span", _count_text(measured, count), role="status"),
            " ",
            tag("button", "Show all", type="button", class_="clear", hidden=""),
            class_="filter",
        )
    ]
    for i, (title, group) in enumerate(lists.items()):
        cards = _cards(measured, group, limit) if group else None
        heading = f"{title}: {photos(len(group))}"
        content.append(foldable(f"list-{i}", heading, cards, is_open=True) if several and cards else cards)
    content.append(foldable("right", "Right photos", *_right(measured)))
    line = "; ".join(f"{title}: {len(group):,}" for title, group in lists.items())
    if not several:
        line = photos(count, "wrong") if count else "none"
    return Section("wrong", "Photo by photo" if several else "Wrong photos", line, content, OPEN)


def _count_text(measured: Measured, wrong: int) -> str:
    total = photos(len(measured.photos))
    if not wrong:
        return f"There are none: all {total} are right."
    which = "with at least one of the models" if len(measured.models) > 1 else ""
    return f"{wrong:,} of {total} are wrong{which and ' '}{which}, highest probability first."


def _cards(measured: Measured, group: Sequence[JudgedPhoto], limit: int) -> Html:
    chosen = first_of_each(
        group, limit, lambda photo: (photo.sample.kind, *(answer.kind for answer in photo.answers))
    )
    drawn = parallel_map(lambda photo: _pictures(measured, photo), chosen)
    cards = [_card(measured, photo, tiles) for photo, tiles in zip(chosen, drawn, strict=True)]
    shown = set(map(id, chosen))
    others = [photo for photo in group if id(photo) not in shown]
    names = [tag("li", answer_text(photo), **cells(measured, photo)) for photo in others[:MAX_NAMES]]
    title = f"{photos(len(others), 'more')} by name; all are in predictions.csv"
    return tag(
        "div",
        tag("div", cards, class_="cards narrow" if _shows_keys(measured) else "cards"),
        folded(title, tag("ul", names), printed=False) if others else None,
    )


def _shows_keys(measured: Measured) -> bool:
    """Return whether the pictures of cards are wide, as those of aligned keys are."""
    return any(model.recogniser.detector for model in measured.models)


def _card(measured: Measured, photo: JudgedPhoto, tiles: Sequence[Tile]) -> Html:
    kind = tag("strong", shorten(photo.sample.kind), title=photo.sample.kind)
    lines = [answer_line(measured, photo, i) for i in range(len(photo.answers))]
    facts = (
        [tag("p", kind, " ", *lines)]
        if len(lines) == 1
        else [tag("p", kind), *(tag("p", line) for line in lines)]
    )
    figures = [
        tag("figure", image(tile.picture, tile.caption), tag("figcaption", tile.caption)) for tile in tiles
    ]
    arrangement = "beside" if _shows_keys(measured) else "even"
    grid = tag("div", figures, class_=f"pictures {arrangement}")
    return tag("article", *facts, grid, **cells(measured, photo))


def _pictures(measured: Measured, photo: JudgedPhoto) -> list[Tile]:
    """Return the photo with the key that was classified, and the evidence for what was predicted.

    Of one model also the evidence for the true kind.
    """
    tiles = [_tile(photo)]
    for i, (model, answer) in enumerate(zip(measured.models, photo.answers, strict=True)):
        if answer.kind is None or not model.recogniser.model.card.maps:
            continue
        kinds = [answer.kind]
        if len(measured.models) == 1 and not photo.is_right(i):
            kinds.append(photo.sample.kind)
        try:
            explanation = model.recogniser.explain(photo.sample.path)
        except BadPhoto:  # it has vanished since it was answered
            continue
        own = {name: kind for kind, name in measured.vocabulary.spellings[i].items()}
        prefix = f"{shorten(model.name)}: " if len(measured.models) > 1 else ""
        tiles += [_evidence(explanation, own[kind], f"{prefix}evidence for {kind}") for kind in kinds]
    return tiles


def _tile(photo: JudgedPhoto) -> Tile:
    """Return the photo; a grey one if it can no longer be read."""
    try:
        return outlined_tile(photo.sample, photo.answers[-1].box)
    except BadPhoto:
        return make_tile(GONE, photo.sample.name)


def _evidence(explanation: Explanation, kind: str, caption: str) -> Tile:
    class_map = explanation.maps[kind]
    if is_empty(class_map):
        return make_tile(explanation.pixels, caption.replace("evidence", "no evidence"))
    return make_tile(overlay(explanation.pixels, class_map), caption)


def _right(measured: Measured) -> Iterator[Content | Iterable[Content]]:
    chosen = right_photos(measured, MAX_SMALL)
    yield tag("p", f"At most {MAX_SMALL}, lowest probability of each kind first.", class_="soft")
    tiles = parallel_map(_tile, chosen)
    yield tag(
        "div",
        [
            tag("div", picture(tile, _small_caption(photo)), **cells(measured, photo))
            for photo, tile in zip(chosen, tiles, strict=True)
        ],
        class_="gallery",
    )


def _small_caption(photo: JudgedPhoto) -> str:
    probabilities = ", ".join(f"{answer.probability:.2f}" for answer in photo.answers)
    return f"{photo.sample.kind} {probabilities} {photo.sample.name.rsplit('/', 1)[-1]}"


def gallery_of(judged: Sequence[JudgedPhoto]) -> Html:
    """Return photos with what is predicted for them, at most MAX_SMALL, those of different kinds first."""
    chosen = first_of_each(judged, MAX_SMALL, lambda photo: photo.sample.kind)
    tiles = parallel_map(_tile, chosen)
    figures = [picture(tile, answer_text(photo)) for photo, tile in zip(chosen, tiles, strict=True)]
    return tag("div", figures, class_="gallery")
