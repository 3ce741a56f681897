"""Tests of core/files.py."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from keykind.core.errors import CannotWrite
from keykind.core.files import atomic_write, clear_unfinished, free_space, write_bytes, write_json, write_text

posix = pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")


def test_writing_creates_the_file_and_nothing_else(tmp_path):
    write_bytes(tmp_path / "new" / "folder" / "a.bin", b"\0\xff" * 1000)
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["a.bin"]
    assert (tmp_path / "new" / "folder" / "a.bin").read_bytes() == b"\0\xff" * 1000


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_folder_unchanged(tmp_path, exception):
    path = tmp_path / "a.txt"

    def fail():
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise exception

    with pytest.raises(exception):
        fail()
    assert list(tmp_path.iterdir()) == []
    write_text(path, "old")
    with pytest.raises(exception):
        fail()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent
    assert path.read_text() == "new"


@pytest.mark.parametrize("name", ["a.npz", "model.keras", "a.weights.h5", "plain", ".hidden"])
def test_the_temporary_name_keeps_the_extension(tmp_path, name):
    path = tmp_path / name
    with atomic_write(path) as temporary:
        assert temporary.suffixes[-len(path.suffixes) :] == path.suffixes or not path.suffixes
        assert temporary.name.startswith(".unfinished-")


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a.txt", "a")
        (tmp_path / "b.txt").write_text("b")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o666 & ~mask}


def test_works_on_a_file_system_without_permission_bits(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(Path, "chmod", refuse)
    write_text(tmp_path / "a.txt", "a")
    assert (tmp_path / "a.txt").read_text() == "a"


def test_a_full_disk_is_reported_with_its_free_space(small_disk):
    write_bytes(small_disk / "small.bin", b"1" * 1_000_000)
    with pytest.raises(CannotWrite, match=r"large\.bin.*No space left.*\b[0-3] MB free.*free some space"):
        write_bytes(small_disk / "large.bin", b"1" * 4_000_000)
    assert [path.name for path in small_disk.iterdir()] == ["small.bin"]


def test_a_disk_that_fills_up_in_the_block_is_reported_with_its_free_space(tmp_path):
    def write():
        with atomic_write(tmp_path / "a.npz"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(CannotWrite, match=r"a\.npz: .*\(No space left.*; [\d,]+ MB free on that disk\)"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_a_folder_raises(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "a.txt", tmp_path / "file" / "inner" / "a.txt"):
        with pytest.raises(CannotWrite, match=r"file is a file, not a folder\); choose another"):
            write_text(path, "a")


def test_a_folder_in_place_of_the_file_raises_and_is_kept(tmp_path):
    (tmp_path / "a.txt" / "inside").mkdir(parents=True)
    with pytest.raises(CannotWrite):
        write_text(tmp_path / "a.txt", "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_name_too_long_for_the_disk_raises(tmp_path):
    with pytest.raises(CannotWrite, match="too long") as caught:
        write_text(tmp_path / ("a" * 300) / "b.txt", "a")
    assert "free" not in str(caught.value)  # space is not the reason


@posix
def test_an_inaccessible_folder_raises(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root can access every folder")
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(CannotWrite, match="Permission denied"):
        write_text(tmp_path / "closed" / "inner" / "a.txt", "a")


def test_free_space_of_a_path_that_does_not_exist_yet(tmp_path):
    assert free_space(tmp_path / "not" / "yet") == pytest.approx(free_space(tmp_path), rel=0.1)
    assert free_space(tmp_path / ("a" * 300)) > 0


def test_text_that_utf_8_cannot_encode_is_written_with_question_marks(tmp_path):
    write_text(tmp_path / "a.txt", "Schlüssel \udcff 鍵\n")
    assert (tmp_path / "a.txt").read_text("utf-8") == "Schlüssel ? 鍵\n"


def test_json_round_trips(tmp_path):
    value = {"kind": "dimple", "数": [1, 0.1, None, True], "deep": {"a": []}}
    write_json(tmp_path / "a.json", value)
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == value


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_invalid_json_raises_and_keeps_the_old_file(tmp_path, number):
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", [number])
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "1\n"


def test_only_leftovers_of_a_killed_process_are_deleted(tmp_path):
    with atomic_write(tmp_path / "a.npz") as leftover:
        write_text(tmp_path / "finished.npz", "1")
        write_text(tmp_path / ".hidden", "1")
        clear_unfinished(tmp_path)
        assert not leftover.exists()
        leftover.touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.npz", "finished.npz"]
