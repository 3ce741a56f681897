"""Tests of graph.py: the LiteRT graph gives the outputs of its parts."""

import numpy as np
import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from ai_edge_litert.interpreter import Interpreter

from keykind.core.cache import Cache
from keykind.export.graph import InferenceModel, convert
from keykind.model.gradcam import class_maps
from keykind.model.head import Head, softmax
from keykind.model.ood import fit_prototypes, ood_scores
from keykind.model.preprocess import sobel_edges, to_unit
from keykind.train.backbone import load_backbone, to_network
from keykind.train.backend import tf

KINDS = 3


@pytest.fixture(scope="module")
def crops():
    rng = np.random.default_rng(0)
    return [
        np.kron(rng.integers(0, 256, (14, 14, 3), np.uint8), np.ones((16, 16, 1), np.uint8)) for _ in range(6)
    ]


@pytest.fixture(scope="module")
def parts(tmp_path_factory, crops):
    """A random backbone, its converted network, a head and prototypes."""
    rng = np.random.default_rng(1)
    backbone = load_backbone("mobilenet_v2", "random", scaling="native", seed=0)
    with Cache(tmp_path_factory.mktemp("cache")) as cache:
        network = to_network(backbone, cache)
    features = np.stack([network.run(to_unit(crop))[0] for crop in crops])
    scale = 1 / np.sqrt((features**2).sum(axis=1).mean())
    head = Head(
        (3 * scale * rng.standard_normal((1280, 8))).astype(np.float32),
        rng.standard_normal(8).astype(np.float32),
        rng.standard_normal((8, KINDS)).astype(np.float32),
        rng.standard_normal(KINDS).astype(np.float32),
    )
    prototypes = fit_prototypes(features, np.arange(6) % KINDS, KINDS)
    return backbone, network, head, prototypes


@pytest.fixture(scope="module")
def model(parts):
    backbone, _, head, prototypes = parts
    return InferenceModel(backbone, head, prototypes, 1.0, "plain")


@pytest.fixture(scope="module")
def fp32(model):
    return convert(model, "fp32", list)


def run(model: bytes, crop) -> dict[tuple[int, ...], np.ndarray]:
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    assert entry["dtype"] is np.uint8
    interpreter.set_tensor(entry["index"], crop[None])
    interpreter.invoke()
    outputs = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
    return {output.shape: output for output in outputs}


@pytest.mark.parametrize("view", ["plain", "edge"])
def test_the_graph_gives_the_outputs_of_its_parts(parts, crops, view):
    backbone, network, head, prototypes = parts
    model = convert(InferenceModel(backbone, head, prototypes, 1.7, view), "fp32", list)
    scores = set()
    for crop in crops:
        image = to_unit(crop) if view == "plain" else sobel_edges(to_unit(crop))
        pooled, feature_map = network.run(image)
        outputs = run(model, crop)
        probabilities = softmax(head.logits(pooled[None]), 1.7)[0]
        np.testing.assert_allclose(outputs[1, KINDS][0], probabilities, atol=1e-5)
        maps = class_maps(feature_map, head)
        np.testing.assert_allclose(outputs[1, 7, 7, KINDS][0], maps, atol=1e-5 * max(1, maps.max()))
        expected = ood_scores(pooled[None], prototypes)
        np.testing.assert_allclose(outputs[1, 1][0], expected, atol=1e-5)
        scores.add(round(float(expected[0]), 4))
    assert len(scores) > 1


def test_maps_are_never_negative(fp32, crops):
    assert min(run(fp32, crop)[1, 7, 7, KINDS].min() for crop in crops) == 0


@pytest.mark.parametrize(("precision", "tolerance", "size"), [("fp16", 0.02, 0.55), ("int8", 0.3, 0.4)])
def test_lower_precision_is_smaller_and_changes_probabilities_little(
    model, fp32, crops, precision, tolerance, size
):
    coarse = convert(model, precision, lambda: crops)
    assert len(coarse) < size * len(fp32)
    for crop in crops:
        np.testing.assert_allclose(run(coarse, crop)[1, KINDS], run(fp32, crop)[1, KINDS], atol=tolerance)


def test_int8_without_crops_is_of_the_weights_only_and_closer(model, fp32, crops):
    coarse = convert(model, "int8", None)
    assert len(coarse) < 0.4 * len(fp32)
    for crop in crops:
        np.testing.assert_allclose(run(coarse, crop)[1, KINDS], run(fp32, crop)[1, KINDS], atol=0.05)


class Averages:
    """A backbone whose features are the mean colours of a crop: those of a dark crop are weak."""

    def apply(self, images):
        return tf.nn.avg_pool2d(images, 32, 32, "VALID")


@pytest.mark.parametrize("kinds", [2, 3, 9])
def test_an_int8_model_calibrated_on_strong_features_scores_weak_ones(kinds):
    rng = np.random.default_rng(0)
    prototypes = fit_prototypes(rng.random((kinds, 3), np.float32), np.arange(kinds), kinds)
    head = Head(
        rng.standard_normal((3, 4), np.float32),
        np.zeros(4, np.float32),
        rng.standard_normal((4, kinds), np.float32),
        np.zeros(kinds, np.float32),
    )
    averages = InferenceModel(Averages(), head, prototypes, 1.0, "plain")
    bright = [np.full((224, 224, 3), rng.integers(100, 256, 3), np.uint8) for _ in range(8)]
    coarse = convert(averages, "int8", lambda: bright)
    for colour in ([9, 9, 9], [9, 0, 3], [2, 1, 1], [0, 0, 0]):
        expected = ood_scores(np.array([colour], np.float32) / 255, prototypes)
        scores = run(coarse, np.full((224, 224, 3), colour, np.uint8))[1, 1]
        np.testing.assert_allclose(scores[0], expected, atol=0.02)


def test_without_maps_the_only_output_is_probabilities(model, crops):
    outputs = run(convert(model, "fp32", list, maps=False), crops[0])
    assert list(outputs) == [(1, KINDS)]


def test_an_unknown_precision_is_rejected(model):
    with pytest.raises(ValueError, match="is not one of fp32, fp16, int8"):
        convert(model, "fp8", list)
