"""Tests of pool.py and labels.py: scenes and cut-outs come back as they were labelled."""

import numpy as np
import pytest

pytest.importorskip("cv2", reason="the extra train is not installed")

from keykind.core.errors import BadDataset
from keykind.core.geometry import encode_rle
from keykind.train.detector import pool
from keykind.train.detector.keys import AREA, BLADE, HEAD, OCCLUSION, REMOTE, TIP, WIDTH
from keykind.train.detector.labels import labelled_photos, labelled_scenes, split_set
from keykind.train.detector.pool import open_pool, photo_scenes
from rendered_bars import BLADE as GREEN
from rendered_bars import BOW as RED


def stems(photos):
    return [photo.label.stem for photo in photos]


def test_one_photo_in_twenty_is_held_out(bars):
    train, held_out = split_set(bars)
    assert stems(held_out) == ["bar-000000", "bar-000020", "bar-000040"]
    assert len(train) == 39
    assert not set(stems(train)) & set(stems(held_out))


@pytest.mark.parametrize("maximum", [1, 2, 3, 20, 21, 41, 42])
def test_no_more_photos_than_asked_for_are_used_spread_over_the_set(bars, maximum):
    train, held_out = split_set(bars, maximum)
    assert maximum / 3 < len(train) + len(held_out) <= max(maximum, 2)
    assert len(train) >= len(held_out) > 0
    assert set(stems(held_out)) <= {"bar-000000", "bar-000020", "bar-000040"}
    if maximum == 21:
        assert stems(train)[-1] == "bar-000038"


def test_a_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(BadDataset, match=r"has 0 labelled photos; give a folder that `keykind render` wrote"):
        split_set(tmp_path)


def test_a_damaged_label_is_named(bars, tmp_path):
    label = tmp_path / "labels" / "bar-000001.json"
    label.parent.mkdir()
    label.write_text("{}")
    with pytest.raises(BadDataset, match=r"bar-000001\.json: is damaged"):
        labelled_photos(tmp_path)[0].entries()


def test_a_scene_holds_its_keys_and_remotes(pools):
    view = pools.scenes.scene(1)
    assert view.image.shape == (120, 160, 3)
    key, remote = view.keys
    assert key[HEAD].tolist() == [20, 27]
    assert key[TIP].tolist() == [130, 27]
    assert (key[WIDTH], key[REMOTE], key[OCCLUSION]) == (24, 0, 0.02)
    assert key[AREA] == 24 * 30 + 12 * 80
    assert key[BLADE] == pytest.approx(12 * 80 / key[AREA])
    assert (remote[WIDTH], remote[REMOTE], remote[BLADE]) == (30, 1, 0)
    for value, colour in ((1, RED), (2, GREEN)):
        assert abs(view.image[view.parts == value].mean(axis=0) - colour).max() < 10
    assert (view.parts == 3).sum() == remote[AREA]


def test_keys_that_are_not_hidden_are_cut_out(pools):
    assert pools.scenes.cut_count == 4  # no remote: half of each is hidden
    cut = pools.scenes.cut(1)
    assert cut.pixels.shape == (24 + 2, 110 + 2, 4)
    assert cut.key[HEAD].tolist() == [1, 13]
    assert cut.key[TIP].tolist() == [111, 13]
    opaque, blade = cut.pixels[..., 3] > 0, cut.blade > 0
    assert opaque.sum() == cut.key[AREA]
    assert abs(cut.pixels[blade][:, :3].mean(axis=0) - GREEN).max() < 10


def test_photos_without_keys_are_reduced(pools):
    assert len(pools.backgrounds) == 2
    view = pools.backgrounds.scene(0)
    assert view.image.shape == (67, 100, 3)
    assert not view.parts.any()
    assert not len(view.keys)


def test_scenes_are_the_same_decoded_and_as_jpeg(bars, tmp_path, monkeypatch):
    photos = labelled_photos(bars)[:3]
    sizes = []
    for name, bytes_decoded in (("decoded", 4 * 120 * 160 * 3), ("mixed", 4 * 120 * 160), ("jpeg", 0)):
        monkeypatch.setattr(pool, "MAX_DECODED", bytes_decoded)
        open_pool(tmp_path / name, [], lambda: labelled_scenes(photos), len(photos), "")
        sizes.append((tmp_path / name / "pixels.bin").stat().st_size)
    assert sizes == [3 * 3 * 120 * 160, 3 * 120 * 160, 0]
    for i in range(len(photos)):
        first, *others = (pool.ScenePool(tmp_path / name).scene(i) for name in ("decoded", "mixed", "jpeg"))
        assert len(first.keys) == 2
        for other in others:
            assert np.array_equal(first.image, other.image)
            assert np.array_equal(first.parts, other.parts)
            assert np.array_equal(first.keys, other.keys)


def test_a_photo_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "torn.jpg").write_bytes(b"torn")
    with pytest.raises(BadDataset, match=r"torn\.jpg: cannot be read"):
        list(photo_scenes([tmp_path / "torn.jpg"], 100))


def test_a_pool_is_built_once_and_again_if_its_sources_change(bars, tmp_path):
    photos = labelled_photos(bars)[:3]
    built = []

    def build(count):
        def scenes():
            built.append(count)
            return labelled_scenes(photos[:count])

        return open_pool(tmp_path, [photo.label for photo in photos[:count]], scenes, count, "")

    assert [len(build(count)) for count in (2, 2, 3)] == [2, 2, 3]
    assert built == [2, 3]
    (tmp_path / "index.npz").write_bytes(b"torn")
    assert len(build(3)) == 3


def test_a_mask_without_pixels_is_a_key_without_area(tmp_path):
    from rendered_bars import draw_set

    folder = draw_set(tmp_path / "set", 1)
    label = folder / "labels" / "bar-000000.json"
    empty = encode_rle(np.zeros((120, 160), bool))
    key = {"head": [1, 1], "tip": [9, 1], "occluded": 1.0, "cut_off": 0.0, "mask": empty, "blade": empty}
    import json

    label.write_text(json.dumps({"keys": [key]}))
    (scene,) = labelled_scenes(labelled_photos(folder))
    assert scene.keys[0, AREA] == 0
    assert not scene.cuts
