"""Tests of export/features_output.py: one more output, and all others as they were."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from keykind.core.errors import BadModel
from keykind.export.export import ExportOptions, export_model
from keykind.export.features_output import with_features, with_taps
from keykind.model.feature_head import CHANNELS, FeatureHead, load_head
from keykind.model.interpreter import InterpreterPool
from keykind.model.model import Model, load_model, pack, unpack
from keykind.model.shipped import CLASSIFIER, FOLDER, read_decision, read_model
from keykind.model.tflite_metadata import with_metadata
from tiny_model import CARD, KINDS, crops, tiny_bytes, tiny_file, tiny_model


def packed(flatbuffer: bytes, **changes: object) -> Model:
    card = replace(CARD, **changes)
    return Model(*unpack(pack(with_metadata(flatbuffer, card), card), "a file"), "a file")


def random_head() -> FeatureHead:
    rng = np.random.default_rng(0)
    shapes = ((4, CHANNELS), (4,), (7, 8), (16, 56), (16,))
    return FeatureHead(*(rng.normal(0, 0.05, shape).astype(np.float32) for shape in shapes))


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


def test_the_layers_of_a_head_compute_what_it_does_in_numpy():
    flatbuffer, _ = unpack(read_model(CLASSIFIER), CLASSIFIER)
    head, crop = random_head(), np.random.default_rng(1).integers(0, 256, (224, 224, 3), np.uint8)
    (maps,) = InterpreterPool(with_taps(flatbuffer)).run(crop)
    np.testing.assert_allclose(maps[0, ..., -3:], crop.reshape(7, 32, 7, 32, 3).mean(axis=(1, 3)), rtol=1e-4)
    (features,) = (
        output
        for output in InterpreterPool(with_features(flatbuffer, head)[0]).run(crop)
        if output.size == 16
    )
    np.testing.assert_allclose(features[0, 0, 0], head.run(maps[0]), rtol=1e-3, atol=1e-3)


def test_features_are_replaced_not_added():
    flatbuffer, _ = unpack(read_model(CLASSIFIER), CLASSIFIER)
    once, _ = with_features(flatbuffer, random_head())
    again, count = with_features(once, random_head())
    assert count == 16
    assert abs(len(again) - len(once)) < 10_000  # the names and shapes of unused tensors remain


def test_a_head_survives_its_file(tmp_path):
    head = random_head()
    head.save(tmp_path / "features.npz")
    np.testing.assert_allclose(load_head(tmp_path / "features.npz").mix, head.mix, atol=1e-3)


def test_a_file_that_is_no_head_is_refused(tmp_path):
    (tmp_path / "features.npz").write_bytes(b"nothing")
    with pytest.raises(BadModel, match="holds no head of features"):
        load_head(tmp_path / "features.npz")


def test_a_network_without_the_maps_that_a_head_reads_is_refused():
    with pytest.raises(BadModel, match="no feature map"):
        with_features(tiny_model(KINDS), random_head())


def test_bundling_features_changes_no_answer_and_keeps_the_decision(tmp_path):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.experiment.shipping import ship_features

    folder = shutil.copytree(FOLDER, tmp_path / "models")
    random_head().save(tmp_path / "features.npz")
    before, after = (
        load_model(folder / CLASSIFIER),
        load_model(ship_features(tmp_path / "features.npz", folder)),
    )
    crop = crops(1)[0]
    np.testing.assert_array_equal(before.run(crop).probabilities, after.run(crop).probabilities)
    assert after.card.features == 16
    assert read_decision(folder).classifier == after.digest
