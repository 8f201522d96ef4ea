"""Geometry of other programs (DIALS, XDS) as a command line of nanoBragg."""
