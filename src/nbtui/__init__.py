"""nbtui: a console for debugging nanoBragg parity, pixel by pixel."""

__version__ = "0.1.0"
