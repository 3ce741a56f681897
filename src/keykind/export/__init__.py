"""A finished run -> one model file, compared with Keras."""
