"""A worker process that does nothing; in a module that spawned processes can import."""

import time

from keykind.core.parent import exit_with_parent


def idle(receiver, ready):
    exit_with_parent(receiver)
    ready.send(True)
    time.sleep(60)
