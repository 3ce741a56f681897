"""Evaluation of model files on labelled photos, without training: `keykind evaluate`."""
