"""Check the files to render with before rendering starts.

In:    Assets
Out:   nothing, or KeykindError that names the files which cannot be used
Needs: numpy, pillow; mitsuba for environment maps    [render]
"""

from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path

from keykind.core.errors import KeykindError, printable
from keykind.core.parallel import parallel_map
from keykind.core.progress import progress
from keykind.render.paint.assets import Assets
from keykind.render.paint.cutouts import read_cutout
from keykind.render.paint.environments import read_environment
from keykind.render.paint.textures import read_picture

NAMED = 5  # further files in the message


def check_assets(assets: Assets) -> None:
    """Decode every file once. Raises KeykindError with the first that fails, and the names of others.

    A file that cannot be used is refused instead of skipped: otherwise the same folder would give other
    photos once the file is mended.
    """
    pictures = [path for texture in assets.grounds for path in texture.paths()] + list(assets.behind)
    count = len(assets.lights) + len(pictures) + len(assets.clutter)
    results = chain(
        map(partial(_error, read_environment), assets.lights),  # Mitsuba decodes in threads of its own
        parallel_map(partial(_error, read_picture), pictures),
        parallel_map(partial(_error, read_cutout), assets.clutter),
    )
    errors = [error for error in progress(results, count, "checking files") if error]
    if errors:
        first, others = errors[0], [printable(Path(error.subject).name) for error in errors[1:]]
        more = f", and {len(others) - NAMED:,} more" if len(others) > NAMED else ""
        also = f"; also {', '.join(others[:NAMED])}{more}" if others else ""
        raise KeykindError(first.subject, fault=first.fault, remedy=first.remedy + also)


def _error(read: Callable[[Path], object], path: Path) -> KeykindError | None:
    """Return the error of a file, or None."""
    try:
        read(path)
    except KeykindError as error:
        return error
    return None
