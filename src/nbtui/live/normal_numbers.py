"""Normally distributed numbers of the generators that ports draw mosaic domains from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nbtui.live.scene import Array

Draw = Callable[[int, tuple[int, ...]], Array]  # seed and shape -> numbers of mean 0 and variance 1


def _torch(seed: int, size: tuple[int, ...]) -> Array:
    import torch

    generator = torch.Generator().manual_seed(seed)
    return np.asarray(torch.randn(size, generator=generator, dtype=torch.float64).numpy())


def _numpy(seed: int, size: tuple[int, ...]) -> Array:
    return np.random.default_rng(seed).standard_normal(size)


def _old_numpy(seed: int, size: tuple[int, ...]) -> Array:
    return np.asarray(np.random.RandomState(seed).standard_normal(size))


GENERATORS: Mapping[str, Draw] = {
    "torch.randn": _torch,
    "numpy.random.default_rng": _numpy,
    "numpy.random.RandomState": _old_numpy,
}
