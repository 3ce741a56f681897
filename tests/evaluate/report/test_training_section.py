"""Tests of evaluate/report: the model layer by layer, hyperparameters in words, scores of other sections."""

import re
from dataclasses import fields, is_dataclass, replace

import pytest

pytest.importorskip("keras", reason="the extra train is not installed")

from keykind.evaluate.metrics import OODMetrics
from keykind.evaluate.report import recipe_words
from keykind.evaluate.report.grad_cam import saliency_table
from keykind.evaluate.report.layers import layer_table, list_layers
from keykind.evaluate.report.recipe_words import recipe_tables
from keykind.evaluate.report.scores_section import rejection_table
from keykind.evaluate.report.training_section import training_section
from keykind.evaluate.wording import KEYS, OBJECTS
from keykind.train.recipe import DEFAULT, REPORT, Recipe
from keykind.train.saliency import Saliency


def words(html):
    return re.sub(r"<[^>]+>", " ", html)


def test_the_layers_of_the_model_have_all_its_parameters(finished, report_data):
    parameters = finished[1]["parameters"]
    assert sum(layer.parameters for layer in report_data.layers) == parameters["total"]
    trained = [layer for layer in report_data.layers if layer.trained]
    assert [layer.name for layer in trained] == ["hidden", "probabilities"]
    assert sum(layer.parameters for layer in trained) == parameters["trainable"]
    assert report_data.layers[-1].shape == (len(report_data.dataset.kinds),)
    assert f"{parameters['total']:,}" in layer_table(report_data.layers)


def test_a_layer_without_parameters_counts_as_not_trained(tiny_backbone):
    from keykind.train.backend import keras

    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    layers = list_layers(model, lambda _: True)
    assert [(layer.type, layer.shape, layer.parameters, layer.trained) for layer in layers] == [
        ("Flatten", (48,), 0, False),
        ("Dense", (2,), 98, True),
    ]


def test_every_value_of_a_recipe_has_words():
    groups = (
        recipe_words.INPUT,
        recipe_words.HEAD,
        recipe_words.PARTIAL,
        recipe_words.FULL,
        recipe_words.TEST,
    )
    known = {key for group in groups for key in group} | set(recipe_words.UNSEEN)
    assert known == {entry.name for entry in fields(Recipe)}
    assert all(is_dataclass(getattr(REPORT, name)) for name in set(recipe_words.UNSEEN) - {"name"})


def test_only_hyperparameters_that_had_an_effect_are_listed():
    report, default = (words(recipe_tables(recipe, KEYS)) for recipe in (REPORT, DEFAULT))
    assert "Rotation" in report
    assert "Rotation" not in default
    assert "Not used: full fine-tuning and partial fine-tuning." in report
    assert "Label smoothing" in default
    assert "±72°" in report
    assert "photos of one object are in one fold" in words(recipe_tables(REPORT, OBJECTS))


def test_full_fine_tuning_is_drawn_and_its_views_are_shown(report_data, tmp_path):
    from keykind.evaluate.report.data import FigureWriter
    from keykind.evaluate.report.data_section import input_section

    epochs = [{"size": 224, "loss": 1.0, "accuracy": 0.5}, {"size": 224, "loss": 0.5, "accuracy": 0.75}]
    recipe = replace(report_data.recipe, views=("plain",), all_layers_epochs=2)
    data = replace(report_data, full_fine_tuning=epochs, recipe=recipe)
    figures = FigureWriter(tmp_path)
    assert "75.0%" in training_section(data, figures).html()
    assert "to train all layers on" in input_section(data, figures).html()
    assert {"full-fine-tuning", "views-strong"} <= {path.stem[3:] for path in tmp_path.iterdir()}


def test_saliency_is_reported_per_part_with_its_area():
    saliency = Saliency(
        4, {"blade": 0.5, "bow": 0.3, "ground": 0.2}, {"blade": 0.2, "bow": 0.2, "ground": 0.6}
    )
    page = "".join(saliency_table(saliency))
    assert "in 4 rendered test photos" in page
    assert re.findall(r"(\d+)%", page) == ["50", "20", "30", "20", "20", "60"]


def test_rejection_is_reported_per_set_of_negatives():
    ood = {"walls": OODMetrics(20, 8, auroc=0.875, fpr95=0.25, keys_passed=0.9, negatives_rejected=0.5)}
    page = "".join(rejection_table(ood))
    assert "10% of the 20 test photos are wrongly rejected" in page
    assert re.findall(r"<td.*?>(.*?)</td>", page) == ["walls", "8", "50%", "0.875", "25%"]
    assert "key" not in words("".join(rejection_table(ood, OBJECTS)))
