"""The model file: read, checked, run; and what its outputs mean."""
