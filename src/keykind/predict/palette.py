"""A colour for each kind, for boxes and legends.

In:    a kind, and the kinds of its model
Out:   RGB values
Needs: nothing beyond Python

The colours differ for the colour-blind, too. Source: Okabe & Ito 2008, Color Universal Design.
"""

from collections.abc import Iterable

Colour = tuple[int, int, int]  # red, green, blue, 0..255

COLOURS: tuple[Colour, ...] = (
    *((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)),  # orange, sky blue, green, yellow
    *((0, 114, 178), (213, 94, 0), (204, 121, 167)),  # blue, vermilion, purple
)
UNKNOWN: Colour = (236, 236, 236)  # of a key whose kind is not known
DARK: Colour = (18, 20, 23)  # edges, and text on light colours
LIGHT: Colour = (255, 255, 255)  # text on dark colours
_EQUAL_CONTRAST = 0.18  # relative luminance of the ground on which black and white text are as readable


def colour_of(kind: str | None, kinds: Iterable[str]) -> Colour:
    """Return the colour of a kind by its place among the kinds of the model, the same in every photo."""
    names = list(kinds)
    return COLOURS[names.index(kind) % len(COLOURS)] if kind in names else UNKNOWN


def text_colour(ground: Colour) -> Colour:
    """Return the colour of text on a ground, DARK or LIGHT. Source: WCAG 2.1, relative luminance."""
    red, green, blue = ((value / 255) ** 2.2 for value in ground)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return DARK if luminance > _EQUAL_CONTRAST else LIGHT


def css(colour: Colour) -> str:
    """Return a colour as CSS writes it."""
    return f"#{colour[0]:02x}{colour[1]:02x}{colour[2]:02x}"
