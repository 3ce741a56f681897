"""A resumable training loop with AdamW.

In:    a Keras model with its optimizer; a function that runs one epoch
Out:   the trained model; metrics of each epoch; after each epoch a file with all state the next one needs
Needs: keras, tensorflow                                                                   [train]
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.files import READ_ERRORS, atomic_write
from keykind.core.progress import progress
from keykind.train.backend import keras

EpochMetrics = dict[str, float]
TrainingStep = Callable[[Any, Any], Mapping[str, float]]  # inputs, targets -> metrics of the batch


def adamw(
    peak_rate: float,
    warm_up: float,
    weight_decay: float,
    steps: int,
    rate_factors: Mapping[str, float] | None = None,
) -> Any:
    """Return AdamW with a learning rate that rises linearly, then decays to 0 along a cosine.

    warm_up: share of all steps in which it rises to `peak_rate`. rate_factors: path of a variable -> factor
    of its rate, where that is not 1. Biases do not decay.
    """
    rising = max(round(steps * warm_up), 1)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(steps - rising, 1),
        warmup_target=peak_rate,
        warmup_steps=rising,
    )
    optimizer = LayerwiseAdamW(rate, weight_decay=weight_decay)
    optimizer.rate_factors = dict(rate_factors or {})
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


class LayerwiseAdamW(keras.optimizers.AdamW):  # type: ignore[misc]  # Keras has no types
    """AdamW with an individual learning rate for some variables."""

    rate_factors: dict[str, float]  # by path

    def build(self, variables: Sequence[Any]) -> None:
        """Map the factors to variables: `update_step` gets values without paths, or those of one replica."""
        super().build(variables)
        self._factors = {
            self._var_key(variable): self.rate_factors[variable.path]
            for variable in variables
            if variable.path in self.rate_factors
        }

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        super().update_step(
            gradient, variable, learning_rate * self._factors.get(self._var_key(variable), 1.0)
        )


def training_step(model: Any) -> TrainingStep:
    """Return the model's training step on one device."""
    return partial(model.train_on_batch, return_dict=True)


def run_epoch(step: TrainingStep, batches: Iterable[Sequence[Any]], steps: int, label: str) -> EpochMetrics:
    """Train on batches of inputs and targets; return each metric's mean over batches, and the seconds."""
    start = time.monotonic()
    metrics: list[EpochMetrics] = []
    for inputs, targets in progress(batches, steps, label):
        batch_metrics = step(inputs, targets)
        metrics.append({name: float(value) for name, value in batch_metrics.items()})
    means = (
        {name: float(np.mean([batch[name] for batch in metrics])) for name in metrics[0]} if metrics else {}
    )
    return means | {"seconds": time.monotonic() - start}


def train_epochs(
    model: Any,
    state: Path,
    epochs: int,
    train_epoch: Callable[[int], EpochMetrics],
    before_first: Callable[[], None],
) -> list[EpochMetrics]:
    """Run `train_epoch` for epochs 1 to `epochs`, saving to `state` after each; return the metrics of all.

    Epochs that an earlier call with the same file finished are not repeated. `before_first` is called before
    epoch 1 only.
    """
    variables = [*model.variables, *model.optimizer.variables]
    history = _load(state, variables)
    if history is None:
        before_first()
        history = []
    for epoch in range(len(history) + 1, epochs + 1):
        history.append(train_epoch(epoch))
        _save(state, variables, history)
    return history


def _save(state: Path, variables: Sequence[Any], history: Sequence[EpochMetrics]) -> None:
    arrays = {f"variable-{i}": variable.numpy() for i, variable in enumerate(variables)}
    with atomic_write(state) as temporary:
        np.savez(temporary, allow_pickle=False, curves=json.dumps(history), **arrays)


def _load(state: Path, variables: Sequence[Any]) -> list[EpochMetrics] | None:
    """Restore the variables and return the metrics of all epochs; None if the file is absent or damaged."""
    try:
        with np.load(state, allow_pickle=False) as arrays:
            values = [arrays[f"variable-{i}"] for i in range(len(variables))]
            history: list[EpochMetrics] = json.loads(str(arrays["curves"]))
    except READ_ERRORS:
        return None
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return history
