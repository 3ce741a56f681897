"""Tests of recipe.py."""

import json
from dataclasses import asdict, fields, replace

import pytest

from keykind.core.errors import BadRecipe
from keykind.train.recipe import (
    DEFAULT,
    RANGES,
    REPORT,
    Recipe,
    from_values,
    load_recipe,
    weights_for,
    with_fine_tuning,
    with_renders,
)


def write(folder, text, name="mine.toml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_the_built_in_recipe_has_the_reports_parameter_count():
    hidden, kinds, channels = REPORT.units, 4, 1280
    assert (channels + 1) * hidden + (hidden + 1) * kinds == 82_244


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path):
    path = write(tmp_path, 'units = 254\nviews = ["plain", "edge"]\nflip = false\n')
    assert load_recipe(path) == replace(REPORT, name="mine", units=254, views=("plain", "edge"), flip=False)


def test_an_empty_file_is_the_report_under_another_name(tmp_path):
    assert load_recipe(write(tmp_path, "")) == replace(REPORT, name="mine")


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path):
    assert load_recipe(write(tmp_path, "units = 8\n".encode("utf-8-sig"))).units == 8


def test_a_whole_number_is_good_enough_for_a_real_one(tmp_path):
    assert load_recipe(write(tmp_path, "zoom = 0\n")).zoom == 0


def test_a_mistyped_key_is_answered_with_the_right_one(tmp_path):
    with pytest.raises(BadRecipe, match=r"mine\.toml.*'learning_rat'.*'learning_rate'"):
        load_recipe(write(tmp_path, "learning_rat = 0.1\n"))


def test_a_key_like_no_other_is_answered_with_all_of_them():
    with pytest.raises(BadRecipe) as caught:
        from_values({"zzz": 1})
    assert all(field.name in str(caught.value) for field in fields(Recipe))


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
    ],
)
def test_a_value_of_the_wrong_type_is_named(key, value):
    with pytest.raises(BadRecipe) as caught:
        from_values({key: value})
    assert key in str(caught.value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("key", RANGES)
def test_both_ends_of_a_range_are_inside_and_what_is_beyond_is_not(key):
    for inside, outside in zip(RANGES[key], (RANGES[key][0] - 1, RANGES[key][1] + 1), strict=True):
        assert getattr(from_values({key: inside}), key) == inside
        with pytest.raises(BadRecipe, match=f"{key} = {outside} is outside"):
            from_values({key: outside})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_outside_every_range(value):
    with pytest.raises(BadRecipe, match="outside"):
        from_values({"dropout": value})


def test_every_number_of_a_recipe_has_a_range():
    numbers = {field.name for field in fields(Recipe) if field.type in (int, float)}
    assert numbers == set(RANGES)


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
def test_a_file_that_is_not_toml_is_said_to_be(tmp_path, text):
    with pytest.raises(BadRecipe, match="not valid TOML"):
        load_recipe(write(tmp_path, text))


def test_a_file_that_cannot_be_read_is_said_to_be(tmp_path):
    with pytest.raises(BadRecipe, match=r"absent\.toml: cannot be read \(No such file"):
        load_recipe(str(tmp_path / "absent.toml"))
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(BadRecipe, match="cannot be read"):
        load_recipe(str(folder))


def test_fine_tuning_changes_the_number_of_layers_alone():
    recipe = from_values({"units": 8, "views": ["plain"]})
    assert asdict(with_fine_tuning(recipe, 20)) == asdict(recipe) | {"fine_tune_layers": 20}
    assert with_fine_tuning(recipe, None) == recipe


@pytest.mark.parametrize("layers", [-1, 10_001, 2.5])
def test_an_impossible_number_of_layers_is_refused(layers):
    with pytest.raises(BadRecipe, match="--fine-tune"):
        with_fine_tuning(REPORT, layers)


def test_renders_change_their_number_alone_and_need_layers_that_learn_from_them():
    assert asdict(with_renders(DEFAULT, 400)) == asdict(DEFAULT) | {"renders": 400}
    assert with_renders(REPORT, None) == REPORT
    assert with_renders(REPORT, 0) == REPORT
    with pytest.raises(BadRecipe, match="use --recipe default"):
        with_renders(REPORT, 400)
    with pytest.raises(BadRecipe, match="outside 0 to"):
        with_renders(DEFAULT, -1)


def test_a_recipe_survives_the_way_through_json():
    recipe = from_values({"name": "mine", "views": ["edge"], "learning_rate": 1, "restore_best": True})
    assert from_values(json.loads(json.dumps(recipe.as_json()))) == recipe


def test_our_weights_begin_the_default_recipe_unless_others_are_chosen():
    assert weights_for(DEFAULT, None) == "keykind"
    assert weights_for(REPORT, None) == "imagenet"
    assert weights_for(DEFAULT, "imagenet") == "imagenet"
