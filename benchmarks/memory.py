"""How much memory a process took.

In:    the number of a running process
Out:   bytes
Needs: Linux
"""

from pathlib import Path


def peak(process: int) -> int:
    """Return the largest resident set so far of a process, in bytes; 0 if it has gone."""
    return _told(process, "VmHWM")


def resident(process: int) -> int:
    """Return the resident set of a process now, in bytes; 0 if it has gone."""
    return _told(process, "VmRSS")


def _told(process: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
