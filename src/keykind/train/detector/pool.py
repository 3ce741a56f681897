"""Rendered datasets and photos without keys -> pools that training processes share.

In:    scenes of photos, with or without keys
Out:   ScenePool: photos with their keys, and single keys cut out of them
Needs: numpy, opencv, pillow                                                               [train]

A pool is a few large files: cut-outs, and as many scenes as MAX_DECODED allows, as raw pixels; other scenes
as JPEG. Each process maps them into memory, so all share one copy and reading raw pixels costs nothing. A
pool is built once and used again as long as its sources are the same.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadDataset
from keykind.core.files import READ_ERRORS, atomic_write
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.train.detector.keys import (
    COLUMNS,
    HEAD,
    OCCLUSION,
    TIP,
    TRUNCATION,
    KeyRows,
    View,
)

MAX_HIDDEN = 0.05  # occluded or truncated share up to which a key is cut out
MIN_LENGTH = 40  # px of a key that is cut out
MARGIN = 1  # px around a cut-out
INDEX, JPEG, PARTS, CUTS = "index.npz", "scenes.bin", "parts.bin", "cuts.bin"
PIXELS = "pixels.bin"  # of scenes that are stored decoded
FILES = (JPEG, PIXELS, PARTS, CUTS)
FORMAT = 3  # of the files; part of a pool's identity
CHANNELS = 3  # bytes of a pixel; of a scene with keys one more, for its parts
MAX_DECODED = 4 * 2**30  # bytes of a pool's scenes that are stored decoded: 6,000 of 448 x 448 px
MAX_DISK_SHARE = 0.25  # of the free disk that they may take


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """A key cut out of a photo."""

    pixels: NDArray[np.uint8]  # (h, w, 4): RGB and opacity
    blade: NDArray[np.uint8]  # (h, w): 255 where it is blade, 0 elsewhere
    key: NDArray[np.float64]  # (COLUMNS,)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A photo as it is stored in a pool."""

    jpeg: bytes
    parts: NDArray[np.uint8] | None  # (h, w) as in View; None: no key
    keys: KeyRows
    cuts: tuple[CutOut, ...] = ()


class ScenePool:
    """Photos with their keys, and keys cut out of them."""

    def __init__(self, folder: Path) -> None:
        """Open the files that `build_pool` wrote."""
        with np.load(folder / INDEX, allow_pickle=False) as index:
            self.identity = str(index["identity"])
            self._jpeg, self._pixels, self._parts = index["jpeg"], index["pixels"], index["parts"]
            self._shapes = index["shapes"]
            self._first, self._keys = index["first"], index["keys"]
            self._cut_spans, self._cut_shapes = index["cut_spans"], index["cut_shapes"]
            self._cut_keys = index["cut_keys"]
        self._files = {name: _map(folder / name) for name in FILES}

    def __len__(self) -> int:
        return len(self._jpeg)

    @property
    def cut_count(self) -> int:
        """Return the number of cut-out keys."""
        return len(self._cut_spans)

    def key_rows(self) -> tuple[NDArray[np.int64], KeyRows]:
        """Return the first row of each scene, then the number of rows (n + 1,); and the rows of all keys."""
        return self._first, self._keys

    def cut_rows(self) -> KeyRows:
        """Return the row of each cut-out key."""
        return np.asarray(self._cut_keys)

    def scene(self, index: int) -> View:
        """Return a photo with its keys. Its arrays may be read-only: they are mapped from a file."""
        keys = self._keys[self._first[index] : self._first[index + 1]].astype(np.float64)
        shape, decoded = self._shapes[index].tolist(), bool(self._pixels[index, 1])
        if decoded:
            image = self._read(PIXELS, self._pixels[index]).reshape(*shape, 3)
        else:
            image = np.asarray(cv2.imdecode(self._read(JPEG, self._jpeg[index]), cv2.IMREAD_COLOR_RGB))
        parts = np.zeros(shape, np.uint8)
        if self._parts[index, 1]:
            parts = self._read(PARTS, self._parts[index])
            parts = parts.reshape(shape) if decoded else np.asarray(cv2.imdecode(parts, cv2.IMREAD_GRAYSCALE))
        return View(image, parts, keys)

    def cut(self, index: int) -> CutOut:
        """Return a key that was cut out."""
        height, width = self._cut_shapes[index].tolist()
        data = self._read(CUTS, self._cut_spans[index])
        pixels = data[: 4 * height * width].reshape(height, width, 4)
        blade = data[4 * height * width :].reshape(height, width)
        return CutOut(pixels, blade, self._cut_keys[index].astype(np.float64))

    def _read(self, name: str, span: NDArray[np.int64]) -> NDArray[np.uint8]:
        start, length = span.tolist()
        return self._files[name][start : start + length]


def open_pool(
    folder: Path, sources: Sequence[Path], scenes: Callable[[], Iterable[Scene]], count: int, label: str
) -> ScenePool:
    """Return the pool in a folder; build it if there is none, or not of these sources.

    sources: the files that the scenes are made of. scenes: makes them, one per photo; count: how many, and
    label: what is done, e.g. "reading backgrounds", for the progress display.
    Raises CannotWrite, and what making the scenes raises.
    """
    identity = _identity(sources)
    try:
        pool = ScenePool(folder)
        if pool.identity == identity:
            return pool
    except READ_ERRORS:
        pass
    _write(folder, progress(scenes(), count, label), identity)
    return ScenePool(folder)


