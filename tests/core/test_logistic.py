"""Tests of logistic.py: the function and its inverse, also at the ends."""

import numpy as np
import pytest

from keykind.core.logistic import logit, sigmoid


def test_the_logit_is_the_inverse_within_its_limit():
    logits = np.linspace(-8, 8, 33)
    assert [logit(float(p), 20) for p in sigmoid(logits)] == pytest.approx(logits.tolist(), abs=1e-9)
    assert [logit(p, 6) for p in (0.0, 0.5, 1.0)] == [-6, 0, 6]


def test_logits_of_any_size_have_a_probability():
    assert sigmoid(np.array([-1e9, 0, 1e9], np.float32)).tolist() == pytest.approx([0, 0.5, 1])
    assert float(sigmoid(-1e9)) > 0
