"""Tests of serve/work_queue.py."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from keykind.core.parallel import parallel_map
from keykind.serve.cost import INITIAL_SECONDS
from keykind.serve.work_queue import Busy, WorkQueue

LONG_WAIT = 100.0  # seconds, more than any test expects


async def connected():
    """Pass the check that the client is still there."""


@asynccontextmanager
async def accepted(queue, weights=(1.0,)):
    with queue.reserve(connected) as reservation:
        async with reservation.accept(weights):
            yield reservation


def new_queue(max_wait=LONG_WAIT, max_buffered_bytes=100, timeout=60.0):
    return WorkQueue(max_wait, max_buffered_bytes, timeout)


def weights_left(queue):
    return [weight for left in queue.accepted.values() for weight in left]


async def flood(queue, *requests):
    """Return which of several requests, given as the weights of their photos, are accepted at once."""

    async def ask(weights):
        async with accepted(queue, weights):
            await asyncio.sleep(0.01)

    results = await asyncio.gather(*map(ask, requests), return_exceptions=True)
    assert all(result is None or isinstance(result, Busy) for result in results)
    return [result is None for result in results]


def test_requests_are_accepted_while_the_expected_wait_is_short():
    queue = new_queue(max_wait=4 * INITIAL_SECONDS)
    assert asyncio.run(flood(queue, *[[1.0]] * 10)) == [True] * 5 + [False] * 5
    assert (queue.backlog, queue.accepted) == (0, {})


def test_what_a_photo_costs_counts_not_their_number():
    queue = new_queue(max_wait=4 * INITIAL_SECONDS)
    assert asyncio.run(flood(queue, [0.1], [5.0], [0.1])) == [True, True, False]


def test_an_idle_worker_accepts_any_request():
    queue = new_queue(max_wait=0.001)
    assert asyncio.run(flood(queue, [50.0] * 32, [1.0])) == [True, False]


def test_a_request_waits_for_no_more_photos_of_another_than_it_has_itself():
    queue = new_queue(max_wait=4 * INITIAL_SECONDS)
    assert asyncio.run(flood(queue, [1.0] * 32, [1.0], [1.0] * 5, [1.0])) == [True, True, False, True]


def test_the_expected_time_follows_what_photos_take():
    backlogs = []

    async def ask():
        queue = WorkQueue(LONG_WAIT, 100, 60, backlogs.append)
        async with accepted(queue, [1.0] * 40) as reservation:
            for _ in range(40):
                await reservation.run(lambda: None)
        return queue.cost.seconds

    assert asyncio.run(ask()) < 0.5 * INITIAL_SECONDS
    assert backlogs[0] == pytest.approx(40 * INITIAL_SECONDS)
    assert backlogs == sorted(backlogs, reverse=True)
    assert backlogs[-1] == 0


def test_photos_that_fail_in_a_moment_do_not_change_the_estimate():
    async def ask():
        queue = new_queue()
        async with accepted(queue, [1.0] * 40) as reservation:
            for _ in range(39):
                await reservation.run(lambda: None, lambda _: False)
            with pytest.raises(ZeroDivisionError):
                await reservation.run(lambda: 1 // 0)
        return queue.cost.seconds

    assert asyncio.run(ask()) == INITIAL_SECONDS


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
        queue = new_queue(max_wait=0.5 * INITIAL_SECONDS)
        async with accepted(queue):
            with pytest.raises(Busy), queue.reserve(connected):
                pass

    asyncio.run(ask())


def test_a_request_with_many_photos_does_not_block_one_with_a_single_photo():
    order = []

    async def ask(queue, name, photos):
        async with accepted(queue, [1.0] * photos) as reservation:
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
        async with accepted(new_queue(), [1.0] * 8) as reservation:
            await asyncio.gather(*(reservation.run(work) for _ in range(8)))

    asyncio.run(ask())
    assert set(counts) == {1}


def test_a_photo_is_processed_in_one_thread():
    """There is a worker for each CPU, so none may start threads of its own."""

    def work():
        return threading.get_ident(), list(parallel_map(lambda _: threading.get_ident(), range(4)))

    async def ask():
        async with accepted(new_queue()) as reservation:
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
        async with accepted(queue, [1.0, 1.0]) as reservation:
            reservation.add_bytes(count)
            await reservation.run(function)

    async def ask():
        queue = new_queue(timeout=0.1)
        with pytest.raises(Busy):
            await ask_one(queue, work, 60)
        counted = weights_left(queue), queue.buffered_bytes
        with pytest.raises(Busy):
            await ask_one(queue, lambda: order.append("had no turn"), 0)
        assert (weights_left(queue), queue.buffered_bytes) == counted
        stop.set()
        await ask_one(queue, lambda: order.append("served"), 0)
        return counted, (weights_left(queue), queue.buffered_bytes)

    assert asyncio.run(ask()) == (([1.0], 60), ([], 0))
    assert order == ["timed out", "served"]


def test_a_client_that_leaves_before_its_turn_costs_no_work():
    done = []

    async def ask(queue, name, check):
        with queue.reserve(check) as reservation:
            async with reservation.accept([1.0]):
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
    async def suggested(queue, photos):
        async with accepted(queue, [1.0] * photos):
            return queue.retry_after

    queue = new_queue()
    assert queue.retry_after == 1
    assert asyncio.run(suggested(queue, 45)) == 5


def test_an_error_of_the_work_is_raised_to_its_request():
    def fail():
        raise ValueError("no")

    async def ask():
        async with accepted(new_queue(), [1.0] * 2) as reservation:
            with pytest.raises(ValueError, match="no"):
                await reservation.run(fail)
            return await reservation.run(lambda: "still running")

    assert asyncio.run(ask()) == "still running"
