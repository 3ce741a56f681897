"""Name and weights -> a pretrained backbone, and the same as a LiteRT network that computes features.

In:    the name of an architecture; `keykind`, `imagenet`, `random` or a weights file
Out:   Backbone; Network (the converted model) for features.py
Needs: keras, tensorflow                                                                   [train]
"""

import hashlib
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keykind.core.cache import Cache
from keykind.core.errors import BadRecipe, BadWeights
from keykind.core.quiet import quiet
from keykind.model.card import SIZE
from keykind.model.shipped import Arrays, read_arrays
from keykind.train.backend import freeze, keras, tf
from keykind.train.dense_neck import CHANNELS, NECK, dense_mobilenet
from keykind.train.features import Network


@dataclass(frozen=True, slots=True)
class Architecture:
    """A pretrained network of Keras: how to build it and which pixels it was pretrained on."""

    build: Callable[..., Any]  # from keras.applications
    channels: int  # of the last feature map
    native: tuple[float, float]  # factor and offset from pixels in 0..1 to those it was pretrained on
    # Usable ones: pixels 0..1 are black if pretrained on 0..255.
    scalings: tuple[str, ...] = ("unit", "native")


ARCHITECTURES = {
    "mobilenet_v2": Architecture(keras.applications.MobileNetV2, 1280, (2.0, -1.0)),
    "mobilenet_v2_dense": Architecture(dense_mobilenet, CHANNELS, (2.0, -1.0)),
    "efficientnet_v2_b0": Architecture(keras.applications.EfficientNetV2B0, 1280, (255.0, 0.0), ("native",)),
    "mobilenet_v3_large": Architecture(keras.applications.MobileNetV3Large, 960, (255.0, 0.0), ("native",)),
}
FOLDABLE = ("mobilenet_v2", "mobilenet_v2_dense")  # of which all layers can be trained, see bn_folding.py


@dataclass(frozen=True, slots=True, eq=False)
class Backbone:
    """A network without its classifier: crops (n, 224, 224, 3) -> feature maps (n, 7, 7, channels)."""

    architecture: str
    scaling: str  # of its input: "unit": pixels in 0..1; "native": as it was pretrained
    weights: str  # their origin, for people
    network: Any  # keras.Model

    @property
    def channels(self) -> int:
        """The number of channels of the feature map."""
        return ARCHITECTURES[self.architecture].channels

    @property
    def digest(self) -> str:
        """A hash of everything that determines the features: architecture, scaling, every weight."""
        state = hashlib.sha256(f"{self.architecture} {self.scaling}".encode())
        for variable in self.network.weights:
            state.update(variable.path.encode() + variable.numpy().tobytes())
        return state.hexdigest()

    def apply(self, pictures: Any) -> Any:
        """Return the Keras graph from pictures in 0..1 to the feature map; batch normalisation is frozen."""
        if self.scaling == "native":
            factor, offset = ARCHITECTURES[self.architecture].native
            pictures = keras.layers.Rescaling(factor, offset, name="native_pixels")(pictures)
        return self.network(pictures, training=False)


def load_backbone(architecture: str, weights: str, *, scaling: str, seed: int) -> Backbone:
    """Return the backbone with its weights.

    weights: `keykind` (bundled, trained on rendered keys; MobileNetV2 for pixels in 0..1), `imagenet`
    (downloaded once by Keras), `random` (from `seed`; for tests), or a file: `.weights.h5` / `.h5` as Keras
    writes them, `.keras` (a model that contains the network), or `.npz` with one array per variable, named by
    its path ("Conv1/kernel").
    Raises BadWeights for an unknown network or a file that is missing, damaged, or of another network, and
    BadRecipe for a scaling that the network does not support.
    """
    if architecture not in ARCHITECTURES:
        raise BadWeights(
            architecture, fault="is not a known network", remedy=f"use {', '.join(ARCHITECTURES)}"
        )
    entry = ARCHITECTURES[architecture]
    if scaling not in entry.scalings:
        raise BadRecipe(
            architecture,
            fault=f"does not support scaling = {scaling!r}",
            remedy=f"set scaling = {entry.scalings[0]!r} in the recipe",
        )
    network = _download(entry) if weights == "imagenet" else _build(entry, None)
    if weights == "random":
        _initialise(network, np.random.default_rng(seed))
    elif weights == "keykind":
        _load_shipped(network, architecture, scaling)
    elif weights != "imagenet":
        _load_file(network, Path(weights))
    network.trainable = False
    return Backbone(architecture, scaling, weights, network)


