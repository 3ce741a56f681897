"""The bytes of a JPEG -> its pixels, and what of its data is lost.

In:    an opened PIL image, its draft scale set; the bytes of the file
Out:   the image, loaded; a note on the damage, None if there is none
Needs: numpy, pillow

libjpeg decodes damaged data to the end, and Pillow discards its warnings. Here the decoder gets the data in
portions, of which the last bytes of each scan or restart interval come alone. Whether it still waits for data
before these bytes, and no longer waits after them, shows whether the data codes the right number of blocks:
losing, doubling or overwriting data nearly always changes it. The check takes a few calls per scan.

Source: ITU-T T.81, annex B (markers), F.1.2.3 and F.2.2.5 (padding, byte stuffing).
"""

from typing import Any

import numpy as np
from PIL import Image, ImageFile

from keykind.photo.jpeg_layout import END, Layout, find_end, layout_of

MIN_DECODED = 0.25  # share of the photo that must be left of a file with an end marker
MIN_CUT_OFF = 0.95  # share of the photo that must be left of a file without: a new copy of it would be whole
MIN_BLANK = 0.005  # share of the photo from which a note names the blank part

_TAIL = 8  # bytes held back at the end of a part, as many as a decoder looks ahead
_PADDING = b"\x55" * _TAIL  # in place of the marker that follows
_PROBE = b"\x55"
_GREY = (127, 128)  # levels of blocks without data, inverted or not


class CutOffError(OSError):
    """Too little of a JPEG is left."""


def load_jpeg(image: ImageFile.ImageFile, data: bytes) -> str | None:
    """Decode a JPEG's pixels; return a note on lost data, None if there is none.

    Raises CutOffError if too little of the photo is left, OSError if it cannot be decoded.
    """
    layout = layout_of(data) if len(image.tile) == 1 and image.tile[0][2] == 0 else None
    if layout is None:  # arithmetic coding, for example
        image.load()
        return None
    check = _decode(image, data, layout)
    if check.surplus and layout.is_guess and (end := find_end(data, layout.parts[0][0])) < layout.end:
        layout.parts[-1], layout.end = (layout.parts[-1][0], end), end  # something follows, e.g. a video
        check = _decode(image, data, layout)
    image.tile = []
    if not (check.surplus or check.missing or layout.faults):
        return None
    blank = _blank_share(image) if check.missing else 0.0
    is_cut = check.missing and data[layout.end : layout.end + len(END)] != END
    if (is_cut and layout.is_multi_scan) or 1 - blank < (MIN_CUT_OFF if is_cut else MIN_DECODED):
        raise CutOffError(f"image file is truncated: {blank:.0%} of the photo is blank")
    return _note(layout, check, blank)


class _Decoder:
    """Pillow's JPEG decoder, which takes the data in portions."""

    def __init__(self, image: Any) -> None:
        image.load_prepare()
        codec, extents, _, args = image.tile[0]
        self._decoder = Image._getdecoder(image.mode, codec, args, image.decoderconfig)
        self._decoder.setimage(image.im, extents)
        self._rest = b""
        self.is_done = False

    def feed(self, portion: bytes | memoryview) -> None:
        """Decode a portion. Raises OSError if the data cannot be decoded."""
        if self.is_done:
            return
        pending = self._rest + bytes(portion) if self._rest else portion
        consumed, error = self._decoder.decode(pending)
        if consumed >= 0:
            self._rest = bytes(pending[consumed:])
            return
        self.is_done, self._rest = True, b""
        if error < 0:
            raise OSError("broken data stream")

    @property
    def is_waiting(self) -> bool:
        """Whether the decoder has left bytes that it was fed, because it needs more for the next block.

        It takes 7 or more bytes ahead at once, so at one of two bytes it may have none left by chance.
        Once it has all blocks of a part, it drops everything up to the next marker.
        """
        return bool(self._rest)

    def finish(self) -> None:
        """Complete the image, without data if need be."""
        for _ in range(2):
            self.feed(END)
        if not self.is_done:
            raise OSError("image file is truncated")
        self._decoder.cleanup()


class _Check:
    """The parts of a JPEG with too much or too little data."""

    def __init__(self) -> None:
        self.surplus: list[int] = []
        self.missing: list[int] = []


def _decode(image: ImageFile.ImageFile, data: bytes, layout: Layout) -> _Check:
    decoder, check, view, position = _Decoder(image), _Check(), memoryview(data), 0
    for i, (start, end) in enumerate(layout.parts):
        cut = _cut(data, start, end)
        if cut:
            decoder.feed(view[position:cut])
            position = cut
            if not decoder.is_waiting:
                position += 1
                decoder.feed(view[cut:position])
                if not decoder.is_waiting:
                    check.surplus.append(i)
        decoder.feed(view[position:end])
        decoder.feed(_PADDING)
        if not decoder.is_waiting:
            decoder.feed(_PROBE)
        if decoder.is_waiting:
            check.missing.append(i)
        position = end
    decoder.feed(view[position : layout.end + len(END)])
    decoder.finish()
    return check


def _cut(data: bytes, start: int, end: int) -> int:
    """Return where to stop before the end of a part, between two codes; 0 if the part is too short."""
    cut = end - _TAIL
    while cut > start and b"\xff" in data[cut - 1 : cut + len(_PROBE)]:
        cut -= 1
    return cut if cut > start else 0


def _note(layout: Layout, check: _Check, blank: float) -> str:
    """Return what is wrong, as a phrase; blank: the share of the photo that no data describes."""
    if blank >= MIN_BLANK:
        return f"JPEG data is missing: {blank:.0%} of the photo is blank"
    if layout.faults:
        return f"JPEG data is damaged: {layout.faults[0]}"
    bad = sorted({*check.surplus, *check.missing})
    if layout.is_multi_scan:
        scan = layout.scans[bad[0]]
        return (
            f"JPEG data is damaged in scan {scan} of {layout.scans[-1]}; the photo may be blurred or spotted"
        )
    if len(layout.parts) > 1:
        return f"JPEG data is damaged in {len(bad)} of {len(layout.parts)} restart intervals"
    return "JPEG data is damaged; parts of the photo may be shifted, discoloured or blank"


def _blank_share(image: ImageFile.ImageFile) -> float:
    """Return the share of rows at the lower end of the stored image that no data describes."""
    pixels = np.asarray(image)
    if pixels[-1].min() != pixels[-1].max() or pixels[-1].flat[0] not in _GREY:
        return 0.0
    other = (pixels.reshape(len(pixels), -1) != pixels[-1].flat[0]).any(axis=1)
    return float(1 - (np.flatnonzero(other)[-1] + 1) / len(pixels)) if other.any() else 1.0
