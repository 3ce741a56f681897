"""A classifier's LiteRT network -> the same network with one more output: features of the crop's appearance.

In:    a TFLite flatbuffer as `convert` writes it; a FeatureHead that was trained on its feature maps, or None
Out:   a TFLite flatbuffer with one more output, float32 [1, 1, 1, n]
Needs: numpy, ai-edge-litert, flatbuffers (installed with it)

Operators are appended, none is changed, so that all other outputs stay the same to the last bit. The shape
has four axes, so that it differs from that of probabilities.
"""

from ai_edge_litert import schema_py_generated as tfl

from keykind.core.errors import BadModel
from keykind.export.appended import AppendedNetwork
from keykind.model.feature_head import TAPS, FeatureHead
from keykind.model.model import GRID

_OPERATORS = tfl.BuiltinOperator


def with_features(flatbuffer: bytes, head: FeatureHead | None = None) -> tuple[bytes, int]:
    """Return the network with the output of features, and their number.

    Features that it has are replaced. Without a head, they are the mean of the backbone's last feature map
    over the crop.
    Raises BadModel for a network without a mean over a feature map (1, 7, 7, k), or without what the head
    reads.
    """
    network = AppendedNetwork(flatbuffer)
    network.remove_outputs(lambda tensor: len(tensor.shape) == 4 and tuple(tensor.shape[:3]) == (1, 1, 1))
    if head is None:
        mean = network.as_float(_pooled(network))
        count = int(network.tensor(mean).shape[-1])
    else:
        mean, count = _append_head(network, head), len(head.mix_bias)
    network.add_output(network.reshape(mean, (1, 1, 1, count)), "features")
    return network.pack(), count


def with_taps(flatbuffer: bytes) -> bytes:
    """Return the network with what a FeatureHead reads as its only output: float32 [1, 7, 7, CHANNELS]."""
    network = AppendedNetwork(flatbuffer)
    taps = _append_taps(network)
    network.add_output(taps, "taps")
    network.remove_outputs(lambda tensor: tensor is not network.tensor(taps))
    return network.pack()


def _pooled(network: AppendedNetwork) -> int:
    """Return the mean (1, k) of the last feature map (1, 7, 7, k), which the classifier's head reads."""
    for operator, output in reversed(list(network.outputs_of(_OPERATORS.MEAN))):
        shape = tuple(network.tensor(operator.inputs[0]).shape)
        is_map = len(shape) == 4 and shape[:3] == (1, GRID, GRID)
        if is_map and tuple(network.tensor(output).shape) == (1, shape[3]):
            return int(output)
    fault = f"has no mean over a feature map (1, {GRID}, {GRID}, k)"
    raise BadModel("the network", fault=fault, remedy="export it with another backbone")


def _append_taps(network: AppendedNetwork) -> int:
    """Return the maps that a head reads, averaged to 7 x 7 and concatenated."""
    pooled = []
    for side, channels in TAPS:
        found = network.float_tensors((1, side, side, channels))
        if not found:
            fault = f"has no feature map (1, {side}, {side}, {channels})"
            raise BadModel("the network", fault=fault, remedy="use the bundled classifier, which has it")
        tensor = found[0] if channels == 3 else found[-1]  # the pixels as they come in; the last of a stage
        pooled.append(network.average_pool(tensor, side // GRID) if side > GRID else tensor)
    return network.concatenate(pooled)


def _append_head(network: AppendedNetwork, head: FeatureHead) -> int:
    """Return the output (1, n) of the head."""
    hidden = network.convolution(_append_taps(network), head.point[:, None, None], head.point_bias)
    rows = network.depthwise(hidden, head.rows[None, :, None], head.rows.shape[1] // len(head.point))
    return network.dense(network.reshape(rows, (1, head.mix.shape[1])), head.mix, head.mix_bias)
