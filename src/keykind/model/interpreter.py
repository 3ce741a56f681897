"""A pool of LiteRT interpreters that threads share.

In:    the network's flatbuffer; an input without its batch axis
Out:   its outputs, with a batch axis of 1
Needs: numpy, ai-edge-litert

An interpreter is borrowed for one run and returned, so there are only as many as concurrent runs. One per
thread would have to be created again for every new pool of threads.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from keykind.core.quiet import quiet

IDENTIFIER = b"TFL3"  # at byte 4 of every network's flatbuffer
_Entry = tuple[Any, int, list[int]]  # an interpreter, and the indices of its input and outputs


class InterpreterPool:
    """Runs a network; creates interpreters as they are needed. Thread-safe."""

    def __init__(
        self, flatbuffer: bytes, allocate: Callable[[Any], None] = Interpreter.allocate_tensors
    ) -> None:
        """Take the network's flatbuffer; `allocate` is called on each interpreter to allocate its tensors."""
        self._flatbuffer, self._allocate = flatbuffer, allocate
        self._free: list[_Entry] = []  # append and pop are atomic

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the flatbuffer only: interpreters cannot be pickled, and are created again."""
        return InterpreterPool, (self._flatbuffer, self._allocate)

    def warm_up(self) -> None:
        """Create an interpreter now. Raises what LiteRT raises for a network that it cannot run."""
        self._free.append(self._create())

    def run(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the outputs (1, ...) for an input without its batch axis. Raises what LiteRT raises."""
        try:
            entry = self._free.pop()
        except IndexError:
            entry = self._create()
        interpreter, input_index, output_indices = entry
        interpreter.set_tensor(input_index, values[None])
        interpreter.invoke()
        outputs = [interpreter.get_tensor(i) for i in output_indices]
        self._free.append(entry)  # an interpreter that failed is not returned
        return outputs

    def output_shapes(self, *shape: int) -> list[tuple[int, ...]]:
        """Return the shapes (1, ...) of the outputs for a uint8 input of this shape, without the batch axis.

        The network is not run. Raises ValueError if it has another input, and what LiteRT raises if it cannot
        allocate its tensors.
        """
        self.warm_up()
        interpreter, *_ = self._free[-1]
        (given, *others) = interpreter.get_input_details()
        if others or given["shape"].tolist() != [1, *shape] or given["dtype"] != np.uint8:
            raise ValueError(f"its input is not {(1, *shape)} uint8")
        return [tuple(output["shape"].tolist()) for output in interpreter.get_output_details()]

    def _create(self) -> _Entry:
        """Return a new interpreter with its tensor indices, which are slow to query."""
        failure: Exception | None = None
        with quiet():
            try:
                interpreter = Interpreter(model_content=self._flatbuffer, num_threads=1)
                self._allocate(interpreter)
                output_indices = [detail["index"] for detail in interpreter.get_output_details()]
                entry = interpreter, interpreter.get_input_details()[0]["index"], output_indices
            except Exception as error:  # noqa: BLE001 - raised below: here `quiet` would print LiteRT's output
                failure = error
        if failure:
            raise failure
        return entry
