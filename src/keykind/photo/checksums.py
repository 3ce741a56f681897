"""The bytes of a PNG -> whether its checksums hold.

In:    bytes
Out:   a note on the damage, None if there is none
Needs: nothing beyond Python

Pillow does not compare the checksums of the pixels' blocks.
"""

import zlib

_START = 8  # bytes before the first chunk
_PIXELS, _END = b"IDAT", b"IEND"


def png_damage(data: bytes) -> str | None:
    """Return how many of a PNG's blocks of pixels have a wrong checksum, as a phrase; None if none has."""
    offset, count, wrong, view = _START, 0, 0, memoryview(data)
    while offset + 8 <= len(data):
        length, name = int.from_bytes(data[offset : offset + 4], "big"), data[offset + 4 : offset + 8]
        if name == _END:
            break
        end = offset + 8 + length
        if name == _PIXELS:
            count += 1
            wrong += zlib.crc32(view[offset + 4 : end]) != int.from_bytes(data[end : end + 4], "big")
        offset = end + 4
    if not wrong:
        return None
    return f"PNG data is damaged: the checksum of {wrong:,} of {count:,} blocks of pixels is wrong"
