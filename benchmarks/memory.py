"""Memory of a process.

In:    the id of a running process
Out:   bytes
Needs: Linux
"""

from pathlib import Path


def peak(pid: int) -> int:
    """Return the peak resident set of a process in bytes; 0 if it has ended."""
    return _read(pid, "VmHWM")


def resident(pid: int) -> int:
    """Return the current resident set of a process in bytes; 0 if it has ended."""
    return _read(pid, "VmRSS")


def _read(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
