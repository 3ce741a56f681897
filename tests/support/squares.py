"""A function for worker processes, in a module that they can import."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Square:
    """Prepares the function that squares a number, fails at 7, and kills its process at 9."""

    added: int = 0

    def __call__(self):
        return self.square

    def square(self, number):
        if number == 9:
            os._exit(3)
        return number**2 + self.added + 0 // (number - 7)
