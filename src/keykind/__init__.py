"""keykind tells what kind of key a photo shows, and is the workshop behind that."""

__version__ = "0.6.0"
