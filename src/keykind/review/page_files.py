"""The built page -> its files.

In:    src/keykind/review/page, built by `npm run --prefix web review`
Out:   the files by their paths; or NoApp
Needs: nothing beyond Python
"""

from importlib.resources import files
from pathlib import Path

from keykind.app_folder import INDEX
from keykind.core.errors import NoApp

PAGE_FOLDER = Path(str(files("keykind"))) / "review" / "page"


def page_files(folder: str | Path = PAGE_FOLDER) -> dict[str, bytes | Path]:
    """Return the files of the page by their paths below it. Raises NoApp if it was not built."""
    folder = Path(folder)
    paths: dict[str, bytes | Path] = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    if INDEX not in paths:
        remedy = "install a release of keykind, or run in a source folder: npm run --prefix web review"
        raise NoApp("review", fault="the page is not part of this installation", remedy=remedy)
    return paths
