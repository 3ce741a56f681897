"""Keras on TensorFlow, imported without the messages that both print at start-up.

In:    nothing
Out:   keras and tf, for the modules of `train` and `export`; no other module imports them. freeze
Needs: keras, tensorflow                                                                   [train]
"""

import os
from typing import Any

from keykind.core.quiet import quiet

os.environ["KERAS_BACKEND"] = "tensorflow"
# Errors only. TensorFlow reads this when it is imported; in children of this process, too.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get("TF_CPP_MIN_LOG_LEVEL") or "2"

with quiet():  # some messages precede the log level, e.g. about oneDNN and a CUDA library that is missing
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    tf.config.list_physical_devices()  # starts CUDA, which prints, too

tf.get_logger().setLevel("ERROR")  # it warns of retracing, which a few epochs of fine-tuning cannot avoid

__all__ = ["freeze", "keras", "tf"]


def freeze(function: Any) -> Any:
    """Return a concrete function with its variables turned into constants."""
    with quiet():  # the log level does not apply if the user imported TensorFlow first
        return convert_variables_to_constants_v2(function)
