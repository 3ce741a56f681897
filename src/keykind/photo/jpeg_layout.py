"""The bytes of a JPEG -> where its entropy-coded data lies.

In:    bytes
Out:   Layout: the scans or restart intervals, and what the markers alone show to be wrong
Needs: numpy

Source: ITU-T T.81, annex B (markers), G.1.1.1 (progressive scans).
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

END = b"\xff\xd9"  # the end marker
FEW = 64  # restart intervals of a scan that are checked in any case
MIN_INTERVAL = 4000  # bytes; of more and shorter ones only the last is: a check costs as much as 500 bytes

_WINDOW = 4096  # bytes at the end of a file in which its end marker is sought first
_SOS, _DRI, _EOI = 0xDA, 0xDD, 0xD9
_HUFFMAN = (0xC0, 0xC1, 0xC2)  # frame markers: baseline, extended, progressive
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_RESTARTS = range(0xD0, 0xD8)
_SEGMENTS = frozenset((*range(0xC0, 0xD0), *range(0xDA, 0xFF)))  # markers that a length follows
_COEFFICIENTS = 64
_MAX_PADDING = 16  # zeros at the end of a file without an end marker that may be data


@dataclass(slots=True)
class Layout:
    """Where the entropy-coded data of a JPEG lies."""

    end: int  # offset of the end marker, or the length of the file
    parts: list[tuple[int, int]] = field(default_factory=list)  # to check, start and end: scans or intervals
    scans: list[int] = field(default_factory=list)  # number of the scan of each part, from 1
    faults: list[str] = field(default_factory=list)  # what the markers alone show to be wrong
    is_multi_scan: bool = False
    is_guess: bool = False  # whether an earlier end marker may exist


@dataclass(slots=True)
class _Frame:
    """The header of a JPEG."""

    marker: int = 0
    width: int = 0
    height: int = 0
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)  # component -> horizontal, vertical
    interval: int = 0  # MCUs between restart markers; 0: none
    bits: dict[int, list[int]] = field(default_factory=dict)  # component -> missing low bits by coefficient
    components: tuple[int, ...] = ()  # of the scan

    def add_segment(self, marker: int, body: bytes) -> None:
        """Take what a marker segment says. Raises IndexError if it is too short."""
        if marker in _FRAMES:
            self.marker = marker
            self.height, self.width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            for i in range(body[5]):
                component, factors, _ = body[6 + 3 * i : 9 + 3 * i]
                self.sampling[component] = (factors >> 4 or 1, factors & 15 or 1)
                self.bits[component] = [_COEFFICIENTS] * _COEFFICIENTS
        elif marker == _DRI:
            self.interval = int.from_bytes(body[:2], "big")
        elif marker == _SOS:
            self.components = tuple(body[1 + 2 * i] for i in range(body[0]))
            first, last, approximation = body[1 + 2 * body[0] : 4 + 2 * body[0]]
            if self.marker != _HUFFMAN[-1]:
                first, last, approximation = 0, _COEFFICIENTS - 1, 0
            for component in self.components:
                for k in range(first, min(last, _COEFFICIENTS - 1) + 1):
                    self.bits[component][k] = approximation & 15

    @property
    def is_complete(self) -> bool:
        """Whether the scans so far describe each coefficient to its last bit."""
        return not any(map(any, self.bits.values()))

    @property
    def restarts(self) -> int:
        """The number of restart markers in the scan."""
        across, down = (max(factors[i] for factors in self.sampling.values()) for i in (0, 1))
        if len(self.components) > 1:
            columns, rows = math.ceil(self.width / (8 * across)), math.ceil(self.height / (8 * down))
        else:
            h, v = self.sampling[self.components[0]]
            columns = math.ceil(math.ceil(self.width * h / across) / 8)
            rows = math.ceil(math.ceil(self.height * v / down) / 8)
        return math.ceil(columns * rows / self.interval) - 1 if self.interval else 0


def layout_of(data: bytes) -> Layout | None:
    """Return where the data of a JPEG lies; None if it is not Huffman-coded or has no readable header."""
    frame = _Frame()
    try:
        start = _read_segments(data, 2, frame)
        if start is None or frame.marker not in _HUFFMAN or not frame.width * frame.height:
            return None
        if frame.is_complete and not frame.interval:
            end = data.find(END, max(start, len(data) - _WINDOW))
            is_guess = end >= 0
            end = end if is_guess else find_end(data, start)
            return Layout(end, [(start, end)], [1], is_guess=is_guess)
        is_multi_scan = frame.marker == _HUFFMAN[-1] or len(frame.components) < len(frame.sampling)
        return _Walk(data, start, frame, Layout(0, is_multi_scan=is_multi_scan)).run()
    except (IndexError, KeyError, ValueError):
        return None


def find_end(data: bytes, start: int) -> int:
    """Return the offset of the first end marker, or that of the end of the file, without zeros after it."""
    positions = _markers(data, start)
    ends = positions[np.frombuffer(data, np.uint8)[positions + 1] == _EOI]
    return int(ends[0]) if len(ends) else _end_of_file(data)


def _end_of_file(data: bytes) -> int:
    """Return the length of a file without the zeros at its end, which a download that stopped may leave."""
    length = len(data.rstrip(b"\0"))
    if len(data) - length <= _MAX_PADDING:
        return len(data.rstrip(b"\xff"))  # half a marker
    return length + (data[length - 1] == 255)  # 255 and 0 are one code


def _markers(data: bytes, start: int) -> NDArray[np.intp]:
    """Return the offsets from `start` at which a marker may be."""
    values = np.frombuffer(data, np.uint8)
    positions = start + np.flatnonzero(values[start:-1] == 255)
    following = values[positions + 1]
    marked: NDArray[np.intp] = positions[(following != 0) & (following != 255)]
    return marked


def _read_segments(data: bytes, offset: int, frame: _Frame) -> int | None:
    """Read marker segments up to the next scan; return the offset of its data, None if there is no scan."""
    while offset + 4 <= len(data):
        if data[offset] != 255:
            offset += 1  # as libjpeg does
            continue
        marker = data[offset + 1]
        if marker in (0, 1, 255) or marker in _RESTARTS or marker == 0xD8:
            offset += 1 if marker == 255 else 2
            continue
        if marker == _EOI:
            return None
        length = int.from_bytes(data[offset + 2 : offset + 4], "big")
        frame.add_segment(marker, data[offset + 4 : offset + 2 + length])
        offset += 2 + length
        if marker == _SOS:
            return offset
    return None


@dataclass(slots=True)
class _Walk:
    """The state of a walk through the markers of a JPEG with several scans or restart intervals."""

    data: bytes
    start: int  # of the scan
    frame: _Frame
    layout: Layout
    scan: int = 1

    def run(self) -> Layout:
        """Return the layout."""
        markers = _markers(self.data, self.start)
        codes = np.frombuffer(self.data, np.uint8)[markers + 1]
        restarts = (codes >= _RESTARTS[0]) & (codes <= _RESTARTS[-1])
        others = zip(markers[~restarts].tolist(), codes[~restarts].tolist(), strict=True)
        for position, code in others:
            if position >= self.start and (code == _EOI or code in _SEGMENTS):
                self.close_scan(position, markers[restarts])
                following = None if code == _EOI else _read_segments(self.data, position, self.frame)
                if following is None:
                    self.layout.end = position
                    break
                self.start, self.scan = following, self.scan + 1
        else:
            self.layout.end = max(self.start, _end_of_file(self.data))
            self.close_scan(self.layout.end, markers[restarts])
        if not self.frame.is_complete:
            self.layout.faults.append("scans with finer detail are missing")
        return self.layout

    def close_scan(self, end: int, restarts: NDArray[np.intp]) -> None:
        """End the scan; restarts: the offsets of all restart markers of the file, ascending."""
        expected, start = self.frame.restarts, self.start
        inside = restarts[np.searchsorted(restarts, start) : np.searchsorted(restarts, end)]
        inside = inside if self.frame.interval else inside[:0]  # else the decoder stops there
        numbers = np.frombuffer(self.data, np.uint8)[inside + 1] & 7
        if len(inside) != expected or (numbers != np.arange(len(inside)) & 7).any():
            fault = f"{len(inside):,} of {expected:,} restart markers are there"
            wrong = "" if len(inside) != expected else ", not in order"
            self.layout.faults.append(fault + wrong)
        if len(inside) > max(FEW, (end - start) / MIN_INTERVAL):
            start, inside = int(inside[-1]) + 2, inside[:0]
        ends = [*inside.tolist(), end]
        starts = [start, *(inside + 2).tolist()]
        self.layout.parts += zip(starts, ends, strict=True)
        self.layout.scans += [self.scan] * len(ends)
