"""The app in a browser and Python on the same photos: whether their predictions agree.

`python benchmarks/app_parity.py PHOTO|FOLDER ...` puts the photos and Python's predictions for them into the
self-test of a copy of the app, as built by `make app`, and prints what the self-test reports.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from app_build import WEB
from app_server import Host
from chromium_page import Chromium
from firefox_page import Firefox
from keykind.app import APP_FOLDER
from keykind.photo.inputs import iter_photos
from webkit_page import WebKit

sys.path.append(str(WEB / "scripts"))

from generate import recogniser

TOLERANCES = 0.02, 0.05  # differences of a probability; photos beyond the last are named
TIMEOUT = 3600  # s
BROWSERS = {browser.name: browser for browser in (Chromium, Firefox, WebKit)}
ROWS = """() => [...document.querySelectorAll('tbody tr')].map(row =>
    [row.dataset.photo, row.lastChild.textContent])"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--app", type=Path, default=APP_FOLDER, help="folder of the built app")
    parser.add_argument("--browser", choices=list(BROWSERS), default=Chromium.name)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = shutil.copytree(options.app, Path(folder) / "web")
        names = dict(replace_golden(options.photos, app / "golden"))
        host = Host(app)
        rows = run_self_test(host.url, options.browser)
        host.stop()
    print(table(rows, names))


def replace_golden(photos: list[str], folder: Path) -> Iterator[tuple[str, str]]:
    """Replace the self-test's photos and predictions; yield each photo's name there and its own."""
    shutil.rmtree(folder)
    folder.mkdir()
    copies = []
    for i, photo in enumerate(iter_photos(photos)):
        name = f"{i:05d}{Path(str(photo)).suffix}"
        copies.append(Path(shutil.copyfile(str(photo), folder / name)))
        yield name, str(photo)
    predictions = recogniser().recognise_many(copies)
    golden = [prediction.as_json() | {"photo": Path(prediction.photo).name} for prediction in predictions]
    (folder / "golden.json").write_text(json.dumps(golden), "utf-8")


def run_self_test(url: str, name: str) -> list[tuple[str, float | None]]:
    """Return each photo with the largest difference of a probability; None: other keys or other kinds."""
    if reason := BROWSERS[name].missing():
        sys.exit(reason)
    with BROWSERS[name]() as browser, browser.open(url) as page:
        page.goto("selftest.html")
        page.wait_for("body[data-result]", timeout=TIMEOUT)
        rows = page.evaluate(ROWS)
    return [(name, None if difference == "–" else float(difference)) for name, difference in rows]


def table(rows: list[tuple[str, float | None]], names: dict[str, str]) -> str:
    """Return the agreement as a Markdown table, and the photos that differ."""
    differences = sorted(difference for _, difference in rows if difference is not None)
    lines = [
        f"| photos | {len(rows)} |",
        f"| as many keys, of the same kinds | {len(differences)} |",
        *(
            f"| and each probability within {tolerance} | {sum(d <= tolerance for d in differences)} |"
            for tolerance in TOLERANCES
        ),
        f"| largest difference, maximum | {differences[-1] if differences else 0:.4f} |",
        f"| largest difference, median | {differences[len(differences) // 2] if differences else 0:.4f} |",
    ]
    differing = [name for name, difference in rows if difference is None or difference > TOLERANCES[-1]]
    return "\n".join([*lines, *(f"differs: {names[name]}" for name in differing)])


if __name__ == "__main__":
    main()
