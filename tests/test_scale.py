"""Tests of scale.py, and of verbs with --engine ray, on a cluster of three nodes on this machine."""

import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import keykind
from drawings import draw_photos
from keykind.core import parallel
from keykind.core.cache import Cache
from keykind.core.errors import BadPhoto, KeykindError
from keykind.dataset.dataset import read_dataset
from keykind.detect.detector import load_detector
from keykind.model.preprocess import Augmentation
from keykind.photo.inputs import iter_photos
from keykind.photo.source import NamedPhoto
from keykind.predict.recogniser import Recogniser
from keykind.train.features import Plan, compute
from keykind.train.key_regions import with_key_crops
from tiny_model import tiny_file

pyarrow = pytest.importorskip("pyarrow", reason="the extra scale is not installed")
ray = pytest.importorskip("ray", reason="the extra scale is not installed")
scale = pytest.importorskip("keykind.scale")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
# Ray's defaults miss a lost node after 15 s.
HEALTH_CHECKS = {"health_check_initial_delay_ms": 1000, "health_check_period_ms": 500}


@pytest.fixture(scope="module")
def cluster():
    """A cluster of three nodes with one CPU each, to which this process is connected."""
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    os.environ |= scale.RAY_ENVIRONMENT
    head = NODE | {"include_dashboard": False, "_system_config": HEALTH_CHECKS}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        nodes.add_node(**NODE)
    nodes.wait_for_nodes()
    os.environ["RAY_ADDRESS"] = nodes.address
    scale.connect()
    yield nodes
    ray.shutdown()
    nodes.shutdown()
    os.environ.clear()
    os.environ |= before


@pytest.fixture
def photos(tmp_path) -> Path:
    draw_photos(tmp_path / "photos", {"train": 4, "test": 2}, np.random.default_rng(0))
    (tmp_path / "photos" / "empty.jpg").write_bytes(b"")
    return tmp_path / "photos"


def test_results_and_their_order_are_the_same_as_in_this_process(cluster, photos):
    recogniser, sources = Recogniser.load(), list(iter_photos([str(photos), "gone.jpg"]))
    local = list(recogniser.recognise_many(sources))
    assert sum(prediction.error is not None for prediction in local) == 2
    assert list(recogniser.recognise_many(sources, scale.engine(chunk_size=3))) == local


