"""A Keras model -> its layers as rows of a table.

In:    the classifier of `build_classifier`
Out:   Layer(s): name, type, output shape, number of parameters, whether they were trained
Needs: keras, tensorflow                                                                   [train]
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keykind.core.html import Content, Html, table, tag


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the trained model."""

    name: str
    type: str  # the name of its class in Keras
    shape: tuple[int | None, ...]  # of its output, without the batch; None: any size
    parameters: int
    trained: bool  # in this run


def list_layers(classifier: Any, is_trained: Callable[[Any], bool]) -> tuple[Layer, ...]:
    """Return the layers of a model in order, with those of the networks inside it in their place.

    is_trained: tells of a Keras layer whether its parameters were trained; asked only if it has any.
    """
    return tuple(
        Layer(
            layer.name,
            type(layer).__name__,
            _output_shape(layer),
            layer.count_params(),
            layer.count_params() > 0 and is_trained(layer),
        )
        for layer in _flat(classifier, inner=False)
    )


def layer_table(layers: Sequence[Layer]) -> Html:
    """Return the layers with their totals."""
    rows: list[tuple[Content, ...]] = [
        (
            i,
            layer.name,
            layer.type,
            _shape_text(layer.shape),
            f"{layer.parameters:,}",
            ("yes" if layer.trained else "no") if layer.parameters else "",
        )
        for i, layer in enumerate(layers, 1)
    ]
    total = sum(layer.parameters for layer in layers)
    rows.append(("", "total", "", "", f"{total:,}", ""))
    head = ("", "layer", "type", "output shape", "parameters", "trained")
    return tag("div", table(head, rows), class_="layers")


def _flat(model: Any, *, inner: bool) -> Iterator[Any]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _flat(layer, inner=True)
        elif not (inner and type(layer).__name__ == "InputLayer"):
            yield layer


def _output_shape(layer: Any) -> tuple[int | None, ...]:
    """Return the shape of a layer's first output without the batch; () if Keras does not know it."""
    try:
        output = layer.output
    except (AttributeError, ValueError):  # a layer that is used several times has several
        return ()
    first = output[0] if isinstance(output, list | tuple) else output
    return tuple(first.shape[1:])


def _shape_text(shape: Sequence[int | None]) -> str:
    return " × ".join("any" if side is None else f"{side:,}" for side in shape)
