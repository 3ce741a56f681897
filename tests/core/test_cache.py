"""Tests of core/cache.py."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keykind.core.cache import Cache, default_folder
from keykind.core.errors import CannotWrite

VALUES = {f"key {i}".encode(): bytes([i]) * 700 * i for i in range(24)}

# All processes create caches in the same new folders in the same order, so that they collide in most of them.
WRITER = """
import sys
from pathlib import Path
from keykind.core.cache import Cache
name = sys.argv[2].encode()
for folder in sorted(Path(sys.argv[1]).iterdir()):
    with Cache(folder) as cache:
        for i in range(5):
            cache.put({name + bytes([i]): name * 1000})
        assert all(cache.get(name + bytes([i])) == name * 1000 for i in range(5))
"""

ENDLESS = """
import itertools, sys
from pathlib import Path
from keykind.core.cache import Cache
with Cache(Path(sys.argv[1])) as cache:
    for i in itertools.count():
        cache.put({f"{sys.argv[2]} {i}".encode(): bytes([i % 256]) * 5000})
        print(i, flush=True)
"""


def count_intact(folder, values=VALUES):
    """Return how many of the values are in the cache; assert that none of them has changed."""
    with Cache(folder) as cache:
        found = {key: cache.get(key) for key in values}
    assert all(value in (None, values[key]) for key, value in found.items())
    return sum(value is not None for value in found.values())


@pytest.fixture
def filled(tmp_path):
    """The folder of a cache that holds VALUES."""
    with Cache(tmp_path / "filled") as cache:
        cache.put(VALUES)
    return tmp_path / "filled"


def test_values_persist_after_close(filled):
    assert count_intact(filled) == len(VALUES)


def test_unknown_keys_are_missing(filled):
    with Cache(filled) as cache:
        assert cache.get(b"another") is None
        assert cache.get(b"key 1 ") is None


def test_put_overwrites_the_previous_value(filled):
    with Cache(filled) as cache:
        cache.put({b"key 3": b"new"})
        assert cache.get(b"key 3") == b"new"


@pytest.mark.parametrize("size", [0, 1, 10_000_000])
def test_values_of_any_size_are_stored(tmp_path, size):
    value = os.urandom(size)
    with Cache(tmp_path) as cache:
        cache.put({b"": value})
    assert count_intact(tmp_path, {b"": value}) == 1


@pytest.mark.parametrize("column", ["hash", "value"])
@pytest.mark.parametrize("damage", [b"\xff" * 700, b"", "text", "\u20ac", 7, 0.5, None])
def test_a_damaged_entry_is_missing_and_does_not_affect_others(filled, column, damage):
    with sqlite3.connect(filled / "cache.sqlite") as database:
        database.execute(f"UPDATE entry SET {column} = ? WHERE key = ?", (damage, b"key 1"))
    with Cache(filled) as cache:
        assert cache.get(b"key 1") is None
        cache.put({b"key 1": VALUES[b"key 1"]})
    assert count_intact(filled) == len(VALUES)


def test_a_flipped_byte_anywhere_never_raises_and_never_returns_a_wrong_value(filled, tmp_path):
    intact = (filled / "cache.sqlite").read_bytes()
    rng = random.Random(0)
    header = (0, *range(15, 25), 28, 40, *range(43, 48), 52, 56, 59, 96)  # the bytes that SQLite reads
    for position in (*header, *(rng.randrange(100, len(intact)) for _ in range(40))):
        damaged = bytearray(intact)
        damaged[position] ^= rng.randrange(1, 256)
        folder = tmp_path / f"flipped-{position}"
        folder.mkdir()
        (folder / "cache.sqlite").write_bytes(damaged)
        count_intact(folder)
        with Cache(folder) as cache:
            cache.put({key + b"new": value for key, value in VALUES.items()})
        count_intact(folder)
        shutil.rmtree(folder)


@pytest.mark.parametrize("size", [0, 1, 99, 512, 4095, 4096, 9000, 100_000])
def test_a_truncated_file_is_replaced(filled, size):
    with (filled / "cache.sqlite").open("r+b") as stream:
        stream.truncate(size)
    count_intact(filled)
    with Cache(filled) as cache:
        cache.put(VALUES)
    assert count_intact(filled) == len(VALUES)


@pytest.mark.parametrize("size", [10, 100, 100_000])
def test_a_file_of_garbage_is_marked_and_replaced(tmp_path, size):
    (tmp_path / "cache.sqlite").write_bytes(random.Random(0).randbytes(size))
    with Cache(tmp_path) as cache:
        cache.put(VALUES)
    assert count_intact(tmp_path) == len(VALUES)
    assert (tmp_path / "cache.sqlite.damaged").exists()


def test_recovers_from_damage_that_only_affects_writing(filled):
    with sqlite3.connect(filled / "cache.sqlite") as database:
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE type = 'index'").fetchone()[0]
        size = database.execute("PRAGMA page_size").fetchone()[0]
    with Cache(filled) as cache:
        with (filled / "cache.sqlite").open("r+b") as stream:
            stream.seek((page - 1) * size)
            stream.write(b"\xaa" * size)
        cache.put({b"key 0": b"new"})
        assert cache.get(b"key 0") == b"new"


def test_a_second_damaged_file_is_marked_too(tmp_path):
    for round_ in range(3):
        with Cache(tmp_path) as cache:
            cache.put({b"round": bytes([round_])})
            assert cache.get(b"round") == bytes([round_])
        cache.path.write_bytes(b"garbage" * 1000)
    assert len(list(tmp_path.glob("*.damaged"))) == 2


def test_a_folder_removed_while_open_is_created_again(tmp_path):
    with Cache(tmp_path / "cache") as cache:
        cache.put({b"old": b"1"})
        shutil.rmtree(tmp_path / "cache")
        cache.put({b"new": b"2"})
    assert count_intact(tmp_path / "cache", {b"new": b"2"}) == 1


@pytest.mark.parametrize("garbage", [False, True])
def test_processes_that_start_at_once_all_store_their_values(tmp_path, garbage):
    for i in range(12):
        (tmp_path / f"{i:02}").mkdir()
        if garbage:
            (tmp_path / f"{i:02}" / "cache.sqlite").write_bytes(b"garbage" * 1000)
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in "abcd"]
    errors = [writer.communicate(timeout=100)[1] for writer in writers]
    assert errors == [""] * len(writers)


def test_waits_for_another_connection_that_is_writing(tmp_path):
    other = sqlite3.connect(tmp_path / "cache.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.close)
    release.start()
    assert count_intact(tmp_path) == 0
    release.join()


@pytest.mark.parametrize("garbage", [False, True])
def test_threads_that_start_at_once_lose_nothing(tmp_path, garbage):
    names, folders = [b"a", b"b", b"c", b"d"], [tmp_path / f"{i:02}" for i in range(30)]
    start, errors = threading.Barrier(len(names)), []
    for folder in folders if garbage else ():
        folder.mkdir()
        (folder / "cache.sqlite").write_bytes(b"garbage" * 1000)

    def write(name):
        for folder in folders:
            start.wait(60)
            try:
                with Cache(folder) as cache:
                    cache.put({name: name * 1000})
                    assert cache.get(name) == name * 1000
            except Exception as error:  # noqa: BLE001
                errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    if not garbage:
        assert [count_intact(folder, {name: name * 1000 for name in names}) for folder in folders] == [4] * 30


def test_a_full_disk_raises_and_keeps_existing_values(small_disk):
    with Cache(small_disk) as cache:
        cache.put({b"old": b"1" * 1000})
        with pytest.raises(CannotWrite, match=r"cache.*full.*KEYKIND_CACHE"):
            cache.put({b"small": b"2", b"large": bytes(4_000_000), b"last": b"3"})
        assert cache.get(b"old") == b"1" * 1000
        assert {cache.get(key) for key in (b"small", b"large", b"last")} == {None}
    assert not list(small_disk.glob("*.damaged"))


def test_a_killed_process_loses_no_stored_value(tmp_path):
    for kill in range(3):
        command = [sys.executable, "-c", ENDLESS, str(tmp_path), str(kill)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            stored = [int(writer.stdout.readline()) for _ in range(10 * (kill + 1))]
            writer.kill()
        values = {f"{kill} {i}".encode(): bytes([i % 256]) * 5000 for i in stored}
        assert count_intact(tmp_path, values) == len(values)
    assert not list(tmp_path.glob("*.damaged"))


@pytest.mark.parametrize("inner", ["", "inner"])
def test_a_file_in_place_of_the_folder_raises(tmp_path, inner):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match=r"File exists|Not a directory"):
        Cache(tmp_path / "file" / inner)


def test_a_folder_in_place_of_the_file_raises(tmp_path):
    (tmp_path / "cache.sqlite").mkdir()
    with pytest.raises(CannotWrite, match="KEYKIND_CACHE"):
        Cache(tmp_path)


def test_a_file_locked_by_another_run_raises_and_is_not_marked_as_damaged(filled, monkeypatch):
    monkeypatch.setattr("keykind.core.cache.LOCK_TIMEOUT", 0.05)
    other = sqlite3.connect(filled / "cache.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CannotWrite, match="locked"):
        Cache(filled)
    other.close()
    assert count_intact(filled) == len(VALUES)
    assert not list(filled.glob("*.damaged"))


def test_a_bug_is_not_mistaken_for_damage(filled):
    with Cache(filled) as cache:
        pass
    for operation in (lambda: cache.get(b"key 1"), lambda: cache.put(VALUES)):
        with pytest.raises(sqlite3.ProgrammingError):
            operation()
    assert count_intact(filled) == len(VALUES)


def test_the_environment_variable_overrides_the_default_folder(monkeypatch):
    monkeypatch.setenv("KEYKIND_CACHE", "/chosen")
    assert default_folder() == Path("/chosen")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="tests the folders of Linux")
def test_the_default_folder_follows_the_xdg_specification(monkeypatch):
    monkeypatch.delenv("KEYKIND_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_folder() == Path("/caches/keykind")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path("/home/somebody/.cache/keykind")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert default_folder() == Path("/home/somebody/.cache/keykind")
