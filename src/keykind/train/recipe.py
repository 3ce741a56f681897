"""Every choice of a training run, in one frozen value.

In:    the name of a built-in recipe, or a TOML file
Out:   Recipe; JSON for the run folder
Needs: nothing beyond Python
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from keykind.core.errors import BadRecipe
from keykind.model.card import CROPS, SIZE, WHOLE
from keykind.train.classifier_recipe import CLASSIFIER_RANGES, ClassifierRecipe
from keykind.train.detection_recipes import DETECTION_RANGES, DetectorRecipe, RefinerRecipe

AUTO = "auto"  # value of `crop`: decided by what the photos show, see key_regions.py
STRIDE = 32  # of the network: sides of training views are multiples of it, px


@dataclass(frozen=True, slots=True)
class Recipe:
    """How photos become a trained model. The defaults are those of the student report (see `REPORT`).

    Where the report gives no value (the amounts of rotation and zoom), the value is our assumption.
    """

    name: str = "report"  # for people; not part of a run's identity
    backbone: str = "mobilenet_v2"  # the pretrained network
    crop: str = WHOLE  # "whole" photo; "key": the one detected, or else the whole photo; "auto": what suits
    scaling: str = "unit"  # of pixels: "unit" 0..1 (the report), "native" as the backbone was pretrained
    views: tuple[str, ...] = ("plain", "edge", "plain_augmented", "edge_augmented")  # trained on
    rotation: float = 0.2  # largest rotation either way, in full turns; assumed
    zoom: float = 0.2  # largest change of scale either way, as a share; assumed
    flip: bool = True  # mirror half of the augmented copies left to right
    units: int = 64  # of the hidden dense layer; the report's text says 254, its parameter count says 64
    dropout: float = 0.3  # share of hidden units
    optimizer: str = "rmsprop"  # or adam, adamw, sgd
    learning_rate: float = 1e-4  # of the optimizer
    batch: int = 32  # views per step
    epochs: int = 10  # at most
    folds: int = 3  # of the cross-validation; photos of one physical key are in one fold
    patience: int = 3  # epochs without a lower val_loss before training stops early
    restore_best: bool = False  # return to the epoch with the lowest val_loss
    class_weights: bool = False  # weight kinds by their inverse frequency
    fine_tune_layers: int = 0  # partial fine-tuning: how many of the network's last layers are trained
    fine_tune_epochs: int = 10  # at most
    fine_tune_learning_rate: float = 1e-5  # Adam's
    all_layers_epochs: int = 0  # full fine-tuning, of all layers on strongly augmented views; 0: none
    all_layers_min_steps: int = 0  # in all, of photos of no keys: few are seen several times per epoch
    all_layers_learning_rate: float = 1.5e-4  # peak of AdamW's; it decays to 0 along a cosine
    all_layers_sizes: tuple[int, ...] = (SIZE,)  # side of the views, px; one for all epochs, or one per epoch
    all_layers_batch: int = 32  # views per step
    all_layers_warm_up: float = 0.1  # share of all steps in which the learning rate rises
    all_layers_weight_decay: float = 0.02  # AdamW's, of kernels
    all_layers_label_smoothing: float = 0.1  # share of each label spread over all kinds
    all_layers_loose_share: float = 0.0  # share of views of whole photos instead, if `crop` is "key"
    all_layers_head_views: int = 2  # augmented views per photo on which the head is trained first
    all_layers_head_batch: int = 32  # views per step while the head is trained first
    all_layers_head_epochs: int = 20  # of training the head first, at most
    all_layers_head_patience: int = 3  # epochs without a lower val_loss before that stops early
    all_layers_head_learning_rate: float = 1e-3  # Adam's while the head is trained first
    renders: int = 0  # rendered photos of the same kinds to add to full fine-tuning
    hold_out: float = 0.25  # share of each kind's photos held out for testing if there are no test photos
    bootstrap: int = 2000  # resamples per confidence interval
    detector: DetectorRecipe = field(default_factory=DetectorRecipe)  # for training the key detector
    refiner: RefinerRecipe = field(default_factory=RefinerRecipe)  # for training its second stage
    classifier: ClassifierRecipe = field(default_factory=ClassifierRecipe)  # for training the bundled one

    @classmethod
    def load(cls, choice: "str | Path | Recipe") -> "Recipe":
        """Return a recipe by its name, or from a TOML file: see `load_recipe`."""
        return load_recipe(choice)

    @property
    def judging_view(self) -> str:
        """Return the view that is calibrated, and that the model file computes from a photo."""
        return "plain" if any(view.startswith("plain") for view in self.views) else "edge"

    @property
    def full_fine_tuning_sizes(self) -> tuple[int, ...]:
        """Return the side of the views in each epoch of full fine-tuning, px."""
        sizes = self.all_layers_sizes
        return sizes * self.all_layers_epochs if len(sizes) == 1 else sizes

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as plain JSON values."""
        return {key: _as_json(value) for key, value in asdict(self).items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


REPORT = Recipe()
"""The student report of 2024, reproduced exactly: design, section 1.

`keykind train PHOTOS --recipe report --weights imagenet`; the report reached weighted F1 0.7068 on its 105
photos.
"""

DEFAULT = Recipe(
    name="default",
    crop=AUTO,
    views=("plain",),
    optimizer="adam",
    learning_rate=1e-3,
    epochs=40,
    restore_best=True,
    all_layers_epochs=6,
    all_layers_min_steps=48,
)
"""For users' own photos, of keys or of anything else: full fine-tuning on strong augmentation.

`keykind train PHOTOS`; with the bundled weights it scores highest (docs/models.md).
"""

BUILT_IN = {"report": REPORT, "default": DEFAULT}

WORDS = {
    "crop": (*CROPS, AUTO),
    "scaling": ("unit", "native"),
    "optimizer": ("rmsprop", "adam", "adamw", "sgd"),
    "views": REPORT.views,
}
RANGES = {  # smallest and largest sensible value; of a list: of each item
    "rotation": (0, 0.5),
    "zoom": (0, 0.9),
    "units": (1, 65_536),
    "dropout": (0, 0.95),
    "learning_rate": (1e-8, 1),
    "batch": (1, 65_536),
    "epochs": (1, 10_000),
    "folds": (2, 100),
    "patience": (1, 10_000),
    "fine_tune_layers": (0, 10_000),
    "fine_tune_epochs": (1, 10_000),
    "fine_tune_learning_rate": (1e-8, 1),
    "all_layers_epochs": (0, 1000),
    "all_layers_min_steps": (0, 1_000_000),
    "all_layers_learning_rate": (1e-8, 1),
    "all_layers_sizes": (STRIDE, 1024),
    "all_layers_batch": (1, 65_536),
    "all_layers_warm_up": (0, 1),
    "all_layers_weight_decay": (0, 1),
    "all_layers_label_smoothing": (0, 0.9),
    "all_layers_loose_share": (0, 1),
    "all_layers_head_views": (1, 1000),
    "all_layers_head_batch": (1, 65_536),
    "all_layers_head_epochs": (1, 10_000),
    "all_layers_head_patience": (1, 10_000),
    "all_layers_head_learning_rate": (1e-8, 1),
    "renders": (0, 1_000_000),
    "hold_out": (0.05, 0.9),
    "bootstrap": (100, 1_000_000),
    **DETECTION_RANGES,
    **CLASSIFIER_RANGES,
}


def load_recipe(choice: str | Path | Recipe) -> Recipe:
    """Return the built-in recipe of that name, or the one that a TOML file describes; a Recipe as it is.

    A file holds `key = value` lines; keys that it omits are as in the built-in recipe that its key `base`
    names, or else as in `report`.
    Raises BadRecipe for an unknown name or key, a wrong type, or a value out of range.
    """
    if isinstance(choice, Recipe):
        return from_values(choice.as_json())
    if choice in BUILT_IN:
        return BUILT_IN[str(choice)]
    path = Path(choice)
    if path.suffix != ".toml":
        raise BadRecipe(
            choice, fault="is not a built-in recipe", remedy=f"use {' or '.join(BUILT_IN)}, or a .toml file"
        )
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise BadRecipe(path, fault=f"cannot be read ({error.strerror})", remedy="check its name") from error
    except ValueError as error:
        raise BadRecipe(path, fault=f"is not valid TOML ({error})", remedy="fix that line") from error
    return from_values({"name": path.stem} | values, source=path)


def from_values(values: Mapping[str, Any], source: Path | str = "recipe") -> Recipe:
    """Return a built-in recipe with `values` in place of its own, each checked; `base` names it, or `report`.

    Raises BadRecipe.
    """
    base = values.get("base", REPORT.name)
    if not isinstance(base, str) or base not in BUILT_IN:
        raise BadRecipe(source, fault=f"base = {base!r} is unknown", remedy=f"use {' or '.join(BUILT_IN)}")
    changes = {key: value for key, value in values.items() if key != "base"}
    return with_values(BUILT_IN[base], changes, source)


def with_values(recipe: Recipe, values: Mapping[str, Any], source: Path | str = "recipe") -> Recipe:
    """Return the recipe with `values` in place of its own, each checked.

    values: keys of `Recipe`; those of `detector`, `refiner` and `classifier` are mappings of their own, as
    in `Recipe.as_json`.
    Raises BadRecipe, naming the source, for an unknown key, a wrong type, or a value out of range.
    """
    changed: Recipe = _with_values(recipe, values, source, "")
    sizes, epochs = changed.all_layers_sizes, changed.all_layers_epochs
    if len(sizes) not in (1, epochs):
        fault = f"all_layers_sizes has {len(sizes)} sizes, but all_layers_epochs is {epochs}"
        raise BadRecipe(source, fault=fault, remedy="give one size, or one per epoch")
    return changed


def _with_values(group: Any, values: Mapping[str, Any], source: Path | str, prefix: str) -> Any:
    known = {entry.name: entry.type for entry in fields(group)}
    changes: dict[str, Any] = {}
    for key, value in values.items():
        name = prefix + key
        if key not in known:
            near = get_close_matches(name, keys(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(keys())}"
            raise BadRecipe(source, fault=f"unknown key {name!r}", remedy=hint)
        if is_dataclass(known[key]):
            if not isinstance(value, Mapping):
                remedy = f"write a line [{name}] and its keys below it"
                raise BadRecipe(source, fault=f"{name} = {value!r} is not a table", remedy=remedy)
            changes[key] = _with_values(getattr(group, key), value, source, f"{name}.")
        else:
            _check(source, name, value, known[key])
            changes[key] = tuple(value) if isinstance(value, list) else value
    return replace(group, **changes)


def keys() -> Iterator[str]:
    """Yield every key of a recipe as TOML spells it; those of a table are `<table>.<key>`."""
    for entry in fields(Recipe):
        if is_dataclass(entry.type):
            yield from (f"{entry.name}.{inner.name}" for inner in fields(entry.type))
        else:
            yield entry.name


def with_fine_tuning(recipe: Recipe, layers: int | None) -> Recipe:
    """Return the recipe with that many of the network's last layers fine-tuned; None leaves it unchanged."""
    return recipe if layers is None else with_values(recipe, {"fine_tune_layers": layers}, "--fine-tune")


def with_renders(recipe: Recipe, count: int | None) -> Recipe:
    """Return the recipe with that many rendered photos; None leaves it unchanged. Raises BadRecipe."""
    if count is None:
        return recipe
    if count and not recipe.all_layers_epochs:
        fault = f"{count} rendered photos, but recipe {recipe.name!r} has no full fine-tuning to use them"
        raise BadRecipe("--renders", fault=fault, remedy="use --recipe default, or set all_layers_epochs")
    return with_values(recipe, {"renders": count}, "--renders")


def _check(source: Path | str, key: str, value: Any, expected: Any) -> None:
    items = value if isinstance(value, list) else [value]
    if not _fits(value, expected):
        item = get_args(expected)[0].__name__ if get_origin(expected) else expected.__name__
        right = f"a list of at least one {item}" if get_origin(expected) else f"of type {item}"
        raise BadRecipe(source, fault=f"{key} = {value!r} is not {right}", remedy="change it or leave it out")
    if key in WORDS:
        _check_words(source, key, items)
    low, high = RANGES.get(key, (None, None))
    if low is not None and high is not None and not all(low <= item <= high for item in items):
        raise BadRecipe(
            source, fault=f"{key} = {value} is outside {low} to {high}", remedy="choose a value inside"
        )
    if key == "all_layers_sizes" and any(item % STRIDE for item in items):  # others are padded differently
        fault = f"{key} = {value} are not all multiples of {STRIDE}"
        raise BadRecipe(source, fault=fault, remedy=f"use {low}, {2 * STRIDE}, ..., 224, 256, ...")


def _fits(value: Any, expected: Any) -> bool:
    """Return whether a value of TOML or JSON has the type of a recipe's field."""
    if get_origin(expected):  # tuple[item, ...]
        return type(value) is list and bool(value) and all(type(i) is get_args(expected)[0] for i in value)
    return type(value) is expected or (expected is float and type(value) is int)


def _check_words(source: Path | str, key: str, words: list[str]) -> None:
    for word in words:
        if word not in WORDS[key]:
            raise BadRecipe(
                source, fault=f"{key} = {word!r} is unknown", remedy=f"use {', '.join(WORDS[key])}"
            )
    if len(set(words)) < len(words):
        raise BadRecipe(source, fault=f"{key} = {words} has a value twice", remedy="give each value once")
