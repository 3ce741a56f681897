"""Tests of predict/prototypes.py: one's own keys are recognised by features of a few photos of each."""

import json

import numpy as np
import pytest

from keykind.core.errors import KeykindError
from keykind.predict.prototypes import LEAST_SIMILARITY, enrol, from_json, match
from keykind.predict.recogniser import Recogniser
from tiny_model import tiny_file

NETWORK, OTHER = "a" * 64, "b" * 64
RNG = np.random.default_rng(0)
KEYS = RNG.normal(size=(4, 64))  # random directions in 64 dimensions are nearly orthogonal


def photos(key: int, count: int = 3) -> list[np.ndarray]:
    """Return features of photos of one key."""
    return [KEYS[key] + 0.3 * RNG.normal(size=64) for _ in range(count)]


@pytest.fixture(scope="module")
def prototypes():
    return [enrol(photos(key), NETWORK) for key in range(3)]


@pytest.mark.parametrize("key", range(3))
def test_another_photo_of_a_key_is_matched_with_it(prototypes, key):
    result = match(photos(key, 1)[0], prototypes, NETWORK)
    assert result.index == result.nearest == key
    assert result.margin > 0.3


def test_a_key_that_was_not_enrolled_is_none_of_them(prototypes):
    result = match(photos(3, 1)[0], prototypes, NETWORK)
    assert result.index is None
    assert result.nearest is not None
    assert result.similarity < LEAST_SIMILARITY


def test_the_length_of_a_vector_does_not_matter(prototypes):
    (vector,) = photos(1, 1)
    near, far = match(vector, prototypes, NETWORK), match(100 * vector, prototypes, NETWORK)
    assert near.similarity == pytest.approx(far.similarity, abs=1e-6)


def test_prototypes_of_another_network_are_ignored(prototypes):
    foreign = enrol(photos(3), OTHER)
    assert match(photos(3, 1)[0], [*prototypes, foreign], NETWORK).nearest != 3
    alone = match(photos(3, 1)[0], [foreign], NETWORK)
    assert (alone.index, alone.nearest, alone.similarity, alone.margin) == (None, None, -1, 0)


def test_a_prototype_survives_json(prototypes):
    again = from_json(json.loads(json.dumps(prototypes[0].as_json())))
    assert again.network == NETWORK
    np.testing.assert_allclose(again.vectors, prototypes[0].vectors, atol=1e-3)


@pytest.mark.parametrize(
    "entries",
    [
        None,
        {},
        {"schema": 2, "network": NETWORK, "vectors": [[1, 2]]},
        {"schema": 1, "network": NETWORK, "vectors": [["x"]]},
        {"schema": 1, "network": NETWORK, "vectors": []},
        {"schema": 1, "network": NETWORK, "vectors": [[1, 2], [1]]},
        {"schema": 1, "network": NETWORK, "vectors": [[float("nan")]]},
    ],
)
def test_anything_else_is_no_prototype(entries):
    with pytest.raises(KeykindError):
        from_json(entries)


def test_a_vector_of_another_length_is_an_error(prototypes):
    with pytest.raises(KeykindError, match="has 3 features instead of 64"):
        match(np.ones(3), prototypes, NETWORK)


def test_a_key_of_a_photo_has_the_features_of_its_crop(tmp_path):
    recogniser = Recogniser.load(tiny_file(tmp_path / "keys.tflite", features=3), whole=True)
    photo = np.full((300, 300, 3), (255, 51, 0), np.uint8)
    (key,) = recogniser.recognise(photo).keys
    np.testing.assert_allclose(key.features, [1, 0.2, 0], atol=1e-3)
    assert "features" not in key.as_json()


def test_a_file_without_features_gives_none(tmp_path):
    recogniser = Recogniser.load(tiny_file(tmp_path / "keys.tflite"), whole=True)
    (key,) = recogniser.recognise(np.full((300, 300, 3), 128, np.uint8)).keys
    assert key.features is None


def test_keys_that_resemble_each_other_need_more_similar_photos():
    common = 2 * RNG.normal(size=64)
    alike = [
        enrol([KEYS[key] + common + 0.3 * RNG.normal(size=64) for _ in range(3)], NETWORK) for key in range(3)
    ]
    unknown, photo = KEYS[3] + common, KEYS[0] + common + 0.3 * RNG.normal(size=64)
    assert match(unknown, alike[:1], NETWORK).index == 0  # nothing shows yet what is common to all keys
    assert match(unknown, alike, NETWORK).index is None
    assert match(photo, alike, NETWORK).index == 0


def test_a_key_that_was_enrolled_twice_is_still_recognised():
    twice = [enrol(photos(0), NETWORK), enrol(photos(0), NETWORK), enrol(photos(1), NETWORK)]
    assert match(photos(0, 1)[0], twice, NETWORK).index in (0, 1)
