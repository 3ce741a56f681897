"""Train the same on one and on two virtual devices, and print the differences of the results as JSON.

Runs in its own process, because virtual devices are fixed once TensorFlow has started.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keykind.core.cache import Cache
from keykind.core.errors import BadDevices
from keykind.model.head import Head
from keykind.train.backbone import ARCHITECTURES, load_backbone
from keykind.train.crossval import Fold
from keykind.train.devices import ONE, Devices, Shared, find_devices
from keykind.train.full_finetune import DeepRecipe, Photos, train_all
from keykind.train.head_training import Task
from keykind.train.loop import adamw
from keykind.train.partial_finetune import fine_tune
from keykind.train.recipe import REPORT

KINDS = 3
DEEP = DeepRecipe(sizes=(32, 32), batch=5, dropout=0.0, head_views=1, head_epochs=1)


def first_blocks(**options: Any) -> Any:
    """Return the first blocks of MobileNetV2; tracing all of it would take a minute."""
    network = keras.applications.MobileNetV2(**options)
    return keras.Model(network.input, network.get_layer("block_3_project_BN").output)


ARCHITECTURES["mobilenet_v2"] = replace(ARCHITECTURES["mobilenet_v2"], build=first_blocks, channels=32)


def max_difference(a: Any, b: Any) -> float:
    """Return the largest absolute difference between two lists of arrays."""
    pairs = zip(a, b, strict=True)
    return max(float(np.abs(np.asarray(x, np.float64) - np.asarray(y, np.float64)).max()) for x, y in pairs)


def result(trained: Any, curves: list[list[float]]) -> dict[str, Any]:
    weights = [*trained.backbone.network.get_weights(), *trained.head.arrays()]
    return {"weights": weights, "curves": [np.array(values) for values in curves]}


def all_layers(folder: Path, first: Devices, then: Devices) -> dict[str, Any]:
    """Train two epochs, stopping after the first and resuming on other devices."""
    rng = np.random.default_rng(0)
    photos = Photos(rng.integers(0, 256, (11, 48, 48, 3), np.uint8), np.arange(11) % KINDS, KINDS)
    backbone = load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)
    with Cache(folder.parent / "cache") as cache:
        if then is not first:
            stop_after_first_epoch(
                lambda: train_all(backbone, photos, replace(DEEP, devices=first), folder, cache, 0)
            )
        deep = train_all(backbone, photos, replace(DEEP, devices=then), folder, cache, 0)
    return result(deep, [[epoch["loss"], epoch["accuracy"]] for epoch in deep.epochs])


def stop_after_first_epoch(train: Any) -> None:
    """Train until the second epoch starts."""
    from keykind.train import full_finetune as module

    run = module._Trainer.run
    module._Trainer.run = lambda *call: run(*call) if call[1] == 1 else 1 / 0
    try:
        train()
    except ZeroDivisionError:
        pass
    finally:
        module._Trainer.run = run


def fine_tuning(folder: Path, first: Devices, then: Devices) -> dict[str, Any]:
    """Fine-tune two epochs, the second on other devices; the last batch has one photo."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (7, 224, 224, 3)).astype(np.float32)
    recipe = replace(
        REPORT,
        views=("plain",),
        batch=2,
        fine_tune_layers=4,
        fine_tune_epochs=2,
        dropout=0.0,
        class_weights=True,
    )
    fold = Fold(np.arange(5), np.arange(5, 7))
    task = Task(lambda rows, _: pixels[rows], np.array([0, 0, 0, 1, 2, 0, 1]), KINDS, fold, recipe)
    shapes = (32, 64), (64,), (64, KINDS), (KINDS,)
    head = Head(*(0.1 * rng.standard_normal(shape).astype(np.float32) for shape in shapes))
    backbone = load_backbone("mobilenet_v2", "random", scaling="unit", seed=0)
    shorter = replace(task, recipe=replace(recipe, fine_tune_epochs=1))
    fine_tune(backbone, head, shorter, folder, 0, first)
    tuned = fine_tune(backbone, head, task, folder, 0, then)
    return result(tuned, list(tuned.history.values()))


def train_with_slow_layer(devices: Devices) -> list[Any]:
    """Return the weights after three steps in which the first layer has a tenth of the learning rate."""
    keras.utils.set_random_seed(0)
    with devices.scope():
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(3, activation="softmax")]
        )
        first = model.layers[0].kernel
        model.compile(adamw(1e-2, 0.1, 0.0, 10, slower={first.path: 0.1}), loss="categorical_crossentropy")
        model.optimizer.build(model.trainable_variables)
    inputs, targets = np.eye(4, dtype=np.float32), np.eye(4, KINDS, dtype=np.float32)
    step = Shared(model, devices.strategy).train if devices.strategy else model.train_on_batch
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


def error_of(choice: str) -> str:
    try:
        find_devices(choice)
    except BadDevices as error:
        return str(error)
    return ""


def main(folder: Path) -> None:
    two = find_devices("cpu:2")
    results: dict[str, Any] = {"count": [ONE.count, two.count]}
    for name, train, changes in (
        ("all layers", all_layers, {"1 then 2": (ONE, two)}),
        ("fine-tuning", fine_tuning, {"1 then 2": (ONE, two), "2 then 1": (two, ONE)}),
    ):
        single = train(folder / f"{name} 1", ONE, ONE)
        for change, devices in changes.items():
            other = train(folder / f"{name} {change}", *devices)
            results[f"{name} {change}"] = {part: max_difference(single[part], other[part]) for part in single}
        before = load_backbone("mobilenet_v2", "random", scaling="unit", seed=0).network.get_weights()
        results[f"{name} moved"] = max_difference(before, single["weights"][: len(before)])
    results["slower"] = max_difference(train_with_slow_layer(ONE), train_with_slow_layer(two))
    results["masks alike"] = float(np.mean(np.equal(*dropout_masks(two))))
    results["refused"] = {choice: error_of(choice) for choice in ("cpu:3", "1", "all")}
    print(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
