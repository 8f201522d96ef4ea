"""Photon-counting noise with the C program's deviates, bit for bit (nanobragg_pixel_loop.md section 10.6).

C keeps these deviates in single precision, so every named intermediate is rounded to float32 here too. One
generator serves the image in scan order: the number of draws depends on the mean of every pixel, which is why
this part is sequential.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nbsim.output.blocks import row_blocks
from nbsim.rng import float32

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
_EXP_END = 700.0  # beyond it exp leaves the range of float64


class Deviates:
    """Poisson and Gaussian deviates made of uniform ones, float32 values in (0, 1)."""

    def __init__(self, uniform: Iterator[float]) -> None:
        self._uniform = uniform.__next__
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

    def poisson(self, means: Iterable[float]) -> Iterator[float]:
        """A Poisson deviate of every float32 mean in turn; above 1e6 it is a Gaussian and not an integer."""
        cell, uniform, exp = self._cell, self._uniform, math.exp
        for mean in means:
            if not mean < _PRODUCT_BELOW:
                yield self._f32(mean + math.sqrt(mean) * self.gaussian()) if mean > _GAUSS_ABOVE else self._large(mean)
                continue
            # the number of factors that keep a product of deviates above exp(-mean); 0 for most pixels of most images
            cell[0] = exp(-mean) if mean > -_EXP_END else math.inf  # negative only if polarization or water is
            floor = cell[0]
            product, count = uniform(), 0
            while product > floor:
                cell[0] = product * uniform()
                product = cell[0]
                count += 1
            yield float(count)

    def _large(self, mean: float) -> float:
        cell, uniform, f32 = self._cell, self._uniform, self._f32
        if mean != mean:
            return mean
        if mean != self._mean:
            self._mean = mean
            self._root = f32(math.sqrt(2.0 * mean))
            self._log_mean = f32(math.log(mean))
            self._g = f32(f32(mean * self._log_mean) - _log_gamma(f32(mean + 1.0)))
        while True:
            while True:
                cell[0] = math.tan(math.pi * uniform())
                y = cell[0]
                cell[0] = self._root * y
                cell[0] = cell[0] + mean
                if cell[0] >= 0.0:
                    break
            event = float(math.floor(cell[0]))
            cell[0] = event * self._log_mean
            cell[0] = cell[0] - _log_gamma_of_next(event)
            cell[0] = cell[0] - self._g
            exponent = cell[0]
            accept = f32(0.9 * (1.0 + f32(y * y)) * math.exp(exponent))
            if not uniform() > accept:
                return event


def _log_gamma(x: float) -> float:
    """ln Gamma(x) of a float32 ``x``, rounded to float32."""
    tail = x + 5.5
    tail -= (x + 0.5) * math.log(tail)
    series = 1.000000000190015
    for j, coefficient in enumerate(_LANCZOS):
        series += coefficient / (x + 1.0 + j)
    return float32(-tail + math.log(2.5066282746310005 * series / x))


@lru_cache(maxsize=1 << 16)
def _log_gamma_of_next(event: float) -> float:
    """ln Gamma(event + 1); an image has far more pixels than numbers of photons."""
    return _log_gamma(float32(event + 1.0))


def noise_image(
    image: npt.NDArray[np.float32],
    roi: tuple[slice, slice],
    adc: float,
    uniform: Iterator[float],
) -> tuple[npt.NDArray[np.uint16], float, int]:
    """Counts (n_slow, n_fast), photons in total, and overloads; section 10.5.

    Masked pixels have mean 0 and consume one uniform deviate; pixels outside the ROI none.
    """
    counts = np.zeros(image.shape, dtype=np.uint16)
    pixels, written = image[roi], counts[roi]
    deviates = Deviates(uniform)
    total, overloads = 0.0, 0
    for rows in row_blocks(pixels):
        block = pixels[rows]
        drawn = deviates.poisson(block.ravel().tolist())
        photons = np.fromiter(drawn, dtype=np.float64, count=block.size).reshape(block.shape)
        value = photons + adc
        overloads += int(np.count_nonzero(value > 65535.0))
        # NaN becomes 0, as in C's conversion on the machines at hand
        value = np.trunc(np.nan_to_num(np.minimum(value, 65535.0), nan=0.0))
        written[rows] = (value.astype(np.int64) & 0xFFFF).astype(np.uint16)
        total = float(np.cumsum(np.append(total, photons))[-1])
    return counts, total, overloads
