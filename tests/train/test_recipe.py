"""Tests of recipe.py."""

import json
from dataclasses import asdict, fields, replace
from typing import get_args

import pytest

from keykind.core.errors import BadRecipe
from keykind.train.classifier_recipe import ClassifierRecipe
from keykind.train.recipe import (
    DEFAULT,
    RANGES,
    REPORT,
    DetectorRecipe,
    Recipe,
    RefinerRecipe,
    from_values,
    keys,
    load_recipe,
    with_fine_tuning,
    with_renders,
    with_values,
)


def write(folder, text, name="mine.toml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def nested(key, value):
    """{"detector": {"batch": 2}} for detector.batch: what TOML makes of a dotted key."""
    group, _, inner = key.rpartition(".")
    return {group: {inner: value}} if group else {key: value}


def get(recipe, key):
    for name in key.split("."):
        recipe = getattr(recipe, name)
    return recipe


def test_the_built_in_recipe_has_the_reports_parameter_count():
    hidden, kinds, channels = REPORT.units, 4, 1280
    assert (channels + 1) * hidden + (hidden + 1) * kinds == 82_244


def test_a_file_changes_its_own_keys_and_nothing_else(tmp_path):
    path = write(tmp_path, 'units = 254\nviews = ["plain", "edge"]\nflip = false\n')
    assert load_recipe(path) == replace(REPORT, name="mine", units=254, views=("plain", "edge"), flip=False)


@pytest.mark.parametrize(
    "text", ["[detector]\nbatch = 2\nviews = 64\n", "detector = {batch = 2, views = 64}"]
)
def test_a_file_sets_how_the_detector_is_trained(tmp_path, text):
    recipe = load_recipe(write(tmp_path, text))
    assert recipe == replace(REPORT, name="mine", detector=DetectorRecipe(batch=2, views=64))


def test_an_empty_file_is_the_report_under_another_name(tmp_path):
    assert load_recipe(write(tmp_path, "")) == replace(REPORT, name="mine")


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path):
    assert load_recipe(write(tmp_path, "units = 8\n".encode("utf-8-sig"))).units == 8


def test_an_integer_is_accepted_for_a_float(tmp_path):
    assert load_recipe(write(tmp_path, "zoom = 0\n")).zoom == 0


def test_a_recipe_made_in_python_is_checked_like_a_file():
    assert load_recipe(replace(DEFAULT, units=8)) == replace(DEFAULT, units=8)
    with pytest.raises(BadRecipe, match="units = 0 is outside"):
        load_recipe(replace(DEFAULT, units=0))


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("learning_rat = 0.1", "'learning_rat'.*'learning_rate'"),
        ("all_layers_smoothing = 0.1", "'all_layers_smoothing'.*'all_layers_label_smoothing'"),
        ("[detector]\nbatches = 2", r"'detector\.batches'.*'detector\.batch'"),
    ],
)
def test_a_mistyped_key_is_answered_with_the_right_one(tmp_path, text, suggestion):
    with pytest.raises(BadRecipe, match=rf"mine\.toml.*{suggestion}"):
        load_recipe(write(tmp_path, text))


