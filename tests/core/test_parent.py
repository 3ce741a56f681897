"""Tests of core/parent.py."""

import multiprocessing

from idle_worker import idle


def test_a_worker_ends_when_its_parent_closes_the_pipe():
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    is_ready, ready = context.Pipe(duplex=False)
    worker = context.Process(target=idle, args=(receiver, ready), daemon=True)
    worker.start()
    assert is_ready.poll(60)
    assert worker.is_alive()
    sender.close()
    worker.join(20)
    assert worker.exitcode == 1
