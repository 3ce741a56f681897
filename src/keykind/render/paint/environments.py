"""Real environment maps: files -> light around the keys.

In:    equirectangular .exr or .hdr file, random generator
Out:   (256, 512, 3) float32 radiance, row 0 at the zenith, scaled like the drawn light of lights.py
Needs: numpy, pillow, mitsuba    [render]
"""

import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from keykind.core.errors import KeykindError
from keykind.render.paint.lights import balance_light

ROWS, COLUMNS = 256, 512  # 0.7 degrees a pixel: in polished metal window frames and furniture remain visible
MIN_ROWS = 64  # of a file; a coarser map has no edges that metal could mirror
ASPECT_TOLERANCE = 0.02  # relative; some files are a pixel off 2 : 1
MAX_RADIANCE = 65504.0  # of half floats; brighter values and infinities are clipped to it
CACHED = 32  # maps kept per process, 1.5 MB each


def draw_environment(path: Path, rng: np.random.Generator) -> np.ndarray:
    """Return the light of a file, turned about the vertical, half of the time mirrored, and white-balanced.

    Raises KeykindError as `read_environment` does.
    """
    light = np.roll(read_environment(path), int(rng.integers(COLUMNS)), axis=1)
    return balance_light(light[:, ::-1] if rng.random() < 0.5 else light, rng)


@lru_cache(maxsize=CACHED)
def read_environment(path: Path) -> np.ndarray:
    """Return the radiance in a file, (256, 512, 3) float32, >= 0; NaN and negative values become 0.

    Raises KeykindError if it cannot be decoded, is not twice as wide as high, is too small, or is dark.
    """
    radiance = _decode(path)
    rows, columns = radiance.shape[:2]
    if abs(columns / rows - 2) > 2 * ASPECT_TOLERANCE or rows < MIN_ROWS:
        fault = f"has {columns} x {rows} px, not 2 : 1 with at least {2 * MIN_ROWS} x {MIN_ROWS}"
        raise KeykindError(path, fault=fault, remedy="use equirectangular maps only")
    radiance = np.clip(np.nan_to_num(radiance, nan=0.0, posinf=MAX_RADIANCE), 0.0, MAX_RADIANCE)
    light = _resample(radiance)
    if float(light[: ROWS // 2].mean()) <= 0:
        raise KeykindError(path, fault="has no light above the horizon", remedy="remove it")
    light.flags.writeable = False  # the cache hands it out again
    return light


def _resample(radiance: np.ndarray) -> np.ndarray:
    """Return the radiance averaged to (ROWS, COLUMNS, 3), so that small lamps keep their power."""
    bands = [
        np.asarray(Image.fromarray(band).resize((COLUMNS, ROWS), Image.Resampling.BOX))
        for band in np.ascontiguousarray(np.moveaxis(radiance, -1, 0), dtype=np.float32)
    ]
    return np.stack(bands, axis=-1)


def _decode(path: Path) -> np.ndarray:
    """Return the pixels of a file, (h, w, 3) float32."""
    if "tensorflow" in sys.modules and "mitsuba" not in sys.modules:
        raise KeykindError(  # importing Dr.Jit would kill the process
            path,
            fault="cannot be read by Mitsuba, which was not imported before TensorFlow",
            remedy="import mitsuba first, or use `keykind render`",
        )
    import drjit as dr  # noqa: PLC0415  (after the renderer has chosen a variant)
    import mitsuba as mi  # noqa: PLC0415

    if mi.variant() is None:
        mi.set_variant("scalar_rgb")
    threads = dr.thread_count()
    dr.set_thread_count(max(threads, 2))  # with one thread OpenEXR waits for ever (Mitsuba 3.9.1)
    try:
        bitmap = mi.Bitmap(str(path))
        return np.array(bitmap.convert(mi.Bitmap.PixelFormat.RGB, mi.Struct.Type.Float32, False))
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1]
        fault = f"cannot be decoded ({reason})"
        raise KeykindError(path, fault=fault, remedy="remove or replace it") from error
    finally:
        dr.set_thread_count(threads)
