"""The app in Chromium and Python on the same photos: whether they say the same.

`python benchmarks/app_parity.py PHOTO|FOLDER ...` puts the photos in place of those of the self-test, in a
copy of the app that `make app` built, with the answers of Python, and prints what the self-test tells.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from app_build import WEB
from app_server import Host
from keykind.app import FOLDER
from keykind.photo.inputs import photos_from

sys.path.append(str(WEB / "scripts"))

from golden import recogniser

ALIKE = 0.02  # difference of a probability
PATIENCE = 600_000  # ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--app", type=Path, default=FOLDER, help="folder of the built app")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = shutil.copytree(given.app, Path(folder) / "web")
        names = dict(put(given.photos, app / "golden"))
        host = Host(app)
        rows = compared(host.url, given.chromium)
        host.stop()
    print(table(rows, names))


def put(photos: list[str], folder: Path) -> Iterator[tuple[str, str]]:
    """Put photos and Python's answers into the self-test; yield its name and its own for each."""
    shutil.rmtree(folder)
    folder.mkdir()
    placed = []
    for number, photo in enumerate(photos_from(photos)):
        name = f"{number:05d}{Path(str(photo)).suffix}"
        placed.append(Path(shutil.copyfile(str(photo), folder / name)))
        yield name, str(photo)
    told = [one.as_json() | {"photo": Path(one.photo).name} for one in recogniser().recognise_many(placed)]
    (folder / "golden.json").write_text(json.dumps(told), "utf-8")


def compared(url: str, chromium: str) -> list[tuple[str, float | None]]:
    """Return each photo with the largest difference of a probability; None: other keys or other kinds."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(locale="en")
        page.goto(f"{url}selftest.html")
        page.locator("body[data-result]").wait_for(timeout=PATIENCE)
        read = "rows => rows.map(row => [row.dataset.photo, row.lastChild.textContent])"
        rows = page.locator("tbody tr").evaluate_all(read)
        browser.close()
    return [(name, None if told == "–" else float(told)) for name, told in rows]


def table(rows: list[tuple[str, float | None]], names: dict[str, str]) -> str:
    same = sorted(difference for _, difference in rows if difference is not None)
    alike = sum(difference <= ALIKE for difference in same)
    lines = [
        f"| photos | {len(rows)} |",
        f"| as many keys, of the same kinds | {len(same)} |",
        f"| and each probability within {ALIKE} | {alike} |",
        f"| largest difference, median | {same[len(same) // 2] if same else 0:.4f} |",
    ]
    off = [name for name, difference in rows if difference is None or difference > ALIKE]
    return "\n".join([*lines, *(f"differs: {names[name]}" for name in off)])


if __name__ == "__main__":
    main()
