"""Tests of storage.py, and of photos and answers elsewhere: in fsspec's memory, and at an S3 server."""

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
from keykind.photo.inputs import how_many, photos_from
from keykind.photo.source import name_of
from keykind.photo.storage import Address, parse_location
from keykind.predict.recogniser import Recogniser
from tiny_model import tiny_file

fsspec = pytest.importorskip("fsspec", reason="the extra scale is not installed")
NAMES = "b.jpg", "a/z.PNG", "a/deep/w.jpg", "a.jpg", "notes.txt", ".hidden.jpg", ".thumbs/t.jpg"


def drawn() -> bytes:
    stream = io.BytesIO()
    draw_key("dimple", np.random.default_rng(0)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture
def elsewhere():
    """A folder of photos in fsspec's memory, emptied afterwards."""
    files = fsspec.filesystem("memory")
    for name in NAMES:
        files.pipe(f"/shop/{name}", drawn())
    yield "memory://shop"
    files.store.clear()
    files.pseudo_dirs.clear()


@pytest.fixture(scope="module")
def bucket():
    """A bucket at an S3 server of this machine."""
    server_module = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = server_module.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    before = dict(os.environ)
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "of-a-test",
        "AWS_SECRET_ACCESS_KEY": "of-a-test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    files = fsspec.filesystem("s3")
    files.mkdir("keys")
    for name in NAMES:
        files.pipe(f"keys/shop/{name}", drawn())
    files.pipe("keys/shop/torn.jpg", b"")
    yield "s3://keys"
    server.stop()
    os.environ.clear()
    os.environ |= before


def named(*names: str) -> list[str]:
    return [name_of(source) for source in photos_from(names)]


def test_a_folder_elsewhere_stands_for_its_photos_as_one_here_does(elsewhere):
    assert named(elsewhere) == [
        f"memory://shop/{name}" for name in ("a.jpg", "a/deep/w.jpg", "a/z.PNG", "b.jpg")
    ]


@pytest.mark.parametrize(
    ("pattern", "inside"),
    [
        ("*.jpg", ["a.jpg", "b.jpg"]),
        ("**/*.jpg", ["a.jpg", "a/deep/w.jpg", "b.jpg"]),
        ("a/[xz].*", ["a/z.PNG"]),
    ],
)
def test_a_pattern_elsewhere_matches_as_one_here_does(elsewhere, pattern, inside):
    assert named(f"{elsewhere}/{pattern}") == [f"memory://shop/{name}" for name in inside]


def test_an_address_where_nothing_is_costs_no_other_photo(elsewhere):
    first, second = photos_from(["memory://gone/x.jpg", f"{elsewhere}/b.jpg"])
    assert isinstance(first, BadPhoto)
    assert str(first).startswith("memory://gone/x.jpg: does not exist; ")
    assert second == Address("memory://shop/b.jpg")
    assert how_many([f"{elsewhere}/b.jpg"]) == 0


def test_an_address_on_this_disk_is_a_path(tmp_path):
    assert parse_location(f"file://{tmp_path}/a.jpg") == tmp_path / "a.jpg"


def test_an_unknown_kind_of_address_is_told():
    with pytest.raises(KeykindError, match="nosuch"):
        storage.stat_address(Address("nosuch://bucket/a.jpg"))


def test_a_file_elsewhere_is_whole_or_absent(elsewhere):
    place = Address("memory://out/answers.jsonl")
    with pytest.raises(ZeroDivisionError), storage.whole_at(place) as temporary:
        temporary.write_text(f"half{1 / 0}")
    assert storage.read_if_there(place) is None
    with storage.whole_at(place) as temporary:
        temporary.write_text("whole")
    assert storage.read_if_there(place) == b"whole"


def test_a_long_file_elsewhere_is_not_fetched_to_its_end(elsewhere):
    fsspec.filesystem("memory").pipe("/shop/long.jpg", bytes(1000))
    for size in (None, 1000):
        assert len(storage.read(Address("memory://shop/long.jpg", size), 10)) == 11


def test_a_store_that_refuses_is_told_as_what_was_to_be_done(monkeypatch, elsewhere):
    memory = type(fsspec.filesystem("memory"))

    def refuse(*_, **__):
        raise PermissionError("Forbidden")

    monkeypatch.setattr(memory, "put_file", refuse)
    monkeypatch.setattr(memory, "cat_file", refuse)
    with pytest.raises(BadPhoto, match=r"b\.jpg: cannot be reached \(Forbidden\)"):
        storage.read(Address(f"{elsewhere}/b.jpg"), 1000)
    with pytest.raises(CannotWrite, match="Forbidden"), storage.whole_at(Address("memory://out/a.csv")):
        pass


def test_photos_at_an_s3_server_get_the_answers_of_the_same_photos_here(bucket, tmp_path):
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(drawn())
    model = tiny_file(tmp_path / "tiny.tflite")
    recogniser = Recogniser.load(model)
    there = [one.as_json() for one in recogniser.recognise_many(photos_from([f"{bucket}/shop"]))]
    torn = there.pop()
    assert torn["photo"].endswith("torn.jpg")
    assert torn["error"].startswith("is empty (0 bytes)")
    here = [one.as_json() for one in recogniser.recognise_many(photos_from([str(tmp_path)]))]
    assert [one["keys"] for one in there] == [one["keys"] for one in here]


def test_answers_are_written_to_an_s3_server_and_gone_on_with(bucket, tmp_path, capsys):
    model = tiny_file(tmp_path / "tiny.tflite")
    command = ["predict", f"{bucket}/shop", "--model", str(model), "--part", "2", "--json", "--out"]
    assert main([*command, f"{bucket}/told"]) == 1  # torn.jpg
    first = json.loads(capsys.readouterr().out)
    files = fsspec.filesystem("s3", use_listings_cache=False)
    parts = sorted(name for name in files.ls("keys/told") if "part-" in name)
    assert len(parts) == 3
    before = {name: files.info(name)["LastModified"] for name in parts}
    files.rm_file(parts[1])
    assert main([*command, f"{bucket}/told"]) == 1
    assert json.loads(capsys.readouterr().out) == first
    after = {name: files.info(name)["LastModified"] for name in parts}
    assert before[parts[0]] == after[parts[0]]
    assert main([*command, f"{bucket}/told.jsonl"]) == 1
    assert b"".join(files.cat_file(name) for name in parts) == files.cat_file("keys/told.jsonl")


def test_without_fsspec_the_command_that_mends_it_is_named():
    code = "import sys; sys.modules['fsspec'] = sys.modules['fsspec.core'] = None\n"
    code += "from keykind.cli.main import main; sys.exit(main(['predict', 's3://bucket/keys']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'keykind[scale]'" in done.stderr


def test_a_file_elsewhere_may_have_the_signs_of_a_pattern_in_its_name(elsewhere):
    fsspec.filesystem("memory").pipe("/shop/[odd].jpg", drawn())
    assert named(f"{elsewhere}/[odd].jpg") == ["memory://shop/[odd].jpg"]


def test_no_bucket_is_made_for_answers(bucket, tmp_path):
    model = tiny_file(tmp_path / "tiny.tflite")
    assert (
        main(["predict", f"{bucket}/shop/a.jpg", "--model", str(model), "--out", "s3://typo/told.jsonl"]) == 2
    )
    assert not fsspec.filesystem("s3").exists("s3://typo")
