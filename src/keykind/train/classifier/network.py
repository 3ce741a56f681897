"""Backbone -> the classifier's network, as a whole and divided into a trunk and a top.

In:    Backbone: MobileNetV2, or with a dense neck; a recipe
Out:   Keras models; the trunk as a LiteRT file; after training Backbone and Head
Needs: keras, tensorflow                                                                   [train]
"""

from dataclasses import dataclass
from typing import Any

from keykind.model.card import SIZE
from keykind.model.head import Head
from keykind.train import dense_neck
from keykind.train.backbone import Backbone, to_litert
from keykind.train.backend import keras
from keykind.train.bn_folding import fold, unfold
from keykind.train.head_training import read_head
from keykind.train.recipe import Recipe

POOLED = "pooled"
TAPS = {"mobilenet_v2": (POOLED,), "mobilenet_v2_dense": dense_neck.TAPS}  # outputs of the trunk


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierNetwork:
    """The network with folded batch normalisation, as three Keras models with the same layers."""

    whole: Any  # pictures (n, s, s, 3) in 0..1 -> logits (n, kinds)
    trunk: Any  # pictures -> the maps at the taps, finest first
    top: Any  # these maps -> logits
    folded: Any  # pictures -> features, without the head
    architecture: str

    def convert_trunk(self) -> bytes:
        """Return the trunk as a LiteRT file: uint8 (1, SIZE, SIZE, 3) -> its outputs, float32."""
        return to_litert(lambda pixels: self.trunk(pixels, training=False), (SIZE, SIZE))

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
    trunk = keras.Model(folded.input, taps)
    return ClassifierNetwork(whole, trunk, keras.Model(taps, logits), folded, backbone.architecture)
