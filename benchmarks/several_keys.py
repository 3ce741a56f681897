"""What does a photo of one key cost, and each further key?

    python benchmarks/several_keys.py [--model FILE] [--write]

In:    a model of keys cut out; the photos of single keys that come with keykind, laid side by side in photos
       of 12 megapixels
Out:   milliseconds a photo beyond start-up, by the number of keys found; docs/benchmarks.md
Needs: keykind's base installation
"""

import argparse
import time
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from keykind.dataset.bundled import bundled_photos
from keykind.detect.detector import load_detector
from keykind.photo.decode import decode
from keykind.photo.source import NamedPhoto
from keykind.predict.recogniser import Recogniser
from table import markdown, section, write_section

SIZE = (4000, 3000)
LAID = (1, 2, 4, 6, 9, 12)  # photos of the sample side by side
TILES = {1: 2400, 2: 1900, 4: 1400, 6: 1250, 9: 950, 12: 900}  # px of each
ROUNDS = 9
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")


def photo_of(count: int, rng: np.random.Generator) -> bytes:
    """Return a JPEG with photos of the sample laid in a grid on grain."""
    paths = sorted(bundled_photos().rglob("*.jpg"))
    noise = rng.integers(90, 166, (SIZE[1] // 4, SIZE[0] // 4, 3), np.uint8)
    image = Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)
    columns = int(np.ceil(np.sqrt(count * 4 / 3)))
    rows = -(-count // columns)
    for place, one in enumerate(rng.choice(len(paths), count, replace=False)):
        with Image.open(paths[one]) as tile:
            grown = tile.resize((TILES[count], TILES[count]), Image.Resampling.BICUBIC)
        x, y = (place % columns + 0.5) / columns * SIZE[0], (place // columns + 0.5) / rows * SIZE[1]
        image.paste(grown, (round(x - TILES[count] / 2), round(y - TILES[count] / 2)))
    stream = BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def milliseconds(recogniser: Recogniser, data: bytes) -> tuple[float, int]:
    """Return the median time of an answer, and how many keys it tells of."""
    times, found = [], 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        found = len(recogniser.recognise(NamedPhoto("photo.jpg", data)).keys)
        times.append(time.perf_counter() - start)
    return 1e3 * median(times), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="(default: the one that ships)")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    options = parser.parse_args()
    recogniser, rng = Recogniser.load(options.model), np.random.default_rng(0)
    detector = load_detector()
    rows = []
    for count in LAID:
        data = photo_of(count, rng)
        seen = len(detector.find(decode(data, "photo.jpg", at_least=480)))
        taken, told = milliseconds(recogniser, data)
        rows.append((str(count), str(seen), str(told), f"{taken:.0f}"))
    words = (
        "One JPEG of 12 megapixels at a time, in a process that is already running: reading, finding, "
        "cutting, saying. A key cut out takes two answers of the network, for it and its mirror image; where "
        "several keys are seen, the detector looks twice; small ones are looked for in tiles, too."
    )
    table = markdown(("keys laid", "keys found", "told as keys", "ms"), rows)
    page = section(
        "Several keys in a photo",
        f"{words}\n\n{table}",
        command="python benchmarks/several_keys.py --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("several-keys", page)


if __name__ == "__main__":
    main()
