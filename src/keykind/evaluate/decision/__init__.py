"""Fit the decision "is it a key, and is its kind known?" to rendered photos and photos without a key."""
