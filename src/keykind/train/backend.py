"""Keras on TensorFlow, imported without the messages that both print at start-up.

In:    nothing
Out:   keras, tf and freeze, for the modules of `train` and `export`; no other module imports them
Needs: keras, tensorflow                                                                   [train]
"""

import os

from keykind.core.quiet import quiet

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only; read by TensorFlow when it is imported

with quiet():  # some messages precede the log level, e.g. about oneDNN and a CUDA library that is missing
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2 as freeze

    tf.config.list_physical_devices()  # starts CUDA, which prints, too

tf.get_logger().setLevel("ERROR")  # it warns of retracing, which a few epochs of fine-tuning cannot avoid

__all__ = ["freeze", "keras", "tf"]
