"""Tests of web/src/core/prototypes.ts: the app recognises one's own keys as Python does."""

import numpy as np
import pytest

from app_build import Core, build_core
from keykind.model.model import Model, unpack
from keykind.predict.prototypes import Prototype, enrol, match
from once import once
from tiny_model import tiny_bytes

NETWORK, OTHER = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    core = Core(once(tmp_path_factory, "core", build_core))
    yield core
    core.close()


def as_app(prototype: Prototype) -> dict[str, object]:
    return {"network": prototype.network, "vectors": list(prototype.vectors)}


@pytest.fixture(scope="module")
def prototypes():
    rng = np.random.default_rng(0)
    keys = rng.normal(size=(5, 1, 24)) + 0.4 * rng.normal(size=(5, 3, 24))
    return [enrol(list(key), OTHER if i == 2 else NETWORK) for i, key in enumerate(keys.astype(np.float32))]


def test_a_match_is_pythons(core, prototypes):
    rng = np.random.default_rng(1)
    matched = 0
    for _ in range(20):
        near = prototypes[int(rng.integers(5))].vectors[0] + rng.uniform(0, 0.4) * rng.normal(size=24)
        vector = near.astype(np.float32)
        ours = core.matchOf(vector, [as_app(prototype) for prototype in prototypes], NETWORK)
        theirs = match(vector, prototypes, NETWORK)
        assert (ours["index"], ours["nearest"]) == (theirs.index, theirs.nearest)
        assert ours["similarity"] == pytest.approx(theirs.similarity, abs=1e-5)
        assert ours["margin"] == pytest.approx(theirs.margin, abs=1e-5)
        matched += ours["index"] is not None
    assert 0 < matched < 20


def test_prototypes_of_another_network_are_never_matched(core, prototypes):
    foreign = as_app(prototypes[2])
    assert core.matchOf(prototypes[2].vectors[0], [foreign], NETWORK)["nearest"] is None


def test_a_prototype_as_json_is_pythons(core, prototypes):
    entries = prototypes[0].as_json()
    again = core.prototypeJson(entries)
    assert again.keys() == entries.keys()
    assert again["network"] == NETWORK
    np.testing.assert_allclose(again["vectors"], entries["vectors"], atol=2e-4)


@pytest.mark.parametrize(
    "entries", [None, {}, {"schema": 1, "network": NETWORK, "vectors": [["x"]]}, {"schema": 9}]
)
def test_anything_else_is_no_prototype(core, entries):
    with pytest.raises(RuntimeError):
        core.prototypeJson(entries)


def test_vectors_of_different_lengths_cannot_be_enrolled(core):
    with pytest.raises(RuntimeError, match="lengths 3, 2"):
        core.enrol([[1, 2, 3], [1, 2]], NETWORK)


def test_the_app_reads_whether_a_file_has_features(core):
    data = tiny_bytes(features=3)
    card = core.readModel(data)["card"]
    assert card["features"] == 3
    assert card["network"] == Model(*unpack(data, "file"), "file").network
    assert core.readModel(tiny_bytes())["card"]["features"] is None
