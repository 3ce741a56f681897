"""What a photo of one key costs, and each further key.

    python benchmarks/several_keys.py [--model FILE] [--write]

In:    a model of aligned crops; bundled photos of single keys, pasted side by side into 12-megapixel photos
Out:   milliseconds per photo without start-up, by the number of keys; with --write also in docs/benchmarks.md
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
from keykind.detect.crops import DETECTION_SIDE
from keykind.detect.detector import load_detector
from keykind.photo.decode import decode_photo
from keykind.photo.source import NamedPhoto
from keykind.predict.recogniser import Recogniser
from table import markdown, section, write_section

SIZE = (4000, 3000)  # px
TILES = {1: 2400, 2: 1900, 4: 1400, 6: 1250, 9: 950, 12: 900}  # photos side by side -> px of each
ROUNDS = 9
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")


def compose(count: int, rng: np.random.Generator) -> bytes:
    """Return a JPEG with bundled photos in a grid on noise."""
    paths = sorted(bundled_photos().rglob("*.jpg"))
    noise = rng.integers(90, 166, (SIZE[1] // 4, SIZE[0] // 4, 3), np.uint8)
    image = Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)
    columns = int(np.ceil(np.sqrt(count * 4 / 3)))
    rows = -(-count // columns)
    for i, chosen in enumerate(rng.choice(len(paths), count, replace=False)):
        with Image.open(paths[chosen]) as photo:
            tile = photo.resize((TILES[count], TILES[count]), Image.Resampling.BICUBIC)
        x, y = (i % columns + 0.5) / columns * SIZE[0], (i // columns + 0.5) / rows * SIZE[1]
        image.paste(tile, (round(x - TILES[count] / 2), round(y - TILES[count] / 2)))
    stream = BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def measure(recogniser: Recogniser, data: bytes) -> tuple[float, int]:
    """Return the median time of a prediction in ms, and how many keys it has."""
    times, keys = [], 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        keys = len(recogniser.recognise(NamedPhoto("photo.jpg", data)).keys)
        times.append(time.perf_counter() - start)
    return 1e3 * median(times), keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="(default: the bundled one)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    recogniser, rng = Recogniser.load(options.model), np.random.default_rng(0)
    detector = load_detector()
    rows = []
    for count in TILES:
        data = compose(count, rng)
        detections = len(detector.detect(decode_photo(data, "photo.jpg", min_side=DETECTION_SIDE)))
        milliseconds, keys = measure(recogniser, data)
        rows.append((str(count), str(detections), str(keys), f"{milliseconds:.0f}"))
    summary = (
        "One 12-megapixel JPEG at a time, in a running process: decoding, detection, cropping, "
        "classification. Each candidate is refined, and each crop classified twice, as it is and mirrored; "
        "small keys are also searched in tiles."
    )
    table = markdown(("keys in the photo", "detections", "accepted as keys", "ms"), rows)
    page = section(
        "Several keys in a photo",
        f"{summary}\n\n{table}",
        command="python benchmarks/several_keys.py --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("several-keys", page)


if __name__ == "__main__":
    main()
