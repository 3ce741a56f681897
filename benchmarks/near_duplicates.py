"""Measure near duplicates: different objects on one ground must stay apart, altered copies must be found.

In:    rendered sets with masks (keykind render), folders of grounds and of photos
Out:   a line per case: pairs wrongly joined, or copies missed
Needs: numpy, pillow; run with the sources of two versions to compare them

$ python benchmarks/near_duplicates.py SET GROUNDS PHOTOS [PHOTOS ...]
"""

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from keykind.dataset.duplicates import fingerprint, near_duplicates
from keykind.dataset.samples import grey_square
from keykind.photo import decode

SIZE = (960, 720)  # px of a photo with a pasted object
WIDTHS = (0.1, 0.2, 0.3, 0.4, 0.6)  # of an object, shares of the photo's width
OBJECTS = 12  # different objects on one ground
GROUNDS = 4  # grounds of a case
PHOTOS = 30  # photos that are altered
SHADOW = 0.35  # of the light that an object takes from the ground beside it

Photo = Image.Image
Paste = tuple[Photo, Photo]  # the object (RGB) and its mask (L), cut to its box


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path, help="a set of keykind render, with labels/")
    parser.add_argument("grounds", type=Path, help="a folder of photos without objects")
    parser.add_argument("photos", type=Path, nargs="+", help="folders of photos that are altered")
    options = parser.parse_args()
    grounds = _images(options.grounds, GROUNDS + OBJECTS, np.random.default_rng(1))
    keys = list(_keys(options.set, OBJECTS * 2))
    others = [_patch(ground, np.random.default_rng(i)) for i, ground in enumerate(grounds[GROUNDS:])]
    print("different objects on one ground: pairs joined")
    for objects, name in ((keys[:OBJECTS], "keys"), (others, "other objects")):
        for moved, where in ((True, "anywhere"), (False, "one place, one direction")):
            for changed, ground in ((False, "unchanged"), (True, "slightly changed")):
                _print_joined(f"{name}, {where}, ground {ground}", objects, grounds[:GROUNDS], moved, changed)
    photos = [
        image for folder in options.photos for image in _images(folder, PHOTOS, np.random.default_rng(2))
    ]
    pasted = [
        _scene(ground, key, width, np.random.default_rng(i), moved=True, changed=False)
        for i, (ground, key, width) in enumerate(
            (ground, key, width) for width in WIDTHS[:4] for ground, key in zip(grounds, keys, strict=False)
        )
    ]
    print("altered copies: copies missed")
    for name, alter in ALTERATIONS.items():
        print(
            f"  {name:28} {_missed(photos, alter):>12} photos {_missed(pasted, alter):>12} pasted", flush=True
        )


def _print_joined(title: str, objects: list[Paste], grounds: list[Photo], moved: bool, changed: bool) -> None:
    cells = []
    for width in WIDTHS:
        joined = total = 0
        for i, ground in enumerate(grounds):
            rng = np.random.default_rng([i, round(width * 100)])
            scenes = [_scene(ground, item, width, rng, moved=moved, changed=changed) for item in objects]
            clusters = near_duplicates(_fingerprints(scenes))
            joined += sum(len(cluster) * (len(cluster) - 1) // 2 for cluster in clusters)
            total += len(list(combinations(scenes, 2)))
        cells.append(f"{width:.0%} {joined:,}/{total:,}")
    print(f"  {title:60} {'  '.join(cells)}", flush=True)


def _missed(photos: list[Photo], alter: Callable[[Photo, np.random.Generator], Photo]) -> str:
    copies = [alter(photo, np.random.default_rng(i)) for i, photo in enumerate(photos)]
    rows = _fingerprints([*photos, *copies])
    together = {frozenset(pair) for cluster in near_duplicates(rows) for pair in combinations(cluster, 2)}
    missed = sum(frozenset((i, i + len(photos))) not in together for i in range(len(photos)))
    return f"{missed}/{len(photos)}"


def _fingerprints(images: list[Photo]) -> Any:
    return np.array([fingerprint(grey_square(np.asarray(_jpeg(image, 88)))) for image in images])


def _jpeg(image: Photo, quality: int, kind: str = "JPEG") -> Photo:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, kind, quality=quality)
    return Image.open(buffer).convert("RGB")


def _images(folder: Path, count: int, rng: np.random.Generator) -> list[Photo]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in decode.SUFFIXES)
    chosen = sorted(rng.permutation(len(paths))[:count])
    return [Image.fromarray(decode.read_photo(paths[i], min_side=480).pixels) for i in chosen]


def _keys(folder: Path, count: int) -> Iterator[Paste]:
    """Yield rendered keys that are whole in their photo, each of another label file."""
    found = 0
    for label in sorted((folder / "labels").glob("*.json"), key=lambda path: path.stem[::-1]):
        value = json.loads(label.read_text())
        image = folder / value["file"]
        key = value["keys"][0]
        if not image.is_file() or len(value["keys"]) != 1:
            continue
        mask = Image.fromarray(_decoded(key["mask"]) * np.uint8(255))
        left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
        if min(left, top, value["width"] - right, value["height"] - bottom) < 4 or right - left < 120:
            continue
        box = (left, top, right, bottom)
        yield Image.open(image).convert("RGB").crop(box), mask.crop(box)
        found += 1
        if found == count:
            return


def _decoded(mask: dict[str, Any]) -> Any:
    """Return a run-length mask of COCO as (h, w) uint8, 0 or 1."""
    height, width = mask["size"]
    values = np.arange(len(mask["counts"])) % 2
    return np.repeat(values.astype(np.uint8), mask["counts"]).reshape(width, height).T


