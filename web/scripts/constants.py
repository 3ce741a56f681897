"""Constants of the Python code -> web/src/core/constants.json, for the app.

`python web/scripts/constants.py` writes the file; `--check` fails if it is out of date. So the app repeats no
number of the Python code by hand.
"""

import ast
import inspect
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from keykind.core import logistic
from keykind.detect import align, crops, detector, duplicates, key_mask, postprocess, refiner, sharpness
from keykind.model import allowed_ops, appended_zip, card, decision, flatbuffer, gradcam, model
from keykind.photo import decode
from keykind.predict import prototypes

FILE = Path(__file__).parents[1] / "src" / "core" / "constants.json"
ALL_CONSTANTS = (
    postprocess,
    detector,
    duplicates,
    refiner,
    key_mask,
    align,
    crops,
    sharpness,
    decision,
    prototypes,
)  # modules of which every constant is exported
SOME_CONSTANTS = {
    logistic: ("SCORE_LOGIT",),
    card: (
        *("SCHEMA", "SIZE", "WHOLE", "KEY", "PRECISIONS", "VIEWS", "SUBJECT", "LABELS", "CARD"),
        *("WITHOUT_FEATURES", "MAX_FEATURES"),
        *("MAX_KINDS", "MAX_NAME", "MAX_TEMPERATURE", "MAX_OOD_THRESHOLD"),
    ),
    appended_zip: ("MAX_ZIP",),
    model: ("GRID", "MAX_BYTES", "CERTAIN_PROBABILITY", "CERTAIN_OOD"),
    flatbuffer: ("TYPES", "MAX_ITEMS", "MAX_AXES", "MAX_ELEMENTS", "MAX_TOTAL_ELEMENTS"),
    decode: ("MIN_SIDE", "MAX_PIXELS", "MAX_BYTES", "RESIZE"),
}


def constants() -> dict[str, Any]:
    """Return module -> name -> value."""
    values = {_name(module): _constants_of(module) for module in ALL_CONSTANTS}
    for module, names in SOME_CONSTANTS.items():
        values[_name(module)] = {name: getattr(module, name) for name in names}
    values["decision"]["DEFAULT"] = decision.DEFAULT.as_json()
    strength = inspect.signature(gradcam.overlay).parameters["strength"].default
    values["allowed_ops"] = {name: code for name, (code, *_) in allowed_ops.ALLOWED_OPS.items()}
    values["gradcam"] = {"COLOURS": gradcam.COLOUR_MAP.astype(int).tolist(), "STRENGTH": strength}
    return values


def text() -> str:
    """Return the file's text."""
    return json.dumps(constants(), indent=2, ensure_ascii=False) + "\n"


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _constants_of(module: ModuleType) -> dict[str, Any]:
    """Return the constants that a module defines itself: numbers, strings, tuples and slices."""
    names: list[str] = []
    for statement in ast.parse(inspect.getsource(module)).body:
        for target in statement.targets if isinstance(statement, ast.Assign) else []:
            targets = target.elts if isinstance(target, ast.Tuple) else [target]
            names += [each.id for each in targets if isinstance(each, ast.Name)]
    values = {name: getattr(module, name) for name in names if name.isupper() and name[0] != "_"}
    exported = int | float | str | tuple | slice
    return {name: _to_json(value) for name, value in values.items() if isinstance(value, exported)}


def _to_json(value: Any) -> Any:
    return [value.start, value.stop] if isinstance(value, slice) else value


if __name__ == "__main__":
    if "--check" not in sys.argv:
        FILE.write_text(text(), "utf-8")
    elif not FILE.exists() or FILE.read_text("utf-8") != text():
        sys.exit(f"{FILE.name} is out of date: run python web/scripts/constants.py")
