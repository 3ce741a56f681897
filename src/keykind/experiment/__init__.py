"""Dataset and recipe -> a run folder: trained, tested, reported."""
