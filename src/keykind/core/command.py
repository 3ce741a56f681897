"""The command that this process runs, for reports.

In:    the arguments of this process
Out:   the command as text
Needs: nothing beyond Python
"""

import shlex
import sys
from pathlib import Path

PROGRAMS = ("keykind", "keykind.exe", "keykind-script.py")


def command_line() -> str | None:
    """Return the command that this process runs, as typed; None if it is no command of keykind."""
    program = Path(sys.argv[0])
    as_module = program.name == "__main__.py" and program.parent.name == "keykind"
    return shlex.join(["keykind", *sys.argv[1:]]) if as_module or program.name in PROGRAMS else None
