"""Tests of serve/desk.py."""

import asyncio
import threading

import pytest

from keykind.parallel import ordered
from keykind.serve.desk import Busy, Desk


def desk(most_waiting=4, most_held=100, seconds=60.0):
    return Desk(most_waiting, most_held, seconds)


def test_there_are_never_more_requests_than_agreed():
    async def ask(mine):
        async with mine.place():
            await asyncio.sleep(0.01)

    async def flood():
        mine = desk()
        results = await asyncio.gather(*(ask(mine) for _ in range(10)), return_exceptions=True)
        return [type(result) for result in results], mine.waiting

    results, left = asyncio.run(flood())
    assert (results.count(Busy), left) == (6, 0)


def test_there_are_never_more_bytes_than_agreed_and_they_are_given_back():
    mine = desk()
    with mine.holding() as hold:
        hold(60)
        with pytest.raises(Busy), mine.holding() as other:
            other(60)
        assert mine.held == 60
        hold(40)
        with pytest.raises(Busy), mine.holding():
            pass
    assert mine.held == 0


def test_a_full_queue_refuses_before_any_byte_is_read():
    async def ask():
        mine = desk(most_waiting=1)
        async with mine.place():
            with pytest.raises(Busy), mine.holding():
                pass

    asyncio.run(ask())


def test_one_of_many_photos_does_not_hold_up_one_of_one():
    order = []

    async def ask(mine, name, photos):
        async with mine.place():
            for _ in range(photos):
                await mine.work(lambda: order.append(name))

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
        mine = desk()
        await asyncio.gather(*(mine.work(work) for _ in range(8)))

    asyncio.run(ask())
    assert set(most) == {1}


def test_a_photo_is_looked_at_in_one_thread():
    """As many workers as processors run beside each other: none begins threads of its own."""

    def work():
        return threading.get_ident(), list(ordered(lambda _: threading.get_ident(), range(4)))

    here, inner = asyncio.run(desk().work(work))
    assert inner == [here] * 4


def test_what_takes_too_long_is_given_up_and_the_next_is_served():
    stop = threading.Event()

    async def ask():
        mine = desk(seconds=0.1)
        with pytest.raises(Busy):
            async with mine.place():
                await mine.work(stop.wait)
        stop.set()
        async with mine.place():
            return await mine.work(lambda: "served"), mine.waiting

    assert asyncio.run(ask()) == ("served", 1)


def test_the_wait_grows_with_the_queue_and_with_the_work():
    mine = desk(most_waiting=100)
    assert mine.wait == 1
    mine.waiting = 50
    assert mine.wait == 5


def test_an_error_of_the_work_is_the_askers():
    def fail():
        raise ValueError("no")

    async def ask():
        mine = desk()
        with pytest.raises(ValueError, match="no"):
            await mine.work(fail)
        return await mine.work(lambda: "still here")

    assert asyncio.run(ask()) == "still here"