def test_both_engines_write_identical_files(cluster, photos, tmp_path):
    model = tiny_file(tmp_path / "tiny.tflite")
    for engine in ("local", "ray"):
        options = "--model", model, "--out", tmp_path / engine, "--part", 7, "--format", "parquet"
        done = keykind("predict", photos, *options, "--engine", engine)
        assert done.returncode == 1, done.stderr  # empty.jpg
        assert not done.stderr
    names = [path.name for path in (tmp_path / "ray").iterdir()]
    assert len(names) == 5
    assert all(
        (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes() for name in names
    )


def test_results_before_an_error_are_yielded_first(cluster):
    def work(i: int) -> int:
        if i == 40:
            raise BadPhoto("forty.jpg", fault="is 40", remedy="give another")
        return i

    results = scale.ray_map(work, range(100), 7)
    assert [next(results) for _ in range(40)] == list(range(40))
    with pytest.raises(BadPhoto, match="forty"):
        next(results)


def test_items_beyond_a_window_keep_their_order_before_an_error_of_the_items(cluster, monkeypatch):
    monkeypatch.setattr(scale, "MIN_WINDOW", 30)
    monkeypatch.setattr(scale, "WINDOW_PER_ACTOR", 10)

    def items():
        yield from range(50)
        raise BadPhoto("folder", fault="was removed", remedy="restore it")

    results = scale.ray_map(lambda i: i**2, items(), 4)
    assert [next(results) for _ in range(50)] == [i**2 for i in range(50)]
    with pytest.raises(BadPhoto, match="was removed"):
        next(results)


def test_no_items_start_no_actors(cluster):
    assert list(scale.ray_map(lambda i: i, [])) == []


def test_an_unexpected_error_carries_the_traceback_of_the_node(cluster):
    with pytest.raises(ZeroDivisionError) as caught:
        list(scale.ray_map(lambda i: 1 // i, [0]))
    assert "test_scale.py" in caught.value.__notes__[0]


def test_an_item_that_crashes_its_process_is_not_retried_for_ever(cluster, monkeypatch):
    monkeypatch.setattr(scale, "MAX_RETRIES", 1)
    with pytest.raises(KeykindError, match="Ray: failed"):
        list(scale.ray_map(lambda _: os._exit(1), [0]))


def test_a_node_with_another_version_is_an_error():
    actor = scale._Actor(pickle.dumps(abs), "0.0.1", "gone")
    chunk = pyarrow.table({"chunk": [pickle.dumps([1])]})
    with ThreadPoolExecutor(1) as pool:  # an actor ends nested threads in the thread that calls it
        results, error = pickle.loads(pool.submit(actor, chunk).result()["results"][0].as_py())
    assert results == []
    assert "on a node, but 0.0.1 on the driver" in str(error)


def test_detections_and_features_are_the_same_as_in_this_process(cluster, drawn_photos, tmp_path):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.train.backbone import load_backbone, to_network

    samples = read_dataset(drawn_photos).samples[::3]
    assert with_key_crops(samples, load_detector(), scale.engine(2)) == with_key_crops(
        samples, load_detector()
    )
    plan = Plan(("plain", "plain_augmented"), Augmentation(0.1, 0.1, True), 0)
    with Cache(tmp_path) as cache:
        network = to_network(load_backbone("mobilenet_v2", "random", scaling="unit", seed=0), cache)
    results = []
    for engine in (parallel.parallel_map, scale.engine(2)):
        folder = tmp_path / str(len(results))
        folder.mkdir()
        with Cache(folder) as cache:
            results.append(np.array(compute(samples, plan, network, cache, folder / "f.npy", engine)))
            again = compute(samples, plan, network, cache, folder / "g.npy", lambda *_: iter(()))
            np.testing.assert_array_equal(again, results[-1])  # all from the cache
    np.testing.assert_array_equal(*results)


def test_both_engines_render_identical_files(cluster, tmp_path):
    pytest.importorskip("mitsuba", reason="the extra render is not installed")
    for engine in ("local", "ray"):
        options = "--count", 3, "--size", 64, "--variant", "scalar_rgb", "--engine", engine
        done = keykind("render", tmp_path / engine, *options)
        assert done.returncode == 0, done.stderr
    files = [path for path in sorted((tmp_path / "local").rglob("*")) if path.is_file()]
    assert len(files) == 3 + 3 + 3
    for path in files:
        assert (tmp_path / "ray" / path.relative_to(tmp_path / "local")).read_bytes() == path.read_bytes()


def test_an_unreachable_cluster_is_an_error_of_one_line(tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    environment = os.environ | {"RAY_ADDRESS": "127.0.0.1:1"}
    done = keykind("predict", tmp_path, "--engine", "ray", env=environment)
    assert done.returncode == 2
    assert "Ray cluster 127.0.0.1:1: cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_ray_the_error_names_the_install_command():
    code = "import sys; sys.modules['ray'] = None\nfrom keykind.cli.main import main\n"
    code += "sys.exit(main(['predict', 'x.jpg', '--engine', 'ray']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'keykind[scale]'" in done.stderr


def test_every_photo_gets_one_result_even_if_a_node_is_lost(cluster, tmp_path):
    count, lost = 2000, cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    recogniser = Recogniser.load(tiny_file(tmp_path / "tiny.tflite"))

    def slow(photo):
        time.sleep(0.005)  # otherwise all would be done before the node is lost
        return recogniser.attempt(photo)

    photos = (NamedPhoto(f"{i}.png", np.full((32, 32, 3), i % 251, np.uint8)) for i in range(count))
    predictions = []
    for prediction in scale.ray_map(slow, photos):
        predictions.append(prediction)
        if len(predictions) == count // 3:
            cluster.remove_node(lost, allow_graceful=False)
    assert [prediction.photo for prediction in predictions] == [f"{i}.png" for i in range(count)]
    local = recogniser.attempt(NamedPhoto("7.png", np.full((32, 32, 3), 7, np.uint8)))
    assert predictions[7] == local
