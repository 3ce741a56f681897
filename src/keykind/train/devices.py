"""What `--devices` says -> the devices that share each batch of training.

In:    "2" (the first GPUs), "all" of them, "cpu:2" (virtual ones); a Keras model with its optimizer
Out:   Devices; Shared, the model's training steps on them
Needs: keras, tensorflow                                                                   [train]

Each device holds the whole model, answers its share of the batch, and gets the sum of all gradients: the step
is that of one device but for rounding. Keras's own `fit` would weigh the shares of an uneven batch alike, and
give all devices the same dropout masks.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from keykind.core.errors import BadDevices
from keykind.core.quiet import quiet
from keykind.model.head import Floats

CPU = "cpu:"


@dataclass(frozen=True, slots=True, eq=False)
class Devices:
    """Where a network is trained. Heads are small, and trained on one device always."""

    words: str = "one"  # for people
    strategy: Any = None  # TensorFlow's, of more than one device; None: one, which TensorFlow chooses

    @property
    def count(self) -> int:
        """How many share a batch."""
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context: a model and an optimizer that are made in it can be trained on the devices."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def seed_dropout(self, model: Any, seed: int, epoch: int) -> None:
        """Begin the stream of dropout masks of an epoch: another on each device."""
        layer = model.get_layer("dropout")
        if not layer.rate:  # Keras gives it no stream then
            return
        state = layer.seed_generator.state
        state.assign([seed, epoch])
        if self.strategy:
            for number, own in enumerate(self.strategy.experimental_local_results(state.value)):
                own.assign([seed + number, epoch])


ONE = Devices()


def find_devices(choice: str | None) -> Devices:
    """Return the devices that were chosen; None: one, as ever. Raises BadDevices if there are not so many."""
    if choice is None:
        return ONE
    names = _virtual(int(choice.removeprefix(CPU))) if choice.startswith(CPU) else _gpus(choice)
    words = f"{len(names)} {'virtual ones of the processor' if choice.startswith(CPU) else 'GPUs'}"
    with quiet():
        return Devices(words, tf.distribute.MirroredStrategy(names))


def _gpus(choice: str) -> list[str]:
    there = [
        device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices("GPU")
    ]
    wanted = max(len(there), 1) if choice == "all" else int(choice)
    if wanted > len(there):
        listed = f" ({', '.join(there)})" if there else ""
        raise BadDevices(
            f"--devices {choice}",
            fault=f"needs {wanted} GPU(s), TensorFlow sees {len(there)}{listed}",
            remedy=f"ask for fewer (see docs/train.md), or for {CPU}2 to try it without GPUs",
        )
    return there[:wanted]


def _virtual(count: int) -> list[str]:
    """Divide the processor into virtual devices: several for trying it, no faster than one."""
    processor = tf.config.list_physical_devices("CPU")[0]
    with suppress(RuntimeError):  # TensorFlow has begun: it stays as it is divided
        tf.config.set_logical_device_configuration(
            processor, [tf.config.LogicalDeviceConfiguration() for _ in range(count)]
        )
    there = len(tf.config.list_logical_devices("CPU"))
    if there != count:
        raise BadDevices(
            f"--devices {CPU}{count}",
            fault=f"TensorFlow has begun already, with {there} virtual device(s) of the processor",
            remedy="choose the devices before anything else is done with TensorFlow in this process",
        )
    return [f"CPU:{number}" for number in range(count)]


class Shared:
    """A model whose batches are shared out: trained and tested on one-hot targets by cross-entropy."""

    def __init__(self, model: Any, strategy: Any) -> None:
        self._strategy = strategy
        with strategy.scope():  # TensorFlow cannot make the optimizer's variables on all devices in a step
            model.optimizer.build(model.trainable_variables)
        self._train, self._test = (_on_all(strategy, model, training) for training in (True, False))

    def train(self, inputs: NDArray[Any], targets: Floats, weights: Floats | None = None) -> dict[str, float]:
        """Make one step on a batch of any size and return its loss and accuracy.

        inputs (b, ...), targets (b, c), weights (b,) of each loss, 1 where there are none.
        """
        return self._run(self._train, inputs, targets, weights)

    def test(self, inputs: NDArray[Any], targets: Floats) -> dict[str, float]:
        """Return the loss and accuracy of a batch without learning from it."""
        return self._run(self._test, inputs, targets, None)

    def _run(
        self, work: Callable[..., Any], inputs: NDArray[Any], targets: Floats, weights: Floats | None
    ) -> dict[str, float]:
        count = len(inputs)
        each = np.full(count, 1 / count, np.float32) if weights is None else weights / np.float32(count)
        loss, right = work(self._share(inputs), self._share(targets), self._share(each, 0))
        return {"loss": float(loss), "accuracy": float(right) / count}

    def _share(self, array: NDArray[Any], factor: int = 1) -> Any:
        """Give each device its part; where there are too few photos, the first again, times a factor."""
        count = self._strategy.num_replicas_in_sync
        missing = max(count - len(array), 0)  # a convolution's gradient over no photos is not a number
        shares = np.array_split(np.concatenate([array, *[factor * array[:1]] * missing]), count)
        return self._strategy.experimental_distribute_values_from_function(
            lambda place: tf.convert_to_tensor(shares[place.replica_id_in_sync_group])
        )


def _on_all(strategy: Any, model: Any, training: bool) -> Callable[..., Any]:
    """Return the function that all devices run at once: their shares -> summed loss, right answers."""

    def one(inputs: Any, targets: Any, weights: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            answers = model(inputs, training=training)
            loss = tf.reduce_sum(weights * keras.losses.categorical_crossentropy(targets, answers))
        if training:
            variables = model.trainable_variables
            model.optimizer.apply(tape.gradient(loss, variables), variables)  # of the sum over all devices
        right = (tf.argmax(answers, axis=-1) == tf.argmax(targets, axis=-1)) & (weights > 0)
        return loss, tf.reduce_sum(tf.cast(right, tf.float32))

    @tf.function  # type: ignore[untyped-decorator]
    def every(*shares: Any) -> Any:
        told = strategy.run(one, args=shares)
        return [strategy.reduce("SUM", part, axis=None) for part in told]

    return every  # type: ignore[no-any-return]
