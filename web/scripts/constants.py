"""What Python knows -> what the app must know, too: web/src/core/constants.json.

`python web/scripts/constants.py` writes it; `--check` tells whether it is up to date, and what to run if not.
No number of the recogniser is typed twice: all of the modules named here are exported, new ones too.
"""

import ast
import inspect
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from keykind.core import kinds
from keykind.dataset import samples
from keykind.detect import align, crops, detector, postprocess
from keykind.model import card, gradcam, model
from keykind.photo import decode
from keykind.predict import recogniser

FILE = Path(__file__).parents[1] / "src" / "core" / "constants.json"
WHOLE = (postprocess, detector, align, crops)  # modules whose every constant is exported
CHOSEN = {
    card: ("SCHEMA", "SIZE", "WHOLE", "KEY"),
    model: ("GRID", "CARD", "MAX_ZIP"),
    decode: ("MIN_SIDE", "MAX_PIXELS", "MAX_BYTES", "RESIZE"),
    recogniser: ("EXPLANATION_SIDE",),
    samples: ("SIDE",),
}


def constants() -> dict[str, Any]:
    """Return module -> name -> value."""
    told = {_name(module): _all_of(module) for module in WHOLE}
    told |= {_name(module): {key: getattr(module, key) for key in keys} for module, keys in CHOSEN.items()}
    strength = inspect.signature(gradcam.overlay).parameters["strength"].default
    told["gradcam"] = {"COLOURS": gradcam.COLOUR_MAP.astype(int).tolist(), "STRENGTH": strength}
    told["kinds"] = [{"name": kind.name, "label": kind.labels, "hint": kind.hints} for kind in kinds.KINDS]
    return told


def text() -> str:
    """Return the file's text."""
    return json.dumps(constants(), indent=2, ensure_ascii=False) + "\n"


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _all_of(module: ModuleType) -> dict[str, Any]:
    """Return the constants that a module itself sets: numbers, words and slices."""
    found = {}
    for statement in ast.parse(inspect.getsource(module)).body:
        for target in statement.targets if isinstance(statement, ast.Assign) else []:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            found |= {name.id: getattr(module, name.id) for name in names if isinstance(name, ast.Name)}
    kinds_of = int | float | str | tuple | slice
    return {
        name: _plain(value) for name, value in found.items() if _told(name) and isinstance(value, kinds_of)
    }


def _told(name: str) -> bool:
    return name.isupper() and not name.startswith("_")


def _plain(value: Any) -> Any:
    return [value.start, value.stop] if isinstance(value, slice) else value


if __name__ == "__main__":
    if "--check" not in sys.argv:
        FILE.write_text(text(), "utf-8")
    elif not FILE.exists() or FILE.read_text("utf-8") != text():
        sys.exit(f"{FILE.name} is not what the code says: run python web/scripts/constants.py")
