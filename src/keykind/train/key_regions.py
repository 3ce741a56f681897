"""Photos -> the region of the key in each; a sample of them -> whether they show keys at all.

In:    samples, perhaps with marked keys; a detector; the cache that remembers its detections
Out:   the samples with their regions; Subject: in how many photos of each kind a key was detected
Needs: numpy, pillow, ai-edge-litert
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from keykind.core.cache import Cache
from keykind.core.errors import BadRun
from keykind.core.parallel import Engine, parallel_map
from keykind.core.progress import progress
from keykind.dataset.kind_names import folded_kind
from keykind.dataset.listing import counted
from keykind.dataset.samples import Dataset, Sample
from keykind.detect.align import OrientedCrop
from keykind.detect.crops import detect_keys, marked_region
from keykind.detect.detection import Detector
from keykind.model.card import KEY, WHOLE
from keykind.photo import decode

CACHE_VERSION = "1"  # raised when regions change although detector and photo do not
CACHE_BATCH = 64  # photos per write to the cache: the most whose detections a killed run loses
EXAMINED_PER_KIND = 30  # photos; tells a share of 0.5 from 0.2 or 0.8 nearly always
MAX_EXAMINED, LEAST_PER_KIND = 600, 4  # photos of all kinds together, unless that is too few of one
LEAST_SHARE = 0.5  # of a kind's photos with a key: below it the kind is none of keys


@dataclass(frozen=True, slots=True)
class Subject:
    """What the training photos show, judged by a sample of them: kind -> photos with a key, photos."""

    counts: dict[str, tuple[int, int]]

    @property
    def keys(self) -> int:
        """Return the number of photos in which a key was detected, or is marked."""
        return sum(found for found, _ in self.counts.values())

    @property
    def photos(self) -> int:
        """Return the number of photos that were examined."""
        return sum(photos for _, photos in self.counts.values())

    @property
    def kinds_of_keys(self) -> int:
        """Return the number of kinds with a key in at least half of their photos."""
        return sum(found >= LEAST_SHARE * photos for found, photos in self.counts.values())

    @property
    def is_key(self) -> bool:
        """Return whether the photos show keys: at least half of the photos of most kinds."""
        return self.kinds_of_keys > len(self.counts) / 2

    @property
    def crop(self) -> str:
        """Return the crop that suits: of the key, or the whole photo."""
        return KEY if self.is_key else WHOLE

    def sentence(self, crop: str) -> str:
        """Return what was detected, and how the photos are classified, as one sentence."""
        kinds, total = self.kinds_of_keys, len(self.counts)
        some = f", in at least half of those of {kinds:,} of {total:,} kinds" if 0 < kinds < total else ""
        outcome = "photos are classified whole" if crop == WHOLE else "photos are cropped to their keys"
        photos = f"{self.photos:,} photo{'s' * (self.photos != 1)}"
        return f"Keys were detected in {self.keys:,} of {photos}{some}; {outcome}."

    def as_json(self) -> dict[str, list[int]]:
        """Return plain JSON values, which `subject_from_json` reads."""
        return {kind: list(counts) for kind, counts in self.counts.items()}


def subject_from_json(values: object) -> Subject:
    """Return the subject that `as_json` gave. Raises BadRun for anything else."""
    try:
        return Subject({str(kind): (int(found), int(n)) for kind, (found, n) in dict(values).items()})  # type: ignore[call-overload]
    except (TypeError, ValueError) as error:
        fault = f"has an entry `subject` that cannot be read ({str(error)[:80]})"
        raise BadRun("recipe.json", fault=fault, remedy="train anew into another folder") from error


def examine(
    dataset: Dataset, detector: Detector, engine: Engine = parallel_map, cache: Cache | None = None
) -> Subject:
    """Detect keys in a sample of the training photos, evenly spaced within each kind.

    Raises BadPhoto for a photo that can no longer be read.
    """
    per_kind = max(LEAST_PER_KIND, min(EXAMINED_PER_KIND, MAX_EXAMINED // len(dataset.kinds)))
    chosen: list[Sample] = []
    for kind in dataset.kinds:
        of_kind = [sample for sample in dataset.subset("train") if sample.kind == kind]
        indices = np.linspace(0, len(of_kind) - 1, min(per_kind, len(of_kind))).round().astype(int)
        chosen += [of_kind[i] for i in indices]
    detected = with_key_crops(chosen, detector, engine, cache)
    photos = Counter(sample.kind for sample in detected)
    found = Counter(sample.kind for sample in detected if sample.region)
    return Subject({kind: (found[kind], photos[kind]) for kind in dataset.kinds})


def with_key_crops(
    samples: Sequence[Sample],
    detector: Detector,
    engine: Engine = parallel_map,
    cache: Cache | None = None,
) -> tuple[Sample, ...]:
    """Return the samples, each with the region of its key; the whole photo if there is none.

    The key is the one that a person marked, or else the detection of highest score. A photo that a person
    marked as without a key stays whole. Detections that the cache holds are not made again.
    Raises BadPhoto for a photo that can no longer be read.
    """
    unmarked = [sample for sample in samples if sample.ends is None]
    detected = iter(_with_detections(unmarked, detector, engine, cache))
    return tuple(
        next(detected) if sample.ends is None else replace(sample, region=_marked_region(sample))
        for sample in samples
    )


def marks_sentence(samples: Sequence[Sample]) -> str | None:
    """Return in how many photos keys are marked, and what follows, as one sentence; None if in none."""
    keys = sum(bool(sample.ends) for sample in samples)
    empty = sum(sample.ends == () for sample in samples)
    parts = [
        f"{counted(keys, 'photo')} cropped to the key that is marked" if keys else "",
        f"{counted(empty, 'photo')} marked as without a key used whole" if empty else "",
    ]
    return f"Marked by a person: {', '.join(filter(None, parts))}." if keys or empty else None


def _marked_region(sample: Sample) -> OrientedCrop | None:
    """Return the region of the marked key that a photo's kind is about: of that kind, or else the longest."""
    ends = sample.ends or ()
    kind = folded_kind(sample.kind)
    same = [key for key in ends if not key.kind or folded_kind(key.kind) == kind]
    longest = max(same or ends, key=lambda key: math.dist(key.head, key.tip), default=None)
    return None if longest is None else marked_region(longest.head, longest.tip)


