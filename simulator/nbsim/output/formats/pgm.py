"""PGM: one byte per pixel, truncated, no offset (section 10.4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nbsim.output.blocks import row_blocks

_LOWEST = -(2.0**31)  # C converts via a 32-bit integer: lower values and NaN become 0


def pgm(image: npt.NDArray[np.float32], scale: float, roi: tuple[slice, slice]) -> bytes:
    """The whole file for an image of shape (n_slow, n_fast); pixels outside the ROI are 0.

    Negative pixels, which only unphysical settings produce, wrap around as in C.
    """
    slow, fast = image.shape
    levels = np.zeros(image.shape, dtype=np.uint8)
    pixels, written = image[roi], levels[roi]
    for rows in row_blocks(pixels):
        with np.errstate(invalid="ignore", over="ignore"):
            value = np.minimum(pixels[rows].astype(np.float64) * scale, 255.0)
            value = np.where(value > _LOWEST, value, 0.0)
        written[rows] = (value.astype(np.int64) & 0xFF).astype(np.uint8)
    text = f"P5\n{fast} {slow}\n# pixels scaled by {scale:g}\n255\n"
    return text.encode("ascii") + levels.tobytes()
