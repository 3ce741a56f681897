"""A recipe -> its hyperparameters in words.

In:    Recipe
Out:   rows of a table: what it is, its value, what that means; only what had an effect on the run
Needs: nothing beyond Python
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keykind.core.html import Content, Html, table, tag
from keykind.evaluate.wording import Subject
from keykind.model.card import KEY
from keykind.train.recipe import Recipe

OPTIMIZERS = {"rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}
BACKBONES = {
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v2_dense": "MobileNetV2 with dense convolutions",
    "efficientnet_v2_b0": "EfficientNetV2-B0",
    "mobilenet_v3_large": "MobileNetV3-Large",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What one value of a recipe is called and means."""

    name: str
    meaning: str  # {item}: what the photos show
    text: Callable[[Any], str] = str  # the value as text


def _share(value: float) -> str:
    return f"{value:.1%}".replace(".0%", "%")


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: float) -> str:
    return f"{value:g}"


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(str(value).replace("_", " ") for value in values)


def _pixels(sizes: Sequence[int]) -> str:
    return f"{_listed(sizes)} px"


def _turns(value: float) -> str:
    return f"±{360 * value:g}°"


INPUT: Mapping[str, Words] = {
    "backbone": Words("Network", "pretrained; turns a picture into features", lambda v: BACKBONES.get(v, v)),
    "crop": Words(
        "Part of the photo",
        "what the network is shown, stretched to a square",
        lambda v: "the detected key, or else the whole photo" if v == KEY else "the whole photo",
    ),
    "scaling": Words(
        "Pixel scaling",
        "of what the network is given",
        lambda v: "0 to 1" if v == "unit" else "as in pretraining",
    ),
    "views": Words("Views", "forms of each photo on which the head is trained", _listed),
    "rotation": Words("Rotation", "largest, either way, of augmented views", _turns),
    "zoom": Words("Zoom", "largest change of size of augmented views", lambda v: f"±{_share(v)}"),
    "flip": Words("Mirroring", "of half of the augmented views, left to right", _yes),
}
HEAD: Mapping[str, Words] = {
    "folds": Words("Folds", "of the cross-validation; photos of one {item} are in one fold", str),
    "units": Words("Hidden units", "of the dense layer between features and kinds", str),
    "dropout": Words("Dropout", "share of hidden units left out in each step", _share),
    "optimizer": Words("Optimizer", "the rule by which weights are changed", lambda v: OPTIMIZERS.get(v, v)),
    "learning_rate": Words("Learning rate", "of the optimizer", _number),
    "batch": Words("Batch", "views per step", str),
    "epochs": Words("Epochs", "at most", str),
    "patience": Words("Patience", "epochs without a lower validation loss before training stops early", str),
    "restore_best": Words(
        "Best epoch",
        "which weights are kept",
        lambda v: "that with the lowest validation loss" if v else "the last one",
    ),
    "class_weights": Words("Class weights", "whether rare kinds weigh more", _yes),
}
PARTIAL: Mapping[str, Words] = {
    "fine_tune_layers": Words("Layers", "last layers of the network that were trained with the head", str),
    "fine_tune_epochs": Words("Epochs", "at most", str),
    "fine_tune_learning_rate": Words("Learning rate", "of Adam", _number),
}
FULL: Mapping[str, Words] = {
    "all_layers_epochs": Words("Epochs", "in which all layers were trained", str),
    "all_layers_min_steps": Words("Least steps", "in all, of photos that show no keys", str),
    "all_layers_learning_rate": Words(
        "Learning rate", "peak of AdamW's; it decays to 0 along a cosine", _number
    ),
    "all_layers_sizes": Words("Size of views", "side of the square; one for all epochs or one each", _pixels),
    "all_layers_batch": Words("Batch", "views per step", str),
    "all_layers_warm_up": Words("Warm-up", "share of the steps in which the learning rate rises", _share),
    "all_layers_weight_decay": Words("Weight decay", "AdamW's, of kernels", _number),
    "all_layers_label_smoothing": Words(
        "Label smoothing", "share of each label spread over all kinds", _share
    ),
    "all_layers_loose_share": Words("Whole photos", "share of views of the whole photo instead", _share),
    "renders": Words(
        "Rendered photos", "of the same kinds, added to the training photos", lambda v: f"{v:,}"
    ),
    "all_layers_head_views": Words("Head first: views", "augmented, of each photo", str),
    "all_layers_head_batch": Words("Head first: batch", "views per step", str),
    "all_layers_head_epochs": Words("Head first: epochs", "at most", str),
    "all_layers_head_patience": Words(
        "Head first: patience", "epochs without a lower validation loss before that stops early", str
    ),
    "all_layers_head_learning_rate": Words("Head first: learning rate", "Adam's", _number),
}
TEST: Mapping[str, Words] = {
    "hold_out": Words("Held out", "share of each kind's photos, if there are no test photos", _share),
    "bootstrap": Words("Resamples", "for confidence intervals", lambda v: f"{v:,}"),
}
AUGMENTATION = ("rotation", "zoom", "flip")  # only of views that are augmented
UNSEEN = ("name", "detector", "refiner", "classifier")  # its title, and how other networks are trained


def recipe_tables(recipe: Recipe, subject: Subject) -> Html:
    """Return the hyperparameters that had an effect on the run, a table for each step."""
    augmented = any(view.endswith("_augmented") for view in recipe.views)
    left_out = set() if augmented else set(AUGMENTATION)
    if recipe.crop != KEY:
        left_out.add("all_layers_loose_share")
    groups = (
        ("Input", INPUT, True),
        ("Training the head, in each fold", HEAD, True),
        ("Full fine-tuning", FULL, recipe.all_layers_epochs > 0),
        ("Partial fine-tuning", PARTIAL, recipe.fine_tune_layers > 0),
        ("Test", TEST, True),
    )
    used = [
        tag("div", tag("h3", title), _table(recipe, words, left_out, subject))
        for title, words, is_used in groups
        if is_used
    ]
    unused = [title.lower() for title, _, is_used in groups if not is_used]
    rest = tag("p", f"Not used: {' and '.join(unused)}.") if unused else None
    return tag("div", tag("div", used, class_="tables"), rest)


def _table(recipe: Recipe, words: Mapping[str, Words], left_out: set[str], subject: Subject) -> Html:
    rows: list[tuple[Content, ...]] = [
        (
            tag("span", entry.name, title=key),
            tag("span", entry.text(getattr(recipe, key))),
            entry.meaning.replace("{item}", subject.item),
        )
        for key, entry in words.items()
        if key not in left_out
    ]
    return table(("", "value", "meaning"), rows)
