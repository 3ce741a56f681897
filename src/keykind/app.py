"""The web app -> a folder for any static host.

In:    src/keykind/web, built by `make app`
Out:   a folder with the pages, the service worker, the runtime and the models, compressed
Needs: nothing beyond Python
"""

import secrets
import shutil
from importlib.resources import files
from pathlib import Path

from keykind.core.errors import CannotWrite, NoApp
from keykind.core.files import UNFINISHED, writing_to

APP_FOLDER = Path(str(files("keykind"))) / "web"
INDEX = "index.html"


def write_app(out: str | Path, folder: str | Path = APP_FOLDER) -> Path:
    """Copy the app to `out`, new or empty, and return its page, which is written last.

    Raises NoApp if the app was not built, CannotWrite for a folder that is not empty, or a full disk.
    """
    out, folder = Path(out), Path(folder)
    if not (folder / INDEX).is_file():
        remedy = "run `make app` in keykind's source folder, or install a release of keykind"
        raise NoApp("the app", fault="was not built in this installation", remedy=remedy)
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
        occupied = any(out.iterdir())
    if occupied:
        raise CannotWrite(out, fault="already exists and is not empty", remedy="give another folder")
    temporary = out / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        with writing_to(out):
            shutil.copytree(folder, temporary)
            for entry in sorted(temporary.iterdir(), key=lambda entry: entry.name == INDEX):
                entry.rename(out / entry.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return out / INDEX
