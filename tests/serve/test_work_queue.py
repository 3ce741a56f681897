"""Tests of serve/desk.py."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from keykind.core.parallel import ordered
from keykind.serve.work_queue import Busy, WorkQueue


async def wanted():
    """Say that somebody waits for the result."""


@asynccontextmanager
async def accepted(mine):
    with mine.claim(wanted) as claim:
        async with claim.place():
            yield claim


def desk(most_waiting=4, most_held=100, seconds=60.0):
    return WorkQueue(most_waiting, most_held, seconds)


def test_there_are_never_more_requests_than_agreed():
    async def ask(mine):
        async with accepted(mine):
            await asyncio.sleep(0.01)

    async def flood():
        mine = desk()
        results = await asyncio.gather(*(ask(mine) for _ in range(10)), return_exceptions=True)
        return [type(result) for result in results], mine.waiting

    results, left = asyncio.run(flood())
    assert (results.count(Busy), left) == (6, 0)


def test_there_are_never_more_bytes_than_agreed_and_they_are_given_back():
    mine = desk()
    with mine.claim(wanted) as claim:
        claim.hold(60)
        with pytest.raises(Busy), mine.claim(wanted) as other:
            other.hold(60)
        assert mine.held == 60
        claim.hold(40)
        with pytest.raises(Busy), mine.claim(wanted):
            pass
    assert mine.held == 0


def test_a_full_queue_refuses_before_any_byte_is_read():
    async def ask():
        mine = desk(most_waiting=1)
        async with accepted(mine):
            with pytest.raises(Busy), mine.claim(wanted):
                pass

    asyncio.run(ask())


def test_one_of_many_photos_does_not_hold_up_one_of_one():
    order = []

    async def ask(mine, name, photos):
        async with accepted(mine) as claim:
            for _ in range(photos):
                await claim.work(lambda: order.append(name))

    async def both():
        mine = desk()
        await asyncio.gather(ask(mine, "many", 20), ask(mine, "one", 1))

    asyncio.run(both())
    assert order.index("one") <= 2


def test_work_is_done_one_at_a_time_and_not_in_the_loop():
    running, most = [], []

    def work():
        running.append(threading.current_thread())
        most.append(len(running))
        running.pop()

    async def ask():
        with desk().claim(wanted) as claim:
            await asyncio.gather(*(claim.work(work) for _ in range(8)))

    asyncio.run(ask())
    assert set(most) == {1}


def test_a_photo_is_looked_at_in_one_thread():
    """As many workers as processors run beside each other: none begins threads of its own."""

    def work():
        return threading.get_ident(), list(ordered(lambda _: threading.get_ident(), range(4)))

    async def ask():
        with desk().claim(wanted) as claim:
            return await claim.work(work)

    here, inner = asyncio.run(ask())
    assert inner == [here] * 4


def test_what_takes_too_long_is_given_up_in_time_and_counts_until_it_is_done():
    """A thread cannot be stopped: until it is done its photo is in memory, and no other has its turn."""
    stop, order = threading.Event(), []

    def work():
        stop.wait()
        order.append("given up")

    async def ask_one(mine, function, count):
        async with accepted(mine) as claim:
            claim.hold(count)
            await claim.work(function)

    async def ask():
        mine = desk(seconds=0.1)
        with pytest.raises(Busy):
            await ask_one(mine, work, 60)
        counted = mine.waiting, mine.held
        with pytest.raises(Busy):
            await ask_one(mine, lambda: order.append("had no turn"), 0)
        assert (mine.waiting, mine.held) == counted
        stop.set()
        await ask_one(mine, lambda: order.append("served"), 0)
        return counted, (mine.waiting, mine.held)

    assert asyncio.run(ask()) == ((1, 60), (0, 0))
    assert order == ["given up", "served"]


def test_who_left_before_the_turn_came_costs_no_work():
    done = []

    async def ask(mine, name, check):
        with mine.claim(check) as claim:
            async with claim.place():
                await claim.work(lambda: done.append(name))

    async def all_three():
        mine = desk()

        async def left():
            assert done == ["first"]  # it is asked no sooner
            raise ConnectionError

        asked = (ask(mine, "first", wanted), ask(mine, "left", left), ask(mine, "last", wanted))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(result) for result in asyncio.run(all_three())] == [type(None), ConnectionError, type(None)]
    assert done == ["first", "last"]


def test_the_wait_grows_with_the_queue_and_with_the_work():
    mine = desk(most_waiting=100)
    assert mine.wait == 1
    mine.waiting = 50
    assert mine.wait == 5


def test_an_error_of_the_work_is_the_askers():
    def fail():
        raise ValueError("no")

    async def ask():
        with desk().claim(wanted) as claim:
            with pytest.raises(ValueError, match="no"):
                await claim.work(fail)
            return await claim.work(lambda: "still here")

    assert asyncio.run(ask()) == "still here"
