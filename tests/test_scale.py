"""Tests of scale.py, and of verbs with --engine ray, on a cluster of three nodes on this machine."""

import os
import pickle
import subprocess
import sys
import time
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
from keykind.photo.inputs import photos_from
from keykind.photo.source import NamedPhoto
from keykind.predict.recogniser import Recogniser
from keykind.train.features import Plan, compute, with_key_crops
from tiny_model import tiny_file

pyarrow = pytest.importorskip("pyarrow", reason="the extra scale is not installed")
ray = pytest.importorskip("ray", reason="the extra scale is not installed")
scale = pytest.importorskip("keykind.scale")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}


@pytest.fixture(scope="module")
def cluster():
    """Three nodes of one processor each; this process has joined them."""
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    os.environ |= scale.QUIET
    nodes = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
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
    (tmp_path / "photos" / "torn.jpg").write_bytes(b"")
    return tmp_path / "photos"


def test_the_cluster_answers_as_this_process_does_and_in_the_same_order(cluster, photos):
    recogniser, sources = Recogniser.load(), list(photos_from([str(photos), "gone.jpg"]))
    here = list(recogniser.recognise_many(sources))
    assert sum(one.error is not None for one in here) == 2
    assert list(recogniser.recognise_many(sources, scale.engine(chunk=3))) == here


def test_the_commands_files_differ_in_no_byte_between_engines(cluster, photos, tmp_path):
    model = tiny_file(tmp_path / "tiny.tflite")
    for engine in ("local", "ray"):
        given = "--model", model, "--out", tmp_path / engine, "--part", 7, "--format", "parquet"
        done = keykind("predict", photos, *given, "--engine", engine)
        assert done.returncode == 1, done.stderr  # torn.jpg
        assert not done.stderr
    names = [path.name for path in (tmp_path / "ray").iterdir()]
    assert len(names) == 5
    assert all(
        (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes() for name in names
    )


def test_results_before_an_error_are_given_first(cluster):
    def work(number: int) -> int:
        if number == 40:
            raise BadPhoto("forty.jpg", fault="is 40", remedy="give another")
        return number

    results = scale.ordered(work, range(100), 7)
    assert [next(results) for _ in range(40)] == list(range(40))
    with pytest.raises(BadPhoto, match="forty"):
        next(results)


def test_more_items_than_a_window_holds_are_done_in_order_before_an_error_of_theirs(cluster, monkeypatch):
    monkeypatch.setattr(scale, "WINDOW", 30)
    monkeypatch.setattr(scale, "SHARE_OF_WINDOW", 10)

    def items():
        yield from range(50)
        raise BadPhoto("folder", fault="went away", remedy="look for it")

    results = scale.ordered(lambda number: number**2, items(), 4)
    assert [next(results) for _ in range(50)] == [number**2 for number in range(50)]
    with pytest.raises(BadPhoto, match="went away"):
        next(results)


def test_no_items_need_no_actors(cluster):
    assert list(scale.ordered(lambda number: number, [])) == []


def test_any_other_error_of_the_work_tells_where_on_the_node_it_was_made(cluster):
    with pytest.raises(ZeroDivisionError) as told:
        list(scale.ordered(lambda number: 1 // number, [0]))
    assert "test_scale.py" in told.value.__notes__[0]


def test_a_photo_that_ends_each_process_which_looks_at_it_is_not_tried_for_ever(cluster, monkeypatch):
    monkeypatch.setattr(scale, "RETRIES", 1)
    with pytest.raises(KeykindError, match="Ray: failed"):
        list(scale.ordered(lambda number: os._exit(1), [0]))


def test_a_node_with_another_version_refuses():
    actor = scale._Actor(pickle.dumps(abs), "0.0.1", "gone")
    chunk = pyarrow.table({"chunk": [pickle.dumps([1])]})
    results, fault = pickle.loads(actor(chunk)["results"][0].as_py())
    assert results == []
    assert "on a node, 0.0.1 where the command was given" in str(fault)


def test_keys_are_found_and_features_computed_as_in_this_process(cluster, drawn_photos, tmp_path):
    pytest.importorskip("keras", reason="the extra train is not installed")
    from keykind.train.backbone import load_backbone, to_network

    samples = read_dataset(drawn_photos).samples
    assert with_key_crops(samples, load_detector(), scale.engine(2)) == with_key_crops(
        samples, load_detector()
    )
    plan = Plan(("plain", "plain_augmented"), Augmentation(0.1, 0.1, True), 0)
    with Cache(tmp_path) as cache:
        network = to_network(load_backbone("mobilenet_v2", "random", scaling="unit", seed=0), cache)
    found = []
    for engine in (parallel.ordered, scale.engine(2)):
        folder = tmp_path / str(len(found))
        folder.mkdir()
        with Cache(folder) as cache:
            found.append(np.array(compute(samples, plan, network, cache, folder / "f.npy", engine)))
            again = compute(samples, plan, network, cache, folder / "g.npy", lambda *_: iter(()))
            np.testing.assert_array_equal(again, found[-1])  # all from the cache
    np.testing.assert_array_equal(*found)


def test_rendered_photos_differ_in_no_byte_between_engines(cluster, tmp_path):
    pytest.importorskip("mitsuba", reason="the extra render is not installed")
    for engine in ("local", "ray"):
        given = "--count", 3, "--size", 64, "--variant", "scalar_rgb", "--engine", engine
        done = keykind("render", tmp_path / engine, *given)
        assert done.returncode == 0, done.stderr
    files = [path for path in sorted((tmp_path / "local").rglob("*")) if path.is_file()]
    assert len(files) == 3 + 3 + 3
    for path in files:
        assert (tmp_path / "ray" / path.relative_to(tmp_path / "local")).read_bytes() == path.read_bytes()


def test_a_cluster_that_is_not_there_is_told_in_a_line(tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    environment = os.environ | {"RAY_ADDRESS": "127.0.0.1:1"}
    done = keykind("predict", tmp_path, "--engine", "ray", env=environment)
    assert done.returncode == 2
    assert "Ray cluster 127.0.0.1:1: cannot be joined" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_ray_the_command_that_mends_it_is_named():
    code = "import sys; sys.modules['ray'] = None\nfrom keykind.cli.main import main\n"
    code += "sys.exit(main(['predict', 'x.jpg', '--engine', 'ray']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'keykind[scale]'" in done.stderr


def test_where_a_node_is_lost_in_the_middle_every_photo_is_answered_once(cluster, tmp_path):
    count, lost = 5000, cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    recogniser = Recogniser.load(tiny_file(tmp_path / "tiny.tflite"))

    def slowly(one):
        time.sleep(0.005)  # or all would be done before the node is gone
        return recogniser.attempt(one)

    shades = (NamedPhoto(f"{n}.png", np.full((32, 32, 3), n % 251, np.uint8)) for n in range(count))
    answered = []
    for one in scale.ordered(slowly, shades):
        answered.append(one)
        if len(answered) == count // 3:
            cluster.remove_node(lost, allow_graceful=False)
    assert [one.photo for one in answered] == [f"{n}.png" for n in range(count)]
    here = recogniser.attempt(NamedPhoto("7.png", np.full((32, 32, 3), 7, np.uint8)))
    assert answered[7] == here
