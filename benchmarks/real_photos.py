"""Detector and classifier on real photos -> the section "Real photos" of docs/models.md.

    python benchmarks/real_photos.py EVERYDAY CLEAN [--detector FILE] [--model FILE] [--exclude SOURCE ...]
                                      [--write]

In:    two folders as `keykind dev score-real` reads them: everyday photos with keys.csv; clean photos, whose
       keys are marked in tests/support/real_keys.json by the hash of the file
Out:   the tables of both, everyday photos first; with --write also in docs/models.md
Needs: numpy, pillow, ai-edge-litert
"""

import argparse
from pathlib import Path

import numpy as np

from keykind.evaluate.real_photos.report import explanation, summary, tables
from keykind.evaluate.real_photos.score import RealPhotoScores, Selection, load_recogniser, score_real_photos
from table import markdown, section, write_section

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
MARKS = Path(__file__).parents[1] / "tests" / "support" / "real_keys.json"
COMMAND = "python benchmarks/real_photos.py EVERYDAY CLEAN"
PACKAGES = ("keykind", "ai-edge-litert", "numpy", "pillow")


def part(heading: str, scores: RealPhotoScores) -> str:
    """Return a heading and the tables of one set of photos."""
    texts = [f"**{table.title}**\n\n{markdown(table.header, table.rows)}" for table in tables(scores)]
    return "\n\n".join([f"### {heading}", f"{summary(scores)}.", *texts])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("everyday", type=Path)
    parser.add_argument("clean", type=Path)
    parser.add_argument("--detector", type=Path, help="(default: the bundled one)")
    parser.add_argument("--model", type=Path, help="(default: the bundled one)")
    parser.add_argument("--exclude", action="append", default=[], help="a source of the everyday photos")
    parser.add_argument("--write", action="store_true", help="also write docs/models.md")
    options = parser.parse_args()
    recogniser = load_recogniser(options.model, options.detector)
    everyday = score_real_photos(
        recogniser, options.everyday, Selection(exclude=options.exclude), rng=np.random.default_rng(0)
    )
    clean = score_real_photos(recogniser, options.clean, Selection(MARKS), rng=np.random.default_rng(0))
    body = [explanation(), part("Everyday photos", everyday), part("Clean photos", clean)]
    command = " ".join([COMMAND, *(f"--exclude {source}" for source in options.exclude), "--write"])
    page = section("Real photos", "\n\n".join(body), command=command, packages=PACKAGES)
    print(page)
    if options.write:
        write_section("real-photos", page, PAGE)


if __name__ == "__main__":
    main()
