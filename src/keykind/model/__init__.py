"""The model file: reading, checking and running it, and interpreting its outputs."""
