"""A key in a frame -> the app's icons: web/public/icons.

`python web/scripts/icons.py` draws them; they change only when this script does.
"""

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parents[1] / "public" / "icons"
GROUND, METAL, FRAME = "#12161b", "#f2c14e", "#7db7ff"
UNITS = 64  # the side of the drawing, whatever the size of the picture
FINER = 4  # times larger drawn, then reduced: smooth edges
SAFE = 0.8  # share of a maskable icon that no system cuts off
BOW, HOLE = (21, 32, 11.5), (15.5, 32, 3.2)  # middle and radius
BLADE = ((30, 28), (37, 28), (40, 32), (43, 28), (47, 33), (50, 28), (53, 31), (56, 34), (53, 37), (30, 37))
CORNERS = ((6, 6), (58, 6), (58, 58), (6, 58))
ARM, WIDE = 10, 2.6  # of the frame's corners


def svg() -> str:
    """Return the icon as a drawing."""
    blade = " ".join(f"{x},{y}" for x, y in BLADE)
    arms = "".join(f"M{a[0]} {a[1]}L{b[0]} {b[1]}L{c[0]} {c[1]}" for a, b, c in _arms())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {UNITS} {UNITS}">'
        f'<rect width="{UNITS}" height="{UNITS}" rx="14" fill="{GROUND}"/>'
        f'<path d="{arms}" fill="none" stroke="{FRAME}" stroke-width="{WIDE}" stroke-linejoin="round"/>'
        f'<g fill="{METAL}"><circle cx="{BOW[0]}" cy="{BOW[1]}" r="{BOW[2]}"/><polygon points="{blade}"/></g>'
        f'<circle cx="{HOLE[0]}" cy="{HOLE[1]}" r="{HOLE[2]}" fill="{GROUND}"/></svg>\n'
    )


def png(size: int, *, maskable: bool = False) -> Image.Image:
    """Return the icon as a picture; a maskable one fills its square and keeps to the safe middle."""
    side = size * FINER
    share = SAFE if maskable else 1.0
    scale, shift = side / UNITS * share, side * (1 - share) / 2
    icon = Image.new("RGBA", (side, side), GROUND if maskable else (0, 0, 0, 0))
    pen = ImageDraw.Draw(icon)
    if not maskable:
        pen.rounded_rectangle((0, 0, side - 1, side - 1), 14 * scale, GROUND)

    def at(*places: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * scale + shift, y * scale + shift) for x, y in places]

    def disc(x: float, y: float, radius: float, colour: str) -> None:
        pen.ellipse([*at((x - radius, y - radius))[0], *at((x + radius, y + radius))[0]], colour)

    for arm in _arms():
        pen.line(at(*arm), FRAME, round(WIDE * scale), "curve")
    disc(*BOW, METAL)
    pen.polygon(at(*BLADE), METAL)
    disc(*HOLE, GROUND)
    return icon.resize((size, size), Image.Resampling.LANCZOS)


def _arms() -> list[tuple[tuple[float, float], ...]]:
    """Return the corners of the frame, each as three points."""
    arms = []
    for x, y in CORNERS:
        right, down = (ARM if x < UNITS / 2 else -ARM), (ARM if y < UNITS / 2 else -ARM)
        arms.append(((x + right, y), (x, y), (x, y + down)))
    return arms


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "icon.svg").write_text(svg(), "utf-8")
    for size in (180, 192, 512):
        png(size).save(FOLDER / f"icon-{size}.png", optimize=True)
    png(512, maskable=True).save(FOLDER / "icon-maskable-512.png", optimize=True)
