"""Train the bundled refiner: its heads on frozen features first, then the whole network.

In:    what the detector's training views are made of; the detector's model file; MobileNetV2's weights
Out:   OUT/refiner.tflite, OUT/refiner.weights.h5, OUT/refiner.json with identity and curves; OUT/pools,
       OUT/heads.* and OUT/*-state.npz, from which a training that was interrupted is resumed
Needs: keras, tensorflow, opencv                                                           [train]
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from keykind.core.files import write_bytes, write_json
from keykind.detect.detector import KeyDetector
from keykind.train.backbone import load_backbone
from keykind.train.backend import keras
from keykind.train.checkpoint import Curves, identity_of
from keykind.train.detector.batches import Sources
from keykind.train.detector.training import TrainingPhotos, build_pools
from keykind.train.recipe import Recipe
from keykind.train.refiner.batches import PrepareBatches
from keykind.train.refiner.loss import PARTS, refiner_loss
from keykind.train.refiner.network import (
    build_heads,
    build_refiner,
    build_trunk,
    convert_refiner,
    convert_trunk,
)
from keykind.train.two_stages import Stage, Training, check_finished, digest_of, load_weights, save_weights

MODEL, WEIGHTS, CURVES = "refiner.tflite", "refiner.weights.h5", "refiner.json"


@dataclass(frozen=True, slots=True)
class RefinerStart:
    """What training starts from."""

    detector: Path  # detector.tflite, whose candidates are refined
    backbone: str = "imagenet"  # see `load_backbone`
    scaling: str = "native"  # of the pixels that the backbone's weights expect
    refiner: Path | None = None  # refiner.weights.h5 of an earlier training, of which all is trained further


def train_refiner(
    photos: TrainingPhotos, start: RefinerStart, recipe: Recipe, out: str | Path, seed: int
) -> Path:
    """Train the refiner by `recipe.refiner`, on views by `recipe.detector`; return its model file's path.

    An interrupted training in `out` is resumed, a finished one is not repeated.
    Raises BadDataset for photos that are missing or cannot be read, BadModel, BadWeights, CannotWrite, and
    KeykindError if `out` holds a training by another recipe, start or seed.
    """
    out = Path(out)
    KeyDetector.load(start.detector)  # an error in a worker would come late
    backbone = load_backbone("mobilenet_v2", start.backbone, scaling=start.scaling, seed=seed)
    tables = [asdict(recipe.refiner), asdict(recipe.detector)]
    models = [digest_of(start.detector), backbone.digest, digest_of(start.refiner)]
    identity = identity_of(tables, models, seed)
    if (out / MODEL).exists():
        check_finished(out / CURVES, identity)
        return out / MODEL
    keras.utils.set_random_seed(seed)
    table = recipe.refiner
    trunk, heads = build_trunk(backbone), build_heads(table)
    refiner = build_refiner(trunk, heads)
    pools = build_pools(photos, out / "pools")
    training = training_of(pools, start.detector.read_bytes(), recipe, out, seed, identity)
    head_curves = Curves()
    if start.refiner:
        load_weights(refiner, start.refiner)
    else:
        steps = table.crops // table.batch
        stage = Stage("heads", heads, convert_trunk(trunk), steps, table.learning_rate)
        head_curves = training.train_once(stage)
    steps = table.fine_tune_crops // table.batch
    curves = training.train(Stage("refiner", refiner, None, steps, table.fine_tune_rate))
    save_weights(refiner, out / WEIGHTS)
    facts = {"identity": identity, "photos": len(photos.labelled), "recipe": asdict(table)}
    write_json(out / CURVES, {**facts, "heads": head_curves, "curves": curves})
    write_bytes(out / MODEL, convert_refiner(refiner))
    return out / MODEL


def training_of(
    sources: Sources, detector: bytes, recipe: Recipe, out: Path, seed: int, identity: str
) -> Training:
    """Return what the stages of the refiner's training share. detector: its model file."""
    return Training(
        "the refiner",
        refiner_loss(recipe.refiner),
        PARTS,
        recipe.refiner,
        lambda trunk, batch_seed: PrepareBatches(sources, detector, trunk, recipe, batch_seed),
        out,
        seed,
        identity,
    )
