"""PGM: one byte per pixel, truncated, no offset (section 10.4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def pgm(image: npt.NDArray[np.float32], scale: float, roi: tuple[slice, slice]) -> bytes:
    """The whole file for an image of shape (n_slow, n_fast); pixels outside the ROI and no numbers are 0."""
    slow, fast = image.shape
    levels = np.zeros(image.shape, dtype=np.uint8)
    with np.errstate(invalid="ignore", over="ignore"):
        value = np.clip(image[roi].astype(np.float64) * scale, 0.0, 255.0)
    levels[roi] = np.nan_to_num(value, nan=0.0).astype(np.uint8)
    text = f"P5\n{fast} {slow}\n# pixels scaled by {scale:g}\n255\n"
    return text.encode("ascii") + levels.tobytes()
