"""Train on one and on several virtual devices; print the differences of the results as JSON.

It runs in a process of its own: the CPU is split before TensorFlow is initialised, until the process ends.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.cache import Cache
from keykind.core.errors import BadDevices
from keykind.model.head import Head
from keykind.train import full_finetune
from keykind.train.backbone import load_backbone
from keykind.train.backend import keras
from keykind.train.crossval import Fold
from keykind.train.devices import ONE_DEVICE, DataParallel, Devices, find_devices
from keykind.train.full_finetune import ViewTask, fine_tune_all_layers
from keykind.train.head_training import Task
from keykind.train.loop import adamw
from keykind.train.partial_finetune import fine_tune_last_layers
from keykind.train.recipe import REPORT
from tiny_backbone import CHANNELS, TINY, mobilenet_shortened, tiny_registered

KINDS = 3
FULL = replace(
    REPORT,
    dropout=0.0,
    all_layers_epochs=2,
    all_layers_sizes=(32,),
    all_layers_batch=5,
    all_layers_head_views=1,
    all_layers_head_epochs=1,
)
PARTIAL = replace(
    REPORT,
    views=("plain",),
    batch=2,
    fine_tune_layers=4,
    fine_tune_epochs=2,
    dropout=0.0,
    class_weights=True,
)


def difference(first: Any, second: Any) -> float:
    """Return the largest difference between two lists of arrays."""
    pairs = zip(first, second, strict=True)
    return max(float(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max()) for a, b in pairs)


def result(trained: Any, curves: list[list[float]]) -> dict[str, Any]:
    weights = [*trained.backbone.network.get_weights(), *trained.head.arrays()]
    return {"weights": weights, "curves": [np.array(values) for values in curves]}


def full_fine_tuning(folder: Path, first: Devices, second: Devices) -> dict[str, Any]:
    """Train two epochs, the second one on other devices after an interruption."""
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (11, 48, 48, 3), np.uint8)
    task = ViewTask(crops, np.arange(11) % KINDS, KINDS, FULL)
    backbone = load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)
    with Cache(folder.parent / "cache") as cache:
        if second is not first:
            interrupted(lambda: fine_tune_all_layers(backbone, task, folder, cache, 0, first))
        tuned = fine_tune_all_layers(backbone, task, folder, cache, 0, second)
    return result(tuned, [[epoch["loss"], epoch["accuracy"]] for epoch in tuned.epochs])


def interrupted(train: Callable[[], Any]) -> None:
    """Train until the second epoch begins."""
    run_epoch = full_finetune._Trainer.run_epoch
    full_finetune._Trainer.run_epoch = lambda *call: run_epoch(*call) if call[1] == 1 else 1 / 0
    try:
        train()
    except ZeroDivisionError:
        pass
    finally:
        full_finetune._Trainer.run_epoch = run_epoch


def partial_fine_tuning(folder: Path, first: Devices, second: Devices) -> dict[str, Any]:
    """Train two epochs, the second one on other devices; the last batch is a single photo."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (7, 224, 224, 3)).astype(np.float32)
    fold = Fold(np.arange(5), np.arange(5, 7))
    task = Task(lambda rows, _: pixels[rows], np.array([0, 0, 0, 1, 2, 0, 1]), KINDS, fold, PARTIAL)
    shapes = (CHANNELS, 64), (64,), (64, KINDS), (KINDS,)
    head = Head(*(0.1 * rng.standard_normal(shape).astype(np.float32) for shape in shapes))
    backbone = load_backbone(TINY, "random", scaling="unit", seed=0)
    one_epoch = replace(task, recipe=replace(PARTIAL, fine_tune_epochs=1))
    fine_tune_last_layers(backbone, head, one_epoch, folder, 0, first)
    tuned = fine_tune_last_layers(backbone, head, task, folder, 0, second)
    return result(tuned, list(tuned.history.values()))


def layerwise_rates(devices: Devices) -> list[Any]:
    """Return the weights of two layers after 3 steps; the first has a tenth of the learning rate."""
    keras.utils.set_random_seed(0)
    with devices.scope():
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(3, activation="softmax")]
        )
        factors = {model.layers[0].kernel.path: 0.1}
        model.compile(adamw(1e-2, 0.1, 0.0, 10, factors), loss="categorical_crossentropy")
        model.optimizer.build(model.trainable_variables)
    inputs, targets = np.eye(4, dtype=np.float32), np.eye(4, KINDS, dtype=np.float32)
    step = DataParallel(model, devices.strategy).train if devices.strategy else model.train_on_batch
    for _ in range(3):
        step(inputs, targets)
    return model.get_weights()


def dropout_masks(devices: Devices) -> list[Any]:
    """Return the dropout mask of each device."""
    with devices.scope():
        model = keras.Sequential([keras.Input((64,)), keras.layers.Dropout(0.5, name="dropout")])
    devices.seed_dropout(model, 0, 1)
    masks = devices.strategy.run(lambda: model(np.ones((1, 64), np.float32), training=True))
    return [mask.numpy() for mask in devices.strategy.experimental_local_results(masks)]


def error(choice: str) -> str:
    """Return the error message for a choice of devices."""
    try:
        find_devices(choice)
    except BadDevices as error:
        return str(error)
    return ""


def compare(folder: Path) -> dict[str, Any]:
    two = find_devices("cpu:2")
    results: dict[str, Any] = {"count": [ONE_DEVICE.count, two.count]}
    there, back = {"1 then 2": (ONE_DEVICE, two)}, {"2 then 1": (two, ONE_DEVICE)}
    for name, architecture, train, changes in (
        ("full", "mobilenet_v2", full_fine_tuning, there),
        ("partial", TINY, partial_fine_tuning, there | back),
    ):
        one = train(folder / f"{name} 1", ONE_DEVICE, ONE_DEVICE)
        for change, devices in changes.items():
            other = train(folder / f"{name} {change}", *devices)
            results[f"{name} {change}"] = {part: difference(one[part], other[part]) for part in one}
        before = load_backbone(architecture, "random", scaling="unit", seed=0).network.get_weights()
        results[f"{name} changed"] = difference(before, one["weights"][: len(before)])
    results["layerwise rates"] = difference(layerwise_rates(ONE_DEVICE), layerwise_rates(two))
    results["equal masks"] = float(np.mean(np.equal(*dropout_masks(two))))
    results["errors"] = {choice: error(choice) for choice in ("cpu:3", "1", "all")}
    return results


if __name__ == "__main__":
    with mobilenet_shortened(), tiny_registered():
        print(json.dumps(compare(Path(sys.argv[1]))))
