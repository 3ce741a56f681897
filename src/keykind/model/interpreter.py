"""A LiteRT network that threads share.

In:    the network's file; what it looks at, without the batch
Out:   its outputs, with the batch of one
Needs: numpy, ai-edge-litert

Interpreters are lent for one run and given back, so there are never more than runs at the same time; kept a
thread, they would be made anew for every pool of threads.
"""

from collections.abc import Callable
from typing import Any

from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from keykind.core.quiet import quiet

Lent = tuple[Any, int, list[int]]  # an interpreter, and the numbers of its input and its outputs


class InterpreterPool:
    """A network whose interpreters are made when they are needed. Safe in threads."""

    def __init__(
        self, flatbuffer: bytes, allocate: Callable[[Any], None] = Interpreter.allocate_tensors
    ) -> None:
        """Take a network's file; `allocate` gives an interpreter's tensors their places."""
        self._flatbuffer, self._allocate = flatbuffer, allocate
        self._free: list[Lent] = []  # a list gives and takes its end in one step, also between threads

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the file: interpreters cannot, and are made anew there."""
        return InterpreterPool, (self._flatbuffer, self._allocate)

    def prepare(self) -> None:
        """Make an interpreter now. Raises what LiteRT raises for a file it cannot run."""
        self._free.append(self._made())

    def run(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the outputs (1, ...) for an input without its batch. Raises what LiteRT raises."""
        try:
            lent = self._free.pop()
        except IndexError:
            lent = self._made()
        interpreter, taken, given = lent
        interpreter.set_tensor(taken, values[None])
        interpreter.invoke()
        outputs = [interpreter.get_tensor(place) for place in given]
        self._free.append(lent)  # not one that failed
        return outputs

    def _made(self) -> Lent:
        """Return an interpreter, with the numbers that it takes long to tell."""
        fault: Exception | None = None
        with quiet():
            try:
                interpreter = Interpreter(model_content=self._flatbuffer, num_threads=1)
                self._allocate(interpreter)
                given = [detail["index"] for detail in interpreter.get_output_details()]
                lent = interpreter, interpreter.get_input_details()[0]["index"], given
            except Exception as error:  # noqa: BLE001 - raised below: `quiet` would show what LiteRT printed
                fault = error
        if fault:
            raise fault
        return lent
