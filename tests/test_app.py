"""Tests of app.py and its verb: the app, written for a static host."""

from pathlib import Path

import pytest

from keykind.app import APP_FOLDER, INDEX, write_app
from keykind.cli import main
from keykind.core.errors import CannotWrite, NoApp

FILES = {INDEX: b"page", "sw.js": b"worker", "assets/keys-0123456789.bin": b"model", "icons/icon.svg": b""}


@pytest.fixture
def built(tmp_path):
    for name, data in FILES.items():
        path = tmp_path / "built" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "built"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_folder_has_every_file_of_the_app(built, tmp_path):
    assert write_app(tmp_path / "new" / "site", built) == tmp_path / "new" / "site" / "index.html"
    assert files(tmp_path / "new" / "site") == FILES
    assert write_app(str(tmp_path / "text"), str(built)) == tmp_path / "text" / "index.html"


def test_an_existing_empty_folder_is_used(built, tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    monkeypatch.chdir(tmp_path / "site")
    write_app(Path(), built)
    assert files(tmp_path / "site") == FILES


def test_a_folder_with_files_is_left_unchanged(built, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "own.txt").write_text("own")
    with pytest.raises(CannotWrite, match="already exists and is not empty; give another folder"):
        write_app(tmp_path / "site", built)
    assert files(tmp_path / "site") == {"own.txt": b"own"}


def test_a_file_in_place_of_the_folder_is_an_error(built, tmp_path):
    (tmp_path / "site").write_text("own")
    with pytest.raises(CannotWrite, match="cannot be written"):
        write_app(tmp_path / "site", built)
    assert (tmp_path / "site").read_text() == "own"


def test_without_a_built_app_the_error_names_the_command_that_builds_it(tmp_path):
    with pytest.raises(NoApp, match="run `make app`"):
        write_app(tmp_path / "site", tmp_path / "nothing")
    assert not (tmp_path / "site").exists()


def test_the_command_prints_the_page_or_why_there_is_none(tmp_path, capsys):
    status = main.main(["app", str(tmp_path / "site")])
    output = capsys.readouterr()
    if (APP_FOLDER / INDEX).is_file():
        assert (status, output.out) == (0, f"{tmp_path / 'site' / INDEX}\n")
        assert files(tmp_path / "site") == files(APP_FOLDER)
    else:
        assert (status, output.out) == (2, "")
        assert "run `make app`" in output.err


def test_a_failed_copy_leaves_nothing(built, tmp_path, monkeypatch):
    def full(_, target):
        target.write_text("the first")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(CannotWrite, match="MB free"):
        write_app(tmp_path / "site", built)
    assert files(tmp_path / "site") == {}
