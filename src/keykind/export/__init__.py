"""A finished run -> one model file, in parity with Keras."""
