"""Train the bundled detector: neck and heads on frozen features first, then the whole network.

In:    rendered datasets, photos without keys, cut-out hands and things, marked photos; MobileNetV2's weights
Out:   OUT/detector.tflite, OUT/detector.weights.h5, OUT/detector.json with identity and curves; OUT/pools,
       OUT/neck.* and OUT/*-state.npz, from which a training that was interrupted is resumed;
       a detector's metrics on rendered photos held out from training
Needs: keras, tensorflow, opencv                                                           [train]
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keykind.core.errors import BadDataset
from keykind.core.files import write_bytes, write_json
from keykind.core.geometry import decode_rle, width_across
from keykind.core.parallel import parallel_map
from keykind.detect.detection import Detection, Detector
from keykind.detect.detector import SCORE_THRESHOLD, letterbox
from keykind.detect.metrics import DetectionMetrics, LabelledKey, score_detections
from keykind.photo.decode import read_photo
from keykind.train.backbone import load_backbone
from keykind.train.backend import keras
from keykind.train.checkpoint import Curves, identity_of
from keykind.train.detection_recipes import DetectorRecipe
from keykind.train.detector.batches import PrepareBatches, Sources
from keykind.train.detector.clutter import read_things
from keykind.train.detector.holding import read_hands
from keykind.train.detector.labels import LabelledPhoto, labelled_scenes
from keykind.train.detector.loss import PARTS, detector_loss
from keykind.train.detector.network import (
    build_detector,
    build_network,
    build_trunk,
    convert_detector,
    convert_trunk,
)
from keykind.train.detector.pool import Scene, open_pool, photo_scenes
from keykind.train.two_stages import Stage, Training, check_finished, digest_of, load_weights, save_weights

BACKGROUND_SIDE = 560  # px, longer side of photos without keys
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
CALIBRATION_PHOTOS = 150  # of rendered scenes, and as many without keys
MIN_SCORE = 0.05  # score down to which precision is averaged
MODEL, WEIGHTS, CURVES = "detector.tflite", "detector.weights.h5", "detector.json"


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
    tables: Sequence[Path] = ()  # with these marks
    things: Path | None = None  # folder of PNG files, see clutter.py


def train_detector(
    photos: TrainingPhotos, start: Start, recipe: DetectorRecipe, out: str | Path, seed: int
) -> Path:
    """Train the detector and return the path of its model file.

    An interrupted training in `out` is resumed, a finished one is not repeated.
    Raises BadDataset for photos that are missing or cannot be read, BadWeights, CannotWrite, and KeykindError
    if `out` holds a training by another recipe, start or seed.
    """
    out = Path(out)
    backbone = load_backbone("mobilenet_v2", start.backbone, scaling=start.scaling, seed=seed)
    identity = identity_of(asdict(recipe), backbone.digest, digest_of(start.detector), seed)
    if (out / MODEL).exists():
        check_finished(out / CURVES, identity)
        return out / MODEL
    keras.utils.set_random_seed(seed)
    trunk, network = build_trunk(backbone), build_network(recipe)
    detector = build_detector(trunk, network)
    if start.detector:
        load_weights(detector, start.detector)
    sources = build_pools(photos, out / "pools")
    training = training_of(sources, recipe, out, seed, identity)
    neck_steps, steps = recipe.views // recipe.batch, recipe.fine_tune_views // recipe.fine_tune_batch
    neck_curves, curves = Curves(), Curves()
    if recipe.views:
        stage = Stage("neck", network, convert_trunk(trunk), neck_steps, recipe.learning_rate)
        neck_curves = training.train_once(stage)
    if recipe.fine_tune_views:
        curves = training.train(Stage("detector", detector, None, steps, recipe.fine_tune_rate))
    save_weights(detector, out / WEIGHTS)
    facts = {"identity": identity, "photos": len(photos.labelled), "recipe": asdict(recipe)}
    write_json(out / CURVES, {**facts, "neck": neck_curves, "curves": curves})
    inputs = calibration_photos(sources)
    write_bytes(out / MODEL, convert_detector(trunk, network, recipe, inputs))
    return out / MODEL


def calibration_photos(sources: Sources) -> list[NDArray[np.uint8]]:
    """Return photos with and without keys, as network inputs (HEIGHT, WIDTH, 3), to calibrate the int8 model.

    They are not augmented: that would widen the ranges of the activations.
    """
    pools = sources.open()
    return [
        letterbox(pool.scene(i).image)[0]
        for pool in (pools.scenes, pools.backgrounds)
        for i in np.linspace(0, len(pool) - 1, CALIBRATION_PHOTOS).astype(int).tolist()
    ]


def training_of(sources: Sources, recipe: DetectorRecipe, out: Path, seed: int, identity: str) -> Training:
    """Return what the stages of the detector's training share."""
    return Training(
        "the detector",
        detector_loss(recipe),
        PARTS,
        recipe,
        lambda trunk, batch_seed: PrepareBatches(sources, trunk, recipe, batch_seed),
        out,
        seed,
        identity,
    )


def build_pools(photos: TrainingPhotos, folder: Path) -> Sources:
    """Write the pools of photos into a folder, unless they are there.

    Raises BadDataset, BadPhoto, CannotWrite.
    """
    backgrounds = list(_photo_files(photos.backgrounds))
    if not photos.labelled or not backgrounds:
        fault = f"are {len(photos.labelled):,} rendered ones and {len(backgrounds):,} without keys"
        raise BadDataset("the training photos", fault=fault, remedy="give at least one of each")
    if photos.hands:
        read_hands(photos.hands)  # an error in a worker would not be seen
    if photos.things:
        read_things(photos.things)
    files = [file for photo in photos.labelled for file in (photo.photo, photo.label)]
    open_pool(
        folder / "scenes",
        files,
        lambda: labelled_scenes(photos.labelled),
        len(photos.labelled),
        "reading rendered photos",
    )
    open_pool(
        folder / "backgrounds",
        backgrounds,
        lambda: photo_scenes(backgrounds, BACKGROUND_SIDE),
        len(backgrounds),
        "reading photos without keys",
    )
    if photos.marked:
        files = [*(path for path, _ in photos.marked), *photos.tables]
        scenes = [scene for _, scene in photos.marked]
        open_pool(folder / "marked", files, lambda: scenes, len(scenes), "reading marked photos")
    marked = folder / "marked" if photos.marked else None
    return Sources(folder / "scenes", folder / "backgrounds", marked, photos.hands, photos.things)


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