def _patch(texture: Photo, rng: np.random.Generator) -> Paste:
    """Return a cut-out disc, bar or star with the texture of a photo: an object other than a key."""
    side = min(texture.size)
    piece = ImageOps.fit(texture, (side, side))
    angle = np.linspace(0, 2 * np.pi, 360)
    lobes, depth = rng.integers(2, 7), rng.uniform(0, 0.35)
    radius = 0.48 * (1 - depth * (0.5 + 0.5 * np.cos(lobes * angle)))
    stretch = rng.uniform(0.3, 1)
    mask = Image.new("L", (side, side))
    points = zip(0.5 + radius * np.cos(angle), 0.5 + stretch * radius * np.sin(angle), strict=True)
    ImageDraw.Draw(mask).polygon([(x * side, y * side) for x, y in points], fill=255)
    box = mask.getbbox()
    return piece.crop(box), mask.crop(box)


def _scene(
    ground: Photo, item: Paste, width: float, rng: np.random.Generator, *, moved: bool, changed: bool
) -> Photo:
    """Return the ground with an object on it and its shadow; its longer side is `width` of the photo's."""
    photo = ImageOps.fit(ground, SIZE, Image.Resampling.BICUBIC)
    if changed:
        photo = _shaken(photo, rng)
    image, mask = item
    if image.height > image.width:
        image, mask = image.transpose(Image.Transpose.ROTATE_90), mask.transpose(Image.Transpose.ROTATE_90)
    scale = width * SIZE[0] / image.width
    size = (round(image.width * scale), max(2, round(image.height * scale)))
    image, mask = image.resize(size, Image.Resampling.LANCZOS), mask.resize(size, Image.Resampling.LANCZOS)
    angle = float(rng.uniform(0, 360) if moved else rng.uniform(-4, 4))
    image = image.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    mask = mask.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    spread = 0.3 if moved else 0.01
    centre = [round(side * (0.5 + rng.uniform(-spread, spread))) for side in SIZE]
    corner = (centre[0] - image.width // 2, centre[1] - image.height // 2)
    shadow = Image.new("L", SIZE)
    shadow.paste(mask, (corner[0] + 3, corner[1] + 4))
    shadow = shadow.filter(ImageFilter.GaussianBlur(4)).point(lambda level: round(level * SHADOW))
    photo.paste(Image.new("RGB", SIZE), mask=shadow)
    photo.paste(image, corner, mask)
    return photo


def _shaken(photo: Photo, rng: np.random.Generator) -> Photo:
    """Return the next photo of a burst: moved by up to 0.2 % of the width, turned, in other light."""
    width, height = photo.size
    turned = photo.rotate(float(rng.uniform(-0.1, 0.1)), Image.Resampling.BICUBIC)
    dx, dy = rng.uniform(-0.002, 0.002, 2) * width
    margin = 0.004 * width
    box = (margin + dx, margin + dy, width - margin + dx, height - margin + dy)
    shaken = turned.resize(photo.size, Image.Resampling.BICUBIC, box=box)
    pixels = np.asarray(shaken, np.float32) * rng.uniform(0.96, 1.04) + rng.normal(0, 4, (height, width, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _scaled(photo: Photo, longest: int) -> Photo:
    factor = longest / max(photo.size)
    return photo.resize([max(8, round(side * factor)) for side in photo.size], Image.Resampling.LANCZOS)


def _cropped(photo: Photo, share: float, rng: np.random.Generator) -> Photo:
    """Return the photo without `share` of its width and height."""
    width, height = photo.size
    left, top = rng.uniform(0, share, 2)
    return photo.crop(
        (
            round(left * width),
            round(top * height),
            round((1 - share + left) * width),
            round((1 - share + top) * height),
        )
    )


def _gamma(photo: Photo, gamma: float) -> Photo:
    return photo.point([round(255 * (level / 255) ** gamma) for level in range(256)] * 3)


ALTERATIONS: dict[str, Callable[[Photo, np.random.Generator], Photo]] = {
    "JPEG quality 30": lambda photo, _: _jpeg(photo, 30),
    "JPEG quality 60": lambda photo, _: _jpeg(photo, 60),
    "WebP quality 50": lambda photo, _: _jpeg(photo, 50, "WEBP"),
    "longest side 1600 px": lambda photo, _: _scaled(photo, 1600),
    "longest side 320 px": lambda photo, _: _scaled(photo, 320),
    "longest side 160 px": lambda photo, _: _jpeg(_scaled(photo, 160), 75),
    "15 % darker": lambda photo, _: ImageEnhance.Brightness(photo).enhance(0.85),
    "15 % brighter": lambda photo, _: ImageEnhance.Brightness(photo).enhance(1.15),
    "30 % brighter": lambda photo, _: ImageEnhance.Brightness(photo).enhance(1.3),
    "contrast 1.3": lambda photo, _: ImageEnhance.Contrast(photo).enhance(1.3),
    "gamma 0.8": lambda photo, _: _gamma(photo, 0.8),
    "gamma 1.3": lambda photo, _: _gamma(photo, 1.3),
    "grey": lambda photo, _: ImageOps.grayscale(photo).convert("RGB"),
    "blur": lambda photo, _: photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 500)),
    "sharpened": lambda photo, _: photo.filter(ImageFilter.UnsharpMask(2, 100)),
    "cropped by 0.5 %": lambda photo, rng: _cropped(photo, 0.005, rng),
    "cropped by 1 %": lambda photo, rng: _cropped(photo, 0.01, rng),
    "cropped by 2 %": lambda photo, rng: _cropped(photo, 0.02, rng),
    "cropped by 5 %": lambda photo, rng: _cropped(photo, 0.05, rng),
    "next photo of a burst": _shaken,
}


if __name__ == "__main__":
    sys.exit(main())
