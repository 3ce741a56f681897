"""Tests of parallel.py."""

import random
import threading
import time

import pytest

from keykind.core import parallel
from keykind.core.parallel import AHEAD, ordered, threads, workers


@pytest.fixture
def two_workers(monkeypatch):
    monkeypatch.setattr(parallel, "workers", lambda: 2)


def counted(numbers, pulled):
    for number in numbers:
        pulled.append(number)
        yield number


def slowly(pulled):
    for number in range(8):
        time.sleep(0.2)  # long enough for the work on the one before
        pulled.append(number)
        yield number


def test_there_is_at_least_one_worker():
    assert workers() >= 1


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 200])
def test_answers_come_in_the_order_of_the_items(two_workers, count):
    def work(number):
        time.sleep(random.Random(number).random() / 500)
        return number * number

    assert list(ordered(work, iter(range(count)))) == [number * number for number in range(count)]


def test_work_is_done_at_the_same_time(two_workers):
    both = threading.Barrier(2)
    assert list(ordered(lambda _: both.wait(20) >= 0, range(2))) == [True, True]


def test_only_a_few_items_are_taken_ahead_of_the_reader(two_workers):
    pulled = []
    for answer in ordered(lambda number: number, counted(range(1000), pulled)):
        assert len(pulled) - answer <= AHEAD * 2
    assert len(pulled) == 1000


def test_an_exception_is_raised_where_its_answer_would_stand(two_workers):
    answers = ordered(lambda number: 12 // (3 - number), range(10))
    assert [next(answers) for _ in range(3)] == [4, 6, 12]
    with pytest.raises(ZeroDivisionError):
        next(answers)


def test_items_that_end_in_an_exception_lose_no_answer(two_workers):
    def items():
        yield from range(3)
        raise OSError("gone")

    answers = ordered(lambda number: number, items())
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="gone"):
        next(answers)


def test_an_answer_that_is_there_does_not_wait_for_more_items(two_workers):
    pulled = []
    answers = ordered(lambda number: number, slowly(pulled))
    next(answers)
    assert len(pulled) <= 3


def test_after_an_exception_no_work_is_begun_and_no_thread_remains(two_workers):
    before, begun, pulled = threading.active_count(), [], []

    def work(number):
        begun.append(number)
        time.sleep(0.05)
        if number == 1:
            raise ValueError("one")

    with pytest.raises(ValueError, match="one"):
        list(ordered(work, counted(range(1000), pulled)))
    assert threading.active_count() == before
    assert len(begun) < AHEAD * 2
    assert len(pulled) <= AHEAD * 2 + 1


def test_a_reader_that_stops_stops_the_workers(two_workers):
    before, begun = threading.active_count(), []

    def work(number):
        begun.append(number)
        time.sleep(0.02)

    answers = ordered(work, range(1000))
    next(answers)
    answers.close()
    assert threading.active_count() == before
    assert len(begun) <= AHEAD * 2


def test_a_fault_of_the_items_reaches_the_reader(two_workers):
    def items():
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(ordered(str, items()))


def test_work_within_work_stays_in_its_thread(two_workers):
    def outer(number):
        here = threading.get_ident()
        return here, list(ordered(lambda _: threading.get_ident(), range(3)))

    answers = list(ordered(outer, range(8)))
    assert all(inner == [here] * 3 for here, inner in answers)
    assert threading.get_ident() not in {here for here, _ in answers}


def test_threads_of_ones_own_begin_no_others():
    with threads(1, "mine") as pool:
        here, inner = pool.submit(
            lambda: (
                threading.current_thread(),
                list(ordered(lambda _: threading.current_thread(), range(3))),
            )
        ).result()
    assert inner == [here] * 3
    assert here.name.startswith("mine")


def test_work_after_work_has_all_threads_again(two_workers):
    def met(barrier):
        return barrier.wait(timeout=10)

    for _ in range(2):
        barrier = threading.Barrier(2)  # passed by two threads at once alone
        assert sorted(ordered(met, [barrier, barrier])) == [0, 1]
