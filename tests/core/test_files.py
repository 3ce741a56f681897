"""Tests of files.py."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from keykind.core.errors import CannotWrite
from keykind.core.files import clear_unfinished, free_space, whole_file, write_bytes, write_json, write_text

posix = pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")


def test_a_file_appears_whole_and_alone(tmp_path):
    write_bytes(tmp_path / "new" / "folder" / "a.bin", b"\0\xff" * 1000)
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["a.bin"]
    assert (tmp_path / "new" / "folder" / "a.bin").read_bytes() == b"\0\xff" * 1000


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_fault_leaves_the_folder_as_it_was(tmp_path, fault):
    path = tmp_path / "a.txt"

    def fail():
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise fault

    with pytest.raises(fault):
        fail()
    assert list(tmp_path.iterdir()) == []
    write_text(path, "old")
    with pytest.raises(fault):
        fail()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_the_final_name_shows_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with whole_file(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent
    assert path.read_text() == "new"


@pytest.mark.parametrize("name", ["a.npz", "model.keras", "a.weights.h5", "plain", ".hidden"])
def test_the_temporary_name_keeps_the_ending(tmp_path, name):
    path = tmp_path / name
    with whole_file(path) as temporary:
        assert temporary.suffixes[-len(path.suffixes) :] == path.suffixes or not path.suffixes
        assert temporary.name.startswith(".unfinished-")


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_the_user_asked_for(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a.txt", "a")
        (tmp_path / "b.txt").write_text("b")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o666 & ~mask}


def test_a_file_system_without_permission_bits_will_do(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(Path, "chmod", refuse)
    write_text(tmp_path / "a.txt", "a")
    assert (tmp_path / "a.txt").read_text() == "a"


def test_a_full_disk_is_told_with_the_space_that_is_left(small_disk):
    write_bytes(small_disk / "small.bin", b"1" * 1_000_000)
    with pytest.raises(CannotWrite, match=r"large\.bin.*No space left.*\b[0-3] MB free.*free some space"):
        write_bytes(small_disk / "large.bin", b"1" * 4_000_000)
    assert [path.name for path in small_disk.iterdir()] == ["small.bin"]


def test_a_disk_that_fills_up_in_the_block_is_told_with_the_space_that_is_left(tmp_path):
    def fill_up():
        with whole_file(tmp_path / "a.npz"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(CannotWrite, match=r"a\.npz: .*\(No space left.*; [\d,]+ MB free on that disk\)"):
        fill_up()
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="MB free"):
        write_text(tmp_path / "file" / "a.txt", "a")


def test_a_folder_where_the_file_should_be_is_told_and_stays(tmp_path):
    (tmp_path / "a.txt" / "inside").mkdir(parents=True)
    with pytest.raises(CannotWrite):
        write_text(tmp_path / "a.txt", "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_name_too_long_for_the_disk_is_told(tmp_path):
    with pytest.raises(CannotWrite, match="too long"):
        write_text(tmp_path / ("a" * 300) / "b.txt", "a")


@posix
def test_a_folder_that_may_not_be_looked_into_is_told(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may look into every folder")
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(CannotWrite, match="Permission denied"):
        write_text(tmp_path / "closed" / "inner" / "a.txt", "a")


def test_space_is_told_of_places_that_are_not_there_yet(tmp_path):
    assert free_space(tmp_path / "not" / "yet") == pytest.approx(free_space(tmp_path), rel=0.1)
    assert free_space(tmp_path / ("a" * 300)) > 0


def test_text_that_utf_8_cannot_hold_is_written_with_question_marks(tmp_path):
    write_text(tmp_path / "a.txt", "Schlüssel \udcff 鍵\n")
    assert (tmp_path / "a.txt").read_text("utf-8") == "Schlüssel ? 鍵\n"


def test_json_is_read_back_as_it_was(tmp_path):
    value = {"kind": "dimple", "数": [1, 0.1, None, True], "deep": {"a": []}}
    write_json(tmp_path / "a.json", value)
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == value


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_refuses_what_is_no_json_and_keeps_the_old_file(tmp_path, number):
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", [number])
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "1\n"


def test_what_a_killed_run_left_is_cleared_and_nothing_else(tmp_path):
    with whole_file(tmp_path / "a.npz") as left:
        write_text(tmp_path / "finished.npz", "1")
        write_text(tmp_path / ".hidden", "1")
        clear_unfinished(tmp_path)
        assert not left.exists()
        left.touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.npz", "finished.npz"]
