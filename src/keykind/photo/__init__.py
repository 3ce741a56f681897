"""File, bytes or address -> upright RGB pixels."""
