"""Tests of the kinds' folders, and of core/kinds.py, which reads them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import keykind
from keykind.core.kind_pages import read_pages
from keykind.core.kinds import KINDS, NAMES, read_kinds

PACKAGE = Path(keykind.__file__).parent
FOLDER = PACKAGE / "kinds"
SCRIPTS = Path(__file__).parents[2] / "web" / "scripts"
LANGUAGES = {"de", "en", "es", "fr", "it", "pt"}  # of the app
REPORT = """
import json
import numpy as np
import generate
from keykind.core.kinds import KINDS, NAMES
from keykind.render.keys.catalogue import draw_key

solid, _ = draw_key("made_up", np.random.default_rng(0))
print(json.dumps({
    "names": NAMES,
    "label": KINDS[-1].label,
    "volume": solid.parts[0].solid.volume(),
    "app": generate.kinds()[-1],
}))
"""


def kind_folder(root: Path, name: str = "made_up", **changes: str) -> Path:
    """Copy the dimple kind into `root` under another name, with these texts of its kind.toml replaced."""
    folder = root / name
    shutil.copytree(FOLDER / "dimple", folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "kind.toml").read_text("utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "kind.toml").write_text(text, "utf-8")
    return folder


def test_every_folder_is_a_kind_with_all_its_files():
    folders = {path.name: path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders.keys() == set(NAMES)
    for folder in folders.values():
        files = {path.name for path in folder.iterdir()}
        assert files >= {"__init__.py", "kind.toml", "page.toml", "sketch.svg", "draw.py"}


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_every_kind_has_a_label_and_a_hint_in_the_same_languages(kind):
    assert kind.labels.keys() == kind.hints.keys() >= LANGUAGES
    for text in (*kind.labels.values(), *kind.hints.values()):
        assert text == " ".join(text.split()) != ""
    assert len(set(kind.hints.values())) == len(kind.hints)


@pytest.mark.parametrize("name", NAMES)
def test_every_sketch_is_an_svg_in_the_colour_of_the_text(name):
    root = ElementTree.parse(FOLDER / name / "sketch.svg").getroot()
    assert root.tag.endswith("svg")
    assert root.get("stroke") == "currentColor"


def test_kinds_are_sorted_by_their_order(tmp_path):
    for name, order in (("a", 30), ("b", 4), ("c", 30)):
        kind_folder(tmp_path, name, **{"order = 2": f"order = {order}"})
    (tmp_path / "no_kind").mkdir()
    assert [kind.name for kind in read_kinds(tmp_path)] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("order = 2", "", "no entry 'order'"),
        ("[hint]", "[hints]", "no entry 'hint'"),
        ('en = "dimple"\n', "", "same languages"),
        ("order = 2", "order =", "Invalid value"),
        ("order = 2", 'order = "second"', "invalid literal"),
    ],
)
def test_a_damaged_kind_file_is_an_error_that_names_it(tmp_path, old, new, message):
    kind_folder(tmp_path, **{old: new})
    with pytest.raises(ValueError, match=rf"made_up.kind\.toml.*{message}"):
        read_kinds(tmp_path)


def test_a_new_folder_is_enough_to_add_a_kind(tmp_path):
    """Copy the package with one folder more: it is listed, drawn, and exported to the app."""
    pytest.importorskip("manifold3d", reason="the extra render is not installed")
    copy = tmp_path / "keykind"
    copy.mkdir()
    for entry in PACKAGE.iterdir():
        if entry.name not in ("kinds", "__pycache__"):
            (copy / entry.name).symlink_to(entry)
    shutil.copytree(FOLDER, copy / "kinds")
    changes = {"order = 2": "order = 99", '"dimple"': '"made-up"', "Bohrmulden": "Erfunden"}
    kind_folder(copy / "kinds", **changes)

    done = subprocess.run(
        [sys.executable, "-c", REPORT],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (tmp_path, SCRIPTS)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["names"] == [*NAMES, "made_up"]
    assert report["label"] == "made-up"
    assert report["volume"] > 0
    original = KINDS[NAMES.index("dimple")]
    texts = {"name": "made_up", "label": original.labels | {"en": "made-up", "de": "Erfunden"}}
    page = json.loads(json.dumps(read_pages()["dimple"].as_json()))
    assert report["app"] == texts | {"hint": original.hints} | page
