"""Train the bundled detector, and score it on rendered photos held out from training.

In:    rendered datasets, photos without keys, cut-out hands and things, marked photos; MobileNetV2's weights
Out:   OUT/detector.tflite, OUT/detector.weights.h5 (neck and heads), OUT/detector.json with the curves;
       OUT/pools and OUT/detector-state.npz, from which a training that was interrupted is resumed
Needs: keras, tensorflow, opencv                                                           [train]
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keykind.core.errors import BadDataset, KeykindError
from keykind.core.files import atomic_write, write_bytes, write_json
from keykind.core.geometry import decode_rle, width_across
from keykind.core.parallel import cpu_count, parallel_map
from keykind.core.progress import progress
from keykind.detect.detection import Detection, Detector
from keykind.detect.detector import SCORE_THRESHOLD
from keykind.detect.metrics import DetectionMetrics, LabelledKey, score_detections
from keykind.photo.decode import read_photo
from keykind.train.backbone import load_backbone
from keykind.train.backend import keras, tf
from keykind.train.detection_recipes import DetectorRecipe
from keykind.train.detector.batches import Batch, Sources, batches
from keykind.train.detector.checkpoint import Checkpoint, MovingAverage
from keykind.train.detector.clutter import read_things
from keykind.train.detector.holding import read_hands
from keykind.train.detector.labels import LabelledPhoto, labelled_scenes
from keykind.train.detector.loss import PARTS, detector_loss
from keykind.train.detector.network import build_network, convert_detector, convert_trunk
from keykind.train.detector.pool import Scene, open_pool, photo_scenes
from keykind.train.detector.targets import trim

BACKGROUND_SIDE = 560  # px, longer side of photos without keys
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
CHECKPOINT_SECONDS = 600.0
CURVE_STEPS = 100  # steps whose mean is a point of the curves
AVERAGE_STEPS = 5  # between two updates of the weights' moving average
MIN_SCORE = 0.05  # score down to which precision is averaged
MODEL, WEIGHTS, CURVES, STATE = (
    "detector.tflite",
    "detector.weights.h5",
    "detector.json",
    "detector-state.npz",
)


@dataclass(frozen=True, slots=True)
class Start:
    """The weights that training starts from."""

    backbone: str = "imagenet"  # see `load_backbone`
    scaling: str = "native"  # of the pixels that the backbone's weights expect
    detector: Path | None = None  # detector.weights.h5 of an earlier training; None: drawn from the seed


@dataclass(frozen=True, slots=True)
class TrainingPhotos:
    """What training views are made of."""

    labelled: Sequence[LabelledPhoto]  # rendered
    backgrounds: Sequence[Path]  # folders of photos without keys
    hands: Path | None = None  # folder of PNG files, see holding.py
    marked: Sequence[tuple[Path, Scene]] = ()  # real photos whose keys are marked
    things: Path | None = None  # folder of PNG files, see clutter.py


def train_detector(
    photos: TrainingPhotos, start: Start, recipe: DetectorRecipe, out: str | Path, seed: int
) -> Path:
    """Train the detector and return the path of its model file.

    An interrupted training in `out` is resumed, a finished one is not repeated.
    Raises BadDataset for photos that are missing or cannot be read, BadWeights, CannotWrite, and KeykindError
    if `out` holds a training by another recipe or seed.
    """
    out = Path(out)
    if (out / MODEL).exists():
        return out / MODEL
    backbone = load_backbone("mobilenet_v2", start.backbone, scaling=start.scaling, seed=seed)
    keras.utils.set_random_seed(seed)
    network = build_network(recipe)
    if start.detector:
        network.load_weights(start.detector)
    sources = build_pools(photos, out / "pools")
    curves = run_steps(network, sources, convert_trunk(backbone), recipe, out / STATE, seed)
    with atomic_write(out / WEIGHTS) as temporary:
        network.save_weights(temporary)
    write_json(out / CURVES, {"photos": len(photos.labelled), "recipe": asdict(recipe), "curves": curves})
    write_bytes(out / MODEL, convert_detector(backbone, network, recipe))
    return out / MODEL


def build_pools(photos: TrainingPhotos, folder: Path) -> Sources:
    """Write the pools of photos into a folder, unless they are there.

    Raises BadDataset, BadPhoto, CannotWrite.
    """
    backgrounds = list(_photo_files(photos.backgrounds))
    if not photos.labelled or not backgrounds:
        fault = f"has {len(photos.labelled):,} rendered photos and {len(backgrounds):,} photos without keys"
        raise BadDataset("the detector", fault=fault, remedy="give at least one of each")
    if photos.hands:
        read_hands(photos.hands)  # an error in a worker would not be seen
    if photos.things:
        read_things(photos.things)
    files = [file for photo in photos.labelled for file in (photo.photo, photo.label)]
    open_pool(folder / "scenes", files, lambda: labelled_scenes(photos.labelled), "reading rendered photos")
    open_pool(
        folder / "backgrounds",
        backgrounds,
        lambda: photo_scenes(backgrounds, BACKGROUND_SIDE),
        "reading photos without keys",
    )
    if photos.marked:
        files = [path for path, _ in photos.marked]
        scenes = [scene for _, scene in photos.marked]
        open_pool(folder / "marked", files, lambda: scenes, "reading marked photos")
    marked = folder / "marked" if photos.marked else None
    return Sources(folder / "scenes", folder / "backgrounds", marked, photos.hands, photos.things)


def run_steps(
    network: Any, sources: Sources, trunk: bytes, recipe: DetectorRecipe, state: Path, seed: int
) -> list[dict[str, float]]:
    """Train the network, leave the moving average of its weights in it, and return the curves.

    Everything is saved to `state` every CHECKPOINT_SECONDS, and training continues from there.
    """
    steps = -(-recipe.views // recipe.batch)
    optimizer = keras.optimizers.AdamW(
        recipe.learning_rate, weight_decay=recipe.weight_decay, clipnorm=recipe.clip_norm
    )
    optimizer.build(network.trainable_variables)
    average = MovingAverage(network.trainable_variables, recipe.averaging)
    identity = json.dumps([asdict(recipe), seed])
    checkpoint = Checkpoint(state, [*network.variables, *optimizer.variables], average, identity)
    first, curves = checkpoint.restore()
    step = training_step(network, optimizer, recipe)
    made = batches(sources, trunk, recipe, seed, range(first, steps), cpu_count())
    saved, losses = time.monotonic(), list[list[float]]()
    for number, batch in enumerate(progress(made, steps - first, "training steps"), first):
        optimizer.learning_rate = rate_at(number, steps, recipe)
        losses.append(step(batch))
        done = number + 1
        if done % AVERAGE_STEPS == 0:
            average.update(done, AVERAGE_STEPS)
        if done % CURVE_STEPS == 0 or done == steps:
            means = np.mean(losses, axis=0).tolist()
            curves.append({"step": done, **dict(zip(("loss", *PARTS), means, strict=True))})
            losses = []
        if time.monotonic() - saved >= CHECKPOINT_SECONDS and not losses:
            checkpoint.save(done, curves)
            saved = time.monotonic()
    average.apply()
    return curves


def training_step(network: Any, optimizer: Any, recipe: DetectorRecipe) -> Any:
    """Return the function from a Batch to the loss and its parts, which trains the network by one step."""
    loss_of = detector_loss(recipe)

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def train(features: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss, parts = loss_of(targets, network(features, training=True))
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return tf.concat([[loss], parts], axis=0)

    def step(batch: Batch) -> list[float]:
        features, targets = batch
        maps = [tf.constant(values) for values in features]
        values: list[float] = train(maps, tf.constant(trim(targets))).numpy().tolist()
        if not np.isfinite(values).all():
            fault = f"has a loss of {values[0]}"
            raise KeykindError("the detector", fault=fault, remedy="lower detector.learning_rate")
        return values

    return step


def rate_at(step: int, steps: int, recipe: DetectorRecipe) -> float:
    """Return the learning rate of a step: it rises linearly, and decays along a cosine."""
    rising = min(1.0, (step + 1) / max(recipe.warm_up, 1))
    falling = (1 + np.cos(np.pi * step / steps)) / 2
    return float(recipe.learning_rate * rising * (recipe.final_rate + (1 - recipe.final_rate) * falling))


def score_photos(detector: Detector, photos: Sequence[LabelledPhoto]) -> DetectionMetrics:
    """Return the detection metrics over labelled photos, at the detector's own score threshold."""

    def detect(photo: LabelledPhoto) -> tuple[tuple[Detection, ...], list[LabelledKey]]:
        return detector.detect(read_photo(photo.photo), MIN_SCORE), list(_labelled_keys(photo))

    return score_detections(parallel_map(detect, photos), SCORE_THRESHOLD)


def _labelled_keys(photo: LabelledPhoto) -> Iterator[LabelledKey]:
    """Yield the keys of a label of which at least one pixel is visible."""
    for key, remote in photo.entries():
        mask = decode_rle(key["mask"])
        if mask.any() and not remote:
            head, tip = (np.array(key[name], float) for name in ("head", "tip"))
            visibility = (1 - key["occluded"]) * (1 - key["cut_off"])
            yield LabelledKey(head, tip, width_across(mask, head, tip), visibility, mask)


def _photo_files(folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the photos in folders and their subfolders, sorted."""
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
