"""Detector and answers measured on real photos with marked keys."""
