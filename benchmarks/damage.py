"""Damaged photos: how many are noticed, and how many sound ones are reported by mistake.

    python benchmarks/damage.py FOLDER [--sound FOLDER...] [--count 12] [--write]

In:    a folder of sound JPEGs, which are damaged here; further folders of sound photos
Out:   a Markdown table on stdout; with --write also in docs/benchmarks.md
Needs: keykind's base installation

Each photo is encoded in several ways and damaged in each of the ways in DAMAGES, at random positions behind
the header. "Silent" are the photos that are read without a note although their pixels changed.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.photo.decode import SUFFIXES, decode_photo, read_bytes, read_photo
from table import markdown, section, write_section

SIDE = 224  # px, scale at which the photos are read, as for an answer
BLOCK = 4096  # bytes: a sector of a disk
SPARED = 0.1  # share of the file at its start that stays as it is: the header

Bytes = bytes
Damage = Callable[[Bytes, int, np.random.Generator], Bytes]


def zeroed(data: Bytes, at: int, _: np.random.Generator) -> Bytes:
    return data[:at] + bytes(min(BLOCK, len(data) - at)) + data[at + BLOCK :]


def overwritten(data: Bytes, at: int, rng: np.random.Generator) -> Bytes:
    return data[:at] + rng.bytes(min(BLOCK, len(data) - at)) + data[at + BLOCK :]


def flipped(count: int) -> Damage:
    def flip(data: Bytes, at: int, rng: np.random.Generator) -> Bytes:
        changed = bytearray(data)
        for i in (at, *rng.integers(at, len(data) - 2, count - 1)):
            changed[i] ^= 1 << int(rng.integers(8))
        return bytes(changed)

    return flip


DAMAGES: dict[str, Damage] = {
    "cut off, end marker added": lambda data, at, _: data[:at] + b"\xff\xd9",
    "cut off": lambda data, at, _: data[:at],
    "4 KB dropped": lambda data, at, _: data[:at] + data[at + BLOCK :],
    "4 KB doubled": lambda data, at, _: data[: at + BLOCK] + data[at:],
    "4 KB zero": zeroed,
    "4 KB of another place": lambda data, at, _: data[:at] + data[-BLOCK:] + data[at + BLOCK :],
    "4 KB random": overwritten,
    "everything behind zero": lambda data, at, _: data[:at] + bytes(len(data) - at),
    "100 bits flipped": flipped(100),
    "10 bits flipped": flipped(10),
    "1 bit flipped": flipped(1),
}
JPEGS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 90},
    "JPEG, optimised": {"quality": 90, "optimize": True},
    "JPEG, restart markers in each row": {"quality": 90, "restart_marker_rows": 1},
    "JPEG, progressive": {"quality": 90, "progressive": True},
}
OTHERS: dict[str, dict[str, object]] = {
    "PNG": {},
    "WEBP": {"quality": 90},
    "GIF": {},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
    "AVIF": {},
    "JPEG2000": {},
}


def encode(image: Image.Image, file_format: str, **options: object) -> Bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def outcome(data: Bytes, sound: np.ndarray) -> str:
    """Return what keykind does with a damaged file."""
    try:
        photo = decode_photo(data, "photo", min_side=SIDE)
    except BadPhoto:
        return "refused"
    if photo.damage:
        return "noted"
    same = photo.pixels.shape == sound.shape and (photo.pixels == sound).all()
    return "unchanged" if same else "silent"


def damaged(files: list[Bytes], damage: Damage, rng: np.random.Generator) -> Counter[str]:
    counts: Counter[str] = Counter()
    for data in files:
        sound = decode_photo(data, "photo", min_side=SIDE).pixels
        at = int(rng.integers(int(SPARED * len(data)), max(len(data) - 2 * BLOCK, len(data) // 2)))
        counts[outcome(damage(data, at, rng), sound)] += 1
    return counts


def rows(images: list[Image.Image], rng: np.random.Generator) -> Iterator[list[str]]:
    encodings = {name: ("JPEG", options) for name, options in JPEGS.items()}
    encodings |= {name: (name, options) for name, options in OTHERS.items()}
    for name, (file_format, options) in encodings.items():
        scale = 1 if file_format == "JPEG" else 4
        files = [encode(image.reduce(scale), file_format, **options) for image in images]
        cells = []
        for damage in DAMAGES.values():
            counts = damaged(files, damage, rng)
            text = f"{counts['noted'] + counts['refused']}"
            cells.append(text + (f" ({counts['silent']} silent)" if counts["silent"] else ""))
        yield [name, *cells]


def false_alarms(folders: list[Path]) -> tuple[int, list[str]]:
    """Return the number of sound photos that were read, and the names of those with a note."""
    count, noted = 0, []
    for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
        if path.suffix.lower() in SUFFIXES:
            try:
                damage = read_photo(path, min_side=SIDE).damage
            except BadPhoto:
                continue
            count += 1
            noted += [f"{path}: {damage}"] if damage else []
    return count, noted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="sound JPEGs")
    parser.add_argument("--sound", type=Path, nargs="*", default=[], help="folders of further sound photos")
    parser.add_argument("--count", type=int, default=12, help="photos to damage")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    paths = sorted(options.folder.glob("*.jpg"))[: options.count]
    images = [Image.open(BytesIO(read_bytes(path))).convert("RGB") for path in paths]
    table = markdown(["", *DAMAGES], list(rows(images, np.random.default_rng(0))))
    count, noted = false_alarms([options.folder, *options.sound])
    text = (
        f"Photos of {len(images)} that are refused or answered with a note; in brackets those "
        f"read without one although their pixels changed.\n\n{table}\n\n"
        f"Of {count:,} sound photos, {len(noted)} got a note."
    )
    text = section("Damaged photos", text, command="python benchmarks/damage.py FOLDER", packages=["pillow"])
    print(text, *noted, sep="\n")
    if options.write:
        write_section("damage", text)


if __name__ == "__main__":
    main()
