"""JPEG file -> 224 px image: keykind's reduced-scale decoding compared with Pillow's full decoding.

    python benchmarks/decode.py [FOLDER] [--rounds 5] [--write]

In:    a folder of JPEGs; without one, twelve synthetic ones of 4000 x 3000 pixels
Out:   a Markdown table on stdout; with --write also in docs/benchmarks.md
Needs: keykind's base installation
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageOps

from keykind.photo.decode import read_photo, resize
from table import markdown, section, write_section

SIDE = 224  # pixels, the model's input
COUNT, SIZE = 12, (4000, 3000)  # synthetic images, and pixels of each: a 12-megapixel phone photo
GRAINS = (8, 40, 400)  # pixels; scales of the synthetic texture
QUALITY = 90  # of the synthetic JPEGs: about 3 MB each, as from phones


def pillow_full(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        return np.asarray(ImageOps.exif_transpose(small))  # transposed last, where it costs least


def keykind_reduced(path: Path) -> np.ndarray:
    return resize(read_photo(path, min_side=SIDE).pixels, SIDE)


def make_photos(folder: Path, rng: np.random.Generator) -> None:
    width, height = SIZE
    for i in range(COUNT):
        layers = []
        for grain in GRAINS:
            noise = rng.integers(0, 256, (height // grain, width // grain, 3), dtype=np.uint8)
            layers.append(
                np.asarray(Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)) // len(GRAINS)
            )
        Image.fromarray(sum(layers[1:], layers[0])).save(folder / f"{i:02}.jpg", quality=QUALITY)


def milliseconds(work: Callable[[Path], np.ndarray], path: Path) -> float:
    start = time.perf_counter()
    work(path)
    return (time.perf_counter() - start) * 1000


def measure(paths: list[Path], rounds: int) -> str:
    """Return the table: medians over photos and rounds; both read a photo one right after the other."""
    both = (pillow_full, keykind_reduced)
    changes = [float(np.abs(pillow_full(path).astype(int) - keykind_reduced(path)).mean()) for path in paths]
    times = [[milliseconds(work, path) for work in both] for _ in range(rounds) for path in paths]
    full, reduced = (median(column) for column in zip(*times, strict=True))
    ratio = median(full_time / reduced_time for full_time, reduced_time in times)
    table = markdown(
        ["", "ms per photo (median)", "speed-up"],
        [
            ["Pillow: decode in full, resize, turn upright", f"{full:.0f}", "1.0"],
            [f"keykind: `read_photo(min_side={SIDE})`, `resize`", f"{reduced:.0f}", f"{ratio:.1f}"],
        ],
    )
    photos = [read_photo(path, min_side=SIDE) for path in paths]
    megapixels = median(photo.width * photo.height for photo in photos) / 1e6
    summary = f"{len(paths)} JPEGs of {megapixels:.0f} megapixels to {SIDE} x {SIDE} px, {rounds} rounds."
    return (
        f"{summary}\n\n{table}\n\nThe two results differ by {median(changes):.2f} of 255 levels on average."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="JPEGs to read (default: synthetic ones)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    with TemporaryDirectory() as synthetic:
        if options.folder is None:
            make_photos(Path(synthetic), np.random.default_rng(0))
        paths = sorted((options.folder or Path(synthetic)).glob("*.jpg"))
        text = measure(paths, options.rounds)
    command = "python benchmarks/decode.py" + (" FOLDER" if options.folder else "")
    text = section("Reading photos", text, command=command, packages=["pillow", "numpy"])
    print(text)
    if options.write:
        write_section("decode", text)


if __name__ == "__main__":
    main()
