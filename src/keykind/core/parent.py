"""End a worker process with its parent.

In:    a pipe whose other end the parent holds
Out:   the worker exits once that end is closed, and not by itself on Ctrl-C, which reaches it as well
Needs: nothing beyond Python
"""

import os
import signal
import threading
from multiprocessing.connection import Connection


def exit_with_parent(receiver: Connection) -> None:
    """Exit this worker process as soon as its parent, which holds the other end of a pipe, closes it or ends.

    For the initializer of a pool: an idle worker would otherwise outlive a parent that was killed.
    """

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it, without a traceback

    def wait() -> None:
        receiver.poll(None)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
