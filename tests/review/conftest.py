"""Photos, a page and a client of the review desk."""

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from desks import DeskClient, draw_kinds
from tiny_model import tiny_file


@pytest.fixture
def photos(tmp_path):
    return draw_kinds(tmp_path / "photos")


@pytest.fixture
def page(tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html><title>Review</title>")
    return tmp_path / "index.html"


@pytest.fixture
def model(tmp_path):
    return tiny_file(tmp_path / "tiny.tflite")


@pytest.fixture
def open_desk(photos, page, model):
    """A function that opens a desk; all are closed at the end of the test."""
    clients = []

    def open_desk(folder=photos, **settings):
        client = DeskClient(folder, page, **{"model": model} | settings)
        clients.append(client.__enter__())
        return client

    yield open_desk
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def desk(open_desk):
    return open_desk()
