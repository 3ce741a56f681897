"""Settings of a process that is to process many photos.

In:    this process, before NumPy is imported
Out:   no idle threads of NumPy's linear algebra; other limits of glibc's allocator
Needs: nothing beyond Python

OpenBLAS starts a thread per core, which waits for work in a loop: 0.1 s of a core. glibc returns large
blocks to the system when they are freed, and the system clears the pages of each new block: 3,000 pages and
6 ms of a core for a photo of 12 megapixels.
"""

import ctypes
import os
import sys

KEPT = 64_000_000  # bytes; larger blocks, and more than this at the end of the heap, are still returned
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # M_TRIM_THRESHOLD etc. of <malloc.h>
_LARGEST_THRESHOLD = 32 << 20  # bytes; mallopt accepts no larger M_MMAP_THRESHOLD on 64-bit systems


def prepare_process(arenas: int | None = None) -> None:
    """Set up this process; what the user has set in the environment stays.

    arenas: of glibc's allocator, each of which keeps what its threads freed; None: eight per core.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # photos are processed in threads of our own
    keep_freed_memory()
    if arenas is not None:
        limit_arenas(arenas)


def keep_freed_memory() -> bool:
    """Let this process, which processes many photos, reuse large blocks; return whether its allocator can."""
    return _set(_MMAP_THRESHOLD, _LARGEST_THRESHOLD) and _set(_TRIM_THRESHOLD, KEPT)


def limit_arenas(count: int) -> bool:
    """Let the threads of this process share `count` arenas; return whether its allocator has any."""
    return _set(_ARENA_MAX, count)


def _set(parameter: int, value: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    return bool(mallopt(parameter, value))
