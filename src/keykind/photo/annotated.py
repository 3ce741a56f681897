"""Pictures that keykind annotated, recognised by their comment.

In:    the path of a file
Out:   whether it is such a picture
Needs: nothing beyond Python

They would otherwise be answered as photos if they lie below a folder of photos.
"""

from pathlib import Path

MARK = "annotated by keykind"  # comment in each file
_START = 4096  # bytes of a file within which it is: before it comes a colour profile, if any
_COMMENT = MARK.encode()
_MARKS = (
    b"\xff\xfe" + (len(_COMMENT) + 2).to_bytes(2, "big") + _COMMENT,  # segment of a JPEG
    b"tEXtComment\0" + _COMMENT,  # chunk of a PNG
)


def is_annotated(path: Path) -> bool:
    """Return whether keykind wrote a picture, by its first bytes: a few microseconds per file."""
    try:
        with path.open("rb", buffering=0) as stream:
            start = stream.read(_START)
    except (OSError, ValueError):  # it is reported where it is read
        return False
    return any(mark in start for mark in _MARKS)
