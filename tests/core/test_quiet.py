"""Tests of core/quiet.py; of whole commands, tests/cli/test_quiet_processes.py."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keykind.core.quiet import quiet


def test_native_output_is_hidden_inside_the_block_only(capfd):
    os.write(2, b"before\n")
    with quiet():
        os.write(2, b"hidden\n")
        print("answer")
    os.write(2, b"after\n")
    assert capfd.readouterr() == ("answer\n", "before\nafter\n")


def test_hidden_output_is_printed_if_the_block_raises(capfd):
    message = b"the reason\n" * 10_000

    def fail():
        with quiet():
            os.write(2, message)
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err.encode() == message + b"after\n"


def test_blocks_can_be_nested():
    code = (
        "import os\n"
        "from keykind.core.quiet import quiet\n"
        "with quiet():\n"
        "    with quiet():\n"
        "        os.write(2, b'hidden')\n"
        "    os.write(2, b'hidden too')\n"
        "os.write(2, b'after')\n"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=True)
    assert process.stderr == b"after"


def test_threads_do_not_interfere(capfd):
    def write():
        for _ in range(50):
            with quiet():
                os.write(2, b"hidden\n")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_no_file_descriptor_leaks():
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("needs /proc/self/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        with quiet():
            pass
    assert len(list(descriptors.iterdir())) == before


def test_a_closed_stderr_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with quiet():
        answer = 42
    assert answer == 42
