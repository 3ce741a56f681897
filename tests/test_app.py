"""Tests of web_app.py and its verb: the app, written for a static host."""

from pathlib import Path

import pytest

from keykind.app import FOLDER, INDEX, write_app
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


def test_every_file_of_the_app_is_in_the_folder(built, tmp_path):
    assert write_app(tmp_path / "some" / "site", built) == tmp_path / "some" / "site" / "index.html"
    assert files(tmp_path / "some" / "site") == FILES


def test_a_folder_that_is_there_and_empty_is_taken(built, tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    monkeypatch.chdir(tmp_path / "site")
    write_app(Path(), built)
    assert files(tmp_path / "site") == FILES


def test_a_folder_with_files_is_left_alone(built, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.txt").write_text("mine")
    with pytest.raises(CannotWrite, match="is there already and not empty; name another folder"):
        write_app(tmp_path / "site", built)
    assert files(tmp_path / "site") == {"mine.txt": b"mine"}


def test_a_file_is_no_folder(built, tmp_path):
    (tmp_path / "site").write_text("mine")
    with pytest.raises(CannotWrite, match="cannot be written"):
        write_app(tmp_path / "site", built)
    assert (tmp_path / "site").read_text() == "mine"


def test_without_the_built_app_the_command_that_builds_it_is_named(tmp_path):
    with pytest.raises(NoApp, match="run `make app`"):
        write_app(tmp_path / "site", tmp_path / "nothing")
    assert not (tmp_path / "site").exists()


def test_the_command_names_the_page_or_says_why_there_is_none(tmp_path, capsys):
    status = main.main(["app", str(tmp_path / "site")])
    said = capsys.readouterr()
    if (FOLDER / INDEX).is_file():
        assert (status, said.out) == (0, f"{tmp_path / 'site' / INDEX}\n")
        assert files(tmp_path / "site") == files(FOLDER)
    else:
        assert (status, said.out) == (2, "")
        assert "run `make app`" in said.err


def test_a_copy_that_fails_leaves_nothing(built, tmp_path, monkeypatch):
    def full(_, there):
        there.mkdir()
        (there / "index.html").write_text("the first")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copytree", full)
    with pytest.raises(CannotWrite, match="MB free"):
        write_app(tmp_path / "site", built)
    assert files(tmp_path / "site") == {}
