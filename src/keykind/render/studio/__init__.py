"""A Scene -> a photo and its label: Mitsuba, lens, sensor, file."""
