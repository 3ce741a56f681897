"""Tests of detector.py and postprocess.py: what is detected, given the network's outputs."""

import numpy as np
import pytest
from scipy import ndimage

from keykind.core.errors import BadModel
from keykind.core.geometry import mask_corners, oriented_rectangle
from keykind.detect.align import PAD_VALUE
from keykind.detect.detector import KeyDetector, letterbox, load_detector
from keykind.detect.metrics import mask_iou
from keykind.detect.postprocess import GRID, KEY, OFFSETS, OUTPUTS, SIDE, STRIDE, decode, transpose_outputs
from keykind.model import shipped
from keykind.photo.decode import Photo
from keykind.train.detector.targets import dense_targets


def bar(head, tip, width):
    """Return a straight key (SIDE, SIDE): 1 in the half at its head, 2 in the half at its tip."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    axis = np.array(tip, float) - head
    length = np.hypot(*axis)
    axis /= length
    along = (x - head[0]) * axis[0] + (y - head[1]) * axis[1]
    across = abs(-(x - head[0]) * axis[1] + (y - head[1]) * axis[0])
    inside = (along >= 0) & (along <= length) & (across <= width / 2)
    return np.where(inside, np.where(along < length / 2, 1, 2), 0)


def scene(*keys, width=24):
    """Return the parts of keys (head, tip), each on top of those before, and the perfect outputs for them."""
    parts = np.zeros((SIDE, SIDE), np.uint8)
    for i, (head, tip) in enumerate(keys):
        part = bar(head, tip, width)
        parts[part > 0] = 2 * i + part[part > 0]
    keypoints = np.array(keys, float)
    areas = np.array([bar(*key, width).astype(bool).sum() for key in keys], float)
    return parts, dense_targets(parts, keypoints, np.zeros((len(keys), 2)), areas)[..., :11]


def nearest(detections, head):
    """Return the detection whose head is nearest to a point."""
    return min(detections, key=lambda key: np.hypot(*(key.head - head)))


def test_a_single_key_is_detected_with_its_keypoints_masks_and_box():
    parts, outputs = scene(((60, 80), (200, 150)))
    (key,) = decode(outputs, (SIDE, SIDE), 1.0, 0.3)
    assert key.head == pytest.approx([60, 80], abs=3)
    assert key.tip == pytest.approx([200, 150], abs=3)
    assert key.score > 0.8
    assert mask_iou(key.mask, parts > 0) > 0.85
    assert mask_iou(key.blade, parts == 2) > 0.8
    box = oriented_rectangle(mask_corners(parts > 0), np.array([140.0, 70.0]))
    for corner in box:
        assert np.hypot(*(key.box - corner).T).min() < 4


def test_coordinates_are_pixels_of_the_photo():
    _, outputs = scene(((60, 80), (200, 150)))
    (key,) = decode(outputs, (200, SIDE), 12.5, 0.3)
    assert key.head == pytest.approx([750, 1000], abs=3 * 12.5)
    assert key.scale == 12.5
    assert key.mask.shape == (200, SIDE)


def test_crossing_keys_are_separated():
    keys = ((40, 40), (220, 190)), ((190, 20), (110, 230))
    parts, outputs = scene(*keys)
    detections = decode(outputs, (SIDE, SIDE), 1.0, 0.3)
    assert len(detections) == 2
    for i, (head, tip) in enumerate(keys):
        key = nearest(detections, head)
        assert key.tip == pytest.approx(tip, abs=7)
        assert mask_iou(key.mask, (parts + 1) // 2 == i + 1) > 0.8


def test_parallel_keys_are_separated():
    keys = [((50, y), (250, y)) for y in (60, 100, 140, 180)]
    assert len(decode(scene(*keys)[1], (SIDE, SIDE), 1.0, 0.3)) == 4


def test_two_centre_peaks_with_the_same_endpoints_are_one_key():
    _, outputs = scene(((60, 80), (200, 150)))
    centre = outputs[..., 0].copy()
    outputs[..., 0] = 0
    rows, columns = np.nonzero(outputs[..., KEY] > 0.9)
    outputs[rows[0], columns[0], 0] = 0.8
    outputs[rows[-1], columns[-1], 0] = 0.7
    assert len(decode(outputs, (SIDE, SIDE), 1.0, 0.3)) == 1
    outputs[..., 0] = centre
    assert len(decode(outputs, (SIDE, SIDE), 1.0, 0.3)) == 1


def noisy(outputs, std, seed=0):
    """Return outputs whose offsets are scaled by noise of mean 1."""
    outputs = outputs.copy()
    outputs[..., OFFSETS] *= np.random.default_rng(seed).normal(1, std, outputs[..., OFFSETS].shape)
    return outputs


@pytest.mark.parametrize("seed", range(5))
def test_a_key_with_noisy_offsets_is_detected_once(seed):
    _, outputs = scene(((60, 80), (220, 150)), width=40)
    (key,) = decode(noisy(outputs, 0.3, seed), (SIDE, SIDE), 1.0, 0.3)
    assert key.head == pytest.approx([60, 80], abs=12)
    assert key.tip == pytest.approx([220, 150], abs=12)


@pytest.mark.parametrize("seed", range(5))
def test_keys_on_one_ring_are_separated_by_their_tips_despite_noise(seed):
    keys = [((60, 160), (250, y)) for y in (60, 160, 260)]
    _, outputs = scene(*keys)
    detections = decode(noisy(outputs, 0.2, seed), (SIDE, SIDE), 1.0, 0.3)
    assert sorted(round(key.tip[1] / 50) for key in detections) == [1, 3, 5]


def test_a_part_that_votes_for_another_tip_is_not_a_key():
    """A few cells at the edge of a bow whose traces stop half-way do not split the key."""
    _, outputs = scene(((60, 80), (220, 80)), width=60)
    rows, columns = np.nonzero(outputs[..., KEY] > 0.9)
    edge = (rows <= rows.min() + 1) & (columns < columns.min() + 12)
    outputs[rows[edge], columns[edge], 7:9] = 0.15, 0.1
    (key,) = decode(outputs, (SIDE, SIDE), 1.0, 0.3)
    assert key.tip == pytest.approx([220, 80], abs=4)


def test_traces_reach_endpoints_farther_away_than_any_offset():
    _, outputs = scene(((10, 128), (246, 128)), width=20)
    assert abs(outputs[..., OFFSETS]).max() * SIDE < 60
    (key,) = decode(outputs, (SIDE, SIDE), 1.0, 0.3)
    assert key.head == pytest.approx([10, 128], abs=4)
    assert key.tip == pytest.approx([246, 128], abs=4)


def test_peaks_off_any_key_and_weak_peaks_are_not_detections():
    empty = np.zeros((GRID, GRID, len(OUTPUTS)), np.float32)
    assert decode(empty, (SIDE, SIDE), 1.0, 0.3) == ()
    empty[10, 10, 0] = 0.9
    assert decode(empty, (SIDE, SIDE), 1.0, 0.3) == ()
    _, outputs = scene(((60, 80), (200, 150)))
    outputs[..., :3] *= 0.1
    assert decode(outputs, (SIDE, SIDE), 1.0, 0.3) == ()


def test_detections_are_sorted_by_score():
    keys = ((50, 60), (250, 60)), ((50, 200), (250, 200))
    _, outputs = scene(*keys)
    outputs[: GRID // 2, :, :3] *= 0.6
    assert [round(key.head[1]) for key in decode(outputs, (SIDE, SIDE), 1.0, 0.3)] == [200, 60]


def test_a_photo_is_letterboxed_into_the_upper_left_corner():
    image, scale = letterbox(np.zeros((300, 600, 3), np.uint8))
    assert scale == 600 / SIDE
    assert not image[: SIDE // 2].any()
    assert (image[SIDE // 2 :] == PAD_VALUE).all()


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (8, 8), (2, 3)])
def test_a_photo_of_any_shape_can_be_letterboxed(shape):
    image, _ = letterbox(np.zeros((*shape, 3), np.uint8))
    assert image.shape == (SIDE, SIDE, 3)
    assert STRIDE * GRID == SIDE


def test_a_missing_or_damaged_detector_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(BadModel, match="is not a detector"):
        load_detector(tmp_path / "none.tflite")
    (tmp_path / "torn.tflite").write_bytes(b"torn")
    with pytest.raises(BadModel, match="is not a detector"):
        load_detector(tmp_path / "torn.tflite")
    with pytest.raises(BadModel, match="is not a detector"):
        KeyDetector.load(str(tmp_path / "torn.tflite"))
    monkeypatch.setattr(shipped.read_model, "__defaults__", (tmp_path,))
    with pytest.raises(BadModel, match=r"missing from this installation, or damaged.*install keykind again"):
        load_detector()


def test_transposed_outputs_are_those_for_the_transposed_image():
    keys = [((40, 30), (190, 60)), ((60, 120), (100, 240))]
    _, mirrored = scene(*([end[::-1] for end in key] for key in keys))
    _, straight = scene(*keys)
    difference = abs(transpose_outputs(mirrored) - straight)
    assert difference[..., :KEY].max() < 0.05  # of two equally near cells, either is the centre
    assert difference[..., KEY:].max() < 1e-6


class BarDetector(KeyDetector):
    """A network that detects each dark bar of at least `min_length` px as a key, head left or at the top."""

    digest = "bars"

    def __init__(self, min_length=0):
        self.min_length, self.passes, self.transposed = min_length, 0, 0

    def dense_outputs(self, image):
        bars, count = ndimage.label(image.mean(axis=2) < 100)
        parts, keypoints = np.zeros((SIDE, SIDE), np.uint8), []
        upright = False
        for label in range(1, count + 1):
            rows, columns = np.nonzero(bars == label)
            upright = np.ptp(rows) > np.ptp(columns)
            if max(np.ptp(columns), np.ptp(rows)) < self.min_length:
                continue
            parts[bars == label] = 2 * len(keypoints) + 2
            across = [[columns.min(), rows.mean()], [columns.max() + 1, rows.mean()]]
            down = [[columns.mean(), rows.min()], [columns.mean(), rows.max() + 1]]
            keypoints.append(down if upright else across)
        self.transposed += upright
        self.passes += not upright
        count = len(keypoints)
        keypoints = np.array(keypoints).reshape(-1, 2, 2)
        return dense_targets(parts, keypoints, np.zeros((count, 2)), np.full(count, 1.0))[..., :11]


def bars(*corners, size=(1200, 1600), bar=(90, 30)):
    """Return a white photo with dark bars at (x, y)."""
    pixels = np.full((*size, 3), 255, np.uint8)
    for x, y in corners:
        pixels[y : y + bar[1], x : x + bar[0]] = 20
    return Photo(pixels, size[1], size[0], "array")


SCATTERED = [(x, y) for x in (60, 460, 760, 1100, 1480) for y in (40, 330, 585, 800, 1150)]


@pytest.mark.parametrize("min_length", [0, 20])
def test_small_keys_are_detected_again_in_tiles_and_returned_once(min_length):
    detector = BarDetector(min_length)
    detections = detector.detect(bars(*SCATTERED))
    assert detector.passes == 1 + 4 + 12
    assert len(detections) == len(SCATTERED)
    for x, y in SCATTERED:
        assert nearest(detections, (x, y + 15)).head == pytest.approx([x, y + 15], abs=8)
    for key in detections:
        assert key.tip - key.head == pytest.approx([90, 0], abs=6)
        rows, columns = np.nonzero(key.mask)
        centre = np.array([columns.mean() + 0.5, rows.mean() + 0.5]) * key.scale
        assert centre == pytest.approx((key.head + key.tip) / 2, abs=8)


def test_a_large_key_takes_a_single_pass():
    detector = BarDetector()
    (key,) = detector.detect(bars((200, 500), bar=(1200, 200)))
    assert (detector.passes, detector.transposed) == (1, 0)
    assert key.head == pytest.approx([200, 600], abs=5)


def test_several_keys_are_detected_in_the_transposed_image_too():
    detector = BarDetector()
    detections = detector.detect(bars((200, 300), (300, 800), bar=(1200, 200)))
    assert (detector.passes, detector.transposed) == (1, 1)
    assert nearest(detections, (200, 400)).head == pytest.approx([200, 400], abs=8)
    assert nearest(detections, (300, 900)).head == pytest.approx([300, 900], abs=8)
    assert len(detections) == 2


GRAIN = np.arange(SIDE**2 * 3, dtype=np.uint32).astype(np.uint8).reshape(SIDE, SIDE, 3)


class InconsistentDetector(KeyDetector):
    """A network that detects some keys (head, tip) in an image, and others in the transposed image."""

    digest = "inconsistent"

    def __init__(self, straight, mirrored):
        self.images, self.keys = [], [straight, [[end[::-1] for end in key] for key in mirrored]]

    def dense_outputs(self, image):
        self.images.append(image)
        keys = self.keys[len(self.images) - 1]
        return scene(*keys)[1] if keys else np.zeros((GRID, GRID, len(OUTPUTS)), np.float32)


def test_a_key_not_detected_in_the_transposed_image_is_rejected():
    certain, doubtful = ((20, 60), (230, 60)), ((20, 160), (230, 160))

    detector = InconsistentDetector([certain, doubtful], [certain])
    (key,) = detector.detect(Photo(GRAIN, SIDE, SIDE, "array"))
    assert key.head == pytest.approx(certain[0], abs=4)
    straight, mirrored = detector.images
    assert (mirrored == straight.transpose(1, 0, 2)).all()


def test_a_transposed_image_without_detections_is_ignored():
    keys = [((20, 60), (230, 60)), ((20, 160), (230, 160))]
    assert len(InconsistentDetector(keys, []).detect(Photo(GRAIN, SIDE, SIDE, "array"))) == 2


def test_without_a_key_tiles_are_processed_unless_the_photo_is_small():
    detector = BarDetector()
    assert detector.detect(bars()) == ()
    assert detector.passes == 1 + 4 + 12
    assert detector.detect(bars(size=(180, SIDE))) == ()
    assert detector.passes == 1 + 4 + 12 + 1


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (3000, 20)])
def test_a_strip_is_processed_in_tiles(size):
    detector = BarDetector()
    assert detector.detect(bars(size=size)) == ()
    assert detector.passes == 1 + 2 + 4
