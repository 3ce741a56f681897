"""Candidates of the detector in training views -> the network that refines them."""