def cut_outs(view: View) -> Iterator[CutOut]:
    """Yield the keys of a photo that are large enough and not hidden, each cut out."""
    for k, key in enumerate(view.keys):
        length = float(np.linalg.norm(key[TIP] - key[HEAD]))
        mask = (view.parts.astype(int) + 1) // 2 == k + 1
        if max(key[OCCLUSION], key[TRUNCATION]) > MAX_HIDDEN or length < MIN_LENGTH or not mask.any():
            continue
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        top, left = max(rows[0] - MARGIN, 0), max(columns[0] - MARGIN, 0)
        region = np.s_[top : rows[-1] + MARGIN + 1, left : columns[-1] + MARGIN + 1]
        opacity, blade = (
            part.astype(np.uint8) * np.uint8(255) for part in (mask[region], view.parts[region] == 2 * k + 2)
        )
        pixels = np.dstack([view.image[region], opacity])
        moved = key.copy()
        moved[HEAD], moved[TIP] = key[HEAD] - (left, top), key[TIP] - (left, top)
        yield CutOut(pixels, blade, moved)


def photo_scenes(files: Sequence[Path], max_side: int) -> Iterator[Scene]:
    """Yield each photo, of at most `max_side` px, as a scene without keys. Raises BadDataset."""

    def read(path: Path) -> Scene:
        try:
            with Image.open(path) as photo:
                photo.thumbnail((max_side, max_side), Image.Resampling.BOX)
                return Scene(encode_jpeg(np.asarray(photo.convert("RGB"))), None, np.zeros((0, COLUMNS)))
        except (OSError, ValueError) as error:
            fault = f"cannot be read ({error})"
            raise BadDataset(path, fault=fault, remedy="delete it from the folder") from error

    return parallel_map(read, files)


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 93) -> bytes:
    """Return pixels (h, w, 3) RGB as JPEG."""
    data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data[1].tobytes())


def _write(folder: Path, scenes: Iterable[Scene], identity: str) -> None:
    """Write the files of a pool, the index last."""
    with ExitStack() as stack:
        paths = {name: stack.enter_context(atomic_write(folder / name)) for name in FILES}
        writer = _Writer({name: stack.enter_context(path.open("wb")) for name, path in paths.items()})
        room = min(MAX_DECODED, int(MAX_DISK_SHARE * shutil.disk_usage(folder).free))
        for scene in scenes:
            room -= writer.put(scene, room)
        writer.close()
    with atomic_write(folder / INDEX) as temporary:
        np.savez(temporary, allow_pickle=False, identity=identity, **writer.index())


class _Writer:
    """Writes scenes to the files of a pool, and collects where they are."""

    def __init__(self, streams: Mapping[str, BinaryIO]) -> None:
        self._streams = streams
        self._spans: dict[str, list[tuple[int, int]]] = {name: [] for name in streams}
        self._ends = dict.fromkeys(streams, 0)
        self._shapes, self._cut_shapes = list[tuple[int, ...]](), list[tuple[int, ...]]()
        self._rows, self._cut_keys = [np.zeros((0, COLUMNS))], [np.zeros((0, COLUMNS))]

    def put(self, scene: Scene, room: int) -> int:
        """Write a scene, decoded if it takes at most `room` bytes; return how many of these it takes."""
        image = np.asarray(cv2.imdecode(np.frombuffer(scene.jpeg, np.uint8), cv2.IMREAD_COLOR_RGB))
        height, width = image.shape[:2]
        used = (CHANNELS if scene.parts is None else CHANNELS + 1) * height * width
        decoded = used <= room
        self._put(JPEG, b"" if decoded else scene.jpeg)
        self._put(PIXELS, image.tobytes() if decoded else b"")
        parts = b"" if scene.parts is None else scene.parts.tobytes() if decoded else _png(scene.parts)
        self._put(PARTS, parts)
        self._shapes.append((height, width))
        self._rows.append(scene.keys)
        for cut in scene.cuts:
            self._put(CUTS, cut.pixels.tobytes() + cut.blade.tobytes())
            self._cut_shapes.append(cut.blade.shape)
            self._cut_keys.append(cut.key[None])
        return used if decoded else 0

    def close(self) -> None:
        """Write what is still in memory to the files."""
        for stream in self._streams.values():
            stream.close()

    def index(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the index."""
        spans = {name: np.array(spans, np.int64).reshape(-1, 2) for name, spans in self._spans.items()}
        return {
            "jpeg": spans[JPEG],
            "pixels": spans[PIXELS],
            "parts": spans[PARTS],
            "cut_spans": spans[CUTS],
            "shapes": np.array(self._shapes, np.int64).reshape(-1, 2),
            "cut_shapes": np.array(self._cut_shapes, np.int64).reshape(-1, 2),
            "first": np.cumsum([len(rows) for rows in self._rows]),
            "keys": np.concatenate(self._rows),
            "cut_keys": np.concatenate(self._cut_keys),
        }

    def _put(self, name: str, data: bytes) -> None:
        self._streams[name].write(data)
        self._spans[name].append((self._ends[name], len(data)))
        self._ends[name] += len(data)


def _png(parts: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", parts)[1].tobytes())


def _map(path: Path) -> NDArray[np.uint8]:
    """Return a file's bytes, mapped into memory."""
    return np.asarray(np.memmap(path, np.uint8, "r")) if path.stat().st_size else np.zeros(0, np.uint8)


def _identity(sources: Sequence[Path]) -> str:
    """Return a digest of the names, sizes and times of files."""
    stats = [(str(path.absolute()), path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
    return hashlib.sha256(json.dumps([FORMAT, stats]).encode()).hexdigest()
