"""Tests of detector.py: what the network's answer is taken for."""

import numpy as np
import pytest
from scipy import ndimage

from keykind.core.errors import BadModel
from keykind.core.geometry import corners_of, rectangle_along
from keykind.detect.detector import BEYOND, KeyDetector, fit, load_detector
from keykind.detect.postprocess import ENDS, FIELDS, GRID, KEY, SIDE, STRIDE, separate, transposed
from keykind.model import shipped
from keykind.photo.decode import Photo
from keykind.train.detector.targets import fields_of


def bar(head, tip, width):
    """Return a straight key (SIDE, SIDE): 1 the half at its head, 2 that at its tip."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    along = np.array(tip, float) - head
    length = np.hypot(*along)
    along /= length
    forth = (x - head[0]) * along[0] + (y - head[1]) * along[1]
    side = abs(-(x - head[0]) * along[1] + (y - head[1]) * along[0])
    inside = (forth >= 0) & (forth <= length) & (side <= width / 2)
    return np.where(inside, np.where(forth < length / 2, 1, 2), 0)


def scene(*keys, width=24):
    """Return the perfect answer for keys (head, tip), each laid over those before, and the keys' places."""
    parts = np.zeros((SIDE, SIDE), np.uint8)
    for number, (head, tip) in enumerate(keys):
        mine = bar(head, tip, width)
        parts[mine > 0] = 2 * number + mine[mine > 0]
    ends = np.array(keys, float)
    whole = np.array([bar(*key, width).astype(bool).sum() for key in keys], float)
    return parts, fields_of(parts, ends, np.zeros((len(keys), 2)), whole)[..., :11]


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def by_head(found, head):
    return min(found, key=lambda one: np.hypot(*(one.head - head)))


def test_one_key_is_told_as_it_lies():
    parts, fields = scene(((60, 80), (200, 150)))
    (found,) = separate(fields, (SIDE, SIDE), 1.0, 0.3)
    assert found.head == pytest.approx([60, 80], abs=3)
    assert found.tip == pytest.approx([200, 150], abs=3)
    assert found.score > 0.8
    assert overlap(found.mask, parts > 0) > 0.85
    assert overlap(found.blade, parts == 2) > 0.8
    box = rectangle_along(corners_of(parts > 0), np.array([140.0, 70.0]))
    for corner in box:
        assert np.hypot(*(found.box - corner).T).min() < 4


def test_places_are_told_in_pixels_of_the_photo():
    _, fields = scene(((60, 80), (200, 150)))
    (found,) = separate(fields, (200, SIDE), 12.5, 0.3)
    assert found.head == pytest.approx([750, 1000], abs=3 * 12.5)
    assert found.scale == 12.5
    assert found.mask.shape == (200, SIDE)


