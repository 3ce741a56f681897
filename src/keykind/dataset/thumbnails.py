"""Samples -> thumbnails for the inspection page.

In:    samples, and a caption for each
Out:   Tile(s): a small JPEG without metadata, and the caption
Needs: numpy, pillow
"""

import io
from collections.abc import Callable, Iterable, Iterator

from PIL import Image

from keykind.core.errors import BadPhoto
from keykind.core.html import Tile
from keykind.core.parallel import parallel_map
from keykind.dataset.listing import shorten
from keykind.dataset.samples import Sample
from keykind.photo import decode

THUMBNAIL = 176  # longest side of a thumbnail, px
QUALITIES = (80, 60, 40, 20)  # JPEG qualities, tried in turn
MAX_BYTES = 12_000  # of one thumbnail: 432 of them in base64 are 6.9 MB, so a page stays below 10 MB


def tiles(samples: Iterable[Sample], caption: Callable[[Sample], str]) -> Iterator[Tile]:
    """Yield a thumbnail of each photo, captioned with the photo's name and `caption`."""
    samples = list(samples)
    for sample, thumbnail in zip(samples, parallel_map(_thumbnail, samples), strict=True):
        yield Tile(thumbnail, f"{shorten(sample.name)}: {caption(sample)}")


def _thumbnail(sample: Sample) -> bytes:
    """Return a JPEG of at most MAX_BYTES, from pixels alone; a grey one if the photo no longer exists."""
    try:
        image = Image.fromarray(decode.read_photo(sample.path, min_side=THUMBNAIL).pixels)
    except BadPhoto:
        image = Image.new("RGB", (THUMBNAIL, THUMBNAIL), "grey")
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= MAX_BYTES:
            break
    return buffer.getvalue()
