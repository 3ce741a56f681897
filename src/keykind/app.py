"""The app that comes with keykind -> a folder that any static host can send.

In:    src/keykind/web, as `make app` builds it
Out:   a folder of its own: pages, the service worker, the runtime and the models, packed
Needs: nothing beyond Python
"""

import secrets
import shutil
from importlib.resources import files
from pathlib import Path

from keykind.core.errors import CannotWrite, NoApp
from keykind.core.files import UNFINISHED, writing_to

FOLDER = Path(str(files("keykind"))) / "web"
INDEX = "index.html"


def write_app(out: Path, folder: Path = FOLDER) -> Path:
    """Copy the app into `out`, new or empty, and return its page, which comes last: then all is there.

    Raises NoApp where the app was not built, CannotWrite for a folder that holds anything, or a full disk.
    """
    if not (folder / INDEX).is_file():
        remedy = "run `make app` in keykind's source folder, or install a release of keykind"
        raise NoApp("the app", fault="was not built in this installation", remedy=remedy)
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
        taken = any(out.iterdir())
    if taken:
        raise CannotWrite(out, fault="is there already and not empty", remedy="name another folder")
    parts = out / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        with writing_to(out):
            shutil.copytree(folder, parts)
            for part in sorted(parts.iterdir(), key=lambda part: part.name == INDEX):
                part.rename(out / part.name)
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    return out / INDEX
