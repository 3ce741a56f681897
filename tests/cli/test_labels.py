"""Tests of labels.py: the keys marked in labels.csv go to other programs and come back."""

from pathlib import Path

import pytest

from keykind.cli import main
from turned import save_turned


def run(*arguments: object) -> int:
    return main.main([str(argument) for argument in arguments])


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    for name, orientation in (("a.jpg", 1), ("b.jpg", 6), ("c.jpg", 1)):
        save_turned(folder / name, orientation, (300, 200), (50, 60), (250, 150))
    rows = "a.jpg,,50 60 250 150,\nb.jpg,dimple,50 60 250 150,test\nc.jpg,,none,\n"
    (folder / "labels.csv").write_text("path,kind,ends,split\n" + rows)
    return folder


@pytest.mark.parametrize("file_format", ["coco", "yolo"])
def test_marks_are_exported_and_imported_with_counts(photos, tmp_path, capsys, file_format):
    out = tmp_path / "out"
    assert run("labels", "export", photos, out, "--format", file_format) == 0
    assert capsys.readouterr().out == (
        f"{out}: 3 photos (2 with 2 keys, 1 without a key), 1 for testing, 1 written upright\n"
    )
    assert run("labels", "import", photos, out, "--reviewer", "eva") == 0
    assert capsys.readouterr().out == f"{photos}: 0 photos marked\nmarked so before: 3\n"
    (photos / "labels.csv").write_text("path,ends\na.jpg,none\n")
    assert run("labels", "import", photos, out, "--reviewer", "eva") == 0
    kept = "decided otherwise, and kept without --force: 1 (a.jpg)\n"
    assert capsys.readouterr().out == f"{photos}: 2 photos marked (1 with 1 key, 1 without a key)\n{kept}"
    assert run("labels", "import", photos, out, "--force") == 0
    assert "1 photo marked with 1 key\n" in capsys.readouterr().out
    assert ",eva,20" in (photos / "labels.csv").read_text()


def test_what_is_left_out_is_named_and_gives_status_1(photos, tmp_path, capsys):
    (photos / "b.jpg").unlink()
    assert run("labels", "export", photos, tmp_path / "out", "--format", "coco") == 1
    assert "keykind: b.jpg: does not exist; check the name" in capsys.readouterr().err
    (photos / "a.jpg").unlink()
    assert run("labels", "import", photos, tmp_path / "out") == 1
    assert "image 1 (a.jpg): is none of the 1 photos" in capsys.readouterr().err


def test_nothing_to_export_gives_status_2(photos, tmp_path, capsys):
    (photos / "labels.csv").unlink()
    assert run("labels", "export", photos, tmp_path / "out", "--format", "coco") == 2
    assert "has 0 photos whose keys are marked (0 rows)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as caught:
        run("labels")
    assert caught.value.code == 2
    assert "required: COMMAND" in capsys.readouterr().err
