"""Tests of detector.py: photos of any size and orientation, tiles, and the files of detectors."""

import numpy as np
import pytest
from scipy import ndimage

from dense import empty_outputs, put, scene
from keykind.core.errors import BadModel
from keykind.detect.align import PAD_VALUE
from keykind.detect.detector import KeyDetector, letterbox, load_detector
from keykind.detect.postprocess import HEIGHT, WIDTH
from keykind.model import shipped
from keykind.photo.decode import Photo


def nearest(detections, head):
    return min(detections, key=lambda key: np.hypot(*(key.head - head)))


def test_a_landscape_is_resized_into_the_upper_left_corner():
    image, view = letterbox(np.zeros((300, 832, 3), np.uint8))
    assert view.scale == 2
    assert not image[:150].any()
    assert (image[150:] == PAD_VALUE).all()
    assert view.to_photo(np.array([[10.0, 20.0]])).tolist() == [[20, 40]]


def test_a_portrait_is_turned_and_its_points_are_turned_back():
    pixels = np.zeros((832, 640, 3), np.uint8)
    pixels[100:104, 600:604] = 255
    image, view = letterbox(pixels)
    rows, columns = np.nonzero(image[..., 0] > 128)
    point = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
    assert view.to_photo(point) == pytest.approx([602, 102], abs=0.5)


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (8, 8), (2, 3)])
def test_a_photo_of_any_shape_can_be_letterboxed(shape):
    image, _ = letterbox(np.zeros((*shape, 3), np.uint8))
    assert image.shape == (HEIGHT, WIDTH, 3)


def test_a_missing_or_damaged_detector_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(BadModel, match=r"is not a detector \(no such file\)"):
        load_detector(tmp_path / "none.tflite")
    (tmp_path / "torn.tflite").write_bytes(b"torn")
    with pytest.raises(BadModel, match="is not a detector"):
        load_detector(tmp_path / "torn.tflite")
    with pytest.raises(BadModel, match="is not a detector"):
        KeyDetector.load(str(tmp_path / "torn.tflite"))
    with pytest.raises(BadModel, match=r"is not a detector \(its input is not \(1, \d+, \d+, 3\) uint8\)"):
        load_detector(shipped.FOLDER / shipped.CLASSIFIER)
    monkeypatch.setattr(shipped.read_model, "__defaults__", (tmp_path,))
    with pytest.raises(BadModel, match=r"missing from this installation, or damaged.*install keykind again"):
        load_detector()


class BarDetector(KeyDetector):
    """A network that detects each dark bar of at least `min_length` px as a key, from its left to its right.

    In a turned portrait, which `upright` photos are, keys go from the bottom to the top of the input.
    """

    digest = "bars"

    def __init__(self, min_length=0, *, upright=False, remote=False):
        self.min_length, self.upright, self.remote, self.passes = min_length, upright, remote, 0
        self._refiner = None

    def dense_outputs(self, image):
        self.passes += 1
        bars, _ = ndimage.label(image.mean(axis=2) < 100)
        outputs = empty_outputs()
        for i, (rows, columns) in enumerate(ndimage.find_objects(bars)):
            x, y = (columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2
            length, width = columns.stop - columns.start, rows.stop - rows.start
            head, tip = (columns.start, y), (columns.stop, y)
            if self.upright:
                length, width = width, length
                head, tip = (x, rows.stop), (x, rows.start)
            if length >= self.min_length:
                put(outputs, i, head, tip, width, remote=self.remote)
        return outputs


def bars(*corners, size=(1200, 1600), bar=(90, 30)):
    """Return a white photo with dark bars at (x, y)."""
    pixels = np.full((*size, 3), 255, np.uint8)
    for x, y in corners:
        pixels[y : y + bar[1], x : x + bar[0]] = 20
    return Photo(pixels, size[1], size[0], "array")


SCATTERED = [(x, y) for x in (60, 460, 760, 1100, 1480) for y in (40, 330, 585, 800, 1150)]


@pytest.mark.parametrize("min_length", [0, 30])
def test_small_keys_are_detected_again_in_tiles_and_returned_once(min_length):
    detector = BarDetector(min_length)
    detections = detector.detect(bars(*SCATTERED))
    assert detector.passes == 1 + 4 + 16
    assert len(detections) == len(SCATTERED)
    for x, y in SCATTERED:
        assert nearest(detections, (x, y + 15)).head == pytest.approx([x, y + 15], abs=8)
    for key in detections:
        assert key.tip - key.head == pytest.approx([90, 0], abs=8)
        assert key.width == pytest.approx(30, abs=8)


@pytest.mark.parametrize("reduction", [1, 2])
def test_a_large_key_takes_a_single_pass_at_any_scale(reduction):
    photo = bars((200, 500), bar=(1200, 200))
    detector = BarDetector()
    pixels = photo.pixels[::reduction, ::reduction]
    (key,) = detector.detect(Photo(pixels, photo.width, photo.height, "array"))
    assert detector.passes == 1
    assert key.head == pytest.approx([200, 600], abs=6)
    assert key.tip == pytest.approx([1400, 600], abs=6)
    assert key.width == pytest.approx(200, abs=8)
    assert key.box[0] == pytest.approx([200, 500], abs=8)
    assert (key.occlusion, key.truncation, key.blade_share) == pytest.approx((0.1, 0.1, 0.9), abs=0.01)


def test_keys_of_a_portrait_are_in_its_own_pixels():
    detector = BarDetector(upright=True)
    photo = bars((200, 100), (250, 900), (700, 1500), size=(1600, 1200), bar=(300, 60))
    detections = detector.detect(photo)
    assert len(detections) == 3
    for x, y in ((200, 100), (250, 900), (700, 1500)):
        key = nearest(detections, (x, y + 30))
        assert key.head == pytest.approx([x, y + 30], abs=8)
        assert key.tip == pytest.approx([x + 300, y + 30], abs=8)


def test_remotes_are_only_returned_on_demand():
    detector = BarDetector(remote=True)
    photo = bars((200, 500), bar=(1200, 200))
    assert detector.detect(photo) == ()
    (remote,) = detector.detect_all(photo)
    assert remote.remote
    assert remote.head == pytest.approx([200, 600], abs=6)


def test_without_a_key_tiles_are_processed_unless_the_photo_is_small():
    detector = BarDetector()
    assert detector.detect(bars()) == ()
    assert detector.passes == 1 + 4
    detector = BarDetector()
    assert detector.detect(bars(size=(300, WIDTH))) == ()
    assert detector.passes == 1


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (3000, 20)])
def test_a_strip_is_processed_in_tiles(size):
    detector = BarDetector()
    assert detector.detect(bars(size=size)) == ()
    assert detector.passes == 1 + 2


class FixedDetector(KeyDetector):
    """A network with the same outputs for any image."""

    digest = "fixed"

    def __init__(self, outputs):
        self.outputs, self._refiner = outputs, None

    def dense_outputs(self, image):
        return self.outputs


def test_detections_have_plain_values_and_a_threshold():
    outputs = scene(((60, 80), (300, 200), 40), score=0.7)
    photo = Photo(np.zeros((HEIGHT, WIDTH, 3), np.uint8), WIDTH, HEIGHT, "array")
    (key,) = FixedDetector(outputs).detect(photo)
    assert type(key.score) is type(key.width) is type(key.occlusion) is float
    assert key.remote is False
    assert FixedDetector(outputs).detect(photo, 0.71) == ()
