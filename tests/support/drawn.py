"""Drawings of keys, from seeds, for tests."""

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def key(seed: int, *, background: int | None = None, cuts: int | None = None) -> Image.Image:
    """Draw a key (400 x 300 px): bow, blade and background from `seed`, its six cuts from `cuts` or `seed`.

    background: the grey level of the background, or None for a mottled one.
    """
    rng = np.random.default_rng(seed)
    colour = tuple(int(level) for level in rng.integers(40, 150, 3))
    if background is None:
        mottled = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        photo = Image.fromarray(mottled).resize((400, 300), Image.Resampling.BICUBIC)
    else:
        photo = Image.new("RGB", (400, 300), (background,) * 3)
    layer = Image.new("L", photo.size)
    pen = ImageDraw.Draw(layer)
    radius, length, thickness = (int(rng.integers(*span)) for span in ((30, 65), (140, 210), (18, 34)))
    pen.ellipse((90 - radius, 150 - radius, 90 + radius, 150 + radius), fill=255)
    pen.ellipse((60, 140, 80, 160), fill=0)
    pen.rectangle((90, 150 - thickness, 90 + length, 150 + thickness), fill=255)
    depths = (rng if cuts is None else np.random.default_rng(cuts)).integers(4, thickness, 6)
    for i, depth in enumerate(depths):
        left = 100 + radius + i * 16
        pen.rectangle((left, 150 + thickness - int(depth), left + 10, 151 + thickness), fill=0)
    photo.paste(colour, mask=layer.rotate(int(rng.integers(0, 4)) * 15 if cuts is None else 0))
    return photo.filter(ImageFilter.GaussianBlur(0.7))


def save(image: Image.Image, path: Path | str, **settings: object) -> Path:
    """Save an image and create its folder; the path may have bytes that are not valid text."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        image.save(stream, "PNG" if path.suffix.lower() == ".png" else "JPEG", **settings)
    return path


def photos(root: Path, **kinds: int) -> Path:
    """Fill class folders with different keys, e.g. dimple=3: root/<kind>/<number>.jpg."""
    seed = 0
    for kind, count in kinds.items():
        (root / kind).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            seed += 1
            save(key(seed), root / kind / f"{number}.jpg")
    return root


def bytes_path(folder: Path, name: bytes) -> Path:
    """Return a path whose last part may be bytes that are not valid text."""
    return Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
