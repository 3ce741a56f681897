"""The stages of a run, one module each: heads, fine_tune, calibrate, test."""
