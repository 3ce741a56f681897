"""Render a Scene into a photo with its label: Mitsuba, denoising, lens and sensor, JPEG."""
