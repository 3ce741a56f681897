"""Folders or tables of photos -> a checked, grouped and split dataset."""
