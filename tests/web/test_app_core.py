"""Tests of web/src/core: the app computes the same results as Python."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from app_build import WEB, Core, build_core, decode_array, decode_image, models
from keykind.core.geometry import oriented_rectangle
from keykind.dataset.bundled import bundled_photos
from keykind.detect import detector, postprocess
from keykind.detect.align import crop_around
from keykind.detect.crops import MIN_RESOLUTION
from keykind.detect.detector import KeyDetector, letterbox, load_detector
from keykind.model import shipped
from keykind.model.card import SIZE
from keykind.model.gradcam import overlay
from keykind.model.model import unpack
from keykind.photo import decode
from keykind.photo.decode import Photo
from once import once
from tiny_model import CARD, tiny_bytes

FILTERS = {
    "BILINEAR": Image.Resampling.BILINEAR,
    "BOX": Image.Resampling.BOX,
    "BICUBIC": Image.Resampling.BICUBIC,
}
SIZES = [((640, 480), (256, 192)), ((301, 77), (224, 224)), ((90, 130), (224, 224)), ((256, 256), (64, 256))]


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    core = Core(once(tmp_path_factory, "core", build_core))
    yield core
    core.close()


def noisy(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def bundled_sample(step):
    return sorted(bundled_photos().glob("test/*/*.jpg"))[::step]


def synthetic_outputs(keys, seed=0):
    """Return what the network could output for keys given as (head, tip), with noise in the offsets."""
    rng = np.random.default_rng(seed)
    grid, side, stride = postprocess.GRID, postprocess.SIDE, postprocess.STRIDE
    outputs = rng.uniform(0, 0.2, (grid, grid, len(postprocess.OUTPUTS))).astype(np.float32)
    centres = (np.stack(np.meshgrid(np.arange(grid), np.arange(grid)), axis=-1) + 0.5) * stride
    for head, tip in np.array(keys, float):
        length = np.linalg.norm(tip - head)
        axis = (tip - head) / length
        along = (centres - head) @ axis
        across = np.abs((centres - head) @ np.array([-axis[1], axis[0]]))
        inside = (along > 0) & (along < length) & (across < np.where(along < length / 3, 20, 9))
        outputs[inside, postprocess.KEY] = rng.uniform(0.6, 1, inside.sum())
        outputs[inside & (along > length / 3), postprocess.BLADE] = 0.9
        for name, point in (("centre", (head + tip) / 2), ("head", head), ("tip", tip)):
            channel = postprocess.OUTPUTS.index(name)
            heatmap = np.exp(-(((centres - point) ** 2).sum(axis=-1)) / 50)
            outputs[..., channel] = np.maximum(outputs[..., channel], heatmap)
        offsets = np.concatenate([head - centres, tip - centres], axis=-1).reshape(grid, grid, 2, 2) / side
        lengths = np.maximum(np.linalg.norm(offsets, axis=-1, keepdims=True), 1e-9)
        offsets = (offsets * np.minimum(1, postprocess.MAX_OFFSET / lengths)).reshape(grid, grid, 4)
        outputs[inside, postprocess.OFFSETS] = (offsets + rng.normal(0, 0.01, offsets.shape))[inside]
    return outputs


def assert_same_keys(ours, theirs):
    assert len(ours) == len(theirs)
    for key, expected in zip(ours, theirs, strict=True):
        assert key["score"] == pytest.approx(expected.score, abs=1e-5)
        assert key["occlusion"] == pytest.approx(expected.occlusion, abs=1e-5)
        assert key["truncation"] == pytest.approx(expected.truncation, abs=1e-5)
        for name in ("head", "tip", "box"):
            np.testing.assert_allclose(key[name], getattr(expected, name), atol=0.02)
        mask = np.frombuffer(base64.b64decode(key["mask"]["data"]), np.uint8)
        differs = mask.reshape(key["mask"]["height"], key["mask"]["width"]) != expected.mask
        assert differs.mean() < 1e-4


class ReplayDetector(KeyDetector):
    """A detector whose n-th run returns the n-th of the given outputs."""

    def __init__(self, *outputs):
        self.remaining = list(outputs)

    def dense_outputs(self, image):
        return self.remaining.pop(0)


def test_constants_are_up_to_date():
    script = WEB / "scripts" / "constants.py"
    completed = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr


def test_constants_include_the_detectors_thresholds(core):
    constants = core.constants()
    assert constants["postprocess"]["MASK_THRESHOLD"] == postprocess.MASK_THRESHOLD
    assert constants["detector"]["SCORE_THRESHOLD"] == detector.SCORE_THRESHOLD


def test_halves_round_to_even_as_in_python(core):
    values = [0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 7.0, -3.7]
    assert core.roundEven(values) == [round(value) for value in values]


def test_percentiles_equal_numpys(core):
    values = np.random.default_rng(0).normal(0, 1, 101).tolist()
    for sample in (values, values[:4], values[:1]):
        np.testing.assert_allclose(
            core.percentile(sample, [1, 50, 99]), np.percentile(sample, [1, 50, 99]), rtol=1e-12
        )


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(("old", "new"), SIZES)
def test_images_are_resized_as_by_pillow(core, name, old, new):
    pixels = noisy(*old)
    ours = decode_image(core.resize(pixels, *new, name)).astype(int)
    theirs = np.asarray(Image.fromarray(pixels).resize(new, FILTERS[name]))
    assert np.abs(ours - theirs).max() <= 1
    assert (ours != theirs).mean() < 1e-3


@pytest.mark.parametrize("name", FILTERS)
def test_float_arrays_are_resized_as_by_pillow(core, name):
    values = np.random.default_rng(1).normal(0, 1, (7, 9)).astype(np.float32)
    ours = decode_array(core.resizeArray(values, [9, 7], [120, 50], name), 50, 120)
    theirs = np.asarray(Image.fromarray(values).resize((120, 50), FILTERS[name]))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_images_are_reduced_as_by_pillow(core, factor):
    pixels = noisy(131, 66)
    ours = decode_image(core.reduce(pixels, factor))
    np.testing.assert_array_equal(ours, np.asarray(Image.fromarray(pixels).reduce(factor)))


def test_images_are_transformed_as_by_pillow(core):
    pixels = noisy(90, 60)
    matrix = (0.3, -0.2, 5.0, 0.25, 0.31, -20.0)
    ours = decode_image(core.transform(pixels, 200, matrix, 128)).astype(int)
    theirs = Image.fromarray(pixels).transform(
        (200, 200),
        Image.Transform.AFFINE,
        matrix,
        Image.Resampling.BILINEAR,
        fillcolor=(128, 128, 128),
    )
    assert np.abs(ours - np.asarray(theirs)).max() <= 1
    assert (ours != np.asarray(theirs)).mean() < 1e-3


@pytest.mark.parametrize("size", [(640, 480), (480, 641), (100, 30), (256, 256), (1000, 3)])
def test_photos_are_letterboxed_as_in_python(core, size):
    pixels = noisy(*size)
    ours = decode_image(core.letterbox(pixels)).astype(int)
    assert np.abs(ours - letterbox(pixels)[0]).max() <= 1


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (961, 960), (959, 2000), (100, 90)])
def test_jpegs_are_read_at_the_scale_that_pillow_chooses(core, size, tmp_path):
    path = tmp_path / "photo.jpg"
    Image.new("RGB", size).save(path)
    pixels = decode.read_photo(path, min_side=480).pixels
    factor = core.draftFactor(*size, 480)
    assert [-(-side // factor) for side in size[::-1]] == list(pixels.shape[:2])


SCENES = {
    "one": [((40, 60), (200, 150))],
    "crossing": [((40, 60), (200, 150)), ((60, 180), (190, 70))],
    "small": [((30, 30), (60, 40)), ((200, 30), (230, 40)), ((100, 200), (130, 190))],
    "none": [],
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("seed", range(3))
def test_outputs_are_decoded_as_in_python(core, scene, seed):
    outputs = synthetic_outputs(SCENES[scene], seed)
    theirs = postprocess.decode(outputs, (192, 256), 2.5, 0.1)
    assert bool(theirs) == bool(SCENES[scene])
    assert_same_keys(core.decode(outputs, [256, 192], 2.5, 0.1), theirs)


def test_outputs_for_photos_are_decoded_as_in_python(core):
    key_detector = load_detector(models() / shipped.DETECTOR)
    count = 0
    for path in bundled_sample(6):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        outputs = key_detector.dense_outputs(letterbox(pixels)[0])
        theirs = postprocess.decode(outputs, (200, 256), 1.5, 0.2)
        assert_same_keys(core.decode(outputs, [256, 200], 1.5, 0.2), theirs)
        count += len(theirs)
    assert count > 10


def test_images_and_outputs_are_transposed_as_in_python(core):
    pixels, outputs = noisy(30, 20), synthetic_outputs(SCENES["crossing"])
    np.testing.assert_array_equal(decode_image(core.transposeImage(pixels)), pixels.transpose(1, 0, 2))
    transposed = decode_array(core.transposeOutputs(outputs), *outputs.shape)
    np.testing.assert_array_equal(transposed, postprocess.transpose_outputs(outputs))


@pytest.mark.parametrize("hidden", [0.1, 0.6])
def test_an_occluded_key_keeps_its_predicted_keypoints(core, hidden):
    outputs = synthetic_outputs([((40, 60), (200, 150))])
    outputs[..., postprocess.HIDDEN] = hidden
    outputs[30:, :, postprocess.KEY] = 0
    assert_same_keys(core.decode(outputs, [256, 256], 1, 0), postprocess.decode(outputs, (256, 256), 1, 0))


@pytest.mark.parametrize("scene", ["small", "none", "one", "crossing"])
def test_photos_are_processed_in_as_many_passes_as_in_python(core, scene):
    passes = [synthetic_outputs(SCENES[scene])]
    passes += [synthetic_outputs([((60 + 9 * n, 60), (150, 90 + 7 * n))], n) for n in range(40)]
    pixels = noisy(700, 500)
    replay = ReplayDetector(*passes)
    theirs = replay.detect(Photo(pixels, 1400, 1000, "JPEG"))
    assert (len(replay.remaining) == len(passes) - 1) is (scene == "one")
    assert_same_keys(core.detectKeys(pixels, 1400, 1000, passes), theirs)


def test_crops_are_extracted_as_in_python(core):
    rng = np.random.default_rng(3)
    for path in bundled_sample(20):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        size = np.array(pixels.shape[1::-1], float)
        head, tip = size * rng.uniform(0.1, 0.4, 2), size * rng.uniform(0.5, 0.9, 2)
        points = np.concatenate([head + rng.normal(0, 15, (5, 2)), tip + rng.normal(0, 15, (5, 2))])
        box = oriented_rectangle(points, tip - head)
        region = crop_around(head, tip, box)
        ours = core.cropAround(head.tolist(), tip.tolist(), box.tolist())
        np.testing.assert_allclose(ours["centre"], region.centre)
        assert ours["width"] == pytest.approx(region.width)
        for scale, scaled in ((1.0, pixels), (2.0, np.repeat(np.repeat(pixels, 2, 0), 2, 1))):
            crop = decode_image(core.extract(ours, scaled, scale, 224)).astype(int)
            assert np.abs(crop - region.extract(scaled, scale)).max() <= 1
        unstretched = decode_image(core.extractUnstretched(ours, pixels, 1, 150)).astype(int)
        assert np.abs(unstretched - region.extract_unstretched(pixels, 1, 150)).max() <= 1


def test_heat_maps_are_drawn_as_in_python(core):
    pixels = noisy(300, 150)
    class_map = np.random.default_rng(0).gamma(1, 1, (7, 7)).astype(np.float32)
    ours = decode_image(core.overlay(pixels, class_map)).astype(int)
    assert np.abs(ours - overlay(pixels, class_map)).max() <= 1


def test_an_empty_map_is_not_drawn(core):
    with pytest.raises(RuntimeError, match="no evidence"):
        core.overlay(noisy(20, 20), np.zeros((7, 7), np.float32))


def test_a_model_file_is_read_as_in_python(core):
    data = tiny_bytes(crop="key", confidence_threshold=0.6)
    flatbuffer, card = unpack(data, "tiny")
    model = core.readModel(data)
    assert model["length"] == len(flatbuffer)
    assert model["card"]["kinds"] == list(card.kinds)
    assert model["card"]["crop"] == "key"
    assert model["card"]["confidenceThreshold"] == 0.6
    assert model["card"]["oodThreshold"] == card.ood_threshold


DAMAGES = {
    "cut off": lambda data: data[:-9],
    "changed": lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
    "no card": lambda data: unpack(data, "tiny")[0],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_file_is_refused(core, damage):
    with pytest.raises(RuntimeError, match="model file"):
        core.readModel(DAMAGES[damage](tiny_bytes()))


@pytest.mark.parametrize(
    ("probabilities", "ood_score", "is_key", "kind"),
    [
        ([0.1, 0.7, 0.1, 0.1], 0.2, True, "dimple"),
        ([0.3, 0.4, 0.2, 0.1], 0.2, True, None),
        ([0.1, 0.7, 0.1, 0.1], 1000.5, False, None),
        ([0.1, 0.7, 0.1, 0.1], None, True, "dimple"),
        ([-0.004, 1.002, 0, 0], 0.2, True, "dimple"),
    ],
)
def test_a_verdict_follows_the_thresholds_of_the_card(core, probabilities, ood_score, is_key, kind):
    card = {
        "kinds": CARD.kinds,
        "confidenceThreshold": CARD.confidence_threshold,
        "oodThreshold": CARD.ood_threshold,
    }
    outputs = {"probabilities": probabilities, "maps": None, "oodScore": ood_score}
    verdict = core.verdictOf(outputs, card)
    assert verdict["isKey"] is is_key
    assert verdict["kind"] == kind
    assert verdict["best"] == "dimple"
    assert verdict["probability"] == min(max(probabilities), 1)
    assert [entry["probability"] for entry in verdict["probabilities"]] == sorted(
        (min(max(value, 0), 1) for value in probabilities), reverse=True
    )


KEY = {"head": [40, 112], "tip": [240, 112], "box": [[40, 82], [240, 82], [240, 142], [40, 142]]}
REGION = {"centre": [140, 112], "axis": [1, 0], "width": 280}


def detection(**changes):
    """Return a detection 200 px long and 60 px wide, almost entirely visible."""
    data = np.zeros((56, 70), np.uint8)
    data[20:36, 10:60] = 1
    mask = {"data": data.ravel(), "width": 70, "height": 56}
    return {"score": 0.9, "occlusion": 0.1, "truncation": 0.1, "mask": mask, "scale": 4, **KEY, **changes}


def good_crop(change=lambda image: image):
    """Return a crop of a well-lit, sharp key, after a change."""
    path = bundled_photos() / "test" / "dimple" / "dimple-00.jpg"
    with Image.open(path) as photo:
        crop = photo.convert("RGB").crop((90, 90, 210, 270)).rotate(80, expand=True).resize((224, 224))
        return np.asarray(change(crop))


def with_glare(crop):
    pixels = np.array(crop)
    pixels[100:124, 60:120] = 255
    return Image.fromarray(pixels)


BLUR = ImageFilter.GaussianBlur(4)
CAUSES = {
    "none": ([], {}, {}, lambda crop: crop),
    "occlusion": (["hidden"], {"occlusion": 0.4}, {}, lambda crop: crop),
    "truncation": (["hidden"], {"truncation": 0.4}, {}, lambda crop: crop),
    "low resolution": (["small"], {}, {"width": 150}, lambda crop: crop),
    "darkness": (["dark"], {}, {}, lambda crop: crop.point(lambda level: level // 5)),
    "glare": (["glare"], {}, {}, with_glare),
    "blur": (["blurred"], {}, {}, lambda crop: crop.filter(BLUR)),
    "a key seen edge-on": (
        ["edge"],
        {"box": [[40, 102], [240, 102], [240, 122], [40, 122]]},
        {},
        lambda crop: crop,
    ),
    "a key seen at an angle": (["slanted"], {"head": [107, 112], "tip": [173, 112]}, {}, lambda crop: crop),
}


@pytest.mark.parametrize("name", CAUSES)
def test_causes_are_measured_in_the_crop(core, name):
    causes, key, region, change = CAUSES[name]
    measurements = core.measure(good_crop(change), REGION | region, detection(**key))
    assert core.causesOf(measurements) == causes


def test_measurements_have_their_documented_meaning(core):
    grey = np.full((224, 224, 3), 51, np.uint8)
    measurements = core.measure(grey, REGION, detection())
    assert measurements["dark"] == pytest.approx(0.2, abs=1e-6)
    assert measurements["glare"] == measurements["blurred"] == 0
    assert measurements["small"] == 280
    assert measurements["edge"] == measurements["slanted"] == pytest.approx(0.3)
    assert measurements["hidden"] == pytest.approx(0.1)


def test_sharpness_is_the_relative_variance_of_the_laplacian(core):
    noise = noisy(224, 224)
    measurements = core.measure(noise, None, None)
    grey = noise @ np.array([0.299, 0.587, 0.114])
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    assert measurements["blurred"] == pytest.approx(laplacian.var() / grey.var(), rel=1e-4)
    assert measurements["small"] is measurements["edge"] is measurements["hidden"] is None


def test_limits_that_python_has_are_pythons(core):
    limits = core.limits()
    assert limits["hidden"] == postprocess.OCCLUSION_LIMIT
    assert limits["small"] == MIN_RESOLUTION * SIZE


def test_good_photos_are_seldom_beyond_a_limit(core):
    """Otherwise users with good photos would get wrong advice."""
    sys.path.append(str(WEB.parent / "benchmarks"))
    from app_limits import measure_keys, shares_beyond

    beyond = shares_beyond(core, list(measure_keys(core)))
    assert {name: share for name, share in beyond.items() if share > 0.05 and name != "small"} == {}


def test_only_pixels_inside_the_mask_are_measured(core):
    crop = np.full((224, 224, 3), 255, np.uint8)
    # The mask covers 40 to 240 px along the key and 80 to 144 px across; the region 0 to 280 and 42 to 182.
    crop[round((80 - 42) / 140 * 224) - 2 : round((144 - 42) / 140 * 224) + 2] = 100
    measurements = core.measure(crop, REGION, detection())
    assert measurements["glare"] == 0
    assert measurements["dark"] == pytest.approx(100 / 255, abs=1e-6)


def test_a_crop_is_classified_mirrored_along_its_axis_too(core):
    crop = noisy(224, 224)
    outputs = core.classifyViews(crop, 3)
    squares = crop[..., 0].reshape(7, 32, 7, 32).mean(axis=(1, 3))  # the map that both views agree on
    maps = np.array(outputs["maps"]).reshape(7, 7, 3)
    np.testing.assert_allclose(maps[..., 0], squares, rtol=1e-4)
    upper = [half.ravel()[:24].sum() for half in (squares, squares[::-1])]
    assert outputs["probabilities"][0] == pytest.approx(np.mean(upper), rel=1e-4)
    assert outputs["oodScore"] == pytest.approx(np.mean(upper) / 2, rel=1e-4)


APP_CARD = {"kinds": list(CARD.kinds), "confidenceThreshold": 0.5, "oodThreshold": None}


def frame_key(x, *probabilities, causes=("dark",)):
    outputs = {"probabilities": list(probabilities), "maps": None, "oodScore": None}
    return {"keypoints": [x, 0, x + 100, 0], "outputs": outputs, "causes": list(causes)}


def test_an_answer_settles_over_frames_and_a_missing_key_is_dropped(core):
    tracks = core.updateTracks([], [frame_key(0, 0.9, 0.1, 0, 0)], APP_CARD)
    for frame in range(2, 5):
        tracks = core.updateTracks(tracks, [frame_key(3 * frame, 0.9, 0.1, 0, 0)], APP_CARD)
        assert tracks[0]["frames"] == frame
    tracks = core.updateTracks(tracks, [frame_key(15, 0.1, 0.9, 0, 0)], APP_CARD)
    assert tracks[0]["verdict"]["kind"] == "cylinder"  # a single frame does not change it
    assert tracks[0]["causes"] == []
    for _ in range(3):
        tracks = core.updateTracks(tracks, [frame_key(15, 0.1, 0.9, 0, 0)], APP_CARD)
    assert tracks[0]["verdict"]["kind"] == "dimple"
    assert core.updateTracks(tracks, [], APP_CARD) == []


def test_keys_side_by_side_keep_their_own_answers(core):
    frames = [frame_key(0, 0.9, 0.1, 0, 0), frame_key(300, 0, 0, 0.3, 0.4)]
    tracks = core.updateTracks([], frames, APP_CARD)
    tracks = core.updateTracks(tracks, frames[::-1], APP_CARD)
    assert [track["verdict"]["kind"] for track in tracks] == [None, "cylinder"]
    assert [track["frames"] for track in tracks] == [2, 2]
    assert [track["causes"] for track in tracks] == [["dark"], []]


def test_the_lock_file_contains_no_urls():
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def test_every_module_states_its_inputs_outputs_and_needs():
    for path in Path(WEB / "src").rglob("*.ts"):
        text = path.read_text("utf-8")
        assert all(word in text[:1500] for word in (" * In: ", " * Out: ", " * Needs: ")), path.name
