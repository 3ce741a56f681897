"""Training that goes on where it was stopped: AdamW, and what the next epoch needs.

In:    a Keras model with its optimizer; a function that gives an epoch's batches
Out:   the model trained; curves of each epoch
Needs: keras, tensorflow                                                                   [train]
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keykind.core.files import DAMAGE, whole_file
from keykind.core.progress import progress

Curves = list[dict[str, float]]  # of each epoch
Step = Callable[[Any, Any], Mapping[str, float]]  # inputs, targets -> what was measured


def adamw(
    peak: float, warm_up: float, weight_decay: float, steps: int, slower: Mapping[str, float] | None = None
) -> Any:
    """Return AdamW whose rate rises to `peak` in a share `warm_up` of all steps, then falls to 0.

    It falls along a cosine; biases do not decay. slower: variable's path -> factor of its rate, where not 1.
    """
    rising = max(round(steps * warm_up), 1)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(steps - rising, 1),
        warmup_target=peak,
        warmup_steps=rising,
    )
    optimizer = Paced(rate, weight_decay=weight_decay)
    optimizer.slower = dict(slower or {})
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


class Paced(keras.optimizers.AdamW):  # type: ignore[misc]  # Keras has no types
    """AdamW with a rate of its own for some variables."""

    slower: dict[str, float]

    def build(self, variables: Sequence[Any]) -> None:
        """Keep which variable is which: steps are given the values alone, or those of one device."""
        super().build(variables)
        self._factors = {
            self._var_key(one): self.slower[one.path] for one in variables if one.path in self.slower
        }

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        super().update_step(
            gradient, variable, learning_rate * self._factors.get(self._var_key(variable), 1.0)
        )


def on_batch(model: Any) -> Step:
    """Return the model's training step on one device."""
    return partial(model.train_on_batch, return_dict=True)


def run_epoch(step: Step, batches: Iterable[Sequence[Any]], steps: int, doing: str) -> dict[str, float]:
    """Train on batches of inputs and targets; return the means of what was measured, and seconds."""
    start = time.monotonic()
    told: list[dict[str, float]] = []
    for inputs, targets in progress(batches, steps, doing):
        measured = step(inputs, targets)  # of this batch alone
        told.append({name: float(value) for name, value in measured.items()})
    means = {name: float(np.mean([one[name] for one in told])) for name in told[0]} if told else {}
    return means | {"seconds": time.monotonic() - start}


def train_epochs(
    model: Any, path: Path, count: int, epoch: Callable[[int], dict[str, float]], first: Callable[[], None]
) -> Curves:
    """Run epochs 1 to `count`, each kept in `path` when it is finished, and return the curves of all.

    What an earlier call with the same path finished is not repeated; `first` is called before epoch 1.
    """
    variables = [*model.variables, *model.optimizer.variables]
    curves = _load(path, variables)
    if curves is None:
        first()
        curves = []
    for number in range(len(curves) + 1, count + 1):
        curves.append(epoch(number))
        _keep(path, variables, curves)
    return curves


def _keep(path: Path, variables: Sequence[Any], curves: Curves) -> None:
    arrays = {f"variable-{place}": variable.numpy() for place, variable in enumerate(variables)}
    with whole_file(path) as temporary:
        np.savez(temporary, allow_pickle=False, curves=json.dumps(curves), **arrays)


def _load(path: Path, variables: Sequence[Any]) -> Curves | None:
    """Give the variables what the last epoch left, and return all curves; None if there is nothing whole."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values = [arrays[f"variable-{place}"] for place in range(len(variables))]
            curves: Curves = json.loads(str(arrays["curves"]))
    except DAMAGE:
        return None
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return curves
