"""Tests of core/parent.py."""

import multiprocessing
import time

from keykind.core.parent import exit_with_parent


def idle(receiver):
    exit_with_parent(receiver)
    time.sleep(60)


def test_a_worker_ends_when_its_parent_closes_the_pipe():
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=idle, args=(receiver,), daemon=True)
    worker.start()
    receiver.close()
    worker.join(1)
    assert worker.is_alive()
    sender.close()
    worker.join(20)
    assert worker.exitcode == 1
