"""Procedural textures of surfaces and grounds, backdrops, and environment maps."""
