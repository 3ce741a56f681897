"""Backbone -> the classifier's network, as a whole and divided into what is frozen at first and the rest.

In:    Backbone: MobileNetV2, or with a dense neck; a recipe
Out:   Keras models; the frozen part as a LiteRT file; after training Backbone and Head
Needs: keras, tensorflow                                                                   [train]
"""

from dataclasses import dataclass
from typing import Any

from keykind.core.quiet import quiet
from keykind.model.card import SIZE
from keykind.model.head import Head
from keykind.train import dense_neck
from keykind.train.backbone import Backbone, converter
from keykind.train.backend import keras, tf
from keykind.train.bn_folding import fold, unfold
from keykind.train.head_training import read_head
from keykind.train.recipe import Recipe

POOLED = "pooled"
TAPS = {"mobilenet_v2": (POOLED,), "mobilenet_v2_dense": dense_neck.TAPS}  # outputs of what is frozen


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierNetwork:
    """The network with folded batch normalisation, as three Keras models with the same layers."""

    whole: Any  # pictures (n, s, s, 3) in 0..1 -> logits (n, kinds)
    frozen: Any  # pictures -> the maps at the taps, finest first
    top: Any  # these maps -> logits
    folded: Any  # pictures -> features, without the head
    architecture: str

    def convert_frozen(self) -> bytes:
        """Return the frozen part as a LiteRT file: uint8 (1, SIZE, SIZE, 3) -> its outputs, float32."""

        def outputs(pixels: Any) -> Any:
            return self.frozen(tf.cast(pixels, tf.float32) / 255, training=False)

        with quiet():
            return bytes(converter(outputs, tf.uint8, (SIZE, SIZE)).convert())

    def trained(self, weights: str) -> tuple[Backbone, Head]:
        """Return backbone and head as they are now. weights: the origin of the weights, for people."""
        return unfold(self.folded, weights, self.architecture), read_head(self.top)


def build_network(backbone: Backbone, recipe: Recipe, kinds: int) -> ClassifierNetwork:
    """Return the network on a backbone, with a new head. Raises BadRecipe for a backbone not FOLDABLE."""
    folded = fold(backbone)
    pooled = keras.layers.GlobalAveragePooling2D(name=POOLED)(folded.output)
    hidden = keras.layers.Dense(recipe.units, activation="relu", name="hidden")(pooled)
    hidden = keras.layers.Dropout(recipe.dropout, name="dropout")(hidden)
    logits = keras.layers.Dense(kinds, name="logits")(hidden)
    whole = keras.Model(folded.input, logits)
    taps = [whole.get_layer(name).output for name in TAPS[backbone.architecture]]
    frozen = keras.Model(folded.input, taps)
    return ClassifierNetwork(whole, frozen, keras.Model(taps, logits), folded, backbone.architecture)
