"""The terminal: driver, damage tracking, the screen base class, widgets, clipboard."""
