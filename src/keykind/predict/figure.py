"""Explanation -> an image: the photo next to the evidence for its kinds.

In:    Explanation; one kind, or all
Out:   PIL image: captioned panels side by side on white, above a colour bar; a PNG file
Needs: numpy, pillow
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from keykind.core.errors import BadModel, CannotWrite
from keykind.core.files import atomic_write
from keykind.model.decision import BLADE_HIDDEN
from keykind.model.gradcam import Explanation, apply_colour_map, is_empty, overlay
from keykind.predict.lettering import drawable, font_for
from keykind.predict.prediction import rounded_down
from keykind.predict.wording import KEYS, NOT_A_KEY, Wording

ALL = "all"  # instead of the name of a kind: every kind
SINGLE_HEIGHT, GRID_HEIGHT = 800, 360  # px, maximum height of a panel's image, for one kind and for all
MAX_ASPECT = 1.5  # maximum width of a panel's image, as a share of its maximum height
MIN_LONGER_SIDE = 400  # px; a smaller photo is enlarged
MAX_COLUMNS = 5  # panels in a row
MIN_TEXT_WIDTH = 260  # px
MARGIN, GAP = 32, 28  # px of white around everything, and between panels
TITLE_SIZE, TEXT_SIZE = 20, 16  # px, of fonts
LINE_HEIGHT = 1.4  # font sizes
TITLE_COLOUR, TEXT_COLOUR, BACKGROUND = (29, 33, 38), (91, 101, 112), (255, 255, 255)  # as in the HTML report
COLOUR_BAR = (220, 14)  # px, width and height


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """An image with two lines of text below."""

    image: Image.Image
    title: str
    caption: str

    @property
    def width(self) -> int:
        """Return the width, px; longer text is shortened."""
        return max(self.image.width, MIN_TEXT_WIDTH)

    @property
    def height(self) -> int:
        """Return the height, px."""
        return self.image.height + round((TITLE_SIZE + TEXT_SIZE) * LINE_HEIGHT) + TEXT_SIZE // 2


def draw(explanation: Explanation, kind: str | None = None, wording: Wording = KEYS) -> Image.Image:
    """Return the photo next to the evidence for a kind (None: the most probable one) or for each kind (ALL).

    The maps share one colour scale. An empty map is not drawn; its caption says that there is no evidence.
    Raises BadModel for a kind that the model does not know.
    """
    kinds = kinds_to_draw(explanation, kind)
    max_height = GRID_HEIGHT if len(kinds) > 1 else SINGLE_HEIGHT
    photo = fit(explanation.pixels, max_height)
    panels = [
        Panel(Image.fromarray(photo), PurePath(explanation.photo).name, answer_of(explanation, wording))
    ]
    panels += evidence_panels(explanation, kinds, photo)
    return _compose(panels)


def draw_photo(
    annotated: NDArray[np.uint8], explanations: Sequence[Explanation], kind: str | None, wording: Wording
) -> Image.Image:
    """Return an annotated photo (h, w, 3) next to the evidence for each of its keys; `kind` as in `draw`.

    Raises BadModel for a kind that the model does not know.
    """
    name = PurePath(explanations[0].photo).name
    photo = fit(annotated, 2 * GRID_HEIGHT if len(explanations) == 1 else GRID_HEIGHT)
    panels = [Panel(Image.fromarray(photo), name, _count(explanations, wording))]
    for explanation in explanations:
        pixels = fit(explanation.pixels, GRID_HEIGHT)
        kinds = kinds_to_draw(explanation, kind)
        known = explanation.answer in explanation.maps
        caption = "" if known else answer_of(explanation, wording)
        panels += evidence_panels(explanation, kinds, pixels, caption)
    return _compose(panels)


def kinds_to_draw(explanation: Explanation, kind: str | None) -> list[str]:
    """Return the kinds whose evidence is drawn; `kind` as in `draw`. Raises BadModel for an unknown one."""
    check_kind(kind, explanation.maps)
    return list(explanation.maps) if kind == ALL else [kind or explanation.best]


def check_kind(kind: str | None, kinds: Iterable[str]) -> None:
    """Raise BadModel for a kind that is not among those of the model; None and ALL are right."""
    known = list(kinds)
    if kind not in (None, ALL, *known):
        fault = f"the model knows the kinds {', '.join(known)}, but not this one"
        raise BadModel(str(kind), fault=fault, remedy="give one of them, or all")


def save(image: Image.Image, path: str | Path) -> None:
    """Write an image as PNG, atomically. Raises CannotWrite for another extension or a full disk."""
    check_extension(path)
    with atomic_write(path) as temporary:
        image.save(temporary, "PNG")


def check_extension(path: str | Path) -> None:
    """Raise CannotWrite unless the file's name ends in .png."""
    suffix = Path(path).suffix
    if suffix.lower() != ".png":
        fault = f"ends in '{suffix}', but figures are written as .png"
        raise CannotWrite(path, fault=fault, remedy="give a name that ends in .png")


