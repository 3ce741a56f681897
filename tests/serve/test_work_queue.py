"""Tests of serve/work_queue.py."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from keykind.core.parallel import parallel_map
from keykind.serve.work_queue import Busy, WorkQueue


async def connected():
    """Pass the check that the client is still there."""


@asynccontextmanager
async def accepted(queue):
    with queue.reserve(connected) as reservation:
        async with reservation.accept():
            yield reservation


def new_queue(max_pending=4, max_buffered_bytes=100, timeout=60.0):
    return WorkQueue(max_pending, max_buffered_bytes, timeout)


def test_requests_are_limited():
    async def ask(queue):
        async with accepted(queue):
            await asyncio.sleep(0.01)

    async def flood():
        queue = new_queue()
        results = await asyncio.gather(*(ask(queue) for _ in range(10)), return_exceptions=True)
        return [type(result) for result in results], queue.pending

    results, left = asyncio.run(flood())
    assert (results.count(Busy), left) == (6, 0)


def test_bytes_are_limited_and_released():
    queue = new_queue()
    with queue.reserve(connected) as reservation:
        reservation.add_bytes(60)
        with pytest.raises(Busy), queue.reserve(connected) as other:
            other.add_bytes(60)
        assert queue.buffered_bytes == 60
        reservation.add_bytes(40)
        with pytest.raises(Busy), queue.reserve(connected):
            pass
    assert queue.buffered_bytes == 0


def test_a_full_queue_rejects_before_reading_any_byte():
    async def ask():
        queue = new_queue(max_pending=1)
        async with accepted(queue):
            with pytest.raises(Busy), queue.reserve(connected):
                pass

    asyncio.run(ask())


def test_a_request_with_many_photos_does_not_block_one_with_a_single_photo():
    order = []

    async def ask(queue, name, photos):
        async with accepted(queue) as reservation:
            for _ in range(photos):
                await reservation.run(lambda: order.append(name))

    async def both():
        queue = new_queue()
        await asyncio.gather(ask(queue, "many", 20), ask(queue, "one", 1))

    asyncio.run(both())
    assert order.index("one") <= 2


def test_work_runs_one_at_a_time_outside_the_loop():
    running, counts = [], []

    def work():
        running.append(threading.current_thread())
        counts.append(len(running))
        running.pop()

    async def ask():
        with new_queue().reserve(connected) as reservation:
            await asyncio.gather(*(reservation.run(work) for _ in range(8)))

    asyncio.run(ask())
    assert set(counts) == {1}


def test_a_photo_is_processed_in_one_thread():
    """There is a worker for each CPU, so none may start threads of its own."""

    def work():
        return threading.get_ident(), list(parallel_map(lambda _: threading.get_ident(), range(4)))

    async def ask():
        with new_queue().reserve(connected) as reservation:
            return await reservation.run(work)

    outer, inner = asyncio.run(ask())
    assert inner == [outer] * 4


def test_work_that_times_out_counts_until_it_is_done():
    """A thread cannot be stopped: until it is done its photo is in memory, and no other gets a turn."""
    stop, order = threading.Event(), []

    def work():
        stop.wait()
        order.append("timed out")

    async def ask_one(queue, function, count):
        async with accepted(queue) as reservation:
            reservation.add_bytes(count)
            await reservation.run(function)

    async def ask():
        queue = new_queue(timeout=0.1)
        with pytest.raises(Busy):
            await ask_one(queue, work, 60)
        counted = queue.pending, queue.buffered_bytes
        with pytest.raises(Busy):
            await ask_one(queue, lambda: order.append("had no turn"), 0)
        assert (queue.pending, queue.buffered_bytes) == counted
        stop.set()
        await ask_one(queue, lambda: order.append("served"), 0)
        return counted, (queue.pending, queue.buffered_bytes)

    assert asyncio.run(ask()) == ((1, 60), (0, 0))
    assert order == ["timed out", "served"]


def test_a_client_that_leaves_before_its_turn_costs_no_work():
    done = []

    async def ask(queue, name, check):
        with queue.reserve(check) as reservation:
            async with reservation.accept():
                await reservation.run(lambda: done.append(name))

    async def all_three():
        queue = new_queue()

        async def left():
            assert done == ["first"]  # checked only when its turn comes
            raise ConnectionError

        asked = (ask(queue, "first", connected), ask(queue, "left", left), ask(queue, "last", connected))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(result) for result in asyncio.run(all_three())] == [type(None), ConnectionError, type(None)]
    assert done == ["first", "last"]


def test_the_suggested_wait_grows_with_the_queue():
    queue = new_queue(max_pending=100)
    assert queue.retry_after == 1
    queue.pending = 50
    assert queue.retry_after == 5


def test_an_error_of_the_work_is_raised_to_its_request():
    def fail():
        raise ValueError("no")

    async def ask():
        with new_queue().reserve(connected) as reservation:
            with pytest.raises(ValueError, match="no"):
                await reservation.run(fail)
            return await reservation.run(lambda: "still running")

    assert asyncio.run(ask()) == "still running"
