"""Tests of web/src/core: what the app makes of pixels is what Python makes of them."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from app_build import WEB, Core, field, models, picture
from keykind.core.geometry import rectangle_along
from keykind.core.kinds import KINDS
from keykind.dataset.bundled import bundled_photos
from keykind.detect import detector, postprocess
from keykind.detect.align import crop_around
from keykind.detect.crops import ENOUGH
from keykind.detect.detector import KeyDetector, fit, load_detector
from keykind.model import shipped
from keykind.model.card import SIZE
from keykind.model.gradcam import overlay
from keykind.model.model import unpack
from keykind.photo import decode
from keykind.photo.decode import Photo
from tiny_model import CARD, tiny_bytes

FILTERS = {
    "BILINEAR": Image.Resampling.BILINEAR,
    "BOX": Image.Resampling.BOX,
    "BICUBIC": Image.Resampling.BICUBIC,
}
SIZES = [((640, 480), (256, 192)), ((301, 77), (224, 224)), ((90, 130), (224, 224)), ((256, 256), (64, 256))]


@pytest.fixture(scope="module")
def core():
    core = Core()
    yield core
    core.close()


def noisy(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def samples(step=10):
    return sorted(bundled_photos().glob("test/*/*.jpg"))[::step]


def told_fields(keys, seed=0):
    """Return what a network could say of lines from head to tip: covered, the ends named with some noise."""
    rng = np.random.default_rng(seed)
    grid, side, stride = postprocess.GRID, postprocess.SIDE, postprocess.STRIDE
    fields = rng.uniform(0, 0.2, (grid, grid, len(postprocess.FIELDS))).astype(np.float32)
    centres = (np.stack(np.meshgrid(np.arange(grid), np.arange(grid)), axis=-1) + 0.5) * stride
    for head, tip in np.array(keys, float):
        along = (tip - head) / np.linalg.norm(tip - head)
        there = (centres - head) @ along
        off = np.abs((centres - head) @ np.array([-along[1], along[0]]))
        far = np.linalg.norm(tip - head)
        inside = (there > 0) & (there < far) & (off < np.where(there < far / 3, 20, 9))
        fields[inside, postprocess.KEY] = rng.uniform(0.6, 1, inside.sum())
        fields[inside & (there > far / 3), postprocess.BLADE] = 0.9
        for peak, place in (("centre", (head + tip) / 2), ("head", head), ("tip", tip)):
            which = postprocess.FIELDS.index(peak)
            near = np.exp(-(((centres - place) ** 2).sum(axis=-1)) / 50)
            fields[..., which] = np.maximum(fields[..., which], near)
        ways = np.concatenate([head - centres, tip - centres], axis=-1).reshape(grid, grid, 2, 2) / side
        long = np.maximum(np.linalg.norm(ways, axis=-1, keepdims=True), 1e-9)
        ends = (ways * np.minimum(1, postprocess.REACH / long)).reshape(grid, grid, 4)
        fields[inside, postprocess.ENDS] = (ends + rng.normal(0, 0.01, ends.shape))[inside]
    return fields


def same_keys(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one["score"] == pytest.approx(other.score, abs=1e-5)
        assert one["occluded"] == pytest.approx(other.occluded, abs=1e-5)
        assert one["cutOff"] == pytest.approx(other.cut_off, abs=1e-5)
        for place in ("head", "tip", "box"):
            np.testing.assert_allclose(one[place], getattr(other, place), atol=0.02)
        mask = np.frombuffer(base64.b64decode(one["mask"]["data"]), np.uint8)
        differing = mask.reshape(one["mask"]["height"], one["mask"]["width"]) != other.mask
        assert differing.mean() < 1e-4


class ToldFields(KeyDetector):
    """A detector whose network says what it was told, look by look."""

    def __init__(self, *fields):
        self.left = list(fields)

    def fields(self, picture):
        return self.left.pop(0)


def test_the_constants_are_those_of_python():
    script = WEB / "scripts" / "constants.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_constants_name_every_number_of_the_detector(core):
    told = core.constants()
    assert told["postprocess"]["COVERED"] == postprocess.COVERED
    assert told["detector"]["SCORE_THRESHOLD"] == detector.SCORE_THRESHOLD
    assert [kind["name"] for kind in told["kinds"]] == [kind.name for kind in KINDS]


def test_halves_are_rounded_to_the_even_number(core):
    values = [0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 7.0, -3.7]
    assert core.roundEven(values) == [round(value) for value in values]


def test_percentiles_are_those_of_numpy(core):
    values = np.random.default_rng(0).normal(0, 1, 101).tolist()
    for some in (values, values[:4], values[:1]):
        np.testing.assert_allclose(
            core.percentile(some, [1, 50, 99]), np.percentile(some, [1, 50, 99]), rtol=1e-12
        )


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(("old", "new"), SIZES)
def test_pictures_are_resized_as_pillow_does_it(core, name, old, new):
    pixels = noisy(*old)
    ours = picture(core.resize(pixels, *new, name)).astype(int)
    theirs = np.asarray(Image.fromarray(pixels).resize(new, FILTERS[name]))
    assert np.abs(ours - theirs).max() <= 1
    assert (ours != theirs).mean() < 1e-3


@pytest.mark.parametrize("name", FILTERS)
def test_fields_are_resized_as_pillow_does_it(core, name):
    values = np.random.default_rng(1).normal(0, 1, (7, 9)).astype(np.float32)
    ours = field(core.resizeField(values, [9, 7], [120, 50], name), 50, 120)
    theirs = np.asarray(Image.fromarray(values).resize((120, 50), FILTERS[name]))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_pictures_are_reduced_as_pillow_does_it(core, factor):
    pixels = noisy(131, 66)
    ours = picture(core.reduce(pixels, factor))
    np.testing.assert_array_equal(ours, np.asarray(Image.fromarray(pixels).reduce(factor)))


def test_pictures_are_turned_as_pillow_does_it(core):
    pixels = noisy(90, 60)
    matrix = (0.3, -0.2, 5.0, 0.25, 0.31, -20.0)
    ours = picture(core.transform(pixels, 200, matrix, 128)).astype(int)
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
def test_photos_are_fitted_as_python_does_it(core, size):
    pixels = noisy(*size)
    ours = picture(core.fit(pixels)).astype(int)
    assert np.abs(ours - fit(pixels)[0]).max() <= 1


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (961, 960), (959, 2000), (100, 90)])
def test_jpegs_are_read_at_the_scale_at_which_pillow_reads_them(core, size, tmp_path):
    path = tmp_path / "photo.jpg"
    Image.new("RGB", size).save(path)
    read = decode.read(path, at_least=480).pixels
    factor = core.draftOf(*size, 480)
    assert [-(-side // factor) for side in size[::-1]] == list(read.shape[:2])


SCENES = {
    "one": [((40, 60), (200, 150))],
    "crossing": [((40, 60), (200, 150)), ((60, 180), (190, 70))],
    "small": [((30, 30), (60, 40)), ((200, 30), (230, 40)), ((100, 200), (130, 190))],
    "none": [],
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("seed", range(3))
def test_keys_are_told_apart_as_python_does_it(core, scene, seed):
    fields = told_fields(SCENES[scene], seed)
    theirs = postprocess.separate(fields, (192, 256), 2.5, 0.1)
    assert bool(theirs) == bool(SCENES[scene])
    same_keys(core.separate(fields, [256, 192], 2.5, 0.1), theirs)


def test_keys_in_photos_are_told_apart_as_python_does_it(core):
    finder_ = load_detector(models() / shipped.DETECTOR)
    told = 0
    for path in samples(6):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        fields = finder_.fields(fit(pixels)[0])
        theirs = postprocess.separate(fields, (200, 256), 1.5, 0.2)
        same_keys(core.separate(fields, [256, 200], 1.5, 0.2), theirs)
        told += len(theirs)
    assert told > 10


def test_a_picture_and_what_is_said_of_it_are_mirrored_along_the_diagonal(core):
    pixels, fields = noisy(30, 20), told_fields(SCENES["crossing"])
    np.testing.assert_array_equal(picture(core.acrossDiagonal(pixels)), pixels.transpose(1, 0, 2))
    mirrored = field(core.transposed(fields), *fields.shape)
    np.testing.assert_array_equal(mirrored, postprocess.transposed(fields))


@pytest.mark.parametrize("hidden", [0.1, 0.6])
def test_a_hidden_key_keeps_the_ends_that_are_named(core, hidden):
    fields = told_fields([((40, 60), (200, 150))])
    fields[..., postprocess.HIDDEN] = hidden
    fields[30:, :, postprocess.KEY] = 0
    same_keys(core.separate(fields, [256, 256], 1, 0), postprocess.separate(fields, (256, 256), 1, 0))


@pytest.mark.parametrize("scene", ["small", "none", "one", "crossing"])
def test_photos_are_looked_at_as_often_as_python_does_it(core, scene):
    looks = [told_fields(SCENES[scene])]
    looks += [told_fields([((60 + 9 * n, 60), (150, 90 + 7 * n))], n) for n in range(40)]
    pixels = noisy(700, 500)
    finder_ = ToldFields(*looks)
    theirs = finder_.find(Photo(pixels, 1400, 1000, "JPEG"))
    assert (len(finder_.left) == len(looks) - 1) is (scene == "one")
    same_keys(core.find(pixels, 1400, 1000, looks), theirs)


def test_crops_are_cut_as_python_does_it(core):
    rng = np.random.default_rng(3)
    for path in samples(20):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        size = np.array(pixels.shape[1::-1], float)
        head, tip = size * rng.uniform(0.1, 0.4, 2), size * rng.uniform(0.5, 0.9, 2)
        points = np.concatenate([head + rng.normal(0, 15, (5, 2)), tip + rng.normal(0, 15, (5, 2))])
        box = rectangle_along(points, tip - head)
        cut = crop_around(head, tip, box)
        ours = core.cutAround(head.tolist(), tip.tolist(), box.tolist())
        np.testing.assert_allclose(ours["middle"], cut.middle)
        assert ours["width"] == pytest.approx(cut.width)
        for ratio, scaled in ((1.0, pixels), (2.0, np.repeat(np.repeat(pixels, 2, 0), 2, 1))):
            crop = picture(core.takenFrom(ours, scaled, ratio, 224)).astype(int)
            assert np.abs(crop - cut.taken_from(scaled, ratio)).max() <= 1
        shown = picture(core.shownFrom(ours, pixels, 1, 150)).astype(int)
        assert np.abs(shown - cut.shown_from(pixels, 1, 150)).max() <= 1


def test_heat_maps_are_drawn_as_python_does_it(core):
    pixels = noisy(300, 150)
    class_map = np.random.default_rng(0).gamma(1, 1, (7, 7)).astype(np.float32)
    ours = picture(core.overlay(pixels, class_map)).astype(int)
    assert np.abs(ours - overlay(pixels, class_map)).max() <= 1


def test_an_empty_map_is_not_drawn(core):
    with pytest.raises(RuntimeError, match="no place speaks"):
        core.overlay(noisy(20, 20), np.zeros((7, 7), np.float32))


def test_a_model_file_is_read_as_python_reads_it(core):
    data = tiny_bytes(crop="key", confidence_threshold=0.6)
    flatbuffer, card = unpack(data, "tiny")
    read = core.readModel(data)
    assert read["length"] == len(flatbuffer)
    assert read["card"]["kinds"] == list(card.kinds)
    assert read["card"]["crop"] == "key"
    assert read["card"]["leastProbability"] == 0.6
    assert read["card"]["mostNovelty"] == card.ood_threshold


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
    ("probabilities", "novelty", "is_key", "kind"),
    [
        ([0.1, 0.7, 0.1, 0.1], 0.2, True, "dimple"),
        ([0.3, 0.4, 0.2, 0.1], 0.2, True, None),
        ([0.1, 0.7, 0.1, 0.1], 1000.5, False, None),
        ([0.1, 0.7, 0.1, 0.1], None, True, "dimple"),
        ([-0.004, 1.002, 0, 0], 0.2, True, "dimple"),
    ],
)
def test_an_answer_is_judged_as_python_judges_it(core, probabilities, novelty, is_key, kind):
    card = {
        "kinds": CARD.kinds,
        "leastProbability": CARD.confidence_threshold,
        "mostNovelty": CARD.ood_threshold,
    }
    said = core.judge({"probabilities": probabilities, "maps": None, "novelty": novelty}, card)
    assert said["isKey"] is is_key
    assert said["kind"] == kind
    assert said["best"] == "dimple"
    assert said["probability"] == min(max(probabilities), 1)
    assert [one["probability"] for one in said["probabilities"]] == sorted(
        (min(max(value, 0), 1) for value in probabilities), reverse=True
    )


KEY = {"head": [40, 112], "tip": [240, 112], "box": [[40, 82], [240, 82], [240, 142], [40, 142]]}
CUT = {"middle": [140, 112], "along": [1, 0], "width": 280}


def a_key(**changes):
    """Return a key as the detector tells it: 200 px long, 60 wide, all of it seen."""
    data = np.zeros((56, 70), np.uint8)
    data[20:36, 10:60] = 1
    mask = {"data": data.ravel(), "width": 70, "height": 56}
    return {"score": 0.9, "occluded": 0.1, "cutOff": 0.1, "mask": mask, "scale": 4, **KEY, **changes}


def a_crop(change=lambda image: image):
    """Return a crop of a key that is rendered well, after a change."""
    path = bundled_photos() / "test" / "dimple" / "dimple-00.jpg"
    with Image.open(path) as photo:
        crop = photo.convert("RGB").crop((90, 90, 210, 270)).rotate(80, expand=True).resize((224, 224))
        return np.asarray(change(crop))


def with_glare(crop):
    shiny = np.array(crop)
    shiny[100:124, 60:120] = 255
    return Image.fromarray(shiny)


BLUR = ImageFilter.GaussianBlur(4)
CAUSES = {
    "nothing": ([], {}, {}, lambda crop: crop),
    "a part that is hidden": (["hidden"], {"occluded": 0.4}, {}, lambda crop: crop),
    "a part that is outside": (["hidden"], {"cutOff": 0.4}, {}, lambda crop: crop),
    "few pixels": (["small"], {}, {"width": 150}, lambda crop: crop),
    "little light": (["dark"], {}, {}, lambda crop: crop.point(lambda level: level // 5)),
    "mirrored light": (["glare"], {}, {}, with_glare),
    "motion": (["blurred"], {}, {}, lambda crop: crop.filter(BLUR)),
    "a key seen from its edge": (
        ["edge"],
        {"box": [[40, 102], [240, 102], [240, 122], [40, 122]]},
        {},
        lambda crop: crop,
    ),
    "a key that is slanted": (["slanted"], {"head": [107, 112], "tip": [173, 112]}, {}, lambda crop: crop),
}


@pytest.mark.parametrize("name", CAUSES)
def test_what_makes_the_model_unsure_is_measured_in_the_picture(core, name):
    causes, key, cut, change = CAUSES[name]
    found = a_key(**key)
    measures = core.measure(a_crop(change), CUT | cut, found)
    assert core.causesOf(measures) == causes


def test_the_measures_are_what_they_are_called(core):
    grey = np.full((224, 224, 3), 51, np.uint8)
    measures = core.measure(grey, CUT, a_key())
    assert measures["dark"] == pytest.approx(0.2, abs=1e-6)
    assert measures["glare"] == measures["blurred"] == 0
    assert measures["small"] == 280
    assert measures["edge"] == measures["slanted"] == pytest.approx(0.3)
    assert measures["hidden"] == pytest.approx(0.1)


def test_the_sharpness_is_the_variance_of_the_laplacian_by_that_of_the_grey(core):
    noise = noisy(224, 224)
    measures = core.measure(noise, None, None)
    grey = noise @ np.array([0.299, 0.587, 0.114])
    inner = grey[1:-1, 1:-1]
    bends = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    assert measures["blurred"] == pytest.approx(bends.var() / grey.var(), rel=1e-4)
    assert measures["small"] is measures["edge"] is measures["hidden"] is None


def test_limits_that_python_has_are_those_of_python(core):
    limits = core.limits()
    assert limits["hidden"] == postprocess.HIDES
    assert limits["small"] == ENOUGH * SIZE


def test_good_photos_are_seldom_beyond_a_limit(core):
    """What is measured of keys in good photos is no cause of anything: else the advice would be wrong."""
    sys.path.append(str(WEB.parent / "benchmarks"))
    from app_limits import measured, shares

    beyond = shares(core, list(measured(core)))
    assert {name: share for name, share in beyond.items() if share > 0.05 and name != "small"} == {}


def test_only_what_is_outside_the_mask_is_left_out_of_the_measures(core):
    crop = np.full((224, 224, 3), 255, np.uint8)
    # The mask covers 40 to 240 px along and 80 to 144 px across, of a cut from 0 to 280 and from 42 to 182.
    crop[round((80 - 42) / 140 * 224) - 2 : round((144 - 42) / 140 * 224) + 2] = 100
    measures = core.measure(crop, CUT, a_key())
    assert measures["glare"] == 0
    assert measures["dark"] == pytest.approx(100 / 255, abs=1e-6)


def test_a_key_is_looked_at_mirrored_along_its_axis_too(core):
    crop = noisy(224, 224)
    answer = core.answerTo(crop, 3)
    squares = crop[..., 0].reshape(7, 32, 7, 32).mean(axis=(1, 3))  # what both views say of each place
    maps = np.array(answer["maps"]).reshape(7, 7, 3)
    np.testing.assert_allclose(maps[..., 0], squares, rtol=1e-4)
    upper = [half.ravel()[:24].sum() for half in (squares, squares[::-1])]
    assert answer["probabilities"][0] == pytest.approx(np.mean(upper), rel=1e-4)
    assert answer["novelty"] == pytest.approx(np.mean(upper) / 2, rel=1e-4)


CARD_OF_APP = {"kinds": list(CARD.kinds), "leastProbability": 0.5, "mostNovelty": None}


def glimpse(x, *probabilities, causes=("dark",)):
    answer = {"probabilities": list(probabilities), "maps": None, "novelty": None}
    return {"ends": [x, 0, x + 100, 0], "answer": answer, "causes": list(causes)}


def test_an_answer_settles_over_frames_and_a_key_that_goes_is_forgotten(core):
    tracks = core.track([], [glimpse(0, 0.9, 0.1, 0, 0)], CARD_OF_APP)
    for frame in range(2, 5):
        tracks = core.track(tracks, [glimpse(3 * frame, 0.9, 0.1, 0, 0)], CARD_OF_APP)
        assert tracks[0]["frames"] == frame
    tracks = core.track(tracks, [glimpse(15, 0.1, 0.9, 0, 0)], CARD_OF_APP)
    assert tracks[0]["verdict"]["kind"] == "cylinder"  # one frame does not turn it
    assert tracks[0]["causes"] == []
    for _ in range(3):
        tracks = core.track(tracks, [glimpse(15, 0.1, 0.9, 0, 0)], CARD_OF_APP)
    assert tracks[0]["verdict"]["kind"] == "dimple"
    assert core.track(tracks, [], CARD_OF_APP) == []


def test_keys_side_by_side_keep_their_own_answers(core):
    frames = [glimpse(0, 0.9, 0.1, 0, 0), glimpse(300, 0, 0, 0.3, 0.4)]
    tracks = core.track([], frames, CARD_OF_APP)
    tracks = core.track(tracks, frames[::-1], CARD_OF_APP)
    assert [track["verdict"]["kind"] for track in tracks] == [None, "cylinder"]
    assert [track["frames"] for track in tracks] == [2, 2]
    assert [track["causes"] for track in tracks] == [["dark"], []]


def test_the_lock_file_names_no_address():
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def test_every_part_of_the_app_says_what_goes_in_and_out():
    for path in Path(WEB / "src").rglob("*.ts"):
        text = path.read_text("utf-8")
        assert all(word in text[:1500] for word in (" * In: ", " * Out: ", " * Needs: ")), path.name
