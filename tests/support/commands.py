"""Helpers of several tests: the command line as a process, development data, a PNG header."""

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared"


def shared(name: str) -> Path:
    """Return a path in the development data; skip the test if it does not exist."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the development data {name} is missing")
    return path


def keykind(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    """Run the command line in its own process."""
    command = [sys.executable, "-m", "keykind", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that declares a size and has almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    size = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
