"""Draw the app's icons, a key in a viewfinder: web/public/icons; and a dot in one: web/public/neutral/icons.

`python web/scripts/icons.py` writes them. They change only with this script. The dot is for apps around
models whose classes are not keys.
"""

from pathlib import Path

from PIL import Image, ImageDraw

PUBLIC = Path(__file__).parents[1] / "public"
BACKGROUND, KEY, FRAME = "#12161b", "#f2c14e", "#7db7ff"
UNITS = 64  # side of the drawing, in its own units
SUPERSAMPLING = 4  # drawn larger by this factor, then reduced: antialiasing
SAFE_ZONE = 0.8  # share of a maskable icon that no launcher crops
BOW, HOLE = (21, 32, 11.5), (15.5, 32, 3.2)  # centre x, centre y, radius
BLADE = ((30, 28), (37, 28), (40, 32), (43, 28), (47, 33), (50, 28), (53, 31), (56, 34), (53, 37), (30, 37))
DOT = (32, 32, 10.5)  # the same
CORNERS = ((6, 6), (58, 6), (58, 58), (6, 58))
ARM, LINE_WIDTH = 10, 2.6  # of the frame's corners
COLOURS = 128  # of a PNG: a few, and the edges between them


def svg(*, neutral: bool = False) -> str:
    """Return the icon as SVG."""
    arms = "".join(f"M{a[0]} {a[1]}L{b[0]} {b[1]}L{c[0]} {c[1]}" for a, b, c in _arms())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {UNITS} {UNITS}">'
        f'<rect width="{UNITS}" height="{UNITS}" rx="14" fill="{BACKGROUND}"/>'
        f'<path d="{arms}" fill="none" stroke="{FRAME}" stroke-width="{LINE_WIDTH}" stroke-linejoin="round"/>'
        f"{_svg_circle(DOT, KEY) if neutral else _svg_key()}</svg>\n"
    )


def _svg_key() -> str:
    blade = " ".join(f"{x},{y}" for x, y in BLADE)
    return (
        f'<g fill="{KEY}"><circle cx="{BOW[0]}" cy="{BOW[1]}" r="{BOW[2]}"/><polygon points="{blade}"/></g>'
        f"{_svg_circle(HOLE, BACKGROUND)}"
    )


def _svg_circle(circle: tuple[float, float, float], colour: str) -> str:
    return f'<circle cx="{circle[0]}" cy="{circle[1]}" r="{circle[2]}" fill="{colour}"/>'


def png(size: int, *, maskable: bool = False, neutral: bool = False) -> Image.Image:
    """Return the icon with a palette; a maskable one fills the square and stays inside the safe zone."""
    side = size * SUPERSAMPLING
    share = SAFE_ZONE if maskable else 1.0
    scale, shift = side / UNITS * share, side * (1 - share) / 2
    icon = Image.new("RGBA", (side, side), BACKGROUND if maskable else (0, 0, 0, 0))
    draw = ImageDraw.Draw(icon)
    if not maskable:
        draw.rounded_rectangle((0, 0, side - 1, side - 1), 14 * scale, BACKGROUND)

    def to_pixels(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * scale + shift, y * scale + shift) for x, y in points]

    def circle(x: float, y: float, radius: float, colour: str) -> None:
        top_left, bottom_right = to_pixels((x - radius, y - radius), (x + radius, y + radius))
        draw.ellipse([*top_left, *bottom_right], colour)

    for arm in _arms():
        draw.line(to_pixels(*arm), FRAME, round(LINE_WIDTH * scale), "curve")
    if neutral:
        circle(*DOT, KEY)
    else:
        circle(*BOW, KEY)
        draw.polygon(to_pixels(*BLADE), KEY)
        circle(*HOLE, BACKGROUND)
    return icon.resize((size, size), Image.Resampling.LANCZOS).quantize(COLOURS, Image.Quantize.FASTOCTREE)


def _arms() -> list[tuple[tuple[float, float], ...]]:
    """Return the corners of the frame, three points each."""
    arms = []
    for x, y in CORNERS:
        right, down = (ARM if x < UNITS / 2 else -ARM), (ARM if y < UNITS / 2 else -ARM)
        arms.append(((x + right, y), (x, y), (x, y + down)))
    return arms


def write(folder: Path, *, neutral: bool) -> None:
    """Write the icons of all sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "icon.svg").write_text(svg(neutral=neutral), "utf-8")
    for size in (180, 192, 512):
        png(size, neutral=neutral).save(folder / f"icon-{size}.png", optimize=True)
    png(512, maskable=True, neutral=neutral).save(folder / "icon-maskable-512.png", optimize=True)


if __name__ == "__main__":
    write(PUBLIC / "icons", neutral=False)
    write(PUBLIC / "neutral" / "icons", neutral=True)
