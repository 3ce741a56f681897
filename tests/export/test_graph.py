"""Tests of graph.py: the LiteRT graph says what the parts say that it is made of."""

import numpy as np
import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from ai_edge_litert.interpreter import Interpreter

from keykind.core.cache import Cache
from keykind.export.graph import InferenceModel, convert
from keykind.model.gradcam import class_maps
from keykind.model.head import Head, softmax
from keykind.model.ood import learn_prototypes, ood_scores
from keykind.model.preprocess import sobel_edges, to_unit
from keykind.train.backbone import load_backbone, to_network

KINDS = 3


@pytest.fixture(scope="module")
def crops():
    rng = np.random.default_rng(0)
    return [
        np.kron(rng.integers(0, 256, (14, 14, 3), np.uint8), np.ones((16, 16, 1), np.uint8)) for _ in range(6)
    ]


@pytest.fixture(scope="module")
def parts(tmp_path_factory, crops):
    """A random network with its head, and what reads crops with it."""
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
    prototypes = learn_prototypes(features, np.arange(6) % KINDS, KINDS)
    return backbone, network, head, prototypes


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
def test_the_graph_says_what_its_parts_say(parts, crops, view):
    backbone, network, head, prototypes = parts
    model = convert(InferenceModel(backbone, head, prototypes, 1.7, view), "fp32", list)
    novel = set()
    for crop in crops:
        picture = to_unit(crop) if view == "plain" else sobel_edges(to_unit(crop))
        pooled, feature_map = network.run(picture)
        said = run(model, crop)
        np.testing.assert_allclose(said[1, KINDS][0], softmax(head.logits(pooled[None]), 1.7)[0], atol=1e-5)
        maps = class_maps(feature_map, head)
        np.testing.assert_allclose(said[1, 7, 7, KINDS][0], maps, atol=1e-5 * max(1, maps.max()))
        novelty = ood_scores(pooled[None], prototypes)
        np.testing.assert_allclose(said[1, 1][0], novelty, atol=1e-5)
        novel.add(round(float(novelty[0]), 4))
    assert len(novel) > 1


def test_maps_are_never_negative(parts, crops):
    backbone, _, head, prototypes = parts
    model = convert(InferenceModel(backbone, head, prototypes, 1.0, "plain"), "fp32", list)
    assert min(run(model, crop)[1, 7, 7, KINDS].min() for crop in crops) == 0


@pytest.mark.parametrize(("precision", "most", "share"), [("fp16", 0.02, 0.55), ("int8", 0.3, 0.4)])
def test_fewer_digits_take_less_room_and_change_the_answer_little(parts, crops, precision, most, share):
    backbone, _, head, prototypes = parts
    whole = InferenceModel(backbone, head, prototypes, 1.0, "plain")
    exact, coarse = convert(whole, "fp32", list), convert(whole, precision, lambda: crops)
    assert len(coarse) < share * len(exact)
    for crop in crops:
        np.testing.assert_allclose(run(coarse, crop)[1, KINDS], run(exact, crop)[1, KINDS], atol=most)


def test_without_maps_there_are_probabilities_alone(parts, crops):
    backbone, _, head, prototypes = parts
    said = run(
        convert(InferenceModel(backbone, head, prototypes, 1.0, "plain"), "fp32", list, maps=False), crops[0]
    )
    assert list(said) == [(1, KINDS)]


def test_an_unknown_precision_is_told(parts):
    backbone, _, head, prototypes = parts
    with pytest.raises(ValueError, match="known are fp32, fp16, int8"):
        convert(InferenceModel(backbone, head, prototypes, 1.0, "plain"), "fp8", list)
