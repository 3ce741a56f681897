"""Tests of workers.py: results come in order, and errors of the workers reach the caller."""

import pytest

from keykind.core.errors import KeykindError
from keykind.train.workers import in_workers
from squares import Square


def test_results_are_in_the_order_of_the_numbers():
    assert list(in_workers(Square(1), [5, 1, 3, 0, 2, 4, 6], 2)) == [26, 2, 10, 1, 5, 17, 37]


def test_an_error_of_the_function_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(in_workers(Square(), [7], 1))


def test_a_killed_worker_is_an_error():
    with pytest.raises(KeykindError, match="ended: an error is printed above, or memory ran out"):
        list(in_workers(Square(), [9], 1))


def test_results_that_nobody_waits_for_are_not_computed():
    results = in_workers(Square(), range(1000), 1)
    assert next(results) == 0
    results.close()
