"""Tests of export/features_output.py: one more output, and all others as they were."""

from dataclasses import replace

import numpy as np
import pytest

from keykind.core.errors import BadModel
from keykind.export.export import ExportOptions, export_model
from keykind.export.features_output import with_features
from keykind.model.model import Model, load_model, pack, unpack
from keykind.model.tflite_metadata import with_metadata
from tiny_model import CARD, KINDS, crops, tiny_bytes, tiny_file, tiny_model


def packed(flatbuffer: bytes, **changes: object) -> Model:
    card = replace(CARD, **changes)
    return Model(*unpack(pack(with_metadata(flatbuffer, card), card), "a file"), "a file")


def test_features_change_no_other_output():
    before, count = tiny_model(KINDS), 3
    old, new = packed(before), packed(with_features(before)[0], features=count)
    for crop in crops(4):
        plain, more = old.run(crop), new.run(crop)
        np.testing.assert_array_equal(plain.probabilities, more.probabilities)
        np.testing.assert_array_equal(plain.maps, more.maps)
        assert plain.ood_score == more.ood_score
        assert plain.features is None
        assert more.features.shape == (count,)
        np.testing.assert_allclose(more.features, crop.mean(axis=(0, 1)) / 255, atol=1e-5)


def test_a_card_that_denies_the_features_is_refused():
    flatbuffer = with_metadata(with_features(tiny_model(KINDS))[0], replace(CARD, features=3))
    with pytest.raises(BadModel, match="outputs"):
        pack(flatbuffer, CARD)


def test_a_file_with_features_has_the_schema_that_older_versions_refuse():
    assert b'"schema": 2' in tiny_bytes(features=3)
    assert b'"schema": 1' in tiny_bytes()


def test_the_file_for_mediapipe_has_no_features(tmp_path):
    source = tiny_file(tmp_path / "keys.tflite", features=3)
    options = ExportOptions(None, mediapipe=True, out=tmp_path / "bare.tflite", force=False)
    model = load_model(export_model(source, options).path)
    assert model.card.features is None
    assert model.run(crops(1)[0]).features is None
