"""Tests of targets.py: which keys of a view the network is trained on."""

import numpy as np
import pytest

from keykind.train.detector.keys import AREA, COLUMNS, HEAD, OCCLUSION, TIP, TRUNCATION, no_keys
from keykind.train.detector.targets import (
    IGNORED,
    MAX_TARGETS,
    NONE,
    STATE,
    TARGET,
    TRIMMED,
    target_rows,
    trim,
)


def keys(*changes):
    """Return rows of keys, 100 px long and entirely visible but for the changes {column: value} of each."""
    rows = np.zeros((len(changes), COLUMNS))
    for row, change in zip(rows, changes, strict=True):
        row[HEAD], row[TIP], row[AREA] = (20, 50), (120, 50), 3000
        for column, value in change.items():
            row[column] = value
    return rows


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, TARGET),
        ({OCCLUSION: 0.7}, TARGET),
        ({OCCLUSION: 0.85}, IGNORED),
        ({OCCLUSION: 0.6, TRUNCATION: 0.6}, IGNORED),
        ({AREA: 50}, IGNORED),
        ({TIP.start: 32}, IGNORED),
        ({OCCLUSION: 0.97}, NONE),
        ({TIP.start: 25}, NONE),
    ],
)
def test_hardly_visible_and_tiny_keys_are_ignored(change, state):
    rows = target_rows(keys(change))
    assert rows.shape == (MAX_TARGETS, 12)
    assert rows[0, STATE] == state
    assert not rows[1:].any()


def test_of_many_keys_the_most_visible_are_kept():
    rows = target_rows(keys(*[{OCCLUSION: i / 100} for i in range(50)][::-1]))
    assert rows[:, OCCLUSION].max() == pytest.approx((MAX_TARGETS - 1) / 100)


def test_a_batch_is_trimmed_to_the_rows_in_use():
    few, many, none = (target_rows(keys(*[{}] * count)) for count in (3, TRIMMED + 1, 0))
    assert trim(np.stack([few, none])).shape == (2, TRIMMED, 12)
    assert trim(np.stack([few, many])).shape == (2, 2 * TRIMMED, 12)
    assert trim(target_rows(no_keys())[None]).shape == (1, TRIMMED, 12)
