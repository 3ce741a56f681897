"""Dataset and recipe -> a trained network."""
