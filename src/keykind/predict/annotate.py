"""A photo and its prediction -> the photo with boxes along the keys, and what each is.

In:    PIL image of the whole upright photo, of any size; Prediction; Wording
Out:   PIL image, RGB, of the same size; a tiny one is enlarged, so that text fits into it
Needs: numpy, pillow

Lines and text grow with the photo. A 1280 x 720 video frame takes a few milliseconds; fonts are kept.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw

from keykind.predict.label_layout import Layout, Polygon, Rect
from keykind.predict.lettering import drawable, font_for, lacks_font
from keykind.predict.palette import DARK, Colour, colour_of, text_colour
from keykind.predict.prediction import NOT_SURE, UNREADABLE, Key, Prediction
from keykind.predict.regions import Point
from keykind.predict.wording import KEYS, Wording

TEXT_SHARE = 0.026  # of the photo's size, the square root of its area: height of the text
MIN_TEXT = 12  # px, of the font
MAX_LABELS = 0.2  # of the photo's area; if labels would cover more, they become smaller
STROKE_SHARE = 0.004  # of the photo's size: width of a line
MIN_STROKE = 2  # px
SMOOTHED = 6  # px; thinner lines are drawn at twice the size and reduced, or their steps would show
PIECE = 64  # px, longest part of a line that is drawn at once
PADDING = 0.28  # of the font's size, around text
MIN_LONGER, MIN_SHORTER = 360, 96  # px, sides of the result: a label and its box fit


@dataclass(frozen=True, slots=True)
class _Label:
    """Text on a plate."""

    text: str
    colour: Colour  # of the plate


def annotate(image: Image.Image, prediction: Prediction, wording: Wording) -> Image.Image:
    """Return a new image: the photo with a box along each key, its kind and probability.

    image: the whole upright photo, perhaps reduced: it is taken to be `prediction.width` px wide.
    A key whose kind is not known is in a colour of its own, with the reason. What was answered for the
    photo as a whole, and a photo without keys, has a caption at its lower edge.
    """
    scale = image.width / prediction.width if prediction.width else 1.0
    canvas, enlargement = _canvas(image)
    scale *= enlargement
    located = [key for key in prediction.keys if key.head is not None]
    if located:
        _draw_keys(canvas, located, scale)
    else:
        _draw_caption(canvas, _whole_label(prediction, wording))
    return canvas


def percent(probability: float) -> str:
    """Return a probability in percent, rounded down, so never above a threshold that it is below."""
    return f"{math.floor(100 * probability + 1e-4)}%"  # float32 may be below by 1e-7


def answer_text(key: Key, wording: Wording = KEYS) -> str:
    """Return what is written at a key: its kind and probability, or why its kind is not known."""
    if key.kind is not None:
        return f"{key.kind} {percent(key.probability)}"
    return ": ".join(filter(None, (NOT_SURE, wording.reason(key.reason, key.probability))))


def _written(key: Key, wording: Wording = KEYS) -> str:
    """Return what is written at a key; a kind in a script without a font here becomes its number."""
    text = answer_text(key, wording)
    if key.kind is None or not lacks_font(key.kind):
        return text
    return f"kind {list(key.probabilities).index(key.kind) + 1} {percent(key.probability)}"


def _canvas(image: Image.Image) -> tuple[Image.Image, float]:
    """Return a copy in RGB, enlarged if tiny and then padded if very narrow, and its enlargement."""
    copy = image.convert("RGB") if image.mode != "RGB" else image.copy()
    factor = -(-MIN_LONGER // max(copy.size)) if max(copy.size) < MIN_LONGER else 1
    if factor > 1:
        copy = copy.resize((copy.width * factor, copy.height * factor), Image.Resampling.BICUBIC)
    if min(copy.size) < MIN_SHORTER:
        padded = Image.new("RGB", (max(copy.width, MIN_SHORTER), max(copy.height, MIN_SHORTER)), DARK)
        padded.paste(copy)
        return padded, factor
    return copy, factor


def _size(image: Image.Image) -> float:
    return math.sqrt(image.width * image.height)


def _text_size(image: Image.Image) -> int:
    return max(MIN_TEXT, round(TEXT_SHARE * _size(image)))


def _draw_keys(canvas: Image.Image, keys: list[Key], scale: float) -> None:
    """Draw all boxes, then all labels, so that no box covers a label."""
    stroke = max(MIN_STROKE, round(STROKE_SHARE * _size(canvas)))
    labels = [_Label(_written(key), colour_of(key.kind, key.probabilities)) for key in keys]
    boxes = [tuple((x * scale, y * scale) for x, y in key.box) for key in keys]
    for box, label in zip(boxes, labels, strict=True):
        _draw_box(canvas, box, stroke, label.colour)
    size, layout = _text_size(canvas), Layout(canvas.size, boxes)
    fitted = [_fitted(label.text, size, canvas.width) for label in labels]
    if (share := sum(w * h for _, _, (w, h) in fitted) / (canvas.width * canvas.height)) > MAX_LABELS:
        size = max(MIN_TEXT, round(size * math.sqrt(MAX_LABELS / share)))
        fitted = [_fitted(label.text, size, canvas.width) for label in labels]
    pen = ImageDraw.Draw(canvas)
    for index, (label, (text, text_size, plate)) in enumerate(zip(labels, fitted, strict=True)):
        _draw_label(pen, text, text_size, layout.place(index, plate, stroke), label.colour)


def _draw_box(canvas: Image.Image, box: Polygon, stroke: int, colour: Colour) -> None:
    """Draw an outline with dark edges, so that it shows on any ground."""
    outline = [*box, box[0], box[1]]  # over the first corner again, so that it is joined, too
    ImageDraw.Draw(canvas).line(outline, DARK, stroke + 2 * max(1, stroke // 3), joint="curve")
    if stroke >= SMOOTHED:
        ImageDraw.Draw(canvas).line(outline, colour, stroke, joint="curve")
        return
    for start, end in pairwise(outline[:5]):
        _draw_smooth(canvas, start, end, stroke, colour)


def _draw_smooth(canvas: Image.Image, start: Point, end: Point, stroke: int, colour: Colour) -> None:
    """Draw a line without steps, piece by piece: its bounding box would be large, and empty but for it."""
    length = math.dist(start, end)
    count = max(1, math.ceil(length / PIECE))
    dx, dy = (end[0] - start[0]) / count, (end[1] - start[1]) / count
    overlap = stroke / 2 / max(length / count, 1e-9)  # of the pieces, so that corners are filled
    for i in range(count):
        ends = [(start[0] + t * dx, start[1] + t * dy) for t in (i - overlap, i + 1 + overlap)]
        left, top = (math.floor(min(values)) - stroke for values in zip(*ends, strict=True))
        right, bottom = (math.ceil(max(values)) + stroke for values in zip(*ends, strict=True))
        if right <= 0 or bottom <= 0 or left >= canvas.width or top >= canvas.height:
            continue
        mask = Image.new("L", (2 * (right - left), 2 * (bottom - top)))
        ImageDraw.Draw(mask).line([(2 * (x - left), 2 * (y - top)) for x, y in ends], 255, 2 * stroke)
        canvas.paste(colour, (left, top), mask.reduce(2))


def _fitted(text: str, size: int, width: int) -> tuple[str, int, tuple[int, int]]:
    """Return a label's text and font size so that it fits into a width, and the size of its plate, px."""

    def plate_width(text: str, size: int) -> int:
        return math.ceil(font_for(text, size).getlength(drawable(text)) + 2 * PADDING * size)

    if plate_width(text, size) > width:
        size = max(MIN_TEXT, math.floor(size * width / plate_width(text, size)))
    shorter = text
    for kept in range(len(text), 0, -1):
        shorter = text if kept == len(text) else f"{text[: kept // 2]}…{text[len(text) - kept + kept // 2 :]}"
        if plate_width(shorter, size) <= width:
            break
    return shorter, size, (min(plate_width(shorter, size), width), round(size * (1 + 2 * PADDING)))


