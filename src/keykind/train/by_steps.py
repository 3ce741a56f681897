"""Train by a fixed number of steps, from checkpoints, with a moving average of the weights.

In:    a Keras model, its loss, batches by their number, a Schedule
Out:   the model with its averaged weights; curves
Needs: keras, tensorflow                                                                   [train]
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import KeykindError
from keykind.core.progress import progress
from keykind.train.backend import keras, tf
from keykind.train.checkpoint import Checkpoint, Curves, MovingAverage
from keykind.train.classifier_recipe import ClassifierRecipe
from keykind.train.detection_recipes import DetectorRecipe, RefinerRecipe, SegmenterRecipe

CHECKPOINT_SECONDS = 600.0
CURVE_STEPS = 100  # steps whose mean is a point of the curves
AVERAGE_STEPS = 5  # between two updates of the weights' moving average

Batch = Sequence[Any]  # of arrays; the loss takes one tensor for each
RecipeBySteps = DetectorRecipe | RefinerRecipe | SegmenterRecipe | ClassifierRecipe


@dataclass(frozen=True, slots=True)
class Schedule:
    """How many steps are taken, and how large they are."""

    steps: int
    learning_rate: float  # peak of AdamW's; it decays along a cosine
    final_rate: float  # learning rate at the end, relative to the peak
    warm_up: int  # steps in which the learning rate rises
    weight_decay: float  # AdamW's
    clip_norm: float  # largest norm of a variable's gradient
    averaging: float  # share of the moving average that is kept in AVERAGE_STEPS steps

    @classmethod
    def by(cls, recipe: RecipeBySteps, steps: int, learning_rate: float) -> "Schedule":
        """Return the schedule of a recipe for a number of steps, at least 1, and a peak learning rate."""
        return cls(
            max(steps, 1),
            learning_rate,
            recipe.final_rate,
            recipe.warm_up,
            recipe.weight_decay,
            recipe.clip_norm,
            recipe.averaging,
        )

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step: it rises linearly, and decays along a cosine."""
        rising = min(1.0, (step + 1) / max(self.warm_up, 1))
        falling = (1 + np.cos(np.pi * step / self.steps)) / 2
        return float(self.learning_rate * rising * (self.final_rate + (1 - self.final_rate) * falling))


@dataclass(frozen=True, slots=True, eq=False)
class Trainee:
    """A model and what it is to minimise."""

    name: str  # for errors
    model: Any  # keras.Model
    loss: Callable[..., tuple[Any, Any]]  # from a batch's tensors to the loss and its parts (n,)
    parts: tuple[str, ...]  # names of these parts


def train_by_steps(
    trainee: Trainee,
    batches: Callable[[range], Iterable[Batch]],
    schedule: Schedule,
    state: Path,
    identity: str,
) -> Curves:
    """Train the model, leave the moving average of its weights in it, and return the curves.

    batches: makes the batches of these numbers. identity: see `identity_of`; everything is saved to `state`
    every CHECKPOINT_SECONDS, and training continues from there.
    Raises KeykindError if `state` is of another identity, or the loss is not finite.
    """
    model = trainee.model
    optimizer = keras.optimizers.AdamW(
        schedule.learning_rate, weight_decay=schedule.weight_decay, clipnorm=schedule.clip_norm
    )
    optimizer.build(model.trainable_variables)
    average = MovingAverage(model.trainable_variables, schedule.averaging)
    checkpoint = Checkpoint(state, [*model.variables, *optimizer.variables], average, identity)
    first, curves = checkpoint.restore()
    step = _training_step(trainee, optimizer)
    saved, losses = time.monotonic(), list[list[float]]()
    numbers = range(first, schedule.steps)
    for number, batch in enumerate(progress(batches(numbers), len(numbers), "training steps"), first):
        optimizer.learning_rate = schedule.rate_at(number)
        losses.append(step(batch))
        done = number + 1
        if done % AVERAGE_STEPS == 0 or done == schedule.steps:
            average.update(done, done % AVERAGE_STEPS or AVERAGE_STEPS)
        if done % CURVE_STEPS == 0 or done == schedule.steps:
            means = np.mean(losses, axis=0).tolist()
            curves.append({"step": done, **dict(zip(("loss", *trainee.parts), means, strict=True))})
            losses = []
            if time.monotonic() - saved >= CHECKPOINT_SECONDS:
                checkpoint.save(done, curves)
                saved = time.monotonic()
    average.apply()
    return curves


def _training_step(trainee: Trainee, optimizer: Any) -> Callable[[Batch], list[float]]:
    """Return the function from a batch to the loss and its parts, which trains the model by one step."""

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def train(*batch: Any) -> Any:
        with tf.GradientTape() as tape:
            loss, parts = trainee.loss(*batch)
        gradients = tape.gradient(loss, trainee.model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, trainee.model.trainable_variables, strict=True))
        return tf.concat([[loss], parts], axis=0)

    def step(batch: Batch) -> list[float]:
        values: list[float] = train(*(tf.constant(array) for array in batch)).numpy().tolist()
        if not np.isfinite(values).all():
            fault = f"has a loss of {values[0]}"
            raise KeykindError(trainee.name, fault=fault, remedy="lower its learning rate in the recipe")
        return values

    return step
