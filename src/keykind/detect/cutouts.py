"""Photo -> each key on a transparent background, aligned.

In:    a function that reads the photo at a given size, a detector that gives masks, a segmenter
Out:   images (h, w, 4) uint8 RGBA, highest score first; PNG files
Needs: numpy, pillow

Holes in bows and the insides of rings are not part of a key's mask. A segmenter gives masks that are finer
than the detector's, matting moves their edges to those of the image. A pixel of several keys is that of the
one with the highest mask probability.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from keykind.core.errors import BadPhoto, CannotWrite, KeykindError
from keykind.core.files import atomic_write, check_new, check_not_input
from keykind.detect.align import ASPECT_RATIO, OrientedCrop
from keykind.detect.crops import Detections, Read, detect_keys
from keykind.detect.detection import Detection, Detector
from keykind.detect.key_mask import KeyMask
from keykind.detect.matting import alpha_of, foreground, work_size
from keykind.detect.segmenter import load_segmenter
from keykind.photo.decode import Photo
from keykind.photo.source import Source, load_pixels, name_of

MAX_WIDTH = 2048  # px of a cutout
CLAIM = 0.1  # by which another key's probability must be higher for a pixel to be its: masks err

Floats = NDArray[np.float32]


def cutouts(detected: Detections, read: Read) -> Iterator[NDArray[np.uint8]]:
    """Yield each key of a photo, (h, w, 4): head left and tip right, at the photo's scale up to MAX_WIDTH px.

    Raises what `read` raises, BadModel, and KeykindError for a detection without a mask.
    """
    if not detected.regions:
        return
    widths = [min(math.ceil(region.width), MAX_WIDTH) for region in detected.regions]
    scales = [width / region.width for width, region in zip(widths, detected.regions, strict=True)]
    scale = min(max(scales), 1)
    photo = read(math.ceil(scale * min(detected.photo.width, detected.photo.height)))
    masks = _masks(photo, detected.detections)
    for i, (region, width) in enumerate(zip(detected.regions, widths, strict=True)):
        pixels = region.extract_unstretched(
            photo.reductions, photo.scale, max(round(width / ASPECT_RATIO), 1)
        )
        size = work_size(pixels.shape[1], pixels.shape[0])
        alpha = alpha_of(_share(masks, i, region, size), pixels)
        alpha[~region.inside(photo.width, photo.height, (pixels.shape[1], pixels.shape[0]))] = 0
        yield np.dstack([foreground(pixels, alpha), np.rint(255 * alpha).astype(np.uint8)])


def write_cutouts(
    source: Source, detector: Detector, out: str | Path, *, replace: bool = True
) -> Iterator[Path]:
    """Write each key of a photo as a PNG and yield its path; several are numbered: out-1.png, out-2.png...

    replace: whether images may be replaced that exist.
    Raises BadPhoto if the photo cannot be read or shows no key, CannotWrite (also if a path is the photo's),
    and KeykindError if the detector gives no masks.
    """
    out = Path(out)
    if out.suffix.lower() != ".png":
        fault = f"ends in '{out.suffix}', but a transparent background needs .png"
        raise CannotWrite(out, fault=fault, remedy="give a name that ends in .png")

    def read(min_side: int) -> Photo:
        return load_pixels(source, min_side=min_side)

    detected = detect_keys(read, detector)
    if not detected.regions:
        raise _nothing_to_cut_out(name_of(source), len(detector.detect_all(detected.photo)))
    numbered = (out.with_stem(f"{out.stem}-{i + 1}") for i in range(len(detected.regions)))
    paths = [out] if len(detected.regions) == 1 else list(numbered)
    for path in paths:
        check_not_input(path, [source])
        check_new(path, force=replace)
    for path, image in zip(paths, cutouts(detected, read), strict=True):
        with atomic_write(path) as temporary:
            Image.fromarray(image).save(temporary, "PNG")
        yield path


def _nothing_to_cut_out(photo: str, remotes: int) -> BadPhoto:
    """Return the error for a photo without keys, which may show remotes."""
    fault = "has no detectable key"
    remedy = "take it from a shorter distance, on a plain background"
    if remotes:
        fault = f"shows only remotes or folded flip keys ({remotes}), which have no cut-out"
        remedy = "give a photo of a key whose blade can be seen"
    return BadPhoto(photo, fault=fault, remedy=remedy)


def _masks(photo: Photo, detections: Sequence[Detection]) -> list[KeyMask]:
    """Return the mask of each detection. Raises KeykindError if a detection has none."""
    segmenter = load_segmenter()
    masks = []
    for detection in detections:
        if detection.mask is None:
            fault, remedy = "gives no masks, which cut-outs need", "use the detector of keykind"
            raise KeykindError("the detector", fault=fault, remedy=remedy)
        masks.append(segmenter.mask(photo, detection) if segmenter else detection.mask)
    return masks


def _share(masks: Sequence[KeyMask], i: int, region: OrientedCrop, size: tuple[int, int]) -> Floats:
    """Return the probabilities (h, w) of mask i on a region of a size (w, h); low where another's win."""
    own = masks[i].probabilities(region, size)
    others = [mask.probabilities(region, size) for k, mask in enumerate(masks) if k != i]
    strongest = np.maximum.reduce([np.zeros_like(own), *others])
    lost = strongest > own + CLAIM
    return np.asarray(np.where(lost, np.minimum(own, 1 - strongest), own), np.float32)