def _draw_label(pen: ImageDraw.ImageDraw, text: str, size: int, rect: Rect, colour: Colour) -> None:
    left, top, right, bottom = rect
    edge = max(1, size // 16)
    pen.rounded_rectangle((left, top, right - 1, bottom - 1), size // 5, colour, DARK, edge)
    middle = (left + PADDING * size, (top + bottom) / 2)
    font = font_for(text, size)
    pen.text(middle, drawable(text), text_colour(colour), font, anchor="lm")


def _whole_label(prediction: Prediction, wording: Wording) -> _Label:
    """Return what is said of a photo in which no key has a place."""
    if not prediction.keys:
        verdict = prediction.verdict
        text = f"{verdict}: {prediction.error}" if verdict == UNREADABLE else wording.verdict(verdict)
        return _Label(text, colour_of(None, ()))
    (key, *_) = prediction.keys
    return _Label(_written(key, wording), colour_of(key.kind, key.probabilities))


def _draw_caption(canvas: Image.Image, label: _Label) -> None:
    """Write along the lower edge of a photo, on a dark band with the colour of the kind."""
    text, size, (_, height) = _fitted(
        label.text, round(1.25 * _text_size(canvas)), canvas.width - _bar(canvas)
    )
    top = canvas.height - height
    pen = ImageDraw.Draw(canvas)
    pen.rectangle((0, top, canvas.width, canvas.height), DARK)
    pen.rectangle((0, top, _bar(canvas) - 1, canvas.height), label.colour)
    place = (_bar(canvas) + PADDING * size, top + height / 2)
    pen.text(place, drawable(text), text_colour(DARK), font_for(text, size), anchor="lm")


def _bar(canvas: Image.Image) -> int:
    """Return the width of the coloured bar at the left of a caption, px."""
    return _text_size(canvas) // 2
