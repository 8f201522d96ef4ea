"""Sweeps of a port over the option space: which command lines fail, why, and the smallest one for each cause."""
