"""Devices that share each batch of training (data parallelism).

In:    "2" (the first GPUs), "all" of them, "cpu:2" (virtual CPU devices); a Keras model with its optimizer
Out:   Devices; DataParallel, the model's training step on them
Needs: keras, tensorflow                                                                   [train]

Each device holds the whole model, processes its part of the batch, and receives the sum of all gradients: up
to rounding, the step is that of one device. Keras's own `fit` would weight the parts of an uneven batch
equally, and give all devices the same dropout masks.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadDevices
from keykind.core.quiet import quiet
from keykind.model.head import Floats
from keykind.train.backend import keras, tf

CPU = "cpu:"
CHOICE = re.compile(r"all|(cpu:)?[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True, eq=False)
class Devices:
    """The devices on which a backbone is trained. Heads are small: they are always trained on one device."""

    description: str = "one"  # for people
    strategy: Any = None  # TensorFlow's, for several devices; None: one device, which TensorFlow chooses

    @property
    def count(self) -> int:
        """How many devices share a batch."""
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context; models and optimizers created in it can be trained on the devices."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def seed_dropout(self, model: Any, seed: int, epoch: int) -> None:
        """Seed the dropout masks of an epoch, differently on each device."""
        layer = model.get_layer("dropout")
        if not layer.rate:  # then Keras creates no seed generator
            return
        state = layer.seed_generator.state
        state.assign([seed, epoch])
        if self.strategy:
            for i, local in enumerate(self.strategy.experimental_local_results(state.value)):
                local.assign([seed + i, epoch])


ONE_DEVICE = Devices()


def find_devices(choice: str | None) -> Devices:
    """Return the chosen devices; None: one device. Raises BadDevices if there are fewer."""
    if choice is None:
        return ONE_DEVICE
    if not CHOICE.fullmatch(choice):
        raise BadDevices(
            f"devices {choice!r}",
            fault="is not a number of GPUs, all, or cpu:N",
            remedy="choose one",
        )
    names = _virtual(int(choice.removeprefix(CPU))) if choice.startswith(CPU) else _gpus(choice)
    description = f"{len(names)} {'virtual CPU devices' if choice.startswith(CPU) else 'GPUs'}"
    with quiet():
        return Devices(description, tf.distribute.MirroredStrategy(names))


def _gpus(choice: str) -> list[str]:
    names = [
        device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices("GPU")
    ]
    count = max(len(names), 1) if choice == "all" else int(choice)
    if count > len(names):
        listed = f" ({', '.join(names)})" if names else ""
        raise BadDevices(
            f"--devices {choice}",
            fault=f"needs {count} GPU{'s' * (count != 1)}, TensorFlow sees {len(names)}{listed}",
            remedy=f"ask for fewer, or for {CPU}2 to try it without GPUs",
        )
    return names[:count]


def _virtual(count: int) -> list[str]:
    """Split the CPU into virtual devices: for trying several devices out, not faster than one."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    with suppress(RuntimeError):  # TensorFlow is initialised: the split cannot change any more
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
        )
    existing = len(tf.config.list_logical_devices("CPU"))
    if existing != count:
        raise BadDevices(
            f"--devices {CPU}{count}",
            fault=f"TensorFlow is already initialised with {existing} virtual CPU device(s)",
            remedy="choose the devices before TensorFlow is used in this process",
        )
    return [f"CPU:{i}" for i in range(count)]


class DataParallel:
    """Training and test steps of a model on several devices: one-hot targets, cross-entropy."""

    def __init__(self, model: Any, strategy: Any) -> None:
        self._strategy = strategy
        with (
            strategy.scope()
        ):  # inside a step TensorFlow cannot create the optimizer's variables on all devices
            model.optimizer.build(model.trainable_variables)
        self._train, self._test = (_replicated(strategy, model, training) for training in (True, False))

    def train(self, inputs: NDArray[Any], targets: Floats, weights: Floats | None = None) -> dict[str, float]:
        """Take one step on a batch of any size and return its loss and accuracy.

        inputs (b, ...), targets (b, c), weights (b,) of each sample's loss; None: 1.
        """
        return self._run(self._train, inputs, targets, weights)

    def test(self, inputs: NDArray[Any], targets: Floats) -> dict[str, float]:
        """Return the loss and accuracy of a batch without training on it."""
        return self._run(self._test, inputs, targets, None)

    def _run(
        self, step: Callable[..., Any], inputs: NDArray[Any], targets: Floats, weights: Floats | None
    ) -> dict[str, float]:
        count = len(inputs)
        scaled = np.full(count, 1 / count, np.float32) if weights is None else weights / np.float32(count)
        loss, correct = step(self._split(inputs), self._split(targets), self._split(scaled, 0))
        return {"loss": float(loss), "accuracy": float(correct) / count}

    def _split(self, array: NDArray[Any], factor: int = 1) -> Any:
        """Split an array over the devices; if there are too few samples, repeat the first, times a factor."""
        count = self._strategy.num_replicas_in_sync
        missing = max(count - len(array), 0)  # a convolution's gradient over no samples is NaN
        parts = np.array_split(np.concatenate([array, *[factor * array[:1]] * missing]), count)
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: tf.convert_to_tensor(parts[context.replica_id_in_sync_group])
        )


def _replicated(strategy: Any, model: Any, training: bool) -> Callable[..., Any]:
    """Return the function that runs on all devices: their parts -> summed loss, correct answers."""

    def replica_step(inputs: Any, targets: Any, weights: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=training)
            loss = tf.reduce_sum(weights * keras.losses.categorical_crossentropy(targets, outputs))
        if training:
            variables = model.trainable_variables
            model.optimizer.apply(tape.gradient(loss, variables), variables)  # of the sum over all devices
        correct = (tf.argmax(outputs, axis=-1) == tf.argmax(targets, axis=-1)) & (weights > 0)
        return loss, tf.reduce_sum(tf.cast(correct, tf.float32))

    @tf.function  # type: ignore[untyped-decorator]
    def step(*parts: Any) -> Any:
        results = strategy.run(replica_step, args=parts)
        return [strategy.reduce("SUM", result, axis=None) for result in results]

    return step  # type: ignore[no-any-return]
