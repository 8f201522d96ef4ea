"""An image as dots of a few levels, each one character.

``0`` is the lowest level, ``1`` to ``6`` the brighter ones; in a difference ``A`` to ``F`` where Python is higher and
``a`` to ``f`` where it is lower. ``?`` is NaN or infinite, a blank lies outside the detector.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nbtui.console.image.state import Image, ImageState, Pixel, scale

COUNT = 6
BEYOND, NO_NUMBER = " ", "?"
_CODES = np.array(list("fedcba0ABCDEF"))
_PHOTONS = np.array(list("0123456"))

Codes = npt.NDArray[np.str_]


def dots(state: ImageState, size: Pixel) -> Codes:
    """The chosen view as codes of at most ``size`` dots (down, across); logarithmic, ``decades`` below the top.

    Fewer dots at the edge of the detector; always a whole number of cells, two dots high.
    """
    image = state.shown
    if image is None or 0 in size:
        return np.full((0, 0), BEYOND)
    zoom = scale(state, size)
    values = _sampled(image, state.corner, size, zoom)
    steps = _steps(values, state.top, state.decades)
    if state.difference is not None and state.view == "difference":
        if not state.difference.differing:
            steps[:] = 0
        found = _CODES[steps + COUNT]
    else:
        found = _PHOTONS[np.maximum(steps, 0)]
    found[~np.isfinite(values)] = NO_NUMBER
    odd = found.shape[0] % 2
    return np.pad(found, ((0, odd), (0, 0)), constant_values=BEYOND) if odd else found


@np.errstate(over="ignore")  # overflow saturates at the top level
def _steps(values: Image, top: float, decades: int) -> npt.NDArray[np.int64]:
    """Signed levels -COUNT .. COUNT, 0 below the lowest decade."""
    steps = np.zeros(values.shape, dtype=np.int64)
    if top > 0.0:
        parts = np.where(np.isfinite(values), np.abs(values), 0.0) / top
        logs = np.log10(np.maximum(parts, 10.0 ** -(decades + 1.0)))
        steps[:] = np.clip(np.floor((logs + decades) * COUNT / decades) + 1.0, 0, COUNT)
    steps[values < 0.0] *= -1
    return steps


def _sampled(image: Image, corner: Pixel, size: Pixel, zoom: int) -> Image:
    """The value of each dot on the detector: of several pixels the one largest in magnitude."""
    slow, fast = corner
    if zoom < 0:
        down, across = (-(-count // -zoom) for count in size)
        part = image[slow : slow + down, fast : fast + across]
        return part.repeat(-zoom, axis=0).repeat(-zoom, axis=1)[: size[0], : size[1]]
    part = image[slow : slow + size[0] * zoom, fast : fast + size[1] * zoom]
    if zoom == 1:
        return part
    high, low = (_reduced(reduce, _reduced(reduce, part, zoom).T, zoom).T for reduce in (np.maximum, np.minimum))
    return np.where(-low > high, low, high)


def _reduced(reduce: np.ufunc, part: Image, zoom: int) -> Image:
    """One extreme per ``zoom`` rows, the last of the remainder; NaN propagates."""
    # whole blocks by reshape: ten times as fast as reduceat
    whole = part.shape[0] // zoom * zoom
    blocks: Image = reduce.reduce(part[:whole].reshape(-1, zoom, part.shape[1]), axis=1)
    if whole == part.shape[0]:
        return blocks
    return np.concatenate((blocks, reduce.reduce(part[whole:], axis=0)[None]))