def test_keys_that_cross_come_apart():
    keys = ((40, 40), (220, 190)), ((190, 20), (110, 230))
    parts, fields = scene(*keys)
    found = separate(fields, (SIDE, SIDE), 1.0, 0.3)
    assert len(found) == 2
    for number, (head, tip) in enumerate(keys):
        one = by_head(found, head)
        assert one.tip == pytest.approx(tip, abs=7)
        assert overlap(one.mask, (parts + 1) // 2 == number + 1) > 0.8


def test_keys_side_by_side_are_not_one():
    keys = [((50, y), (250, y)) for y in (60, 100, 140, 180)]
    assert len(separate(scene(*keys)[1], (SIDE, SIDE), 1.0, 0.3)) == 4


def test_two_peaks_that_name_the_same_ends_are_one_key():
    _, fields = scene(((60, 80), (200, 150)))
    centre = fields[..., 0].copy()
    fields[..., 0] = 0
    rows, columns = np.nonzero(fields[..., KEY] > 0.9)
    fields[rows[0], columns[0], 0] = 0.8
    fields[rows[-1], columns[-1], 0] = 0.7
    assert len(separate(fields, (SIDE, SIDE), 1.0, 0.3)) == 1
    fields[..., 0] = centre
    assert len(separate(fields, (SIDE, SIDE), 1.0, 0.3)) == 1


def noisy(fields, share, seed=0):
    """Return fields whose places are wrong about the ends by about that share of how far they are."""
    fields = fields.copy()
    fields[..., ENDS] *= np.random.default_rng(seed).normal(1, share, fields[..., ENDS].shape)
    return fields


@pytest.mark.parametrize("seed", range(5))
def test_one_key_whose_places_are_not_sure_of_its_ends_is_one(seed):
    _, fields = scene(((60, 80), (220, 150)), width=40)
    (found,) = separate(noisy(fields, 0.3, seed), (SIDE, SIDE), 1.0, 0.3)
    assert found.head == pytest.approx([60, 80], abs=12)
    assert found.tip == pytest.approx([220, 150], abs=12)


@pytest.mark.parametrize("seed", range(5))
def test_keys_on_one_ring_come_apart_by_their_tips_although_places_are_not_sure(seed):
    keys = [((60, 160), (250, y)) for y in (60, 160, 260)]
    _, fields = scene(*keys)
    found = separate(noisy(fields, 0.2, seed), (SIDE, SIDE), 1.0, 0.3)
    assert sorted(round(one.tip[1] / 50) for one in found) == [1, 3, 5]


def test_a_part_that_names_another_tip_is_no_key_of_its_own():
    """Where few places at the edge of a bow stop half-way, the key stays one."""
    _, fields = scene(((60, 80), (220, 80)), width=60)
    rows, columns = np.nonzero(fields[..., KEY] > 0.9)
    edge = (rows <= rows.min() + 1) & (columns < columns.min() + 12)
    fields[rows[edge], columns[edge], 7:9] = 0.15, 0.1
    (found,) = separate(fields, (SIDE, SIDE), 1.0, 0.3)
    assert found.tip == pytest.approx([220, 80], abs=4)


def test_ways_are_followed_to_ends_that_are_farther_than_any_place_tells():
    _, fields = scene(((10, 128), (246, 128)), width=20)
    assert abs(fields[..., ENDS]).max() * SIDE < 60
    (found,) = separate(fields, (SIDE, SIDE), 1.0, 0.3)
    assert found.head == pytest.approx([10, 128], abs=4)
    assert found.tip == pytest.approx([246, 128], abs=4)


def test_peaks_on_no_key_and_faint_ones_tell_nothing():
    nothing = np.zeros((GRID, GRID, len(FIELDS)), np.float32)
    assert separate(nothing, (SIDE, SIDE), 1.0, 0.3) == ()
    nothing[10, 10, 0] = 0.9
    assert separate(nothing, (SIDE, SIDE), 1.0, 0.3) == ()
    _, fields = scene(((60, 80), (200, 150)))
    fields[..., :3] *= 0.1
    assert separate(fields, (SIDE, SIDE), 1.0, 0.3) == ()


def test_the_surest_key_comes_first():
    keys = ((50, 60), (250, 60)), ((50, 200), (250, 200))
    _, fields = scene(*keys)
    fields[: GRID // 2, :, :3] *= 0.6
    assert [round(one.head[1]) for one in separate(fields, (SIDE, SIDE), 1.0, 0.3)] == [200, 60]


def test_a_photo_lies_in_the_upper_left_corner():
    picture, scale = fit(np.zeros((300, 600, 3), np.uint8))
    assert scale == 600 / SIDE
    assert not picture[: SIDE // 2].any()
    assert (picture[SIDE // 2 :] == BEYOND).all()


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (8, 8), (2, 3)])
def test_a_photo_of_any_shape_fits(shape):
    picture, _ = fit(np.zeros((*shape, 3), np.uint8))
    assert picture.shape == (SIDE, SIDE, 3)
    assert STRIDE * GRID == SIDE


def test_a_detector_that_is_absent_or_damaged_is_told(tmp_path, monkeypatch):
    with pytest.raises(BadModel, match="holds no network that finds keys"):
        load_detector(tmp_path / "none.tflite")
    (tmp_path / "torn.tflite").write_bytes(b"torn")
    with pytest.raises(BadModel, match="holds no network that finds keys"):
        load_detector(tmp_path / "torn.tflite")
    monkeypatch.setattr(shipped.read_model, "__defaults__", (tmp_path,))
    with pytest.raises(BadModel, match=r"does not come whole.*install keykind again"):
        load_detector()


def test_a_mirrored_answer_is_that_to_the_mirrored_picture():
    keys = [((40, 30), (190, 60)), ((60, 120), (100, 240))]
    _, mirrored = scene(*([end[::-1] for end in key] for key in keys))
    _, straight = scene(*keys)
    off = abs(transposed(mirrored) - straight)
    assert off[..., :KEY].max() < 0.05  # of two places that are alike near, either is the centre
    assert off[..., KEY:].max() < 1e-6


class Seeing(KeyDetector):
    """A network that sees each dark bar as a key, head left or above, but none of fewer than `least` px."""

    digest = "seeing"

    def __init__(self, least=0):
        self.least, self.looks, self.mirrored = least, 0, 0

    def fields(self, picture):
        bars, count = ndimage.label(picture.mean(axis=2) < 100)
        parts, ends = np.zeros((SIDE, SIDE), np.uint8), []
        upright = False
        for number in range(1, count + 1):
            rows, columns = np.nonzero(bars == number)
            upright = np.ptp(rows) > np.ptp(columns)
            if max(np.ptp(columns), np.ptp(rows)) < self.least:
                continue
            parts[bars == number] = 2 * len(ends) + 2
            across = [[columns.min(), rows.mean()], [columns.max() + 1, rows.mean()]]
            down = [[columns.mean(), rows.min()], [columns.mean(), rows.max() + 1]]
            ends.append(down if upright else across)
        self.mirrored += upright
        self.looks += not upright
        whole = np.full(len(ends), 1.0)
        return fields_of(parts, np.array(ends).reshape(-1, 2, 2), np.zeros((len(ends), 2)), whole)[..., :11]


def bars(*places, size=(1200, 1600), bar=(90, 30)):
    """Return a white photo with dark bars at (x, y)."""
    pixels = np.full((*size, 3), 255, np.uint8)
    for x, y in places:
        pixels[y : y + bar[1], x : x + bar[0]] = 20
    return Photo(pixels, size[1], size[0], "array")


SPREAD = [(x, y) for x in (60, 460, 760, 1100, 1480) for y in (40, 330, 585, 800, 1150)]


@pytest.mark.parametrize("least", [0, 20])
def test_small_keys_are_looked_at_again_from_nearer_and_told_once(least):
    detector = Seeing(least)
    found = detector.find(bars(*SPREAD))
    assert detector.looks == 1 + 4 + 12
    assert len(found) == len(SPREAD)
    for x, y in SPREAD:
        assert by_head(found, (x, y + 15)).head == pytest.approx([x, y + 15], abs=8)
    for one in found:
        assert one.tip - one.head == pytest.approx([90, 0], abs=6)
        rows, columns = np.nonzero(one.mask)
        centre = np.array([columns.mean() + 0.5, rows.mean() + 0.5]) * one.scale
        assert centre == pytest.approx((one.head + one.tip) / 2, abs=8)


def test_large_keys_are_looked_at_once():
    detector = Seeing()
    (found,) = detector.find(bars((200, 500), bar=(1200, 200)))
    assert (detector.looks, detector.mirrored) == (1, 0)
    assert found.head == pytest.approx([200, 600], abs=5)


def test_several_keys_are_looked_at_mirrored_too():
    detector = Seeing()
    found = detector.find(bars((200, 300), (300, 800), bar=(1200, 200)))
    assert (detector.looks, detector.mirrored) == (1, 1)
    assert by_head(found, (200, 400)).head == pytest.approx([200, 400], abs=8)
    assert by_head(found, (300, 900)).head == pytest.approx([300, 900], abs=8)
    assert len(found) == 2


GRAIN = np.arange(SIDE**2 * 3, dtype=np.uint32).astype(np.uint8).reshape(SIDE, SIDE, 3)


class Unsure(KeyDetector):
    """A network that sees some keys (head, tip) in a picture, and others in its mirror image."""

    digest = "unsure"

    def __init__(self, straight, mirrored):
        self.asked, self.sees = [], [straight, [[end[::-1] for end in key] for key in mirrored]]

    def fields(self, picture):
        self.asked.append(picture)
        keys = self.sees[len(self.asked) - 1]
        return scene(*keys)[1] if keys else np.zeros((GRID, GRID, len(FIELDS)), np.float32)


def test_a_key_that_the_mirrored_picture_does_not_show_is_doubted():
    surely, perhaps = ((20, 60), (230, 60)), ((20, 160), (230, 160))

    detector = Unsure([surely, perhaps], [surely])
    (found,) = detector.find(Photo(GRAIN, SIDE, SIDE, "array"))
    assert found.head == pytest.approx(surely[0], abs=4)
    straight, mirrored = detector.asked
    assert (mirrored == straight.transpose(1, 0, 2)).all()


def test_a_mirrored_picture_that_shows_nothing_does_not_count():
    keys = [((20, 60), (230, 60)), ((20, 160), (230, 160))]
    assert len(Unsure(keys, []).find(Photo(GRAIN, SIDE, SIDE, "array"))) == 2


def test_where_nothing_is_seen_it_is_looked_again_unless_there_is_no_more_to_see():
    detector = Seeing()
    assert detector.find(bars()) == ()
    assert detector.looks == 1 + 4 + 12
    assert detector.find(bars(size=(180, SIDE))) == ()
    assert detector.looks == 1 + 4 + 12 + 1


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (3000, 20)])
def test_a_strip_is_looked_at_in_tiles(size):
    detector = Seeing()
    assert detector.find(bars(size=size)) == ()
    assert detector.looks == 1 + 2 + 4
