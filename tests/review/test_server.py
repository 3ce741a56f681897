"""Tests of review/server.py and cli/review.py: the process, its signals, and what is refused at the start."""

import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from commands import keykind
from desks import draw_kinds
from keykind.core.errors import BadModel, NoApp
from keykind.dataset.label_rows import read_labels
from keykind.review.page_files import page_files
from keykind.review.server import is_loopback
from review_server import CODE, ReviewServer


@pytest.fixture
def start(page, model):
    """A function that starts a server on photos; all are ended."""
    servers = []

    def start(photos, *options):
        servers.append(ReviewServer(photos, page, "--model", model, "--reviewer", "eva", *options))
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_killed_process_loses_at_most_the_decision_being_written(start, tmp_path):
    photos = draw_kinds(tmp_path / "photos", count=60)
    server, confirmed = start(photos), []

    def work():
        for photo in range(120):
            try:
                status, reply = server.decide(photo, kind="mortice", version="")
            except OSError:
                return
            assert status == 200
            confirmed.append(reply["photos"][0]["name"])
            if len(confirmed) == 25:
                enough.set()

    enough = threading.Event()
    worker = threading.Thread(target=work)
    worker.start()
    assert enough.wait(60)
    server.process.kill()
    server.process.wait()
    worker.join()
    written = read_labels(photos / "labels.csv").rows
    assert set(confirmed) <= written.keys()
    assert len(written) - len(confirmed) <= 1
    again = start(photos)
    assert again.request("api/state")[1]["decided"] == len(written)


def test_two_servers_on_one_folder_lose_nothing_of_each_other(start, photos):
    first, second = start(photos), start(photos)
    assert first.decide(0, kind="dimple")[0] == 200
    assert second.decide(1, kind="dimple")[0] == 200
    assert first.decide(1, kind="mortice", version="")[0] == 409
    assert second.request("api/photos/0")[1]["kind"] == "dimple"
    assert len(read_labels(photos / "labels.csv").rows) == 2
    workers = [
        threading.Thread(target=lambda server=server, ids=ids: [server.decide(i, key="k") for i in ids])
        for server, ids in ((first, (0, 1, 2)), (second, (3, 4, 5)))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(read_labels(photos / "labels.csv").rows) == 6


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_it_without_a_word(start, photos, interruptible):
    server = start(photos)
    assert (server.stop(signal.SIGINT), server.errors) == (0, [])


def test_a_token_of_another_start_is_refused(start, photos):
    first, second = start(photos), start(photos)
    second.token = first.token
    assert second.request("api/state")[0] == 403


def test_another_address_of_the_machine_is_announced_with_a_warning(start, photos):
    server = start(photos, "--host", "0.0.0.0")
    assert server.request("api/state")[0] == 200
    assert "can be reached from other machines" in server.errors[0]
    server.token = "wrong"
    assert server.request("api/state")[0] == 403


def test_a_port_in_use_is_named_with_the_option(photos):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_with_page(photos, "--port", port)
    assert result.returncode == 2
    assert result.stderr == f"keykind: port {port}: is in use; choose another --port\n"


def run_with_page(photos, *options):
    command = [
        sys.executable,
        "-c",
        CODE,
        "none.html",
        "review",
        str(photos),
        "--no-open",
        *map(str, options),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--run", "nowhere"], "nowhere: does not exist"),
        (["--model", "nowhere.tflite"], "nowhere.tflite: cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start(photos, options, words):
    result = run_with_page(photos, *options)
    assert (result.returncode, words in result.stderr) == (2, True), result.stderr


def test_without_a_run_the_terminal_says_whether_the_bundled_model_helps(open_desk, photos):
    (note,) = open_desk(model=None).desk.notes
    assert "the bundled model suggests what to look at" in note
    for kind in ("cylinder", "dimple"):
        (photos / kind).rename(photos / f"my-{kind}")
    (note,) = open_desk(model=None).desk.notes
    assert note.startswith("No model knows the kinds of these photos yet")


def test_a_model_of_other_kinds_is_mentioned_in_the_terminal(open_desk, photos):
    assert open_desk().desk.notes == []
    for kind in ("cylinder", "dimple"):
        (photos / kind).rename(photos / f"my-{kind}")
    (note,) = open_desk().desk.notes
    assert note.startswith("tiny.tflite knows other kinds (")
    assert note.endswith("; these photos: my-cylinder, my-dimple), so it suggests none.")


def test_the_folder_of_a_run_as_a_model_is_refused_with_the_options_that_take_it(open_desk, tmp_path):
    run = tmp_path / "my-run"
    run.mkdir()
    for name in ("recipe.json", "metrics.json"):
        (run / name).write_text("{}")
    with pytest.raises(BadModel) as caught:
        open_desk(model=run)
    assert (caught.value.fault, caught.value.remedy) == (
        "is the folder of a run, not a model file",
        f"give --run {run}, or its model file alone: --model {run / 'keys.tflite'}",
    )


@pytest.mark.parametrize(
    "heading", ["path,kind,n_keys", "path,n_keys,head_x", "path,kind,n_keys,ends,excluded"]
)
def test_a_set_to_test_detectors_with_is_refused_at_the_start(photos, heading):
    text = f"{heading}\ncylinder/cylinder-0.jpg{',' * heading.count(',')}\n"
    (photos / "labels.csv").write_text(text)
    result = run_with_page(photos)
    assert (result.returncode, result.stdout) == (2, "")
    assert "n_keys" in result.stderr
    assert "review a copy of the photos without it" in result.stderr
    assert (photos / "labels.csv").read_text() == text


def test_no_photos_are_refused_at_the_start(tmp_path):
    result = run_with_page(tmp_path)
    assert (result.returncode, "contains no photos" in result.stderr) == (2, True)


def test_without_the_built_page_the_error_says_how_to_build_it(tmp_path):
    with pytest.raises(NoApp, match="npm run --prefix web review"):
        page_files(tmp_path)


def test_the_help_describes_the_verb():
    assert "--reviewer" in keykind("review", "--help").stdout


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)],
)
def test_only_addresses_of_this_machine_are_loopback(host, expected):
    assert is_loopback(host) == expected