def fit(pixels: NDArray[np.uint8], max_height: int) -> NDArray[np.uint8]:
    """Return a photo (h, w, 3) at its size in the figure, in its own proportions."""
    height, width = pixels.shape[:2]
    enlargement = max(1.0, MIN_LONGER_SIDE / max(width, height))
    scale = min(max_height / height, MAX_ASPECT * max_height / width, enlargement)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def answer_of(explanation: Explanation, wording: Wording) -> str:
    """Return the answer as text, and the most probable kind of a key whose blade is not hidden."""
    best = f"{explanation.best} {rounded_down(explanation.probabilities[explanation.best])}"
    if explanation.answer == explanation.best:
        return best
    answer = verdict_of(explanation, wording)
    if explanation.answer == NOT_A_KEY or explanation.reason == BLADE_HIDDEN:
        return answer
    return f"{answer}; most likely: {best}"


def verdict_of(explanation: Explanation, wording: Wording) -> str:
    """Return the answer as text, without probabilities, and why it is no kind."""
    if explanation.undetected:
        return f"{wording.verdict(explanation.answer)}: nothing detected, so this is the whole photo"
    reason = wording.reason(explanation.reason, max(explanation.probabilities.values()))
    return f"{wording.verdict(explanation.answer)}{reason and f' ({reason})'}"


def _count(explanations: Sequence[Explanation], wording: Wording) -> str:
    answered = sum(explanation.answer != NOT_A_KEY for explanation in explanations)
    return wording.counted(answered) if answered else wording.verdict(NOT_A_KEY)


def evidence_panels(
    explanation: Explanation, kinds: Sequence[str], photo: NDArray[np.uint8], caption: str = ""
) -> Iterator[Panel]:
    """Yield the photo, (h, w, 3), with the evidence for each kind.

    caption: the line below the kind; without one, it says what the panel shows.
    """
    vmax = max(float(explanation.maps[kind].max(initial=0)) for kind in kinds)
    for kind in kinds:
        class_map, title = explanation.maps[kind], f"{kind} {rounded_down(explanation.probabilities[kind])}"
        if is_empty(class_map):
            yield Panel(Image.fromarray(photo), title, "no evidence for this kind")
        else:
            blended = overlay(photo, class_map, vmax=vmax)
            yield Panel(Image.fromarray(blended), title, caption or "evidence for this kind")


def _compose(panels: Sequence[Panel]) -> Image.Image:
    """Return the panels in rows, with the colour bar below."""
    step_x = max(panel.width for panel in panels) + GAP
    step_y = max(panel.height for panel in panels) + GAP
    rows = -(-len(panels) // MAX_COLUMNS)
    columns = -(-len(panels) // rows)
    size = 2 * MARGIN + columns * step_x - GAP, 2 * MARGIN + rows * step_y + round(TEXT_SIZE * LINE_HEIGHT)
    canvas = Image.new("RGB", size, BACKGROUND)
    for i, panel in enumerate(panels):
        row, column = divmod(i, columns)
        _paste_panel(canvas, panel, (MARGIN + column * step_x, MARGIN + row * step_y))
    _paste_colour_bar(canvas, (MARGIN, MARGIN + rows * step_y))
    return canvas


def _paste_panel(canvas: Image.Image, panel: Panel, corner: tuple[int, int]) -> None:
    left, top = corner
    canvas.paste(panel.image, corner)
    pen = ImageDraw.Draw(canvas)
    line_top = top + panel.image.height + TEXT_SIZE // 2
    for text, size, colour in (
        (panel.title, TITLE_SIZE, TITLE_COLOUR),
        (panel.caption, TEXT_SIZE, TEXT_COLOUR),
    ):
        font = font_for(text, size)
        pen.text((left, line_top), _shorten(drawable(text), panel.width, font), fill=colour, font=font)
        line_top += round(size * LINE_HEIGHT)


def _shorten(text: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    """Return text with its middle replaced by an ellipsis if it is wider than `width` px."""
    for kept in range(len(text), 0, -1):
        shorter = text if kept == len(text) else f"{text[: kept // 2]}…{text[len(text) - kept + kept // 2 :]}"
        if font.getlength(shorter) <= width:
            return shorter
    return ""


def _paste_colour_bar(canvas: Image.Image, corner: tuple[int, int]) -> None:
    left, top = corner
    pen, font = ImageDraw.Draw(canvas), font_for("no evidence", TEXT_SIZE)
    middle = top + COLOUR_BAR[1] // 2
    pen.text((left, middle), "no evidence", fill=TEXT_COLOUR, font=font, anchor="lm")
    left += round(font.getlength("no evidence")) + TEXT_SIZE // 2
    ramp = np.tile(np.linspace(0, 1, COLOUR_BAR[0], dtype=np.float32), (COLOUR_BAR[1], 1))
    canvas.paste(Image.fromarray(np.rint(apply_colour_map(ramp)).astype(np.uint8)), (left, top))
    left += COLOUR_BAR[0] + TEXT_SIZE // 2
    pen.text((left, middle), "most evidence", fill=TEXT_COLOUR, font=font, anchor="lm")
