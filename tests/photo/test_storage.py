"""Tests of photo/storage.py, and of remote photos and results: in fsspec's memory and on an S3 server."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from drawings import draw_key
from keykind.cli.main import main
from keykind.core.errors import BadPhoto, CannotWrite, KeykindError
from keykind.photo import storage
from keykind.photo.inputs import count_photos, iter_photos
from keykind.photo.source import name_of
from keykind.photo.storage import Address, parse_location
from keykind.predict.recogniser import Recogniser
from tiny_model import tiny_file

fsspec = pytest.importorskip("fsspec", reason="the extra scale is not installed")
NAMES = "b.jpg", "a/z.PNG", "a/deep/w.jpg", "a.jpg", "notes.txt", ".hidden.jpg", ".thumbs/t.jpg"


def drawn_key() -> bytes:
    stream = io.BytesIO()
    draw_key("dimple", np.random.default_rng(0)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def remote():
    """A folder of photos in fsspec's memory, emptied afterwards."""
    files = fsspec.filesystem("memory")
    for name in NAMES:
        files.pipe(f"/shop/{name}", drawn_key())
    yield "memory://shop"
    files.store.clear()
    files.pseudo_dirs.clear()


@pytest.fixture(scope="module")
def bucket():
    """A bucket on a local S3 server."""
    server_module = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = server_module.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    before = dict(os.environ)
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    files = fsspec.filesystem("s3")
    files.mkdir("keys")
    for name in NAMES:
        files.pipe(f"keys/shop/{name}", drawn_key())
    files.pipe("keys/shop/empty.jpg", b"")
    yield "s3://keys"
    server.stop()
    os.environ.clear()
    os.environ |= before


def names_from(*names: str) -> list[str]:
    return [name_of(source) for source in iter_photos(names)]


def test_a_remote_folder_stands_for_its_photos_as_a_local_one_does(remote):
    assert names_from(remote) == [
        f"memory://shop/{name}" for name in ("a.jpg", "a/deep/w.jpg", "a/z.PNG", "b.jpg")
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a.jpg", "b.jpg"]),
        ("**/*.jpg", ["a.jpg", "a/deep/w.jpg", "b.jpg"]),
        ("a/[xz].*", ["a/z.PNG"]),
    ],
)
def test_a_remote_pattern_matches_as_a_local_one_does(remote, pattern, expected):
    assert names_from(f"{remote}/{pattern}") == [f"memory://shop/{name}" for name in expected]


def test_a_missing_address_does_not_stop_other_photos(remote):
    first, second = iter_photos(["memory://gone/x.jpg", f"{remote}/b.jpg"])
    assert isinstance(first, BadPhoto)
    assert str(first).startswith("memory://gone/x.jpg: does not exist; ")
    assert second == Address("memory://shop/b.jpg")
    assert count_photos([f"{remote}/b.jpg"]) == 0


def test_a_file_address_is_a_local_path(tmp_path):
    assert parse_location(f"file://{tmp_path}/a.jpg") == tmp_path / "a.jpg"


def test_the_error_of_an_unknown_scheme_names_it():
    with pytest.raises(KeykindError, match="nosuch"):
        storage.stat_address(Address("nosuch://bucket/a.jpg"))


def test_a_remote_file_is_written_completely_or_not_at_all(remote):
    target = Address("memory://out/answers.jsonl")
    with pytest.raises(ZeroDivisionError), storage.write_atomically(target) as temporary:
        temporary.write_text(f"half{1 / 0}")
    assert storage.read_if_exists(target) is None
    with storage.write_atomically(target) as temporary:
        temporary.write_text("whole")
    assert storage.read_if_exists(target) == b"whole"


def test_a_remote_file_is_read_up_to_the_limit(remote):
    fsspec.filesystem("memory").pipe("/shop/long.jpg", bytes(1000))
    for size in (None, 1000):
        assert len(storage.read_address(Address("memory://shop/long.jpg", size), 10)) == 11


def test_the_error_of_a_store_matches_the_operation(monkeypatch, remote):
    memory = type(fsspec.filesystem("memory"))

    def fail(*_, **__):
        raise PermissionError("Forbidden")

    monkeypatch.setattr(memory, "put_file", fail)
    monkeypatch.setattr(memory, "cat_file", fail)
    with pytest.raises(BadPhoto, match=r"b\.jpg: cannot be reached \(Forbidden\)"):
        storage.read_address(Address(f"{remote}/b.jpg"), 1000)
    with (
        pytest.raises(CannotWrite, match="Forbidden"),
        storage.write_atomically(Address("memory://out/a.csv")),
    ):
        pass


def test_photos_on_an_s3_server_get_the_same_results_as_local_ones(bucket, tmp_path):
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(drawn_key())
    model = tiny_file(tmp_path / "tiny.tflite")
    recogniser = Recogniser.load(model)
    from_s3 = [
        prediction.as_json() for prediction in recogniser.recognise_many(iter_photos([f"{bucket}/shop"]))
    ]
    empty = from_s3.pop()
    assert empty["photo"].endswith("empty.jpg")
    assert empty["error"].startswith("is empty (0 bytes)")
    local = [prediction.as_json() for prediction in recogniser.recognise_many(iter_photos([tmp_path]))]
    assert [result["keys"] for result in from_s3] == [result["keys"] for result in local]


def test_results_are_written_to_an_s3_server_and_resumed(bucket, tmp_path, capsys):
    model = tiny_file(tmp_path / "tiny.tflite")
    whole = ["predict", f"{bucket}/shop", "--model", str(model), "--json", "--out"]
    command = [*whole[:-1], "--part", "2", "--out"]
    assert main([*command, f"{bucket}/results"]) == 1  # empty.jpg
    first = json.loads(capsys.readouterr().out)
    files = fsspec.filesystem("s3", use_listings_cache=False)
    parts = sorted(name for name in files.ls("keys/results") if "part-" in name)
    assert len(parts) == 3
    before = {name: files.info(name)["LastModified"] for name in parts}
    files.rm_file(parts[1])
    assert main([*command, f"{bucket}/results"]) == 1
    assert json.loads(capsys.readouterr().out) == first
    after = {name: files.info(name)["LastModified"] for name in parts}
    assert before[parts[0]] == after[parts[0]]
    assert main([*whole, f"{bucket}/results.jsonl"]) == 1
    assert b"".join(files.cat_file(name) for name in parts) == files.cat_file("keys/results.jsonl")


def test_without_fsspec_the_error_names_the_install_command():
    code = "import sys; sys.modules['fsspec'] = sys.modules['fsspec.core'] = None\n"
    code += "from keykind.cli.main import main; sys.exit(main(['predict', 's3://bucket/keys']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'keykind[scale]'" in done.stderr


def test_a_remote_file_may_have_wildcards_in_its_name(remote):
    fsspec.filesystem("memory").pipe("/shop/[odd].jpg", drawn_key())
    assert names_from(f"{remote}/[odd].jpg") == ["memory://shop/[odd].jpg"]


def test_no_bucket_is_created_for_results(bucket, tmp_path):
    model = tiny_file(tmp_path / "tiny.tflite")
    assert (
        main(["predict", f"{bucket}/shop/a.jpg", "--model", str(model), "--out", "s3://typo/results.jsonl"])
        == 2
    )
    assert not fsspec.filesystem("s3").exists("s3://typo")
