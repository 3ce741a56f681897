"""The bytes of a photo that is no JPEG -> whether its data is sound, as far as the format shows it.

In:    the format and the bytes
Out:   a note on the damage, None if there is none
Needs: nothing beyond Python

PNG has checksums, which Pillow does not compare for the blocks of pixels. The other formats have none; but
where all is compressed, a disk's or a cloud's empty sectors stand out.
"""

import zlib

_START = 8  # bytes before the first chunk
_PIXELS, _END = b"IDAT", b"IEND"
_EMPTY = bytes(4096)  # a sector; a flat WebP of 12 megapixels has 1,160 zeros in a row, other formats 16
_COMPRESSED = ("WEBP", "AVIF", "HEIF", "JPEG2000")


def damage_of(file_format: str, data: bytes) -> str | None:
    """Return what is wrong with a decoded photo's data, as a phrase; None if nothing shows."""
    if file_format == "PNG":
        return png_damage(data)
    if file_format in _COMPRESSED and _EMPTY in data:
        return f"{file_format} data is missing: {len(_EMPTY):,} or more bytes in a row are zero"
    return None


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
