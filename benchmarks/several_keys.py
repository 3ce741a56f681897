"""What a photo of one key costs, and each further key.

    python benchmarks/several_keys.py [--model FILE] [--rounds 9] [--write]

In:    a model of aligned crops; bundled photos of single keys, pasted side by side into 12-megapixel photos
Out:   milliseconds per photo without start-up, by the number of keys; with --write also in docs/benchmarks.md
Needs: keykind's base installation

Target: eight keys in at most 2 times the time of one.
"""

import argparse
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from keykind.core.parallel import thread_pool
from keykind.core.process import keep_freed_memory
from keykind.dataset.bundled import bundled_photos
from keykind.detect.crops import DETECTION_SIDE
from keykind.detect.detector import load_detector
from keykind.photo.decode import decode_photo
from keykind.photo.source import NamedPhoto
from keykind.predict.recogniser import Recogniser
from profile_photo import REST, Profiler
from table import markdown, section, write_section

SIZE = (4000, 3000)  # px
TILES = {1: 2400, 2: 1900, 4: 1400, 6: 1250, 8: 950, 9: 950, 12: 900}  # photos side by side -> px of each
HEADER = ("keys", "detections", "accepted as keys", "ms", "times one key", "post-processing")
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")


def compose(count: int, rng: np.random.Generator) -> bytes:
    """Return a JPEG with bundled photos in a grid on noise."""
    paths = sorted(bundled_photos().rglob("*.jpg"))
    noise = rng.integers(90, 166, (SIZE[1] // 4, SIZE[0] // 4, 3), np.uint8)
    image = Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)
    columns = min(int(np.ceil(np.sqrt(count * 4 / 3))), count)
    rows = -(-count // columns)
    for i, chosen in enumerate(rng.choice(len(paths), count, replace=False)):
        with Image.open(paths[chosen]) as photo:
            tile = photo.resize((TILES[count], TILES[count]), Image.Resampling.BICUBIC)
        x, y = (i % columns + 0.5) / columns * SIZE[0], (i // columns + 0.5) / rows * SIZE[1]
        image.paste(tile, (round(x - TILES[count] / 2), round(y - TILES[count] / 2)))
    stream = BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def measure(recogniser: Recogniser, photos: Sequence[bytes], rounds: int) -> list[list[float]]:
    """Return the time of each photo's prediction in ms: a row per photo, a column per round."""
    times: list[list[float]] = [[] for _ in photos]
    for _ in range(rounds):
        for row, data in zip(times, photos, strict=True):
            start = time.perf_counter()
            recogniser.recognise(NamedPhoto("photo.jpg", data))
            row.append(1e3 * (time.perf_counter() - start))
    return times


def post_processing(recogniser: Recogniser, data: bytes, rounds: int) -> float:
    """Return the ms of a core that a photo takes outside reading, resizing, crops and networks."""
    photo = NamedPhoto("photo.jpg", data)
    recogniser.recognise(photo)
    profiler = Profiler()
    for _ in range(rounds):
        with profiler:
            recogniser.recognise(photo)
    return 1e3 * profiler.seconds[REST] / rounds


def text(model: Path | None, rounds: int) -> str:
    """Measure all numbers of keys by turns and return the table as Markdown."""
    keep_freed_memory()  # as `predict` does
    recogniser, detector, rng = Recogniser.load(model), load_detector(), np.random.default_rng(0)
    photos = [compose(count, rng) for count in TILES]
    accepted = [len(recogniser.recognise(NamedPhoto("photo.jpg", data)).keys) for data in photos]
    times = measure(recogniser, photos, rounds)
    with thread_pool(1) as pool:  # no further threads are started in it
        processing = list(pool.map(lambda data: post_processing(recogniser, data, rounds), photos))
    rows = []
    for count, data, keys, row, spent in zip(TILES, photos, accepted, times, processing, strict=True):
        detections = len(detector.detect(decode_photo(data, "photo.jpg", min_side=DETECTION_SIDE)))
        ratio = median(own / one for own, one in zip(row, times[0], strict=True))
        rows.append(
            (str(count), str(detections), str(keys), f"{median(row):.0f}", f"{ratio:.1f}", f"{spent:.1f}")
        )
    table = markdown(HEADER, rows)
    return (
        "One 12-megapixel JPEG at a time, in a running process: decoding, detection, cropping, "
        "classification. Candidates are refined; crops are classified, doubtful ones mirrored, too; "
        f"small keys are also searched in tiles. Medians of {rounds} rounds over all rows.\n\n{table}\n\n"
        "Post-processing is everything but reading, resizing, crops and networks, ms of a core, profiled. "
        "Targets: eight keys in at most 2 times the time of one; post-processing under 2 ms for one key, "
        "under 6 for ten."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="(default: the bundled one)")
    parser.add_argument("--rounds", type=int, default=9, help="(default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    options = parser.parse_args()
    page = section(
        "Several keys in a photo",
        text(options.model, options.rounds),
        command="python benchmarks/several_keys.py --write",
        packages=PACKAGES,
    )
    print(page)
    if options.write:
        write_section("several-keys", page)


if __name__ == "__main__":
    main()
