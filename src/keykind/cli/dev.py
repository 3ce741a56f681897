"""`keykind dev`: make the files that are bundled with keykind.

In:    options
Out:   a trained detector, its scores; the bundled weights; the bundled photos
Needs: keras, tensorflow; mitsuba to render                                                [train, render]
"""

import argparse

HELP = "train, score and ship what is bundled with keykind; for its developers"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the commands of this verb."""
    parser.set_defaults(command=None)


def run(options: argparse.Namespace) -> int:
    """Run one of the commands."""
    status: int = options.command(options)
    return status
