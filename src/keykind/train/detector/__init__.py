"""Rendered scenes -> the network that detects keys."""
