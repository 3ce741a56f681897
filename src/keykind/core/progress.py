"""A progress bar on stderr, if stderr is a terminal.

In:    an iterable, and its number of items if known
Out:   the same items
Needs: tqdm (installed with ai-edge-litert)
"""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], total: int, description: str) -> Iterator[T]:
    """Yield the items and show a bar, which is erased at the end; print nothing if stderr is no terminal.

    total: the number of items, 0 if unknown; description: what is being done, e.g. "features".
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield from items
        return
    # Imported here because it takes 25 ms, and most processes have no terminal.
    from tqdm import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415

    yield from tqdm(items, description, total or None, leave=False, dynamic_ncols=True)
