"""JPEG file -> 224 px picture: keykind's reduced decoding beside Pillow's full one.

    python benchmarks/decode.py [FOLDER] [--rounds 5] [--write]

In:    a folder of JPEGs; without one, twelve made ones of 4000 x 3000 pixels
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

from keykind.photo import decode
from table import markdown, section, write_section

SIDE = 224  # pixels, the model's input
MADE, MADE_SIZE = 12, (4000, 3000)  # pictures, and pixels of each: a 12-megapixel phone photo
GRAINS = (8, 40, 400)  # pixels; sizes of the made texture
QUALITY = 90  # of the made JPEGs: about 3 MB each, as phones write them


def pillow_full(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        return np.asarray(ImageOps.exif_transpose(small))  # turned last, where it costs least


def keykind_reduced(path: Path) -> np.ndarray:
    return decode.resize(decode.read(path, at_least=SIDE).pixels, SIDE)


def make_photos(folder: Path, rng: np.random.Generator) -> None:
    width, height = MADE_SIZE
    for number in range(MADE):
        layers = []
        for grain in GRAINS:
            noise = rng.integers(0, 256, (height // grain, width // grain, 3), dtype=np.uint8)
            layers.append(
                np.asarray(Image.fromarray(noise).resize(MADE_SIZE, Image.Resampling.BICUBIC)) // len(GRAINS)
            )
        Image.fromarray(sum(layers[1:], layers[0])).save(folder / f"{number:02}.jpg", quality=QUALITY)


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
    ratio = median(one / other for one, other in times)
    table = markdown(
        ["", "ms a photo (median)", "times as fast"],
        [
            ["Pillow: decode in full, resize, turn upright", f"{full:.0f}", "1.0"],
            [f"keykind: `read(at_least={SIDE})`, `resize`", f"{reduced:.0f}", f"{ratio:.1f}"],
        ],
    )
    sizes = [decode.read(path, at_least=SIDE) for path in paths]
    megapixels = median(read.width * read.height for read in sizes) / 1e6
    about = f"{len(paths)} JPEGs of {megapixels:.0f} megapixels to {SIDE} x {SIDE} px, {rounds} rounds."
    return f"{about}\n\n{table}\n\nThe two results differ by {median(changes):.2f} of 255 levels on average."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="JPEGs to read (without it: made ones)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    with TemporaryDirectory() as made:
        if options.folder is None:
            make_photos(Path(made), np.random.default_rng(0))
        paths = sorted((options.folder or Path(made)).glob("*.jpg"))
        text = measure(paths, options.rounds)
    command = "python benchmarks/decode.py" + (" FOLDER" if options.folder else "")
    text = section("Reading photos", text, command=command, packages=["pillow", "numpy"])
    print(text)
    if options.write:
        write_section("decode", text)


if __name__ == "__main__":
    main()
