"""The bytes of a JPEG -> where its entropy-coded data lies.

In:    bytes
Out:   Layout: the scans or restart intervals, and what the markers alone show to be wrong
Needs: numpy

Source: ITU-T T.81, annex B (markers), G.1.1.1 (progressive scans).
"""

import math
from dataclasses import dataclass, field

import numpy as np

END = b"\xff\xd9"  # the end marker
MAX_CHECKED = 64  # parts; checking each of a thousand restart intervals would take a quarter of decoding

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
    parts: list[tuple[int, int]] = field(default_factory=list)  # start and end: scans, or restart intervals
    scans: list[int] = field(default_factory=list)  # number of the scan of each part, from 1
    faults: list[str] = field(default_factory=list)  # what the markers alone show to be wrong
    is_multi_scan: bool = False
    is_guess: bool = False  # whether an earlier end marker may exist

    @property
    def checked(self) -> range | tuple[int, ...]:
        """The indices of the parts to check: all, or the last one of too many."""
        return range(len(self.parts)) if len(self.parts) <= MAX_CHECKED else (len(self.parts) - 1,)


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
        return _Walk(data, start, frame, Layout(_end_of_file(data), is_multi_scan=is_multi_scan)).run()
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
    return length if len(data) - length > _MAX_PADDING else len(data)


def _markers(data: bytes, start: int) -> np.ndarray:
    """Return the offsets from `start` at which a marker may be."""
    values = np.frombuffer(data, np.uint8)
    positions = start + np.flatnonzero(values[start:-1] == 255)
    following = values[positions + 1]
    marked: np.ndarray = positions[(following != 0) & (following != 255)]
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
    start: int  # of the part
    frame: _Frame
    layout: Layout
    scan: int = 1
    restarts: int = 0  # markers so far in this scan

    def run(self) -> Layout:
        """Return the layout."""
        for position in _markers(self.data, self.start).tolist():
            marker = self.data[position + 1]
            if position < self.start:
                continue
            if marker in _RESTARTS:
                if self.frame.interval:
                    self.restart(position, marker)
            elif (marker == _EOI or marker in _SEGMENTS) and not self.next_scan(position, marker):
                self.layout.end = position
                break
        else:
            self.close_scan(max(self.start, self.layout.end))
        if not self.frame.is_complete:
            self.layout.faults.append("scans with finer detail are missing")
        return self.layout

    def restart(self, position: int, marker: int) -> None:
        """End an interval at a restart marker."""
        if marker != _RESTARTS[self.restarts % 8]:
            fault = f"restart marker {self.restarts + 1:,} of {self.frame.restarts:,} is missing"
            self.layout.faults.append(fault)
        self.close_part(position)
        self.start, self.restarts = position + 2, self.restarts + 1

    def next_scan(self, position: int, marker: int) -> bool:
        """End a scan at another marker; return whether another one follows."""
        self.close_scan(position)
        following = None if marker == _EOI else _read_segments(self.data, position, self.frame)
        if following is None:
            return False
        self.start, self.restarts, self.scan = following, 0, self.scan + 1
        return True

    def close_scan(self, end: int) -> None:
        """End the part and the scan."""
        self.close_part(end)
        if self.restarts != self.frame.restarts:
            fault = f"it has {self.restarts:,} of {self.frame.restarts:,} restart markers"
            self.layout.faults.append(fault)

    def close_part(self, end: int) -> None:
        """End the part."""
        self.layout.parts.append((self.start, end))
        self.layout.scans.append(self.scan)
