"""`python -m keykind` is `keykind`: the command line, and Ctrl-C while it is still being imported."""

import sys


def main() -> int:
    """Run one verb and return the exit status."""
    try:
        from keykind.cli.main import main as run  # noqa: PLC0415 - Ctrl-C meanwhile is caught

        return run()
    except KeyboardInterrupt:  # before or after `run`, which reports its own
        if sys.stderr:
            sys.stderr.write("keykind: interrupted\n")
        return 130  # keykind.cli.output.INTERRUPTED, which may not be imported yet


if __name__ == "__main__":
    sys.exit(main())
