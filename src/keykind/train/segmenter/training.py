"""Train the bundled segmenter: its decoder on frozen features first, then the whole network.

In:    what the detector's training views are made of; refiner.weights.h5 of the refiner's training
Out:   OUT/segmenter.tflite, OUT/segmenter.weights.h5, OUT/segmenter.json with identity and curves; OUT/pools,
       OUT/decoder.* and OUT/*-state.npz, from which a training that was interrupted is resumed
Needs: keras, tensorflow, opencv                                                           [train]
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keykind.core.files import write_bytes, write_json
from keykind.train.backbone import load_backbone
from keykind.train.backend import keras, tf
from keykind.train.checkpoint import Curves, identity_of
from keykind.train.detection_recipes import DetectorRecipe, RefinerRecipe, SegmenterRecipe
from keykind.train.detector.batches import Sources
from keykind.train.detector.training import TrainingPhotos, build_pools
from keykind.train.refiner import network as refiner_network
from keykind.train.segmenter.crops import PrepareBatches
from keykind.train.segmenter.network import (
    build_decoder,
    build_segmenter,
    build_trunk,
    convert_segmenter,
    convert_trunk,
)
from keykind.train.two_stages import Stage, Training, check_finished, digest_of, load_weights, save_weights

MODEL, WEIGHTS, CURVES = "segmenter.tflite", "segmenter.weights.h5", "segmenter.json"
PARTS = ("mask", "overlap")


@dataclass(frozen=True, slots=True)
class SegmenterStart:
    """What training starts from."""

    refiner: Path  # refiner.weights.h5 of a training by the default recipe
    segmenter: Path | None = (
        None  # segmenter.weights.h5 of an earlier training, of which all is trained further
    )


def train_segmenter(
    photos: TrainingPhotos, start: SegmenterStart, recipe: SegmenterRecipe, out: str | Path, seed: int
) -> Path:
    """Train the segmenter on views like the detector's; return its model file's path.

    An interrupted training in `out` is resumed, a finished one is not repeated.
    Raises BadDataset for photos that are missing or cannot be read, BadWeights, CannotWrite, and KeykindError
    if `out` holds a training by another recipe, start or seed.
    """
    out = Path(out)
    identity = identity_of(
        [asdict(recipe), asdict(DetectorRecipe())],
        [digest_of(start.refiner), digest_of(start.segmenter)],
        seed,
    )
    if (out / MODEL).exists():
        check_finished(out / CURVES, identity)
        return out / MODEL
    keras.utils.set_random_seed(seed)
    trunk, decoder = build_trunk(refiner_trunk(start.refiner)), build_decoder()
    network = build_segmenter(trunk, decoder)
    training = training_of(build_pools(photos, out / "pools"), recipe, out, seed, identity)
    first = Curves()
    if start.segmenter:
        load_weights(network, start.segmenter)
    else:
        steps = recipe.crops // recipe.batch
        first = training.train_once(
            Stage("decoder", decoder, convert_trunk(trunk), steps, recipe.learning_rate)
        )
    steps = recipe.fine_tune_crops // recipe.batch
    curves = training.train(Stage("segmenter", network, None, steps, recipe.fine_tune_rate))
    save_weights(network, out / WEIGHTS)
    facts = {"identity": identity, "photos": len(photos.labelled), "recipe": asdict(recipe)}
    write_json(out / CURVES, {**facts, "decoder": first, "curves": curves})
    write_bytes(out / MODEL, convert_segmenter(network))
    return out / MODEL


def refiner_trunk(weights: Path) -> Any:
    """Return the trunk of a trained refiner. Raises BadWeights."""
    backbone = load_backbone("mobilenet_v2", "random", scaling="native", seed=0)
    trunk = refiner_network.build_trunk(backbone)
    load_weights(refiner_network.build_refiner(trunk, refiner_network.build_heads(RefinerRecipe())), weights)
    return trunk


def training_of(sources: Sources, recipe: SegmenterRecipe, out: Path, seed: int, identity: str) -> Training:
    """Return what the stages of the segmenter's training share."""
    return Training(
        "the segmenter",
        segmenter_loss(recipe),
        PARTS,
        recipe,
        lambda trunk, batch_seed: PrepareBatches(sources, trunk, DetectorRecipe(), recipe.batch, batch_seed),
        out,
        seed,
        identity,
    )


def segmenter_loss(recipe: SegmenterRecipe) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return the function from logits (n, h, w, 1) and masks (n, h, w) uint8 to the loss and its PARTS (2,).

    Cross-entropy, and overlap (Dice loss: Milletari et al. 2016, arXiv:1606.04797).
    """
    weights = (1.0, recipe.overlap_weight)

    def loss(logits: Any, masks: Any) -> tuple[Any, Any]:
        logits = tf.cast(logits[..., 0], tf.float32)
        truth, mask = tf.cast(masks, tf.float32) / 255, tf.sigmoid(logits)
        entropy = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(truth, logits))
        both = tf.reduce_sum(truth * mask, axis=(1, 2))
        sums = tf.reduce_sum(truth + mask, axis=(1, 2))
        parts = tf.stack([entropy, tf.reduce_mean(1 - (2 * both + 1) / (sums + 1))])
        return tf.reduce_sum(parts * tf.constant(weights, tf.float32)), parts

    return loss
