"""Rendered datasets and photos without keys -> pools that training processes share.

In:    scenes of photos, with or without keys
Out:   ScenePool: photos with their keys, and single keys cut out of them
Needs: numpy, opencv, pillow                                                               [train]

A pool is a few large files: scenes as JPEG, cut-outs as raw pixels. Each process maps them into memory, so
all share one copy and reading a cut-out costs nothing. A pool is built once and used again as long as its
sources are the same.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
FORMAT = 2  # of the files; part of a pool's identity
CUT_CHANNELS = 5  # of a cut-out's pixels: RGB, opacity, blade

Spans = NDArray[np.int64]  # (n, 2) start and length in a file, bytes


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """A key cut out of a photo."""

    pixels: NDArray[np.uint8]  # (h, w, 5): RGB, opacity, and where it is blade, 0 or 255
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
            self._jpeg, self._parts = index["jpeg"], index["parts"]
            self._first, self._keys = index["first"], index["keys"]
            self._cut_spans, self._cut_shapes = index["cut_spans"], index["cut_shapes"]
            self._cut_keys = index["cut_keys"]
        self._files = {name: _map(folder / name) for name in (JPEG, PARTS, CUTS)}

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
        """Return a photo with its keys."""
        image = np.asarray(cv2.imdecode(self._read(JPEG, self._jpeg[index]), cv2.IMREAD_COLOR_RGB))
        keys = self._keys[self._first[index] : self._first[index + 1]].astype(np.float64)
        parts = np.zeros(image.shape[:2], np.uint8)
        if self._parts[index, 1]:
            parts = np.asarray(cv2.imdecode(self._read(PARTS, self._parts[index]), cv2.IMREAD_GRAYSCALE))
        return View(image, parts, keys)

    def cut(self, index: int) -> CutOut:
        """Return a key that was cut out."""
        pixels = self._read(CUTS, self._cut_spans[index]).reshape(*self._cut_shapes[index], CUT_CHANNELS)
        return CutOut(pixels, self._cut_keys[index].astype(np.float64))

    def _read(self, name: str, span: NDArray[np.int64]) -> NDArray[np.uint8]:
        start, length = span.tolist()
        return np.asarray(self._files[name][start : start + length])


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
        opacity, blade = 255 * mask[region].astype(np.uint8), 255 * (view.parts[region] == 2 * k + 2)
        pixels = np.dstack([view.image[region], opacity, blade.astype(np.uint8)])
        moved = key.copy()
        moved[HEAD], moved[TIP] = key[HEAD] - (left, top), key[TIP] - (left, top)
        yield CutOut(pixels, moved)


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
    spans: dict[str, list[tuple[int, int]]] = {name: [] for name in (JPEG, PARTS, CUTS)}
    rows, cuts = [np.zeros((0, COLUMNS))], list[tuple[tuple[int, ...], NDArray[np.float64]]]()
    first = [0]
    with (
        atomic_write(folder / JPEG) as jpeg,
        atomic_write(folder / PARTS) as parts,
        atomic_write(folder / CUTS) as cut_file,
    ):
        streams = {JPEG: jpeg.open("wb"), PARTS: parts.open("wb"), CUTS: cut_file.open("wb")}
        ends = dict.fromkeys(streams, 0)

        def put(name: str, data: bytes) -> None:
            streams[name].write(data)
            spans[name].append((ends[name], len(data)))
            ends[name] += len(data)

        try:
            for scene in scenes:
                put(JPEG, scene.jpeg)
                put(PARTS, b"" if scene.parts is None else _png(scene.parts))
                rows.append(scene.keys)
                first.append(first[-1] + len(scene.keys))
                for cut in scene.cuts:
                    put(CUTS, cut.pixels.tobytes())
                    cuts.append((cut.pixels.shape[:2], cut.key))
        finally:
            for stream in streams.values():
                stream.close()
    with atomic_write(folder / INDEX) as temporary:
        np.savez(
            temporary,
            allow_pickle=False,
            identity=identity,
            jpeg=np.array(spans[JPEG], np.int64).reshape(-1, 2),
            parts=np.array(spans[PARTS], np.int64).reshape(-1, 2),
            first=np.array(first, np.int64),
            keys=np.concatenate(rows),
            cut_spans=np.array(spans[CUTS], np.int64).reshape(-1, 2),
            cut_shapes=np.array([shape for shape, _ in cuts], np.int64).reshape(-1, 2),
            cut_keys=np.array([key for _, key in cuts], np.float64).reshape(-1, COLUMNS),
        )


def _png(parts: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", parts)[1].tobytes())


def _map(path: Path) -> NDArray[np.uint8]:
    """Return a file's bytes, mapped into memory."""
    return np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)


def _identity(sources: Sequence[Path]) -> str:
    """Return a digest of the names, sizes and times of files."""
    stats = [(str(path.absolute()), path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
    return hashlib.sha256(json.dumps([FORMAT, stats]).encode()).hexdigest()
