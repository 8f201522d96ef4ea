"""Photon-counting noise with the C program's deviates, bit for bit (nanobragg_pixel_loop.md section 10.6).

C keeps these deviates in single precision, so every named intermediate is rounded to float32 here too. One
generator serves the image in scan order: the number of draws depends on the mean of every pixel, which is why
this part is sequential.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

_LANCZOS = (
    76.18009172947146,
    -86.50532032941677,
    24.01409824083091,
    -1.231739572450155,
    1.208650973866179e-3,
    -5.395239384953e-6,
)
_GAUSS_ABOVE = 1e6
_PRODUCT_BELOW = 12.0


class Deviates:
    """Poisson and Gaussian deviates drawn from ``uniform``, which returns float32 values in (0, 1)."""

    def __init__(self, uniform: Callable[[], float]) -> None:
        self._uniform = uniform
        self._cell = array("f", [0.0])
        self._mean = -1.0
        self._g = self._root = self._log_mean = 0.0
        self._spare: float | None = None

    def _f32(self, value: float) -> float:
        self._cell[0] = value
        return self._cell[0]

    def gaussian(self) -> float:
        """Zero mean, unit variance (polar method; the second deviate of a pair is kept)."""
        if self._spare is not None:
            value, self._spare = self._spare, None
            return value
        f32 = self._f32
        while True:
            v1 = f32(2.0 * self._uniform() - 1.0)
            v2 = f32(2.0 * self._uniform() - 1.0)
            square = f32(f32(v1 * v1) + f32(v2 * v2))
            if 0.0 < square < 1.0:
                break
        factor = f32(math.sqrt(-2.0 * math.log(square) / square))
        self._spare = f32(v1 * factor)
        return f32(v2 * factor)

    def _log_gamma(self, x: float) -> float:
        x = self._f32(x)
        tail = x + 5.5
        tail -= (x + 0.5) * math.log(tail)
        series = 1.000000000190015
        for j, coefficient in enumerate(_LANCZOS):
            series += coefficient / (x + 1.0 + j)
        return self._f32(-tail + math.log(2.5066282746310005 * series / x))

    def poisson(self, mean: float) -> float:
        """A Poisson deviate of a float32 ``mean``; above 1e6 it is a Gaussian and not an integer."""
        if mean > _GAUSS_ABOVE:
            return self._f32(mean + math.sqrt(mean) * self.gaussian())
        if mean < _PRODUCT_BELOW:
            return self._small(mean)
        return self._large(mean)

    def _small(self, mean: float) -> float:
        cell, uniform = self._cell, self._uniform
        if mean != self._mean:
            self._mean = mean
            self._g = self._f32(math.exp(-mean))
        count, product = -1, 1.0
        while True:
            count += 1
            cell[0] = product * uniform()
            product = cell[0]
            if not product > self._g:
                return float(count)

    def _large(self, mean: float) -> float:
        f32, uniform = self._f32, self._uniform
        if mean != self._mean:
            self._mean = mean
            self._root = f32(math.sqrt(2.0 * mean))
            self._log_mean = f32(math.log(mean))
            self._g = f32(f32(mean * self._log_mean) - self._log_gamma(mean + 1.0))
        while True:
            while True:
                y = f32(math.tan(math.pi * uniform()))
                event = f32(f32(self._root * y) + mean)
                if event >= 0.0:
                    break
            event = float(math.floor(event))
            exponent = f32(f32(f32(event * self._log_mean) - self._log_gamma(event + 1.0)) - self._g)
            accept = f32(0.9 * (1.0 + f32(y * y)) * math.exp(exponent))
            if not uniform() > accept:
                return event


def noise_image(
    image: npt.NDArray[np.float32],
    roi: tuple[slice, slice],
    adc: float,
    uniform: Callable[[], float],
) -> tuple[npt.NDArray[np.uint16], float, int]:
    """Counts (n_slow, n_fast), photons in total, and overloads; section 10.5.

    Masked pixels have mean 0 and consume one uniform deviate; pixels outside the ROI none.
    """
    counts = np.zeros(image.shape, dtype=np.uint16)
    region = image[roi]
    deviates = Deviates(uniform)
    photons = np.fromiter(
        (deviates.poisson(mean) for mean in region.ravel().tolist()), dtype=np.float64, count=region.size
    ).reshape(region.shape)
    value = photons + adc
    overloads = int(np.count_nonzero(value > 65535.0))
    value = np.minimum(value, 65535.0)
    counts[roi] = (np.trunc(value).astype(np.int64) & 0xFFFF).astype(np.uint16)
    return counts, float(np.cumsum(photons.ravel())[-1]) if photons.size else 0.0, overloads
