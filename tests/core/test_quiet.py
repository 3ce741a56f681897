"""Tests of quiet.py."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keykind.core.quiet import quiet


def test_what_native_code_writes_is_hidden_and_only_inside(capfd):
    os.write(2, b"before\n")
    with quiet():
        os.write(2, b"hidden\n")
        print("answer")
    os.write(2, b"after\n")
    assert capfd.readouterr() == ("answer\n", "before\nafter\n")


def test_what_was_hidden_is_shown_where_the_block_fails(capfd):
    note = b"the reason\n" * 10_000

    def fail():
        with quiet():
            os.write(2, note)
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err.encode() == note + b"after\n"


def test_blocks_may_stand_inside_each_other():
    code = (
        "import os\n"
        "from keykind.core.quiet import quiet\n"
        "with quiet():\n"
        "    with quiet():\n"
        "        os.write(2, b'hidden')\n"
        "    os.write(2, b'hidden too')\n"
        "os.write(2, b'after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=True)
    assert done.stderr == b"after"


def test_threads_do_not_take_each_others_stderr(capfd):
    def chatter():
        for _ in range(50):
            with quiet():
                os.write(2, b"hidden\n")

    threads = [threading.Thread(target=chatter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_no_file_stays_open():
    opened = Path("/proc/self/fd")
    if not opened.is_dir():
        pytest.skip("needs Linux's list of open files")
    before = len(list(opened.iterdir()))
    for _ in range(5):
        with quiet():
            pass
    assert len(list(opened.iterdir())) == before


def test_a_closed_stderr_hinders_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with quiet():
        answer = 42
    assert answer == 42
