"""Tests of the public API: light, lazy, complete, and as docs/python.md shows it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keykind
from drawings import draw_photos
from keykind.dataset.bundled import bundled_photos

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
NAMES = {
    "BadPhoto",
    "Dataset",
    "Detection",
    "Key",
    "KeyDetector",
    "KeykindError",
    "Prediction",
    "Recipe",
    "Recogniser",
    "__version__",
    "read_dataset",
    "train",
}


def test_the_api_has_these_names_and_no_others():
    assert set(keykind.__all__) == NAMES
    assert set(dir(keykind)) >= NAMES
    for name in NAMES:
        assert getattr(keykind, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Finder'"):
        _ = keykind.Finder


def test_importing_keykind_loads_no_library():
    code = (
        "import sys, keykind; print(sorted({'numpy', 'PIL', 'ai_edge_litert', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_recogniser_is_still_where_it_was():
    import keykind.predict

    assert keykind.predict.Recogniser is keykind.Recogniser


@pytest.mark.slow
def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    pytest.importorskip("keras", reason="the extra train is not installed")
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(examples) >= 8
    shutil.copy(bundled_photos() / "test" / "dimple" / "dimple-00.jpg", tmp_path / "key.jpg")
    draw_photos(tmp_path / "photos", {"train": 4, "test": 2}, np.random.default_rng(0))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), names)
    assert (tmp_path / "run" / "report.html").exists()
