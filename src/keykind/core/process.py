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
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of <malloc.h>
_LARGEST_THRESHOLD = 32 << 20  # bytes; mallopt accepts no larger M_MMAP_THRESHOLD on 64-bit systems


def prepare_process() -> None:
    """Set up this process; what the user has set in the environment stays."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # photos are processed in threads of our own
    keep_freed_memory()


def keep_freed_memory() -> bool:
    """Let this process, which processes many photos, reuse large blocks; return whether its allocator can."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_THRESHOLD) and mallopt(_TRIM_THRESHOLD, KEPT))
