"""Every choice of one training run, in one frozen value.

In:    the name of a built-in recipe, or a TOML file
Out:   Recipe; JSON for the run's folder
Needs: nothing beyond Python
"""

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from keykind.core.errors import BadRecipe


@dataclass(frozen=True, slots=True)
class Recipe:
    """How photos become a trained model. The defaults are the report's (see `REPORT`).

    Where the report is silent (the amounts of rotation and zoom), the value is our assumption and says so.
    """

    name: str = "report"  # for people
    backbone: str = "mobilenet_v2"  # the pretrained network
    crop: str = "whole"  # what of a photo is looked at: "whole", or "key", cut out where one is found
    scaling: str = "unit"  # of pixels: "unit" 0..1 (the report), "native" as the network was pretrained
    views: tuple[str, ...] = ("plain", "edge", "plain_augmented", "edge_augmented")  # trained on
    rotation: float = 0.2  # largest turn to either side, in full turns; assumed
    zoom: float = 0.2  # largest growth or shrinking, as a share; assumed
    flip: bool = True  # left-right, for half of the augmented copies
    units: int = 64  # of the hidden dense layer; the report's text says 254, its parameter count says 64
    dropout: float = 0.3  # share of hidden units
    optimizer: str = "rmsprop"  # or adam, adamw, sgd
    learning_rate: float = 1e-4  # of the optimizer
    batch: int = 32  # views a step
    epochs: int = 10  # at most
    folds: int = 3  # that never split a physical key
    patience: int = 3  # epochs without a better val_loss before a fold stops
    restore_best: bool = False  # go back to the epoch with the best val_loss
    class_weights: bool = False  # weigh kinds by the inverse of their frequency
    fine_tune_layers: int = 0  # how many of the network's last layers are trained afterwards
    fine_tune_epochs: int = 10  # at most
    fine_tune_learning_rate: float = 1e-5  # Adam
    all_layers_epochs: int = 0  # in which all layers are trained afterwards, on strong views; 0: none are
    all_layers_learning_rate: float = 1.5e-4  # AdamW's at its peak
    renders: int = 0  # photos of the same kinds, rendered, that all layers are trained on besides
    hold_out: float = 0.25  # share of each kind's photos kept for testing where the set has no test photos
    bootstrap: int = 2000  # resamples behind each interval

    @property
    def judging_view(self) -> str:
        """Return the view whose answers are calibrated, and which the model file makes of a photo."""
        return "plain" if any(view.startswith("plain") for view in self.views) else "edge"

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as plain JSON values."""
        return asdict(self) | {"views": list(self.views)}


REPORT = Recipe()
"""The student report of 2024, to the letter: design, section 1.

`keykind train PHOTOS --recipe report --out RUN`; the report reached weighted F1 0.7068 on its 105 photos.
"""

DEFAULT = Recipe(
    name="default",
    crop="key",
    views=("plain",),
    optimizer="adam",
    learning_rate=1e-3,
    epochs=40,
    restore_best=True,
    all_layers_epochs=6,
)
"""What suits photos of one's own: keys cut out, all layers trained on strong views, best from our weights."""


def weights_for(recipe: Recipe, chosen: str | None) -> str:
    """Return the weights that were chosen, or those that suit the recipe: ours begin the `default` one."""
    return chosen or ("keykind" if recipe.name == DEFAULT.name else "imagenet")


BUILT_IN = {"report": REPORT, "default": DEFAULT}

WORDS = {
    "crop": ("whole", "key"),
    "scaling": ("unit", "native"),
    "optimizer": ("rmsprop", "adam", "adamw", "sgd"),
    "views": REPORT.views,
}
RANGES = {  # smallest and largest value that makes sense
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
    "all_layers_learning_rate": (1e-8, 1),
    "renders": (0, 1_000_000),
    "hold_out": (0.05, 0.9),
    "bootstrap": (100, 1_000_000),
}


def load_recipe(choice: str) -> Recipe:
    """Return the built-in recipe of that name, or the one a TOML file describes.

    A file holds `key = value` lines; what it leaves out is as in the `report` recipe.
    Raises BadRecipe for an unknown name or key, a wrong type, or a value out of range.
    """
    if choice in BUILT_IN:
        return BUILT_IN[choice]
    path = Path(choice)
    if path.suffix != ".toml":
        raise BadRecipe(
            choice, fault="is no built-in recipe", remedy=f"use {' or '.join(BUILT_IN)}, or a .toml file"
        )
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise BadRecipe(path, fault=f"cannot be read ({error.strerror})", remedy="check its name") from error
    except ValueError as error:
        raise BadRecipe(path, fault=f"is not valid TOML ({error})", remedy="mend that line") from error
    return from_values({"name": path.stem} | values, source=path)


def from_values(values: dict[str, Any], source: Path | str = "recipe") -> Recipe:
    """Return the recipe that differs from `report` in `values`, each checked. Raises BadRecipe."""
    known = {field.name: field.type for field in fields(Recipe)}
    for key, value in values.items():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise BadRecipe(source, fault=f"unknown key {key!r}", remedy=hint)
        _check(source, key, value, known[key])
    tidy: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return replace(REPORT, **tidy)


def with_fine_tuning(recipe: Recipe, layers: int | None) -> Recipe:
    """Return the recipe with that many of the network's last layers fine-tuned; None leaves it as it is."""
    if layers is None:
        return recipe
    return replace(
        from_values({"fine_tune_layers": layers}, "--fine-tune"),
        **asdict(recipe) | {"fine_tune_layers": layers},
    )


def with_renders(recipe: Recipe, count: int | None) -> Recipe:
    """Return the recipe with that many rendered photos; None leaves it as it is. Raises BadRecipe."""
    if count is None:
        return recipe
    if count and not recipe.all_layers_epochs:
        fault = f"{count} rendered photos, but recipe {recipe.name!r} trains no layers on them"
        raise BadRecipe("--renders", fault=fault, remedy="use --recipe default, or set all_layers_epochs")
    return replace(from_values({"renders": count}, "--renders"), **asdict(recipe) | {"renders": count})


def _check(source: Path | str, key: str, value: Any, expected: Any) -> None:
    wanted = list if get_origin(expected) else expected
    fits = type(value) is wanted or (wanted is float and type(value) is int)
    if fits and wanted is list:
        fits = bool(value) and all(type(item) is get_args(expected)[0] for item in value)
    if not fits:
        right = "a list of at least one text" if wanted is list else f"of type {wanted.__name__}"
        raise BadRecipe(source, fault=f"{key} = {value!r} is not {right}", remedy="see docs/train.md")
    if wanted is list and len(set(value)) < len(value):
        raise BadRecipe(source, fault=f"{key} = {value} names one twice", remedy="name each once")
    for word in value if isinstance(value, list) else [value]:
        if key in WORDS and word not in WORDS[key]:
            raise BadRecipe(
                source, fault=f"{key} = {word!r} is unknown", remedy=f"use {', '.join(WORDS[key])}"
            )
    low, high = RANGES.get(key, (None, None))
    if low is not None and high is not None and not low <= value <= high:
        raise BadRecipe(
            source, fault=f"{key} = {value} is outside {low} to {high}", remedy="choose a value inside"
        )