def test_a_key_similar_to_no_other_is_answered_with_all_of_them():
    with pytest.raises(BadRecipe) as caught:
        from_values({"zzz": 1})
    assert all(key in str(caught.value) for key in keys())
    assert {"units", "all_layers_batch", "detector.batch"} < set(keys())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("units", True),
        ("units", 64.0),
        ("units", "64"),
        ("flip", 1),
        ("zoom", "0.1"),
        ("zoom", False),
        ("optimizer", 3),
        ("views", "plain"),
        ("views", []),
        ("views", ["plain", 1]),
        ("views", {"plain": 1}),
        ("all_layers_sizes", 224),
        ("all_layers_sizes", []),
        ("all_layers_sizes", [True]),
        ("all_layers_sizes", [224.0]),
        ("detector", 3),
        ("detector.batch", "2"),
        ("detector.hand_share", "0.3"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(key, value):
    with pytest.raises(BadRecipe) as caught:
        from_values(nested(key, value))
    assert key in str(caught.value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("key", RANGES)
def test_both_ends_of_a_range_are_accepted_and_values_beyond_are_not(key):
    in_list = isinstance(get(REPORT, key), tuple)
    for inside, outside in zip(RANGES[key], (RANGES[key][0] - 1, RANGES[key][1] + 1), strict=True):
        assert get(from_values(nested(key, [inside] if in_list else inside)), key) in (inside, (inside,))
        with pytest.raises(BadRecipe, match=rf"{key} = \[?{outside}\]? is outside"):
            from_values(nested(key, [outside] if in_list else outside))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_nan_and_infinity_are_outside_every_range(value):
    with pytest.raises(BadRecipe, match="outside"):
        from_values({"dropout": value})


def test_every_number_of_a_recipe_has_a_range():
    groups = {
        "": Recipe,
        "detector.": DetectorRecipe,
        "refiner.": RefinerRecipe,
        "classifier.": ClassifierRecipe,
    }
    numbers = {
        prefix + field.name
        for prefix, group in groups.items()
        for field in fields(group)
        if {field.type, *get_args(field.type)} & {int, float}
    }
    assert numbers == set(RANGES)


def test_sizes_that_the_network_would_pad_differently_are_refused():
    with pytest.raises(BadRecipe, match=r"all_layers_sizes = \[100\] are not all multiples of 32"):
        from_values({"all_layers_sizes": [100]})


def test_sizes_are_one_for_all_epochs_or_one_per_epoch():
    assert from_values({"all_layers_epochs": 3}).full_fine_tuning_sizes == (224, 224, 224)
    progressive = {"all_layers_epochs": 2, "all_layers_sizes": [128, 224]}
    assert from_values(progressive).full_fine_tuning_sizes == (128, 224)
    with pytest.raises(BadRecipe, match="has 2 sizes, but all_layers_epochs is 3"):
        from_values(progressive | {"all_layers_epochs": 3})


@pytest.mark.parametrize(
    ("key", "value"), [("scaling", "half"), ("optimizer", "rms"), ("views", ["plain", "edges"])]
)
def test_an_unknown_word_is_answered_with_the_known_ones(key, value):
    with pytest.raises(BadRecipe, match=f"{key} = .* is unknown; use .*, "):
        from_values({key: value})


def test_a_view_named_twice_is_refused():
    with pytest.raises(BadRecipe, match="twice"):
        from_values({"views": ["plain", "edge", "plain"]})


def test_an_unknown_built_in_is_answered_with_the_known_ones():
    with pytest.raises(BadRecipe, match=r"'?repot'?.*report.*\.toml"):
        load_recipe("repot")


@pytest.mark.parametrize("text", ["units = ", "units 64", b"name = '\xff'", "units = 1\nunits = 2"])
def test_a_file_that_is_not_toml_is_reported(tmp_path, text):
    with pytest.raises(BadRecipe, match="not valid TOML"):
        load_recipe(write(tmp_path, text))


def test_a_file_that_cannot_be_read_is_reported(tmp_path):
    with pytest.raises(BadRecipe, match=r"absent\.toml: cannot be read \(No such file"):
        load_recipe(str(tmp_path / "absent.toml"))
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(BadRecipe, match="cannot be read"):
        load_recipe(folder)


def test_fine_tuning_changes_the_number_of_layers_alone():
    recipe = from_values({"units": 8, "views": ["plain"]})
    assert asdict(with_fine_tuning(recipe, 20)) == asdict(recipe) | {"fine_tune_layers": 20}
    assert with_fine_tuning(recipe, None) == recipe


@pytest.mark.parametrize("layers", [-1, 10_001, 2.5])
def test_an_impossible_number_of_layers_is_refused(layers):
    with pytest.raises(BadRecipe, match="--fine-tune"):
        with_fine_tuning(REPORT, layers)


def test_renders_change_their_number_alone_and_need_full_fine_tuning():
    assert asdict(with_renders(DEFAULT, 400)) == asdict(DEFAULT) | {"renders": 400}
    assert with_renders(REPORT, None) == REPORT
    assert with_renders(REPORT, 0) == REPORT
    with pytest.raises(BadRecipe, match="use --recipe default"):
        with_renders(REPORT, 400)
    with pytest.raises(BadRecipe, match="outside 0 to"):
        with_renders(DEFAULT, -1)


def test_changing_one_value_of_the_detector_keeps_the_others():
    once = with_values(DEFAULT, {"detector": {"batch": 2}})
    twice = with_values(once, {"detector": {"views": 64}})
    assert twice == replace(DEFAULT, detector=DetectorRecipe(batch=2, views=64))


def test_a_recipe_survives_a_round_trip_through_json():
    values = {"name": "mine", "views": ["edge"], "learning_rate": 1, "restore_best": True}
    values |= {"all_layers_sizes": [128], "detector": {"views": 64, "batch": 2}}
    recipe = from_values(values)
    assert from_values(json.loads(json.dumps(recipe.as_json()))) == recipe


def test_a_file_may_begin_with_another_built_in_recipe(tmp_path):
    (tmp_path / "mine.toml").write_text('base = "default"\nepochs = 7', "utf-8")
    assert load_recipe(tmp_path / "mine.toml") == replace(DEFAULT, name="mine", epochs=7)
    (tmp_path / "mine.toml").write_text('base = "best"', "utf-8")
    with pytest.raises(BadRecipe, match="base = 'best' is unknown; use report or default"):
        load_recipe(tmp_path / "mine.toml")