def _with_detections(
    samples: Sequence[Sample], detector: Detector, engine: Engine, cache: Cache | None
) -> tuple[Sample, ...]:
    """Return the samples, each with the region of the detection of highest score, or None."""

    def with_region(sample: Sample) -> Sample:
        detected = detect_keys(lambda side: decode.read_photo(sample.path, min_side=side), detector)
        return replace(sample, region=detected.regions[0] if detected.regions else None)

    if not samples:
        return ()
    if cache is None:
        return tuple(progress(engine(with_region, samples), len(samples), "detecting keys"))
    known = {sample: cache.get(_cache_key(sample, detector)) for sample in samples}
    missing = [sample for sample, value in known.items() if value is None]
    regions = {sample: _decode(value) for sample, value in known.items() if value is not None}
    new = progress(engine(with_region, missing), len(missing), "detecting keys") if missing else ()
    regions |= dict(_remember(missing, iter(new), detector, cache))
    return tuple(replace(sample, region=regions[sample]) for sample in samples)


def _remember(
    samples: Sequence[Sample], detected: Iterator[Sample], detector: Detector, cache: Cache
) -> Iterator[tuple[Sample, OrientedCrop | None]]:
    """Yield each sample with its region, and put the regions into the cache."""
    new: dict[bytes, bytes] = {}
    try:
        for sample, found in zip(samples, detected, strict=True):
            new[_cache_key(sample, detector)] = _encode(found.region)
            if len(new) >= CACHE_BATCH:
                cache.put(new)
                new = {}
            yield sample, found.region
    finally:
        cache.put(new)


def _cache_key(sample: Sample, detector: Detector) -> bytes:
    name = f"region {CACHE_VERSION} {detector.digest} {sample.sha256}"
    return hashlib.sha256(name.encode()).digest()


def _encode(region: OrientedCrop | None) -> bytes:
    values = None if region is None else [*map(float, (*region.centre, *region.axis, region.width))]
    return json.dumps(values).encode()


def _decode(value: bytes) -> OrientedCrop | None:
    values = json.loads(value)
    if values is None:
        return None
    x, y, along, across, width = values
    return OrientedCrop((x, y), (along, across), width)
