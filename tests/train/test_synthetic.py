"""Tests of synthetic.py: rendered photos of the user's kinds, reused by the next run."""

import pytest

pytest.importorskip("mitsuba", reason="the extra render is not installed")

from keykind.core.errors import BadRecipe
from keykind.train import synthetic


@pytest.mark.slow
def test_photos_of_the_kinds_are_rendered_once(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path))
    monkeypatch.setattr(synthetic, "SIDE", 64)
    samples = synthetic.rendered_photos(("tubular", "mortice"), 4, 1)
    assert sorted(sample.kind for sample in samples) == ["mortice", "mortice", "tubular", "tubular"]
    (folder,) = tmp_path.iterdir()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.jpg")}
    again = synthetic.rendered_photos(("tubular", "mortice"), 4, 1)
    assert [sample.sha256 for sample in again] == [sample.sha256 for sample in samples]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.jpg")} == before


def test_each_version_has_its_own_renders(tmp_path, monkeypatch):
    class Opened(Exception):
        pass

    def open_studio(folder, *_):
        raise Opened(folder.path.name)

    def folder_of(version):
        monkeypatch.setattr(synthetic, "__version__", version)
        with pytest.raises(Opened) as caught:
            synthetic.rendered_photos(("dimple",), 4, 1)
        return str(caught.value)

    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path))
    monkeypatch.setattr(synthetic, "open_studio", open_studio)
    assert folder_of("1.0.0") == folder_of("1.0.0")
    assert folder_of("1.0.0") != folder_of("1.1.0")


def test_kinds_that_cannot_be_rendered_are_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("KEYKIND_CACHE", str(tmp_path))
    with pytest.raises(BadRecipe, match="cannot render car, padlock"):
        synthetic.rendered_photos(("car", "dimple", "padlock"), 4, 1)
    assert not any(tmp_path.iterdir())
