"""Photos and a recipe -> a run folder: trained, tested, reported."""
