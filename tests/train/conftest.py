"""Pools drawn in a moment."""

import pytest

from rendered_bars import draw_backgrounds, draw_hand, draw_set


@pytest.fixture(scope="session")
def bars(tmp_path_factory):
    """A rendered dataset of 42 photos, each of a key and a remote."""
    return draw_set(tmp_path_factory.mktemp("bars") / "set", 42)


@pytest.fixture(scope="session")
def backgrounds(tmp_path_factory):
    return draw_backgrounds(tmp_path_factory.mktemp("backgrounds") / "photos")


@pytest.fixture(scope="session")
def hands(tmp_path_factory):
    return draw_hand(tmp_path_factory.mktemp("hands") / "cut-out")


@pytest.fixture(scope="session")
def pools(bars, backgrounds, hands, tmp_path_factory):
    pytest.importorskip("cv2", reason="the extra train is not installed")
    from keykind.train.detector.holding import read_hands
    from keykind.train.detector.labels import labelled_photos, labelled_scenes
    from keykind.train.detector.pool import open_pool, photo_scenes
    from keykind.train.detector.views import Pools

    folder = tmp_path_factory.mktemp("pools")
    photos, files = labelled_photos(bars)[:4], sorted(backgrounds.rglob("*.jpg"))
    return Pools(
        open_pool(
            folder / "scenes",
            [photo.label for photo in photos],
            lambda: labelled_scenes(photos),
            len(photos),
            "",
        ),
        open_pool(folder / "backgrounds", files, lambda: photo_scenes(files, 100), len(files), ""),
        read_hands(hands),
    )
