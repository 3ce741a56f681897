"""Tests of backbone.py."""

import shutil

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.core.cache import Cache  # noqa: E402
from keykind.core.errors import BadRecipe, BadWeights  # noqa: E402
from keykind.train.backbone import ARCHITECTURES, Backbone, load_backbone, to_network  # noqa: E402

IMAGENET_DIGEST = "7d7f37901b6a3070a81f6f6d31975d76c4b33615f856a079f5088285b34bdf46"


def mobilenet(weights, seed=0, scaling="unit") -> Backbone:
    return load_backbone("mobilenet_v2", str(weights), scaling=scaling, seed=seed)


@pytest.fixture(scope="module")
def random_backbone():
    return mobilenet("random")


def save_npz(backbone, path, **changed):
    arrays = {variable.path: variable.numpy() for variable in backbone.network.weights}
    np.savez(path, **{name: array for name, array in (arrays | changed).items() if array is not None})


def test_random_weights_depend_on_the_seed(random_backbone):
    assert mobilenet("random").digest == random_backbone.digest
    assert mobilenet("random", seed=1).digest != random_backbone.digest


def test_the_digest_depends_on_the_scaling(random_backbone):
    assert mobilenet("random", scaling="native").digest != random_backbone.digest


def test_weights_are_read_from_every_kind_of_file(random_backbone, tmp_path):
    random_backbone.network.save_weights(tmp_path / "network.weights.h5")
    random_backbone.network.save(tmp_path / "network.keras")
    save_npz(random_backbone, tmp_path / "network.npz")
    for name in ("network.weights.h5", "network.keras", "network.npz"):
        assert mobilenet(tmp_path / name, seed=1).digest == random_backbone.digest, name


def test_weights_are_read_from_a_complete_model(random_backbone, tmp_path):
    pixels = keras.Input((224, 224, 3))
    keras.Model(pixels, keras.layers.Dense(2)(random_backbone.apply(pixels))).save(
        tmp_path / "complete.keras"
    )
    assert mobilenet(tmp_path / "complete.keras", seed=1).digest == random_backbone.digest


def test_imagenet_weights_are_downloaded_by_keras(random_backbone, tmp_path, monkeypatch):
    from keras.src.legacy.saving import legacy_h5_format

    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    (tmp_path / "models").mkdir()
    import h5py

    with h5py.File(tmp_path / "models" / name, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, random_backbone.network)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    assert mobilenet("imagenet", seed=1).digest == random_backbone.digest


def test_a_failed_download_is_an_error_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    monkeypatch.setattr(
        "keras.src.utils.file_utils.urlretrieve", lambda *_: (_ for _ in ()).throw(OSError("no network"))
    )
    with pytest.raises(BadWeights, match=r"could not be downloaded.*without a network: --weights keykind"):
        mobilenet("imagenet")


def test_bad_weights_are_rejected_with_the_reason(random_backbone, tmp_path):
    (tmp_path / "text.weights.h5").write_text("no weights")
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "text.npz").write_text("no arrays")
    (tmp_path / "weights.pt").write_text("of another library")
    save_npz(
        random_backbone, tmp_path / "narrow.npz", **{"Conv1/kernel": np.zeros((3, 3, 3, 16), np.float32)}
    )
    save_npz(random_backbone, tmp_path / "incomplete.npz", **{"Conv1/kernel": None})
    messages = {
        "text.weights.h5": "does not fit",
        "text.keras": "does not fit",
        "text.npz": "does not fit",
        "weights.pt": "has suffix",
        "absent.npz": "no such weights file",
        "narrow.npz": r"\(3, 3, 3, 16\), expected \(3, 3, 3, 32\)",
        "incomplete.npz": "1 of 260 arrays are missing, the first is Conv1/kernel",
    }
    for name, message in messages.items():
        with pytest.raises(BadWeights, match=message) as caught:
            mobilenet(tmp_path / name)
        assert name in str(caught.value)
    with pytest.raises(BadWeights, match="mobilenet_v2, mobilenet_v2_dense, efficientnet"):
        load_backbone("resnet", "random", scaling="unit", seed=0)


@pytest.mark.parametrize(
    ("architecture", "scaling"),
    [(name, scaling) for name, entry in ARCHITECTURES.items() for scaling in entry.scalings],
)
def test_litert_computes_the_features_of_keras(architecture, scaling, tmp_path):
    backbone = load_backbone(architecture, "random", scaling=scaling, seed=0)
    picture = np.random.default_rng(0).random((224, 224, 3), np.float32)
    with Cache(tmp_path) as cache:
        pooled, feature_map = to_network(backbone, cache).run(picture)
    expected = backbone.apply(picture[None]).numpy()[0]
    assert feature_map.shape == expected.shape == (7, 7, backbone.channels)
    # The effect of rounding depends on network and CPU: it is about that of the last bit of the input.
    nearby = backbone.apply(np.nextafter(picture, np.float32(2))[None]).numpy()[0]
    assert rms(feature_map - expected) < 5 * rms(nearby - expected) < 1e-3 * rms(expected)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(pooled, feature_map.mean(axis=(0, 1)), atol=1e-5 * scale)


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


def test_a_network_pretrained_on_pixels_up_to_255_rejects_0_to_1():
    with pytest.raises(BadRecipe, match="set scaling = 'native'"):
        load_backbone("efficientnet_v2_b0", "random", scaling="unit", seed=0)


def test_random_weights_keep_the_variance_of_signals_in_every_network():
    picture = np.random.default_rng(0).random((1, 224, 224, 3), np.float32)
    for architecture in ARCHITECTURES:
        backbone = load_backbone(architecture, "random", scaling="native", seed=0)
        assert 1e-2 < float(np.std(backbone.apply(picture).numpy())) < 1e3, architecture


def test_a_network_is_converted_once(random_backbone, tmp_path, monkeypatch):
    with Cache(tmp_path) as cache:
        first = to_network(random_backbone, cache)
        monkeypatch.setattr("keykind.train.backbone._convert", lambda _: pytest.fail("converted again"))
        assert to_network(random_backbone, cache).model == first.model


def test_the_imagenet_file_fits(imagenet, tmp_path):
    copy = shutil.copy(imagenet, tmp_path / "imagenet.weights.h5")
    backbone = mobilenet(copy)
    assert backbone.network.count_params() == 2_257_984
    assert backbone.digest == IMAGENET_DIGEST