def batch_norms(network: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each convolution of MobileNetV2 with the batch normalisation that follows it."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer.input._keras_history.operation, layer


def set_folded(network: Any, arrays: Arrays) -> None:
    """Set MobileNetV2 to the kernels and biases of its folded form; batch normalisation only adds the bias.

    arrays: by their path in the folded form, "Conv1/kernel" and "Conv1/bias"; of layers without batch
    normalisation by their own path.
    Raises ValueError if they do not fit.
    """
    paths = {variable.path for variable in network.weights}
    expanded: Arrays = {path: array for path, array in arrays.items() if path in paths}
    for convolution, norm in batch_norms(network):
        kernel, bias = (arrays.get(f"{convolution.name}/{part}") for part in ("kernel", "bias"))
        ones = np.ones(norm.gamma.shape, np.float32)
        # The variance is 1 once Keras has added its epsilon.
        values = (kernel, ones, bias, 0 * ones, (1 - norm.epsilon) * ones)
        variables = (convolution.kernel, norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
        expanded |= {
            variable.path: value
            for variable, value in zip(variables, values, strict=True)
            if value is not None
        }
    _assign(network, expanded)


def to_network(backbone: Backbone, cache: Cache) -> Network:
    """Return the backbone as a LiteRT file: picture (1, 224, 224, 3) float32 in 0..1 -> pooled, map.

    It is converted once for each set of weights and then cached.
    """
    digest = backbone.digest
    key = f"network {digest} tensorflow {tf.__version__}".encode()
    model = cache.get(key)
    if model is None:
        model = _convert(backbone)
        cache.put({key: model})
    return Network(model, digest, SIZE, backbone.channels)


def _build(entry: Architecture, weights: str | None) -> Any:
    return entry.build(include_top=False, weights=weights, input_shape=(SIZE, SIZE, 3))


def _initialise(network: Any, rng: np.random.Generator) -> None:
    """Draw every kernel so that signals keep their variance through the layers; with Keras's they vanish.

    Source: He et al. 2015, arXiv:1502.01852, eq. 10.
    """
    for variable in network.weights:
        if variable.path.endswith("kernel"):
            height, width, inputs, outputs = variable.shape
            fan_in = height * width * (1 if outputs == 1 else inputs)  # 1 output per input: depthwise
            variable.assign(rng.standard_normal(variable.shape, np.float32) * np.sqrt(2 / fan_in))


def _download(entry: Architecture) -> Any:
    try:
        with redirect_stdout(sys.stderr):  # its progress bar
            return _build(entry, "imagenet")
    except Exception as error:  # Keras raises a bare Exception when the download fails
        raise BadWeights(
            "imagenet",
            fault=f"could not be downloaded ({_first_line(error)})",
            remedy="train without a network: --weights keykind, which come along, or --weights FILE",
        ) from error


def _load_shipped(network: Any, architecture: str, scaling: str) -> None:
    if architecture not in FOLDABLE:
        remedy = "add --weights imagenet, a download, or set backbone = 'mobilenet_v2' in the recipe"
        raise BadWeights("keykind", fault=f"are not weights of {architecture}", remedy=remedy)
    if scaling != "unit":
        raise BadRecipe(
            "keykind",
            fault=f"are weights for pixels in 0..1, but the recipe has scaling = {scaling!r}",
            remedy="set scaling = 'unit' in the recipe, or add --weights imagenet, a download",
        )
    try:
        neck = {
            variable.path: variable.numpy()
            for variable in network.weights
            if variable.path.startswith(NECK)  # the archive may lack it
        }
        set_folded(network, neck | read_arrays())
    except ValueError as error:
        raise BadWeights(
            "keykind", fault=f"do not fit ({_first_line(error)})", remedy="install keykind again"
        ) from error


def _load_file(network: Any, path: Path) -> None:
    if not path.is_file():
        raise BadWeights(
            path, fault="no such weights file", remedy="give keykind, imagenet, random, or the path of a file"
        )
    loaders = {".h5": _load_h5, ".npz": _load_npz, ".keras": _load_keras}
    if path.suffix not in loaders:
        raise BadWeights(path, fault=f"has suffix {path.suffix!r}", remedy=f"use one of {', '.join(loaders)}")
    try:
        loaders[path.suffix](network, path)
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise BadWeights(
            path,
            fault=f"does not fit {network.name} ({_first_line(error)})",
            remedy="use weights of that network",
        ) from error


def _load_h5(network: Any, path: Path) -> None:
    network.load_weights(path)


def _load_npz(network: Any, path: Path) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        _assign(network, {name: arrays[name] for name in arrays.files})


def _load_keras(network: Any, path: Path) -> None:
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    _assign(network, {variable.path: variable.numpy() for variable in _variables(model)})


def _variables(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield from _variables(layer) if hasattr(layer, "layers") else layer.variables


def _assign(network: Any, arrays: dict[str, Any]) -> None:
    variables = {variable.path: variable for variable in network.weights}
    missing = sorted(variables.keys() - arrays.keys())
    if missing:
        raise ValueError(f"{len(missing)} of {len(variables)} arrays are missing, the first is {missing[0]}")
    for path, variable in variables.items():
        if arrays[path].shape != tuple(variable.shape):
            raise ValueError(f"{path} has shape {arrays[path].shape}, expected {tuple(variable.shape)}")
        variable.assign(arrays[path])


def _convert(backbone: Backbone) -> bytes:
    pictures = keras.Input((SIZE, SIZE, 3), batch_size=1)
    feature_map = backbone.apply(pictures)
    model = keras.Model(pictures, [keras.layers.GlobalAveragePooling2D()(feature_map), feature_map])
    with quiet():
        return bytes(converter(lambda pixels: model(pixels, training=False), tf.float32).convert())


def converter(function: Callable[[Any], Any], pixels: Any, size: tuple[int, int] = (SIZE, SIZE)) -> Any:
    """Return TFLite's converter of a function of pixels (1, h, w, 3) of a TensorFlow type; size: h, w."""
    # Freezing first is three times faster than from_keras_model, and keeps the batch size at 1.
    # An empty module as trackable object makes it three times faster again: the converter saves that object.
    graph = tf.function(function).get_concrete_function(tf.TensorSpec((1, *size, 3), pixels))
    return tf.lite.TFLiteConverter.from_concrete_functions([freeze(graph)], tf.Module())


def to_litert(
    function: Callable[[Any], Any],
    size: tuple[int, int],
    *,
    float16: bool = False,
    images: Sequence[NDArray[np.uint8]] = (),
) -> bytes:
    """Return a function of pixels 0..1 (1, h, w, 3) as a LiteRT file that takes uint8; size: h, w.

    float16: store the weights as 16-bit floats. images: (h, w, 3) each, for int8 instead: weights and
    activations, whose ranges are those on these images.
    """
    lite = converter(lambda pixels: function(tf.cast(pixels, tf.float32) / 255), tf.uint8, size)
    if images or float16:
        lite.optimizations = [tf.lite.Optimize.DEFAULT]
    if images:
        lite.representative_dataset = lambda: ([image[None]] for image in images)
    elif float16:
        lite.target_spec.supported_types = [tf.float16]
    with quiet():
        return bytes(lite.convert())


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
