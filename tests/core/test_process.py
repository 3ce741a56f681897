"""Tests of core/process.py."""

import os
import platform
import subprocess
import sys

import pytest

from keykind.core.process import keep_freed_memory, prepare_process

FAULTS = """
import resource, sys
from keykind.core.process import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def use():
    blocks = [bytearray(9_000_000) for _ in range(4)]
for _ in range(2):
    use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these limits")
def test_freed_blocks_are_used_again():
    assert keep_freed_memory()
    faults = [
        int(subprocess.run([sys.executable, "-c", FAULTS, way], stdout=subprocess.PIPE, check=True).stdout)
        for way in ("return", "keep")
    ]
    assert faults[1] < faults[0] / 10


def test_the_users_number_of_threads_stays(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    prepare_process()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    prepare_process()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    del os.environ["OPENBLAS_NUM_THREADS"]


def test_another_c_library_changes_nothing(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()


ARENAS = """
import sys, threading
from keykind.core.process import limit_arenas
if sys.argv[1] == "few":
    limit_arenas(2)
def use():
    barrier.wait()
    blocks = [bytearray(1_000) for _ in range(1_000)]
    barrier.wait()
barrier = threading.Barrier(8)
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
import ctypes
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_a_limited_number_of_arenas():
    counts = [
        subprocess.run([sys.executable, "-c", ARENAS, way], capture_output=True, text=True, check=True)
        for way in ("all", "few")
    ]
    many, few = (result.stderr.count("Arena ") for result in counts)
    assert few <= 2 < many
