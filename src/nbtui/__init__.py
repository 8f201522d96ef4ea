"""nbtui: a console for debugging nanoBragg parity, pixel by pixel. Its Python interface is `nbtui.api` alone."""

__version__ = "0.2.0"
