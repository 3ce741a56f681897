"""Tests of core/parallel.py."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from keykind.core import parallel
from keykind.core.parallel import MIN_SHARED, PREFETCH, cpu_count, parallel_map, short_map, thread_pool


@pytest.fixture
def two_cpus(monkeypatch):
    monkeypatch.setattr(parallel, "cpu_count", lambda: 2)


def recorded(numbers, pulled):
    for number in numbers:
        pulled.append(number)
        yield number


def slow_items(pulled):
    for number in range(8):
        time.sleep(0.2)  # longer than the work on the previous item
        pulled.append(number)
        yield number


def test_there_is_at_least_one_cpu():
    assert cpu_count() >= 1


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 200])
def test_results_are_in_the_order_of_the_items(two_cpus, count):
    def work(number):
        time.sleep(random.Random(number).random() / 500)
        return number * number

    assert list(parallel_map(work, iter(range(count)))) == [number * number for number in range(count)]


def test_work_runs_concurrently(two_cpus):
    barrier = threading.Barrier(2)
    assert list(parallel_map(lambda _: barrier.wait(20) >= 0, range(2))) == [True, True]


def test_only_a_few_items_are_prefetched(two_cpus):
    pulled = []
    for result in parallel_map(lambda number: number, recorded(range(1000), pulled)):
        assert len(pulled) - result <= PREFETCH * 2
    assert len(pulled) == 1000


def test_an_exception_is_raised_in_place_of_its_result(two_cpus):
    results = parallel_map(lambda number: 12 // (3 - number), range(10))
    assert [next(results) for _ in range(3)] == [4, 6, 12]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_items_that_end_in_an_exception_lose_no_result(two_cpus):
    def items():
        yield from range(3)
        raise OSError("gone")

    results = parallel_map(lambda number: number, items())
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(results)


def test_a_finished_result_does_not_wait_for_more_items(two_cpus):
    pulled = []
    results = parallel_map(lambda number: number, slow_items(pulled))
    next(results)
    assert len(pulled) <= 3


def test_after_an_exception_no_work_is_started_and_no_thread_remains(two_cpus):
    before, started, pulled = threading.active_count(), [], []

    def work(number):
        started.append(number)
        time.sleep(0.05)
        if number == 1:
            raise ValueError("one")

    with pytest.raises(ValueError, match="one"):
        list(parallel_map(work, recorded(range(1000), pulled)))
    assert threading.active_count() == before
    assert len(started) < PREFETCH * 2
    assert len(pulled) <= PREFETCH * 2 + 1


def test_closing_the_results_stops_the_threads(two_cpus):
    before, started = threading.active_count(), []

    def work(number):
        started.append(number)
        time.sleep(0.02)

    results = parallel_map(work, range(1000))
    next(results)
    results.close()
    assert threading.active_count() == before
    assert len(started) <= PREFETCH * 2


def test_an_exception_of_the_items_is_raised(two_cpus):
    def items():
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(parallel_map(str, items()))


def test_nested_calls_run_in_their_own_thread(two_cpus):
    def outer(number):
        outer_thread = threading.get_ident()
        return outer_thread, list(parallel_map(lambda _: threading.get_ident(), range(3)))

    results = list(parallel_map(outer, range(8)))
    assert all(inner == [outer] * 3 for outer, inner in results)
    assert threading.get_ident() not in {outer for outer, _ in results}


def test_a_thread_pool_starts_no_further_threads():
    with thread_pool(1, "name") as pool:
        thread, inner = pool.submit(
            lambda: (
                threading.current_thread(),
                list(parallel_map(lambda _: threading.current_thread(), range(3))),
            )
        ).result()
    assert inner == [thread] * 3
    assert thread.name.startswith("name")


def test_a_later_call_uses_all_threads_again(two_cpus):
    def wait(barrier):
        return barrier.wait(timeout=10)

    for _ in range(2):
        barrier = threading.Barrier(2)  # needs two concurrent threads
        assert sorted(parallel_map(wait, [barrier, barrier])) == [0, 1]


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_a_short_map_keeps_the_order(count):
    assert short_map(lambda item: item * 2, list(range(count))) == [2 * item for item in range(count)]


def test_short_work_is_shared_by_this_thread_and_others(two_cpus):
    together = threading.Barrier(2)  # breaks unless two items are worked on at once
    threads = short_map(lambda _: (together.wait(5), threading.get_ident())[1], list(range(MIN_SHARED)))
    assert len(set(threads)) == 2
    assert threading.get_ident() in threads


def test_a_few_short_items_and_those_within_other_work_stay_in_their_thread(two_cpus):
    def here(_):
        return threading.get_ident()

    assert set(short_map(here, list(range(MIN_SHARED - 1)))) == {threading.get_ident()}
    nested = parallel_map(lambda _: (here(0), set(short_map(here, list(range(20))))), range(4))
    assert all(inner == {outer} for outer, inner in nested)


def test_a_short_map_raises_what_its_work_raises():
    with pytest.raises(IndexError, match="seven"):
        short_map(_fail_at_seven, list(range(20)))
    assert short_map(str, list(range(20))) == list(map(str, range(20)))


def test_short_maps_in_several_threads_do_not_wait_for_each_other():
    with thread_pool(1) as busy, ThreadPoolExecutor(8) as callers:
        futures = [callers.submit(short_map, lambda item: item + 1, list(range(200))) for _ in range(24)]
        assert all(future.result(20) == list(range(1, 201)) for future in futures)
        assert busy.submit(short_map, str, list(range(9))).result(20) == list("012345678")


def _fail_at_seven(item):
    if item == 7:
        raise IndexError("seven")
    return item
