"""Derivatives of a pixel: ours by autograd, those of exact runs by differences, and the verdict on a port's."""
