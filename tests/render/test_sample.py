"""Tests of render/sets/sample.py: the bundled photos, resuming, and what is refused."""

import pytest

pytest.importorskip("mitsuba", reason="the extra render is not installed")

from fake_studio import FakeStudio
from keykind.core.errors import BadDataset, KeykindError
from keykind.dataset.bundled import COUNTS, NEGATIVES, bundled_photos
from keykind.render.sets import sample
from keykind.render.sets.sample import render_sample


@pytest.fixture
def unchecked(monkeypatch):
    """Skip the checks of the dataset, which the noise of FakeStudio would not pass."""
    monkeypatch.setattr(sample, "_check", lambda *_: None)


@pytest.mark.usefixtures("unchecked")
def test_every_bundled_photo_is_rendered(tmp_path):
    folder = tmp_path / "sample"
    with_keys, without = render_sample(FakeStudio(2), folder)
    total = sum(count for kinds in COUNTS.values() for count in kinds.values())
    assert with_keys.startswith(f"{folder}: {total} photos, ")
    assert without.startswith(f"{tmp_path / 'sample-nothing'}: {NEGATIVES} photos, ")
    assert bundled_photos(folder) == folder


@pytest.mark.usefixtures("unchecked")
def test_photos_that_exist_are_not_rendered_again(tmp_path):
    folder, diary = tmp_path / "sample", tmp_path / "diary"
    diary.mkdir()
    list(render_sample(FakeStudio(1), folder, 1))
    removed = folder / "test" / "mortice" / "mortice-00.jpg"
    before = removed.read_bytes()
    removed.unlink()
    list(render_sample(FakeStudio(1, diary=diary), folder, 1))
    assert len(list(diary.iterdir())) == 1
    assert removed.read_bytes() == before


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "notes.txt").write_text("notes")
    with pytest.raises(BadDataset, match="holds 9 files, not 8 photos; remove it first"):
        list(render_sample(FakeStudio(1), tmp_path / "sample", 1))


@pytest.mark.usefixtures("unchecked")
def test_a_photo_that_fails_is_named(tmp_path):
    with pytest.raises(KeykindError, match=r"-00.jpg: was not rendered \(a fault of its own\)"):
        list(render_sample(FakeStudio(1, failing=(0,)), tmp_path / "sample", 1))
